#include "base/diag.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_WIDTH = 120, KEEP_TEXT = 4 << 20 };

typedef struct source {
    char *file, *text;
    size_t n;
} source;

struct xb_diags {
    pthread_mutex_t lock;
    FILE *to;
    xb_diag_format format;
    bool quiet;
    atomic_uint errors, warnings;
    xb_buf said;
    xb_vec(source) sources;
};

static void (*_Atomic clear_line)(void);

void xb_diags_before(void (*clear)(void))
{
    atomic_store(&clear_line, clear);
}

xb_diags *xb_diags_new(FILE *to, xb_diag_format format, bool quiet)
{
    xb_diags *d = xb_calloc(1, sizeof *d);
    pthread_mutex_init(&d->lock, NULL);
    d->to = to, d->format = format, d->quiet = quiet;
    return d;
}

void xb_diags_free(xb_diags *d)
{
    if (!d) return;
    for (size_t i = 0; i < d->sources.n; i++) {
        free(d->sources.data[i].file);
        free(d->sources.data[i].text);
    }
    xb_vec_free(&d->sources);
    xb_buf_free(&d->said);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

unsigned xb_diags_errors(const xb_diags *d)
{
    return d ? atomic_load(&d->errors) : 0;
}

unsigned xb_diags_warnings(const xb_diags *d)
{
    return d ? atomic_load(&d->warnings) : 0;
}

const char *xb_diags_text(const xb_diags *d)
{
    return d ? xb_buf_cstr(&d->said) : "";
}

void xb_diags_source(xb_diags *d, const char *file, const char *text, size_t n)
{
    if (!d) return;
    source s = {.file = xb_strdup(file), .text = xb_malloc(n + 1), .n = n};
    if (n) memcpy(s.text, text, n);
    s.text[n] = 0;
    pthread_mutex_lock(&d->lock);
    xb_push(&d->sources, s);
    pthread_mutex_unlock(&d->lock);
}

/* ---- the text form ------------------------------------------------------------------------- */

/* Characters that would move the cursor or turn the direction of writing: C0, C1, DEL, U+202A-E, U+2066-9. */
static bool is_control(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    if (len == 1) return u[0] < 0x20 || u[0] == 0x7f;
    if (len == 2) return u[0] == 0xc2 && u[1] < 0xa0;
    if (len != 3 || u[0] != 0xe2) return false;
    return (u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) || (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);
}

static void add_escaped(xb_buf *b, const char *s)
{
    for (size_t n = strlen(s), len; n; s += len, n -= len) {
        len = xb_utf8_length(s, n);
        if (len && !is_control(s, len)) {
            xb_buf_add(b, s, len);
            continue;
        }
        if (!len) len = 1;
        if (*s == '\n') {
            xb_buf_str(b, "\\n");
        } else if (*s == '\t') {
            xb_buf_str(b, "\\t");
        } else {
            for (size_t i = 0; i < len; i++) xb_buf_printf(b, "\\x%02x", (unsigned char)s[i]);
        }
    }
}

static void add_where(xb_buf *b, const xb_where *w)
{
    if (w->file) {
        add_escaped(b, w->file);
        if (w->line > 0) xb_buf_printf(b, ":%d", w->line);
        if (w->line > 0 && w->col > 0) xb_buf_printf(b, ":%d", w->col);
        xb_buf_str(b, ": ");
    } else if (!w->node) {
        xb_buf_str(b, "xbarc: ");
    }
    if (!w->node) return;
    xb_buf_str(b, "node '");
    add_escaped(b, w->node);
    xb_buf_char(b, '\'');
    if (w->op) {
        xb_buf_str(b, " (");
        add_escaped(b, w->op);
        xb_buf_char(b, ')');
    }
    if (w->input > 0) xb_buf_printf(b, ", input %d", w->input);
    xb_buf_str(b, ": ");
}

/* Line number `line` of the text: its start, and its length in *n. NULL when there is none. */
static const char *find_line(const source *s, int line, size_t *n)
{
    const char *p = s->text, *end = s->text + s->n;
    while (--line > 0) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl) return NULL;
        p = nl + 1;
    }
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    *n = (size_t)((nl ? nl : end) - p);
    if (*n && p[*n - 1] == '\r') --*n;
    return p;
}

