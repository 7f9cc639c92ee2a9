/* fold-bn.c: the pass that folds BatchNormalization into the synaptic op next to it.
 *
 * y = s*x + t per channel, s = gamma/sqrt(var+eps), t = beta - mean*s. Behind an op: W' = W*s, b' = b*s + t per output
 * column. In front of one without padding: W' = W*s per input row, b' = b + W t. Computed in double, rounded once.
 * A Dropout between the two copies: it stays where it is. */
#include <math.h>
#include <string.h>
#include <xbarc/xbarc.h>

typedef struct work {
    xb_cx *cx;
    const xb_graph_api *api;
    xb_graph *g;
} work;

/* ---- the normalisation as an affine map ---- */

typedef struct affine {
    int64_t n;
    double *s, *t;
} affine;

static float load(const void *data, int64_t i)
{
    float v;
    memcpy(&v, (const unsigned char *)data + 4 * i, 4);
    return v;
}

static bool is_floats(const work *w, xb_value v, int64_t n)
{
    if (!v.id || !w->api->is_const(w->g, v)) return false;
    const xb_type *t = w->api->type(w->g, v);
    return t->dtype == XB_F32 && t->rank == 1 && t->dim[0] == n;
}

/* False: parameters that are not constant float vectors, training mode, or a variance that gives no finite factor. */
static bool read_affine(const work *w, xb_op op, affine *out)
{
    const xb_value *in, *res;
    if (w->api->op_inputs(w->g, op, &in) != 5 || w->api->attr_int(w->g, op, "training_mode", 0)) return false;
    size_t n_out = w->api->op_outputs(w->g, op, &res);
    for (size_t i = 1; i < n_out; i++)
        if (res[i].id && w->api->users(w->g, res[i])) return false;
    const xb_type *type = in[1].id ? w->api->type(w->g, in[1]) : NULL;
    if (!type || type->rank != 1 || type->dim[0] < 1) return false;
    int64_t n = type->dim[0];
    for (int i = 1; i < 5; i++)
        if (!is_floats(w, in[i], n)) return false;
    double eps = (double)w->api->attr_float(w->g, op, "epsilon", 1e-5f);
    const void *p[5] = {NULL};
    for (int i = 1; i < 5; i++) p[i] = w->api->data(w->g, in[i]);
    *out = (affine){n, w->cx->host->alloc(w->cx, (size_t)n, sizeof(double)),
                    w->cx->host->alloc(w->cx, (size_t)n, sizeof(double))};
    for (int64_t c = 0; c < n; c++) {
        double s = (double)load(p[1], c) / sqrt((double)load(p[4], c) + eps);
        out->s[c] = s;
        out->t[c] = (double)load(p[2], c) - (double)load(p[3], c) * s;
        if (!isfinite(s) || !isfinite(out->t[c])) return false;
    }
    return true;
}

/* ---- the synaptic op beside it ---- */

typedef enum synapse_kind { CONV, CONV_TRANSPOSE, GEMM, MATMUL } synapse_kind;

typedef struct synapse {
    xb_op op;
    synapse_kind kind;
    xb_matrix m;
    xb_value result;
    int64_t outputs, inputs; /* channels: columns over all groups, or input channels */
} synapse;

static bool kind_of(const char *op_type, synapse_kind *out)
{
    static const char *const name[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    for (int i = 0; i < 4; i++)
        if (strcmp(op_type, name[i]) == 0) {
            *out = (synapse_kind)i;
            return true;
        }
    return false;
}

/* The constant C of a Gemm, or a Conv's bias, as one value per column: absent, a scalar, [n] or [1, n]. */
static bool bias_fits(const work *w, xb_value bias, int64_t n)
{
    if (!bias.id) return true;
    if (!w->api->is_const(w->g, bias)) return false;
    const xb_type *t = w->api->type(w->g, bias);
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++) count *= t->dim[i];
    bool row = t->rank == 0 || t->dim[t->rank - 1] == count;
    return t->dtype == XB_F32 && t->rank >= 0 && t->rank <= 2 && row && (count == n || count == 1);
}

