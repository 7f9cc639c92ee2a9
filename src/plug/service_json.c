/* service_json.c: service "xb.json": base's writer on a sink or in memory, owned by the callback. */
#include "plug/context.h"
#include <stdlib.h>

/* What a plugin sees as struct xb_json. */
struct writer {
    xb_json *json;
    xb_context *context;
    xb_sink *sink; /* NULL: into text */
    xb_buf text;
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
    if (w->json) xb_json_free(w->json);
    w->json = NULL;
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
    free(j);
}

static void object(struct xb_json *j, const char *key)
{
    xb_json_object(of(j)->json, key, false);
}

static void array(struct xb_json *j, const char *key, bool one_line)
{
    xb_json_array(of(j)->json, key, one_line);
}

static void close_innermost(struct xb_json *j)
{
    xb_json_close(of(j)->json);
}

static void string(struct xb_json *j, const char *key, const char *value)
{
    if (value)
        xb_json_string(of(j)->json, key, value);
    else
        xb_json_null(of(j)->json, key);
}

static void integer(struct xb_json *j, const char *key, int64_t value)
{
    xb_json_int(of(j)->json, key, value);
}

static void real(struct xb_json *j, const char *key, double value)
{
    xb_json_real(of(j)->json, key, value);
}

static void boolean(struct xb_json *j, const char *key, bool value)
{
    xb_json_bool(of(j)->json, key, value);
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
