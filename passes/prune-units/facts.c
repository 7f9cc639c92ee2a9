/* facts.c: what the pass tells: units and cells of each layer, totals, curves along the steps. */
#include "prune-units.h"
#include <stdio.h>
#include <string.h>

/* ---- curves ---- */

size_t xb_prune_point_size(const prune_work *w)
{
    return 3 + w->n_goals;
}

/* A full list is thinned: every second point goes, the first stays. */
void xb_prune_point(const prune_work *w, prune_end *end, double *points, double step, double top1,
                    const prune_net *plan)
{
    size_t size = xb_prune_point_size(w);
    if (end->points == PRUNE_POINTS) {
        for (size_t i = 1; i < PRUNE_POINTS / 2; i++)
            memcpy(points + i * size, points + 2 * i * size, size * sizeof *points);
        end->points = PRUNE_POINTS / 2;
    }
    double *at = points + (size_t)end->points++ * size;
    at[0] = step;
    at[1] = top1;
    at[2] = (double)xb_prune_all_cells(plan);
    for (size_t i = 0; i < w->n_goals; i++) at[3 + i] = (double)plan->layer[i].units;
}

/* ---- facts ---- */

typedef struct teller {
    const prune_work *w;
    xb_module *module;
    const xb_journal_api *journal;
} teller;

static void tell(const teller *t, const char *what, const char *layer, xb_fact f)
{
    char key[768];
    xb_cx *cx = t->w->cx;
    snprintf(key, sizeof key, "pass.%.200s.%s%s%.500s", cx->instance, what, layer ? "." : "", layer ? layer : "");
    f.key = key;
    f.seed = cx->seed;
    f.source = "pass prune-units";
    if (!f.unit) f.unit = "1";
    if (!f.split) f.split = "";
    t->journal->add(cx, t->module, &f);
}

static void tell_curve(const teller *t, const char *what, const char *layer, const char *unit, size_t column)
{
    size_t size = xb_prune_point_size(t->w);
    for (int64_t i = 0; i < t->w->end.points; i++) {
        const double *at = t->w->points + (size_t)i * size;
        if (at[column] < 0) continue;
        tell(t, what, layer,
             (xb_fact){.value = at[column],
                       .unit = unit,
                       .split = column == 1 ? "holdout" : "",
                       .along = "step",
                       .at = at[0]});
    }
}

static void tell_layers(const teller *t, const prune_net *plan)
{
    for (size_t i = 0; i < t->w->n_goals; i++) {
        const prune_goal *goal = &t->w->goal[i];
        const prune_layer *l = &plan->layer[i];
        tell(t, "units-before", goal->name, (xb_fact){.value = (double)goal->before});
        tell(t, "units", goal->name, (xb_fact){.value = (double)l->units});
        tell(t, "cells-before", goal->name, (xb_fact){.value = (double)goal->cells});
        tell(t, "cells", goal->name, (xb_fact){.value = (double)l->cells});
    }
}

static void tell_totals(const teller *t, const prune_net *plan, double top1)
{
    const prune_work *w = t->w;
    int64_t units = 0, before = 0, cells = xb_prune_all_cells(plan);
    for (size_t i = 0; i < w->n_goals; i++) before += w->goal[i].before, units += plan->layer[i].units;
    tell(t, "units-before", NULL, (xb_fact){.value = (double)before});
    tell(t, "units", NULL, (xb_fact){.value = (double)units});
    tell(t, "cells-before", NULL, (xb_fact){.value = (double)w->cells});
    tell(t, "cells", NULL, (xb_fact){.value = (double)cells});
    tell(t, "area-ratio", NULL, (xb_fact){.value = w->cells ? (double)cells / (double)w->cells : 1, .unit = "ratio"});
    if (xb_prune_trains(w->o)) tell(t, "rounds", NULL, (xb_fact){.value = (double)w->end.rounds});
    if (w->o->gate.max_drop < PRUNE_NO_GATE) tell(t, "gate-met", NULL, (xb_fact){.value = !w->end.gave_up});
    if (!w->holdout) return;
    tell(t, "top1-before", NULL, (xb_fact){.value = w->end.before, .unit = "ratio", .split = "holdout"});
    tell(t, "top1", NULL, (xb_fact){.value = top1, .unit = "ratio", .split = "holdout"});
}

/* ---- words ---- */

static void warn(const teller *t, const char *text)
{
    char whole[768];
    snprintf(whole, sizeof whole, "%.200s: %.500s", t->w->cx->instance, text);
    t->journal->add(t->w->cx, t->module,
                    &(xb_fact){.key = "warning",
                               .unit = "",
                               .split = "",
                               .seed = t->w->cx->seed,
                               .source = "pass prune-units",
                               .text = whole});
}

/* Units that go together with others may make a layer keep another number than was asked for. */
static void check_counts(const teller *t, const prune_net *plan)
{
    for (size_t i = 0; i < t->w->n_goals; i++) {
        const prune_goal *goal = &t->w->goal[i];
        char text[400];
        if (t->w->end.gave_up || goal->keep < 0 || goal->keep >= goal->before) continue;
        if (plan->layer[i].units == goal->keep) continue;
        snprintf(text, sizeof text, "'%.200s' keeps %lld units, not %lld: they go together with others", goal->name,
                 (long long)plan->layer[i].units, (long long)goal->keep);
        t->w->cx->host->diagnose(t->w->cx, XB_WARNING, "prune-units", NULL, "%s", text);
        warn(t, text);
    }
}

static void summarise(const prune_work *w, const prune_net *plan)
{
    char text[1024] = "";
    for (size_t i = 0, n = 0; i < w->n_goals; i++, n = strlen(text)) {
        if (plan->layer[i].units == w->goal[i].before || n + strlen(w->goal[i].name) + 48 > sizeof text) continue;
        snprintf(text + n, sizeof text - n, "%s%s %lld of %lld", n ? ", " : "", w->goal[i].name,
                 (long long)plan->layer[i].units, (long long)w->goal[i].before);
    }
    w->cx->host->diagnose(w->cx, XB_NOTE, "prune-units", NULL, "%s%s%.3f %% of the crossbar cells", text,
                          *text ? ": " : "nothing to remove: ",
                          100 * (double)xb_prune_all_cells(plan) / (double)(w->cells ? w->cells : 1));
}

void xb_prune_facts(const prune_work *w, xb_module *module, const prune_net *plan, double top1)
{
    teller t = {w, module, w->cx->host->service(w->cx, "xb.journal", 1)};
    for (size_t i = 0; i < w->n_goals; i++) tell_curve(&t, "units", w->goal[i].name, "1", 3 + i);
    tell_curve(&t, "cells", NULL, "1", 2);
    tell_curve(&t, "top1", NULL, "ratio", 1);
    tell_layers(&t, plan);
    tell_totals(&t, plan, top1);
    if (w->end.gave_up) warn(&t, "the gate was not met; the last network that met it is kept");
    check_counts(&t, plan);
    summarise(w, plan);
}
