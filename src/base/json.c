#include "base/json.h"
#include "base/num.h"
#include "base/utf8.h"
#include "base/vec.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct level {
    char close;
    bool one_line, empty;
} level;

struct xb_json {
    xb_write_fn *write;
    void *to;
    xb_vec(level) open;
};

xb_json *xb_json_new(xb_write_fn *write, void *to)
{
    xb_json *j = xb_calloc(1, sizeof *j);
    j->write = write, j->to = to;
    return j;
}

static void put(xb_json *j, const char *s)
{
    j->write(j->to, s, strlen(s));
}

static void new_line(xb_json *j)
{
    put(j, "\n");
    for (size_t i = 0; i < j->open.n; i++) put(j, "  ");
}

static void put_text(xb_json *j, const char *s)
{
    put(j, "\"");
    size_t n = strlen(s), from = 0, i = 0;
    while (i < n) {
        unsigned char c = (unsigned char)s[i];
        size_t len = xb_utf8_length(s + i, n - i);
        if (len && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            i += len;
            continue;
        }
        j->write(j->to, s + from, i - from);
        char escape[8];
        if (c == '"' || c == '\\') {
            snprintf(escape, sizeof escape, "\\%c", c);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            snprintf(escape, sizeof escape, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        } else {
            snprintf(escape, sizeof escape, "\\u%04x", len ? c : 0xfffd); /* not UTF-8: the replacement character */
        }
        put(j, escape);
        from = ++i;
    }
    j->write(j->to, s + from, n - from);
    put(j, "\"");
}

/* Separator, line and key before a value. */
static void before(xb_json *j, const char *key)
{
    if (j->open.n) {
        level *top = &j->open.data[j->open.n - 1];
        assert((top->close == '}') == (key != NULL));
        if (!top->empty) put(j, top->one_line ? ", " : ",");
        if (!top->one_line) new_line(j);
        top->empty = false;
    }
    if (!key) return;
    put_text(j, key);
    put(j, ": ");
}

static void begin(xb_json *j, const char *key, bool one_line, char open, char close)
{
    before(j, key);
    bool inside = j->open.n && j->open.data[j->open.n - 1].one_line;
    j->write(j->to, &open, 1);
    xb_push(&j->open, (level){.close = close, .one_line = one_line || inside, .empty = true});
}

void xb_json_object(xb_json *j, const char *key, bool one_line)
{
    begin(j, key, one_line, '{', '}');
}

void xb_json_array(xb_json *j, const char *key, bool one_line)
{
    begin(j, key, one_line, '[', ']');
}

void xb_json_close(xb_json *j)
{
    assert(j->open.n);
    level top = j->open.data[--j->open.n];
    if (!top.one_line && !top.empty) new_line(j);
    j->write(j->to, &top.close, 1);
}

void xb_json_string(xb_json *j, const char *key, const char *v)
{
    before(j, key);
    if (v) {
        put_text(j, v);
    } else {
        put(j, "null");
    }
}

void xb_json_int(xb_json *j, const char *key, int64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)v);
    before(j, key);
    put(j, text);
}

void xb_json_real(xb_json *j, const char *key, double v)
{
    char text[XB_NUM_MAX];
    before(j, key);
    put(j, isfinite(v) ? xb_num_f64(text, v) : "null");
}

void xb_json_bool(xb_json *j, const char *key, bool v)
{
    before(j, key);
    put(j, v ? "true" : "false");
}

void xb_json_null(xb_json *j, const char *key)
{
    before(j, key);
    put(j, "null");
}

void xb_json_free(xb_json *j)
{
    if (!j) return;
    assert(!j->open.n);
    put(j, "\n");
    xb_vec_free(&j->open);
    free(j);
}

void xb_json_to_buf(void *buf, const void *bytes, size_t n)
{
    xb_buf_add(buf, bytes, n);
}
