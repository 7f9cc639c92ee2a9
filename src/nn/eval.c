/* eval.c: accuracy, loss and distance to a reference, summed in item order. */
#include "nn/eval.h"

#include "base/progress.h"
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS_AT_ONCE 64 /* items are scored in portions of so many calls of the engine */

/* What one item adds to the score. */
typedef struct mark {
    double loss, square;
    float low, high; /* of the reference's outputs */
    bool correct, top5, agree;
} mark;

typedef struct eval {
    xb_diags *d;
    const xb_dataset *data;
    const xb_input_map *map;
    xb_engine *engine, *reference;
    size_t classes;       /* numbers per item of the output */
    size_t portion, base; /* items per portion; first item of the current one */
    float *expected;      /* outputs of the reference for the portion */
    mark *marks;
    xb_progress *progress;
    atomic_ullong done;
    uint64_t count;
    bool labelled;
} eval;

static bool fill(void *context, int worker, size_t first, size_t count, float *in)
{
    (void)worker;
    const eval *v = context;
    size_t item = xb_dataset_item(v->data);
    for (size_t i = 0; i < count; i++) xb_dataset_get(v->data, v->base + first + i, v->map, in + i * item);
    return !xb_interrupted();
}

size_t xb_arg_max(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

size_t xb_label_place(const float *x, size_t n, size_t label)
{
    size_t before = 0;
    if (isnan(x[label])) return n;
    for (size_t i = 0; i < n; i++) before += x[i] > x[label] || isnan(x[i]) || (x[i] == x[label] && i < label);
    return before;
}

static bool has_nan(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i])) return true;
    return false;
}

double xb_cross_entropy(const float *x, size_t n, size_t label)
{
    double top = x[xb_arg_max(x, n)], sum = 0;
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - top);
    return log(sum) - ((double)x[label] - top);
}

bool xb_agrees(const float *x, const float *expected, size_t n)
{
    return !has_nan(x, n) && xb_arg_max(x, n) == xb_arg_max(expected, n);
}

static void compare(const float *x, const float *expected, size_t n, mark *m)
{
    m->agree = xb_agrees(x, expected, n);
    m->low = m->high = expected[0];
    for (size_t i = 0; i < n; i++) {
        double e = (double)x[i] - (double)expected[i];
        m->square += e * e;
        if (expected[i] < m->low) m->low = expected[i];
        if (expected[i] > m->high) m->high = expected[i];
    }
}

static bool keep(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    (void)worker;
    (void)type;
    const eval *v = context;
    memcpy(v->expected + first * v->classes, out, count * v->classes * sizeof *out);
    return true;
}

static bool score(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    (void)worker;
    (void)type;
    eval *v = context;
    size_t n = v->classes;
    for (size_t i = 0; i < count; i++) {
        const float *x = out + i * n;
        mark m = {0};
        if (v->labelled) {
            size_t label = (size_t)xb_dataset_label(v->data, v->base + first + i), place = xb_label_place(x, n, label);
            m.correct = place == 0;
            m.top5 = place < 5;
            m.loss = xb_cross_entropy(x, n, label);
        }
        if (v->reference) compare(x, v->expected + (first + i) * n, n, &m);
        v->marks[first + i] = m;
    }
    xb_progress_update(v->progress, atomic_fetch_add(&v->done, count) + count, v->count);
    return true;
}

/* -- checks -- */

static bool refuse(const eval *v, const xb_graph *g, const char *what, size_t have, size_t want)
{
    return xb_error(v->d, "engine-shape", (.file = xb_graph_file(g)), "%s: %zu, but %s needs %zu", what, have,
                    xb_dataset_name(v->data), want);
}

static bool labels_fit(const eval *v, const xb_graph *g)
{
    size_t classes = (size_t)xb_dataset_classes(v->data);
    return !v->labelled || v->classes >= classes || refuse(v, g, "outputs per item", v->classes, classes);
}

/* Rows and channels exchanged have the right count and the wrong meaning. Flat items may have any shape. */
static bool shape_fits(const eval *v, const xb_graph *g)
{
    const xb_value *in;
    xb_graph_inputs(g, &in);
    const xb_type *t = xb_graph_type(g, in[0]);
    const int64_t *dim = xb_dataset_dims(v->data);
    bool fits = true;
    if (t->rank == xb_dataset_rank(v->data) + 1)
        for (int i = 1; i < t->rank; i++) fits &= t->dim[i] < 0 || t->dim[i] == dim[i - 1];
    if (fits) return true;
    xb_buf takes = {0}, has = {0};
    xb_type_print(&takes, g, t);
    for (int i = 1; i < t->rank; i++) xb_buf_printf(&has, "%s%lld", i > 1 ? "," : "", (long long)dim[i - 1]);
    xb_error(v->d, "engine-shape", (.file = xb_graph_file(g)), "items of %s are [%s], but input '%s' takes %s",
             xb_dataset_name(v->data), xb_buf_cstr(&has), xb_graph_value_name(g, in[0]), xb_buf_cstr(&takes));
    xb_buf_free(&takes);
    xb_buf_free(&has);
    return false;
}

