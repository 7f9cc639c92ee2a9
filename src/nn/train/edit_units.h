/* edit_units.h: which places of which dimensions go with removed units: private to edit_remove.c and edit_units*.c.
 *
 * A "part" is a value, or one use of a constant (a constant that several ops read may shrink for one of them alone; the
 * weights of synaptic ops are one part however many read them). Each dimension of a part has the places that go. Rules,
 * one a kind of op, carry them from input to output and back until nothing changes any more.
 */
#ifndef XB_NN_TRAIN_EDIT_UNITS_H
#define XB_NN_TRAIN_EDIT_UNITS_H

#include "base/vec.h"
#include "nn/train/edit_private.h"

typedef struct xb_part {
    xb_value v;
    bool constant, done;
    xb_op op; /* the use's, with its input; of a weight: the first reader's */
    size_t input;
    bool *gone[XB_MAX_RANK];   /* owned, one a place; NULL: all stay */
    double *left[XB_MAX_RANK]; /* owned, beside gone: what a gone place gives when it is constant, else NaN */
    int64_t *from;             /* owned: elements of a grouped weight (xb_edit_take), for which gone does not do */
    xb_type type;              /* with from */
} xb_part;

typedef struct xb_node {
    xb_op op;
    size_t in, n_in, out, n_out; /* in links: numbers of parts, 0: absent */
} xb_node;

/* What a rule is run for. */
typedef enum xb_units_stage {
    XB_UNITS_SPREAD, /* places that go are carried on */
    XB_UNITS_SETTLE, /* they no longer change: what only then can be told is checked */
    XB_UNITS_CARRY   /* `left` of inputs goes to outputs */
} xb_units_stage;

typedef struct xb_addend { /* to the results of op, one number an output that stays */
    xb_op op;
    double *by; /* owned */
    size_t n;
} xb_addend;

typedef struct xb_units {
    xb_diags *d;
    xb_params *p;
    xb_graph *g;
    xb_op seed;
    xb_units_stage stage;
    bool changed;
    xb_vec(xb_part) part; /* [0]: none */
    xb_vec(uint32_t) link;
    xb_vec(xb_node) node;
    uint32_t *of_value; /* part by value id; 0: none */
    xb_vec(xb_addend) addend;
    bool unknown; /* of what goes it is not known what it gives */
    int64_t lost; /* places read whose remains could not be folded */
    /* the node at hand */
    xb_op op;
    const uint32_t *in, *out;
    size_t n_in, n_out;
} xb_units;

/* -- parts -- */
void xb_units_begin(xb_units *u, xb_diags *d, xb_params *p, xb_op seed);
void xb_units_free(xb_units *u);
void xb_units_enter(xb_units *u, const xb_node *n); /* makes it the node at hand */
const xb_type *xb_units_type(const xb_units *u, uint32_t part);
int xb_units_axis(const xb_units *u, uint32_t part, int64_t absent); /* the op's attribute, from the part's front */
int64_t xb_units_kept(const xb_units *u, uint32_t part, int axis);   /* places that stay; < 0: symbolic */
bool xb_units_touched(const xb_units *u, uint32_t part);             /* does anything of it go? */
bool xb_units_gone(const xb_units *u, uint32_t part, int axis, int64_t at);
/* Marks a place. false after a refusal: the size is not known. */
bool xb_units_mark(xb_units *u, uint32_t part, int axis, int64_t at);
double xb_units_left(const xb_units *u, uint32_t part, int axis, int64_t at); /* NaN: not constant */
void xb_units_set_left(xb_units *u, uint32_t part, int axis, int64_t at, double v);
/* The number that constant c, broadcast to y, has along y's dimension everywhere at place `at`; else NaN. */
double xb_units_number(const xb_units *u, uint32_t c, uint32_t y, int axis, int64_t at);

/* -- ties: n places of one dimension that go together with n of another -- */
bool xb_units_tie(xb_units *u, uint32_t a, int a_axis, int64_t a_at, uint32_t b, int b_axis, int64_t b_at, int64_t n);
bool xb_units_tie_axis(xb_units *u, uint32_t a, int a_axis, uint32_t b, int b_axis); /* the whole of both */
bool xb_units_tie_spread(xb_units *u, uint32_t a, uint32_t y); /* all dimensions, as a is broadcast to y */
bool xb_units_only(xb_units *u, uint32_t part, int axis);      /* refuses when places of another dimension go */
bool xb_units_refuse(xb_units *u, const char *why);            /* at the op at hand */

/* -- rules: false after a refusal -- */
bool xb_units_rule(xb_units *u); /* of the op at hand */
bool xb_units_rule_conv(xb_units *u);
bool xb_units_rule_gemm(xb_units *u);
bool xb_units_rule_matmul(xb_units *u);
bool xb_units_rule_reshape(xb_units *u);
bool xb_units_rule_split(xb_units *u);
bool xb_units_rule_slice(xb_units *u);
bool xb_units_rule_gather(xb_units *u);
bool xb_units_numbers(const xb_units *u, uint32_t part, int64_t *out, size_t max, size_t *n); /* an integer constant */

/* -- what removed units leave, and acting -- */
void xb_units_fold(xb_units *u);   /* fills left and addend; notes what cannot be folded */
void xb_units_shrink(xb_units *u); /* constants, attributes, types */
void xb_units_add(xb_units *u, const xb_addend *a);

/* -- parts of folding, of the op at hand -- */
void xb_units_fold_synapses(xb_units *u);
bool xb_units_is_padded(const xb_units *u);                         /* could a window reach outside of its input? */
double xb_units_parameter(const xb_units *u, size_t i, int64_t at); /* element of input i; NaN: no constant */

#endif
