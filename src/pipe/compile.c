/* compile.c: the main job: model in, folder that stands alone out. */
#include "base/out.h"
#include "base/progress.h"
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

typedef struct job {
    xb_diags *d;
    const xb_pipeline *p;
    const xb_instruments *i;
    const xb_engine_options *engine;
    xb_module *m;
    xb_graph *imported; /* shares its constants with the module's until they are written */
    xb_run_info info;
    xb_context *cx;
    xb_outdir *out;
    char *checkpoints; /* folder of unfinished training runs, beside the output's */
} job;

static xb_outcome failed(void)
{
    return xb_interrupted() ? XB_STOPPED : XB_BAD_INPUT;
}

static bool show_stats(const job *j)
{
    if (!j->i || !j->i->stats || !j->i->print_to) return true;
    xb_engine *e = xb_engine_new(j->d, xb_module_graph(j->m), j->engine);
    if (!e) return false;
    xb_buf b = {0};
    xb_engine_describe(e, &b);
    fputs(xb_buf_cstr(&b), j->i->print_to);
    xb_buf_free(&b);
    xb_engine_free(e);
    return true;
}

static xb_outcome emit(job *j, xb_sink *sink, const xb_emit *e)
{
    xb_where where = xb_yaml_where(e->where);
    for (const char *const *need = e->backend->needs; need && *need; need++)
        if (!xb_module_has(j->m, *need)) {
            xb_diag(j->d, XB_ERROR, "pipeline-needs", &where, "'%s' needs '%s', which no longer holds",
                    e->backend->name, *need);
            return XB_BAD_INPUT;
        }
    unsigned before = xb_diags_errors(j->d);
    int status = e->backend->emit(xb_context_begin(j->cx, e->backend->name, e->where), j->m, sink, e->options);
    xb_context_end(j->cx);
    xb_graph_release_views(xb_module_graph(j->m));
    if (!xb_sink_settled(sink) && status >= 0)
        xb_diag(j->d, XB_ERROR, "emit-failed", &where, "'%s' left a file open", e->backend->name);
    bool said = xb_diags_errors(j->d) > before;
    if (xb_interrupted()) return XB_STOPPED;
    if (status >= 0 && !said) return XB_DONE;
    if (said) return XB_BAD_INPUT;
    xb_diag(j->d, XB_ERROR, "emit-failed", &where, "'%s' failed with status %d and did not say why", e->backend->name,
            status);
    return XB_FAULT;
}

static xb_outcome emit_all(job *j)
{
    if (!xb_outputs_write(j->p, j->m, j->out)) return failed();
    xb_sink *sink = xb_sink_new(j->d, j->out);
    xb_outcome outcome = XB_DONE;
    for (size_t i = 0; i < j->p->n_emit && outcome == XB_DONE; i++) outcome = emit(j, sink, &j->p->emit[i]);
    xb_sink_free(sink);
    return outcome;
}

/* What later figures are compared with: weights of synaptic layers as the model came. */
static void note_imported_cells(job *j)
{
    double cells = 0;
    xb_matrix m;
    for (xb_op op = xb_graph_first(j->imported); op.id; op = xb_graph_next(j->imported, op))
        if (xb_graph_matrix(j->imported, op, &m)) cells += (double)m.groups * (double)m.rows * (double)m.cols;
    xb_module_journal(j->m,
                      &(xb_fact){.key = "crossbar.reference_cells", .value = cells, .unit = "1", .source = "import"});
}

static xb_outcome work(job *j)
{
    xb_graph *g = xb_model_load(j->d, j->p->model);
    if (!g) return failed();
    j->m = xb_module_new(g);
    j->imported = xb_graph_clone(g);
    note_imported_cells(j);
    j->cx = xb_context_new(j->d, &j->p->hw, j->p->seed, &j->info);
    xb_learning learning = {.data = j->p->data.train,
                            .dir = j->p->dir,
                            .map = xb_pipe_input_map(j->p),
                            .holdout = (size_t)j->p->data.holdout,
                            .engine = *j->engine,
                            .checkpoints = j->checkpoints,
                            .load = xb_model_load};
    xb_context_learning(j->cx, &learning);
    if (!xb_inputs_register(j->d, j->p, &j->info)) return failed();
    xb_graph_release_views(g);
    xb_outcome outcome = xb_pipeline_run(j->d, j->p, j->cx, &j->info, j->m, j->i, j->engine);
    if (outcome != XB_DONE) return outcome;
    xb_graph_release_views(xb_module_graph(j->m));
    if (!xb_measure_test(j->d, j->p, j->m, j->imported, j->engine) || !xb_measure_chips(j->d, j->p, j->m, j->engine) ||
        !show_stats(j))
        return failed();
    xb_graph_free(j->imported);
    j->imported = NULL;
    return xb_interrupted() ? XB_STOPPED : emit_all(j);
}

static xb_outcome finish(job *j, xb_outcome outcome)
{
    if (outcome == XB_DONE && xb_interrupted()) outcome = XB_STOPPED;
    if (outcome == XB_DONE) return xb_outdir_commit(j->out) ? XB_DONE : XB_BAD_INPUT;
    xb_outdir_abandon(j->out);
    return outcome;
}

/* OUT.checkpoints, without a slash that ends OUT. */
static char *checkpoint_folder(const char *out)
{
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/') n--;
    xb_buf b = {0};
    xb_buf_add(&b, out, n);
    xb_buf_str(&b, ".checkpoints");
    return b.data;
}

xb_outcome xb_compile(xb_diags *d, const xb_pipeline *p, const char *out, const xb_instruments *i,
                      const xb_engine_options *engine)
{
    static const char *const ours[] = {"pipeline.yaml", "hardware.yaml", "model.xir", "journal.json", NULL};
    job j = {.d = d, .p = p, .i = i, .engine = engine, .out = xb_outdir_open(d, out, ours)};
    if (!j.out) return XB_BAD_INPUT;
    j.checkpoints = checkpoint_folder(out);
    xb_outcome outcome = finish(&j, work(&j));
    if (outcome == XB_DONE) xb_context_drop_checkpoints(j.cx);
    xb_context_free(j.cx);
    xb_graph_free(j.imported);
    xb_module_free(j.m);
    free(j.checkpoints);
    xb_vec_free(&j.info.inputs);
    xb_vec_free(&j.info.passes);
    return outcome;
}
