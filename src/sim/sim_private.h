/* sim_private.h: what the files of the simulator share.
 *
 * A weight lies in one slice or several: w = sum over slices t of unit[t] * f[t], where f is the share of the range
 * g_max - g_min that a device (or a pair, or a device and its reference) holds. Arrays are simulated in shares: column
 * sums are sums of input codes times shares, and one factor brings a slice back to numbers.
 */
#ifndef XB_SIM_SIM_PRIVATE_H
#define XB_SIM_SIM_PRIVATE_H

#include "base/vec.h"
#include "hw/hw.h"
#include "ir/window.h"
#include "sim/product.h"
#include "sim/sim.h"
#include <stdatomic.h>

/* ---- sections.c ---- */

/* Columns of a group whose rows are cut alike. */
typedef struct xb_section {
    int64_t rows, cols;
    int32_t *row, *col; /* of the matrix, in the order of the arrays */
    bool straight;      /* row is 0, 1, 2 ... */
    int64_t *end;       /* of the row blocks, `blocks` of them */
    size_t blocks;
    int32_t *ref, *ref_col; /* of every column: which reference column; of these: a matrix column that names it */
    int64_t refs;
} xb_section;

typedef struct xb_sections {
    xb_vec(xb_section) list; /* by group */
    size_t *first;           /* of every group in list, one more than groups */
    int64_t longest;         /* rows of the largest block */
} xb_sections;

xb_sections xb_sections_of(const xb_layout *l, uint32_t matrix);
xb_sections xb_sections_blocks(const xb_sections *of, int64_t groups); /* every block a section by itself */
void xb_sections_free(xb_sections *c);

/* ---- mapping.c ---- */

enum { XB_SIM_SLICES = 16 };

typedef struct xb_mapping {
    bool differential; /* else one device, and an offset */
    bool digital;      /* the offset is subtracted digitally */
    double g_min, g_max, w_max;
    int64_t levels;    /* that a device holds; 0: any */
    double code;       /* weight of one code; 0: not rounded */
    double most;       /* largest code; 0: not rounded */
    int64_t cell_bits; /* 0: one slice */
    double digit;      /* share from one digit to the next, where there are several slices */
    size_t slices;
    double unit[XB_SIM_SLICES]; /* weight of the whole range */
    double zero[XB_SIM_SLICES]; /* share that stands for no weight, a level where there are three and more: 0
                                 * differential, else the reference's */
    double grain;               /* shares are whole multiples of it; 0: any */
} xb_mapping;

/* w: all n weights of the layer. Options as xb_chip_check takes them. c: levels of its devices count like the hardware's,
 * which alone are rounded to here. */
xb_mapping xb_mapping_of(const xb_hw *hw, const xb_chip_options *o, const xb_chain *c, const float *w, size_t n);
int64_t xb_mapping_levels(const xb_hw *hw, const xb_chain *c); /* the fewest that a device can hold; 0: any */
size_t xb_mapping_slices(const xb_chip_options *o, bool differential); /* of options on their hardware */
/* Clipped to w_max and rounded to codes, in place. */
void xb_mapping_round(const xb_mapping *m, float *w, size_t n);
/* Shares of slice t that rounded weights (or, where a device has changed weights, any) ask for, as conductances,
 * rounded to levels. negative: of the negative device of a pair, NULL without. */
void xb_mapping_targets(const xb_mapping *m, size_t t, const float *w, size_t n, float *positive, float *negative);
double xb_mapping_offset(const xb_mapping *m, size_t t);   /* share that a digital offset takes off every input */
float xb_mapping_reference(const xb_mapping *m, size_t t); /* target of a reference device, S */

/* ---- convert.c ---- */

/* What a layer's inputs become, and what its column sums do. */
typedef struct xb_converters {
    int64_t input_bits, dac_bits; /* 0: ideal */
    bool is_signed;               /* inputs below 0 */
    double largest;               /* input that is the highest code */
    float step, most;             /* of one code; highest code (0: ideal) */
    int slices;                   /* of a code */
    int slice_bits;               /* of a slice */
    xb_adc adc;
} xb_converters;

