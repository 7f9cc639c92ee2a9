/* options.c: what a pipeline says of a chip beside its devices, and of how they are programmed. */
#include "sim/sim.h"

xb_chip_options xb_chip_options_on(const xb_chip_options *o, const xb_hw *hw)
{
    xb_chip_options on = *o;
    if (!on.weight_bits) on.weight_bits = hw->weight_bits;
    for (int64_t held = hw->levels; hw->weight_bits && !o->cell_bits && held > 1; held /= 2) on.cell_bits++;
    if (on.offset == XB_OFFSET_HARDWARE) on.offset = hw->biased ? XB_OFFSET_DIGITAL : XB_OFFSET_COLUMN;
    return on;
}

#define CHIP(m) offsetof(xb_chip_options, m)
#define PROGRAM(m) offsetof(xb_program_options, m)

static const char *const offsets[] = {"hardware", "column", "digital", NULL};
static const char *const ranges[] = {"calibrated", "worst", NULL};
static const char *const places[] = {"pair", "device", NULL};

const xb_option xb_chip_option_table[] = {
    {.name = "exact",
     .help = "layers that are computed digitally and exactly, on no array: names or patterns, like [fc2, conv*]",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_STRING,
     .offset = CHIP(exact),
     .def = "[]"},
    {.name = "clip",
     .help = "w_max is so many standard deviations of the layer's weights, no unit; what exceeds it is cut off; 0: "
             "its largest |w|, nothing is",
     .type = XB_OPT_REAL,
     .offset = CHIP(clip),
     .def = "0",
     .min = 0,
     .max = 1000},
    {.name = "weight-bits",
     .help = "bits that weights are rounded to, sign included; 0: ideal, not rounded, unless the hardware has "
             "crossbar.weight_bits",
     .type = XB_OPT_INT,
     .offset = CHIP(weight_bits),
     .def = "0",
     .min = 0,
     .max = 16},
    {.name = "cell-bits",
     .help =
         "bits of a weight that one device holds, the rest goes to further arrays; 0: ideal, one holds all of them, "
         "unless the hardware has crossbar.weight_bits: log2(levels)",
     .type = XB_OPT_INT,
     .offset = CHIP(cell_bits),
     .def = "0",
     .min = 0,
     .max = 16},
    {.name = "offset",
     .help = "how one device a weight gets its sign: column: minus a reference column's current; digital: minus a "
             "multiple of the sum of the inputs; hardware: column with its sign: offset, digital with biased",
     .type = XB_OPT_CHOICE,
     .offset = CHIP(offset),
     .def = "hardware",
     .choices = offsets},
    {.name = "adc-range",
     .help =
         "full scale of the converters: calibrated: what the calibration images need; worst: all inputs and cells "
         "on. Without devices, with input_bits and weight-bits, a step is never finer than one unit of sums of whole "
         "codes",
     .type = XB_OPT_CHOICE,
     .offset = CHIP(adc_range),
     .def = "calibrated",
     .choices = ranges},
    {.name = "adc-place",
     .help = "pair: the difference of two columns is converted; device: each column, and the codes are subtracted",
     .type = XB_OPT_CHOICE,
     .offset = CHIP(adc_place),
     .def = "pair",
     .choices = places},
    {.name = "calibrate",
     .help = "images that set the ranges of the converters",
     .type = XB_OPT_INT,
     .offset = CHIP(calibrate),
     .def = "256",
     .min = 1,
     .max = 1 << 20},
    {.name = "percentile",
     .help = "share of the magnitudes seen in calibration that a range covers, no unit; 1: all of them",
     .type = XB_OPT_REAL,
     .offset = CHIP(percentile),
     .def = "99.9%",
     .min = 0.5,
     .max = 1,
     .dim = XB_RATIO},
    {.name = "time",
     .help = "from programming to reading, s (or h, d); 0: at once",
     .type = XB_OPT_REAL,
     .offset = CHIP(time),
     .def = "0s",
     .min = 0,
     .max = 1e12,
     .dim = XB_SECOND},
    {.name = "ir-drop",
     .help = "wires have the resistance of the hardware's crossbar.wire_r_row and wire_r_col, ohm a segment",
     .type = XB_OPT_BOOL,
     .offset = CHIP(ir_drop),
     .def = "false"},
    {.name = NULL},
};

static const char *const methods[] = {"one-shot", "verify", "pulses", NULL};

const xb_option xb_program_option_table[] = {
    {.name = "method",
     .help = "one-shot: one write; verify: write, read, again until within tolerance; pulses: step by step towards it",
     .type = XB_OPT_CHOICE,
     .offset = PROGRAM(method),
     .def = "verify",
     .choices = methods},
    {.name = "tolerance",
     .help = "accepted when |ln(G / target)| is at most this, no unit",
     .type = XB_OPT_REAL,
     .offset = PROGRAM(tolerance),
     .def = "0.05",
     .min = 1e-6,
     .max = 10},
    {.name = "sigma",
     .help =
         "standard deviation of ln(G / target) after one write, no unit (c2c); 0: exact. Not given: that of the chip's "
         "lognormal devices, if it has some",
     .type = XB_OPT_REAL,
     .offset = PROGRAM(sigma),
     .def = "0.1",
     .min = 0,
     .max = 10},
    {.name = "most",
     .help = "writes of a device at most, stuck ones spend them all",
     .type = XB_OPT_INT,
     .offset = PROGRAM(most),
     .def = "100",
     .min = 1,
     .max = 1000000},
    {.name = "rate",
     .help = "pulses: share of what is left of ln(target / G) that one pulse closes, no unit",
     .type = XB_OPT_REAL,
     .offset = PROGRAM(rate),
     .def = "0.5",
     .min = 0.01,
     .max = 1},
    {.name = "pulse-sigma",
     .help = "pulses: standard deviation that one pulse adds to ln G, no unit (c2c); 0: exact",
     .type = XB_OPT_REAL,
     .offset = PROGRAM(pulse_sigma),
     .def = "0.02",
     .min = 0,
     .max = 10},
    {.name = "write-time",
     .help = "of one write or pulse, s; the default is the shortest of 6.5 us to 4.5 ms (Charan, JXCDC 2020)",
     .type = XB_OPT_REAL,
     .offset = PROGRAM(write_time),
     .def = "6.5us",
     .min = 0,
     .max = 1,
     .dim = XB_SECOND},
    {.name = "read-time",
     .help = "of the read that verifies it, s; the default is one read of an array (ISAAC, ISCA 2016)",
     .type = XB_OPT_REAL,
     .offset = PROGRAM(read_time),
     .def = "100ns",
     .min = 0,
     .max = 1,
     .dim = XB_SECOND},
    {.name = "parallel",
     .help = "devices that are written at the same time; 1: one driver",
     .type = XB_OPT_INT,
     .offset = PROGRAM(parallel),
     .def = "1",
     .min = 1,
     .max = 1 << 30},
    {.name = NULL},
};
