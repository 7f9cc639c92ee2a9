/* prune-weights.h: what the parts of the pass prune-weights share. */
#ifndef PRUNE_WEIGHTS_H
#define PRUNE_WEIGHTS_H

#include <xbarc/xbarc.h>

typedef enum weights_scope { WEIGHTS_NETWORK, WEIGHTS_LAYER } weights_scope;

typedef struct weights_options {
    xb_list weights; /* xb_map_item -> int64_t */
    double keep;
    int scope; /* weights_scope */
    xb_list layers;
    int64_t gradual;
    double within;
    xb_recipe train;
} weights_options;

typedef struct weights_layer {
    const char *name, *constant; /* of the op; of its weights */
    size_t n, first;             /* weights; place of the first one in all */
    int64_t goal;                /* of its own; < 0: none */
} weights_layer;

typedef struct candidate {
    float magnitude;
    size_t at; /* in all weights */
} candidate;

typedef struct weights_work {
    xb_cx *cx;
    const xb_graph_api *graph;
    const xb_train_api *train;
    const xb_edit_api *edit;
    const weights_options *o;
    weights_layer *layer;
    size_t n_layers, n; /* n: weights of all of them */
    uint8_t *mask;      /* n: 0 is to be zero */
    candidate *list;    /* n: room to sort */
} weights_work;

/* layers.c: those of the options, into w. Negative after diagnostics: a pattern that means no layer is a slip of the
 * pen. */
int xb_weights_look(weights_work *w, const xb_graph *g);
xb_value xb_weights_of(const weights_work *w, const xb_graph *g, const weights_layer *l);
/* The masks that the weights have, into w->mask. */
void xb_weights_begin_mask(weights_work *w, const xb_graph *g);

/* choose.c: w->mask after round `round` (from 0); v: the weights of each layer now. */
void xb_weights_choose(weights_work *w, const float *const *v, int64_t round);

#endif
