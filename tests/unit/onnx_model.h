/* onnx_model.h: builds ONNX models field by field for the tests of src/onnx, right or wrong as the test wants.
 *
 *     model m = {.opset = 17};
 *     add_input(&m, "x", 1, "batch,3");
 *     add_node(&m, "Relu", "relu", "x", "y", NULL);
 *     add_output(&m, "y", 1, "batch,3");
 *     xb_graph *g = read_model(&m);   // frees m's text
 */
#ifndef TESTS_UNIT_ONNX_MODEL_H
#define TESTS_UNIT_ONNX_MODEL_H

#include "ir/tensor.h"
#include "onnx/encode.h"
#include "onnx/onnx.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char model_dir[64];
static xb_diags *diags;

static inline void set_up(void)
{
    strcpy(model_dir, "/tmp/xbarc-onnx-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(model_dir));
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
}

static inline void tear_down(void)
{
    char command[100];
    xb_diags_free(diags);
    snprintf(command, sizeof command, "rm -r %s", model_dir);
    ck_assert_int_eq(system(command), 0);
}

/* A path in the test's folder; the next call but three overwrites it. */
static inline const char *in_dir(const char *name)
{
    static char path[4][200];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", model_dir, name);
    return p;
}

static inline xb_encoder into(xb_buf *b)
{
    return (xb_encoder){.write = xb_json_to_buf, .to = b};
}

static inline void put_int(xb_buf *b, uint32_t field, int64_t v)
{
    xb_encoder e = into(b);
    xb_encode_int(&e, field, v);
}

static inline void put_float(xb_buf *b, uint32_t field, float v)
{
    xb_encoder e = into(b);
    xb_encode_float(&e, field, v);
}

static inline void put_text(xb_buf *b, uint32_t field, const char *s)
{
    xb_encoder e = into(b);
    xb_encode_text(&e, field, s);
}

static inline void put_bytes(xb_buf *b, uint32_t field, const void *bytes, size_t n)
{
    xb_encoder e = into(b);
    xb_encode_blob(&e, field, bytes, n);
}

/* Takes `inner` over. */
static inline void put_message(xb_buf *b, uint32_t field, xb_buf *inner)
{
    put_bytes(b, field, inner->data, inner->len);
    xb_buf_free(inner);
}

/* ---- attributes: lists of field 5 of a node ---- */

static inline void attr_begin(xb_buf *a, const char *name, int type)
{
    put_text(a, 1, name);
    put_int(a, 20, type);
}

static inline void attr_int(xb_buf *to, const char *name, int64_t v)
{
    xb_buf a = {0};
    attr_begin(&a, name, 2);
    put_int(&a, 3, v);
    put_message(to, 5, &a);
}

static inline void attr_float(xb_buf *to, const char *name, float v)
{
    xb_buf a = {0};
    attr_begin(&a, name, 1);
    put_float(&a, 2, v);
    put_message(to, 5, &a);
}

static inline void attr_text(xb_buf *to, const char *name, const char *v)
{
    xb_buf a = {0};
    attr_begin(&a, name, 3);
    put_text(&a, 4, v);
    put_message(to, 5, &a);
}

static inline void attr_ints(xb_buf *to, const char *name, const int64_t *v, size_t n)
{
    xb_buf a = {0};
    attr_begin(&a, name, 7);
    for (size_t i = 0; i < n; i++) put_int(&a, 8, v[i]);
    put_message(to, 5, &a);
}
#define ATTR_INTS(to, name, ...)                                                                                       \
    attr_ints(to, name, (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static inline void attr_tensor(xb_buf *to, const char *name, xb_buf *tensor)
{
    xb_buf a = {0};
    attr_begin(&a, name, 4);
    put_message(&a, 5, tensor);
    put_message(to, 5, &a);
}

/* ---- tensors ---- */

static inline xb_buf tensor_of(const char *name, int data_type, const char *dims)
{
    xb_buf t = {0};
    for (const char *at = dims; *at; at += strspn(at, ",")) put_int(&t, 1, strtoll(at, (char **)&at, 10));
    put_int(&t, 2, data_type);
    if (name) put_text(&t, 8, name);
    return t;
}

static inline xb_buf tensor_raw(const char *name, int data_type, const char *dims, const void *raw, size_t n)
{
    xb_buf t = tensor_of(name, data_type, dims);
    put_bytes(&t, 9, raw, n);
    return t;
}

/* ---- models ---- */

typedef struct model {
    int64_t opset;       /* 0: none imported */
    xb_buf graph, extra; /* extra: more fields of ModelProto */
} model;

/* "a,b,,c" -> repeated text */
static inline void put_list(xb_buf *b, uint32_t field, const char *list)
{
    char word[200];
    for (const char *at = list; *list;) {
        size_t n = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        put_text(b, field, word);
        if (!at[n]) break;
        at += n + 1;
    }
}

/* attrs may be NULL; is freed. */
static inline void add_node(model *m, const char *op, const char *name, const char *in, const char *out, xb_buf *attrs)
{
    xb_buf n = {0};
    put_list(&n, 1, in);
    put_list(&n, 2, out);
    if (name) put_text(&n, 3, name);
    put_text(&n, 4, op);
    if (attrs) xb_buf_add(&n, attrs->data, attrs->len);
    if (attrs) xb_buf_free(attrs);
    put_message(&m->graph, 1, &n);
}

static inline void add_value_info(model *m, uint32_t field, const char *name, int data_type, const char *dims)
{
    xb_buf v = {0}, type = {0}, tensor = {0}, shape = {0};
    char word[100];
    for (const char *at = dims; dims && *at;) {
        xb_buf d = {0};
        size_t n = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        if (strspn(word, "-0123456789"))
            put_int(&d, 1, strtoll(word, NULL, 10));
        else if (strcmp(word, "?"))
            put_text(&d, 2, word);
        put_message(&shape, 1, &d);
        at += n + (at[n] == ',');
    }
    put_text(&v, 1, name);
    put_int(&tensor, 1, data_type);
    if (dims) put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_message(&v, 2, &type);
    put_message(&m->graph, field, &v);
}

static inline void add_input(model *m, const char *name, int data_type, const char *dims)
{
    add_value_info(m, 11, name, data_type, dims);
}

static inline void add_output(model *m, const char *name, int data_type, const char *dims)
{
    add_value_info(m, 12, name, data_type, dims);
}

static inline void add_tensor(model *m, xb_buf *tensor)
{
    put_message(&m->graph, 5, tensor);
}

static inline xb_buf model_bytes(model *m)
{
    xb_buf b = {0}, opset = {0};
    put_int(&b, 1, 8);
    put_int(&opset, 2, m->opset);
    if (m->opset)
        put_message(&b, 8, &opset);
    else
        xb_buf_free(&opset);
    put_text(&m->graph, 2, "test");
    put_message(&b, 7, &m->graph);
    xb_buf_add(&b, m->extra.data ? m->extra.data : "", m->extra.len);
    xb_buf_free(&m->extra);
    return b;
}

static inline void write_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(in_dir(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* The graph, or NULL after diagnostics; what was said before is forgotten. */
static inline xb_graph *read_bytes(const void *bytes, size_t n)
{
    write_bytes("m.onnx", bytes, n);
    xb_diags_free(diags);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_onnx_read(diags, in_dir("m.onnx"));
    ck_assert_msg((g == NULL) == (xb_diags_errors(diags) > 0), "result and diagnostics disagree: %s",
                  xb_diags_text(diags));
    return g;
}

static inline xb_graph *read_model(model *m)
{
    xb_buf b = model_bytes(m);
    xb_graph *g = read_bytes(b.data, b.len);
    xb_buf_free(&b);
    return g;
}

static inline xb_graph *must_read(model *m)
{
    xb_graph *g = read_model(m);
    ck_assert_msg(g != NULL, "%s", xb_diags_text(diags));
    return g;
}

/* The model is refused with that code, and the message has that word in it. */
static inline void must_refuse(model *m, const char *code, const char *word)
{
    char in_brackets[40];
    snprintf(in_brackets, sizeof in_brackets, "[%s]", code);
    xb_graph *g = read_model(m);
    ck_assert_msg(g == NULL, "was accepted, but should be [%s] %s", code, word);
    ck_assert_msg(strstr(xb_diags_text(diags), in_brackets) && strstr(xb_diags_text(diags), word),
                  "expected '%s' and [%s] in: %s", word, code, xb_diags_text(diags));
}

/* "Conv Relu Gemm" */
static inline const char *kinds_of(const xb_graph *g)
{
    static char text[400];
    text[0] = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? " " : "", xb_graph_op_type(g, op));
    return text;
}

static inline xb_op op_of_kind(const xb_graph *g, xb_kind kind)
{
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (xb_graph_kind(g, op) == kind) return op;
    ck_abort_msg("no %s among %s", xb_opdef_of(kind)->name, kinds_of(g));
    return (xb_op){0};
}

static inline xb_value input_of(const xb_graph *g, xb_op op, size_t i)
{
    const xb_value *in;
    return i < xb_graph_op_inputs(g, op, &in) ? in[i] : (xb_value){0};
}

/* Input i of op is a constant with these numbers. */
static inline void expect_numbers(const xb_graph *g, xb_op op, size_t i, xb_dtype type, int rank, const double *want,
                                  size_t n)
{
    xb_value v = input_of(g, op, i);
    ck_assert(xb_graph_is_const(g, v));
    const xb_type *t = xb_graph_type(g, v);
    ck_assert_int_eq(t->dtype, type);
    ck_assert_int_eq(t->rank, rank);
    ck_assert_int_eq(xb_type_count(t), (int64_t)n);
    for (size_t k = 0; k < n; k++) ck_assert_double_eq(xb_scalar_get(type, xb_graph_data(g, v), k), want[k]);
}
#define EXPECT_NUMBERS(g, op, i, type, rank, ...)                                                                      \
    expect_numbers(g, op, i, type, rank, (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static inline int run_tests(TCase *tc)
{
    return run_case("onnx", tc);
}

/* x (f32, of those dims) -> one node -> y */
static inline xb_graph *one_node(int64_t opset, const char *op, const char *dims, xb_buf *attrs)
{
    model m = {.opset = opset};
    add_input(&m, "x", 1, dims);
    add_node(&m, op, "n", "x", "y", attrs);
    add_output(&m, "y", 1, NULL);
    return must_read(&m);
}

static inline void add_vector(model *m, const char *name, size_t n)
{
    float v[16];
    char dims[8];
    for (size_t i = 0; i < n; i++) v[i] = (float)i + 1;
    snprintf(dims, sizeof dims, "%zu", n);
    xb_buf t = tensor_raw(name, 1, dims, v, n * sizeof *v);
    add_tensor(m, &t);
}

#endif
