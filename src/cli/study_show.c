/* study_show.c: a study on a terminal of 80 columns, as JSON, and as a picture.
 */
#include "base/num.h"
#include "base/out.h"
#include "cli/study.h"
#include "report/curve.h"
#include "report/fields.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 79, FIGURES = 58 }; /* columns of a line, and of what follows the values */

/* "chip.devices.lognormal.sigma" is "lognormal.sigma",
 * "hardware.interface.adc_bits" is "adc_bits". */
static const char *label_of(const xb_axis *a)
{
    if (xb_starts_with(a->set, "chip.devices.")) return a->set + strlen("chip.devices.");
    const char *dot = strrchr(a->set, '.');
    return dot ? dot + 1 : a->set;
}

static const char *metric(const xb_study *s)
{
    return s->labelled ? "top1" : "agreement";
}

/* ---- text ---- */

/* As wide as what stands there; while a line is too long, the widest gives way. */
static void columns_of(const xb_study *s, int width[XB_STUDY_AXES])
{
    int over = FIGURES - WIDTH;
    for (size_t a = 0; a < s->n_axes; a++) {
        size_t n = strlen(label_of(&s->axis[a]));
        for (size_t i = 0; i < s->axis[a].n; i++)
            if (strlen(s->axis[a].value[i]) > n) n = strlen(s->axis[a].value[i]);
        width[a] = n < WIDTH ? (int)n : WIDTH;
        over += width[a] + 1;
    }
    for (; over > 0; over--) {
        size_t widest = 0;
        for (size_t a = 1; a < s->n_axes; a++)
            if (width[a] > width[widest]) widest = a;
        width[widest]--;
    }
}

static void values(const xb_study *s, const int *width, const xb_point *p)
{
    char cut[256];
    for (size_t a = 0; a < s->n_axes; a++)
        printf("%-*s ", width[a], xb_name_tail(cut, p ? p->value[a] : label_of(&s->axis[a]), (size_t)width[a]));
}

void xb_study_table(const xb_study *s)
{
    int width[XB_STUDY_AXES];
    columns_of(s, width);
    printf("%s of chips, %%\n", s->labelled ? "top-1 accuracy" : "agreement with the float network");
    values(s, width, NULL);
    printf("%6s %6s %5s %6s %6s %16s %7s\n", "trials", "mean", "sd", "min", "max", "95 % interval", "clipped");
    for (size_t i = 0; i < s->n_points; i++) {
        const xb_trial *rows;
        size_t n = xb_study_rows(s, &s->point[i], &rows);
        xb_summary m = xb_trials_summary(rows, n);
        double clipped = xb_trials_clip_ratio(rows, n);
        char sd[16] = "-", share[16] = "-", interval[32];
        values(s, width, &s->point[i]);
        if (!n) {
            printf("%6d\n", 0);
            continue;
        }
        if (n > 1) snprintf(sd, sizeof sd, "%.2f", 100 * m.sd);
        if (!isnan(clipped))
            snprintf(share, sizeof share, clipped > 0 && clipped < 1e-4 ? "<0.01%%" : "%.2f%%", 100 * clipped);
        snprintf(interval, sizeof interval, "%.2f .. %.2f", 100 * m.lo95, 100 * m.hi95);
        printf("%6zu %6.2f %5s %6.2f %6.2f %16s %7s\n", n, 100 * m.mean, sd, 100 * m.min, 100 * m.max, interval, share);
    }
}

/* ---- JSON ---- */

static void json_rows(xb_json *j, const xb_study *s, const xb_trial *rows, size_t n)
{
    xb_json_array(j, "rows", false);
    for (size_t i = 0; i < n; i++) {
        xb_json_object(j, NULL, true);
        xb_json_int(j, "trial", (int64_t)rows[i].trial);
        if (s->labelled) xb_json_real(j, "top1", rows[i].top1);
        if (s->labelled) xb_json_real(j, "loss", rows[i].loss);
        xb_json_real(j, "agreement", rows[i].agreement);
        xb_json_int(j, "total", (int64_t)rows[i].total);
        xb_json_int(j, "conversions", (int64_t)rows[i].conversions);
        xb_json_int(j, "clipped", (int64_t)rows[i].clipped);
        xb_json_close(j);
    }
    xb_json_close(j);
}

static void json_point(xb_json *j, const xb_study *s, const xb_point *p)
{
    const xb_trial *rows;
    size_t n = xb_study_rows(s, p, &rows);
    xb_summary m = xb_trials_summary(rows, n);
    xb_json_object(j, NULL, false);
    xb_json_object(j, "values", true);
    for (size_t a = 0; a < s->n_axes; a++) xb_json_string(j, s->axis[a].set, p->value[a]);
    xb_json_close(j);
    xb_json_string(j, "settings", p->settings);
    xb_json_int(j, "trials", (int64_t)n);
    xb_json_real(j, "mean", n ? m.mean : NAN);
    xb_json_real(j, "sd", n > 1 ? m.sd : NAN);
    xb_json_real(j, "min", n ? m.min : NAN);
    xb_json_real(j, "max", n ? m.max : NAN);
    xb_json_real(j, "lo95", n ? m.lo95 : NAN);
    xb_json_real(j, "hi95", n ? m.hi95 : NAN);
    xb_json_real(j, "clip_ratio", xb_trials_clip_ratio(rows, n));
    json_rows(j, s, rows, n);
    xb_json_close(j);
}

void xb_study_json(const xb_study *s, const char *dir)
{
    xb_json *j = xb_cli_json();
    xb_json_object(j, NULL, false);
    xb_json_string(j, "folder", dir);
    xb_json_string(j, "metric", metric(s));
    xb_json_array(j, "points", false);
    for (size_t i = 0; i < s->n_points; i++) json_point(j, s, &s->point[i]);
    xb_json_close(j);
    xb_json_string(j, "profile", xb_engine_profile());
    xb_json_close(j);
    xb_json_free(j);
}

