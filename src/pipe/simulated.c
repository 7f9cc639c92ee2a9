/* simulated.c: simulate: of a pipeline: the accuracy of chips, and what it
 * costs to program one. */
#include "pipe/parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool xb_bench_open(xb_diags *d, const xb_pipeline *p, xb_bench *b)
{
    const char *other = p->data.calibrate ? p->data.calibrate : p->data.train;
    *b = (xb_bench){.map = xb_pipe_input_map(p)};
    b->data = xb_dataset_open(d, p->data.test, p->dir);
    b->calibration = b->data && other ? xb_dataset_open(d, other, p->dir) : b->data;
    return b->calibration && xb_input_map_check(d, b->data, &b->map) && xb_input_map_check(d, b->calibration, &b->map);
}

void xb_bench_close(xb_bench *b)
{
    if (b->calibration != b->data) xb_dataset_free(b->calibration);
    xb_dataset_free(b->data);
    *b = (xb_bench){0};
}

xb_sim *xb_pipeline_sim(xb_diags *d, const xb_pipeline *p, const xb_bench *b, const xb_layout *layout,
                        const xb_graph *graph, size_t count, const xb_engine_options *engine)
{
    const xb_simulation s = {.d = d,
                             .layout = layout,
                             .graph = graph,
                             .chain = xb_pipeline_chain(p),
                             .options = &p->chip.options,
                             .chip = p->chip.where,
                             .seed = p->seed,
                             .data = b->data,
                             .count = count,
                             .calibration = b->calibration,
                             .map = &b->map,
                             .engine = *engine};
    return xb_sim_new(&s);
}

double xb_trials_clip_ratio(const xb_trial *rows, size_t n)
{
    double clipped = 0, all = 0;
    for (size_t i = 0; i < n; i++) clipped += (double)rows[i].clipped, all += (double)rows[i].conversions;
    return all > 0 ? clipped / all : NAN;
}

/* ---- into the journal ---- */

typedef struct writer {
    const xb_pipeline *p;
    xb_module *m;
    const char *split, *source;
} writer;

static void XB_PRINTF(4, 5) fact(const writer *w, double value, const char *unit, const char *format, ...)
{
    xb_buf key = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&key, format, args);
    va_end(args);
    xb_fact f = {.key = xb_arena_strdup(w->p->arena, xb_buf_cstr(&key)),
                 .value = value,
                 .unit = unit,
                 .split = w->split,
                 .seed = w->p->seed,
                 .source = w->source};
    if (!isnan(value)) xb_module_journal(w->m, &f);
    xb_buf_free(&key);
}

static void accuracy_facts(const writer *w, const char *metric, const xb_trial *rows, size_t n)
{
    const xb_summary s = xb_trials_summary(rows, n);
    fact(w, s.mean, "ratio", "accuracy.simulated.%s.mean", metric);
    fact(w, n > 1 ? s.sd : NAN, "ratio", "accuracy.simulated.%s.sd", metric);
    fact(w, s.min, "ratio", "accuracy.simulated.%s.min", metric);
    fact(w, s.max, "ratio", "accuracy.simulated.%s.max", metric);
    fact(w, s.lo95, "ratio", "accuracy.simulated.%s.lo95", metric);
    fact(w, s.hi95, "ratio", "accuracy.simulated.%s.hi95", metric);
    fact(w, (double)n, "1", "accuracy.simulated.%s.trials", metric);
    fact(w, xb_trials_clip_ratio(rows, n), "ratio", "accuracy.simulated.clip_ratio");
}

/* As the option table calls the methods. */
static const char *const *method_names(void)
{
    const xb_option *o = xb_program_option_table;
    while (strcmp(o->name, "method") != 0) o++;
    return o->choices;
}

static void text_fact(const writer *w, const char *key, const char *text)
{
    xb_fact f = {.key = key,
                 .text = xb_arena_strdup(w->p->arena, text),
                 .unit = "",
                 .seed = w->p->seed,
                 .source = w->source};
    xb_module_journal(w->m, &f);
}

/* What stands on the chip, which the layout's costs do not know of: they have one array for all slices of a weight. */
static void size_facts(const writer *w, const xb_chip_size *size)
{
    fact(w, (double)size->slices, "1", "chip.weight_slices");
    fact(w, size->arrays, "1", "chip.arrays");
    fact(w, size->devices, "1", "chip.devices");
    fact(w, size->array_area, "m2", "chip.array_area");
    fact(w, size->conversions, "1", "chip.adc_conversions");
    if (*size->exact) text_fact(w, "chip.exact_layers", size->exact);
}

static void programming_facts(const writer *w, double devices)
{
    const char *const *name = method_names();
    const xb_chain chain = xb_pipeline_chain(w->p);
    double stuck = xb_chain_stuck(&chain);
    fact(w, devices, "1", "programming.devices");
    fact(w, stuck, "ratio", "programming.stuck");
    for (int method = 0; name[method]; method++) {
        xb_program_options o = w->p->simulate.programming;
        o.method = method;
        const xb_program_cost c = xb_program_cost_of(&o, devices, stuck);
        fact(w, c.success, "ratio", "programming.%s.success", name[method]);
        fact(w, c.writes, "1", "programming.%s.writes_per_device", name[method]);
        fact(w, c.residual, "1", "programming.%s.residual", name[method]);
        fact(w, c.seconds, "s", "programming.%s.seconds", name[method]);
    }
    text_fact(&(writer){w->p, w->m, "", "pipeline"}, "programming.method", name[w->p->simulate.programming.method]);
}

static bool run(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_bench *b, const xb_engine_options *engine)
{
    const xb_layout *layout = xb_module_layout(m);
    size_t n = (size_t)p->simulate.trials;
    xb_sim *sim = xb_pipeline_sim(d, p, b, layout, xb_module_graph(m), 0, engine);
    xb_trial *rows = xb_calloc(n, sizeof *rows);
    if (sim) xb_sim_notes(sim, d);
    bool ok = sim && xb_sim_run(sim, 0, n, rows);
    if (ok)
        accuracy_facts(&(writer){p, m, "test", "simulated chips: assumptions chip.*, device.*"},
                       xb_dataset_classes(b->data) ? "top1" : "agreement", rows, n);
    if (ok) {
        const xb_chip_size size = xb_sim_size(sim);
        size_facts(&(writer){p, m, "", "layout; chip: {weight-bits, cell-bits, exact}"}, &size);
        programming_facts(&(writer){p, m, "", "expected; simulate: {programming: ...}"}, size.devices);
        xb_assume_chips(p, m);
    }
    free(rows);
    xb_sim_free(sim);
    return ok;
}

bool xb_measure_chips(xb_diags *d, const xb_pipeline *p, xb_module *m, const xb_engine_options *engine)
{
    if (!p->simulate.set) return true;
    if (!xb_module_layout(m)) {
        xb_where where = xb_yaml_where(p->simulate.where);
        xb_diag(d, XB_ERROR, "pipeline-needs", &where, "'simulate' needs 'layout', which no longer holds");
        return false;
    }
    xb_bench b;
    bool ok = xb_bench_open(d, p, &b) && run(d, p, m, &b, engine);
    xb_bench_close(&b);
    return ok;
}
