/* train_show.c: rows of epochs and the end of a training run, for people and machines. */
#include "base/out.h"
#include "base/progress.h"
#include "cli/train_parts.h"
#include <inttypes.h>

bool xb_train_write_csv(xb_diags *d, const char *path, const xb_train_row *rows, size_t n, bool labelled)
{
    xb_out *out = xb_out_open(d, path);
    if (!out) return false;
    xb_out_printf(out, XB_TRAIN_CSV_HEAD);
    for (size_t i = 0; i < n; i++) {
        const xb_train_row *r = &rows[i];
        xb_out_printf(out, "%" PRId64 ",%" PRId64 ",%.9g,%.9g,", r->epoch, r->step, r->rate, r->loss);
        if (labelled) xb_out_printf(out, "%.9g", r->train_top1);
        if (r->holdout.total)
            xb_out_printf(out, ",%.9g,%.9g", r->holdout.top1, r->holdout.loss);
        else
            xb_out_printf(out, ",,");
        xb_out_printf(out, ",%.3f\n", r->seconds);
    }
    return xb_out_commit(out);
}

static void show_share(int width, bool known, double share)
{
    if (known)
        printf("  %*.2f", width, 100 * share);
    else
        printf("  %*s", width, "-");
}

void xb_train_show_row(const xb_train_row *rows, size_t n, bool labelled)
{
    if (!n) return;
    const xb_train_row *r = &rows[n - 1];
    xb_progress_clear();
    if (n == 1) printf("%6s  %9s  %8s  %7s  %10s  %8s\n", "epoch", "rate", "loss", "train %", "hold-out %", "seconds");
    printf("%6" PRId64 "  %9.3g  %8.5f", r->epoch, r->rate, r->loss);
    show_share(7, labelled, r->train_top1);
    show_share(10, r->holdout.total > 0, r->holdout.top1);
    printf("  %8.1f\n", r->seconds);
    fflush(stdout);
}

void xb_train_show_json(const char *out, const xb_train_result *r, const xb_score *s)
{
    xb_json *o = xb_cli_json();
    xb_json_object(o, NULL, false);
    xb_json_string(o, "model", out);
    xb_json_int(o, "steps", r->steps);
    xb_json_real(o, "loss", r->loss);
    if (r->holdout.total) {
        xb_json_int(o, "holdout_total", (int64_t)r->holdout.total);
        xb_json_int(o, "holdout_correct", (int64_t)r->holdout.correct);
        xb_json_real(o, "holdout_top1", r->holdout.top1);
    }
    if (s->total) {
        xb_json_int(o, "test_total", (int64_t)s->total);
        xb_json_int(o, "test_correct", (int64_t)s->correct);
        xb_json_real(o, "test_top1", s->top1);
    }
    xb_json_bool(o, "resumed", r->resumed);
    xb_json_close(o);
    xb_json_free(o);
}

void xb_train_show_result(const char *out, const xb_train_result *r, const xb_score *s)
{
    if (r->holdout.total)
        printf("%-10s %.2f %%   (%" PRIu64 " of %" PRIu64 ")\n", "hold-out", 100 * r->holdout.top1, r->holdout.correct,
               r->holdout.total);
    if (s->total)
        printf("%-10s %.2f %%   (%" PRIu64 " of %" PRIu64 ", 95 %% interval %.2f .. %.2f)\n", "test", 100 * s->top1,
               s->correct, s->total, 100 * s->lo95, 100 * s->hi95);
    printf("%-10s %s\n", "written", out);
}

/* Share of the workers' time, and images per second. */
void xb_train_show_times(const xb_train_times *t)
{
    double all = t->shards + t->data + t->pack + t->sum + t->update, shown = all > 0 ? all : 1;
    printf("%-10s %.0f images/s, %.2f s of %.1f worker-seconds: oneDNN %.1f %%, rest of forward and back %.1f %%, "
           "samples %.1f %%, packing %.1f %%, sums %.1f %%, optimiser %.1f %%\n",
           "times", t->wall > 0 ? (double)t->images / t->wall : 0, t->wall, all, 100 * t->dnnl / shown,
           100 * (t->shards - t->dnnl) / shown, 100 * t->data / shown, 100 * t->pack / shown, 100 * t->sum / shown,
           100 * t->update / shown);
}
