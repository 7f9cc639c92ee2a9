/* csv.c: tables of numbers. */
#include "cli/csv.h"
#include "base/file.h"
#include "base/num.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT ((size_t)1 << 30) /* bytes of a file */

typedef struct reader {
    xb_diags *d;
    const char *path, *what;
    double low, high;
    char *text;
    size_t size, rows, cols; /* rows: whole ones so far; cols: of the first, 0 before */
    int line;
    xb_vec(double) x;
} reader;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* at: the place in the text, on the line that begins at `line`. Columns of diagnostics count characters. */
static bool refuse(const reader *r, const char *line, const char *at, size_t field, const char *format, ...)
    XB_PRINTF(5, 6);
static bool refuse(const reader *r, const char *line, const char *at, size_t field, const char *format, ...)
{
    xb_buf why = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&why, format, args);
    va_end(args);
    int column = 1;
    for (const char *p = line; p < at; p++) column += ((unsigned char)*p & 0xc0) != 0x80;
    xb_diags_source(r->d, r->path, r->text, r->size);
    xb_error(r->d, "csv", (.file = r->path, .line = r->line, .col = column), "row %zu, column %zu: %s", r->rows + 1,
             field, xb_buf_cstr(&why));
    xb_buf_free(&why);
    return false;
}

/* One number, at..end without blanks around; the text is cut there while it is read. */
static bool take_number(reader *r, const char *line, char *at, char *end, size_t field)
{
    double v;
    char *tail = end;
    while (at < end && is_blank(*at)) at++;
    while (tail > at && is_blank(tail[-1])) tail--;
    if (at == tail) return refuse(r, line, at, field, "the %s is missing", r->what);
    char kept = *tail;
    *tail = 0;
    bool number = xb_parse_f64(*at == '+' ? at + 1 : at, &v) && !strchr(at, '/');
    char word[40];
    snprintf(word, sizeof word, "%s", at);
    *tail = kept;
    if (!number) return refuse(r, line, at, field, "'%s' is not a number", word);
    if (!isfinite(v)) return refuse(r, line, at, field, "the %s '%s' is not finite", r->what, word);
    if (v < r->low) return refuse(r, line, at, field, "the %s %s is less than %g", r->what, word, r->low);
    if (v > r->high) return refuse(r, line, at, field, "the %s %s is more than %g", r->what, word, r->high);
    xb_push(&r->x, v);
    return true;
}

static bool take_line(reader *r, char *line, char *end)
{
    size_t field = 0;
    char separator = memchr(line, ',', (size_t)(end - line)) ? ',' : '\t';
    for (char *at = line;; at++) {
        char *stop = at;
        while (stop < end && *stop != separator) stop++;
        field++;
        if (r->cols && field > r->cols)
            return refuse(r, line, at, field, "this row goes on; the first has %zu numbers", r->cols);
        if (!take_number(r, line, at, stop, field)) return false;
        if (stop == end) break;
        at = stop;
    }
    if (field < r->cols) return refuse(r, line, end, field, "the row ends here; the first has %zu numbers", r->cols);
    r->cols = field;
    r->rows++;
    return true;
}

static bool take_text(reader *r)
{
    char *line = r->text, *end = r->text + r->size;
    if (memchr(line, 0, r->size)) return xb_error(r->d, "csv", (.file = r->path), "not a text file");
    if (r->size >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) line += 3; /* byte order mark */
    while (line < end) {
        char *stop = memchr(line, '\n', (size_t)(end - line)), *first = line;
        if (!stop) stop = end;
        r->line++;
        while (first < stop && is_blank(*first)) first++;
        if (first < stop && *first != '#' && !take_line(r, line, stop)) return false;
        line = stop + 1;
    }
    return r->cols || xb_error(r->d, "csv", (.file = r->path), "there is no number in it");
}

bool xb_csv_read(xb_diags *d, const char *path, const char *what, double low, double high, xb_csv *out)
{
    reader r = {.d = d, .path = path, .what = what, .low = low, .high = high};
    *out = (xb_csv){0};
    r.text = xb_read_file(d, path, LIMIT, &r.size);
    bool good = r.text && take_text(&r);
    free(r.text);
    if (good)
        *out = (xb_csv){r.rows, r.cols, r.x.data};
    else
        xb_vec_free(&r.x);
    return good;
}

void xb_csv_free(xb_csv *c)
{
    free(c->x);
    *c = (xb_csv){0};
}
