/* device.h: a model of a memristive device, or of one thing that goes wrong with it: xb_device.
 *
 * A chip's devices are a chain of models, in the order of the pipeline's `chip: {devices: [...]}`:
 *     program: target conductance -> what was written, once a chip        (device to device)
 *     age:     written            -> what is left after `time`, once a chip (device to device)
 *     read:    what is left       -> what one conversion sees               (cycle to cycle)
 * Each model changes batches of cells in place and is a pure function of the cells and their random numbers, which the
 * host gives: the same cell of the same chip has the same numbers whatever is simulated beside it.
 *
 * Random numbers are Philox 4x32-10 (Salmon, SC 2011): key = the pipeline's seed; counter words
 *     0: trial (chip)
 *     1: from the high bits down: purpose 4 (5: chip) | slot in the chain 6 | stage 2 (program, age, read: 0, 1, 2; the
 *        cell's own: 3) | polarity 1 | slice 5 | group 8 | draw 6
 *     2: hash of the layer's name (FNV-1a, 32 bits) xor low half of the conversion number * 0x9e3779b9
 *     3: row, low 16 bits | low 16 bits of column / 4
 * (row and column of the matrix). What does not fit goes into word 2 by xor, modulo 2^32: (row's bits from 16 up * 2^16
 * + those of column / 4) * 0x85ebca6b, the group's from 8 up * 0xc2b2ae35, the conversion number's high half *
 * 0x27d4eb2f. The four words of a block are those of columns 4i .. 4i+3. A uniform is word / 2^32 + 2^-33, in float at
 * most 1 - 2^-24; normals are Box-Muller, sqrt(-2 ln u) times cos and sin of 2 pi v, of the uniforms u, v of words
 * (0,1) and (2,3): columns 4i, 4i+1 and 4i+2, 4i+3.
 */
#ifndef XBARC_DEVICE_H
#define XBARC_DEVICE_H

#include <xbarc/abi.h>

typedef enum xb_domain {
    XB_DOMAIN_CONDUCTANCE, /* cells are devices: numbers in siemens, each device of a differential pair by itself */
    XB_DOMAIN_WEIGHT       /* cells are weights: numbers between -w_max and w_max, before the mapping to conductance */
} xb_domain;

enum {
    XB_CELLS_MOST = 256, /* cells in one batch: `float z[XB_CELLS_MOST]` is always enough for numbers of them */
    XB_DRAW_CELL = 32,   /* draws from here on are the cell's own: the same in every stage and conversion of a chip */
    XB_DRAWS = 64        /* how many there are */
};

/* n cells of one row of a matrix, side by side. */
typedef struct xb_cells {
    uint32_t struct_size;
    size_t n;            /* 1 .. XB_CELLS_MOST */
    double g_min, g_max; /* S: the hardware's range. XB_DOMAIN_WEIGHT: -w_max, w_max of the layer */
    double time;         /* s since programming, in age and read */
    /* n numbers that belong to these cells: draw 0, 1, 2 ... < 64 are independent; asked twice, the same. Draws below
     * 32 are of this stage, and in read of this conversion; those from XB_DRAW_CELL on are what a device is born with.
     */
    void (*normal)(const struct xb_cells *c, uint32_t draw, float *out);  /* N(0,1) */
    void (*uniform)(const struct xb_cells *c, uint32_t draw, float *out); /* (0,1) */
    void *impl;
} xb_cells;

typedef struct xb_device {
    uint32_t struct_size;
    xb_domain domain;
    const char *name;         /* lower-case-with-dashes; unique over all plugins */
    const char *summary;      /* one line; says device to device or cycle to cycle */
    const char *doc;          /* formula, defaults with their source; paragraphs separated by \n\n */
    const char *example;      /* YAML of one entry */
    const xb_option *options; /* help texts state the unit, and d2d or c2c */
    size_t options_size;
    int (*check)(xb_cx *cx, const void *options); /* NULL: nothing to check. Negative after a diagnostic */
    /* Change v[0..n) in place; NULL: this stage leaves it alone; one of them is not NULL. A number that is not finite,
     * or a conductance below 0, is an error of the device, which the host names. */
    void (*program)(const xb_cells *c, const void *options, float *v);
    void (*age)(const xb_cells *c, const void *options, float *v);
    void (*read)(const xb_cells *c, const void *options, float *v);
    /* Mean and variance of what read makes of v, when reads of different cells are independent: then one Gaussian a
     * column and conversion replaces a draw a cell (exact when read adds a Gaussian; else by the central limit), a
     * reference column's among them. It draws no numbers that belong to a conversion. The host then calls read for one
     * row in 16 of every chip, to find numbers that cannot be, and leaves it at that.
     * NULL: every read of every cell whose input is not 0 is drawn, with read, for all devices of the chain. Exact, and
     * slow: a call for every vector that goes through an array. A conversion is numbered (vector of the layer, over
     * all items) * input slices + input slice. With resistive wires a read's error shrinks as its mean does (first
     * order).
     * Either way a reference column is read once in a conversion, and its error is the same for all columns of its
     * array, whether its current or its code is subtracted. */
    void (*read_moments)(const xb_cells *c, const void *options, const float *v, float *mean, float *variance);
    /* Share of devices that no write changes, 0 .. 1; NULL: none. Programming costs need it. */
    double (*stuck)(const void *options);
    /* Conductances that program rounds to, evenly spaced from g_min to g_max, both among them; 0: any. NULL: any. Where
     * one device holds a weight, that of 0 is given one of them, so that rounding favours no sign. */
    int64_t (*levels)(const void *options);
    /* Standard deviation of ln(written / target) that program draws; NULL: it draws none. Programming costs take it for
     * that of one write where the pipeline says none. */
    double (*spread)(const void *options);
} xb_device;

#endif
