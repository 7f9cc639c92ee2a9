/* service_json.c: service "xb.json": base's writer on a sink or in memory, owned by the callback. */
#include "plug/context.h"
#include <stdlib.h>

/* What a plugin sees as struct xb_json. */
struct writer {
    xb_json *json;
    xb_context *context;
    xb_sink *sink; /* NULL: into text */
    xb_buf text;
    xb_vec(char) open; /* '{' or '[' of every open level */
};

static struct writer *of(struct xb_json *j)
{
    return (struct writer *)j;
}

static void put(void *to, const void *bytes, size_t n)
{
    struct writer *w = to;
    if (w->sink)
        w->sink->write(w->sink, bytes, n);
    else
        xb_buf_add(&w->text, bytes, n);
}

static struct xb_json *open(xb_cx *cx, xb_sink *sink)
{
    xb_context *c = xb_context_of(cx);
    struct writer *w = xb_calloc(1, sizeof *w);
    w->context = c;
    w->sink = sink;
    w->json = xb_json_new(put, w);
    xb_push(&c->json, (struct xb_json *)w);
    return (struct xb_json *)w;
}

static struct xb_json *begin(xb_cx *cx, xb_sink *sink)
{
    return open(cx, sink);
}

static struct xb_json *begin_text(xb_cx *cx)
{
    return open(cx, NULL);
}

static void finish(struct xb_json *j)
{
    struct writer *w = of(j);
    if (!w->json) return;
    for (; w->open.n; w->open.n--) xb_json_close(w->json);
    xb_json_free(w->json);
    w->json = NULL;
}

/* A plugin's mistake is its own diagnostic, never the host's fault: no value after the end, keys in objects and only
 * there. */
static bool may_write(struct writer *w, const char *key)
{
    bool wants_key = w->open.n && w->open.data[w->open.n - 1] == '{';
    if (w->json && wants_key == (key != NULL)) return true;
    xb_diag(w->context->diags, XB_ERROR, "json", NULL, "%s: JSON: %s", w->context->cx.instance,
            !w->json    ? "a value after the end"
            : wants_key ? "a value without a key in an object"
                        : "a key outside of an object");
    return false;
}

static const char *text(struct xb_json *j, size_t *n)
{
    finish(j);
    struct writer *w = of(j);
    *n = w->text.len;
    return xb_buf_cstr(&w->text);
}

void xb_json_service_release(struct xb_json *j)
{
    finish(j);
    xb_buf_free(&of(j)->text);
    xb_vec_free(&of(j)->open);
    free(j);
}

static void object(struct xb_json *j, const char *key)
{
    if (!may_write(of(j), key)) return;
    xb_json_object(of(j)->json, key, false);
    xb_push(&of(j)->open, '{');
}

static void array(struct xb_json *j, const char *key, bool one_line)
{
    if (!may_write(of(j), key)) return;
    xb_json_array(of(j)->json, key, one_line);
    xb_push(&of(j)->open, '[');
}

static void close_innermost(struct xb_json *j)
{
    struct writer *w = of(j);
    if (!w->json || !w->open.n) {
        xb_diag(w->context->diags, XB_ERROR, "json", NULL, "%s: JSON: nothing is open", w->context->cx.instance);
        return;
    }
    xb_json_close(w->json);
    w->open.n--;
}

static void string(struct xb_json *j, const char *key, const char *value)
{
    if (may_write(of(j), key)) xb_json_string(of(j)->json, key, value);
}

static void integer(struct xb_json *j, const char *key, int64_t value)
{
    if (may_write(of(j), key)) xb_json_int(of(j)->json, key, value);
}

static void real(struct xb_json *j, const char *key, double value)
{
    if (may_write(of(j), key)) xb_json_real(of(j)->json, key, value);
}

static void boolean(struct xb_json *j, const char *key, bool value)
{
    if (may_write(of(j), key)) xb_json_bool(of(j)->json, key, value);
}

const xb_json_api xb_json_service = {
    .struct_size = sizeof(xb_json_api),
    .begin = begin,
    .object = object,
    .array = array,
    .close = close_innermost,
    .string = string,
    .integer = integer,
    .real = real,
    .boolean = boolean,
    .end = finish,
    .begin_text = begin_text,
    .text = text,
};
