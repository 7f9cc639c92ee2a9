/* options.c: every key of a hardware file, with unit, range, default. docs/formats/hardware.md is the reference.
 *
 * Defaults of components: ISAAC (Shafiee et al., ISCA 2016), Table I, 32 nm, per instance. Defaults of the device:
 * NeuroSim V1.3. */
#include "hw/hw_private.h"

#define ISAAC "ISAAC, ISCA 2016, Table I, 32 nm (default)"
#define AT(member) offsetof(xb_hw_text, member)
#define REAL(n, o, unit, d, hi, h)                                                                                     \
    {                                                                                                                  \
        .name = n, .help = h, .type = XB_OPT_REAL, .offset = o, .def = d, .max = hi, .dim = unit                       \
    }
#define INT(n, o, d, lo, hi, h)                                                                                        \
    {                                                                                                                  \
        .name = n, .help = h, .type = XB_OPT_INT, .offset = o, .def = d, .min = lo, .max = hi                          \
    }
#define BOOL(n, o, d, h)                                                                                               \
    {                                                                                                                  \
        .name = n, .help = h, .type = XB_OPT_BOOL, .offset = o, .def = d                                               \
    }
#define CHOICE(n, o, list, d, h)                                                                                       \
    {                                                                                                                  \
        .name = n, .help = h, .type = XB_OPT_CHOICE, .offset = o, .def = d, .choices = list                            \
    }
#define TEXT(n, o, d, h)                                                                                               \
    {                                                                                                                  \
        .name = n, .help = h, .type = XB_OPT_STRING, .offset = o, .def = d                                             \
    }
#define SOURCE(o, d) TEXT("source", o, d, "where these figures come from: paper and table, or measurement")
#define END                                                                                                            \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }
/* A level: members are relative to it. */
#define IN(level, member) (AT(level.member) - AT(level))
#define LEVEL(n, table, h)                                                                                             \
    {                                                                                                                  \
        .name = #n, .help = h, .type = XB_OPT_STRUCT, .offset = AT(n), .sub = table,                                   \
        .sub_size = sizeof(((xb_hw_text *)0)->n)                                                                       \
    }

static const char *const rules[] = {"exact", "fixed", NULL};
static const char *const signs[] = {"differential", "offset", "biased", NULL};
#define RULE_HELP "exact: a library of all sizes up to rows x cols; fixed: every array is rows x cols"
#define EXACT_HELP "exact rule only: never pad where the largest divisor is below 16"
#define SIGN_HELP                                                                                                      \
    "differential: two devices a cell; offset: one, and a reference column; biased: one, a column of ones sums the "   \
    "inputs and their multiple is subtracted digitally (ISAAC)"
#define INPUT_BITS_HELP "bits of an activation; 0: ideal"
#define DAC_HELP "bits a word line takes at once; 0: ideal, all at once"
#define ADC_HELP "bits of the converter; 0: ideal"
#define PER_XBAR_HELP "converters an array shares among its columns"