void xb_converters_inputs(xb_converters *c, const xb_hw *hw, double largest, bool is_signed);
/* Largest digit that a word line takes at once. */
double xb_converters_digit(const xb_converters *c);
/* reach: largest |column sum|; both_signs: codes below 0 exist; grain: sums are multiples of it (0: not). */
void xb_converters_adc(xb_converters *c, const xb_hw *hw, double reach, bool both_signs, double grain);
/* n inputs -> codes (whole numbers in floats), or themselves where inputs are ideal. */
void xb_converters_codes(const xb_converters *c, const float *x, size_t n, float *codes); /* may be x */
void xb_converters_slice(const xb_converters *c, const float *codes, size_t n, int slice, float *digits);
/* Digits as bytes. channels > 0: [images][pixels][channels] become [images][channels][pixels]. */
void xb_converters_bytes(const float *digits, size_t n, size_t pixels, size_t channels, uint8_t *bytes);

/* Magnitudes seen in calibration (zeros and what is no number are not counted), to 1 part in 256. Thread-safe. */
typedef struct xb_seen {
    atomic_ullong *bin;
    atomic_uint top;   /* bits of the largest */
    atomic_bool below; /* 0 */
} xb_seen;
xb_seen *xb_seen_new(void);
void xb_seen_free(xb_seen *s);
void xb_seen_add(xb_seen *s, const float *v, size_t n);
double xb_seen_percentile(const xb_seen *s, double share); /* 1: the largest, exactly */

/* ---- layers ---- */

typedef struct xb_sim_stage { /* a synaptic layer */
    const xb_matrix *m;
    const char *type;
    xb_hw hw;
    xb_sections cut;
    xb_mapping map;
    xb_converters converters;
    bool split;     /* columns are converted device by device */
    bool exact;     /* computed digitally: no arrays */
    bool collapsed; /* to one effective matrix in the float network */
    bool reads;     /* some device's read is noisy */
    bool drawn;     /* and does not say its moments: every read of every cell is drawn */
    uint32_t key;   /* xb_draw_layer */
    float *w;       /* [groups][rows][cols] */
} xb_sim_stage;

/* ---- chip.c: one layer of one chip ---- */

/* Sides of a section: what is converted by itself. PLUS alone: pairs, or devices without a partner. */
enum { XB_SIDE_PLUS, XB_SIDE_MINUS, XB_SIDES };
typedef struct xb_side {
    xb_panels *real; /* NULL: not there, or whole */
    xb_panels8 *whole;
    float unit; /* share of one step of whole's weights */
    /* Where reads of reference devices err: the error of each column of them in each block, [blocks][refs] of one column.
     * It enters all columns that they are subtracted from alike: as the inputs of `refs` rows more, behind each block of
     * real's. NULL: none. */
    xb_panels **common;
    size_t commons;
} xb_side;

typedef struct xb_build {
    const xb_simulation *s;
    const xb_sim_stage *stages; /* of all matrices of the layout; needed where wires have resistance */
    const xb_sim_stage *layer;
    const xb_sections *cut;
    const xb_chain *chain; /* an empty one: as it was meant to be */
    uint64_t trial;
    int threads;
    bool wires; /* have resistance */
    bool whole; /* the integer product may be used */
} xb_build;
/* Devices of one slice of a layer, as they conduct when read: [groups][rows][cols], S. */
typedef struct xb_devices {
    float *g[XB_SIDES], *variance[XB_SIDES]; /* MINUS: of pairs only. variance NULL: reads are exact, or drawn */
    float *reference, *reference_variance;   /* [sections][rows of the section][refs] one behind another, or NULL */
    size_t *reference_at;                    /* of every section */
    /* Where reads are drawn: */
    float *weight;                             /* that devices of the weight domain read; NULL: none does */
    float *plain[XB_SIDES], *plain_reference;  /* before wires took something; NULL: they took nothing */
} xb_devices;
/* Programmed, aged, and their mean read (where reads are drawn: not read). */
bool xb_devices_program(const xb_build *b, size_t slice, xb_devices *out);
void xb_devices_free(xb_devices *v);
xb_segment xb_devices_segment(const xb_build *b, xb_domain domain, size_t slice, int64_t group, int64_t row,
                              int64_t col, size_t n, unsigned polarity);
/* Does a read have to be drawn cell by cell: has some device that reads no moments? */
bool xb_devices_drawn(const xb_chain *c);

/* wires.c: conductances become what the array's wires leave of them. */
bool xb_devices_wire(const xb_build *b, size_t slice, xb_devices *v); /* false after a diagnostic */

