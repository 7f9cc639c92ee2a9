/* sink.c: a backend's way into the output folder. */
#include "base/out.h"
#include "plug/plug.h"
#include <stdlib.h>

struct target {
    xb_sink sink;
    xb_diags *diags;
    xb_outdir *dir;
    xb_out *file; /* NULL: none open */
};

static int open_file(xb_sink *s, const char *name)
{
    struct target *t = s->impl;
    if (t->file) return xb_error(t->diags, "output", (.file = name), "opened while another file is open") - 1;
    t->file = xb_outdir_file(t->dir, name);
    return t->file ? 0 : -1;
}

static void write_file(xb_sink *s, const void *bytes, size_t n)
{
    struct target *t = s->impl;
    if (t->file) xb_out_write(t->file, bytes, n);
}

static void print_file(xb_sink *s, const char *format, ...)
{
    xb_buf text = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&text, format, args);
    va_end(args);
    write_file(s, xb_buf_cstr(&text), text.len);
    xb_buf_free(&text);
}

static int close_file(xb_sink *s)
{
    struct target *t = s->impl;
    xb_out *file = t->file;
    t->file = NULL;
    return file && xb_out_commit(file) ? 0 : -1;
}

xb_sink *xb_sink_new(xb_diags *d, struct xb_outdir *dir)
{
    struct target *t = xb_calloc(1, sizeof *t);
    t->sink = (xb_sink){.struct_size = sizeof t->sink,
                        .open = open_file,
                        .write = write_file,
                        .print = print_file,
                        .close = close_file,
                        .impl = t};
    t->diags = d;
    t->dir = dir;
    return &t->sink;
}

bool xb_sink_settled(xb_sink *s)
{
    struct target *t = s->impl;
    if (!t->file) return true;
    xb_out_abandon(t->file);
    t->file = NULL;
    return false;
}

void xb_sink_free(xb_sink *s)
{
    if (!s) return;
    struct target *t = s->impl;
    if (t->file) xb_out_abandon(t->file);
    free(t);
}
