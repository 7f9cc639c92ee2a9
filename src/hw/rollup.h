/* rollup.h: power and area of array, unit, tile and chip from the parts they are made of (ISAAC, ISCA 2016, Table I).
 */
#ifndef XB_HW_ROLLUP_H
#define XB_HW_ROLLUP_H

#include <xbarc/layout.h>

typedef struct xb_rollup {
    double power; /* W, everything on */
    double area;  /* m2 */
} xb_rollup;

/* From the figures of the parts to the hardware's: first-order estimates. 1 where nothing is scaled. */
typedef struct xb_hw_scales {
    double adc_energy; /* and power, at the same rate */
    double adc_area;
    double xbar; /* of one cell: 1 / (rows x cols of the component) */
} xb_hw_scales;

enum { XB_ADC_MIN_BITS = 4, XB_ADC_MAX_BITS = 10 }; /* between them an ADC is scaled */
xb_hw_scales xb_hw_scales_of(const xb_hw *hw);
xb_component xb_hw_adc_of(const xb_hw *hw); /* adc, scaled to adc_bits */

/* Devices of an array: P*Q cells, and with offset a reference device a row. */
double xb_rollup_devices(const xb_hw *hw, int64_t rows, int64_t cols);
/* The cells and their wires: devices x cell_area when it is given, else component xbar in proportion to P*Q. */
xb_rollup xb_rollup_cells(const xb_hw *hw, int64_t rows, int64_t cols);
/* Converters of one array: adc_per_xbar ADCs (none when ideal), P drivers, Q sample-and-holds. */
xb_rollup xb_rollup_converters(const xb_hw *hw, int64_t rows, int64_t cols);
/* What a unit and a tile hold beside their arrays; the tile with its share of the router, without its units. */
xb_rollup xb_rollup_unit_shared(const xb_hw *hw);
xb_rollup xb_rollup_tile_shared(const xb_hw *hw);
/* Whole unit and whole tile of full arrays of max_rows x max_cols. */
xb_rollup xb_rollup_unit(const xb_hw *hw);
xb_rollup xb_rollup_tile(const xb_hw *hw);

#endif
