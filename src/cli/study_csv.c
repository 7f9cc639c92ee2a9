/* study_csv.c: the trials of a study in a file: one line a trial, appended
 * whole, so that a run that is stopped or killed loses at most the trial it was
 * at, and several runs may write to one file. */
#include "base/num.h"
#include "cli/study.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CSV_LIMIT ((size_t)1 << 30)
enum { FIGURES = 10, CELLS = XB_STUDY_AXES + FIGURES };
static const char *const figures[FIGURES] = {"trial", "total",     "correct",     "agree",   "top1",
                                             "loss",  "agreement", "conversions", "clipped", "settings"};

struct xb_study_csv {
    xb_diags *d;
    char *path;
    int file;
};

/* ---- text ---- */

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

static void put_head(xb_buf *b, const xb_study *s)
{
    for (size_t a = 0; a < s->n_axes; a++) {
        put_text(b, s->axis[a].set);
        xb_buf_char(b, ',');
    }
    for (int i = 0; i < FIGURES; i++) xb_buf_printf(b, "%s%c", figures[i], i + 1 < FIGURES ? ',' : '\n');
}

/* What is not known (without labels) is empty. */
static void put_real(xb_buf *b, double v, bool known)
{
    char text[XB_NUM_MAX];
    xb_buf_printf(b, "%s,", known ? xb_num_f64(text, v) : "");
}

static void put_row(xb_buf *b, const xb_study *s, const xb_point *p, const xb_trial *t)
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

/* Takes the cells of a line apart, in place. How many; CELLS + 1: more. */
static size_t cells_of(char *line, char *cell[CELLS])
{
    size_t n = 0;
    for (char *at = line;; n++) {
        if (n == CELLS) return CELLS + 1;
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

static bool parse_row(char *const *f, xb_trial *t)
{
    return count(f[0], &t->trial) && count(f[1], &t->total) && count(f[2], &t->correct) && count(f[3], &t->agree) &&
           real(f[4], &t->top1) && real(f[5], &t->loss) && real(f[6], &t->agreement) && count(f[7], &t->conversions) &&
           count(f[8], &t->clipped);
}

/* ---- what is there ---- */

static xb_point *point_of(xb_study *s, char *const *cell)
{
    for (size_t i = 0; i < s->n_points; i++) {
        size_t a = 0;
        while (a < s->n_axes && strcmp(cell[a], s->point[i].value[a]) == 0) a++;
        if (a == s->n_axes) return &s->point[i];
    }
    return NULL;
}

static double share(uint64_t part, uint64_t whole)
{
    return (double)part / (double)whole;
}

/* What this program would never write. NULL: nothing. */
static const char *wrong_with(const xb_study *s, const xb_point *p, const xb_trial *t)
{
    if (t->total != p->items) return "'total' is not the number of items";
    if (t->correct > t->total || t->agree > t->total) return "'correct' or 'agree' is more than 'total'";
    if (t->clipped > t->conversions) return "'clipped' is more than 'conversions'";
    if (t->agreement != share(t->agree, t->total)) return "'agreement' is not agree / total";
    if (t->top1 != (s->labelled ? share(t->correct, t->total) : -1)) return "'top1' is not correct / total";
    if (s->labelled ? !(t->loss >= 0 && isfinite(t->loss)) : t->loss != -1) return "'loss' is none";
    return NULL;
}

/* A chip that stands there twice is the same chip. */
static bool same_figures(const xb_trial *a, const xb_trial *b)
{
    return a->total == b->total && a->correct == b->correct && a->agree == b->agree && a->loss == b->loss &&
           a->conversions == b->conversions && a->clipped == b->clipped;
}

static bool refuse_line(const xb_study_csv *c, int line, const char *why)
{
    return xb_error(c->d, "study-csv", (.file = c->path, .line = line), "not a row that this study can have: %s", why);
}

static bool take_line(const xb_study_csv *c, xb_study *s, int line, char *text, size_t *taken)
{
    char *cell[CELLS];
    xb_trial t;
    if (cells_of(text, cell) != s->n_axes + FIGURES || !parse_row(cell + s->n_axes, &t))
        return xb_error(c->d, "study-csv", (.file = c->path, .line = line), "not a row of a study");
    xb_point *p = point_of(s, cell);
    if (!p) return true; /* of a value that is not asked for now */
    if (strcmp(cell[s->n_axes + FIGURES - 1], p->settings) != 0)
        return xb_error(c->d, "study-csv", (.file = c->path, .line = line),
                        "a row of another chip, model, layout or data (settings "
                        "%.16s, this run's are %s): choose "
                        "another file",
                        cell[s->n_axes + FIGURES - 1], p->settings);
    const char *wrong = wrong_with(s, p, &t);
    if (wrong) return refuse_line(c, line, wrong);
    const xb_trial *known = xb_study_row(p, t.trial);
    if (known)
        return same_figures(known, &t) || refuse_line(c, line, "its chip stands there twice, with other figures");
    xb_study_add(p, &t);
    ++*taken;
    return true;
}

static bool take_text(const xb_study_csv *c, xb_study *s, char *text, size_t *taken)
{
    xb_buf head = {0};
    put_head(&head, s);
    bool ok = strncmp(text, xb_buf_cstr(&head), head.len) == 0;
    if (!ok) {
        head.data[head.len - 1] = 0;
        xb_error(c->d, "study-csv", (.file = c->path, .line = 1), "not of this study, whose first line is '%s'",
                 head.data);
    }
    char *at = text + (ok ? head.len : 0);
    for (int line = 2; ok && *at; line++) {
        char *end = strchr(at, '\n');
        *end = 0;
        ok = take_line(c, s, line, at, taken);
        at = end + 1;
    }
    xb_buf_free(&head);
    return ok;
}

static bool failed(const xb_study_csv *c, const char *what)
{
    return xb_error(c->d, "io", (.file = c->path), "%s: %s", what, strerror(errno));
}

/* Under the lock. What does not fit whole is taken back. */
static bool put(const xb_study_csv *c, const xb_buf *b)
{
    struct stat st;
    ssize_t n;
    if (fstat(c->file, &st) != 0) return failed(c, "cannot be written");
    do n = write(c->file, b->data, b->len);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)b->len) return true;
    bool cut = n <= 0 || ftruncate(c->file, st.st_size) == 0;
    if (n > 0 && cut) errno = ENOSPC;
    return failed(c, cut ? "cannot be written" : "holds a part of a line, which cannot be cut off");
}

