/* hw_private.h: the hardware file as it is written (nested), beside xb_hw as it is used (flat). */
#ifndef XB_HW_HW_PRIVATE_H
#define XB_HW_HW_PRIVATE_H

#include "hw/hw.h"

typedef struct xb_hw_adc {
    xb_component figures;
    int64_t bits;
} xb_hw_adc;

typedef struct xb_hw_xbar {
    xb_component figures;
    int64_t rows, cols;
} xb_hw_xbar;

/* One entry of `sources:`, by the key of a figure (xb_assumption). */
typedef struct xb_hw_source {
    const char *source;
} xb_hw_source;

/* Values in the nesting of the file; xb_hw_options describes it, xb_hw_pairs maps it to xb_hw. */
typedef struct xb_hw_text {
    int64_t format;
    const char *name, *source, *extends;
    struct {
        double node, vdd;
        const char *source;
    } technology;
    struct {
        const char *type, *source;
        double g_min, g_max, read_voltage;
        int64_t levels;
    } device;
    struct {
        int rule, sign;
        int64_t rows, cols, weight_bits;
        bool exact;
        double cell_area, wire_pitch, wire_r_row, wire_r_col;
        const char *source;
    } crossbar;
    struct {
        int64_t input_bits, dac_bits, adc_bits, adc_per_xbar;
        double adc_rate, read_time;
        const char *source;
    } interface;
    struct {
        int64_t xbars, xbars_per_unit, shift_adds_per_unit, shift_adds_per_tile, tiles_per_router;
        const char *source;
    } tile;
    struct {
        xb_list mesh, site_pitch;
        const char *source;
    } chip;
    struct {
        double hop_energy, hop_latency;
        const char *source;
    } noc;
    struct {
        xb_hw_adc adc;
        xb_hw_xbar xbar;
        xb_component dac, sample_hold, shift_add, buffer, router, wire;
        xb_component in_register, out_register, tile_register, activation, pool;
    } components;
    xb_list layers, types, sources;
} xb_hw_text;

/* One entry of `layers:` or `types:`. Only what the file names is set; bit i of `set` is option i of
 * xb_hw_override_options. */
typedef struct xb_hw_override {
    uint64_t set;
    int rule, sign;
    int64_t rows, cols;
    bool exact;
    double cell_area, g_min, g_max, read_voltage;
    int64_t levels, input_bits, dac_bits, adc_bits, adc_per_xbar;
    double adc_rate, read_time;
    const char *source;
} xb_hw_override;

/* A member that both structures have, with the same storage. Ends with size 0. */
typedef struct xb_hw_pair {
    size_t from, to, size;
} xb_hw_pair;

extern const xb_hw_pair xb_hw_pairs[];          /* xb_hw_text -> xb_hw */
extern const xb_hw_pair xb_hw_override_pairs[]; /* xb_hw_override -> xb_hw, parallel to xb_hw_override_options */
extern const xb_option xb_hw_override_options[];

/* The trees that a hardware comes from: the file that was read, and the one it extends (NULL: none). */
typedef struct xb_hw_trees {
    const xb_yaml *own, *base;
} xb_hw_trees;

/* override.c */
#define XB_HW_NO_SOURCE "no source given"
/* Fills hw->assumptions. false after a diagnostic: `sources:` names no figure. */
bool xb_hw_assume(xb_diags *d, xb_arena *a, const xb_hw_trees *t, xb_hw *hw);
/* `sources:` of the resolved text: figures whose source is not their level's. */
void xb_hw_sources_print(xb_buf *b, const xb_hw *hw);
/* Does the file itself say figures of this component, so that the reference of the file it extends is not theirs? */
bool xb_hw_own_figures(const xb_hw_trees *t, const char *component);
void xb_hw_overrides_mark(xb_list *items, const xb_yaml *y);
void xb_hw_sign(xb_hw *hw, int sign); /* the choice of `sign` */
void xb_hw_overrides_print(xb_buf *b, const char *key, const xb_list *items);
xb_list xb_hw_overrides_copy(xb_arena *a, const xb_list *items);

#endif