typedef struct xb_chip_layer {
    size_t slices, sections;
    xb_side *side; /* [slices][sections][XB_SIDES] */
    bool whole, noisy; /* some side is whole; some has variances */
    float *weight;     /* collapsed: [groups][rows][cols]; else NULL */
    xb_devices *drawn; /* [slices], whose reads are drawn, and no side holds anything; else NULL */
    xb_build build;    /* what it was made by */
} xb_chip_layer;
xb_chip_layer *xb_chip_layer_new(const xb_build *b); /* NULL after a diagnostic */
void xb_chip_layer_free(xb_chip_layer *c);
/* One side of a section of one slice, as v conducts. */
void xb_chip_layer_side(const xb_build *b, const xb_devices *v, size_t slice, int64_t group, size_t section, int side,
                        xb_side *out);

/* ---- reads.c: every read of every cell ---- */

/* A conversion of a chip's layer: which cells, and its number: vector * input slices + input slice. */
typedef struct xb_reading {
    const xb_chip_layer *chip;
    size_t slice, section;
    int side;
    int64_t group;
    uint64_t conversion;
} xb_reading;
typedef struct xb_reading_failure { /* of a device, in a worker */
    bool set;
    uint64_t item; /* of the call, the first one */
    xb_reading at;
} xb_reading_failure;
/* As xb_array_product_of of n vectors from r's conversion on, `each` conversions apart; cells whose input is 0 are not
 * read. A device that fails adds nothing and is noted. */
void xb_reading_product(const xb_reading *r, uint64_t each, const xb_vectors *v, float scale, const xb_adc *adc,
                        float *y, size_t ldy, xb_convert_count *count, xb_reading_failure *failure);
/* The reading that failed again, all of it, so that the device is named. */
void xb_reading_report(xb_diags *d, const xb_reading *r);

/* ---- items.c ---- */

/* fn of items 0 .. n-1, side by side and in silence. Where some fail, the first of them does so once more, aloud: the
 * same diagnostic on any number of threads. */
bool xb_sim_items(int threads, size_t n, xb_diags *d, bool (*fn)(void *context, size_t item, xb_diags *d),
                  void *context);

/* ---- layer.c: a chip's layer at work ---- */

enum {
    XB_SCRATCH_CODES,
    XB_SCRATCH_AT,
    XB_SCRATCH_ROW,
    XB_SCRATCH_AT8,
    XB_SCRATCH_ROW8,
    XB_SCRATCH_OUT,
    XB_SCRATCH_DIGITS,
    XB_SCRATCH_SQUARES,
    XB_SCRATCH_WHOLE,
    XB_SCRATCH_SECTION,
    XB_SCRATCH_COLUMNS,
    XB_SCRATCH_SUMS,
    XB_SCRATCH_REFERENCES,
    XB_SCRATCH_COMMON,
    XB_SCRATCH_COMMON_AT,
    XB_SCRATCHES
};
typedef struct xb_scratch { /* of a worker */
    void *data[XB_SCRATCHES];
    size_t bytes[XB_SCRATCHES];
    xb_convert_count count;
    xb_reading_failure failure;
} xb_scratch;

typedef struct xb_work {
    const xb_sim_stage *layer;
    const xb_sections *cut;
    const xb_converters *converters;
    const xb_chip_layer *chip;
    xb_seen *sums; /* NULL: not calibrating */
    uint64_t seed, trial;
    xb_scratch *scratch;
} xb_work;

/* Where vectors lie among numbers: number k of vector v of group g is at[v] + row[k] + g * group. */
typedef struct xb_places {
    const size_t *at, *row;
    size_t group;
} xb_places;

/* Vectors of input codes. */
typedef struct xb_inputs {
    const float *codes; /* [images][pixels][channels] or in any order of the caller's */
    size_t numbers;
    xb_places as_codes;
    /* As bytes; the same where channels is 0, else [images][channels][pixels]. Not needed without integer arrays. */
    xb_places as_bytes;
    size_t pixels, channels;
    size_t n;
    uint64_t first; /* number of the first vector */
} xb_inputs;
/* Products of all groups are added to y: that of vector v and column c of group g to y[v * ldy + g * cols + c]. */
void xb_work_product(const xb_work *w, const xb_inputs *in, float *y, size_t ldy);
/* Room for so many bytes; its content is undefined. Valid until the next call for the same one. */
void *xb_scratch_room(xb_scratch *s, int which, size_t bytes);
void xb_scratch_free(xb_scratch *s);

