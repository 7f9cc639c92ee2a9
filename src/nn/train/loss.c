/* loss.c: a row's loss is hard * (against the label) + soft * (against the teacher); both weights are settled first. */
#include "nn/train/loss.h"

#include <assert.h>
#include <math.h>

typedef struct row {
    size_t classes;
    const float *s, *t; /* logits, the teacher's: NULL: none */
    int label;          /* -1: none */
    double hard, soft;  /* weights of the parts */
    double scale;
    float *error;
} row;

/* log softmax(v / T)_k = (v_k - top) / T - log_sum */
typedef struct softmax {
    double top, temperature, log_sum;
} softmax;

static softmax softmax_of(const float *v, size_t n, double temperature)
{
    softmax m = {.top = (double)v[0], .temperature = temperature};
    double sum = 0;
    for (size_t k = 1; k < n; k++)
        if ((double)v[k] > m.top) m.top = (double)v[k];
    for (size_t k = 0; k < n; k++) sum += exp(((double)v[k] - m.top) / temperature);
    m.log_sum = log(sum);
    return m;
}

static double log_softmax(const softmax *m, float v)
{
    return ((double)v - m->top) / m->temperature - m->log_sum;
}

/* Gradient of the parts: p - q, and T (softmax(s/T) - softmax(t/T)). */
static double cross_entropy(const row *x, double smoothing, double temperature)
{
    softmax s = softmax_of(x->s, x->classes, 1), cool = {0}, teacher = {0};
    double hard = 0, soft = 0, even = smoothing / (double)x->classes;
    if (x->t) cool = softmax_of(x->s, x->classes, temperature);
    if (x->t) teacher = softmax_of(x->t, x->classes, temperature);
    for (size_t k = 0; k < x->classes; k++) {
        double q = even + ((int)k == x->label ? 1 - smoothing : 0), log_p = log_softmax(&s, x->s[k]);
        double slope = x->hard * (exp(log_p) - q);
        hard -= q * log_p;
        if (x->t) {
            double log_s = log_softmax(&cool, x->s[k]), log_t = log_softmax(&teacher, x->t[k]);
            soft += exp(log_t) * (log_t - log_s);
            slope += x->soft * temperature * (exp(log_s) - exp(log_t));
        }
        x->error[k] = (float)(x->scale * slope);
    }
    return x->hard * hard + x->soft * temperature * temperature * soft;
}

static double mean_square(const row *x)
{
    double hard = 0, soft = 0, n = (double)x->classes;
    for (size_t k = 0; k < x->classes; k++) {
        double s = (double)x->s[k], off = s - ((int)k == x->label), apart = x->t ? s - (double)x->t[k] : 0;
        hard += off * off;
        soft += apart * apart;
        x->error[k] = (float)(x->scale * 2 / n * (x->hard * off + x->soft * apart));
    }
    return (x->hard * hard + x->soft * soft) / n;
}

static bool finite_row(const float *v, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(v[k])) return false;
    return true;
}

/* Lowest index on ties. */
static size_t largest(const float *v, size_t n)
{
    size_t at = 0;
    for (size_t k = 1; k < n; k++)
        if (v[k] > v[at]) at = k;
    return at;
}

static double row_loss(const xb_recipe *r, const row *x)
{
    if (finite_row(x->s, x->classes) && (!x->t || finite_row(x->t, x->classes)))
        return r->loss == XB_MSE ? mean_square(x) : cross_entropy(x, r->smoothing, r->distil.temperature);
    for (size_t k = 0; k < x->classes; k++) x->error[k] = NAN;
    return (double)NAN;
}

double xb_loss(const xb_recipe *r, const float *logits, size_t rows, size_t classes, const int *label,
               const float *teacher, double scale, float *error, uint64_t *correct)
{
    double sum = 0, a = teacher ? r->distil.weight : 0;
    for (size_t i = 0; i < rows; i++) {
        bool known = label[i] >= 0;
        assert(!known || (size_t)label[i] < classes);
        row x = {.classes = classes,
                 .s = logits + i * classes,
                 .t = teacher ? teacher + i * classes : NULL,
                 .label = known ? label[i] : -1,
                 .hard = known ? 1 - a : 0,
                 .soft = known ? a : teacher != NULL,
                 .scale = scale,
                 .error = error + i * classes};
        sum += row_loss(r, &x);
        if (known && finite_row(x.s, classes) && largest(x.s, classes) == (size_t)label[i]) ++*correct;
    }
    return sum;
}
