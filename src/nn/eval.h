/* eval.h: what a network is worth on data. */
#ifndef XB_NN_EVAL_H
#define XB_NN_EVAL_H

#include "data/data.h"
#include "nn/engine.h"

typedef struct xb_score {
    uint64_t total;
    uint64_t correct;  /* top-1, labelled data; ties go to the lower index */
    double top1;       /* correct / total */
    double top5;       /* -1 with fewer than 6 classes */
    double loss;       /* mean cross-entropy of softmax(output) */
    double lo95, hi95; /* Wilson interval of top1 */
    double seconds;
    uint64_t agree; /* against a reference: same arg max */
    double mse,
        psnr; /* of outputs against the reference; psnr = 10 log10(range^2/mse), range = max-min of the reference */
    bool labelled, compared;
} xb_score;

/* first, count: a part of the data set (count 0: to the end). reference NULL: none. false after diagnostics (shapes do
 * not fit, interrupted). Progress on stderr. Sums are exact or in item order: independent of threads. */
bool xb_evaluate(xb_diags *d, const xb_graph *g, const xb_graph *reference, const xb_dataset *data,
                 const xb_input_map *map, size_t first, size_t count, const xb_engine_options *o, xb_score *out);

/* -- of one item's outputs -- */
size_t xb_arg_max(const float *x, size_t n); /* the first of equals */
/* How many classes come before the label: equal ones when their index is lower, and all that are not a number: a
 * network that answers NaN is wrong. */
size_t xb_label_place(const float *x, size_t n, size_t label);
double xb_cross_entropy(const float *x, size_t n, size_t label);    /* of softmax(x) */
bool xb_agrees(const float *x, const float *expected, size_t n);    /* same arg max, and no NaN in x */
/* 95 % interval of a share p of n: E. B. Wilson, Probable inference, JASA 22 (1927). */
void xb_wilson(double p, double n, double *lo, double *hi);

#endif
