/* stream.c: many items through an engine, in micro-batches that workers take in turn. */
#include "base/par.h"
#include "nn/engine_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct stream {
    xb_engine *e;
    xb_fill_fn *fill;
    xb_take_fn *take;
    void *context;
    size_t items, call, item; /* all; per call; numbers per item */
    xb_type out;
} stream;

static bool refuse(const xb_engine *e, const char *why)
{
    return xb_error(e->d, "engine-shape", (.file = xb_graph_file(e->g)), "cannot stream images through the model: %s",
                    why);
}

/* The batch is cut to micro-batches, or else to single images. */
static bool prepare(xb_engine *e, int64_t *call)
{
    const xb_value *in;
    if (xb_graph_inputs(e->g, &in) != 1) return refuse(e, "it has not exactly one input");
    const xb_type *t = xb_graph_type(e->g, in[0]);
    if (t->dtype != XB_F32) return refuse(e, "its input is not float (f32)");
    *call = 1;
    if (t->rank > 0) *call = e->batch ? e->micro : t->dim[0] < 0 ? 1 : t->dim[0];
    if (e->n_symbols > 1 || (e->n_symbols == 1 && e->symbol[0] != t->dim[0]))
        return refuse(e, "sizes besides the batch are not known");
    if (*call == 0) return refuse(e, "its batch is empty");
    return xb_engine_prepare(e, call);
}

bool xb_engine_stream_shape(xb_engine *e, size_t *items, size_t *item, xb_type *out)
{
    int64_t call;
    if (!prepare(e, &call)) return false;
    const xb_value *in, *results;
    const xb_graph *g = e->plan->graph;
    xb_graph_inputs(g, &in);
    if (!xb_graph_outputs(g, &results)) return refuse(e, "it has no output");
    *out = *xb_graph_type(g, results[0]);
    if (out->dtype != XB_F32) return refuse(e, "its first output is not float (f32)");
    *items = (size_t)call;
    *item = (size_t)(xb_type_count(xb_graph_type(g, in[0])) / call);
    return true;
}

static bool run_call(void *context, int worker, size_t number)
{
    stream *s = context;
    xb_instance *x = xb_engine_instance(s->e, worker);
    if (!x) return false;
    size_t first = number * s->call, count = s->items - first < s->call ? s->items - first : s->call;
    float *in = xb_instance_input(x, 0);
    if (!s->fill(s->context, worker, first, count, in)) return false;
    memset(in + count * s->item, 0, (s->call - count) * s->item * sizeof *in);
    xb_engine_call call = {.worker = worker, .first = first, .count = count, .items = s->e->batch ? s->call : count};
    return xb_instance_run(x, &call) && s->take(s->context, worker, first, count, xb_instance_output(x, 0), &s->out);
}

bool xb_engine_stream(xb_engine *e, size_t items, xb_fill_fn *fill, xb_take_fn *take, void *context)
{
    stream s = {.e = e, .fill = fill, .take = take, .context = context, .items = items};
    if (!xb_engine_stream_shape(e, &s.call, &s.item, &s.out)) return false;
    int threads = xb_dnnl_one_thread();
    bool ok = xb_par_run(e->threads, items / s.call + (items % s.call != 0), xb_engine_enter, run_call, &s);
    xb_dnnl_set_threads(threads);
    return ok;
}
