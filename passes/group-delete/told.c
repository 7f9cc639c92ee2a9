/* told.c: what the journal says of a run. */
#include "group-delete.h"
#include <string.h>

static void tell(const gd_work *w, const char *layer, const char *what, xb_fact f)
{
    w->journal->tell(w->cx, w->module, what, layer, &f);
}

static void tell_count(const gd_work *w, const char *layer, const char *what, double value)
{
    tell(w, layer, what, (xb_fact){.value = value});
}

static void tell_ratio(const gd_work *w, const char *layer, const char *what, double value)
{
    tell(w, layer, what, (xb_fact){.value = value, .unit = "ratio"});
}

/* ---- curves ---- */

static void tell_curve(const gd_work *w, const gd_state *s, size_t number, const char *layer, double from)
{
    for (int64_t i = 0; i < s->head->points; i++) {
        const double *point = s->curve + (2 + w->n_layers) * (size_t)i;
        xb_fact f = {.value = point[number], .along = "step", .at = from + point[0]};
        if (i == 0 && from > 0) continue; /* the last point of the phase before */
        if (!layer && point[1] < 0) continue;
        if (!layer) f.unit = "ratio", f.split = "holdout";
        tell(w, layer, layer ? "wires" : "top1", f);
    }
}

/* From the state alone: a run that was ended and goes on says it, too. */
static void tell_deaths(const gd_work *w, const gd_state *s)
{
    for (size_t i = 0; i < w->n_layers; i++) {
        if (!s->off[i]) continue;
        w->journal->warn(w->cx, w->module, "group-delete-dead",
                         "lambda %g leaves nothing of '%s' at step %lld; the network of step %lld is back, and this "
                         "layer is no longer penalised: try a smaller lambda, or `factors: {%s: 0.5}`",
                         w->o->lambda, w->layer[i].name, (long long)s->off[i], (long long)s->back[i], w->layer[i].name);
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
    if (!w->graph->matrix(g, w->graph->find_op(g, layer), &m)) return 0;
    const float *v = w->graph->data(g, m.weight);
    for (int64_t i = 0; i < m.groups * m.rows * m.cols; i++) n += v[i] != 0;
    return (double)n;
}

static void tell_layer(const gd_work *w, const xb_graph *g, const gd_layer *l, const xb_layer_cost *c, double ratio)
{
    tell_count(w, l->name, "wires-full", (double)l->full);
    tell_count(w, l->name, "wires-before", (double)l->before);
    tell_count(w, l->name, "wires-after", (double)(c->row_wires + c->col_wires));
    tell_ratio(w, l->name, "wires-ratio", ratio);
    tell_ratio(w, l->name, "routing-area-ratio", square(ratio));
    tell_count(w, l->name, "nonzero", nonzero(w, g, l->name));
    tell_count(w, l->name, "compacted-cells", (double)c->compacted_cells);
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
    tell_count(w, NULL, "wires-full", full);
    tell_count(w, NULL, "wires-before", before);
    tell_count(w, NULL, "wires-after", after);
    tell_ratio(w, NULL, "wires-ratio-mean", ratios / (double)w->n_layers);
    tell_ratio(w, NULL, "routing-area-ratio-mean", areas / (double)w->n_layers);
    tell_ratio(w, NULL, "routing-area-ratio-pooled", square(after / full));
    const xb_chip_cost *chip = w->layout->chip_cost(plan);
    tell_count(w, NULL, "compacted-cells", (double)chip->compacted_cells);
    tell_count(w, NULL, "zero-arrays", (double)chip->zero_arrays);
    return 0;
}
