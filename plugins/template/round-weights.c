/* round-weights.c: a pass to copy: rounds the weights of synaptic layers to evenly spaced levels.
 *
 * With L levels and w_max the largest magnitude of a weight tensor, every weight becomes the nearest of
 * -w_max + k * 2 w_max / (L - 1), k = 0 .. L-1. This is what an ideal array with L conductances per differential pair
 * would hold. Two ops may share one weight: it is one value of the graph and is rounded once.
 */
#include <math.h>
#include <xbarc/xbarc.h>

typedef struct round_options {
    int64_t levels;
} round_options;

static float largest(const float *w, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(w[i]));
    return most;
}

static size_t count(const xb_type *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++) n *= (size_t)t->dim[i];
    return n;
}

/* Level k is most * (2k - (L-1)) / (L-1): the middle one of an odd count is 0 and the outer ones are -most and most,
 * exactly. */
static void round_to_levels(float *w, size_t n, int64_t levels)
{
    double most = largest(w, n), steps = (double)(levels - 1);
    for (size_t i = 0; most > 0 && isfinite(most) && i < n; i++) {
        double k = rint((w[i] / most + 1) / 2 * steps);
        w[i] = (float)(most * (2 * k - steps) / steps);
    }
}

/* Was this value rounded before? If not, it is remembered. */
static int seen(xb_value *done, size_t *n, xb_value v)
{
    for (size_t i = 0; i < *n; i++)
        if (done[i].id == v.id) return 1;
    done[(*n)++] = v;
    return 0;
}

static size_t op_count(const xb_graph_api *graph, const xb_graph *g)
{
    size_t n = 0;
    for (xb_op op = graph->first(g); op.id; op = graph->next(g, op)) n++;
    return n;
}

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    const round_options *o = options;
    const xb_graph_api *graph = cx->host->service(cx, "xb.graph", 1);
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    xb_graph *g = graph->of(module);
    xb_value *done = cx->host->alloc(cx, op_count(graph, g) + 1, sizeof *done);
    size_t weights = 0;
    for (xb_op op = graph->first(g); op.id; op = graph->next(g, op)) {
        xb_matrix m;
        if (!graph->matrix(g, op, &m) || graph->type(g, m.weight)->dtype != XB_F32) continue;
        if (seen(done, &weights, m.weight)) continue;
        round_to_levels(graph->write(g, m.weight), count(graph->type(g, m.weight)), o->levels);
    }
    journal->add(cx, module,
                 &(xb_fact){.key = "pass.round-weights.weights",
                            .value = (double)weights,
                            .unit = "1",
                            .source = "pass round-weights"});
    return 0;
}

static const xb_option options[] = {
    {.name = "levels",
     .help = "values a weight can take, evenly spaced between -w_max and w_max; odd keeps zero exact",
     .type = XB_OPT_INT,
     .offset = offsetof(round_options, levels),
     .def = "31",
     .min = 2,
     .max = 65536},
    {.name = NULL},
};

static const xb_pass round_weights = {
    .struct_size = sizeof(xb_pass),
    .level = XB_LEVEL_GRAPH,
    .name = "round-weights",
    .summary = "round the weights of every layer to evenly spaced levels",
    .doc =
        "An example of a pass outside the xbarc tree: it reads and writes weights through the graph service, has one "
        "option, and leaves a fact in the journal.",
    .example = "- round-weights: {levels: 15}",
    .services = (const char *const[]){"xb.graph/1", "xb.journal/1", NULL},
    .options = options,
    .options_size = sizeof(round_options),
    .run = run,
};

XBARC_PLUGIN(round_weights) = {
    XBARC_PLUGIN_HEADER,
    .name = "round-weights",
    .version = "0.1",
    .passes = (const xb_pass *const[]){&round_weights, NULL},
};
