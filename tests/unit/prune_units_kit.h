/* prune_units_kit.h: the pass prune-units on small networks, with the host's own services. */
#ifndef PRUNE_UNITS_KIT_H
#define PRUNE_UNITS_KIT_H

#include "ir/module.h"
#include "ir/verify.h"
#include "plug/context.h"
#include "train_kit.h"

#include "../../passes/prune-units.c"
#include "../../passes/prune-units/facts.c"
#include "../../passes/prune-units/net.c"
#include "../../passes/prune-units/plan.c"
#include "../../passes/prune-units/rounds.c"
#include "../../passes/prune-units/score.c"

typedef struct bench {
    xb_diags *d;
    xb_arena *a;
    xb_hw hw;
    xb_run_info info;
    xb_context *c;
    xb_cx *cx;
    xb_module *m;
    xb_graph *came;
    prune_options o;
} bench;

static inline xb_graph *bench_net(const char *text)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = kit_net(d, text);
    xb_diags_free(d);
    return g;
}

/* g is the bench's; data NULL: none. */
static inline bench *bench_new(xb_graph *g, const char *text, const char *data, size_t holdout)
{
    bench *b = xb_calloc(1, sizeof *b);
    b->d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    b->a = xb_arena_new();
    xb_yaml *y = xb_yaml_parse(b->d, b->a, "options", text, strlen(text), NULL, NULL);
    bool read = y && xb_opts_read(b->d, b->a, "prune-units", options, y, &b->o, sizeof b->o);
    ck_assert_msg(read, "%s", xb_diags_text(b->d));
    b->c = xb_context_new(b->d, &b->hw, 5, &b->info);
    xb_learning l = {.data = data, .map = {.scale = 1.0 / 256}, .holdout = holdout, .engine = {.threads = 1}};
    xb_context_learning(b->c, &l);
    b->m = xb_module_new(g);
    b->came = xb_graph_clone(g);
    b->cx = xb_context_begin(b->c, "prune-units", NULL);
    xb_context_entering(b->c, b->came, text);
    return b;
}

static inline xb_graph *bench_graph(bench *b)
{
    return xb_module_graph(b->m);
}

static inline void bench_free(bench *b)
{
    xb_context_end(b->c);
    xb_context_free(b->c);
    xb_module_free(b->m);
    xb_graph_free(b->came);
    xb_arena_free(b->a);
    xb_diags_free(b->d);
    free(b);
}

static inline bool bench_says(const bench *b, const char *words)
{
    return strstr(xb_diags_text(b->d), words) != NULL;
}

/* Runs the pass; what it leaves is whole. */
static inline void bench_run(bench *b)
{
    ck_assert_msg(run(b->cx, b->m, &b->o) >= 0, "%s", xb_diags_text(b->d));
    ck_assert_msg(xb_graph_verify(b->d, bench_graph(b)), "%s", xb_diags_text(b->d));
    ck_assert_msg(xb_diags_errors(b->d) == 0, "%s", xb_diags_text(b->d));
}

/* The single figure "pass.prune-units.KEY"; NAN: there is none. */
static inline double bench_fact(const bench *b, const char *key)
{
    const xb_fact *f;
    double found = NAN;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++)
        if (!f[i].along && !strncmp(f[i].key, "pass.prune-units.", 17) && !strcmp(f[i].key + 17, key))
            found = f[i].value;
    return found;
}

/* The curve "pass.prune-units.KEY": how many points. */
static inline size_t bench_curve(const bench *b, const char *key, size_t most, double *at, double *value)
{
    const xb_fact *f;
    size_t k = 0;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++) {
        if (!f[i].along || strncmp(f[i].key, "pass.prune-units.", 17) || strcmp(f[i].key + 17, key)) continue;
        ck_assert_str_eq(f[i].along, "step");
        ck_assert_uint_lt(k, most);
        at[k] = f[i].at;
        value[k++] = f[i].value;
    }
    return k;
}

/* All facts as one text. */
static inline char *bench_journal(const bench *b)
{
    const xb_fact *f;
    xb_buf t = {0};
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++)
        xb_buf_printf(&t, "%s %a %s %s %s %a\n", f[i].key, f[i].value, f[i].split, f[i].text ? f[i].text : "",
                      f[i].along ? f[i].along : "", f[i].at);
    return t.data;
}

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

static inline int64_t bench_cells(xb_graph *g)
{
    int64_t n = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        xb_matrix m;
        if (xb_graph_matrix(g, op, &m)) n += m.groups * m.rows * m.cols;
    }
    return n;
}

/* Largest difference of the outputs before and now, as a part of the largest output. */
static inline double bench_change(bench *b)
{
    net was_net = {.g = b->came, .d = b->d}, is_net = {.g = bench_graph(b), .d = b->d};
    xb_tensor was = net_run(&was_net, 1, 4, true, 4), is = net_run(&is_net, 1, 4, true, 4);
    double top = 0, worst = 0;
    ck_assert(xb_type_same(&was.type, &is.type));
    for (int64_t i = 0; i < xb_type_count(&was.type); i++) {
        double x = xb_tensor_get(&was, (size_t)i), y = xb_tensor_get(&is, (size_t)i);
        ck_assert(isfinite(x) && isfinite(y));
        if (fabs(x) > top) top = fabs(x);
        if (fabs(x - y) > worst) worst = fabs(x - y);
    }
    xb_tensor_free(&was);
    xb_tensor_free(&is);
    ck_assert(top > 0);
    return worst / top;
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
