/* layout.h: crossbar arrays and what sits in them: services "xb.hw" and "xb.layout", version 1.
 *
 * A matrix (graph.h, xb_matrix) is cut into blocks; each block sits in one array. An array is P rows (word lines,
 * inputs) by Q columns (bit lines, outputs). "Cells" count weights, not devices: a differential pair is one cell.
 * The layout holds no weights: a block says which rows and columns of which matrix it holds.
 */
#ifndef XBARC_LAYOUT_H
#define XBARC_LAYOUT_H

#include <xbarc/graph.h>

typedef struct xb_layout xb_layout;

/* How a matrix is cut (Group Scissor, DAC 2017, sec. 3 and the fixed-size rule of the other tools). */
typedef enum xb_tiling_rule {
    XB_TILING_EXACT, /* one N x K array if it fits; else the largest divisors of N and of K up to the library's limit */
    XB_TILING_FIXED  /* every array is max_rows x max_cols; the last block of a row or column is padded */
} xb_tiling_rule;

/* Tiles of one N x K matrix: arrays of P x Q in a grid of grid_rows x grid_cols. */
typedef struct xb_tiling {
    int64_t rows, cols;           /* P, Q */
    int64_t grid_rows, grid_cols; /* ceil(N/P), ceil(K/Q) */
    bool padded;                  /* unused cells: of our fallback (a divisor below 16), or of the fixed rule */
} xb_tiling;

/* A figure that went into the costs, and where it comes from. key: "interface.adc_rate", "adc.power",
 * "layers.fc*.adc_bits"; value in the unit shown. */
typedef struct xb_assumption {
    const char *key;
    double value;
    const char *unit, *source; /* never NULL */
} xb_assumption;

/* The resolved hardware file; see docs/formats/hardware.md. SI base units throughout. */
typedef struct xb_component {
    double power, area, energy; /* W, m2, J per operation; 0 = not given */
    const char *source;
} xb_component;

typedef struct xb_hw {
    uint32_t struct_size;
    const char *name, *file, *digest; /* digest of the resolved text */
    /* technology */
    double node, vdd;
    /* device */
    const char *device_type;
    double g_min, g_max, read_voltage;
    int64_t levels; /* 0 = continuous */
    /* crossbar */
    xb_tiling_rule rule;
    int64_t max_rows, max_cols;
    bool exact;               /* EXACT rule without our padded fallback */
    int64_t devices_per_cell; /* 2 differential, 1 offset, biased */
    double cell_area, wire_pitch, wire_r_row, wire_r_col;
    /* interface; bits 0 = ideal converter */
    int64_t input_bits, dac_bits, adc_bits, adc_per_xbar;
    double adc_rate, read_time;
    /* chip */
    int64_t xbars_per_tile, mesh_rows, mesh_cols; /* mesh 0 x 0: as large as needed, square */
    double site_pitch_x, site_pitch_y;            /* of one array site with its periphery */
    /* components */
    xb_component adc, dac, xbar, sample_hold, shift_add, buffer, router, wire;
    double hop_energy, hop_latency;
    const char *source; /* of what the file as a whole describes */
    /* of each level; NULL: not given */
    const char *technology_source, *device_source, *crossbar_source, *interface_source, *tile_source, *chip_source,
        *noc_source;
    /* what a unit (ISAAC: IMA, several arrays) and a tile (several units) hold beside converters and arrays */
    xb_component in_register, out_register;       /* per unit */
    xb_component tile_register, activation, pool; /* per tile; buffer and wire (the tile's bus) too */
    int64_t xbars_per_unit, shift_adds_per_unit;
    int64_t shift_adds_per_tile, tiles_per_router;
    xb_list layers, types;            /* overrides: xb_map_item by layer pattern, by operator; xb_hw_for applies them */
    int64_t xbar_rows, xbar_cols;     /* size of the array that the figures of xbar are of */
    int64_t adc_figure_bits;          /* resolution that the figures of adc are of */
    bool biased;                      /* sign: what one device a cell adds to all weights goes off digitally */
    int64_t weight_bits;              /* of a weight, over as many cells as it takes; 0: one cell has all of it */
    const xb_assumption *assumptions; /* every figure that is not 0; host-owned */
    size_t n_assumptions;
} xb_hw;

typedef struct xb_array {
    uint32_t id;            /* 0.. in creation order */
    int32_t rows, cols;     /* P, Q: the physical size */
    int32_t core;           /* -1: not placed */
    int32_t site_x, site_y; /* -1: not placed */
    uint32_t first_block, blocks;
} xb_array;

/* Rows [row, row+rows) and columns [col, col+cols) of matrix `matrix`, group `group`, at (at_row, at_col) of the array.
 * After compaction or permutation the lists say which matrix row or column each block row or column holds; row and col
 * are then places in the order in which the matrix was cut, and so is xb_net.index. */
typedef struct xb_block {
    uint32_t array, matrix;
    int64_t group;
    int64_t row, rows, col, cols;
    int32_t at_row, at_col;
    const int32_t *row_list, *col_list; /* NULL: consecutive from row, col */
} xb_block;

