/* rank_clip_kit.h: the pass rank-clip on small networks, with the host's own services. */
#ifndef RANK_CLIP_KIT_H
#define RANK_CLIP_KIT_H

#include "ir/module.h"
#include "plug/context.h"
#include "train_kit.h"
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../passes/rank-clip.c"
#include "../../passes/rank-clip/allocate.c"
#include "../../passes/rank-clip/clip.c"
#include "../../passes/rank-clip/direct.c"
#include "../../passes/rank-clip/facts.c"
#include "../../passes/rank-clip/gate.c"
#include "../../passes/rank-clip/layers.c"
#include "../../passes/rank-clip/spectrum.c"

typedef struct bench {
    xb_diags *d;
    xb_arena *a;
    xb_hw hw;
    xb_run_info info;
    xb_context *c;
    xb_cx *cx;
    xb_module *m;
    xb_graph *came;
    rank_options o;
} bench;

static inline xb_graph *bench_net(const char *text)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = kit_net(d, text);
    xb_diags_free(d);
    return g;
}

static inline rank_options bench_options(bench *b, const char *text)
{
    rank_options o;
    xb_yaml *y = xb_yaml_parse(b->d, b->a, "options", text, strlen(text), NULL, NULL);
    ck_assert_msg(y && xb_opts_read(b->d, b->a, "rank-clip", options, y, &o, sizeof o), "%s", xb_diags_text(b->d));
    return o;
}

/* g is the bench's; data NULL: none. */
static inline bench *bench_new(xb_graph *g, const char *text, const char *data, size_t holdout)
{
    bench *b = xb_calloc(1, sizeof *b);
    b->d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    b->a = xb_arena_new();
    b->o = bench_options(b, text);
    b->c = xb_context_new(b->d, &b->hw, 5, &b->info);
    xb_learning l = {.data = data, .map = {.scale = 1.0 / 256}, .holdout = holdout, .engine = {.threads = 1}};
    xb_context_learning(b->c, &l);
    b->m = xb_module_new(g);
    b->came = xb_graph_clone(g);
    b->cx = xb_context_begin(b->c, "rank-clip", NULL);
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

static inline void bench_run(bench *b)
{
    ck_assert_msg(run(b->cx, b->m, &b->o) >= 0, "%s", xb_diags_text(b->d));
    ck_assert_uint_eq(xb_diags_errors(b->d), 0);
}

static inline bool bench_says(const bench *b, const char *words)
{
    return strstr(xb_diags_text(b->d), words) != NULL;
}

/* The single figure "pass.rank-clip.KEY"; NAN: there is none. */
static inline double bench_fact(const bench *b, const char *key)
{
    const xb_fact *f;
    double found = NAN;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++)
        if (!f[i].along && !strncmp(f[i].key, "pass.rank-clip.", 15) && !strcmp(f[i].key + 15, key)) found = f[i].value;
    return found;
}

/* The curve "pass.rank-clip.KEY": how many points, at most `most` of them. */
static inline size_t bench_curve(const bench *b, const char *key, size_t most, double *at, double *value)
{
    const xb_fact *f;
    size_t k = 0;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++) {
        if (!f[i].along || strncmp(f[i].key, "pass.rank-clip.", 15) || strcmp(f[i].key + 15, key)) continue;
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

/* The output of the graph for four random inputs. */
static inline xb_tensor bench_output(bench *b, xb_graph *g)
{
    net n = {.g = g, .d = b->d};
    return net_run(&n, 1, 4, true, 4);
}

/* Largest difference of the outputs before and now, as a part of the largest output. */
static inline double bench_change(bench *b)
{
    xb_tensor was = bench_output(b, b->came), is = bench_output(b, bench_graph(b));
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

#endif
