/* hw_fixture.h: hardware from text and graphs of given matrices, for the tests of hw. */
#ifndef HW_FIXTURE_H
#define HW_FIXTURE_H

#include "base/opts.h"
#include "hw/hw.h"
#include "hw/layout.h"
#include "ir/infer.h"
#include "ir/verify.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>
#include <xbarc/abi.h>

typedef struct fx {
    xb_diags *d;
    xb_arena *a;
    xb_graph *g;
    xb_hw hw;
    xb_layout *l;
} fx;

#define FX_EXACT "xbarc: 1\ncrossbar: {rule: exact, rows: 64, cols: 64, exact: true}\n"
#define FX_FIXED(n) "xbarc: 1\ncrossbar: {rule: fixed, rows: " #n ", cols: " #n "}\n"

static inline bool fx_parse(fx *f, const char *text)
{
    xb_yaml *y = xb_yaml_parse(f->d, f->a, "hw.yaml", text, strlen(text), NULL, NULL);
    return y && xb_hw_read(f->d, f->a, y, NULL, &f->hw);
}

static inline fx fx_new(const char *hw)
{
    fx f = {.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .a = xb_arena_new(), .g = xb_graph_new("net", "net.onnx")};
    if (hw) ck_assert_msg(fx_parse(&f, hw), "%s", xb_diags_text(f.d));
    return f;
}

static inline void fx_free(fx *f)
{
    xb_layout_free(f->l);
    xb_graph_free(f->g);
    xb_arena_free(f->a);
    xb_diags_free(f->d);
}

static inline xb_type fx_type(int rank, const int64_t *dim)
{
    xb_type t = {.dtype = XB_F32, .rank = rank};
    for (int i = 0; i < rank; i++) t.dim[i] = dim[i];
    return t;
}
#define FX_TYPE(...) fx_type((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

static inline xb_value fx_input(fx *f, const char *name, xb_type type)
{
    return xb_graph_add_input(f->g, name, &type);
}

/* Distinct nonzero values. */
static inline xb_value fx_weight(fx *f, const char *name, xb_type type)
{
    size_t n = (size_t)xb_type_count(&type);
    float *w = xb_malloc(n * sizeof *w + 1);
    for (size_t i = 0; i < n; i++) w[i] = (float)(i % 100003 + 1) * (i % 3 ? 1e-5f : -1e-5f);
    xb_value v = xb_graph_add_const(f->g, name, &type, w);
    free(w);
    return v;
}

static inline xb_value fx_op(fx *f, xb_kind kind, const char *name, xb_value x, xb_value w, xb_op *op)
{
    xb_value in[2] = {x, w}, out;
    char result[64];
    snprintf(result, sizeof result, "%s.y", name);
    const char *names[] = {result};
    xb_op made = xb_graph_add_op_kind(f->g, (xb_op){0}, kind, name, in, w.id ? 2 : 1, names, &out, 1);
    if (op) *op = made;
    return out;
}

/* A matrix by itself, N x K, with an input of its own; returns its weight. A MatMul, or (transposed) a Gemm. */
static inline xb_value fx_matrix(fx *f, const char *name, int64_t rows, int64_t cols, bool transposed)
{
    char text[64];
    snprintf(text, sizeof text, "%s.x", name);
    xb_value x = fx_input(f, text, FX_TYPE(1, rows));
    snprintf(text, sizeof text, "%s.w", name);
    xb_value w = fx_weight(f, text, transposed ? FX_TYPE(cols, rows) : FX_TYPE(rows, cols));
    xb_op op;
    xb_value y = fx_op(f, transposed ? XB_OP_Gemm : XB_OP_MatMul, name, x, w, &op);
    if (transposed) xb_graph_set_int(f->g, op, "transB", 1);
    xb_graph_add_output(f->g, y);
    return w;
}

