/* calibrate.c: ranges of the converters: the network as it was meant to be sees some images.
 *
 * First inputs through ideal converters, for the DACs; then, with these, the sums of every block, for the ADCs. */
#include "base/progress.h"
#include "sim/sim_private.h"

#include <math.h>
#include <stdlib.h>

typedef struct images {
    const xb_sim *sim;
    const xb_dataset *data;
} images;

static bool fill(void *context, int worker, size_t first, size_t count, float *in)
{
    (void)worker;
    const images *s = context;
    size_t item = xb_dataset_item(s->data);
    for (size_t i = 0; i < count; i++) xb_dataset_get(s->data, first + i, s->sim->s.map, in + i * item);
    return !xb_interrupted();
}

static bool ignore(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    (void)context, (void)worker, (void)first, (void)count, (void)out, (void)type;
    return true;
}

static bool look(xb_sim *sim, xb_engine *e)
{
    images s = {.sim = sim, .data = sim->s.calibration ? sim->s.calibration : sim->s.data};
    size_t n = xb_dataset_count(s.data), want = (size_t)sim->s.options->calibrate;
    return xb_engine_stream(e, want < n ? want : n, fill, ignore, &s);
}

/* Largest column sum that all inputs and cells at their most give. */
static double worst(const xb_sim_stage *l)
{
    double range = l->map.g_max - l->map.g_min, most = 1;
    if (!l->map.differential) most = fmax(l->map.zero[0], 1 - l->map.zero[0]);
    if (l->split || l->map.digital) most = l->map.g_max / range;
    if (!l->map.differential && l->map.cell_bits && !l->split && !l->map.digital) most = 1;
    return (double)l->cut.longest * xb_converters_digit(&l->converters) * most;
}

/* Sums are whole multiples of this; 0: not, as where devices vary. One by one, what g_min adds must stay below what
 * rounding takes off. */
static double grain_of(const xb_sim *sim, const xb_sim_stage *l)
{
    if (sim->s.chain.n || !l->converters.input_bits || l->map.grain <= 0) return 0;
    double digit = xb_converters_digit(&l->converters), range = l->map.g_max - l->map.g_min;
    double rest = (double)l->cut.longest * digit * l->map.g_min / range;
    return (l->split || l->map.digital) && rest > l->map.grain / 4 ? 0 : l->map.grain;
}

static bool set_inputs(xb_sim *sim, xb_engine *e)
{
    sim->ideal_inputs = true;
    sim->inputs = xb_calloc(sim->layers, sizeof *sim->inputs);
    for (size_t i = 0; i < sim->layers; i++) sim->inputs[i] = xb_seen_new();
    bool ok = look(sim, e);
    for (size_t i = 0; i < sim->layers; i++) {
        xb_sim_stage *l = &sim->layer[i];
        if (ok)
            xb_converters_inputs(&l->converters, &l->hw, xb_seen_percentile(sim->inputs[i], sim->s.options->percentile),
                                 atomic_load(&sim->inputs[i]->below));
        xb_seen_free(sim->inputs[i]);
    }
    free(sim->inputs);
    sim->inputs = NULL;
    sim->ideal_inputs = false;
    return ok;
}

static bool set_adcs(xb_sim *sim, xb_engine *e)
{
    bool calibrated = sim->s.options->adc_range == XB_ADC_CALIBRATED, ok = true;
    sim->sums = xb_calloc(sim->layers, sizeof *sim->sums);
    for (size_t i = 0; i < sim->layers; i++) sim->sums[i] = xb_seen_new();
    if (calibrated) ok = look(sim, e);
    for (size_t i = 0; i < sim->layers; i++) {
        xb_sim_stage *l = &sim->layer[i];
        double reach = calibrated ? xb_seen_percentile(sim->sums[i], sim->s.options->percentile) : worst(l);
        bool both = (!l->split && !l->map.digital) || l->converters.is_signed;
        if (ok) xb_converters_adc(&l->converters, &l->hw, reach, both, grain_of(sim, l));
        xb_seen_free(sim->sums[i]);
    }
    free(sim->sums);
    sim->sums = NULL;
    return ok;
}

bool xb_sim_calibrate(xb_sim *sim)
{
    bool needed = false;
    for (size_t i = 0; i < sim->layers; i++) {
        xb_sim_stage *l = &sim->layer[i];
        l->converters = (xb_converters){.step = 1, .slices = 1, .largest = 1};
        needed |= !l->exact && !l->collapsed && (l->hw.input_bits || l->hw.adc_bits);
    }
    if (!needed) return true;
    xb_engine_options o = sim->s.engine;
    o.custom = &sim->custom;
    xb_engine *e = xb_engine_new(sim->s.d, sim->s.graph, &o);
    sim->blocks = xb_calloc(sim->layers, sizeof *sim->blocks);
    for (size_t i = 0; i < sim->layers; i++)
        sim->blocks[i] = xb_sections_blocks(&sim->layer[i].cut, sim->layer[i].m->groups);
    bool ok = e && xb_sim_build(sim, NULL, 0) && set_inputs(sim, e) && set_adcs(sim, e);
    xb_sim_drop(sim);
    for (size_t i = 0; i < sim->layers; i++) xb_sections_free(&sim->blocks[i]);
    free(sim->blocks);
    sim->blocks = NULL;
    xb_engine_free(e);
    if (!ok && xb_interrupted())
        xb_error(sim->s.d, "interrupted", (.file = xb_graph_file(sim->s.graph)), "calibration was interrupted");
    return ok;
}
