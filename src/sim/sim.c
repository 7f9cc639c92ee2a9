/* sim.c: a simulation's life: layers of the layout, what they are converted by, the float network's answers. */
#include "base/par.h"
#include "sim/sim_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- layers ---- */

static bool read_weights(xb_sim *sim, xb_sim_stage *l)
{
    const xb_matrix *m = l->m;
    const xb_graph *g = sim->s.graph;
    xb_where where = xb_graph_where(g, m->op);
    xb_dtype type = xb_graph_type(g, m->weight)->dtype;
    if (type != XB_F32)
        return xb_diag_false(sim->s.d, "simulate", &where, "its weights are %s; arrays are simulated in f32",
                             xb_dtype_name(type));
    const float *from = xb_graph_data(g, m->weight);
    size_t n = (size_t)(m->groups * m->rows * m->cols), i = 0;
    l->w = xb_calloc(n, sizeof *l->w);
    for (int64_t k = 0; k < m->groups; k++)
        for (int64_t r = 0; r < m->rows; r++)
            for (int64_t c = 0; c < m->cols; c++)
                l->w[i++] = from[k * m->group_stride + r * m->row_stride + c * m->col_stride];
    for (i = 0; i < n; i++)
        if (!isfinite(l->w[i]))
            return xb_diag_false(sim->s.d, "simulate", &where, "its weight in row %zu, column %zu is %g",
                                 i / (size_t)m->cols % (size_t)m->rows + 1, i % (size_t)m->cols + 1, (double)l->w[i]);
    l->map = xb_mapping_of(&l->hw, sim->s.options, &sim->s.chain, l->w, n);
    return true;
}

static bool is_exact(const xb_sim *sim, const xb_sim_stage *l)
{
    const char *const *pattern = sim->s.options->exact.data;
    for (size_t i = 0; i < sim->s.options->exact.n; i++)
        if (xb_hw_pattern_matches(pattern[i], l->m->name, l->type)) return true;
    return false;
}

static bool open_layer(xb_sim *sim, uint32_t i, const xb_matrix *m, const xb_layer_cost *cost)
{
    xb_sim_stage *l = &sim->layer[i];
    const xb_chain *c = &sim->s.chain;
    l->m = m;
    l->type = cost->op_type;
    l->hw = xb_hw_for(xb_layout_hw(sim->s.layout), m->name, cost->op_type);
    l->key = xb_draw_layer(m->name);
    l->cut = xb_sections_of(sim->s.layout, i);
    sim->of_op[m->op.id] = i + 1;
    l->exact = is_exact(sim, l);
    if (l->exact) xb_buf_printf(&sim->exact, "%s%s", sim->exact.len ? ", " : "", m->name);
    if (!xb_chip_check(sim->s.d, sim->s.chip, sim->s.options, c, &l->hw, m->name) || !read_weights(sim, l))
        return false;
    if (l->exact) return true;
    l->split = l->hw.adc_bits && sim->s.options->adc_place == XB_ADC_DEVICE && !l->map.digital;
    l->reads =
        xb_chain_has(c, XB_DOMAIN_CONDUCTANCE, XB_STAGE_READ) || xb_chain_has(c, XB_DOMAIN_WEIGHT, XB_STAGE_READ);
    l->drawn = xb_devices_drawn(c);
    l->collapsed = !l->hw.input_bits && !l->hw.adc_bits && !l->reads;
    *(l->collapsed ? &sim->any_collapsed : &sim->any_custom) = true;
    return true;
}

/* A pattern that means no layer is a mistake. */
static bool exact_found(const xb_sim *sim)
{
    const xb_simulation *s = &sim->s;
    const char *const *pattern = s->options->exact.data;
    for (size_t i = 0; i < s->options->exact.n; i++) {
        size_t k = 0;
        while (k < sim->layers && !xb_hw_pattern_matches(pattern[i], sim->layer[k].m->name, sim->layer[k].type)) k++;
        if (k < sim->layers) continue;
        xb_where where = xb_chip_key(s->chip, "exact", i);
        return xb_diag_false(s->d, "simulate", &where, "chip: 'exact': '%s' matches no layer; the first is '%s'",
                             pattern[i], sim->layer[0].m->name);
    }
    return true;
}

static bool open_layers(xb_sim *sim)
{
    const xb_matrix *m;
    const xb_layer_cost *cost;
    sim->layers = xb_layout_matrices(sim->s.layout, &m);
    xb_layout_layer_costs(sim->s.layout, &cost);
    sim->layer = xb_calloc(sim->layers, sizeof *sim->layer);
    sim->chip = xb_calloc(sim->layers, sizeof *sim->chip);
    sim->op_limit = xb_graph_op_limit(sim->s.graph);
    sim->of_op = xb_calloc(sim->op_limit + 1, sizeof *sim->of_op);
    for (uint32_t i = 0; i < sim->layers; i++)
        if (!open_layer(sim, i, &m[i], &cost[i])) return false;
    return exact_found(sim);
}

/* ---- answers ---- */

