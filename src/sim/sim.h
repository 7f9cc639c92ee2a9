/* sim.h: the chip that was laid out, simulated: every array programmed with its devices, every image through them.
 *
 * A trial is one chip: (seed, trial) decides all of it. Its synaptic layers run on arrays as the layout cuts them; what is
 * digital runs in the float engine, exactly. One image through a layer:
 *     DAC codes of the inputs -> for each block of rows: column sums [+ read noise] -> ADC -> digital sums over blocks,
 *     input slices and weight slices -> back to numbers, + bias.
 * With ideal converters and no read noise the arrays of a layer collapse into one effective matrix, and the float engine
 * runs it as fast as any network.
 */
#ifndef XB_SIM_SIM_H
#define XB_SIM_SIM_H

#include "base/yaml.h"
#include "data/data.h"
#include "hw/layout.h"
#include "nn/engine.h"
#include "sim/chain.h"

typedef enum xb_offset { XB_OFFSET_HARDWARE, XB_OFFSET_COLUMN, XB_OFFSET_DIGITAL } xb_offset;
typedef enum xb_adc_range { XB_ADC_CALIBRATED, XB_ADC_WORST } xb_adc_range;
typedef enum xb_adc_place { XB_ADC_PAIR, XB_ADC_DEVICE } xb_adc_place;

/* `chip:` of a pipeline beside its devices; sizes, bits and conductances come from the hardware file (0 bits: ideal). */
typedef struct xb_chip_options {
    xb_list exact;       /* of const char *: patterns of layers that are computed digitally, exactly, on no array */
    double clip;         /* w_max = clip * standard deviation of the layer's weights; 0: its largest |w| */
    int64_t weight_bits; /* weights are rounded to this many bits, sign included; 0: the hardware's, if any */
    int64_t cell_bits;   /* and cut in slices of this many bits, one array each; 0: the hardware's, or one slice */
    int offset;          /* xb_offset: how one device a cell subtracts: reference column, or digitally, or as its `sign` says */
    int adc_range;       /* xb_adc_range */
    int adc_place;       /* xb_adc_place: one conversion a differential pair, or one a device column, subtracted digitally */
    int64_t calibrate;   /* images that set the ranges of DACs and ADCs */
    double percentile;   /* of the magnitudes above 0 that they see: 1 = the largest */
    double time;         /* s between programming and reading */
    bool ir_drop;        /* wires have the hardware's resistance (crossbar.wire_r_row, wire_r_col) */
} xb_chip_options;
extern const xb_option xb_chip_option_table[];
/* With what the hardware says where they leave it to it: weight_bits and cell_bits 0 are then as they sound. */
xb_chip_options xb_chip_options_on(const xb_chip_options *o, const xb_hw *hw);
/* Do options, devices and hardware go together? false after a diagnostic at the key in `chip` (NULL: nowhere). layer
 * NULL: whatever no hardware file can change for a single layer is checked. */
bool xb_chip_check(xb_diags *d, const xb_yaml *chip, const xb_chip_options *o, const xb_chain *c, const xb_hw *hw,
                   const char *layer);

typedef struct xb_simulation {
    xb_diags *d;
    const xb_layout *layout; /* of graph */
    const xb_graph *graph;
    xb_chain chain;
    const xb_chip_options *options;
    const xb_yaml *chip; /* where options come from, for diagnostics; NULL: nowhere */
    uint64_t seed;
    const xb_dataset *data; /* measured on: items [first, first+count), count 0: to the end */
    size_t first, count;
    const xb_dataset *calibration; /* its first `calibrate` items; may be data's own set */
    const xb_input_map *map;
    xb_engine_options engine;
} xb_simulation;

typedef struct xb_trial {
    uint64_t trial, total, correct, agree; /* agree: same largest output as the float network */
    double top1, loss, agreement; /* top1, loss: -1 without labels */
    uint64_t conversions, clipped;
} xb_trial;

/* What does not change from chip to chip: cuts, ranges, the float network's answers. NULL after diagnostics. s is kept. */
typedef struct xb_sim xb_sim;
xb_sim *xb_sim_new(const xb_simulation *s);
void xb_sim_free(xb_sim *sim);
void xb_sim_describe(const xb_sim *sim, xb_buf *b); /* a line a layer: blocks, slices, ranges, path (collapsed, float, int8) */
/* Notes on what the settings do not do (wires without resistance, devices that need a longer time), on layers that are
 * exact, and on devices whose reads are drawn cell by cell. */
void xb_sim_notes(const xb_sim *sim, xb_diags *d);
/* What stands on the chip: with an array of its own for every slice of a weight, without exact layers. */
typedef struct xb_chip_size {
    int64_t slices; /* the most of any layer */
    double arrays, devices;
    double conversions;  /* of ADCs, an image: every slice, device and reference column that is converted */
    double array_area;   /* m2 */
    const char *exact;   /* names of exact layers, ", " between them; "": none. The simulator's */
} xb_chip_size;
xb_chip_size xb_sim_size(const xb_sim *sim);
/* Trials first .. first+n-1: the same rows in any order, on any number of threads, in any split. Progress on stderr.
 * false after diagnostics, or interrupted. */
bool xb_sim_run(xb_sim *sim, uint64_t first, size_t n, xb_trial *rows);
/* Wall time, s, that all chips so far have taken before their first image: programming, wires, packing. Never the same twice. */
double xb_sim_set_up(const xb_sim *sim);
/* What layer `name` makes of one vector of inputs on chip `trial`; for tests and tools. x: rows, y: cols of group 0,
 * before bias and Gemm's alpha. */
bool xb_sim_layer(xb_sim *sim, uint64_t trial, const char *name, const float *x, float *y);

typedef struct xb_summary {
    size_t n;
    double mean, sd, min, max;
    double lo95, hi95; /* of the mean, within 0..1: Student's t over chips; one chip: Wilson over its images */
} xb_summary;
xb_summary xb_trials_summary(const xb_trial *rows, size_t n); /* of top1; agreement where there are no labels */

/* Programming: expected writes of a device by one-shot, write-verify, or incremental pulses, and how long all take. A
 * device that is stuck spends all the writes there are, also where it is stuck at its target. */
typedef enum xb_programming { XB_PROGRAM_ONE_SHOT, XB_PROGRAM_VERIFY, XB_PROGRAM_PULSES } xb_programming;
typedef struct xb_program_options {
    int method;                  /* xb_programming */
    double tolerance;            /* d: accepted when |ln(G / target)| <= d */
    double sigma;                /* of ln G in one write */
    int64_t most;                /* writes at most */
    double rate, pulse_sigma;    /* pulses: ln G += rate (ln target - ln G) + pulse_sigma N(0,1) */
    double write_time, read_time; /* s */
    int64_t parallel;            /* devices written at the same time */
} xb_program_options;
extern const xb_option xb_program_option_table[];
typedef struct xb_program_cost {
    double success;  /* of one write: erf(d / (sigma sqrt 2)) */
    double writes;   /* expected, a device, stuck ones with the rest */
    double residual; /* standard deviation of ln(G / target) after acceptance, of devices that are not stuck */
    double seconds;  /* for `devices` of them */
} xb_program_cost;
/* stuck: share of devices that no write changes (xb_chain_stuck). */
xb_program_cost xb_program_cost_of(const xb_program_options *o, double devices, double stuck);

#endif
