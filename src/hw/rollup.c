/* rollup.c: see rollup.h. */
#include "hw/rollup.h"

static void add(xb_rollup *to, double count, double power, double area)
{
    to->power += count * power;
    to->area += count * area;
}

static void add_part(xb_rollup *to, double count, const xb_component *part)
{
    add(to, count, part->power, part->area);
}

xb_rollup xb_rollup_cells(const xb_hw *hw, int64_t rows, int64_t cols)
{
    double cells = (double)rows * (double)cols, share = cells / ((double)hw->max_rows * (double)hw->max_cols);
    xb_rollup r = {share * hw->xbar.power, share * hw->xbar.area};
    if (!(hw->xbar.area > 0)) r.area = cells * (double)hw->devices_per_cell * hw->cell_area;
    return r;
}

xb_rollup xb_rollup_converters(const xb_hw *hw, int64_t rows, int64_t cols)
{
    xb_rollup r = {0, 0};
    if (hw->adc_bits) add_part(&r, (double)(hw->adc_per_xbar < cols ? hw->adc_per_xbar : cols), &hw->adc);
    if (hw->dac_bits) add_part(&r, (double)rows, &hw->dac);
    if (hw->adc_bits) add_part(&r, (double)cols, &hw->sample_hold);
    return r;
}

xb_rollup xb_rollup_unit_shared(const xb_hw *hw)
{
    xb_rollup r = {0, 0};
    add_part(&r, (double)hw->shift_adds_per_unit, &hw->shift_add);
    add_part(&r, 1, &hw->in_register);
    add_part(&r, 1, &hw->out_register);
    return r;
}

xb_rollup xb_rollup_tile_shared(const xb_hw *hw)
{
    xb_rollup r = {0, 0};
    add_part(&r, 1, &hw->buffer);
    add_part(&r, 1, &hw->wire);
    add_part(&r, 1 / (double)hw->tiles_per_router, &hw->router);
    add_part(&r, 1, &hw->activation);
    add_part(&r, (double)hw->shift_adds_per_tile, &hw->shift_add);
    add_part(&r, 1, &hw->pool);
    add_part(&r, 1, &hw->tile_register);
    return r;
}

static void add_arrays(const xb_hw *hw, xb_rollup *to, int64_t n)
{
    xb_rollup cells = xb_rollup_cells(hw, hw->max_rows, hw->max_cols);
    xb_rollup converters = xb_rollup_converters(hw, hw->max_rows, hw->max_cols);
    add(to, (double)n, cells.power, cells.area);
    add(to, (double)n, converters.power, converters.area);
}

xb_rollup xb_rollup_unit(const xb_hw *hw)
{
    xb_rollup r = xb_rollup_unit_shared(hw);
    add_arrays(hw, &r, hw->xbars_per_unit);
    return r;
}

xb_rollup xb_rollup_tile(const xb_hw *hw)
{
    xb_rollup r = xb_rollup_tile_shared(hw), unit = xb_rollup_unit_shared(hw);
    int64_t units = (hw->xbars_per_tile + hw->xbars_per_unit - 1) / hw->xbars_per_unit;
    add(&r, (double)units, unit.power, unit.area);
    add_arrays(hw, &r, hw->xbars_per_tile);
    return r;
}