static bool data_fits(xb_sim *sim, xb_engine *e)
{
    const xb_simulation *s = &sim->s;
    const char *file = xb_graph_file(s->graph);
    size_t all = xb_dataset_count(s->data), call, item, want = xb_dataset_item(s->data);
    xb_type out;
    if (s->first >= all || s->count > all - s->first)
        return xb_error(s->d, "simulate", (.file = xb_dataset_name(s->data)),
                        "items %zu to %zu are asked for, there are %zu", s->first, s->first + s->count, all);
    sim->count = s->count ? s->count : all - s->first;
    if (!xb_input_map_check(s->d, s->data, s->map) || !xb_engine_stream_shape(e, &call, &item, &out)) return false;
    if (item != want || (s->calibration && xb_dataset_item(s->calibration) != item))
        return xb_error(s->d, "simulate", (.file = file), "an input has %zu numbers, items of %s have %zu", item,
                        xb_dataset_name(s->data), want);
    int64_t n = xb_type_count(&out);
    if (n <= 0 || (size_t)n % call)
        return xb_error(s->d, "simulate", (.file = file), "the output does not belong to single items");
    sim->classes = (size_t)n / call;
    if ((int64_t)sim->classes < xb_dataset_classes(s->data))
        return xb_error(s->d, "simulate", (.file = file), "%zu outputs per item, but %s has %d classes", sim->classes,
                        xb_dataset_name(s->data), xb_dataset_classes(s->data));
    return true;
}

static bool answer(xb_sim *sim)
{
    xb_engine_options o = sim->s.engine;
    o.custom = NULL;
    xb_engine *e = xb_engine_new(sim->s.d, sim->s.graph, &o);
    bool ok = e && data_fits(sim, e);
    if (ok) {
        sim->answers = xb_calloc(sim->count * sim->classes, sizeof *sim->answers);
        ok = xb_sim_answers(sim, e, sim->answers);
    }
    xb_engine_free(e);
    return ok;
}

/* ---- life ---- */

xb_sim *xb_sim_new(const xb_simulation *s)
{
    xb_sim *sim = xb_calloc(1, sizeof *sim);
    sim->s = *s;
    sim->threads = xb_par_threads(s->engine.threads);
    sim->s.engine.threads = sim->threads;
    sim->scratch = xb_calloc((size_t)sim->threads, sizeof *sim->scratch);
    sim->custom = (xb_custom_ops){.context = sim, .takes = xb_sim_takes, .run = xb_sim_run_op, .channels_last = true};
    if (xb_chain_check(s->d, &s->chain) && open_layers(sim) && answer(sim) && xb_sim_calibrate(sim)) return sim;
    xb_sim_free(sim);
    return NULL;
}

void xb_sim_free(xb_sim *sim)
{
    if (!sim) return;
    xb_engine_free(sim->engine);
    xb_graph_free(sim->graph);
    if (sim->chip) xb_sim_drop(sim);
    for (size_t i = 0; i < sim->layers; i++) {
        xb_sections_free(&sim->layer[i].cut);
        free(sim->layer[i].w);
    }
    for (int i = 0; i < sim->threads; i++) xb_scratch_free(&sim->scratch[i]);
    xb_buf_free(&sim->exact);
    free(sim->scratch);
    free(sim->layer);
    free(sim->chip);
    free(sim->of_op);
    free(sim->answers);
    free(sim);
}

static void describe(const xb_sim_stage *l, xb_buf *b)
{
    const xb_converters *c = &l->converters;
    size_t blocks = 0;
    if (l->exact) {
        xb_buf_printf(b, "%s %s: exact, digital\n", l->m->name, l->type);
        return;
    }
    for (size_t i = 0; i < l->cut.list.n; i++) blocks += l->cut.list.data[i].blocks;
    xb_buf_printf(b, "%s %s: %lld x %lld x %lld in %zu row blocks, %zu weight slices, %s, w_max %g", l->m->name,
                  l->type, (long long)l->m->groups, (long long)l->m->rows, (long long)l->m->cols, blocks, l->map.slices,
                  l->map.differential ? "pairs"
                  : l->map.digital    ? "digital offset"
                                      : "offset column",
                  l->map.w_max);
    if (l->collapsed) {
        xb_buf_str(b, ", collapsed\n");
        return;
    }
    if (c->input_bits)
        xb_buf_printf(b, ", %s inputs to %g in %d slices of %d bits", c->is_signed ? "signed" : "unsigned", c->largest,
                      c->slices, c->slice_bits);
    if (c->adc.step > 0)
        xb_buf_printf(b, ", ADC step %g, codes %g..%g%s", (double)c->adc.step, (double)c->adc.low, (double)c->adc.high,
                      l->split ? " of each device" : "");
    bool whole = l->map.grain > 0 && c->input_bits && xb_converters_digit(c) <= (c->is_signed ? 127 : 255) &&
                 l->map.grain >= 1 / 127.0 && !l->split && !l->map.digital && !l->reads;
    xb_buf_str(b, whole      ? ", int8 where conductances are whole codes\n"
                  : l->drawn ? ", float, every read drawn\n"
                             : ", float\n");
}

void xb_sim_describe(const xb_sim *sim, xb_buf *b)
{
    for (size_t i = 0; i < sim->layers; i++) describe(&sim->layer[i], b);
}