static bool read_synapse(const work *w, xb_op op, synapse *out)
{
    const xb_value *in, *res;
    out->op = op;
    if (!op.id || !kind_of(w->api->op_type(w->g, op), &out->kind) || !w->api->matrix(w->g, op, &out->m)) return false;
    size_t n_in = w->api->op_inputs(w->g, op, &in);
    if (w->api->op_outputs(w->g, op, &res) < 1) return false;
    out->result = res[0];
    const xb_type *weight = w->api->type(w->g, out->m.weight);
    if (n_in < 2 || in[1].id != out->m.weight.id || weight->dtype != XB_F32) return false;
    bool dense = out->kind == GEMM || out->kind == MATMUL;
    if (dense && (weight->rank != 2 || w->api->type(w->g, in[0])->rank != 2)) return false;
    if (out->kind == GEMM && w->api->attr_int(w->g, op, "transA", 0)) return false;
    bool transposed = dense && w->api->attr_int(w->g, op, "transB", 0);
    int64_t groups = dense ? 1 : w->api->attr_int(w->g, op, "group", 1);
    out->outputs = dense ? weight->dim[!transposed] : out->kind == CONV ? weight->dim[0] : weight->dim[1] * groups;
    out->inputs = dense ? weight->dim[transposed] : out->kind == CONV ? weight->dim[1] * groups : weight->dim[0];
    return bias_fits(w, n_in > 2 ? in[2] : (xb_value){0}, out->outputs);
}

/* ---- writing ---- */

/* The weight's bytes to write, after a copy when somebody else reads it too. */
static float *own_weight(const work *w, synapse *s)
{
    if (w->api->users(w->g, s->m.weight) > 1) {
        const xb_type type = *w->api->type(w->g, s->m.weight);
        xb_value copy =
            w->api->add_const(w->g, w->api->value_name(w->g, s->m.weight), &type, w->api->data(w->g, s->m.weight));
        w->api->set_input(w->g, s->op, 1, copy);
        s->m.weight = copy;
    }
    return w->api->write(w->g, s->m.weight);
}

/* Bias in effect (Gemm's beta included), one double per output. */
static double *read_bias(const work *w, const synapse *s)
{
    const xb_value *in;
    size_t n = w->api->op_inputs(w->g, s->op, &in);
    double *b = w->cx->host->alloc(w->cx, (size_t)s->outputs, sizeof *b);
    if (n < 3 || !in[2].id) return b;
    const xb_type *type = w->api->type(w->g, in[2]);
    bool scalar = type->rank == 0 || type->dim[type->rank - 1] == 1;
    double beta = s->kind == GEMM ? (double)w->api->attr_float(w->g, s->op, "beta", 1) : 1;
    const void *data = w->api->data(w->g, in[2]);
    for (int64_t i = 0; i < s->outputs; i++) b[i] = beta * (double)load(data, scalar ? 0 : i);
    return b;
}

static xb_value new_vector(const work *w, const synapse *s, const double *v)
{
    xb_type type = {.dtype = XB_F32, .rank = 1, .dim = {s->outputs}};
    float *f = w->cx->host->alloc(w->cx, (size_t)s->outputs, sizeof *f);
    char name[256] = "";
    strncat(name, w->api->op_name(w->g, s->op), sizeof name - 8);
    strcat(name, ".bias");
    for (int64_t i = 0; i < s->outputs; i++) f[i] = (float)v[i];
    return w->api->add_const(w->g, name, &type, f);
}

/* A MatMul takes no bias: an Add behind it does. */
static void add_behind(const work *w, synapse *s, xb_value bias)
{
    xb_op next = w->api->next(w->g, s->op), add;
    char name[256] = "";
    strncat(name, w->api->op_name(w->g, s->op), sizeof name - 8);
    strcat(name, ".add");
    xb_value sum, in[2] = {bias, bias};
    const xb_type type = *w->api->type(w->g, s->result);
    add = w->api->add_op(w->g, next, "Add", name, in, 2, &sum, 1);
    w->api->set_type(w->g, sum, &type);
    w->api->replace(w->g, s->result, sum);
    w->api->set_input(w->g, add, 0, s->result);
}

static void write_bias(const work *w, synapse *s, const double *b)
{
    bool zero = true;
    for (int64_t i = 0; i < s->outputs; i++) zero &= b[i] == 0;
    const xb_value *in;
    bool has = w->api->op_inputs(w->g, s->op, &in) > 2 && in[2].id;
    if (zero && !has) return;
    xb_value bias = new_vector(w, s, b);
    if (s->kind == MATMUL) {
        add_behind(w, s, bias);
        return;
    }
    w->api->set_input(w->g, s->op, 2, bias);
    if (s->kind == GEMM) w->api->set_float(w->g, s->op, "beta", 1);
}

/* ---- backward: op -> normalisation ---- */

/* Output channel of matrix column m of group g. */
static int64_t channel_of(const synapse *s, int64_t g, int64_t m)
{
    int64_t per_group = s->outputs / s->m.groups, taps = s->m.cols / per_group;
    return g * per_group + m / taps;
}

/* First input and first result of an op; by value, since lists move when the graph is edited. */
static xb_value input_of(const work *w, xb_op op)
{
    const xb_value *list;
    return w->api->op_inputs(w->g, op, &list) ? list[0] : (xb_value){0};
}

static xb_value result_of(const work *w, xb_op op)
{
    const xb_value *list;
    return w->api->op_outputs(w->g, op, &list) ? list[0] : (xb_value){0};
}

