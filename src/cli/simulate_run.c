/* simulate_run.c: runs the chips of a study that are not in its table yet. */
#include "base/progress.h"
#include "cli/simulate_parts.h"
#include "hw/layout.h"
#include <inttypes.h>
#include <string.h>

typedef struct running {
    xb_simulate_job *j;
    xb_study_csv *csv;
    xb_progress *bar;
    uint64_t todo;
    double set_up;     /* s, all chips together, before their first images */
    const char *notes; /* of the last point that was run; NULL: none was */
} running;

static uint64_t missing(const xb_study *s, const xb_point *p)
{
    const xb_trial *rows;
    return s->trials - xb_study_rows(s, p, &rows);
}

/* What the last point was told already is not said again. */
static void say_notes(running *r, const xb_sim *sim)
{
    xb_diags *kept = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_sim_notes(sim, kept);
    const char *text = xb_diags_text(kept);
    if (!r->notes || strcmp(text, r->notes) != 0) xb_sim_notes(sim, r->j->cli->diags);
    r->notes = xb_arena_strdup(r->j->cli->arena, text);
    xb_diags_free(kept);
}

static bool run_point(running *r, size_t index)
{
    xb_simulate_job *j = r->j;
    xb_study *s = &j->study;
    xb_point *p = &s->point[index];
    const xb_pipeline *pipeline = j->pipeline[index];
    if (!missing(s, p)) return true;
    xb_simulate_show_axes(j, p);
    xb_engine_options engine = xb_cli_engine(j->cli);
    xb_layout *layout =
        xb_simulate_open(j, index) ? xb_layout_read(j->cli->diags, j->dir, j->graph, &pipeline->hw) : NULL;
    xb_sim *sim =
        layout ? xb_pipeline_sim(j->cli->diags, pipeline, &j->bench, layout, j->graph, (size_t)j->f->count, &engine)
               : NULL;
    bool ok = sim != NULL;
    if (ok) say_notes(r, sim);
    for (uint64_t t = s->first; ok && t < s->first + s->trials; t++) {
        xb_trial row;
        if (xb_study_row(p, t)) continue;
        ok = xb_sim_run(sim, t, 1, &row);
        if (!ok) break;
        xb_study_add(p, &row);
        if (r->csv) ok = xb_study_csv_append(r->csv, s, p, &row);
        xb_progress_update(r->bar, ++j->done, r->todo);
    }
    if (sim) r->set_up += xb_sim_set_up(sim);
    xb_sim_free(sim);
    xb_layout_free(layout);
    return ok;
}

/* What takes long enough to be noticed. Wall time, so nowhere but on the terminal. */
static void say_set_up(const running *r)
{
    const xb_simulate_job *j = r->j;
    enum { NOTICED = 1 }; /* s a chip */
    if (r->set_up >= NOTICED * (double)j->done && j->done)
        xb_diag(j->cli->diags, XB_NOTE, "set-up", &(xb_where){.file = j->dir},
                "%.2f s a chip before its first image: programming%s", r->set_up / (double)j->done,
                j->pipeline[0]->chip.options.ir_drop ? ", resistive wires" : "");
}

bool xb_simulate_run(xb_simulate_job *j)
{
    running r = {.j = j};
    size_t taken = 0;
    if (j->f->csv && !(r.csv = xb_study_csv_open(j->cli, j->f->csv, &j->study, &taken))) return false;
    for (size_t i = 0; i < j->study.n_points; i++) r.todo += missing(&j->study, &j->study.point[i]);
    if (taken)
        xb_diag(j->cli->diags, XB_NOTE, "study-csv", &(xb_where){.file = j->f->csv},
                "%zu chips of this study are in it; %" PRIu64 " are left to run", taken, r.todo);
    xb_bench_close(&j->bench);
    r.bar = xb_progress_begin("simulating", "chips");
    xb_progress_alone(true);
    bool ok = true;
    for (size_t i = 0; ok && i < j->study.n_points; i++) {
        unsigned errors = xb_diags_errors(j->cli->diags);
        ok = run_point(&r, i);
        if (xb_diags_errors(j->cli->diags) > errors) xb_simulate_say_point(j, &j->study.point[i]);
    }
    xb_progress_alone(false);
    xb_progress_end(r.bar);
    say_set_up(&r);
    xb_study_csv_close(r.csv);
    return ok;
}
