/* instruments.c: what --time-passes, --print-after and --dump-dir show. */
#include "base/json.h"
#include "base/out.h"
#include "ir/text.h"
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

xb_lap xb_lap_begin(const char *name)
{
    return (xb_lap){name, seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

void xb_lap_end(xb_watch *w, xb_lap begun)
{
    begun.wall = seconds(CLOCK_MONOTONIC) - begun.wall;
    begun.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.cpu;
    xb_push(&w->lap, begun);
}

static void to_file(void *to, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, to);
}

static void print_json(const xb_watch *w, FILE *to)
{
    xb_json *j = xb_json_new(to_file, to);
    xb_json_object(j, NULL, false);
    xb_json_array(j, "passes", false);
    for (size_t i = 0; i < w->lap.n; i++) {
        xb_json_object(j, NULL, true);
        xb_json_string(j, "name", w->lap.data[i].name);
        xb_json_real(j, "wall_s", w->lap.data[i].wall);
        xb_json_real(j, "cpu_s", w->lap.data[i].cpu);
        xb_json_close(j);
    }
    xb_json_close(j);
    xb_json_close(j);
    xb_json_free(j);
}

void xb_watch_print(const xb_watch *w, bool json, FILE *to)
{
    if (json) {
        print_json(w, to);
        return;
    }
    double wall = 0, cpu = 0;
    for (size_t i = 0; i < w->lap.n; i++) wall += w->lap.data[i].wall, cpu += w->lap.data[i].cpu;
    fprintf(to, "%-32s %10s %10s %6s\n", "pass", "wall s", "CPU s", "%");
    for (size_t i = 0; i < w->lap.n; i++)
        fprintf(to, "%-32s %10.3f %10.3f %6.1f\n", w->lap.data[i].name, w->lap.data[i].wall, w->lap.data[i].cpu,
                wall > 0 ? 100 * w->lap.data[i].wall / wall : 0.0);
    fprintf(to, "%-32s %10.3f %10.3f %6.1f\n", "all", wall, cpu, 100.0);
}

static bool means(const char *asked, const xb_step *s)
{
    return strcmp(asked, "all") == 0 || strcmp(asked, s->instance) == 0 || strcmp(asked, s->pass->name) == 0;
}

bool xb_instruments_check(xb_diags *d, const xb_pipeline *p, const xb_instruments *i)
{
    bool ok = true;
    for (size_t k = 0; k < i->n_print_after; k++) {
        bool found = strcmp(i->print_after[k], "all") == 0;
        for (size_t s = 0; s < p->n_steps; s++) found |= means(i->print_after[k], &p->step[s]);
        if (!found)
            ok = xb_error(d, "print-after", (.file = p->file), "no pass '%s' in the pipeline to print after",
                          i->print_after[k]);
    }
    return ok && (!i->dump_dir || xb_make_dirs(d, i->dump_dir));
}

/* Text alone: large constants by type and digest. */
static bool dump(xb_diags *d, const char *dir, const xb_graph *g, const xb_step *step, size_t index)
{
    xb_buf name = {0};
    xb_buf_printf(&name, "%02zu-%s.xir", index + 1, step->instance);
    char *path = xb_path_join(dir, xb_buf_cstr(&name));
    xb_out *out = xb_out_open(d, path);
    if (out) xb_xir_print(g, xb_out_write, out, NULL, NULL, NULL);
    bool ok = out && xb_out_commit(out);
    free(path);
    xb_buf_free(&name);
    return ok;
}

bool xb_instruments_show(xb_diags *d, const xb_instruments *i, const xb_graph *g, const xb_step *step, size_t index)
{
    bool wanted = false;
    for (size_t k = 0; k < i->n_print_after; k++) wanted |= means(i->print_after[k], step);
    if (wanted && i->print_to) {
        fprintf(i->print_to, "--- after %s ---\n", step->instance);
        xb_xir_print(g, to_file, i->print_to, NULL, NULL, NULL);
    }
    return !i->dump_dir || dump(d, i->dump_dir, g, step, index);
}