static const xb_option technology[] = {
    REAL("node", IN(technology, node), XB_METRE, "32nm", 1e-3, "feature size; 0: not given"),
    REAL("vdd", IN(technology, vdd), XB_VOLT, "1V", 100, "supply; 0: not given"),
    SOURCE(IN(technology, source), NULL),
    END,
};
static const xb_option device[] = {
    TEXT("type", IN(device, type), "rram", "what it is, for people: rram, pcm, flash"),
    REAL("g_min", IN(device, g_min), XB_SIEMENS, "1.1111uS", 1, "conductance of the off state, S"),
    REAL("g_max", IN(device, g_max), XB_SIEMENS, "166.67uS", 1, "conductance of the on state, S; above g_min"),
    REAL("read_voltage", IN(device, read_voltage), XB_VOLT, "0.5V", 100, "word line voltage of a full-scale input, V"),
    INT("levels", IN(device, levels), "0", 0, 1 << 20, "conductances it can hold, evenly spaced; 0: ideal, any"),
    SOURCE(IN(device, source), "NeuroSim V1.3, Param.cpp: Ron 6 kohm, ratio 150, read 0.5 V (default)"),
    END,
};
static const xb_option crossbar[] = {
    CHOICE("rule", IN(crossbar, rule), rules, "fixed", RULE_HELP),
    INT("rows", IN(crossbar, rows), "128", 1, 8192, "word lines of the largest array"),
    INT("cols", IN(crossbar, cols), "128", 1, 8192, "bit lines of the largest array"),
    BOOL("exact", IN(crossbar, exact), "false", EXACT_HELP),
    CHOICE("sign", IN(crossbar, sign), signs, "differential", SIGN_HELP),
    INT("weight_bits", IN(crossbar, weight_bits), "0", 0, 16,
        "bits of a weight, sign included, over as many cells, an array each, as hold them with log2(levels) bits; 0: "
        "ideal, one cell has all of it"),
    REAL("cell_area", IN(crossbar, cell_area), XB_AREA, "0nm2", 1,
         "of one device, 4F2 for a cross-point; 0: not given"),
    REAL("wire_pitch", IN(crossbar, wire_pitch), XB_METRE, "0nm", 1, "from word line to word line; 0: not given"),
    REAL("wire_r_row", IN(crossbar, wire_r_row), XB_OHM, "0ohm", 1e9, "word line from cell to cell, ohm; 0: ideal"),
    REAL("wire_r_col", IN(crossbar, wire_r_col), XB_OHM, "0ohm", 1e9, "bit line from cell to cell, ohm; 0: ideal"),
    SOURCE(IN(crossbar, source), NULL),
    END,
};
static const xb_option interface[] = {
    INT("input_bits", IN(interface, input_bits), "8", 0, 32, INPUT_BITS_HELP),
    INT("dac_bits", IN(interface, dac_bits), "1", 0, 32, DAC_HELP),
    INT("adc_bits", IN(interface, adc_bits), "8", 0, 32, ADC_HELP),
    INT("adc_per_xbar", IN(interface, adc_per_xbar), "1", 1, 8192, PER_XBAR_HELP),
    REAL("adc_rate", IN(interface, adc_rate), XB_HERTZ, "1.28GS/s", 1e15, "conversions a second; 0: not a limit"),
    REAL("read_time", IN(interface, read_time), XB_SECOND, "100ns", 1, "one read of an array; 0: not given"),
    SOURCE(IN(interface, source), "ISAAC, ISCA 2016, sec. 6 (default)"),
    END,
};
static const xb_option tile[] = {
    INT("xbars", IN(tile, xbars), "96", 1, 1 << 20, "arrays in a tile"),
    INT("xbars_per_unit", IN(tile, xbars_per_unit), "8", 1, 1 << 20, "arrays that share in_register and out_register"),
    INT("shift_adds_per_unit", IN(tile, shift_adds_per_unit), "4", 0, 1 << 20, "shift-and-add circuits of a unit"),
    INT("shift_adds_per_tile", IN(tile, shift_adds_per_tile), "1", 0, 1 << 20, "and beside the units"),
    INT("tiles_per_router", IN(tile, tiles_per_router), "4", 1, 1 << 20, "tiles that share a router"),
    SOURCE(IN(tile, source), "ISAAC, ISCA 2016, Table I (default)"),
    END,
};
static const xb_option chip[] = {
    {.name = "mesh",
     .help = "rows and columns of tiles; [0, 0]: the smallest square that holds them",
     .type = XB_OPT_LIST,
     .offset = IN(chip, mesh),
     .def = "[0, 0]",
     .max = 1 << 20,
     .elem = XB_OPT_INT},
    {.name = "site_pitch",
     .help = "width and height of one array's site; [0m, 0m]: from the areas",
     .type = XB_OPT_LIST,
     .offset = IN(chip, site_pitch),
     .def = "[0m, 0m]",
     .max = 1,
     .dim = XB_METRE,
     .elem = XB_OPT_REAL},
    SOURCE(IN(chip, source), NULL),
    END,
};
static const xb_option noc[] = {
    REAL("hop_energy", IN(noc, hop_energy), XB_JOULE, "2.6pJ", 1, "one 32-bit flit, one hop; 0: not given"),
    REAL("hop_latency", IN(noc, hop_latency), XB_SECOND, "1ns", 1, "one flit, one hop; 0: not given"),
    SOURCE(IN(noc, source), "ISAAC router, 20.7 pJ per 256 bits; one 1 GHz cycle a hop is an estimate (default)"),
    END,
};

