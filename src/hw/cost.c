/* cost.c: steps, conversions, time, energy, areas. First-order estimates from the parts' figures;
 * docs/formats/layout.md says which. ISAAC (ISCA 2016): one read per input slice, columns of an array share its
 * converters. */
#include "hw/layout_private.h"
#include "hw/rollup.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double slices(const xb_hw *hw)
{
    if (!hw->input_bits || !hw->dac_bits) return 1;
    return (double)((hw->input_bits + hw->dac_bits - 1) / hw->dac_bits);
}

/* One step of the layer's arrays: the read, or its busiest converter. */
static double step_time(const xb_hw *hw, int64_t cols)
{
    double each = (double)((cols + hw->adc_per_xbar - 1) / hw->adc_per_xbar);
    bool limited = hw->adc_bits && hw->adc_rate > 0;
    return larger(hw->read_time, limited ? each / hw->adc_rate : 0);
}

static double operation(const xb_component *part, double time)
{
    return part->energy > 0 ? part->energy : part->power * time;
}

/* Is there a figure for every part that spends most: converters that are not ideal, arrays? */
static bool has_figures(const xb_hw *hw)
{
    bool adc = !hw->adc_bits || hw->adc.energy > 0 || (hw->adc.power > 0 && hw->adc_rate > 0);
    bool dac = !hw->dac_bits || operation(&hw->dac, hw->read_time) > 0;
    return adc && dac && operation(&hw->xbar, hw->read_time) > 0;
}

static void energy(const xb_hw *hw, xb_layer_cost *c)
{
    if (!has_figures(hw)) return;
    double moved = (double)(c->mvms * c->groups) * (double)(c->rows + c->cols) * (double)hw->input_bits;
    double share = (double)c->array_cells * xb_hw_scales_of(hw).xbar;
    if (hw->adc_bits) {
        xb_component adc = xb_hw_adc_of(hw);
        double one = operation(&adc, hw->adc_rate > 0 ? 1 / hw->adc_rate : 0);
        c->energy_adc = c->adc_conversions * (one + operation(&hw->sample_hold, hw->read_time));
    }
    if (hw->dac_bits) c->energy_dac = c->dac_conversions * operation(&hw->dac, hw->read_time);
    c->energy_xbar = c->steps * share * operation(&hw->xbar, hw->read_time);
    c->energy_digital = c->adc_conversions * hw->shift_add.energy + moved * hw->wire.energy;
    c->energy_digital += moved / 256 * hw->buffer.energy;
    c->energy = c->energy_adc + c->energy_dac + c->energy_xbar + c->energy_digital;
}

/* A reference device for every row that an array of the offset mapping uses. */
static int64_t devices(const xb_layout *l, size_t i, const xb_hw *hw)
{
    int64_t n = l->costs.data[i].cells * hw->devices_per_cell;
    if (hw->devices_per_cell != 1) return n;
    for (uint32_t k = l->first_array.data[i]; k < l->first_array.data[i + 1]; k++) {
        const xb_array *a = &l->arrays.data[k];
        for (uint32_t b = 0; b < a->blocks; b++) n += l->blocks.data[a->first_block + b].rows;
    }
    return n;
}

/* Columns and rows of all arrays of matrix i that hold something, and the columns of the fullest. */
typedef struct used {
    int64_t cols, rows, busiest;
} used;

static used used_of(const xb_layout *l, size_t i)
{
    used u = {0, 0, 0};
    for (uint32_t k = l->first_array.data[i]; k < l->first_array.data[i + 1]; k++) {
        const xb_array *a = &l->arrays.data[k];
        int64_t cols = 0;
        for (uint32_t b = 0; b < a->blocks; b++) {
            cols += l->blocks.data[a->first_block + b].cols;
            u.rows += l->blocks.data[a->first_block + b].rows;
        }
        u.cols += cols;
        if (cols > u.busiest) u.busiest = cols;
    }
    return u;
}

void xb_layout_cost(xb_layout *l, size_t i)
{
    xb_layer_cost *c = &l->costs.data[i];
    xb_hw hw = xb_hw_for(&l->hw, c->name, c->op_type);
    used u = used_of(l, i);
    c->steps = (double)c->mvms * slices(&hw);
    c->adc_conversions = c->steps * (double)u.cols;
    c->dac_conversions = c->steps * (double)u.rows;
    c->time = c->steps * step_time(&hw, u.busiest);
    c->devices = devices(l, i, &hw);
    energy(&hw, c);
}