/* ---- picture ---- */

/* All values as numbers of one dimension, whose base unit is *unit (NULL: none). false: they
 * are words, of no unit. */
static bool numbers(const xb_axis *a, double *out, const char **unit)
{
    static const char *const base[XB_DIMENSIONS] = {
        [XB_METRE] = "m",  [XB_AREA] = "m2",  [XB_SECOND] = "s",  [XB_HERTZ] = "Hz", [XB_VOLT] = "V",
        [XB_AMPERE] = "A", [XB_OHM] = "ohm",  [XB_SIEMENS] = "S", [XB_WATT] = "W",   [XB_JOULE] = "J",
        [XB_FARAD] = "F",  [XB_KELVIN] = "K", [XB_BYTE] = "B"};
    const char *why;
    for (int dim = 0; dim < XB_DIMENSIONS; dim++) {
        size_t i = 0;
        while (i < a->n && (dim == XB_PLAIN ? xb_parse_f64(a->value[i], &out[i])
                                            : xb_parse_quantity(a->value[i], (xb_dimension)dim, &out[i], &why)))
            i++;
        *unit = base[dim];
        if (i == a->n) return true;
    }
    *unit = NULL;
    return false;
}

static int by_x(const void *a, const void *b)
{
    const xb_curve_point *p = a, *q = b;
    return p->x < q->x ? -1 : p->x > q->x;
}

/* The points of one value of the second axis, in order of x. */
static xb_curve curve_of(xb_cli *cli, const xb_study *s, const double *x, size_t second)
{
    size_t n = s->axis[0].n, others = s->n_points / n, count = 0;
    xb_curve_point *p = xb_arena_alloc(cli->arena, n, sizeof *p);
    for (size_t i = 0; i < n; i++) {
        const xb_trial *rows;
        size_t trials = xb_study_rows(s, &s->point[i * others + second], &rows);
        xb_summary m = xb_trials_summary(rows, trials);
        if (trials)
            p[count++] = (xb_curve_point){x ? x[i] : (double)i, 100 * m.mean, 100 * m.lo95,
                                          100 * m.hi95,         100 * m.min,  100 * m.max};
    }
    qsort(p, count, sizeof *p, by_x);
    const char *name =
        s->n_axes > 1 ? xb_arena_printf(cli->arena, "%s = %s", label_of(&s->axis[1]), s->axis[1].value[second]) : NULL;
    return (xb_curve){name, p, count};
}

/* The curves of one study into out, which has room. false: its values are words. */
static bool curves_of(xb_cli *cli, const xb_study *s, const char *name, xb_curve *out, const char **unit)
{
    const xb_axis *a = &s->axis[0];
    double *x = xb_arena_alloc(cli->arena, a->n, sizeof *x);
    bool words = !numbers(a, x, unit);
    for (size_t i = 0; i < s->n_points / a->n; i++) {
        out[i] = curve_of(cli, s, words ? NULL : x, i);
        if (name) out[i].name = name;
    }
    return !words;
}

bool xb_study_fits(xb_cli *cli, const xb_study *s, const xb_beside *other)
{
    const xb_axis *a = &s->axis[0], *b = &other->study.axis[0];
    double *x = xb_arena_alloc(cli->arena, a->n + b->n, sizeof *x);
    const char *unit, *same;
    if (numbers(a, x, &unit) && numbers(b, x, &same) && unit == same) return true;
    return xb_error(cli->diags, "study-csv", (.file = NULL),
                    "--beside %s: it cannot share the axis of a picture: words, or other units", other->name);
}

static bool write_picture(xb_cli *cli, const xb_chart *chart, const char *path)
{
    xb_buf b = {0};
    xb_chart_svg(&b, chart);
    xb_out *out = xb_out_open(cli->diags, path);
    if (out) xb_out_write(out, xb_buf_cstr(&b), b.len);
    xb_buf_free(&b);
    return out && xb_out_commit(out);
}

bool xb_study_picture(xb_cli *cli, const xb_study *s, const xb_beside *other, size_t n, const char *name,
                      const char *path, const char *title)
{
    const xb_axis *a = &s->axis[0];
    size_t all = n + s->n_points / a->n;
    xb_curve *curve = xb_arena_alloc(cli->arena, all, sizeof *curve);
    const char *unit = NULL, *same = NULL;
    bool numbered = curves_of(cli, s, n ? name : NULL, curve + n, &unit);
    for (size_t i = 0; i < n; i++) curves_of(cli, &other[i].study, other[i].name, &curve[i], &same);
    const char *interval = all > XB_CHART_BANDS || !numbered ? "thick bars" : "band";
    xb_chart chart = {.title = title,
                      .note = n ? xb_arena_printf(cli->arena,
                                                  "mean of chips; %s: 95 %% interval of the mean; bars: "
                                                  "lowest and highest chip",
                                                  interval)
                                : xb_arena_printf(cli->arena,
                                                  "mean of %" PRIu64 " chips; %s: 95 %% interval of the mean; "
                                                  "bars: lowest and highest chip",
                                                  s->trials, interval),
                      .x_label = unit ? xb_arena_printf(cli->arena, "%s, %s", label_of(a), unit) : label_of(a),
                      .y_label = s->labelled ? "top-1 accuracy, %" : "agreement with the float network, %",
                      .x_text = numbered ? NULL : a->value,
                      .n_text = a->n,
                      .y_most = 100,
                      .curve = curve,
                      .n = all};
    return write_picture(cli, &chart, path);
}
