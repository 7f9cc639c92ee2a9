/* study_csv.c: the trials of a study in a file: one line a trial, appended
 * whole, so that a run that is stopped or killed loses at most the trial it was
 * at, and several runs may write to one file. */
#include "cli/study_rows.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CSV_LIMIT ((size_t)1 << 30)

struct xb_study_csv {
    xb_diags *d;
    char *path;
    int file;
};

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

static bool refuse_line(const xb_study_csv *c, int line, const char *why)
{
    return xb_error(c->d, "study-csv", (.file = c->path, .line = line), "not a row that this study can have: %s", why);
}

static bool take_line(const xb_study_csv *c, xb_study *s, int line, char *text, size_t *taken)
{
    char *cell[XB_ROW_CELLS];
    xb_trial t;
    if (xb_row_cells(text, cell) != s->n_axes + XB_ROW_FIGURES || !xb_row_parse(cell + s->n_axes, &t))
        return xb_error(c->d, "study-csv", (.file = c->path, .line = line), "not a row of a study");
    xb_point *p = point_of(s, cell);
    if (!p) return true; /* of a value that is not asked for now */
    if (strcmp(cell[s->n_axes + XB_ROW_FIGURES - 1], p->settings) != 0)
        return xb_error(c->d, "study-csv", (.file = c->path, .line = line),
                        "a row of another chip, model, layout or data (settings "
                        "%.16s, this run's are %s): choose "
                        "another file",
                        cell[s->n_axes + XB_ROW_FIGURES - 1], p->settings);
    const char *wrong = xb_row_wrong(s, p, &t);
    if (wrong) return refuse_line(c, line, wrong);
    const xb_trial *known = xb_study_row(p, t.trial);
    if (known) return xb_row_same(known, &t) || refuse_line(c, line, "its chip stands there twice, with other figures");
    xb_study_add(p, &t);
    ++*taken;
    return true;
}

/* The point of this value, made when it is new; there is room. NULL: its rows are of two settings. */
static xb_point *point_for(xb_study *s, xb_arena *a, const char *value, const char *settings, const xb_trial *t)
{
    xb_point *p = point_of(s, (char *const[]){(char *)(uintptr_t)value});
    if (p) return strcmp(p->settings, settings) == 0 ? p : NULL;
    p = &s->point[s->n_points++];
    *p = (xb_point){.value = {xb_arena_strdup(a, value)}, .settings = xb_arena_strdup(a, settings), .items = t->total};
    return p;
}

static bool read_line(const xb_study_csv *c, xb_study *s, xb_arena *a, int line, char *text)
{
    char *cell[XB_ROW_CELLS];
    xb_trial t;
    if (xb_row_cells(text, cell) != 1 + XB_ROW_FIGURES || !xb_row_parse(cell + 1, &t) || !t.total)
        return xb_error(c->d, "study-csv", (.file = c->path, .line = line), "not a row of a study");
    if (!s->n_points) s->labelled = t.top1 >= 0;
    xb_point *p = point_for(s, a, cell[0], cell[XB_ROW_FIGURES], &t);
    const char *wrong =
        p ? xb_row_wrong(s, p, &t) : "other rows of its value are of another chip, model, layout or data";
    if (wrong) return refuse_line(c, line, wrong);
    if (!xb_study_row(p, t.trial)) xb_study_add(p, &t);
    return true;
}

/* The first line of a table and what follows it; NULL after a diagnostic. */
static char *after_head(const xb_study_csv *c, const xb_study *s, char *text)
{
    xb_buf head = {0};
    xb_row_head(&head, s);
    char *rest = strncmp(text, xb_buf_cstr(&head), head.len) == 0 ? text + head.len : NULL;
    if (!rest) {
        head.data[head.len - 1] = 0;
        xb_error(c->d, "study-csv", (.file = c->path, .line = 1), "not of this study, whose first line is '%s'",
                 head.data);
    }
    xb_buf_free(&head);
    return rest;
}

bool xb_study_csv_read(xb_cli *cli, const char *path, const xb_study *like, xb_study *out)
{
    const xb_study_csv c = {.d = cli->diags, .path = (char *)(uintptr_t)path, .file = -1};
    size_t n, lines = 0;
    char *text = xb_read_file(cli->diags, path, CSV_LIMIT, &n);
    *out = (xb_study){.axis = {like->axis[0]}, .n_axes = 1, .trials = UINT32_MAX};
    char *at = text ? after_head(&c, out, text) : NULL;
    bool ok = at != NULL;
    for (const char *p = at; ok && *p; p++) lines += *p == '\n';
    if (ok) out->point = xb_calloc(lines + 1, sizeof *out->point);
    for (int line = 2; ok && *at; line++) {
        char *end = strchr(at, '\n');
        if (!end) break; /* a line that was cut short */
        *end = 0;
        ok = read_line(&c, out, cli->arena, line, at);
        at = end + 1;
    }
    free(text);
    const char **value = xb_arena_alloc(cli->arena, out->n_points + 1, sizeof *value);
    for (size_t i = 0; i < out->n_points; i++) value[i] = out->point[i].value[0];
    out->axis[0].value = value;
    out->axis[0].n = out->n_points;
    return ok && (out->n_points || xb_error(cli->diags, "study-csv", (.file = path), "there is no chip in it"));
}

static bool take_text(const xb_study_csv *c, xb_study *s, char *text, size_t *taken)
{
    char *at = after_head(c, s, text);
    bool ok = at != NULL;
    for (int line = 2; ok && *at; line++) {
        char *end = strchr(at, '\n');
        *end = 0;
        ok = take_line(c, s, line, at, taken);
        at = end + 1;
    }
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
    xb_row_head(&head, s);
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
    xb_row_head(&head, s);
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
    xb_row_print(&b, s, p, row);
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