/* Area and power of the layer's arrays with their converters: P*Q*A_cell + ADCs*A_ADC + P*A_DAC + Q*A_SH of each. */
static void add_arrays(xb_layout *l, size_t i, const xb_hw *hw)
{
    xb_layer_cost *c = &l->costs.data[i];
    c->array_area = c->converter_area = 0;
    for (uint32_t k = l->first_array.data[i]; k < l->first_array.data[i + 1]; k++) {
        const xb_array *a = &l->arrays.data[k];
        xb_rollup cells = xb_rollup_cells(hw, a->rows, a->cols), around = xb_rollup_converters(hw, a->rows, a->cols);
        c->array_area += cells.area;
        c->converter_area += around.area;
        l->chip.peak_power += cells.power + around.power;
    }
    l->chip.array_area += c->array_area;
    l->chip.converter_area += c->converter_area;
}

static void add_layer(xb_layout *l, size_t i, bool *has_energy, bool *has_time)
{
    const xb_layer_cost *c = &l->costs.data[i];
    xb_chip_cost *chip = &l->chip;
    xb_hw hw = xb_hw_for(&l->hw, c->name, c->op_type);
    chip->arrays += c->arrays;
    chip->cells += c->cells;
    chip->array_cells += c->array_cells;
    chip->padding_cells += c->padding_cells;
    chip->compacted_cells += c->compacted_cells;
    chip->zero_arrays += c->zero_arrays;
    chip->wires += c->row_wires + c->col_wires;
    chip->wires_full += c->row_wires_full + c->col_wires_full;
    chip->devices += c->devices;
    chip->cell_area += (double)c->devices * hw.cell_area;
    chip->latency += c->time;
    if (c->time > chip->interval) chip->interval = c->time, chip->critical_layer = c->name;
    chip->energy += c->energy;
    chip->steps += c->steps;
    chip->adc_conversions += c->adc_conversions;
    chip->dac_conversions += c->dac_conversions;
    *has_energy &= has_figures(&hw) && c->mvms > 0;
    *has_time &= c->mvms > 0;
    add_arrays(l, i, &hw);
}

static void routing(xb_layout *l)
{
    double sum = 0, counted = 0;
    for (size_t i = 0; i < l->costs.n; i++)
        if (l->costs.data[i].row_wires_full + l->costs.data[i].col_wires_full) {
            sum += l->costs.data[i].routing_area_ratio;
            counted++;
        }
    double pooled = l->chip.wires_full ? (double)l->chip.wires / (double)l->chip.wires_full : 1;
    l->chip.routing_area_ratio_mean = counted > 0 ? sum / counted : 1;
    l->chip.routing_area_ratio_pooled = pooled * pooled;
}

void xb_layout_cost_chip(xb_layout *l)
{
    xb_chip_cost *chip = &l->chip;
    const xb_hw *hw = &l->hw;
    bool has_energy = true, has_time = true; /* a sum with an unknown part is unknown */
    *chip = (xb_chip_cost){.layers = (int64_t)l->costs.n};
    for (size_t i = 0; i < l->costs.n; i++) add_layer(l, i, &has_energy, &has_time);
    routing(l);
    if (!has_energy) chip->energy = 0;
    if (!has_time) {
        chip->latency = chip->interval = 0, chip->critical_layer = NULL;
        chip->steps = chip->adc_conversions = chip->dac_conversions = 0;
    }
    chip->units = (chip->arrays + hw->xbars_per_unit - 1) / hw->xbars_per_unit;
    chip->tiles = (chip->arrays + hw->xbars_per_tile - 1) / hw->xbars_per_tile;
    xb_rollup unit = xb_rollup_unit_shared(hw), tile = xb_rollup_tile_shared(hw);
    chip->periphery_area = chip->converter_area + (double)chip->units * unit.area + (double)chip->tiles * tile.area;
    if (chip->peak_power > 0) chip->peak_power += (double)chip->units * unit.power + (double)chip->tiles * tile.power;
}
