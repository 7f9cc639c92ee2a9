/* place.c: places and steps while a tape is made. */
#include "nn/tape/build.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN 64

void *xb_tape_at(const xb_tape *t, int place, void *const base[XB_SPACES])
{
    if (place < 0) return NULL;
    const xb_place *p = &t->place.data[place];
    if (p->space == XB_IN_CONST) return (void *)(uintptr_t)p->constant;
    return base[p->space] ? (unsigned char *)base[p->space] + p->offset : NULL;
}

void *xb_tape_memory(size_t bytes)
{
    size_t size;
    void *p = xb_add(bytes, 2 * ALIGN, &size) ? aligned_alloc(ALIGN, size / ALIGN * ALIGN) : NULL;
    if (!p) xb_out_of_memory();
    memset(p, 0, bytes);
    return p;
}

/* ---- places ---- */

/* Places in TEMP get their offsets when all lifetimes are known. */
int xb_taping_place(xb_taping *b, xb_space space, size_t bytes)
{
    xb_tape *t = b->t;
    xb_place p = {.space = space, .bytes = bytes, .offset = t->bytes[space], .first = (int)t->back.n};
    p.last = p.first;
    size_t whole;
    if (!xb_add(bytes, ALIGN - 1, &whole) ||
        (space != XB_IN_TEMP && !xb_add(t->bytes[space], whole / ALIGN * ALIGN, &t->bytes[space])))
        xb_out_of_memory();
    xb_push(&t->place, p);
    return (int)t->place.n - 1;
}

xb_format xb_taping_canonical(const xb_taping *b, xb_value v, xb_format f)
{
    int64_t d[4];
    if (f == XB_FMT_PLAIN || !xb_planner_image(&b->look, v, d)) return XB_FMT_PLAIN;
    return d[2] * d[3] == 1 || d[1] == 1 ? XB_FMT_PLAIN : f;
}

void xb_taping_over(xb_taping *b, xb_value v, xb_format f, int place)
{
    b->at[v.id][xb_taping_canonical(b, v, f)] = place;
}

int xb_taping_result(xb_taping *b, xb_value v, xb_format f)
{
    size_t bytes = 0;
    if (!xb_type_bytes(xb_graph_type(b->g, v), &bytes)) xb_out_of_memory();
    int place = xb_taping_place(b, XB_IN_RUN, bytes);
    xb_taping_over(b, v, f, place);
    return place;
}

xb_format xb_taping_found(const xb_taping *b, xb_value v)
{
    if (b->at[v.id][XB_FMT_BLOCKED] >= 0) return XB_FMT_BLOCKED;
    return b->at[v.id][XB_FMT_NHWC] >= 0 ? XB_FMT_NHWC : XB_FMT_PLAIN;
}

static int fail(xb_taping *b, xb_value v, const char *why)
{
    if (!b->failed)
        xb_error(b->d, "engine", (.file = xb_graph_file(b->g)), "'%s' %s", xb_graph_value_name(b->g, v), why);
    b->failed = true;
    return -1;
}

static int convert(xb_taping *b, xb_value v, xb_format f)
{
    int64_t dim[4];
    int from = 0;
    while (from < XB_FMTS && b->at[v.id][from] < 0) from++;
    if (from == XB_FMTS || !b->lib || !xb_planner_image(&b->look, v, dim))
        return fail(b, v, "is read before it is computed");
    const xb_dnnl_op *op = xb_taping_own(b, xb_dnnl_convert(b->lib, dim, (xb_format)from, f));
    if (!op) return fail(b, v, "cannot be brought to another format by oneDNN");
    int at[2] = {b->at[v.id][from], xb_taping_result(b, v, f)};
    xb_taping_dnnl(b, (xb_op){0}, op, at, 2)->result_last = true;
    return at[1];
}

int xb_taping_in(xb_taping *b, xb_value v, xb_format f)
{
    f = xb_taping_canonical(b, v, f);
    if (xb_graph_is_const(b->g, v) && b->at[v.id][XB_FMT_PLAIN] < 0)
        b->at[v.id][XB_FMT_PLAIN] = xb_taping_weight(b, v, NULL);
    return b->at[v.id][f] >= 0 ? b->at[v.id][f] : convert(b, v, f);
}

/* ---- constants ---- */

static int constant(xb_taping *b, xb_value v)
{
    int place = xb_taping_place(b, XB_IN_CONST, 0);
    b->t->place.data[place].constant = xb_graph_data(b->g, v);
    return place;
}

int xb_taping_weight(xb_taping *b, xb_value v, const xb_dnnl_op *layout)
{
    xb_tape *t = b->t;
    if (layout && xb_dnnl_weight_plain(layout)) layout = NULL;
    if (!layout && b->param[v.id] < 0) return constant(b, v);
    for (size_t i = 0; i < t->copy.n; i++) {
        const xb_tape_copy *c = &t->copy.data[i];
        if (c->value.id != v.id || !layout != !c->layout) continue;
        if (!layout || xb_dnnl_weight_same(layout, c->layout)) return c->place;
    }
    size_t bytes = 0;
    if (!layout && !xb_type_bytes(xb_graph_type(b->g, v), &bytes)) xb_out_of_memory();
    xb_tape_copy c = {.value = v, .param = b->param[v.id], .layout = layout};
    c.place = xb_taping_place(b, XB_IN_PACKED, layout ? xb_dnnl_weight_bytes(layout) : bytes);
    if (layout) {
        c.pack = xb_taping_own(b, xb_dnnl_pack(b->lib, layout));
        if (!c.pack) return fail(b, v, "cannot be packed by oneDNN");
    }
    xb_push(&t->copy, c);
    return c.place;
}

/* ---- steps ---- */

xb_tape_step *xb_taping_step(xb_taping *b, xb_tape_kind kind, xb_op op, const int *at, size_t n)
{
    xb_tape_step s = {.kind = kind, .op = op, .n = n, .made = -1, .at = xb_calloc(n + 1, sizeof *s.at)};
    int now = (int)b->t->back.n;
    if (n) memcpy(s.at, at, n * sizeof *at);
    for (size_t i = 0; i < n; i++)
        if (at[i] >= 0 && b->t->place.data[at[i]].last < now) b->t->place.data[at[i]].last = now;
    xb_push(b->steps, s);
    return &b->steps->data[b->steps->n - 1];
}

const xb_dnnl_op *xb_taping_own(xb_taping *b, xb_dnnl_op *op)
{
    if (!op) return NULL;
    xb_push(&b->t->ops, op);
    if (xb_dnnl_op_scratch(op) > b->t->scratch) b->t->scratch = xb_dnnl_op_scratch(op);
    return op;
}

xb_tape_step *xb_taping_dnnl(xb_taping *b, xb_op op, const xb_dnnl_op *dnnl, const int *at, size_t n)
{
    xb_tape_step *s = xb_taping_step(b, XB_TAPE_DNNL, op, at, n);
    s->dnnl = dnnl;
    return s;
}

xb_node *xb_taping_node(xb_taping *b, xb_node_kind kind, xb_op op)
{
    xb_push(&b->nodes, (xb_node){.kind = kind,
                                 .op = op,
                                 .x = xb_planner_arg(&b->look, op, 0),
                                 .y = xb_planner_result(&b->look, op),
                                 .at_x = -1,
                                 .at_y = -1,
                                 .kept = -1,
                                 .both = -1,
                                 .mean = -1,
                                 .variance = -1});
    return &b->nodes.data[b->nodes.n - 1];
}
