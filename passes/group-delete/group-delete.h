/* group-delete.h: what the files of this pass share.
 *
 * A group is what one counted wire carries: a column of one array of a matrix with several row blocks (partial sums
 * that leave it), a row of one array of a matrix with several column blocks (an input that enters it). Its norm is that
 * of its weights; when all are zero its wire is gone (Group Scissor, DAC 2017, sec. 3.2). Which groups there are is the
 * plan's word: they are taken from its nets, so that tilings, orders of rows and spread groups are followed.
 */
#ifndef XB_PASS_GROUP_DELETE_H
#define XB_PASS_GROUP_DELETE_H

#include <xbarc/xbarc.h>

typedef enum gd_method { GD_PROXIMAL, GD_SUBGRADIENT } gd_method;

#define GD_NONE SIZE_MAX
enum { GD_POINTS = 128 }; /* most points of a curve; then every second goes */

typedef struct gd_options {
    double lambda, threshold;
    int method; /* gd_method */
    bool scale, reweight, permute, compact;
    xb_list layers;  /* const char *: patterns */
    xb_list factors; /* xb_map_item -> double: on lambda */
    xb_list keep;    /* xb_map_item -> int64_t: wires */
    int64_t total;   /* wires to keep in all; 0: not asked */
    int64_t interval;
    xb_gate_rule gate;
    xb_recipe train, tune;
} gd_options;

/* The rows or the columns of one block of an array: lines[i] + across[j] is an element of the weight. */
typedef struct gd_band {
    size_t layer;
    bool rows;
    int64_t lines, across;
    const int64_t *line_at, *across_at;
    size_t first; /* number of its first group */
    size_t block; /* of the plan */
    size_t twin;  /* the band of the same block the other way: its lines are across here; GD_NONE */
} gd_band;

typedef struct gd_layer {
    const char *name; /* of the op */
    xb_value weight;  /* in the graph at hand: see xb_gd_bind */
    size_t n;         /* elements */
    size_t band, bands, group, groups;
    int64_t keep;         /* wires to keep; -1: not asked */
    double factor;        /* on lambda */
    int64_t full, before; /* wires without deletion, and as it came */
} gd_layer;

/* Of the exact mode; see freeze.c. Of every group: */
typedef struct gd_choice {
    double *energy;       /* of its live weights, as a part of its layer's */
    int64_t *live;        /* weights that are not 0 and not deleted */
    size_t *heap, *place; /* groups, the least on top; place in it */
    int64_t *left;        /* of every layer: live weights that are in a group */
    double *all;          /* of every layer: energy */
} gd_choice;

typedef struct gd_work {
    xb_cx *cx;
    xb_module *module;
    const xb_graph_api *graph;
    const xb_hw_api *hw;
    const xb_layout_api *layout;
    const xb_train_api *train;
    const xb_edit_api *edit;
    const xb_journal_api *journal;
    const gd_options *o;
    gd_layer *layer;
    gd_band *band;
    size_t n_layers, n_bands, n_groups;
    const xb_layout *plan; /* in which they were found */
    bool penalised;        /* phase 1 with lambda > 0 */
    bool bound;            /* weights of the layers are those of the run at hand */
    bool *spared;          /* of every group: not penalised now */
    gd_choice choice;      /* scratch */
    const float **weights; /* of every layer; scratch */
} gd_work;

/* -- groups.c -- */

/* Layers and bands of g as it would be mapped. Negative after a diagnostic. */
int xb_gd_find(gd_work *w, const xb_graph *g);
/* The layers' weights in the graph g of a run. Negative after a diagnostic: a layer is not there. */
int xb_gd_bind(gd_work *w, const xb_graph *g);
double xb_gd_norm(const gd_band *b, const float *v, int64_t line);
/* Groups of a layer that are not all zero: its wires. */
int64_t xb_gd_wires(const gd_work *w, const gd_layer *l, const float *v);
/* Do patterns mean layers (of g), and can as few wires be kept as is asked? false after a diagnostic. */
bool xb_gd_check_names(const gd_work *w, const xb_graph *g);
bool xb_gd_check_budget(const gd_work *w);