/* Is a file without a whole line the beginning of a study's, and not somebody's
 * note? */
static bool begins_head(const xb_study_csv *c, const xb_study *s, const char *text, size_t n)
{
    xb_buf head = {0};
    put_head(&head, s);
    bool ok = n < head.len && memcmp(text, head.data, n) == 0;
    xb_buf_free(&head);
    return ok || xb_error(c->d, "study-csv", (.file = c->path), "not the table of a study");
}

/* Under the lock: rows that are whole are taken, a line that is not is cut off,
 * a new file gets its first line. */
static bool settle(const xb_study_csv *c, xb_study *s, size_t *taken)
{
    size_t n = 0;
    char *text = xb_read_file(c->d, c->path, CSV_LIMIT, &n);
    if (!text) return false;
    size_t whole = n;
    while (whole && text[whole - 1] != '\n') whole--;
    bool ok = strlen(text) == n || xb_error(c->d, "study-csv", (.file = c->path), "not text");
    if (ok && !whole) ok = begins_head(c, s, text, n);
    text[whole] = 0;
    if (ok && whole) ok = take_text(c, s, text, taken);
    if (ok && whole < n && ftruncate(c->file, (off_t)whole) != 0) ok = failed(c, "cannot be cut");
    free(text);
    xb_buf head = {0};
    put_head(&head, s);
    if (ok && !whole) ok = put(c, &head);
    xb_buf_free(&head);
    return ok;
}

xb_study_csv *xb_study_csv_open(xb_cli *cli, const char *path, xb_study *s, size_t *taken)
{
    xb_study_csv *c = xb_calloc(1, sizeof *c);
    *c = (xb_study_csv){.d = cli->diags, .path = xb_strdup(path)};
    c->file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    struct stat st;
    bool ok = c->file >= 0 && fstat(c->file, &st) == 0;
    if (ok && !S_ISREG(st.st_mode)) {
        xb_error(c->d, "io", (.file = c->path), "not a regular file");
        xb_study_csv_close(c);
        return NULL;
    }
    ok = ok && flock(c->file, LOCK_EX) == 0;
    if (!ok) failed(c, "cannot be opened");
    ok = ok && settle(c, s, taken);
    if (c->file >= 0) flock(c->file, LOCK_UN);
    if (ok) return c;
    xb_study_csv_close(c);
    return NULL;
}

bool xb_study_csv_append(xb_study_csv *c, const xb_study *s, const xb_point *p, const xb_trial *row)
{
    xb_buf b = {0};
    put_row(&b, s, p, row);
    flock(c->file, LOCK_EX);
    bool ok = put(c, &b);
    flock(c->file, LOCK_UN);
    xb_buf_free(&b);
    return ok;
}

void xb_study_csv_close(xb_study_csv *c)
{
    if (!c) return;
    if (c->file >= 0) close(c->file);
    free(c->path);
    free(c);
}
