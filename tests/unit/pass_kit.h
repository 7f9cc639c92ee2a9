/* pass_kit.h: a pass on small networks, with the host's own services. The pass's sources are included before it, and
 * pass_options named: its option structure. */
#ifndef PASS_KIT_H
#define PASS_KIT_H

#include "ir/module.h"
#include "ir/verify.h"
#include "plug/context.h"
#include "train_kit.h"

typedef struct bench {
    xb_diags *d;
    xb_arena *a;
    xb_hw hw;
    xb_run_info info;
    xb_context *c;
    xb_cx *cx;
    xb_module *m;
    xb_graph *came;
    pass_options o;
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
    bool read = y && xb_opts_read(b->d, b->a, pass.name, options, y, &b->o, sizeof b->o);
    ck_assert_msg(read, "%s", xb_diags_text(b->d));
    b->c = xb_context_new(b->d, &b->hw, 5, &b->info);
    xb_learning l = {.data = data, .map = {.scale = 1.0 / 256}, .holdout = holdout, .engine = {.threads = 1}};
    xb_context_learning(b->c, &l);
    b->m = xb_module_new(g);
    b->came = xb_graph_clone(g);
    b->cx = xb_context_begin(b->c, pass.name, NULL);
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

/* How often? */
static inline size_t bench_counts(const bench *b, const char *words)
{
    size_t n = 0;
    for (const char *at = xb_diags_text(b->d); (at = strstr(at, words)); at++) n++;
    return n;
}

/* Runs the pass; what it leaves is whole. */
static inline void bench_run(bench *b)
{
    ck_assert_msg(run(b->cx, b->m, &b->o) >= 0, "%s", xb_diags_text(b->d));
    ck_assert_msg(xb_graph_verify(b->d, bench_graph(b)), "%s", xb_diags_text(b->d));
    ck_assert_msg(xb_diags_errors(b->d) == 0, "%s", xb_diags_text(b->d));
}

/* Is it what the pass tells, "pass.NAME.KEY"? */
static inline bool bench_is_key(const xb_fact *f, const char *key)
{
    size_t n = strlen(pass.name);
    return !strncmp(f->key, "pass.", 5) && !strncmp(f->key + 5, pass.name, n) && f->key[5 + n] == '.' &&
           !strcmp(f->key + 6 + n, key);
}

/* The single figure KEY; NAN: there is none. */
static inline double bench_fact(const bench *b, const char *key)
{
    const xb_fact *f;
    double found = NAN;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++)
        if (!f[i].along && bench_is_key(&f[i], key)) found = f[i].value;
    return found;
}

/* The curve KEY: how many points, at most `most` of them. */
static inline size_t bench_curve(const bench *b, const char *key, size_t most, double *at, double *value)
{
    const xb_fact *f;
    size_t k = 0;
    for (size_t n = xb_module_facts(b->m, &f), i = 0; i < n; i++) {
        if (!f[i].along || !bench_is_key(&f[i], key)) continue;
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
