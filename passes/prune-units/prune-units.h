/* prune-units.h: what the files of this pass share.
 *
 * A unit is an output channel of a convolution or an output of a dense layer: a column of its matrix, and what reads
 * it. Units that can only go together (residual additions, depthwise convolutions, one of each group) are one bundle.
 * What a bundle costs is found from what xb.edit says it would take: weights of layer l are groups x in x out x taps,
 * and places of in and out go.
 */
#ifndef XB_PASSES_PRUNE_UNITS_H
#define XB_PASSES_PRUNE_UNITS_H

#include <xbarc/xbarc.h>

typedef enum prune_score { PRUNE_MAGNITUDE, PRUNE_TAYLOR, PRUNE_NORM_SCALE } prune_score;

typedef struct prune_options {
    xb_list units;       /* xb_map_item -> int64_t: by layer pattern */
    double keep, budget; /* 0: not asked for */
    int score;           /* prune_score */
    int64_t batches;
    xb_list layers; /* const char *: patterns */
    int64_t gradual;
    double within;
    xb_gate_rule gate;
    bool fold;
    xb_recipe train;
} prune_options;

#define PRUNE_POINTS 512 /* most points of a curve */

/* A synaptic op. Lists by place hold groups x in (out) elements, those by group `groups`. */
typedef struct prune_layer {
    xb_op op;
    xb_matrix m;
    const char *name;
    bool transposed, chosen;       /* chosen: the options let its units go */
    int64_t groups, in, out, taps; /* in and out: of one group */
    int64_t *left_in, *left_out;   /* by group: places that the plan leaves */
    int64_t inputs, units, cells;  /* that it leaves in all */
    bool *cut;                     /* by output: removed from the graph */
    size_t *owner;                 /* by output: its bundle + 1; 0: none */
    double *sum_in, *sum_out;      /* by place: scratch of the scores */
    const char *why;               /* NULL, or why its units must stay */
} prune_layer;

typedef struct prune_bundle {
    size_t layer; /* its units are given to remove_units as those of this one */
    const int64_t *units;
    size_t n_units;
    const xb_losing *loss;
    const size_t *of; /* by loss: its layer; SIZE_MAX: a BatchNormalization */
    size_t n_losses;
    double score;
    bool may_go, gone; /* gone: planned */
} prune_bundle;

typedef struct prune_net {
    const xb_graph *g;
    prune_layer *layer; /* in graph order */
    size_t n_layers;
    prune_bundle *bundle;
    size_t n_bundles, room; /* room: units, so that many at most */
} prune_net;

typedef struct prune_goal { /* of a layer, from the options and the network as it came */
    const char *name;
    int64_t before, keep; /* units; keep -1: not said */
    int64_t cells;
} prune_goal;

typedef struct prune_end { /* what a run came to; a part of the state */
    xb_aim aim;
    double last;     /* top1 of the network at the end, before the gate took it back */
    int64_t rounds;  /* done with the network that stands */
    int64_t gave_up; /* the gate was not met: the last good network is back */
    int64_t points;
} prune_end;

typedef struct prune_work {
    xb_cx *cx;
    const xb_graph_api *graph;
    const xb_train_api *train;
    const xb_edit_api *edit;
    const xb_journal_api *journal;
    const prune_options *o;
    prune_goal *goal; /* by layer, as the network came */
    size_t n_goals;
    int64_t cells; /* of the network as it came */
    int64_t holdout;
    prune_net *plan; /* as it stands; NULL: to be looked at anew */
    prune_end end;
    const double *points; /* end.points x xb_prune_point_size */
} prune_work;

/* -- net.c: layers and bundles of a graph -- */
prune_net *xb_prune_look(const prune_work *w, const xb_graph *g);
int64_t xb_prune_all_cells(const prune_net *plan);
void xb_prune_take(prune_net *plan, prune_bundle *b, int sign);          /* 1: out of the plan; -1: back */
bool xb_prune_leaves_some(const prune_net *plan, const prune_bundle *b); /* of every layer, if b goes */
/* Element of the weight: place i of in, o of out, both over all groups (and of the same one). */
size_t xb_prune_at(const prune_layer *l, int64_t i, int64_t o, int64_t tap);

/* -- score.c -- */
bool xb_prune_trains(const prune_options *o);
/* Scores of all bundles by the options; taylor: sums over steps (NULL: none yet, magnitude). */
void xb_prune_score(const prune_work *w, prune_net *plan, const double *sums);
/* Adds |sum of w dL/dw| of each bundle in training to sums. */
void xb_prune_add_taylor(const prune_work *w, prune_net *plan, xb_trainer *t, double *sums);

/* -- plan.c -- */
int xb_prune_goals(prune_work *w, const prune_net *plan); /* reads the options; negative after a diagnostic */
/* Marks the bundles that go in round `round` of all; false: the budget cannot be met. */
bool xb_prune_plan(const prune_work *w, prune_net *plan, int64_t round, int64_t rounds);
/* Takes them out, in training (t) or not. Negative after a diagnostic. */
int xb_prune_apply(prune_work *w, prune_net *plan, xb_graph *g, xb_trainer *t);

/* -- rounds.c: in training -- */
int xb_prune_train(prune_work *w, xb_graph *g);

/* -- facts.c -- */
size_t xb_prune_point_size(const prune_work *w); /* numbers: step, top1 (< 0: not measured), cells, units by layer */
void xb_prune_point(const prune_work *w, prune_end *end, double *points, double step, double top1,
                    const prune_net *plan);
void xb_prune_facts(const prune_work *w, xb_module *module, const prune_net *plan, const xb_measure *m);

#endif
