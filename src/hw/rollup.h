/* rollup.h: power and area of array, unit, tile and chip from the parts they are made of (ISAAC, ISCA 2016, Table I).
 */
#ifndef XB_HW_ROLLUP_H
#define XB_HW_ROLLUP_H

#include <xbarc/layout.h>

typedef struct xb_rollup {
    double power; /* W, everything on */
    double area;  /* m2 */
} xb_rollup;

/* The cells and their wires: component xbar in proportion to P*Q, or cells x devices x cell_area when it has no area.
 */
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
