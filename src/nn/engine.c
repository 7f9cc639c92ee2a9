/* engine.c: an engine's life: plans for sizes, instances for workers, runs on whole tensors. */
#include "nn/engine.h"

#include "base/par.h"
#include "base/progress.h"
#include "nn/engine_private.h"
#include <stdlib.h>
#include <string.h>

#define MICRO_BATCH 32

/* ---- plans ---- */

static void drop_plan(xb_engine *e)
{
    for (int i = 0; i < e->threads; i++) {
        xb_instance_free(e->instance[i]);
        e->instance[i] = NULL;
    }
    xb_plan_free(e->plan);
    e->plan = NULL;
}

static xb_graph *bound_graph(const xb_engine *e, const int64_t *size)
{
    xb_graph *g = xb_graph_clone(e->g);
    for (size_t i = 0; i < e->n_symbols; i++)
        if (!xb_graph_bind(e->d, g, e->symbol[i], size[i])) {
            xb_graph_free(g);
            return NULL;
        }
    return g;
}

bool xb_engine_prepare(xb_engine *e, const int64_t *size)
{
    if (e->plan && (!e->n_symbols || !memcmp(size, e->size, e->n_symbols * sizeof *size))) return true;
    drop_plan(e);
    xb_graph *g = bound_graph(e, size);
    if (!g) return false;
    int threads = xb_dnnl_one_thread();
    e->plan = xb_plan_new(e->d, g, e->lib, e->custom);
    xb_dnnl_set_threads(threads);
    if (e->n_symbols) memcpy(e->size, size, e->n_symbols * sizeof *size);
    return e->plan != NULL;
}

xb_instance *xb_engine_instance(xb_engine *e, int worker)
{
    if (!e->instance[worker]) e->instance[worker] = xb_instance_new(e->d, e->plan);
    return e->instance[worker];
}

void xb_engine_enter(void *context, int worker)
{
    (void)context;
    (void)worker;
    xb_dnnl_one_thread();
}

/* ---- life ---- */

static void collect_symbols(xb_engine *e)
{
    const xb_value *in;
    size_t n = xb_graph_inputs(e->g, &in);
    e->symbol = xb_calloc(n * XB_MAX_RANK + 1, sizeof *e->symbol);
    e->size = xb_calloc(n * XB_MAX_RANK + 1, sizeof *e->size);
    for (size_t i = 0; i < n; i++) {
        const xb_type *t = xb_graph_type(e->g, in[i]);
        for (int k = 0; k < t->rank; k++) {
            size_t j = 0;
            while (j < e->n_symbols && e->symbol[j] != t->dim[k]) j++;
            if (t->dim[k] < 0 && j == e->n_symbols) e->symbol[e->n_symbols++] = t->dim[k];
        }
    }
}

/* Sizes are known without a tensor when there are no symbols but the batch. */
static bool plan_early(xb_engine *e)
{
    if (e->n_symbols > 1 || (e->n_symbols == 1 && !e->batch)) return true;
    return xb_engine_prepare(e, &e->micro);
}

xb_engine *xb_engine_new(xb_diags *d, const xb_graph *g, const xb_engine_options *o)
{
    xb_engine *e = xb_calloc(1, sizeof *e);
    e->d = d;
    e->custom = o->custom;
    e->threads = xb_par_threads(o->threads);
    e->micro = o->micro_batch > 0 ? o->micro_batch : MICRO_BATCH;
    e->instance = xb_calloc((size_t)e->threads, sizeof *e->instance);
    e->g = xb_graph_clone(g);
    xb_graph_skip_dropouts(e->g);
    e->batch = xb_graph_batch_symbol(e->g);
    collect_symbols(e);
    bool ok = true;
    if (!o->plain && !(e->lib = xb_dnnl_new()))
        ok = xb_error(d, "engine", (.file = xb_graph_file(g)), "oneDNN refuses to start on this processor");
    if (ok && plan_early(e)) return e;
    xb_engine_free(e);
    return NULL;
}

void xb_engine_free(xb_engine *e)
{
    if (!e) return;
    drop_plan(e);
    xb_dnnl_free(e->lib);
    xb_graph_free(e->g);
    free(e->symbol);
    free(e->size);
    free(e->instance);
    free(e);
}

size_t xb_engine_ops(const xb_engine *e, size_t *on_dnnl)
{
    if (on_dnnl) *on_dnnl = 0;
    return e->plan ? xb_plan_ops(e->plan, on_dnnl) : xb_graph_op_count(e->g);
}

void xb_engine_describe(const xb_engine *e, xb_buf *b)
{
    if (e->plan)
        xb_plan_describe(e->plan, b);
    else
        xb_buf_str(b, "no plan before the first run: sizes depend on the input\n");
}

const char *xb_engine_profile(void)
{
    static const char *const known[] = {"avx512_core_amx-" XB_PLAN_RULES,
                                        "avx512_core_bf16-" XB_PLAN_RULES,
                                        "avx512_core_vnni-" XB_PLAN_RULES,
                                        "avx512_core-" XB_PLAN_RULES,
                                        "avx2_vnni-" XB_PLAN_RULES,
                                        "avx2-" XB_PLAN_RULES,
                                        "avx-" XB_PLAN_RULES,
                                        "sse41-" XB_PLAN_RULES};
    const char *isa = xb_dnnl_isa();
    size_t n = strlen(isa);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(known[i], isa, n) && known[i][n] == '-') return known[i];
    return "generic-" XB_PLAN_RULES;
}

/* ---- a run ---- */

typedef struct run {
    xb_engine *e;
    const xb_tensor *in;
    size_t n_in, n_out;
    xb_tensor *out;
    int64_t n; /* size of the batch, when it is cut */
} run;

