/* trial.c: chips, one after another, and what each is worth. */
#include "base/progress.h"
#include "nn/eval.h"
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Sums in item order, so that they do not hang on who computed what. */
static void score(const xb_sim *sim, const float *out, xb_trial *row)
{
    size_t n = sim->classes;
    bool labelled = xb_dataset_classes(sim->s.data) > 0;
    double loss = 0;
    row->total = sim->count;
    for (size_t i = 0; i < sim->count; i++) {
        row->agree += xb_agrees(out + i * n, sim->answers + i * n, n);
        if (!labelled) continue;
        size_t label = (size_t)xb_dataset_label(sim->s.data, sim->s.first + i);
        row->correct += xb_label_place(out + i * n, n, label) == 0;
        loss += xb_cross_entropy(out + i * n, n, label);
    }
    row->agreement = (double)row->agree / (double)sim->count;
    row->top1 = labelled ? (double)row->correct / (double)sim->count : -1;
    row->loss = labelled ? loss / (double)sim->count : -1;
}

static void take_counts(xb_sim *sim, xb_trial *row)
{
    for (int i = 0; i < sim->threads; i++) {
        row->conversions += sim->scratch[i].count.conversions;
        row->clipped += sim->scratch[i].count.clipped;
        sim->scratch[i].count = (xb_convert_count){0};
    }
}

/* The first reading that failed, in the order of the data: workers may have met several. */
static void report_failure(xb_sim *sim)
{
    const xb_reading_failure *first = NULL;
    for (int i = 0; i < sim->threads; i++) {
        const xb_reading_failure *f = &sim->scratch[i].failure;
        if (f->set && (!first || f->item < first->item)) first = f;
    }
    if (first) xb_reading_report(sim->s.d, &first->at);
    for (int i = 0; i < sim->threads; i++) sim->scratch[i].failure.set = false;
}

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool set_up(xb_sim *sim, uint64_t trial)
{
    double start = wall_seconds();
    bool ok = xb_sim_build(sim, &sim->s.chain, trial) && xb_sim_engine(sim);
    sim->set_up += wall_seconds() - start;
    return ok;
}

double xb_sim_set_up(const xb_sim *sim)
{
    return sim->set_up;
}

static bool run_trial(xb_sim *sim, uint64_t trial, float *out, xb_trial *row)
{
    memset(row, 0, sizeof *row);
    row->trial = trial;
    bool ok = set_up(sim, trial) && xb_sim_answers(sim, sim->engine, out);
    if (!ok) report_failure(sim);
    xb_sim_drop(sim);
    take_counts(sim, row);
    if (ok) score(sim, out, row);
    return ok;
}

bool xb_sim_run(xb_sim *sim, uint64_t first, size_t n, xb_trial *rows)
{
    float *out = xb_calloc(sim->count * sim->classes, sizeof *out);
    xb_progress *p = xb_progress_begin("simulating", "chips");
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = run_trial(sim, first + i, out, &rows[i]);
        xb_progress_update(p, i + 1, n);
    }
    xb_progress_end(p);
    free(out);
    return ok;
}

/* A layer that is collapsed, or exact: x times its matrix. */
static void multiply(const xb_sim_stage *l, const float *w, const float *x, float *y)
{
    for (int64_t c = 0; c < l->m->cols; c++) {
        double sum = 0;
        for (int64_t r = 0; r < l->m->rows; r++) sum += (double)x[r] * (double)w[r * l->m->cols + c];
        y[c] = (float)sum;
    }
}

static void product(const xb_work *w, const float *x, float *y)
{
    const xb_matrix *m = w->layer->m;
    size_t rows = (size_t)m->rows, all = (size_t)(m->groups * m->cols), *row = xb_calloc(rows + 1, sizeof *row);
    float *codes = xb_calloc(rows, sizeof *codes), *of_groups = xb_calloc(all, sizeof *of_groups);
    xb_converters_codes(w->converters, x, rows, codes);
    for (size_t k = 0; k < rows; k++) row[k] = k;
    xb_places places = {.at = &row[rows], .row = row}; /* one vector, from 0 on */
    xb_inputs in = {.codes = codes, .numbers = rows, .as_codes = places, .as_bytes = places, .n = 1};
    xb_work_product(w, &in, of_groups, all);
    memcpy(y, of_groups, (size_t)m->cols * sizeof *y);
    free(codes), free(of_groups), free(row);
}

bool xb_sim_layer(xb_sim *sim, uint64_t trial, const char *name, const float *x, float *y)
{
    size_t i = 0;
    while (i < sim->layers && strcmp(sim->layer[i].m->name, name)) i++;
    if (i == sim->layers) return xb_error(sim->s.d, "simulate", (0), "the layout has no layer '%s'", name);
    xb_sim_stage *l = &sim->layer[i];
    if (l->exact) {
        multiply(l, l->w, x, y);
        return true;
    }
    xb_build b = {.s = &sim->s,
                  .stages = sim->layer,
                  .layer = l,
                  .cut = &l->cut,
                  .chain = &sim->s.chain,
                  .trial = trial,
                  .threads = sim->threads,
                  .wires = sim->s.options->ir_drop,
                  .whole = true};
    xb_chip_layer *chip = xb_chip_layer_new(&b);
    if (!chip) return false;
    xb_scratch scratch = {0};
    xb_work w = {.layer = l,
                 .cut = &l->cut,
                 .converters = &l->converters,
                 .chip = chip,
                 .seed = sim->s.seed,
                 .trial = trial,
                 .scratch = &scratch};
    if (chip->weight)
        multiply(l, chip->weight, x, y);
    else
        product(&w, x, y);
    bool ok = !scratch.failure.set;
    if (!ok) xb_reading_report(sim->s.d, &scratch.failure.at);
    xb_scratch_free(&scratch);
    xb_chip_layer_free(chip);
    return ok;
}
