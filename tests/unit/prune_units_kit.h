/* prune_units_kit.h: the pass prune-units, and the units of layers. */
#ifndef PRUNE_UNITS_KIT_H
#define PRUNE_UNITS_KIT_H

#include "../../passes/prune-units.c"
#include "../../passes/prune-units/facts.c"
#include "../../passes/prune-units/net.c"
#include "../../passes/prune-units/plan.c"
#include "../../passes/prune-units/rounds.c"
#include "../../passes/prune-units/score.c"

typedef prune_options pass_options;
#include "pass_kit.h"

static inline xb_matrix bench_matrix(xb_graph *g, const char *layer)
{
    xb_matrix m;
    ck_assert_msg(xb_graph_matrix(g, xb_graph_find_op(g, layer), &m), "no layer %s", layer);
    return m;
}

static inline int64_t bench_units(bench *b, const char *layer)
{
    xb_matrix m = bench_matrix(bench_graph(b), layer);
    return m.groups * m.cols;
}

/* Sets column `unit` of a layer's matrix (all of its weights), or the rows [row, row + n), to w. */
static inline void bench_set_unit(xb_graph *g, const char *layer, int64_t unit, float w)
{
    xb_matrix m = bench_matrix(g, layer);
    float *data = xb_graph_write(g, m.weight);
    for (int64_t r = 0; r < m.rows; r++)
        data[unit / m.cols * m.group_stride + r * m.row_stride + unit % m.cols * m.col_stride] = w;
}

static inline void bench_set_rows(xb_graph *g, const char *layer, int64_t row, int64_t n, float w)
{
    xb_matrix m = bench_matrix(g, layer);
    float *data = xb_graph_write(g, m.weight);
    for (int64_t r = row; r < row + n; r++)
        for (int64_t c = 0; c < m.cols; c++) data[r * m.row_stride + c * m.col_stride] = w;
}

static inline void bench_set(xb_graph *g, const char *constant, const float *v, size_t n)
{
    memcpy(xb_graph_write(g, xb_graph_find(g, constant)), v, n * sizeof *v);
}

#endif
