/* measure.c: the test set, looked at once, after the last pass. */
#include "pipe/parts.h"

typedef struct writer {
    const xb_pipeline *p;
    xb_module *m;
    const char *what; /* "reference", "compiled" */
} writer;

static void fact(const writer *w, const char *name, double value, const char *unit)
{
    xb_fact f = {.key = xb_arena_printf(w->p->arena, "accuracy.%s.%s", w->what, name),
                 .value = value,
                 .unit = unit,
                 .split = "test",
                 .seed = w->p->seed,
                 .source = "eval"};
    xb_module_journal(w->m, &f);
}

static void labelled_facts(const writer *w, const xb_score *s)
{
    fact(w, "top1", s->top1, "ratio");
    fact(w, "lo95", s->lo95, "ratio");
    fact(w, "hi95", s->hi95, "ratio");
    if (s->top5 >= 0) fact(w, "top5", s->top5, "ratio");
    fact(w, "loss", s->loss, "nat");
    fact(w, "correct", (double)s->correct, "1");
    fact(w, "total", (double)s->total, "1");
}

static void compared_facts(const writer *w, const xb_score *s)
{
    fact(w, "agreement", s->total ? (double)s->agree / (double)s->total : 1, "ratio");
    fact(w, "mse", s->mse, "1");
    fact(w, "psnr", s->psnr, "dB");
    fact(w, "total", (double)s->total, "1");
}

static bool evaluate(xb_diags *d, const xb_pipeline *p, const xb_graph *g, const xb_graph *reference,
                     const xb_dataset *data, const xb_engine_options *engine, xb_score *out)
{
    xb_input_map map = xb_pipe_input_map(p);
    return xb_evaluate(d, g, reference, data, &map, 0, 0, engine, out);
}

/* The same graph twice is one evaluation. */
static bool with_labels(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_graph *imported,
                        const xb_dataset *data, const xb_engine_options *engine)
{
    xb_score reference, compiled;
    const xb_graph *g = xb_module_graph(m);
    if (!evaluate(d, p, imported, NULL, data, engine, &reference)) return false;
    compiled = reference;
    bool same = xb_graph_version(g) == xb_graph_version(imported);
    if (!same && !evaluate(d, p, g, NULL, data, engine, &compiled)) return false;
    labelled_facts(&(writer){p, m, "reference"}, &reference);
    labelled_facts(&(writer){p, m, "compiled"}, &compiled);
    return true;
}

bool xb_measure_test(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_graph *imported,
                     const xb_engine_options *engine)
{
    if (!p->data.test) return true;
    xb_dataset *data = xb_dataset_open(d, p->data.test, p->dir);
    xb_input_map map = xb_pipe_input_map(p);
    bool ok = data && xb_input_map_check(d, data, &map);
    if (ok && xb_dataset_classes(data)) {
        ok = with_labels(d, p, m, imported, data, engine);
    } else if (ok) {
        xb_score s;
        ok = evaluate(d, p, xb_module_graph(m), imported, data, engine, &s);
        if (ok) compared_facts(&(writer){p, m, "compiled"}, &s);
    }
    xb_dataset_free(data);
    return ok;
}
