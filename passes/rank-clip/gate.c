/* gate.c: what clips may cost on the hold-out. Before a clip the network is kept; `interval` steps later it is
 * measured. Below the target the clip is taken back, the layer that lost most of its energy is left at its rank, the
 * others go on. What the network loses before the first clip, because the rate was raised again, is no clip's doing:
 * the target is then what it has there. At the end it is the option's. */
#include "rank-clip.h"
#include <string.h>

/* Back to a snapshot. What was learned about layers, and the curves, stay. */
static int go_back(rank_work *w, xb_trainer *t, int64_t snapshot)
{
    size_t tracks = sizeof(rank_head) + w->n * sizeof(rank_track);
    memcpy(w->spare, w->train->state(t), w->state_size);
    if (w->train->rollback(t, (int)snapshot) < 0) return -1;
    unsigned char *now = w->train->state(t);
    memcpy(now, w->spare, sizeof(rank_head));
    memcpy(now + tracks, w->spare + tracks, w->state_size - tracks);
    for (size_t i = 0; i < w->n; i++) {
        int64_t frozen = w->layer[i].now.frozen;
        memcpy(&w->layer[i].now, now + sizeof(rank_head) + i * sizeof(rank_track), sizeof(rank_track));
        w->layer[i].now.frozen = frozen;
    }
    return 0;
}

static void drop(const rank_work *w, xb_trainer *t, int64_t *snapshot)
{
    if (*snapshot >= 0) w->train->forget(t, (int)*snapshot);
    *snapshot = -1;
}

/* Of the last clip; n: nothing was clipped. */
static size_t worst_clip(const rank_work *w)
{
    size_t worst = w->n;
    for (size_t i = 0; i < w->n; i++)
        if (w->layer[i].now.last > 0 && (worst == w->n || w->layer[i].now.last > w->layer[worst].now.last)) worst = i;
    return worst;
}

static int take_back(rank_work *w, xb_trainer *t, double top1)
{
    size_t worst = worst_clip(w);
    int64_t step = w->train->step(t);
    w->layer[worst].now.frozen = 1;
    if (go_back(w, t, xb_rank_head(w, t)->before) < 0) return -1;
    xb_rank_head(w, t)->end.undone++;
    w->cx->host->diagnose(w->cx, XB_NOTE, "rank-clip", NULL,
                          "step %lld: the hold-out's top-1 is %.2f %%, below the gate's %.2f %%: "
                          "'%s' stays at rank %lld",
                          (long long)step, 100 * top1, 100 * xb_rank_head(w, t)->end.level - w->o->gate.slack,
                          w->layer[worst].name, (long long)w->layer[worst].now.k);
    return 0;
}

int xb_rank_judge(rank_work *w, xb_trainer *t, double top1, bool *may_clip)
{
    rank_head *h = xb_rank_head(w, t);
    *may_clip = true;
    if (!xb_is_gated(&w->o->gate)) return 0;
    if (!h->end.clips && top1 < h->end.level) h->end.level = top1;
    bool fair = top1 >= h->end.level - w->o->gate.slack / 100;
    if (h->before >= 0 && !fair && worst_clip(w) < w->n) return take_back(w, t, top1);
    drop(w, t, &h->before);
    if (top1 >= h->end.aim.least) {
        drop(w, t, &h->good);
        h->good = w->train->snapshot(t);
    }
    *may_clip = fair;
    return 0;
}

int xb_rank_judge_end(rank_work *w, xb_trainer *t, double top1)
{
    rank_head *h = xb_rank_head(w, t);
    if (!xb_is_gated(&w->o->gate)) return 0;
    if (top1 < h->end.aim.least) {
        if (go_back(w, t, h->good) < 0) return -1;
        h = xb_rank_head(w, t);
        h->end.gave_up = 1;
        h->end.last = top1;
    }
    drop(w, t, &h->before);
    drop(w, t, &h->good);
    return 0;
}
