/* simulate_points.c: what each point of a study simulates: a pipeline, data, and the digest of both. */
#include "cli/simulate_parts.h"
#include <stdlib.h>
#include <string.h>

/* "--data.test=SPEC" is an option of our own that sets one key. */
static void push_text(xb_cli *cli, xb_texts *sets, const char *key, const char *value)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "%s=", key);
    xb_yaml_print_text(&b, value);
    xb_push(sets, xb_arena_strdup(cli->arena, xb_buf_cstr(&b)));
    xb_buf_free(&b);
}

/* An axis in messages: a name of its own, where there are several. */
static const char *axis_label(const xb_simulate_job *j, size_t axis)
{
    return j->study.n_axes > 1 ? xb_arena_printf(j->cli->arena, "--vary[%zu]", axis + 1) : "--vary";
}

/* Text that messages of a point show: the last point that was read had another one. */
void xb_simulate_show_axes(const xb_simulate_job *j, const xb_point *p)
{
    for (size_t a = 0; a < j->study.n_axes; a++) {
        const char *text = xb_arena_printf(j->cli->arena, "%s=%s", j->study.axis[a].set, p->value[a]);
        xb_diags_source(j->cli->diags, axis_label(j, a), text, strlen(text));
    }
}

static xb_pipeline *read_point(xb_simulate_job *j, xb_registry *r, const xb_point *p)
{
    xb_texts sets = {0};
    if (j->f->data) push_text(j->cli, &sets, "--data.test", j->f->data);
    if (j->f->scale) push_text(j->cli, &sets, "--data.input.scale", j->f->scale);
    for (size_t i = 0; i < j->f->sets.n; i++) xb_push(&sets, j->f->sets.data[i]);
    for (size_t a = 0; a < j->study.n_axes; a++)
        xb_push(&sets, xb_arena_printf(j->cli->arena, "%s %s=%s", axis_label(j, a), j->study.axis[a].set, p->value[a]));
    xb_pipeline *out = xb_pipeline_of_folder(j->cli->diags, r, j->dir, sets.data, sets.n, j->cli->hw_dirs);
    xb_vec_free(&sets);
    if (!out || out->data.test) return out;
    xb_error(j->cli->diags, "pipeline-data", (.file = out->file), "there is no test data in it; give --data SPEC");
    xb_pipeline_free(out);
    return NULL;
}

/* An error of one point is at a place that others share. */
bool xb_simulate_say_point(const xb_simulate_job *j, const xb_point *p)
{
    xb_buf b = {0};
    xb_point_print(&j->study, p, &b);
    if (b.len) xb_diag(j->cli->diags, XB_NOTE, "study-point", NULL, "at --vary %s", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

bool xb_simulate_points(xb_simulate_job *j)
{
    xb_registry *r = xb_cli_plugins(j->cli);
    if (!r) return false;
    j->pipeline = xb_calloc(j->study.n_points, sizeof *j->pipeline);
    for (size_t i = 0; i < j->study.n_points; i++)
        if (!(j->pipeline[i] = read_point(j, r, &j->study.point[i])))
            return xb_simulate_say_point(j, &j->study.point[i]);
    j->study.first = (uint64_t)j->f->first;
    j->study.trials = (uint64_t)(j->f->trials ? j->f->trials : j->pipeline[0]->simulate.trials);
    return true;
}

static bool same_data(const xb_pipeline *a, const xb_pipeline *b)
{
    xb_buf x = {0}, y = {0};
    xb_data_print(a, &x);
    xb_data_print(b, &y);
    bool same = strcmp(xb_buf_cstr(&x), xb_buf_cstr(&y)) == 0;
    xb_buf_free(&x);
    xb_buf_free(&y);
    return same;
}

bool xb_simulate_open(xb_simulate_job *j, size_t point)
{
    const xb_pipeline *p = j->pipeline[point];
    if (j->bench.data && point && same_data(p, j->pipeline[point - 1])) return true;
    xb_bench_close(&j->bench);
    if (xb_bench_open(j->cli->diags, p, &j->bench)) return true;
    if (!j->f->data)
        xb_diag(j->cli->diags, XB_NOTE, "data", &(xb_where){.file = p->file},
                "data without a folder of its own is relative to where it was "
                "compiled; --data SPEC says where it is");
    return false;
}

bool xb_simulate_settings(xb_simulate_job *j)
{
    char folder[XB_DIGEST_HEX], hex[XB_DIGEST_HEX];
    xb_digest *files = xb_digest_new();
    bool ok = xb_study_add_folder(j->cli->diags, j->dir, files);
    xb_digest_end(files, folder);
    for (size_t i = 0; ok && i < j->study.n_points; i++) {
        if (!xb_simulate_open(j, i)) return false;
        xb_digest *d = xb_digest_new();
        xb_digest_add(d, folder, sizeof folder);
        xb_study_add_chip(j->cli->registry, j->pipeline[i], d);
        j->study.point[i].items = xb_study_add_data(j->bench.data, &j->bench.map, (size_t)j->f->count, d);
        xb_study_add_data(j->bench.calibration, &j->bench.map, (size_t)j->pipeline[i]->chip.options.calibrate, d);
        xb_digest_end(d, hex);
        j->study.point[i].settings = xb_arena_strndup(j->cli->arena, hex, 16);
    }
    j->study.labelled = ok && xb_dataset_classes(j->bench.data) > 0;
    for (size_t i = 0; ok && i < j->f->beside.n; i++)
        if (j->beside[i].study.labelled != j->study.labelled)
            ok = xb_error(j->cli->diags, "study-csv", (.file = NULL), "--beside %s: one of the two is without labels",
                          j->beside[i].name);
    return ok && xb_study_distinct(j->cli, &j->study);
}
