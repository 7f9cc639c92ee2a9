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

/* Energy of a conversion and area of ADCs of 4..10 bits: hwcomponents, isaac.py, after Saberi et al., TCAS-I 2011.
 * Only their ratios are used. */
static const double adc_pj[] = {0.79, 0.99, 1.20, 1.42, 1.67, 1.97, 2.38};
static const double adc_um2[] = {361, 477, 627, 845, 1200, 1828, 3002};

static bool in_table(int64_t bits)
{
    return bits >= XB_ADC_MIN_BITS && bits <= XB_ADC_MAX_BITS;
}

xb_hw_scales xb_hw_scales_of(const xb_hw *hw)
{
    xb_hw_scales s = {1, 1, 1 / ((double)hw->xbar_rows * (double)hw->xbar_cols)};
    int64_t from = hw->adc_figure_bits, to = hw->adc_bits;
    if (!in_table(from) || !in_table(to)) return s;
    s.adc_energy = adc_pj[to - XB_ADC_MIN_BITS] / adc_pj[from - XB_ADC_MIN_BITS];
    s.adc_area = adc_um2[to - XB_ADC_MIN_BITS] / adc_um2[from - XB_ADC_MIN_BITS];
    return s;
}

xb_component xb_hw_adc_of(const xb_hw *hw)
{
    xb_hw_scales s = xb_hw_scales_of(hw);
    xb_component adc = hw->adc;
    adc.power *= s.adc_energy;
    adc.energy *= s.adc_energy;
    adc.area *= s.adc_area;
    return adc;
}

double xb_rollup_devices(const xb_hw *hw, int64_t rows, int64_t cols)
{
    bool offset = hw->devices_per_cell == 1;
    return (double)rows * (double)(offset ? cols + 1 : cols * hw->devices_per_cell);
}

xb_rollup xb_rollup_cells(const xb_hw *hw, int64_t rows, int64_t cols)
{
    double share = (double)rows * (double)cols * xb_hw_scales_of(hw).xbar;
    xb_rollup r = {share * hw->xbar.power, share * hw->xbar.area};
    if (hw->cell_area > 0) r.area = xb_rollup_devices(hw, rows, cols) * hw->cell_area;
    return r;
}

xb_rollup xb_rollup_converters(const xb_hw *hw, int64_t rows, int64_t cols)
{
    xb_rollup r = {0, 0};
    xb_component adc = xb_hw_adc_of(hw);
    if (hw->adc_bits) add_part(&r, (double)(hw->adc_per_xbar < cols ? hw->adc_per_xbar : cols), &adc);
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