/* Is op a Dropout in inference whose mask nobody reads? */
static bool is_copy(const work *w, xb_op op)
{
    const xb_value *in, *out;
    if (!op.id || strcmp(w->api->op_type(w->g, op), "Dropout") != 0) return false;
    bool training = w->api->op_inputs(w->g, op, &in) > 2 && in[2].id;
    if (training && w->api->is_const(w->g, in[2])) training = *(const unsigned char *)w->api->data(w->g, in[2]) != 0;
    return !training && (w->api->op_outputs(w->g, op, &out) < 2 || !out[1].id || w->api->users(w->g, out[1]) == 0);
}

/* What v is a copy of, if nobody else reads the copies; else v. */
static xb_value copied(const work *w, xb_value v)
{
    while (w->api->users(w->g, v) == 1 && is_copy(w, w->api->producer(w->g, v)))
        v = input_of(w, w->api->producer(w->g, v));
    return v;
}

/* An Add of one constant per channel between the op and the normalisation, as many exporters write a bias. */
typedef struct channel_add {
    xb_op op;  /* id 0: none */
    size_t at; /* which operand is the constant */
    xb_value constant, other;
} channel_add;

/* n numbers along axis 1 of a result of this rank, and along nothing else. */
static bool is_per_channel(const work *w, xb_value v, int rank, int64_t n)
{
    if (!v.id || !w->api->is_const(w->g, v)) return false;
    const xb_type *t = w->api->type(w->g, v);
    int axis = t->rank - (rank - 1);
    if (t->dtype != XB_F32 || axis < 0 || axis >= t->rank || t->rank > rank) return false;
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] != (i == axis ? n : 1)) return false;
    return true;
}

static channel_add read_add(const work *w, xb_value x, int64_t n)
{
    channel_add a = {.op = w->api->producer(w->g, x), .other = x};
    const xb_value *in;
    if (!a.op.id || strcmp(w->api->op_type(w->g, a.op), "Add") != 0 || w->api->op_inputs(w->g, a.op, &in) != 2)
        return (channel_add){.other = x};
    for (a.at = 0; a.at < 2; a.at++)
        if (is_per_channel(w, in[a.at], w->api->type(w->g, x)->rank, n) && w->api->users(w->g, x) == 1) {
            a.constant = in[a.at];
            a.other = in[1 - a.at];
            return a;
        }
    return (channel_add){.other = x};
}

/* c' = c*s + t in a constant of the same shape. */
static void rewrite_add(const work *w, const channel_add *a, const affine *f)
{
    const xb_type type = *w->api->type(w->g, a->constant);
    const void *old = w->api->data(w->g, a->constant);
    float *v = w->cx->host->alloc(w->cx, (size_t)f->n, sizeof *v);
    for (int64_t i = 0; i < f->n; i++) v[i] = (float)((double)load(old, i) * f->s[i] + f->t[i]);
    const char *name = w->api->value_name(w->g, a->constant);
    w->api->set_input(w->g, a->op, a->at, w->api->add_const(w->g, name, &type, v));
}

static void scale_columns(const synapse *s, const affine *f, float *weight)
{
    for (int64_t g = 0; g < s->m.groups; g++)
        for (int64_t m = 0; m < s->m.cols; m++) {
            double scale = f->s[channel_of(s, g, m)];
            float *column = weight + g * s->m.group_stride + m * s->m.col_stride;
            for (int64_t n = 0; n < s->m.rows; n++)
                column[n * s->m.row_stride] = (float)((double)column[n * s->m.row_stride] * scale);
        }
}

static bool fold_back(const work *w, xb_op bn, const affine *f)
{
    synapse s;
    xb_value x = input_of(w, bn), y = result_of(w, bn);
    channel_add add = read_add(w, copied(w, x), f->n);
    add.other = copied(w, add.other);
    if (!read_synapse(w, w->api->producer(w->g, add.other), &s)) return false;
    if (s.result.id != add.other.id || w->api->users(w->g, s.result) != 1 || s.outputs != f->n) return false;
    scale_columns(&s, f, own_weight(w, &s));
    double *b = read_bias(w, &s);
    for (int64_t i = 0; i < s.outputs; i++) b[i] = b[i] * f->s[i] + (add.op.id ? 0 : f->t[i]);
    if (add.op.id) rewrite_add(w, &add, f);
    w->api->replace(w->g, y, x);
    w->api->remove(w->g, bn);
    write_bias(w, &s, b);
    return true;
}

/* ---- forward: normalisation -> op ---- */

static bool unpadded(const work *w, xb_op op)
{
    const xb_attr *pads = w->api->attr(w->g, op, "pads"), *mode = w->api->attr(w->g, op, "auto_pad");
    if (mode && mode->s && strcmp(mode->s, "NOTSET") != 0 && strcmp(mode->s, "VALID") != 0) return false;
    for (size_t i = 0; pads && i < pads->n; i++)
        if (pads->ints[i]) return false;
    return true;
}