/* ---- windows.c: vectors of convolutions and dense layers among their inputs ---- */

/* How a layer's tensors hold its vectors. */
typedef struct xb_shape {
    const xb_matrix *m;
    bool window, transposed, in_last, out_last; /* last: channels side by side */
    int64_t n;                                  /* vectors of a group */
    int64_t channels, out_channels;             /* of all groups */
    xb_window1 at[XB_WINDOW_MAX];               /* always three, the first ones of size 1 */
    int64_t in_size, out_size, places;          /* products of the three; vectors of an image */
    int64_t before[XB_WINDOW_MAX];              /* zeros that codes have around them: in front, */
    int64_t size[XB_WINDOW_MAX], padded;        /* numbers along, with zeros; product of the three */
    /* Dense: vector v = outer * inner_n + inner; numbers are strided. */
    int64_t inner_n, x_outer, x_inner, x_step, y_outer, y_inner, y_step;
} xb_shape;
/* false: windows are not known. */
bool xb_shape_of(const xb_matrix *m, const xb_graph *g, xb_op op, const xb_engine_call *call, const xb_tensor *x,
                 const xb_tensor *y, xb_shape *s);
/* Codes and places of `images` images from x on, or of a dense layer's n vectors (numbers: all that x has). */
xb_inputs xb_shape_images(const xb_shape *s, const xb_work *w, const float *x, size_t images);
xb_inputs xb_shape_dense(const xb_shape *s, const xb_work *w, const float *x, size_t numbers, size_t n);

/* ---- vectors.c: from tensors to vectors and back ---- */

/* Runs all vectors of the first `count` of `items` items through the arrays; out is written as a whole. */
bool xb_vectors_run(xb_diags *d, const xb_work *w, const xb_engine_call *call, const xb_graph *g, xb_op op,
                    const xb_tensor *in, size_t n_in, xb_tensor *out);

/* ---- sim.c ---- */

struct xb_sim {
    xb_simulation s;
    xb_sim_stage *layer;
    size_t layers;
    size_t *of_op; /* by op id: layer + 1; 0: none */
    uint32_t op_limit;
    bool any_collapsed, any_custom;
    xb_buf exact; /* names of exact layers */
    size_t count, classes; /* items that are measured on; numbers per answer */
    float *answers;        /* the float network's, [count][classes] */
    xb_custom_ops custom;
    xb_engine *engine; /* runs the chip at hand; one for all when nothing collapses */
    xb_graph *graph;   /* with the collapsed layers' matrices, of the chip at hand; NULL: none collapse */
    int threads;
    xb_scratch *scratch; /* by worker */
    double set_up; /* xb_sim_set_up */
    /* the chip at hand */
    uint64_t trial;
    xb_chip_layer **chip;     /* by layer */
    xb_sections *blocks;      /* by layer: every block by itself, calibrating; else NULL */
    xb_seen **inputs, **sums; /* by layer, calibrating; else NULL */
    bool ideal_inputs;        /* calibrating: no DAC yet */
};
int xb_sim_weight_input(const xb_graph *g, xb_op op); /* 0 or 1: the constant factor of a synaptic op */

/* check.c: where `chip:` says this (its i-th item, of a list); an empty place when it says nothing. */
xb_where xb_chip_key(const xb_yaml *chip, const char *key, size_t i);

/* ---- run.c ---- */

bool xb_sim_takes(void *context, const xb_graph *g, xb_op op); /* an xb_custom_ops of an xb_sim */
bool xb_sim_run_op(void *context, const xb_engine_call *call, const xb_graph *g, xb_op op, const xb_tensor *in,
                   size_t n_in, xb_tensor *out);
/* Layers of the chip at hand, those that arrays run. chain NULL: as they were meant to be. false after a diagnostic. */
bool xb_sim_build(xb_sim *sim, const xb_chain *chain, uint64_t trial);
void xb_sim_drop(xb_sim *sim);
/* An engine for the chip at hand: makes sim->graph and sim->engine anew where layers collapse. */
bool xb_sim_engine(xb_sim *sim);

/* ---- calibrate.c ---- */

bool xb_sim_calibrate(xb_sim *sim); /* ranges of all converters */

/* ---- answers.c ---- */

/* The network's outputs on the items measured on, [count][classes], by e. */
bool xb_sim_answers(xb_sim *sim, xb_engine *e, float *out);

#endif