/* Figures of one component; not given: 0. Further keys follow. */
#define COMPONENT_TABLE(id, p, a, e, ...)                                                                              \
    static const xb_option id[] = {                                                                                    \
        REAL("power", offsetof(xb_component, power), XB_WATT, p, 1e6, "while on; 0: not given"),                       \
        REAL("area", offsetof(xb_component, area), XB_AREA, a, 1, "of one; 0: not given"),                             \
        REAL("energy", offsetof(xb_component, energy), XB_JOULE, e, 1, "of one operation; 0: from power and time"),    \
        SOURCE(offsetof(xb_component, source), ISAAC),                                                                 \
        __VA_ARGS__ END,                                                                                               \
    }
COMPONENT_TABLE(adc, "2mW", "0.0012mm2", "0J",
                INT("bits", offsetof(xb_hw_adc, bits), "8", 1, 32, "bits that these figures are of; others are scaled"), );
COMPONENT_TABLE(dac, "3.90625uW", "1.66015625e-7mm2", "0J", );
COMPONENT_TABLE(xbar, "0.3mW", "2.5e-5mm2", "0J",
                INT("rows", offsetof(xb_hw_xbar, rows), "128", 1, 8192, "word lines of the array these figures are of"),
                INT("cols", offsetof(xb_hw_xbar, cols), "128", 1, 8192, "bit lines of it; other sizes in proportion"), );
COMPONENT_TABLE(sample_hold, "9.765625nW", "3.90625e-8mm2", "0J", );
COMPONENT_TABLE(shift_add, "0.05mW", "6e-5mm2", "0.021pJ", );
COMPONENT_TABLE(buffer, "20.7mW", "0.083mm2", "20.45pJ", );
COMPONENT_TABLE(router, "42mW", "0.151mm2", "20.7pJ", );
COMPONENT_TABLE(wire, "7mW", "0.090mm2", "0.054pJ", );
COMPONENT_TABLE(in_register, "1.24mW", "0.0021mm2", "0J", );
COMPONENT_TABLE(out_register, "0.23mW", "0.00077mm2", "0J", );
COMPONENT_TABLE(tile_register, "1.68mW", "0.0032mm2", "0J", );
COMPONENT_TABLE(activation, "0.52mW", "0.0006mm2", "0J", );
COMPONENT_TABLE(pool, "0.4mW", "0.00024mm2", "0J", );

#define COMPONENT(id, h)                                                                                               \
    {                                                                                                                  \
        .name = #id, .help = h, .type = XB_OPT_STRUCT, .offset = IN(components, id), .sub = id,                        \
        .sub_size = sizeof(((xb_hw_text *)0)->components.id)                                                           \
    }
static const xb_option components[] = {
    COMPONENT(adc, "one analog-to-digital converter; energy of one conversion"),
    COMPONENT(dac, "driver of one word line; energy of one drive"),
    COMPONENT(
        xbar,
        "one array, other sizes in proportion to rows x cols; area unless cell_area is given; energy of one read"),
    COMPONENT(sample_hold, "of one column"),
    COMPONENT(shift_add, "one shift-and-add; energy of one conversion's"),
    COMPONENT(buffer, "activation memory of a tile; energy of one access of 256 bits"),
    COMPONENT(router, "shared by tiles_per_router tiles; energy of 256 bits"),
    COMPONENT(wire, "bus of a tile, buffer to units; energy of one bit"),
    COMPONENT(in_register, "of a unit"),
    COMPONENT(out_register, "of a unit"),
    COMPONENT(tile_register, "output register of a tile"),
    COMPONENT(activation, "activation function units of a tile"),
    COMPONENT(pool, "pooling unit of a tile"),
    END,
};

