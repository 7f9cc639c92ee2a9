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
} teller;

static void tell(const teller *t, const char *what, const char *layer, xb_fact f)
{
    t->w->journal->tell(t->w->cx, t->module, what, layer, &f);
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

static void tell_totals(const teller *t, const prune_net *plan, const xb_measure *m)
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
    w->train->tell_gate(w->cx, t->module, &w->o->gate, &w->end.aim, m, !w->end.gave_up);
}

/* ---- words ---- */

static void warn_of_gate(const teller *t)
{
    const prune_work *w = t->w;
    w->journal->warn(w->cx, t->module, "gate",
                     "the gate was not met: at the end the hold-out's top-1 is %.2f %%, below %.2f %%; the network "
                     "after %lld of %lld rounds, the last that met it, is kept",
                     100 * w->end.last, 100 * w->end.aim.least, (long long)w->end.rounds, (long long)w->o->gradual);
}

/* Units that go together with others may make a layer keep another number than was asked for. */
static void check_counts(const teller *t, const prune_net *plan)
{
    const prune_work *w = t->w;
    for (size_t i = 0; i < w->n_goals; i++) {
        const prune_goal *goal = &w->goal[i];
        long long units = plan->layer[i].units, gone = goal->before - units;
        if (!plan->layer[i].chosen && gone)
            w->journal->warn(w->cx, t->module, "prune-units",
                             "'%s', which 'layers' does not mean, loses %lld of its units: they go together with "
                             "others",
                             goal->name, gone);
        if (w->end.gave_up || goal->keep < 0 || goal->keep >= goal->before || units == goal->keep) continue;
        w->journal->warn(w->cx, t->module, "prune-units",
                         "'%s' keeps %lld units, not %lld: they go together with others", goal->name, units,
                         (long long)goal->keep);
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

void xb_prune_facts(const prune_work *w, xb_module *module, const prune_net *plan, const xb_measure *m)
{
    teller t = {w, module};
    for (size_t i = 0; i < w->n_goals; i++) tell_curve(&t, "units", w->goal[i].name, "1", 3 + i);
    tell_curve(&t, "cells", NULL, "1", 2);
    tell_curve(&t, "top1", NULL, "ratio", 1);
    tell_layers(&t, plan);
    tell_totals(&t, plan, m);
    if (w->end.gave_up) warn_of_gate(&t);
    check_counts(&t, plan);
    summarise(w, plan);
}
