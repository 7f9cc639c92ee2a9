/* run.c: a chip's layers are built, and stand in for the ops of the network. */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

int xb_sim_weight_input(const xb_graph *g, xb_op op)
{
    const xb_value *in;
    xb_graph_op_inputs(g, op, &in);
    return xb_graph_is_const(g, in[1]);
}

static size_t layer_of(const xb_sim *sim, xb_op op)
{
    return op.id < sim->op_limit ? sim->of_op[op.id] : 0;
}

bool xb_sim_takes(void *context, const xb_graph *g, xb_op op)
{
    const xb_sim *sim = context;
    size_t l = layer_of(sim, op);
    (void)g;
    return l && !sim->layer[l - 1].exact && !sim->layer[l - 1].collapsed;
}

static const xb_converters no_converters = {.step = 1, .slices = 1};

/* Inputs of the items that are no padding. */
static void see_inputs(xb_sim *sim, size_t l, const xb_engine_call *call, const xb_tensor *x)
{
    size_t n = (size_t)xb_type_count(&x->type);
    if (call->items && n % call->items == 0) n = n / call->items * call->count;
    xb_seen_add(sim->inputs[l], x->data, n);
}

bool xb_sim_run_op(void *context, const xb_engine_call *call, const xb_graph *g, xb_op op, const xb_tensor *in,
                   size_t n_in, xb_tensor *out)
{
    xb_sim *sim = context;
    size_t l = layer_of(sim, op) - 1;
    const xb_sim_stage *layer = &sim->layer[l];
    xb_work w = {.layer = layer,
                 .cut = sim->blocks ? &sim->blocks[l] : &layer->cut,
                 .converters = sim->ideal_inputs ? &no_converters : &layer->converters,
                 .chip = sim->chip[l],
                 .sums = sim->sums ? sim->sums[l] : NULL,
                 .seed = sim->s.seed,
                 .trial = sim->trial,
                 .scratch = &sim->scratch[call->worker]};
    xb_engine_call at = *call;
    if (!sim->blocks) at.first += sim->s.first; /* vectors are numbered by item of the data set */
    if (sim->inputs) see_inputs(sim, l, call, &in[!xb_sim_weight_input(g, op)]);
    bool ok = xb_vectors_run(sim->s.d, &w, &at, g, op, in, n_in, out);
    w.scratch->failure.item = call->first; /* counts where it is set: then the worker ends here */
    return ok && !w.scratch->failure.set;
}

bool xb_sim_build(xb_sim *sim, const xb_chain *chain, uint64_t trial)
{
    xb_chain none = {0};
    sim->trial = trial;
    xb_sim_drop(sim);
    for (size_t i = 0; i < sim->layers; i++) {
        if (sim->layer[i].exact || (!chain && sim->layer[i].collapsed)) continue;
        xb_build b = {.s = &sim->s,
                      .stages = sim->layer,
                      .layer = &sim->layer[i],
                      .cut = sim->blocks ? &sim->blocks[i] : &sim->layer[i].cut,
                      .chain = chain ? chain : &none,
                      .trial = trial,
                      .threads = sim->threads,
                      .wires = chain && sim->s.options->ir_drop,
                      .whole = chain != NULL};
        sim->chip[i] = xb_chip_layer_new(&b);
        if (!sim->chip[i]) return false;
    }
    return true;
}

void xb_sim_drop(xb_sim *sim)
{
    for (size_t i = 0; i < sim->layers; i++) {
        xb_chip_layer_free(sim->chip[i]);
        sim->chip[i] = NULL;
    }
}

/* A layer's weights become those that its arrays have. */
static void put_matrix(xb_graph *g, const xb_sim_stage *l, const float *w)
{
    const xb_matrix *m = l->m;
    xb_type type = *xb_graph_type(g, m->weight);
    xb_value v = xb_graph_add_const(g, "", &type, NULL);
    float *to = xb_graph_write(g, v);
    for (int64_t k = 0; k < m->groups; k++)
        for (int64_t r = 0; r < m->rows; r++)
            for (int64_t c = 0; c < m->cols; c++)
                to[k * m->group_stride + r * m->row_stride + c * m->col_stride] = w[(k * m->rows + r) * m->cols + c];
    xb_graph_set_input(g, m->op, (size_t)xb_sim_weight_input(g, m->op), v);
}

bool xb_sim_engine(xb_sim *sim)
{
    if (sim->engine && !sim->any_collapsed) return true;
    xb_engine_free(sim->engine);
    xb_graph_free(sim->graph);
    sim->engine = NULL;
    sim->graph = sim->any_collapsed ? xb_graph_clone(sim->s.graph) : NULL;
    for (size_t i = 0; i < sim->layers; i++)
        if (sim->chip[i] && sim->chip[i]->weight) put_matrix(sim->graph, &sim->layer[i], sim->chip[i]->weight);
    xb_engine_options o = sim->s.engine;
    o.custom = sim->any_custom ? &sim->custom : NULL;
    sim->engine = xb_engine_new(sim->s.d, sim->graph ? sim->graph : sim->s.graph, &o);
    return sim->engine != NULL;
}