/* What one matrix costs. Per layer these add up to the totals. */
typedef struct xb_layer_cost {
    const char *name, *op_type;
    int64_t groups, rows, cols; /* of the matrix */
    xb_tiling tiling;           /* of one group, or of the packed arrays when packed */
    bool packed;                /* several groups share arrays, block-diagonally */
    int64_t arrays;
    int64_t arrays_dense;         /* if the groups were spread into one dense matrix, as other tools map them */
    int64_t cells;                /* weights: groups*rows*cols */
    int64_t array_cells;          /* sum of P*Q over its arrays */
    int64_t padding_cells;        /* array_cells - cells */
    int64_t compacted_cells;      /* sum over arrays of nonzero rows x columns; an array left counts at least 16 x 8 */
    int64_t zero_arrays;          /* arrays that hold only zeros */
    int64_t row_wires, col_wires; /* counted wires that carry something (rule of the design: sec. 2, "Wires") */
    int64_t row_wires_full, col_wires_full;  /* the same without deletion */
    double routing_area_ratio;               /* (wires/wires_full)^2; 1 when nothing is counted */
    int64_t mvms;                            /* per image; 0: a symbolic size hides it, and time and energy are 0 */
    double steps;                            /* array steps per image: mvms x input slices */
    double adc_conversions, dac_conversions; /* per image */
    double time;                             /* s per image, its arrays in parallel, no duplication */
    double energy;                           /* J per image; 0 when a component has no figure */
    double energy_adc, energy_dac, energy_xbar, energy_digital; /* their sum is energy */
    int64_t devices; /* that hold its weights; with offset one more for every row of an array in use: the reference */
    bool spread;     /* packed, as one dense matrix whose arrays of zeros alone are left out: fewer arrays */
    double array_area, converter_area; /* m2: its arrays; their ADCs, row drivers, sample-and-holds */
} xb_layer_cost;

typedef struct xb_chip_cost {
    int64_t layers, arrays, cells, array_cells, padding_cells, compacted_cells;
    int64_t wires, wires_full;
    double routing_area_ratio_mean;    /* mean over layers that have counted wires */
    double routing_area_ratio_pooled;  /* (sum wires / sum wires_full)^2 */
    double cell_area;                  /* m2: devices x cell_area */
    double array_area, periphery_area; /* m2; the periphery with the converters */
    double latency, interval;          /* s: one image through all layers; the slowest layer */
    double energy;                     /* J per image */
    const char *critical_layer;
    int64_t zero_arrays;
    int64_t units, tiles; /* as many as the arrays need */
    double peak_power;    /* W: everything on at once; 0 when neither converters nor arrays have a figure */
    int64_t devices;
    double converter_area; /* m2: what of the periphery belongs to arrays, not to units and tiles */
    double steps, adc_conversions, dac_conversions; /* per image, of all layers one after the other; 0: not known */
} xb_chip_cost;

typedef struct xb_hw_api {
    uint32_t struct_size;
    const xb_hw *(*of)(xb_cx *cx); /* the pipeline's hardware; never NULL after check */
    xb_tiling (*tiling)(const xb_hw *hw, int64_t rows, int64_t cols);
    /* Arrays, blocks and nets for the graph as it stands, host-owned, freed with the callback. NULL after a diagnostic.
     */
    xb_layout *(*plan)(xb_cx *cx, const xb_graph *g, const xb_hw *hw);
} xb_hw_api;

typedef struct xb_net {
    uint32_t matrix;
    bool row;                    /* true: one input fanned out to several arrays; false: partial sums to be added */
    int64_t group, index, count; /* matrix rows or columns [index, index+count) */
    uint32_t first_array, arrays;
    uint32_t stride; /* its arrays are first_array + i*stride, i < arrays; 1 for partial sums */
    int64_t wires;   /* of count x arrays wires, those that carry something: their sum is the layer's counted wires */
} xb_net;

typedef struct xb_layout_api {
    uint32_t struct_size;
    xb_layout *(*of)(xb_module *module); /* NULL before map */
    int (*set)(xb_cx *cx, xb_module *module,
               xb_layout *layout); /* map: freezes a plan of this callback; the module takes it over */
    const xb_hw *(*hw)(const xb_layout *l);
    size_t (*arrays)(const xb_layout *l, const xb_array **list);
    size_t (*blocks)(const xb_layout *l, const xb_block **list); /* ordered by array */
    size_t (*nets)(const xb_layout *l, const xb_net **list);
    size_t (*matrices)(const xb_layout *l, const xb_matrix **list); /* block.matrix indexes it */
    size_t (*layer_costs)(const xb_layout *l, const xb_layer_cost **list);
    const xb_chip_cost *(*chip_cost)(const xb_layout *l);
    /* Copies the P x Q values that array `id` holds, row-major, unused cells 0. */
    void (*array_values)(const xb_layout *l, const xb_graph *g, uint32_t id, float *out);
    void (*mesh)(const xb_layout *l, int32_t *rows, int32_t *cols); /* 0 x 0 before place */
    void (*set_mesh)(xb_layout *l, int32_t rows, int32_t cols);
    void (*place)(xb_layout *l, uint32_t id, int32_t site_x, int32_t site_y, int32_t core);
} xb_layout_api;

#endif