#define OV(member) offsetof(xb_hw_override, member)
const xb_option xb_hw_override_options[] = {
    CHOICE("rule", OV(rule), rules, "fixed", RULE_HELP),
    INT("rows", OV(rows), "128", 1, 8192, "word lines of the largest array"),
    INT("cols", OV(cols), "128", 1, 8192, "bit lines of the largest array"),
    BOOL("exact", OV(exact), "false", EXACT_HELP),
    CHOICE("sign", OV(sign), signs, "differential", SIGN_HELP),
    REAL("cell_area", OV(cell_area), XB_AREA, "0nm2", 1, "of one device"),
    REAL("g_min", OV(g_min), XB_SIEMENS, "0S", 1, "conductance of the off state, S"),
    REAL("g_max", OV(g_max), XB_SIEMENS, "0S", 1, "conductance of the on state, S"),
    REAL("read_voltage", OV(read_voltage), XB_VOLT, "0V", 100, "word line voltage of a full-scale input, V"),
    INT("levels", OV(levels), "0", 0, 1 << 20, "conductances it can hold; 0: ideal, any"),
    INT("input_bits", OV(input_bits), "0", 0, 32, INPUT_BITS_HELP),
    INT("dac_bits", OV(dac_bits), "0", 0, 32, DAC_HELP),
    INT("adc_bits", OV(adc_bits), "0", 0, 32, ADC_HELP),
    INT("adc_per_xbar", OV(adc_per_xbar), "1", 1, 8192, PER_XBAR_HELP),
    REAL("adc_rate", OV(adc_rate), XB_HERTZ, "0Hz", 1e15, "conversions a second; 0: not a limit"),
    REAL("read_time", OV(read_time), XB_SECOND, "0s", 1, "one read of an array; 0: not given"),
    SOURCE(OV(source), NULL),
    END,
};

#define MAP(n, h)                                                                                                      \
    {                                                                                                                  \
        .name = #n, .help = h, .type = XB_OPT_MAP, .offset = AT(n), .def = "{}", .sub = xb_hw_override_options,        \
        .sub_size = sizeof(xb_hw_override)                                                                             \
    }
static const xb_option source_of_one[] = {
    SOURCE(offsetof(xb_hw_source, source), NULL),
    END,
};
const xb_option xb_hw_options[] = {
    {.name = "xbarc",
     .help = "version of the format: 1",
     .type = XB_OPT_INT,
     .offset = AT(format),
     .def = "1",
     .min = 1,
     .max = 1,
     .required = true},
    TEXT("name", AT(name), "hardware", "what reports call it"),
    TEXT("source", AT(source), NULL, "of all figures whose level has none"),
    TEXT("extends", AT(extends), NULL, "file this one changes: a path, or the name of an installed one; one level"),
    LEVEL(technology, technology, "the process"),
    LEVEL(device, device, "the memristor, alike for all; the chip's devices say what varies"),
    LEVEL(crossbar, crossbar, "the arrays"),
    LEVEL(interface, interface, "the converters"),
    LEVEL(tile, tile, "what arrays share"),
    LEVEL(chip, chip, "the floor"),
    LEVEL(noc, noc, "the network between tiles"),
    LEVEL(components, components, "figures of the parts; one that is named replaces its default as a whole"),
    MAP(types, "overrides by operator: {Conv: {adc_bits: 6}}"),
    {.name = "sources",
     .help = "of single figures, before their level's: {interface.adc_rate: {source: text}}",
     .type = XB_OPT_MAP,
     .offset = AT(sources),
     .def = "{}",
     .sub = source_of_one,
     .sub_size = sizeof(xb_hw_source)},
    MAP(layers, "overrides by layer name or pattern, after types; the last that matches wins: {fc*: {rows: 64}}"),
    END,
};

