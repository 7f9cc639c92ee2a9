/* edit.h: changes to the structure of a network that keep it whole: service "xb.edit", version 1.
 *
 * The verbs of train.h for a graph that is not in training; there they also carry the optimiser's state. Negative after
 * a diagnostic "edit" that names the op: nothing was changed. Notes "mask" follow their elements and "frozen" stay;
 * other notes of a resized constant are dropped. Types of results are right at once; infer() of graph.h checks the
 * whole.
 */
#ifndef XBARC_EDIT_H
#define XBARC_EDIT_H

#include <xbarc/graph.h>

/* What an op loses with removed units: places among the channels (dense: the elements) of its input and of its result,
 * ascending. Of its weights those at a place that goes, of either. */
typedef struct xb_losing {
    xb_op op;
    const int64_t *in, *out;
    size_t n_in, n_out;
} xb_losing;

typedef struct xb_edit_api {
    uint32_t struct_size;
    /* Replaces op (groups 1) by two: NAME_u with the window of op, weights u[N][k] and no bias, and NAME_v, 1 x 1 (or
     * dense), with weights v[k][M] and op's bias. A mask of the weight is dropped, "frozen" stays. first, second: may
     * be NULL. */
    int (*factor)(xb_cx *cx, xb_graph *g, xb_op op, const float *u, const float *v, int64_t k, xb_op *first,
                  xb_op *second);
    /* The other way: `second` (groups 1; 1 x 1 with stride 1, or dense) is the only reader of the result of `first`
     * (groups 1, no bias): one op with the window of first, the weights W1 * W2 (sums in float64) and second's bias. It
     * bears the name they had before factor, or that of first. Masks are dropped; the weight is frozen if the
     * second's was. */
    int (*merge)(xb_cx *cx, xb_graph *g, xb_op first, xb_op second, xb_op *op);
    /* Removes outputs units[0..n) of op and all that depends on them; see xb_train_api.remove_units. */
    int (*remove_units)(xb_cx *cx, xb_graph *g, xb_op op, const int64_t *units, size_t n, bool fold);
    /* What remove_units would take from synaptic ops and BatchNormalizations: how many lose something, *list in graph
     * order. Negative where those units cannot be removed: *why says it; that is no diagnostic. Both live until the
     * callback returns. Changes nothing; a graph in training may be asked, too. */
    int (*losses)(xb_cx *cx, const xb_graph *g, xb_op op, const int64_t *units, size_t n, const xb_losing **list,
                  const char **why);
    /* Which of an option's patterns ("fc*", "conv1"; a list of const char *, or a map's keys) means the layer: the
     * first; -1: none. */
    int (*which)(const xb_list *patterns, bool map, const char *layer);
    /* Has every pattern of that option a synaptic layer that it means, one that `within` means, too (a list; NULL, or
     * empty: any)? Negative after an error "pass-check" for each that has none. */
    int (*check_names)(xb_cx *cx, const xb_graph *g, const char *option, const xb_list *patterns, bool map,
                       const xb_list *within);
    /* Would remove_units with fold change nothing? silent: all weights of the units are 0, and what their biases give
     * can be folded exactly; else they may give anything, and nobody reads it. false, too, where they cannot be
     * removed. Changes nothing; a graph in training may be asked, too. */
    bool (*idle)(xb_cx *cx, const xb_graph *g, xb_op op, const int64_t *units, size_t n, bool silent);
} xb_edit_api;

#endif
