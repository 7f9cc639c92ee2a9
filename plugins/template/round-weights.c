/* round-weights.c: a pass to copy: rounds the weights of synaptic layers to evenly spaced levels.
 *
 * With L levels and w_max the largest magnitude of a layer, every weight becomes the nearest multiple of
 * 2 w_max / (L - 1). This is what an ideal array with L conductances per differential pair would hold.
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

static int run(xb_cx *cx, xb_module *module, const void *options)
{
    const round_options *o = options;
    const xb_graph_api *graph = cx->host->service(cx, "xb.graph", 1);
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    xb_graph *g = graph->of(module);
    size_t layers = 0;
    for (xb_op op = graph->first(g); op.id; op = graph->next(g, op)) {
        xb_matrix m;
        if (!graph->matrix(g, op, &m) || graph->type(g, m.weight)->dtype != XB_F32) continue;
        float *w = graph->write(g, m.weight);
        size_t n = count(graph->type(g, m.weight));
        float step = 2 * largest(w, n) / (float)(o->levels - 1);
        for (size_t i = 0; step > 0 && i < n; i++) w[i] = step * rintf(w[i] / step);
        layers++;
    }
    journal->add(cx, module, &(xb_fact){.key = "pass.round-weights.layers",
                                        .value = (double)layers,
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
    .doc = "An example of a pass outside the xbarc tree: it reads and writes weights through the graph service, has one "
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