/* The only reader of v, an op; id 0 when there are others. */
static xb_op only_reader(const work *w, xb_value v, xb_op from)
{
    const xb_value *in;
    if (w->api->users(w->g, v) != 1) return (xb_op){0};
    for (xb_op op = w->api->next(w->g, from); op.id; op = w->api->next(w->g, op)) {
        size_t n = w->api->op_inputs(w->g, op, &in);
        for (size_t i = 0; i < n; i++)
            if (in[i].id == v.id) return op;
    }
    return (xb_op){0};
}

/* Gemm's alpha scales W t too: y = alpha*(s x + t)W + b. */
static void fold_rows(const synapse *s, const affine *f, float *weight, double *b)
{
    int64_t per_group = s->inputs / s->m.groups, taps = s->m.rows / per_group;
    for (int64_t g = 0; g < s->m.groups; g++)
        for (int64_t m = 0; m < s->m.cols; m++) {
            float *column = weight + g * s->m.group_stride + m * s->m.col_stride;
            double sum = 0;
            for (int64_t n = 0; n < s->m.rows; n++) {
                int64_t channel = g * per_group + n / taps;
                double v = (double)column[n * s->m.row_stride];
                sum += v * f->t[channel];
                column[n * s->m.row_stride] = (float)(v * f->s[channel]);
            }
            b[channel_of(s, g, m)] += s->m.scale * sum;
        }
}

static bool fold_ahead(const work *w, xb_op bn, const affine *f)
{
    synapse s;
    xb_value x = input_of(w, bn), y = result_of(w, bn);
    xb_op first = only_reader(w, y, bn), op = first;
    for (; is_copy(w, op) && input_of(w, op).id == y.id; op = only_reader(w, y, op)) y = result_of(w, op);
    if (!read_synapse(w, op, &s)) return false;
    if (input_of(w, s.op).id != y.id || s.inputs != f->n || s.kind == CONV_TRANSPOSE) return false;
    if (s.kind == CONV && !unpadded(w, s.op)) return false;
    float *weight = own_weight(w, &s);
    double *b = read_bias(w, &s);
    fold_rows(&s, f, weight, b);
    w->api->set_input(w->g, first, 0, x);
    w->api->remove(w->g, bn);
    write_bias(w, &s, b);
    return true;
}

/* ---- the pass ---- */

static void fact(xb_cx *cx, xb_module *module, const char *key, int64_t count)
{
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    journal->add(
        cx, module,
        &(xb_fact){
            .key = key, .value = (double)count, .unit = "1", .split = "", .seed = cx->seed, .source = "pass fold-bn"});
}

static int run_fold(xb_cx *cx, xb_module *module, const void *options)
{
    work w = {.cx = cx, .api = cx->host->service(cx, "xb.graph", 1)};
    int64_t folded = 0, kept = 0;
    (void)options;
    w.g = w.api->of(module);
    for (xb_op op = w.api->first(w.g), next; op.id; op = next) {
        affine f;
        next = w.api->next(w.g, op);
        if (cx->host->cancelled(cx)) return -1;
        if (strcmp(w.api->op_type(w.g, op), "BatchNormalization") != 0) continue;
        bool done = read_affine(&w, op, &f) && (fold_back(&w, op, &f) || fold_ahead(&w, op, &f));
        folded += done;
        kept += !done;
    }
    w.api->sweep(w.g);
    fact(cx, module, "pass.fold-bn.folded", folded);
    fact(cx, module, "pass.fold-bn.kept", kept);
    return folded && !w.api->infer(cx, w.g) ? -1 : 0;
}

static const xb_pass pass = {
    .struct_size = sizeof(xb_pass),
    .level = XB_LEVEL_GRAPH,
    .name = "fold-bn",
    .summary = "fold BatchNormalization into the weights next to it",
    .doc =
        "A BatchNormalization behind a Conv, ConvTranspose, Gemm or MatMul with constant weights becomes part of the "
        "weights and the bias, if nobody else reads the result; an Add of one constant per channel may stand between. "
        "One in front of a Conv without padding, a Gemm or a MatMul is folded too. A Dropout between the two does not "
        "matter. Any other stays digital.\n\n"
        "Weights are computed in double and rounded once. A weight that two ops share is copied first.",
    .example = "- fold-bn",
    .services = (const char *const[]){"xb.graph/1", "xb.journal/1", NULL},
    .run = run_fold,
};

XBARC_PLUGIN(fold_bn) = {
    XBARC_PLUGIN_HEADER,
    .name = "fold-bn",
    .version = "1",
    .passes = (const xb_pass *const[]){&pass, NULL},
};
