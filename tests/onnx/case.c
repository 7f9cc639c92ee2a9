/* case.c: reads a model with the front-end, runs it with both engines, compares the outputs. */
#include "case.h"
#include "ir/infer.h"
#include "ir/verify.h"
#include "nn/engine.h"
#include "nn/ref.h"
#include "onnx/onnx.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TENSORS = 64 };

typedef struct xb_list_of {
    xb_tensor t[TENSORS];
    size_t n;
} xb_list_of;

static void free_list(xb_list_of *l)
{
    for (size_t i = 0; i < l->n; i++) xb_tensor_free(&l->t[i]);
    l->n = 0;
}

/* folder/KIND_0.pb, KIND_1.pb ... until one is missing. */
static bool read_list(xb_diags *d, const char *folder, const char *kind, xb_list_of *l)
{
    l->n = 0;
    for (size_t i = 0; i < TENSORS; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s_%zu.pb", kind, i);
        char *path = xb_path_join(folder, name);
        bool there = xb_exists(path), ok = there && xb_tensor_read_pb(d, path, &l->t[i]);
        free(path);
        if (!there) return true;
        if (!ok) return false;
        l->n++;
    }
    return true;
}

static bool fail(char reason[XB_REASON], const char *format, ...) XB_PRINTF(2, 3);
static bool fail(char reason[XB_REASON], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reason, XB_REASON, format, args);
    va_end(args);
    return false;
}

static bool is_real(xb_dtype t)
{
    return t == XB_F32 || t == XB_F64 || t == XB_F16 || t == XB_BF16;
}

/* A bf16 may be off by one in its last place: the suite was made by truncation, we round. */
static bool close_enough(xb_dtype t, double got, double want)
{
    if (isnan(want)) return isnan(got);
    if (isinf(want) || isinf(got)) return got == want;
    return fabs(got - want) <= 1e-6 + (t == XB_BF16 ? 0x1p-7 : 1e-3) * fabs(want);
}

static bool compare(const xb_tensor *got, const xb_tensor *want, size_t k, const char *engine, char reason[XB_REASON])
{
    if (!xb_type_same(&got->type, &want->type)) {
        xb_buf b = {0};
        xb_type_print(&b, NULL, &got->type);
        xb_buf_str(&b, " instead of ");
        xb_type_print(&b, NULL, &want->type);
        fail(reason, "%s: output %zu is %s", engine, k, xb_buf_cstr(&b));
        xb_buf_free(&b);
        return false;
    }
    size_t bytes;
    if (!xb_type_bytes(&want->type, &bytes)) return fail(reason, "output %zu has no size", k);
    if (!is_real(want->type.dtype))
        return !bytes || !memcmp(got->data, want->data, bytes) || fail(reason, "%s: output %zu differs", engine, k);
    for (int64_t i = 0; i < xb_type_count(&want->type); i++) {
        double a = xb_tensor_get(got, (size_t)i), b = xb_tensor_get(want, (size_t)i);
        if (!close_enough(want->type.dtype, a, b))
            return fail(reason, "%s: output %zu, element %lld is %.9g instead of %.9g", engine, k, (long long)i, a, b);
    }
    return true;
}

/* The suite stores bf16 tensors as u16. */
static void as_bf16(xb_tensor *t, xb_dtype model)
{
    if (model == XB_BF16 && t->type.dtype == XB_U16) t->type.dtype = XB_BF16;
}

static bool run_engine(xb_diags *d, const xb_graph *g, const xb_list_of *in, xb_list_of *want, bool plain,
                       char reason[XB_REASON])
{
    const char *name = plain ? "plain" : "fast";
    xb_engine_options o = {.threads = 1, .plain = plain};
    xb_engine *e = xb_engine_new(d, g, &o);
    if (!e) return false;
    xb_tensor out[TENSORS] = {0};
    bool ok = xb_engine_run(e, in->t, in->n, out, want->n);
    for (size_t k = 0; ok && k < want->n; k++) as_bf16(&want->t[k], out[k].type.dtype);
    for (size_t k = 0; ok && k < want->n; k++) ok = compare(&out[k], &want->t[k], k, name, reason);
    for (size_t k = 0; k < want->n; k++) xb_tensor_free(&out[k]);
    xb_engine_free(e);
    return ok;
}

/* Does the shape of a result hang on the values of such an input: an axis, a shape, a bound? */
static bool shapes_others(const xb_type *t)
{
    return t->rank == 0 || (t->rank == 1 && (t->dtype == XB_I64 || t->dtype == XB_I32));
}

