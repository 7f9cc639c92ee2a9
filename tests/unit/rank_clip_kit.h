/* rank_clip_kit.h: the pass rank-clip, and the ranks that it leaves. */
#ifndef RANK_CLIP_KIT_H
#define RANK_CLIP_KIT_H

#include "../../passes/rank-clip.c"
#include "../../passes/rank-clip/allocate.c"
#include "../../passes/rank-clip/clip.c"
#include "../../passes/rank-clip/direct.c"
#include "../../passes/rank-clip/facts.c"
#include "../../passes/rank-clip/gate.c"
#include "../../passes/rank-clip/layers.c"
#include "../../passes/rank-clip/spectrum.c"

typedef rank_options pass_options;
#include "pass_kit.h"

static inline xb_op bench_op(bench *b, const char *name)
{
    return xb_graph_find_op(bench_graph(b), name);
}

/* K of a layer that was split; 0: it is one op. */
static inline int64_t bench_rank(bench *b, const char *layer)
{
    char name[64];
    xb_matrix u, v;
    snprintf(name, sizeof name, "%s_u", layer);
    xb_op first = bench_op(b, name);
    if (!first.id) {
        ck_assert(bench_op(b, layer).id != 0);
        return 0;
    }
    snprintf(name, sizeof name, "%s_v", layer);
    ck_assert(!bench_op(b, layer).id && xb_graph_matrix(bench_graph(b), first, &u));
    ck_assert(xb_graph_matrix(bench_graph(b), bench_op(b, name), &v));
    ck_assert_int_eq(u.cols, v.rows);
    return u.cols;
}

#endif
