/* rank-clip.h: what the files of this pass share.
 *
 * A layer's matrix W (N rows, M columns) stands as W = U V, U of K columns, V of K rows, whose K directions are in
 * order of energy: clipping keeps the first of them (Group Scissor, DAC 2017, sec. 3.1). K = min(N, M) is exact. U and
 * V cost K (N + M) cells, so that only K < N M / (N + M) pays (eq. 2).
 */
#ifndef XB_PASSES_RANK_CLIP_H
#define XB_PASSES_RANK_CLIP_H

#include <xbarc/xbarc.h>

typedef enum rank_method { RANK_BALANCED, RANK_PCA, RANK_SVD } rank_method;
typedef enum rank_sensitivity { RANK_AUTO, RANK_ONE, RANK_PROBE } rank_sensitivity;

typedef struct rank_options {
    int method; /* rank_method */
    double epsilon;
    int64_t interval;
    double until;
    xb_list layers;  /* const char *: patterns */
    xb_list ranks;   /* xb_map_item -> int64_t */
    double budget;   /* 0: epsilon decides */
    int sensitivity; /* rank_sensitivity */
    bool direct;
    xb_gate_rule gate;
    xb_recipe train;
} rank_options;

#define RANK_NAME 256 /* bytes of an op's name that the state holds */

/* How a layer stands; in training a part of the state. */
typedef struct rank_track {
    int64_t k;                       /* directions; min(N, M) while dense */
    double lost;                     /* part of the energy that all clips took, 1 - prod(1 - e) */
    double last;                     /* the same of the last clip alone */
    int64_t split, frozen;           /* two ops now; clipped no more */
    char u[RANK_NAME], v[RANK_NAME]; /* the two ops, when split */
} rank_track;

typedef struct rank_layer {
    const char *name;         /* of the op as it came */
    int64_t rows, cols, full; /* N, M, min(N, M) */
    int64_t fixed;            /* rank that the options ask for; 0: none */
    double sensitivity;       /* factor on energies when layers are compared */
    double *energy;           /* of the k directions, descending */
    rank_track now;
} rank_layer;

/* A point of the curves; followed by the rank of each layer. */
typedef struct rank_point {
    double step, top1, loss, train_loss, cells;
} rank_point;

/* What the run came to, beside the layers. */
typedef struct rank_end {
    xb_aim aim;
    double level;          /* top1 that clips are judged by: the aim's least, or less where training alone cost more */
    double last;           /* top1 of the network at the end, before the gate took it back */
    int64_t clips, undone; /* clips done, layers taken back */
    int64_t gave_up;       /* the gate was not met: the last good network is back */
    int64_t points;        /* of the curves */
} rank_end;

typedef struct rank_work {
    xb_cx *cx;
    const xb_graph_api *graph;
    const xb_train_api *train;
    const xb_edit_api *edit;
    const xb_linalg_api *math;
    const xb_journal_api *journal;
    const rank_options *o;
    rank_layer *layer; /* in graph order */
    size_t n;
    int64_t dense, other; /* cells of all synaptic layers as they came; of those that are no candidates */
    int64_t holdout;      /* items of the pipeline's */
    bool probed;          /* sensitivities were measured */
    bool told;            /* xb_rank_idle was printed */
    double *room;         /* scratch: room_n numbers, of which used are taken */
    size_t room_n, used;
    size_t state_size;
    unsigned char *spare; /* state_size bytes */
    rank_end end;
    const double *points; /* end.points rows of point_size numbers: rank_point, ranks */
    xb_train_result result;
} rank_work;

/* -- spectrum.c -- */

typedef struct rank_split {
    int64_t n, m, k;
    double *u, *v, *energy; /* u[n][k], v[k][m], energy[k] descending; of the scratch */
} rank_split;

void xb_rank_scratch(rank_work *w); /* makes scratch for the largest layer; frees nothing */
/* Part of the energy that is lost when the first r of k directions stay: sum_{j >= r} / sum. 0 of nothing. */
double xb_rank_lost(const double *energy, int64_t k, int64_t r);
/* Smallest r >= 1 whose loss the method allows: at most epsilon; svd: residual norm, 1 - (1 - epsilon)^2 (as
 * published). */
int64_t xb_rank_for(int method, const double *energy, int64_t k, double epsilon);
/* a[n][m] -> its full-rank split by the method; and a pair that stands -> the same product by its directions anew. Both
 * begin the scratch anew. Negative after a diagnostic. */
int xb_rank_split(rank_work *w, const double *a, int64_t n, int64_t m, rank_split *out);
int xb_rank_resplit(rank_work *w, xb_op first, xb_op second, const xb_graph *g, rank_split *out);
/* The first r directions as float32 in the scratch: u[n][r], v[r][m]. */
void xb_rank_cut(rank_work *w, const rank_split *s, int64_t r, float **u, float **v);
/* The split of a layer that is one op. */
int xb_rank_split_op(rank_work *w, const xb_graph *g, xb_op op, rank_split *out);

/* -- layers.c -- */

/* Largest rank of n x m that saves cells: below n m / (n + m); 0: none. */
int64_t xb_rank_break_even(int64_t n, int64_t m);
/* k (n + m) where that saves cells, else n m. */
int64_t xb_rank_cells(int64_t n, int64_t m, int64_t k);
int64_t xb_rank_all_cells(const rank_work *w);
/* Candidates, from names in the options that are checked, and a budget that can be met. Negative after a diagnostic. */
int xb_rank_layers(rank_work *w, const xb_graph *g);

/* -- allocate.c -- */

/* Ranks k[] for all layers, from what they have and their energies: by the fixed ranks, else by the budget (`most`
 * cells in all), else by epsilon. Never above what a layer has. */
void xb_rank_choose(const rank_work *w, double most, int64_t *k);

/* -- direct.c -- */

int xb_rank_probe(rank_work *w, xb_graph *g); /* measures sensitivities */
int xb_rank_direct(rank_work *w, xb_graph *g);

/* -- clip.c: in training; gate.c: and its gate -- */

typedef struct rank_head { /* of the state; tracks and points follow */
    rank_end end;
    int64_t good, before; /* snapshots: last network that met the target; that before a clip not yet judged; -1: none */
} rank_head;

int xb_rank_train(rank_work *w, xb_graph *g);
rank_head *xb_rank_head(const rank_work *w, xb_trainer *t);
void xb_rank_load(rank_work *w, xb_trainer *t); /* tracks: state -> layers */
void xb_rank_store(const rank_work *w, xb_trainer *t);
double xb_rank_clips_due(const rank_work *w, int64_t steps); /* of a run; <= 0: none */
/* Takes back a clip that cost too much and freezes the layer that lost most. *may_clip: the network at hand may be
 * clipped. Negative after a diagnostic. */
int xb_rank_judge(rank_work *w, xb_trainer *t, double top1, bool *may_clip);
int xb_rank_judge_end(rank_work *w, xb_trainer *t, double top1);

/* -- facts.c -- */

#define RANK_POINTS 512                        /* most points of a curve */
size_t xb_rank_point_size(const rank_work *w); /* numbers */
void xb_rank_note_point(const rank_work *w, xb_trainer *t, const xb_measure *m);
/* Why a run of so many steps clips nothing that it might; NULL: it does. */
const char *xb_rank_idle(const rank_work *w, int64_t steps);
void xb_rank_facts(const rank_work *w, xb_module *module, const xb_measure *m);

#endif