static bool mismatch(const run *r, size_t i, xb_value v)
{
    xb_buf have = {0}, want = {0};
    xb_type_print(&have, r->e->g, &r->in[i].type);
    xb_type_print(&want, r->e->g, xb_graph_type(r->e->g, v));
    xb_error(r->e->d, "engine-shape", (.file = xb_graph_file(r->e->g)), "input '%s' is given as %s, the model takes %s",
             xb_graph_value_name(r->e->g, v), xb_buf_cstr(&have), xb_buf_cstr(&want));
    xb_buf_free(&have);
    xb_buf_free(&want);
    return false;
}

/* Enters a dimension into the table of sizes; false when it contradicts an earlier one. */
static bool match(const xb_engine *e, int64_t want, int64_t have, int64_t *size)
{
    if (want >= 0) return want == have;
    for (size_t j = 0; j < e->n_symbols; j++)
        if (e->symbol[j] == want) {
            if (size[j] < 0) size[j] = have;
            return size[j] == have;
        }
    return false;
}

static bool check(const run *r, int64_t *size)
{
    const xb_engine *e = r->e;
    const xb_value *in, *out;
    size_t n = xb_graph_inputs(e->g, &in), m = xb_graph_outputs(e->g, &out);
    if (n != r->n_in || m != r->n_out)
        return xb_error(e->d, "engine-shape", (.file = xb_graph_file(e->g)),
                        "the model has %zu inputs and %zu outputs, not %zu and %zu", n, m, r->n_in, r->n_out);
    for (size_t j = 0; j < e->n_symbols; j++) size[j] = -1;
    for (size_t i = 0; i < n; i++) {
        const xb_type *want = xb_graph_type(e->g, in[i]), *have = &r->in[i].type;
        if (!r->in[i].data && xb_type_count(have) != 0)
            return xb_error(e->d, "engine-shape", (.file = xb_graph_file(e->g)), "input '%s' is missing",
                            xb_graph_value_name(e->g, in[i]));
        if (want->dtype != have->dtype || want->rank != have->rank) return mismatch(r, i, in[i]);
        for (int k = 0; k < want->rank; k++)
            if (have->dim[k] < 0 || !match(e, want->dim[k], have->dim[k], size)) return mismatch(r, i, in[i]);
    }
    return true;
}

static bool make_outputs(const run *r)
{
    const xb_value *out;
    xb_graph_outputs(r->e->plan->graph, &out);
    for (size_t i = 0; i < r->n_out; i++) {
        xb_type t = *xb_graph_type(r->e->plan->graph, out[i]);
        if (r->e->batch) t.dim[0] = r->n;
        if (!xb_tensor_alloc(&r->out[i], &t))
            return xb_error(r->e->d, "engine-shape", (.file = xb_graph_file(r->e->g)), "output '%s' is too large",
                            xb_graph_value_name(r->e->g, out[i]));
        r->out[i].name = xb_strdup(xb_graph_value_name(r->e->plan->graph, out[i]));
    }
    return true;
}

static size_t bytes_of(const xb_tensor *t)
{
    size_t n = 0;
    xb_type_bytes(&t->type, &n);
    return n;
}

/* Micro-batch `item` of the batch; or, where nothing is cut, all of it. */
static bool run_part(void *context, int worker, size_t item)
{
    run *r = context;
    if (xb_interrupted()) return false;
    xb_instance *x = xb_engine_instance(r->e, worker);
    if (!x) return false;
    int64_t whole = r->e->batch ? r->n : 1, first = r->e->batch ? (int64_t)item * r->e->micro : 0;
    int64_t full = r->e->batch ? r->e->micro : 1, count = whole - first < full ? whole - first : full;
    for (size_t i = 0; i < r->n_in; i++) {
        size_t row = bytes_of(&r->in[i]) / (size_t)whole, have = (size_t)count * row;
        unsigned char *to = xb_instance_input(x, i);
        if (have) memcpy(to, (const unsigned char *)r->in[i].data + (size_t)first * row, have);
        memset(to + have, 0, (size_t)(full - count) * row);
    }
    xb_engine_call call = {.worker = worker, .first = (size_t)first, .count = (size_t)count, .items = (size_t)full};
    if (!xb_instance_run(x, &call)) return false;
    for (size_t i = 0; i < r->n_out; i++) {
        size_t row = bytes_of(&r->out[i]) / (size_t)whole;
        if (row)
            memcpy((unsigned char *)r->out[i].data + (size_t)first * row, xb_instance_output(x, i),
                   (size_t)count * row);
    }
    return true;
}

static bool run_all(run *r)
{
    xb_engine *e = r->e;
    size_t items = e->batch ? ((size_t)r->n + (size_t)e->micro - 1) / (size_t)e->micro : 1;
    int threads = xb_dnnl_one_thread();
    bool ok = xb_par_run(e->threads, items, xb_engine_enter, run_part, r);
    xb_dnnl_set_threads(threads);
    return ok;
}

bool xb_engine_run(xb_engine *e, const xb_tensor *in, size_t n_in, xb_tensor *out, size_t n_out)
{
    run r = {.e = e, .in = in, .n_in = n_in, .out = out, .n_out = n_out};
    memset(out, 0, n_out * sizeof *out);
    int64_t *size = xb_calloc(e->n_symbols + 1, sizeof *size);
    bool ok = check(&r, size);
    for (size_t j = 0; j < e->n_symbols; j++)
        if (ok && e->symbol[j] == e->batch) {
            r.n = size[j];
            size[j] = e->micro;
        }
    ok = ok && xb_engine_prepare(e, size) && make_outputs(&r) && run_all(&r);
    free(size);
    for (size_t i = 0; !ok && i < n_out; i++) {
        xb_tensor_free(&out[i]);
        out[i] = (xb_tensor){0};
    }
    return ok;
}
