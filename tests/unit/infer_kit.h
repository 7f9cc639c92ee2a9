/* infer_kit.h: small graphs for the tests of inference. */
#ifndef INFER_KIT_H
#define INFER_KIT_H

#include "ir/infer.h"
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kit {
    xb_graph *g;
    xb_diags *d;
    xb_op op; /* the last one added */
    bool ok;  /* of the last infer */
} kit;

static inline kit kit_new(void)
{
    return (kit){.g = xb_graph_new("net", "net.onnx"), .d = xb_diags_new(NULL, XB_DIAG_TEXT, false)};
}

static inline void kit_free(kit *k)
{
    xb_graph_free(k->g);
    xb_diags_free(k->d);
}

/* "N,3,8,8" -> dimensions; "" is a scalar. */
static inline xb_type shape(kit *k, xb_dtype t, const char *dims)
{
    xb_type type = {.dtype = t};
    char copy[256];
    snprintf(copy, sizeof copy, "%s", dims);
    for (char *save = NULL, *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
        char *end;
        int64_t v = strtoll(s, &end, 10);
        type.dim[type.rank++] = *end ? xb_graph_symbol_id(k->g, s) : v;
    }
    return type;
}

static inline xb_value input(kit *k, const char *name, xb_dtype t, const char *dims)
{
    xb_type type = shape(k, t, dims);
    return xb_graph_add_input(k->g, name, &type);
}

/* A constant of zeros. */
static inline xb_value zeros(kit *k, xb_dtype t, const char *dims)
{
    xb_type type = shape(k, t, dims);
    return xb_graph_add_const(k->g, "", &type, NULL);
}

static inline xb_value vector(kit *k, const int64_t *v, size_t n)
{
    xb_type type = {.dtype = XB_I64, .rank = 1, .dim = {(int64_t)n}};
    return xb_graph_add_const(k->g, "", &type, v);
}

static inline xb_value scalar(kit *k, int64_t v)
{
    xb_type type = {.dtype = XB_I64};
    return xb_graph_add_const(k->g, "", &type, &v);
}

#define INTS(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)
#define VECTOR(k, ...) vector((k), INTS(__VA_ARGS__))

static inline xb_value add_op(kit *k, const char *type, const xb_value *in, size_t n, xb_value *out, size_t n_out)
{
    xb_value v[8];
    k->op = xb_graph_add_op(k->g, (xb_op){0}, type, "", in, n, out ? out : v, n_out);
    return out ? out[0] : v[0];
}

#define OP(k, type, ...)                                                                                               \
    add_op((k), (type), (const xb_value[]){__VA_ARGS__}, sizeof((const xb_value[]){__VA_ARGS__}) / sizeof(xb_value),   \
           NULL, 1)
#define NONE ((xb_value){0})

static inline bool infer(kit *k)
{
    return k->ok = xb_graph_infer(k->d, k->g, NULL);
}

static inline bool infer_to(kit *k, xb_value out)
{
    xb_graph_add_output(k->g, out);
    return infer(k);
}

/* Without the quotes around expressions. */
static inline const char *type_text(kit *k, xb_value v, char text[256])
{
    xb_buf b = {0};
    xb_type_print(&b, k->g, xb_graph_type(k->g, v));
    size_t n = 0;
    for (const char *p = xb_buf_cstr(&b); *p && n < 255; p++)
        if (*p != '"') text[n++] = *p;
    text[n] = 0;
    xb_buf_free(&b);
    return text;
}

#define EXPECT_TYPE(k, v, want)                                                                                        \
    do {                                                                                                               \
        char text_[256];                                                                                               \
        ck_assert_msg((k)->ok, "%s", xb_diags_text((k)->d));                                                           \
        ck_assert_str_eq(type_text((k), (v), text_), (want));                                                          \
    } while (0)

/* Infers to `v` and expects its type; ends the kit. */
#define EXPECT_RESULT(k, v, want)                                                                                      \
    do {                                                                                                               \
        xb_value v_ = (v);                                                                                             \
        infer_to((k), v_);                                                                                             \
        EXPECT_TYPE((k), v_, want);                                                                                    \
        kit_free(k);                                                                                                   \
    } while (0)

/* Infers to `v` and expects a diagnostic that holds `code` and `words`; ends the kit. */
#define EXPECT_ERROR(k, v, code, words)                                                                                \
    do {                                                                                                               \
        infer_to((k), (v));                                                                                            \
        ck_assert_msg(!(k)->ok, "inference should have failed: %s", words);                                            \
        const char *said_ = xb_diags_text((k)->d);                                                                     \
        ck_assert_msg(strstr(said_, "[" code "]") && strstr(said_, words), "%s", said_);                               \
        kit_free(k);                                                                                                   \
    } while (0)

static inline int run_tests(const char *name, void (*add)(TCase *))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 120);
    add(t);
    return run_case(name, t);
}

#endif
