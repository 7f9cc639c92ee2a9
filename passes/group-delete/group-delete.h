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

#define GD_NO_GATE 100.0
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
    struct {
        double max_drop; /* points */
    } gate;
    xb_recipe train, tune;
} gd_options;

/* The rows or the columns of one block of an array: lines[i] + across[j] is an element of the weight. */
typedef struct gd_band {
    size_t layer;
    bool rows;
    int64_t lines, across;
    const int64_t *line_at, *across_at;
    size_t first; /* number of its first group */
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

typedef struct gd_rank {
    double score;
    size_t group;
} gd_rank;

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
    /* of every group: */
    double *norm;          /* as a part of its layer's; scratch */
    gd_rank *ranked;       /* scratch */
    bool *spared;          /* not penalised now */
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
bool xb_gd_is_named(const gd_work *w, const xb_list *patterns, const char *name);

/* -- penalty.c -- */

/* After an update with rate eta: w_g *= max(0, 1 - eta lambda_g / ||w_g||), rows, then columns. weight: factors on
 * lambda_g, NULL: 1. */
void xb_gd_shrink(const gd_work *w, const gd_layer *l, float *v, double eta, const double *weight);
/* gradient += lambda_g w / ||w_g|| for both groups of an element, 0 where the norm is 0. */
void xb_gd_pull(const gd_work *w, const gd_layer *l, const float *v, float *gradient, const double *weight);
void xb_gd_threshold(const gd_work *w, const gd_layer *l, float *v);
/* spared[]: in the exact mode the groups that are to stay, which are the largest. v: by layer. */
void xb_gd_spare(const gd_work *w, const float *const *v);

/* -- training.c: phases 1 and 3 -- */

typedef struct gd_head {           /* of the state; see xb_gd_part */
    int64_t snapshot, snapshot_at; /* last network without a dead layer, and its step; -1: none */
    int64_t points, stride, skipped;
} gd_head;

typedef struct gd_state {
    gd_head *head;
    int64_t *off;   /* of layers: step after which it was found dead and is penalised no more, 0: it is penalised */
    double *weight; /* of groups: factors on lambda */
    double *curve;  /* points of 2 + layers numbers: step, top1 (-1: not measured), wires */
} gd_state;

size_t xb_gd_state_size(const gd_work *w);
gd_state xb_gd_state(const gd_work *w, void *bytes);
/* A phase. Negative after a diagnostic. *state (of xb_gd_state_size) is filled. */
int xb_gd_train(gd_work *w, xb_graph *g, const xb_recipe *r, xb_train_result *result);

/* -- order.c -- */

/* Notes perm-rows and perm-cols for layers that have none, so that lines with like support share an array. Layers and
 * bands are to be found anew. Was there one? */
bool xb_gd_permute(const gd_work *w, xb_graph *g);
/* at[i]: which line comes i-th, for n lines of `units` numbers >= 0, `side` lines to an array: sum over arrays and
 * units of sqrt(sum of the lines' numbers) is lowered by exchanges of two lines until none helps, or for long enough.
 */
void xb_gd_order(xb_cx *cx, const double *energy, int64_t n, int64_t units, int64_t side, int64_t *at);

/* -- freeze.c -- */

/* mask: `had` (NULL: all ones) without the groups of zeros. Is there one? */
bool xb_gd_mask(const gd_work *w, const gd_layer *l, const float *v, const uint8_t *had, uint8_t *mask);
/* Phase 2: what is to be deleted by the exact mode is; groups of zeros are masked. Negative after a diagnostic. */
int xb_gd_freeze(gd_work *w, xb_graph *g);
/* Every constant that ops read, by op and input; brought back, with masks, if no op was edited between. */
typedef struct gd_copy gd_copy;
gd_copy *xb_gd_copy(const gd_work *w, const xb_graph *g);
void xb_gd_restore(const gd_work *w, xb_graph *g, const gd_copy *c);

/* -- compact.c -- */

/* Units that give nothing or that nobody reads are removed where neither wires nor arrays become more. *gone: how many.
 * Negative after a diagnostic. */
int xb_gd_compact(gd_work *w, xb_graph *g, int64_t *gone);

/* -- told.c: the journal -- */

void xb_gd_fact(const gd_work *w, const char *layer, const char *what, double value, const char *unit);
/* In the report; and a diagnostic, unless code is NULL. */
void xb_gd_warn(const gd_work *w, const char *code, const char *text);
void xb_gd_tell_curves(const gd_work *w, const void *state, double from);
void xb_gd_tell_holdout(const gd_work *w, const char *what, double top1);
/* What the layers were and are, from a plan of g. */
int xb_gd_tell_result(gd_work *w, const xb_graph *g);

#endif