static bool engine_fits(eval *v, xb_engine *e, const xb_graph *g, size_t *outputs)
{
    size_t call, item;
    xb_type out;
    if (!xb_engine_stream_shape(e, &call, &item, &out)) return false;
    if (item != xb_dataset_item(v->data)) return refuse(v, g, "numbers per input item", item, xb_dataset_item(v->data));
    if (!shape_fits(v, g)) return false;
    int64_t n = xb_type_count(&out);
    if (n <= 0 || (size_t)n % call)
        return xb_error(v->d, "engine-shape", (.file = xb_graph_file(g)), "the output does not belong to single items");
    *outputs = (size_t)n / call;
    v->portion = call * CALLS_AT_ONCE;
    return true;
}

static bool open_engines(eval *v, const xb_graph *g, const xb_graph *reference, const xb_engine_options *o)
{
    size_t other;
    if (reference &&
        (!(v->reference = xb_engine_new(v->d, reference, o)) || !engine_fits(v, v->reference, reference, &other)))
        return false;
    v->engine = xb_engine_new(v->d, g, o);
    if (!v->engine || !engine_fits(v, v->engine, g, &v->classes) || !labels_fit(v, g)) return false;
    if (reference && other != v->classes)
        return xb_error(v->d, "engine-shape", (.file = xb_graph_file(g)),
                        "%zu outputs per item, the reference network has %zu", v->classes, other);
    return true;
}

/* -- sums -- */

typedef struct sums {
    double loss, square;
    uint64_t correct, top5, agree;
    float low, high;
} sums;

static void add(sums *s, const mark *m, size_t n, bool first)
{
    for (size_t i = 0; i < n; i++) {
        s->loss += m[i].loss;
        s->square += m[i].square;
        s->correct += m[i].correct;
        s->top5 += m[i].top5;
        s->agree += m[i].agree;
        if ((first && i == 0) || m[i].low < s->low) s->low = m[i].low;
        if ((first && i == 0) || m[i].high > s->high) s->high = m[i].high;
    }
}

void xb_wilson(double p, double n, double *lo, double *hi)
{
    const double z = 1.959963984540054;
    double centre = p + z * z / (2 * n), spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *lo = (centre - spread) / (1 + z * z / n);
    *hi = (centre + spread) / (1 + z * z / n);
    if (*lo < 0) *lo = 0;
    if (*hi > 1) *hi = 1;
}

static void conclude(const eval *v, const sums *s, xb_score *out)
{
    double n = (double)v->count;
    out->total = v->count;
    out->labelled = v->labelled;
    out->compared = v->reference != NULL;
    out->top5 = -1;
    if (v->labelled) {
        out->correct = s->correct;
        out->top1 = (double)s->correct / n;
        out->top5 = v->classes < 6 ? -1 : (double)s->top5 / n;
        out->loss = s->loss / n;
        xb_wilson(out->top1, n, &out->lo95, &out->hi95);
    }
    if (v->reference) {
        double range = (double)s->high - (double)s->low;
        out->agree = s->agree;
        out->mse = s->square / (n * (double)v->classes);
        out->psnr = out->mse == 0 ? INFINITY : 10 * log10(range * range / out->mse);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool portions(eval *v, size_t first, sums *s)
{
    v->marks = xb_calloc(v->portion, sizeof *v->marks);
    v->expected = v->reference ? xb_calloc(v->portion * v->classes, sizeof *v->expected) : NULL;
    for (size_t at = 0; at < v->count; at += v->portion) {
        size_t n = v->count - at < v->portion ? v->count - at : v->portion;
        v->base = first + at;
        if (v->reference && !xb_engine_stream(v->reference, n, fill, keep, v)) return false;
        if (!xb_engine_stream(v->engine, n, fill, score, v)) return false;
        add(s, v->marks, n, at == 0);
    }
    return true;
}

bool xb_evaluate(xb_diags *d, const xb_graph *g, const xb_graph *reference, const xb_dataset *data,
                 const xb_input_map *map, size_t first, size_t count, const xb_engine_options *o, xb_score *out)
{
    size_t all = xb_dataset_count(data);
    memset(out, 0, sizeof *out);
    if (first >= all || count > all - first)
        return xb_error(d, "engine-shape", (.file = xb_dataset_name(data)),
                        "items %zu to %zu are asked for, there are %zu", first, first + count, all);
    if (!xb_input_map_check(d, data, map)) return false;
    eval v = {.d = d,
              .data = data,
              .map = map,
              .count = count ? count : all - first,
              .labelled = xb_dataset_classes(data) > 0};
    sums s = {0};
    bool ok = open_engines(&v, g, reference, o);
    if (ok) {
        double start = now();
        v.progress = xb_progress_begin("evaluating", "images");
        ok = portions(&v, first, &s);
        xb_progress_end(v.progress);
        out->seconds = now() - start;
        if (ok) conclude(&v, &s, out);
        if (!ok && xb_interrupted())
            xb_error(d, "interrupted", (.file = xb_graph_file(g)), "evaluation was interrupted");
    }
    xb_engine_free(v.engine);
    xb_engine_free(v.reference);
    free(v.marks);
    free(v.expected);
    return ok;
}
