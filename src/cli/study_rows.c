/* study_rows.c: a trial as a line of text, and back: what a line may hold. */
#include "cli/study_rows.h"
#include "base/num.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const figures[XB_ROW_FIGURES] = {"trial", "total",     "correct",     "agree",   "top1",
                                                    "loss",  "agreement", "conversions", "clipped", "settings"};

/* RFC 4180: quotes where a comma, a quote or a line's end would be misread. */
static void put_text(xb_buf *b, const char *text)
{
    if (!text[strcspn(text, ",\"\n\r")]) {
        xb_buf_str(b, text);
        return;
    }
    xb_buf_char(b, '"');
    for (; *text; text++) xb_buf_printf(b, *text == '"' ? "\"%c" : "%c", *text);
    xb_buf_char(b, '"');
}

void xb_row_head(xb_buf *b, const xb_study *s)
{
    for (size_t a = 0; a < s->n_axes; a++) {
        put_text(b, s->axis[a].set);
        xb_buf_char(b, ',');
    }
    for (int i = 0; i < XB_ROW_FIGURES; i++) xb_buf_printf(b, "%s%c", figures[i], i + 1 < XB_ROW_FIGURES ? ',' : '\n');
}

/* What is not known (without labels) is empty. */
static void put_real(xb_buf *b, double v, bool known)
{
    char text[XB_NUM_MAX];
    xb_buf_printf(b, "%s,", known ? xb_num_f64(text, v) : "");
}

void xb_row_print(xb_buf *b, const xb_study *s, const xb_point *p, const xb_trial *t)
{
    for (size_t a = 0; a < s->n_axes; a++) {
        put_text(b, p->value[a]);
        xb_buf_char(b, ',');
    }
    xb_buf_printf(b, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", t->trial, t->total, t->correct, t->agree);
    put_real(b, t->top1, s->labelled);
    put_real(b, t->loss, s->labelled);
    put_real(b, t->agreement, true);
    xb_buf_printf(b, "%" PRIu64 ",%" PRIu64 ",%s\n", t->conversions, t->clipped, p->settings);
}

size_t xb_row_cells(char *line, char *cell[XB_ROW_CELLS])
{
    size_t n = 0;
    for (char *at = line;; n++) {
        if (n == XB_ROW_CELLS) return XB_ROW_CELLS + 1;
        cell[n] = at;
        char *to = at;
        bool quoted = *at == '"';
        for (at += quoted; *at && (quoted || *at != ','); at++) {
            if (quoted && *at == '"' && *++at != '"') {
                quoted = false;
                at--;
                continue;
            }
            *to++ = *at;
        }
        bool last = !*at;
        *to = 0;
        if (last) return n + 1;
        at++;
    }
}

static bool count(const char *text, uint64_t *out)
{
    int64_t v;
    if (!xb_parse_i64(text, &v) || v < 0) return false;
    *out = (uint64_t)v;
    return true;
}

static bool real(const char *text, double *out)
{
    if (*text) return xb_parse_f64(text, out);
    *out = -1;
    return true;
}

bool xb_row_parse(char *const *f, xb_trial *t)
{
    return count(f[0], &t->trial) && count(f[1], &t->total) && count(f[2], &t->correct) && count(f[3], &t->agree) &&
           real(f[4], &t->top1) && real(f[5], &t->loss) && real(f[6], &t->agreement) && count(f[7], &t->conversions) &&
           count(f[8], &t->clipped);
}

static double share(uint64_t part, uint64_t whole)
{
    return (double)part / (double)whole;
}

const char *xb_row_wrong(const xb_study *s, const xb_point *p, const xb_trial *t)
{
    if (t->total != p->items) return "'total' is not the number of items";
    if (t->correct > t->total || t->agree > t->total) return "'correct' or 'agree' is more than 'total'";
    if (t->clipped > t->conversions) return "'clipped' is more than 'conversions'";
    if (t->agreement != share(t->agree, t->total)) return "'agreement' is not agree / total";
    if (t->top1 != (s->labelled ? share(t->correct, t->total) : -1)) return "'top1' is not correct / total";
    if (s->labelled ? !(t->loss >= 0 && isfinite(t->loss)) : t->loss != -1) return "'loss' is none";
    return NULL;
}

bool xb_row_same(const xb_trial *a, const xb_trial *b)
{
    return a->total == b->total && a->correct == b->correct && a->agree == b->agree && a->loss == b->loss &&
           a->conversions == b->conversions && a->clipped == b->clipped;
}