/* -- penalty.c -- */

/* After an update with rate eta: w_g *= max(0, 1 - eta lambda_g / ||w_g||), rows, then columns. weight: factors on
 * lambda_g, NULL: 1. */
void xb_gd_shrink(const gd_work *w, const gd_layer *l, float *v, double eta, const double *weight);
/* gradient += lambda_g w / ||w_g|| for both groups of an element, 0 where the norm is 0. */
void xb_gd_pull(const gd_work *w, const gd_layer *l, const float *v, float *gradient, const double *weight);
void xb_gd_threshold(const gd_work *w, const gd_layer *l, float *v);

/* -- training.c: phases 1 and 3 -- */

typedef struct gd_head {           /* of the state; see xb_gd_part */
    int64_t snapshot, snapshot_at; /* last network without a dead layer, and its step; -1: none */
    int64_t points, stride, skipped;
} gd_head;

typedef struct gd_state {
    gd_head *head;
    int64_t *off;   /* of layers: step after which it was found dead and is penalised no more, 0: it is penalised */
    int64_t *back;  /* of layers: step of the network that was then brought back */
    double *weight; /* of groups: factors on lambda */
    double *curve;  /* points of 2 + layers numbers: step, top1 (-1: not measured), wires */
} gd_state;

size_t xb_gd_state_size(const gd_work *w);
gd_state xb_gd_state(const gd_work *w, void *bytes);
/* A phase. Negative after a diagnostic. *state (of xb_gd_state_size) is filled. */
int xb_gd_train(gd_work *w, xb_graph *g, const xb_recipe *r, xb_train_result *result);

/* -- order.c -- */

/* Notes perm-rows and perm-cols for layers that have none, so that lines with like support share an array. Layers and
 * bands are to be found anew. 1: there was one; 0: none; negative: the run was ended. */
int xb_gd_permute(const gd_work *w, xb_graph *g);
/* New orders for the n named layers of g, which is cut as in plan, by which of their weights are zero. Negative as
 * above. */
int xb_gd_deal_anew(const gd_work *w, xb_graph *g, const xb_layout *plan, const char *const *names, size_t n);
/* Lines v[i * line + u * unit], i < n, u < units, of which `side` go to an array. */
typedef struct gd_lines {
    const float *v;
    int64_t n, units, side, line, unit;
    bool support; /* squares count, or what is not 0 as 1 */
} gd_lines;
/* at[i]: which line comes i-th. Sum over arrays and units of sqrt(sum of the lines' squares) is lowered by exchanges of
 * two lines, from the order in at[] or a better start, until none helps, or for long enough. false: the run was ended.
 */
bool xb_gd_order(xb_cx *cx, const gd_lines *lines, int64_t *at);

/* -- freeze.c -- */

/* mask: `had` (NULL: all ones) without the groups of zeros. Is there one? */
bool xb_gd_mask(const gd_work *w, const gd_layer *l, const float *v, const uint8_t *had, uint8_t *mask);
/* spared[]: in the exact mode the groups that are to stay. The smallest goes, others are smaller by what they share
 * with it, and so on until no more are left than asked for, or one of a layer. v: by layer. */
void xb_gd_spare(const gd_work *w, const float *const *v);
/* Phase 2: what is to be deleted by the exact mode is; groups of zeros are masked. Negative after a diagnostic. */
int xb_gd_freeze(gd_work *w, xb_graph *g);

/* -- compact.c -- */

/* Units that give nothing or that nobody reads are removed where neither wires nor arrays become more. *gone: how many.
 * Negative after a diagnostic. */
int xb_gd_compact(gd_work *w, xb_graph *g, int64_t *gone);

/* -- told.c: the journal -- */

void xb_gd_tell_curves(const gd_work *w, const void *state, double from);
/* What the layers were and are, from a plan of g. */
int xb_gd_tell_result(gd_work *w, const xb_graph *g);

#endif
