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
    const xb_journal_api *journal;
} teller;

/* what: of the pass; layer: NULL: of the whole network. */
static void tell(const teller *t, const char *what, const char *layer, xb_fact f)
{
    char key[2 * RANK_NAME + 128];
    xb_cx *cx = t->w->cx;
    snprintf(key, sizeof key, "pass.%.250s.%s%s%s", cx->instance, what, layer ? "." : "", layer ? layer : "");
    f.key = key;
    f.seed = cx->seed;
    f.source = "pass rank-clip";
    if (!f.split) f.split = "";
    t->journal->add(cx, t->module, &f);
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
    tell(t, "rank", l->name, (xb_fact){.value = (double)(l->now.split ? l->now.k : l->full), .unit = "1"});
    tell(t, "cells", l->name, (xb_fact){.value = (double)cells, .unit = "1"});
    tell(t, "area-ratio", l->name, (xb_fact){.value = ratio, .unit = "ratio"});
    tell(t, "energy-lost", l->name, (xb_fact){.value = l->now.lost, .unit = "ratio"});
    if (t->w->o->sensitivity != RANK_ONE && t->w->o->budget > 0)
        tell(t, "sensitivity", l->name, (xb_fact){.value = l->sensitivity, .unit = "nat"});
    if (l->now.frozen) tell(t, "frozen", l->name, (xb_fact){.value = 1, .unit = "1"});
}

static void tell_totals(const teller *t, const xb_measure *m, int64_t cells)
{
    const rank_work *w = t->w;
    tell(t, "cells", NULL, (xb_fact){.value = (double)cells, .unit = "1"});
    tell(t, "cells-before", NULL, (xb_fact){.value = (double)w->dense, .unit = "1"});
    tell(t, "area-ratio", NULL, (xb_fact){.value = w->dense ? (double)cells / (double)w->dense : 1, .unit = "ratio"});
    tell(t, "clips", NULL, (xb_fact){.value = (double)w->end.clips, .unit = "1"});
    if (xb_rank_gated(w)) {
        tell(t, "taken-back", NULL, (xb_fact){.value = (double)w->end.undone, .unit = "1"});
        tell(t, "gate-met", NULL, (xb_fact){.value = !w->end.gave_up, .unit = "1"});
        tell(t, "top1-before", NULL, (xb_fact){.value = w->end.baseline, .unit = "ratio", .split = "holdout"});
    }
    if (!w->o->direct) tell(t, "steps", NULL, (xb_fact){.value = (double)w->result.steps, .unit = "1"});
    if (m->total) tell(t, "top1", NULL, (xb_fact){.value = m->top1, .unit = "ratio", .split = "holdout"});
    if (m->total) tell(t, "loss", NULL, (xb_fact){.value = m->loss, .unit = "nat", .split = "holdout"});
}

/* ---- warnings: on stderr and in the report ---- */

static void warn(const teller *t, const char *text)
{
    xb_cx *cx = t->w->cx;
    char whole[512];
    cx->host->diagnose(cx, XB_WARNING, "rank-clip", NULL, "%s", text);
    snprintf(whole, sizeof whole, "%.200s: %s", cx->instance, text);
    t->journal->add(
        cx, t->module,
        &(xb_fact){
            .key = "warning", .unit = "", .split = "", .seed = cx->seed, .source = "pass rank-clip", .text = whole});
}

static void tell_warnings(const teller *t, int64_t cells)
{
    const rank_work *w = t->w;
    bool split = false;
    char text[256];
    for (size_t i = 0; i < w->n; i++) split |= w->layer[i].now.split != 0;
    if (w->end.gave_up) {
        snprintf(text, sizeof text, "the gate was not met; the last network that met it is kept (area ratio %.4g)",
                 (double)cells / (double)w->dense);
        warn(t, text);
    } else if (w->n && !split) {
        snprintf(text, sizeof text, "no layer was clipped to a rank that pays (%s %g); the network stays dense",
                 w->o->budget > 0 ? "budget" : "epsilon", w->o->budget > 0 ? w->o->budget : w->o->epsilon);
        warn(t, text);
    } else if (w->o->budget > 0 && (double)cells > w->o->budget * (double)w->dense) {
        snprintf(text, sizeof text, "the budget of %.4g was not reached: the area ratio is %.4g", w->o->budget,
                 (double)cells / (double)w->dense);
        warn(t, text);
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
    teller t = {w, module, w->cx->host->service(w->cx, "xb.journal", 1)};
    int64_t cells = w->other;
    for (size_t i = 0; i < w->n; i++) {
        const rank_layer *l = &w->layer[i];
        cells += l->now.split ? l->now.k * (l->rows + l->cols) : l->rows * l->cols;
    }
    tell_curves(&t);
    for (size_t i = 0; i < w->n; i++) tell_layer(&t, &w->layer[i]);
    tell_totals(&t, m, cells);
    tell_warnings(&t, cells);
    summarise(w, cells);
}