static inline xb_value fx_conv(fx *f, const char *name, xb_value x, int64_t out, int64_t in_per_group, int64_t k,
                               int64_t groups)
{
    char text[64];
    xb_op op;
    snprintf(text, sizeof text, "%s.w", name);
    xb_value y = fx_op(f, XB_OP_Conv, name, x, fx_weight(f, text, FX_TYPE(out, in_per_group, k, k)), &op);
    if (groups > 1) xb_graph_set_int(f->g, op, "group", groups);
    return y;
}

static inline xb_value fx_maxpool(fx *f, const char *name, xb_value x)
{
    xb_op op;
    xb_value y = fx_op(f, XB_OP_MaxPool, name, x, (xb_value){0}, &op);
    xb_graph_set_ints(f->g, op, "kernel_shape", (int64_t[]){2, 2}, 2);
    xb_graph_set_ints(f->g, op, "strides", (int64_t[]){2, 2}, 2);
    return y;
}

/* LeNet A (docs/methods): conv1 20@5x5, pool, conv2 50@5x5, pool, fc1 500, fc2 10; 430,500 weights. */
static inline void fx_lenet(fx *f)
{
    xb_op op;
    xb_value x = fx_input(f, "x", FX_TYPE(1, 1, 28, 28));
    x = fx_maxpool(f, "pool1", fx_conv(f, "conv1", x, 20, 1, 5, 1));
    x = fx_maxpool(f, "pool2", fx_conv(f, "conv2", x, 50, 20, 5, 1));
    x = fx_op(f, XB_OP_Flatten, "flat", x, (xb_value){0}, NULL);
    x = fx_op(f, XB_OP_Gemm, "fc1", x, fx_weight(f, "fc1.w", FX_TYPE(500, 800)), &op);
    xb_graph_set_int(f->g, op, "transB", 1);
    x = fx_op(f, XB_OP_Relu, "relu", x, (xb_value){0}, NULL);
    x = fx_op(f, XB_OP_MatMul, "fc2", x, fx_weight(f, "fc2.w", FX_TYPE(500, 10)), NULL);
    xb_graph_add_output(f->g, x);
}

static inline void fx_plan(fx *f)
{
    ck_assert_msg(xb_graph_infer(f->d, f->g, NULL), "%s", xb_diags_text(f->d));
    ck_assert_msg(xb_graph_verify(f->d, f->g), "%s", xb_diags_text(f->d));
    xb_layout_free(f->l);
    f->l = xb_layout_plan(f->d, f->g, &f->hw);
    ck_assert_msg(f->l != NULL, "%s", xb_diags_text(f->d));
}

static inline const xb_layer_cost *fx_cost(const fx *f, const char *name)
{
    const xb_layer_cost *c;
    size_t n = xb_layout_layer_costs(f->l, &c);
    for (size_t i = 0; i < n; i++)
        if (strcmp(c[i].name, name) == 0) return &c[i];
    ck_abort_msg("no layer %s", name);
    return NULL;
}

typedef struct fx_size {
    const char *name;
    int64_t rows, cols;
} fx_size;

/* A network that is nothing but matrices, alternately MatMul and Gemm. */
static inline fx fx_sizes(const char *hw, const fx_size *s, size_t n)
{
    fx f = fx_new(hw);
    for (size_t i = 0; i < n; i++) fx_matrix(&f, s[i].name, s[i].rows, s[i].cols, i % 2);
    fx_plan(&f);
    return f;
}

/* A plugin's first pass is described as the loader wants it. */
static inline void fx_check_pass(const xb_plugin *p)
{
    const char *why;
    const xb_pass *s = p->passes[0];
    ck_assert(p->abi.magic == XB_ABI_MAGIC && s->struct_size == sizeof *s && s->summary && s->doc && s->example);
    ck_assert(xb_opts_check(s->options, s->options_size, &why));
    ck_assert_str_eq(p->name, s->name);
}

static inline int fx_main(const char *name, void (*add)(TCase *))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 0);
    add(t);
    return run_case(name, t);
}

#endif
