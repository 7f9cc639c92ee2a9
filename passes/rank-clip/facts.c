/* facts.c: what the pass tells: curves along the steps, figures of each layer, totals, warnings. */
#include "rank-clip.h"
#include <stdio.h>
#include <string.h>

/* ---- curves ---- */

size_t xb_rank_point_size(const rank_work *w)
{
    return sizeof(rank_point) / sizeof(double) + w->n;
}

/* A full list is thinned: every second point goes, the first stays. */
void xb_rank_note_point(const rank_work *w, xb_trainer *t, const xb_measure *m)
{
    rank_head *h = xb_rank_head(w, t);
    double *list = (double *)(void *)((rank_track *)(h + 1) + w->n);
    size_t size = xb_rank_point_size(w);
    if (h->end.points == RANK_POINTS) {
        for (size_t i = 1; i < RANK_POINTS / 2; i++) memcpy(list + i * size, list + 2 * i * size, size * sizeof *list);
        h->end.points = RANK_POINTS / 2;
    }
    double *at = list + (size_t)h->end.points++ * size;
    rank_point p = {.step = (double)w->train->step(t),
                    .top1 = m->top1,
                    .loss = m->loss,
                    .train_loss = w->train->loss(t),
                    .cells = (double)xb_rank_all_cells(w)};
    memcpy(at, &p, sizeof p);
    at += sizeof p / sizeof *at;
    for (size_t i = 0; i < w->n; i++) at[i] = (double)w->layer[i].now.k;
}

/* ---- facts ---- */

typedef struct teller {
    const rank_work *w;
    xb_module *module;
} teller;

static void tell(const teller *t, const char *what, const char *layer, xb_fact f)
{
    t->w->journal->tell(t->w->cx, t->module, what, layer, &f);
}

static void tell_curve(const teller *t, const char *what, const char *layer, const char *unit, const char *split,
                       size_t column, double factor)
{
    size_t size = xb_rank_point_size(t->w);
    for (int64_t i = 0; i < t->w->end.points; i++) {
        const double *at = t->w->points + (size_t)i * size;
        tell(t, what, layer,
             (xb_fact){.value = factor * at[column], .unit = unit, .split = split, .along = "step", .at = at[0]});
    }
}

static void tell_curves(const teller *t)
{
    const rank_work *w = t->w;
    size_t first = sizeof(rank_point) / sizeof(double);
    for (size_t i = 0; i < w->n; i++) tell_curve(t, "rank", w->layer[i].name, "1", "", first + i, 1);
    tell_curve(t, "area-ratio", NULL, "ratio", "", offsetof(rank_point, cells) / sizeof(double), 1 / (double)w->dense);
    tell_curve(t, "train-loss", NULL, "nat", "train", offsetof(rank_point, train_loss) / sizeof(double), 1);
    if (!w->holdout) return;
    tell_curve(t, "top1", NULL, "ratio", "holdout", offsetof(rank_point, top1) / sizeof(double), 1);
    tell_curve(t, "loss", NULL, "nat", "holdout", offsetof(rank_point, loss) / sizeof(double), 1);
}

static void tell_layer(const teller *t, const rank_layer *l)
{
    int64_t cells = l->now.split ? l->now.k * (l->rows + l->cols) : l->rows * l->cols;
    double ratio = (double)cells / ((double)l->rows * (double)l->cols);
    tell(t, "rank", l->name, (xb_fact){.value = (double)(l->now.split ? l->now.k : l->full)});
    tell(t, "cells", l->name, (xb_fact){.value = (double)cells});
    tell(t, "area-ratio", l->name, (xb_fact){.value = ratio, .unit = "ratio"});
    tell(t, "energy-lost", l->name, (xb_fact){.value = l->now.lost, .unit = "ratio"});
    if (t->w->probed) tell(t, "sensitivity", l->name, (xb_fact){.value = l->sensitivity, .unit = "nat"});
    if (l->now.frozen) tell(t, "frozen", l->name, (xb_fact){.value = 1});
}