#define PAIR(text, member)                                                                                             \
    {                                                                                                                  \
        AT(text), offsetof(xb_hw, member), sizeof(((xb_hw *)0)->member)                                                \
    }
#define SAME(level, member) PAIR(level.member, member)
const xb_hw_pair xb_hw_pairs[] = {
    PAIR(name, name),
    PAIR(source, source),
    SAME(technology, node),
    SAME(technology, vdd),
    PAIR(technology.source, technology_source),
    PAIR(device.type, device_type),
    SAME(device, g_min),
    SAME(device, g_max),
    SAME(device, read_voltage),
    SAME(device, levels),
    PAIR(device.source, device_source),
    SAME(crossbar, rule),
    PAIR(crossbar.rows, max_rows),
    PAIR(crossbar.cols, max_cols),
    SAME(crossbar, exact),
    SAME(crossbar, weight_bits),
    SAME(crossbar, cell_area),
    SAME(crossbar, wire_pitch),
    SAME(crossbar, wire_r_row),
    SAME(crossbar, wire_r_col),
    PAIR(crossbar.source, crossbar_source),
    SAME(interface, input_bits),
    SAME(interface, dac_bits),
    SAME(interface, adc_bits),
    SAME(interface, adc_per_xbar),
    SAME(interface, adc_rate),
    SAME(interface, read_time),
    PAIR(interface.source, interface_source),
    PAIR(tile.xbars, xbars_per_tile),
    SAME(tile, xbars_per_unit),
    SAME(tile, shift_adds_per_unit),
    SAME(tile, shift_adds_per_tile),
    SAME(tile, tiles_per_router),
    PAIR(tile.source, tile_source),
    PAIR(chip.source, chip_source),
    SAME(noc, hop_energy),
    SAME(noc, hop_latency),
    PAIR(noc.source, noc_source),
    PAIR(components.adc.figures, adc),
    PAIR(components.adc.bits, adc_figure_bits),
    SAME(components, dac),
    PAIR(components.xbar.figures, xbar),
    PAIR(components.xbar.rows, xbar_rows),
    PAIR(components.xbar.cols, xbar_cols),
    SAME(components, sample_hold),
    SAME(components, shift_add),
    SAME(components, buffer),
    SAME(components, router),
    SAME(components, wire),
    SAME(components, in_register),
    SAME(components, out_register),
    SAME(components, tile_register),
    SAME(components, activation),
    SAME(components, pool),
    PAIR(layers, layers),
    PAIR(types, types),
    {0, 0, 0},
};

/* sign, at index 4, is devices_per_cell in xb_hw and no plain copy: size 0 there. source stays with the override. */
#define OVER(from, member)                                                                                             \
    {                                                                                                                  \
        OV(from), offsetof(xb_hw, member), sizeof(((xb_hw *)0)->member)                                                \
    }
const xb_hw_pair xb_hw_override_pairs[] = {
    OVER(rule, rule),
    OVER(rows, max_rows),
    OVER(cols, max_cols),
    OVER(exact, exact),
    {0, 0, 0},
    OVER(cell_area, cell_area),
    OVER(g_min, g_min),
    OVER(g_max, g_max),
    OVER(read_voltage, read_voltage),
    OVER(levels, levels),
    OVER(input_bits, input_bits),
    OVER(dac_bits, dac_bits),
    OVER(adc_bits, adc_bits),
    OVER(adc_per_xbar, adc_per_xbar),
    OVER(adc_rate, adc_rate),
    OVER(read_time, read_time),
    {0, 0, 0},
};

_Static_assert(sizeof(xb_tiling_rule) == sizeof(int), "a choice is stored as int");
_Static_assert(sizeof xb_hw_override_pairs / sizeof *xb_hw_override_pairs ==
                   sizeof xb_hw_override_options / sizeof *xb_hw_override_options - 1,
               "parallel tables");
