/* gate.c: what a pass costs, measured on the hold-out against the network as it was imported. */
#include "pipe/parts.h"
#include <math.h>
#include <stdlib.h>

struct xb_gate {
    xb_diags *d;
    const xb_pipeline *p;
    const xb_graph *imported;
    const xb_engine_options *engine;
    xb_dataset *data;
    xb_input_map map;
    size_t first, count;
    double baseline; /* top1 of the imported graph */
};

static const char *const metric_name[] = {"top1", "agreement", "mse", "psnr"};

static xb_fact figure(const xb_gate *g, const char *key, double value)
{
    static const char *const unit[] = {"ratio", "ratio", "1", "dB"};
    return (xb_fact){.key = key,
                     .value = value,
                     .unit = unit[g->p->gate.metric],
                     .split = g->p->data.train ? "holdout" : "calibrate",
                     .seed = g->p->seed,
                     .source = "gate"};
}

/* The metric's value for a graph; its own unit, ratios as ratios. */
static bool measure(const xb_gate *g, const xb_graph *graph, double *out)
{
    xb_score s;
    bool compare = g->p->gate.metric != XB_METRIC_TOP1;
    if (!xb_evaluate(g->d, graph, compare ? g->imported : NULL, g->data, &g->map, g->first, g->count, g->engine, &s))
        return false;
    double value[] = {s.top1, s.total ? (double)s.agree / (double)s.total : 1, s.mse, s.psnr};
    *out = value[g->p->gate.metric];
    return true;
}

static bool open_data(xb_gate *g)
{
    const xb_pipeline *p = g->p;
    const char *spec = p->data.train ? p->data.train : p->data.calibrate;
    g->data = xb_dataset_open(g->d, spec, p->dir);
    g->map = xb_pipe_input_map(p);
    if (!g->data || !xb_input_map_check(g->d, g->data, &g->map)) return false;
    size_t n = xb_dataset_count(g->data);
    g->count = p->data.train ? (size_t)p->data.holdout : n;
    if (!n || g->count > n)
        return xb_error(g->d, "pipeline-gate", (.file = p->file), "the gate wants %zu items, but '%s' has %zu",
                        g->count, spec, n);
    g->first = n - g->count;
    if (p->gate.metric == XB_METRIC_TOP1 && !xb_dataset_classes(g->data))
        return xb_error(g->d, "pipeline-gate", (.file = p->file),
                        "metric top1 needs labels, which '%s' has not; use agreement", spec);
    return true;
}

xb_gate *xb_gate_open(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_graph *imported,
                      const xb_engine_options *engine, bool *ok)
{
    if (!p->gate.set) return NULL;
    xb_gate *g = xb_calloc(1, sizeof *g);
    *g = (xb_gate){.d = d, .p = p, .imported = imported, .engine = engine};
    *ok = open_data(g);
    if (*ok && p->gate.metric == XB_METRIC_TOP1) {
        *ok = measure(g, imported, &g->baseline);
        xb_fact f = figure(g, "gate.baseline.top1", g->baseline);
        if (*ok) xb_module_journal(m, &f);
    }
    if (*ok) return g;
    xb_gate_close(g);
    return NULL;
}

void xb_gate_close(xb_gate *g)
{
    if (!g) return;
    xb_dataset_free(g->data);
    free(g);
}

const char *xb_gate_unit(const xb_gate *g)
{
    static const char *const unit[] = {" points", " points", "", " dB"};
    return unit[g->p->gate.metric];
}

const char *xb_gate_loss(const xb_gate *g, double drop)
{
    static const char *const before[] = {"it lost", "it lost", "it left a mean square error of", "it left a psnr of"};
    static const char *const after[] = {" of top-1 accuracy", " of agreement", "", ""};
    int metric = g->p->gate.metric;
    return xb_arena_printf(g->p->arena, "%s %.4g%s%s", before[metric], drop, xb_gate_unit(g), after[metric]);
}

xb_verdict xb_gate_judge(xb_gate *g, xb_module *m, const xb_graph *graph, const xb_step *step, double *drop)
{
    double value;
    if (!measure(g, graph, &value)) return XB_GATE_BROKEN;
    int metric = g->p->gate.metric;
    xb_fact f = figure(g, xb_arena_printf(g->p->arena, "pass.%s.%s", step->instance, metric_name[metric]), value);
    xb_module_journal(m, &f);
    *drop = metric == XB_METRIC_TOP1        ? 100 * (g->baseline - value)
            : metric == XB_METRIC_AGREEMENT ? 100 * (1 - value)
                                            : value;
    double most = g->p->gate.max_drop,
           slack = 1e-9 * (1 + most); /* 0.2 points of 5000 are 10 items, whatever the rounding */
    if (isnan(value)) return XB_GATE_FAILS;
    if (metric == XB_METRIC_PSNR) return value >= most ? XB_GATE_PASSED : XB_GATE_FAILS;
    return *drop <= most + slack ? XB_GATE_PASSED : XB_GATE_FAILS;
}