static void tell_totals(const teller *t, const xb_measure *m, int64_t cells)
{
    const rank_work *w = t->w;
    tell(t, "cells", NULL, (xb_fact){.value = (double)cells});
    tell(t, "cells-before", NULL, (xb_fact){.value = (double)w->dense});
    tell(t, "area-ratio", NULL, (xb_fact){.value = w->dense ? (double)cells / (double)w->dense : 1, .unit = "ratio"});
    tell(t, "clips", NULL, (xb_fact){.value = (double)w->end.clips});
    if (xb_is_gated(&w->o->gate)) tell(t, "taken-back", NULL, (xb_fact){.value = (double)w->end.undone});
    w->train->tell_gate(w->cx, t->module, &w->o->gate, &w->end.aim, m, !w->end.gave_up);
    if (!w->o->direct) tell(t, "steps", NULL, (xb_fact){.value = (double)w->result.steps});
}

/* ---- warnings: on stderr and in the report ---- */

const char *xb_rank_idle(const rank_work *w, int64_t steps)
{
    size_t free_layers = 0;
    char *text = w->cx->host->alloc(w->cx, 160, 1);
    for (size_t i = 0; i < w->n; i++) free_layers += !w->layer[i].fixed;
    if (!free_layers || xb_rank_clips_due(w, steps) > 0) return NULL;
    snprintf(text, 160, "no clip is due: 'interval' %lld is not below 'until' %g of the run's %lld steps",
             (long long)w->o->interval, w->o->until, (long long)steps);
    return text;
}

static void warn(const teller *t, const char *code, const char *text)
{
    t->w->journal->warn(t->w->cx, t->module, code, "%s", text);
}

static void warn_of_gate(const teller *t)
{
    const rank_end *end = &t->w->end;
    char text[256];
    if (t->w->o->direct)
        snprintf(text, sizeof text, "the gate was not met by any split; the network stays dense");
    else
        snprintf(text, sizeof text,
                 "the gate was not met: at the end the hold-out's top-1 is %.2f %%, below %.2f %%; the last network "
                 "that met it is kept",
                 100 * end->last, 100 * end->aim.least);
    warn(t, "gate", text);
}

static void tell_warnings(const teller *t, double ratio)
{
    const rank_work *w = t->w;
    const char *idle = w->n && !w->o->direct ? xb_rank_idle(w, w->result.steps) : NULL;
    bool split = false, budget = w->o->budget > 0;
    char text[256];
    for (size_t i = 0; i < w->n; i++) split |= w->layer[i].now.split != 0;
    if (idle) warn(t, w->told ? NULL : "rank-clip", idle);
    if (w->end.gave_up) {
        warn_of_gate(t);
    } else if (w->n && !split && !idle) {
        snprintf(text, sizeof text, "no layer was clipped to a rank that pays (%s %g); the network stays dense",
                 budget ? "budget" : "epsilon", budget ? w->o->budget : w->o->epsilon);
        warn(t, "rank-clip", text);
    } else if (budget && ratio > w->o->budget) {
        snprintf(text, sizeof text, "the budget of %.4g was not reached: the area ratio is %.4g", w->o->budget, ratio);
        warn(t, "rank-clip", text);
    }
}

static void summarise(const rank_work *w, int64_t cells)
{
    char text[1024] = "";
    for (size_t i = 0, n = 0; i < w->n; i++, n = strlen(text)) {
        const rank_layer *l = &w->layer[i];
        if (!l->now.split || n + strlen(l->name) + 48 > sizeof text) continue;
        snprintf(text + n, sizeof text - n, "%s%s %lld of %lld", n ? ", " : "", l->name, (long long)l->now.k,
                 (long long)l->full);
    }
    w->cx->host->diagnose(w->cx, XB_NOTE, "rank-clip", NULL, "%s%s%.3f %% of the crossbar cells", text,
                          *text ? ": " : "", 100 * (double)cells / (double)(w->dense ? w->dense : 1));
}

void xb_rank_facts(const rank_work *w, xb_module *module, const xb_measure *m)
{
    teller t = {w, module};
    int64_t cells = w->other;
    for (size_t i = 0; i < w->n; i++) {
        const rank_layer *l = &w->layer[i];
        cells += l->now.split ? l->now.k * (l->rows + l->cols) : l->rows * l->cols;
    }
    tell_curves(&t);
    for (size_t i = 0; i < w->n; i++) tell_layer(&t, &w->layer[i]);
    tell_totals(&t, m, cells);
    tell_warnings(&t, (double)cells / (double)w->dense);
    summarise(w, cells);
}