/* The line with one column per character (tab: a space; what cannot be shown: '?'), cut round the caret. */
static void add_caret(xb_buf *b, const char *line, size_t n, int col)
{
    enum { INDENT = 2, ROOM = LINE_WIDTH - INDENT, CUT = 3 };
    size_t chars = 0, at = (size_t)col - 1;
    for (size_t i = 0, len; i < n; i += len, chars++) {
        len = xb_utf8_length(line + i, n - i);
        if (!len) len = 1;
    }
    if (at > chars) at = chars;
    size_t from = 0, to = chars;
    if (chars + 1 > ROOM) {
        from = at > ROOM / 2 ? at - ROOM / 2 : 0;
        if (from + ROOM > chars + 1) from = chars + 1 - ROOM;
        to = from + ROOM - 1;
    }
    bool cut_left = from > 0, cut_right = to < chars;
    xb_buf_printf(b, "%*s", INDENT, "");
    size_t k = 0;
    for (size_t i = 0, len; i < n && k < to; i += len, k++) {
        len = xb_utf8_length(line + i, n - i);
        bool shown = len && !is_control(line + i, len);
        if (k >= from) {
            if ((cut_left && k < from + CUT) || (cut_right && k + CUT >= to)) {
                xb_buf_char(b, '.');
            } else if (shown) {
                xb_buf_add(b, line + i, len);
            } else {
                xb_buf_char(b, line[i] == '\t' ? ' ' : '?');
            }
        }
        if (!len) len = 1;
    }
    xb_buf_printf(b, "\n%*s^\n", (int)(INDENT + at - from), "");
}

static void add_text(xb_diags *d, xb_buf *b, xb_severity severity, const char *code, const xb_where *w,
                     const char *message)
{
    static const char *const names[] = {"note", "warning", "error"};
    add_where(b, w);
    xb_buf_printf(b, "%s: ", names[severity]);
    add_escaped(b, message);
    if (code) xb_buf_printf(b, " [%s]", code);
    xb_buf_char(b, '\n');
    if (!w->file || w->line <= 0 || w->col <= 0) return;
    for (size_t i = d->sources.n; i--;) {
        const source *s = &d->sources.data[i];
        if (strcmp(s->file, w->file) != 0) continue;
        size_t n = 0;
        const char *line = find_line(s, w->line, &n);
        if (line) add_caret(b, line, n, w->col);
        return;
    }
}

static void add_json(xb_buf *b, xb_severity severity, const char *code, const xb_where *w, const char *message)
{
    static const char *const names[] = {"note", "warning", "error"};
    xb_json *j = xb_json_new(xb_json_to_buf, b);
    xb_json_object(j, NULL, true);
    xb_json_string(j, "severity", names[severity]);
    if (code) xb_json_string(j, "code", code);
    if (w->file) xb_json_string(j, "file", w->file);
    if (w->line > 0) xb_json_int(j, "line", w->line);
    if (w->col > 0) xb_json_int(j, "col", w->col);
    if (w->node) xb_json_string(j, "node", w->node);
    if (w->op) xb_json_string(j, "op", w->op);
    if (w->input > 0) xb_json_int(j, "input", w->input);
    xb_json_string(j, "message", message);
    xb_json_close(j);
    xb_json_free(j);
}

/* ---- saying it ------------------------------------------------------------------------------ */

void xb_vdiag(xb_diags *d, xb_severity severity, const char *code, const xb_where *where, const char *format,
              va_list args)
{
    if (!d || (severity == XB_NOTE && d->quiet)) return;
    if (severity == XB_ERROR) atomic_fetch_add(&d->errors, 1);
    if (severity == XB_WARNING) atomic_fetch_add(&d->warnings, 1);
    xb_where nowhere = {0};
    if (!where) where = &nowhere;
    xb_buf message = {0}, all = {0};
    xb_buf_vprintf(&message, format, args);
    pthread_mutex_lock(&d->lock);
    if (d->format == XB_DIAG_JSON) {
        add_json(&all, severity, code, where, xb_buf_cstr(&message));
    } else {
        add_text(d, &all, severity, code, where, xb_buf_cstr(&message));
    }
    if (d->said.len < KEEP_TEXT) xb_buf_add(&d->said, all.data, all.len);
    if (d->to) {
        void (*clear)(void) = atomic_load(&clear_line);
        if (clear) clear();
        fwrite(all.data, 1, all.len, d->to);
        fflush(d->to);
    }
    pthread_mutex_unlock(&d->lock);
    xb_buf_free(&message);
    xb_buf_free(&all);
}

void xb_diag(xb_diags *d, xb_severity severity, const char *code, const xb_where *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_vdiag(d, severity, code, where, format, args);
    va_end(args);
}

bool xb_diag_false(xb_diags *d, const char *code, const xb_where *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_vdiag(d, XB_ERROR, code, where, format, args);
    va_end(args);
    return false;
}
