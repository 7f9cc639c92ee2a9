/* context.c: the host functions that never change, and the life of a callback. */
#include "plug/context.h"
#include "hw/layout.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const void *service(xb_cx *cx, const char *name, uint32_t version)
{
    (void)cx;
    return xb_service_find(name, version);
}

/* Without a place of its own, a message points at the pipeline's entry and names the instance. */
static void diagnose(xb_cx *cx, xb_severity severity, const char *code, const xb_where *where, const char *format, ...)
{
    xb_context *c = xb_context_of(cx);
    xb_buf text = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&text, format, args);
    va_end(args);
    xb_where entry = c->entry ? xb_yaml_where(c->entry) : (xb_where){0};
    bool placed = where && (where->file || where->node);
    if ((unsigned)severity > XB_ERROR) severity = XB_ERROR;
    xb_diag(c->diags, severity, code ? code : "pass", placed ? where : &entry, "%s: %s", cx->instance,
            xb_buf_cstr(&text));
    xb_buf_free(&text);
}

static void *alloc(xb_cx *cx, size_t count, size_t size)
{
    return xb_arena_alloc(xb_context_of(cx)->arena, count, size);
}

static bool cancelled(xb_cx *cx)
{
    (void)cx;
    return xb_interrupted();
}

static void progress(xb_cx *cx, uint64_t done, uint64_t total, const char *unit)
{
    xb_context *c = xb_context_of(cx);
    if (!c->progress) c->progress = xb_progress_begin(cx->instance, unit ? unit : "");
    xb_progress_update(c->progress, done, total);
}

static const xb_host host = {
    .struct_size = sizeof host,
    .service = service,
    .diagnose = diagnose,
    .alloc = alloc,
    .cancelled = cancelled,
    .progress = progress,
};

xb_context *xb_context_new(xb_diags *d, const xb_hw *hw, uint64_t seed, xb_run_info *info)
{
    xb_context *c = xb_calloc(1, sizeof *c);
    c->diags = d;
    c->hw = hw;
    c->info = info;
    c->cx = (xb_cx){.struct_size = sizeof c->cx, .host = &host, .instance = "", .seed = seed, .impl = c};
    return c;
}

void xb_context_learning(xb_context *c, const xb_learning *l)
{
    c->learning = *l;
}

void xb_context_entering(xb_context *c, const xb_graph *came, const char *options)
{
    c->came = came;
    c->options = options;
}

void xb_context_drop_checkpoints(xb_context *c)
{
    for (size_t i = 0; i < c->checkpoints.n; i++) unlink(c->checkpoints.data[i]);
    if (c->learning.checkpoints) rmdir(c->learning.checkpoints);
}

xb_cx *xb_context_begin(xb_context *c, const char *instance, const xb_yaml *where)
{
    c->arena = xb_arena_new();
    c->cx.instance = instance;
    c->entry = where;
    c->runs = 0;
    return &c->cx;
}

void xb_context_end(xb_context *c)
{
    for (size_t i = 0; i < c->json.n; i++) xb_json_service_release(c->json.data[i]);
    for (size_t i = 0; i < c->plan.n; i++) xb_layout_free(c->plan.data[i]);
    c->json.n = c->plan.n = 0;
    xb_progress_end(c->progress);
    c->progress = NULL;
    xb_arena_free(c->arena);
    c->arena = NULL;
    c->came = NULL;
    c->options = NULL;
}

void xb_context_free(xb_context *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->checkpoints.n; i++) free(c->checkpoints.data[i]);
    xb_dataset_free(c->data);
    xb_vec_free(&c->checkpoints);
    xb_vec_free(&c->plan);
    xb_vec_free(&c->json);
    free(c);
}
