/* told.c: what the journal says of a run. */
#include "group-delete.h"
#include <stdio.h>
#include <string.h>

/* "pass.INSTANCE.WHAT" or "pass.INSTANCE.WHAT.LAYER". */
static const char *key(const gd_work *w, char text[512], const char *what, const char *layer)
{
    snprintf(text, 512, "pass.%s.%s%s%s", w->cx->instance, what, layer ? "." : "", layer ? layer : "");
    return text;
}

static void add(const gd_work *w, xb_fact f)
{
    f.seed = w->cx->seed;
    f.source = "pass group-delete";
    w->journal->add(w->cx, w->module, &f);
}

void xb_gd_fact(const gd_work *w, const char *layer, const char *what, double value, const char *unit)
{
    char text[512];
    add(w, (xb_fact){.key = key(w, text, what, layer), .value = value, .unit = unit, .split = ""});
}

void xb_gd_warn(const gd_work *w, const char *code, const char *text)
{
    size_t n = strlen(w->cx->instance) + strlen(text) + 3;
    char *whole = w->cx->host->alloc(w->cx, n, 1);
    snprintf(whole, n, "%s: %s", w->cx->instance, text);
    w->cx->host->diagnose(w->cx, XB_WARNING, code, NULL, "%s", text);
    add(w, (xb_fact){.key = "warning", .unit = "", .split = "", .text = whole});
}

void xb_gd_tell_holdout(const gd_work *w, const char *what, double top1)
{
    char text[512];
    add(w, (xb_fact){.key = key(w, text, what, NULL), .value = top1, .unit = "ratio", .split = "holdout"});
}

/* ---- curves ---- */

static void tell_curve(const gd_work *w, const gd_state *s, size_t number, const char *layer, double from)
{
    char text[512];
    for (int64_t i = 0; i < s->head->points; i++) {
        const double *point = s->curve + (2 + w->n_layers) * (size_t)i;
        xb_fact f = {.key = key(w, text, layer ? "wires" : "top1", layer), .along = "step", .at = from + point[0]};
        if (i == 0 && from > 0) continue; /* the last point of the phase before */
        if (!layer && point[1] < 0) continue;
        f.value = point[number];
        f.unit = layer ? "1" : "ratio";
        f.split = layer ? "" : "holdout";
        add(w, f);
    }
}

/* From the state alone: a run that was ended and goes on says it, too. */
static void tell_deaths(const gd_work *w, const gd_state *s)
{
    for (size_t i = 0; i < w->n_layers; i++) {
        char text[1024];
        if (!s->off[i]) continue;
        snprintf(
            text, sizeof text,
            "lambda %g leaves nothing of '%s' at step %lld; the network of step %lld is back, and this layer is no "
            "longer penalised: try a smaller lambda, or `factors: {%s: 0.5}`",
            w->o->lambda, w->layer[i].name, (long long)s->off[i], (long long)s->back[i], w->layer[i].name);
        xb_gd_warn(w, "group-delete-dead", text);
    }
}

void xb_gd_tell_curves(const gd_work *w, const void *state, double from)
{
    gd_state s;
    void *copy = w->cx->host->alloc(w->cx, xb_gd_state_size(w), 1);
    memcpy(copy, state, xb_gd_state_size(w));
    s = xb_gd_state(w, copy);
    for (size_t i = 0; i < w->n_layers; i++) tell_curve(w, &s, 2 + i, w->layer[i].name, from);
    tell_curve(w, &s, 1, NULL, from);
    tell_deaths(w, &s);
}

/* ---- what is left ---- */

static double square(double x)
{
    return x * x;
}

/* What other ways of making zeros are compared with. */
static double nonzero(const gd_work *w, const xb_graph *g, const char *layer)
{
    xb_matrix m;
    size_t n = 0;
    for (xb_op op = w->graph->first(g); op.id; op = w->graph->next(g, op)) {
        if (!w->graph->matrix(g, op, &m) || strcmp(m.name, layer)) continue;
        const float *v = w->graph->data(g, m.weight);
        for (int64_t i = 0; i < m.groups * m.rows * m.cols; i++) n += v[i] != 0;
    }
    return (double)n;
}

static void tell_layer(const gd_work *w, const xb_graph *g, const gd_layer *l, const xb_layer_cost *c, double ratio)
{
    xb_gd_fact(w, l->name, "wires-full", (double)l->full, "1");
    xb_gd_fact(w, l->name, "wires-before", (double)l->before, "1");
    xb_gd_fact(w, l->name, "wires-after", (double)(c->row_wires + c->col_wires), "1");
    xb_gd_fact(w, l->name, "wires-ratio", ratio, "ratio");
    xb_gd_fact(w, l->name, "routing-area-ratio", square(ratio), "ratio");
    xb_gd_fact(w, l->name, "nonzero", nonzero(w, g, l->name), "1");
    xb_gd_fact(w, l->name, "compacted-cells", (double)c->compacted_cells, "1");
}

/* Ratios are to the wires of the layer as it came, undeleted: a unit that was taken out took its wires along. */
int xb_gd_tell_result(gd_work *w, const xb_graph *g)
{
    const xb_layer_cost *c;
    const xb_layout *plan = w->hw->plan(w->cx, g, w->hw->of(w->cx));
    if (!plan) return -1;
    size_t n = w->layout->layer_costs(plan, &c);
    double full = 0, before = 0, after = 0, ratios = 0, areas = 0;
    for (size_t k = 0; k < w->n_layers; k++) {
        const gd_layer *l = &w->layer[k];
        size_t i = 0;
        while (i < n && strcmp(c[i].name, l->name)) i++;
        if (i == n) continue;
        double left = (double)(c[i].row_wires + c[i].col_wires), ratio = left / (double)l->full;
        full += (double)l->full, before += (double)l->before, after += left;
        ratios += ratio, areas += square(ratio);
        tell_layer(w, g, l, &c[i], ratio);
    }
    xb_gd_fact(w, NULL, "wires-full", full, "1");
    xb_gd_fact(w, NULL, "wires-before", before, "1");
    xb_gd_fact(w, NULL, "wires-after", after, "1");
    xb_gd_fact(w, NULL, "wires-ratio-mean", ratios / (double)w->n_layers, "ratio");
    xb_gd_fact(w, NULL, "routing-area-ratio-mean", areas / (double)w->n_layers, "ratio");
    xb_gd_fact(w, NULL, "routing-area-ratio-pooled", square(after / full), "ratio");
    const xb_chip_cost *chip = w->layout->chip_cost(plan);
    xb_gd_fact(w, NULL, "compacted-cells", (double)chip->compacted_cells, "1");
    xb_gd_fact(w, NULL, "zero-arrays", (double)chip->zero_arrays, "1");
    return 0;
}