/* Gives the graph's inputs the shapes of the test's; `fixed`: those that shape others become constants. */
static bool bind_inputs(xb_graph *g, xb_list_of *in, bool fixed, char reason[XB_REASON])
{
    const xb_value *value;
    size_t n = xb_graph_inputs(g, &value);
    if (n != in->n) return fail(reason, "the model has %zu inputs, the test %zu", n, in->n);
    for (size_t i = 0; i < n; i++) {
        const xb_type *t = xb_graph_type(g, value[i]);
        as_bf16(&in->t[i], t->dtype);
        if (t->dtype != in->t[i].type.dtype) return fail(reason, "input %zu has another type than the model says", i);
        xb_graph_set_type(g, value[i], &in->t[i].type);
        if (fixed && shapes_others(&in->t[i].type))
            xb_graph_replace(g, value[i], xb_graph_add_const(g, "fixed", &in->t[i].type, in->t[i].data));
    }
    return true;
}

static bool run_set(xb_diags *d, const char *model, const char *set, bool fixed, char reason[XB_REASON])
{
    xb_list_of in = {.n = 0}, want = {.n = 0};
    const xb_value *unused;
    xb_graph *g = xb_onnx_read(d, model);
    bool ok = g && read_list(d, set, "input", &in) && read_list(d, set, "output", &want);
    ok = ok && bind_inputs(g, &in, fixed, reason) && xb_graph_infer(d, g, xb_ref_fold) && xb_graph_verify(d, g);
    if (ok && (want.n == 0 || xb_graph_outputs(g, &unused) != want.n))
        ok = fail(reason, "the test has %zu outputs", want.n);
    ok = ok && run_engine(d, g, &in, &want, true, reason) && run_engine(d, g, &in, &want, false, reason);
    free_list(&in);
    free_list(&want);
    if (g) xb_graph_free(g);
    return ok;
}

/* "file: node 'n' (Op), input 1: error: words [code]" -> "code Op"; false when the code is not one of ours for models
 * beyond the operator set. */
static bool unsupported_reason(const char *text, char reason[XB_REASON])
{
    static const char *const codes[] = {"op-unsupported", "op-type", "onnx-type", "onnx-opset", "shape-dynamic"};
    const char *error = strstr(text, "error:"), *line = error;
    if (!error) return false;
    while (line > text && line[-1] != '\n') line--;
    size_t n = strcspn(line, "\n");
    const char *code = memrchr(line, '[', n), *op = memmem(line, (size_t)(error - line), "' (", 3);
    for (size_t i = 0; code && i < sizeof codes / sizeof *codes; i++) {
        size_t length = strlen(codes[i]);
        if (strncmp(code + 1, codes[i], length) != 0 || code[1 + length] != ']') continue;
        int width = op ? (int)strcspn(op + 3, ")") : 1;
        snprintf(reason, XB_REASON, "%s %.*s", codes[i], width, op ? op + 3 : "-");
        return true;
    }
    snprintf(reason, XB_REASON, "%.*s", (int)n, line);
    return false;
}

/* One data set. A case whose shapes hang on values is unsupported; its kernels are checked all the same, with those
 * values as constants. */
static xb_outcome run_one(const char *model, const char *set, bool fixed, char reason[XB_REASON])
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_outcome outcome = XB_PASSED;
    reason[0] = 0;
    if (!run_set(d, model, set, fixed, reason)) {
        outcome = !reason[0] && unsupported_reason(xb_diags_text(d), reason) ? XB_UNSUPPORTED : XB_FAILED;
        if (!reason[0]) snprintf(reason, XB_REASON, "failed without a diagnostic");
    } else if (xb_diags_errors(d)) {
        outcome = XB_FAILED;
        snprintf(reason, XB_REASON, "an error that nobody acted on");
    }
    xb_diags_free(d);
    char second[XB_REASON];
    if (fixed || outcome != XB_UNSUPPORTED || strncmp(reason, "shape-dynamic", 13) != 0) return outcome;
    if (run_one(model, set, true, second) == XB_PASSED) return outcome;
    snprintf(reason, XB_REASON, "with constant shapes: %.200s", second);
    return XB_FAILED;
}

xb_outcome xb_case_run(const char *folder, char reason[XB_REASON])
{
    xb_outcome outcome = XB_PASSED;
    char *model = xb_path_join(folder, "model.onnx");
    for (int i = 0; outcome == XB_PASSED; i++) {
        char name[40];
        snprintf(name, sizeof name, "test_data_set_%d", i);
        char *set = xb_path_join(folder, name);
        bool there = xb_is_dir(set);
        if (there) outcome = run_one(model, set, false, reason);
        free(set);
        if (there) continue;
        if (i == 0) outcome = XB_FAILED;
        if (i == 0) snprintf(reason, XB_REASON, "no test data");
        break;
    }
    free(model);
    return outcome;
}
