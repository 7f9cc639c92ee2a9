/* print.c: graph -> .xir text (docs/formats/xir.md) and its file of weights. */
#include "base/digest.h"
#include "ir/literal.h"
#include "ir/store.h"
#include "ir/text.h"
#include "ir/text_private.h"
#include <string.h>

#define FLUSH (1u << 16)
#define CHUNK_BYTES (4u << 20)

typedef struct printer {
    const xb_graph *g;
    xb_buf b;
    xb_write_fn *text, *weights;
    void *to, *weights_to;
    const char *weights_name;
    uint64_t at;   /* bytes in the file of weights so far */
    size_t filled; /* bytes written as `fill` so far */
} printer;

static void flush(printer *p, size_t keep)
{
    if (p->b.len <= keep) return;
    p->text(p->to, p->b.data, p->b.len);
    p->b.len = 0;
}

static void print_value(printer *p, xb_value v)
{
    if (!v.id) {
        xb_buf_char(&p->b, '_');
        return;
    }
    xb_buf_char(&p->b, '%');
    xb_word_print(&p->b, xb_graph_value_name(p->g, v));
}

static void print_typed(printer *p, xb_value v)
{
    print_value(p, v);
    if (!v.id) return;
    xb_buf_char(&p->b, ' ');
    xb_type_print(&p->b, p->g, xb_graph_type(p->g, v));
}

/* ---- constants ---- */

/* Digest of a constant; its bytes also go to `weights` when there is one. Views are given back piece by piece. */
static void stream(printer *p, xb_value v, char hex[XB_DIGEST_HEX])
{
    static const char zeros[XB_XIR_ALIGN];
    size_t n;
    const unsigned char *bytes = xb_graph_raw(p->g, v, &n);
    xb_digest *d = xb_digest_new();
    if (p->weights && p->at % XB_XIR_ALIGN) {
        size_t pad = XB_XIR_ALIGN - (size_t)(p->at % XB_XIR_ALIGN);
        p->weights(p->weights_to, zeros, pad);
        p->at += pad;
    }
    for (size_t i = 0, take; i < n; i += take) {
        take = n - i < CHUNK_BYTES ? n - i : CHUNK_BYTES;
        xb_digest_add(d, bytes + i, take);
        if (p->weights) p->weights(p->weights_to, bytes + i, take);
        if (xb_graph_is_mapped(p->g, v)) xb_view_done(bytes + i, take);
    }
    p->at += n;
    xb_digest_end(d, hex);
}

static void print_numbers(printer *p, const xb_type *t, const unsigned char *bytes, int64_t n)
{
    xb_buf_char(&p->b, '{');
    for (int64_t i = 0; i < n; i++) {
        if (i) xb_buf_str(&p->b, ", ");
        xb_literal_print(&p->b, t->dtype, bytes + (size_t)i * xb_dtype_size(t->dtype));
    }
    xb_buf_char(&p->b, '}');
}

/* One number for all elements? Not with notes: the reader would not take long ones. Views are given back piece by
 * piece. */
static bool is_filled(printer *p, xb_value v, size_t bytes)
{
    const xb_attr *notes;
    const unsigned char *data = xb_graph_raw(p->g, v, NULL);
    size_t size = xb_dtype_size(xb_graph_type(p->g, v)->dtype);
    if (bytes > XB_XIR_FILL_MAX - p->filled || xb_graph_notes(p->g, v, &notes)) return false;
    bool same = true;
    for (size_t i = 0, take; same && i < bytes - size; i += take) {
        take = bytes - size - i < CHUNK_BYTES ? bytes - size - i : CHUNK_BYTES;
        same = memcmp(data + i, data + i + size, take) == 0;
        if (xb_graph_is_mapped(p->g, v)) xb_view_done(data + i, take);
    }
    if (same) p->filled += bytes;
    return same;
}

static void print_data(printer *p, xb_value v)
{
    const xb_type *t = xb_graph_type(p->g, v);
    size_t have, need;
    const void *bytes = xb_graph_raw(p->g, v, &have);
    bool whole = xb_type_bytes(t, &need) && need == have;
    if (whole && xb_type_count(t) <= XB_XIR_INLINE) {
        print_numbers(p, t, bytes, xb_type_count(t));
        return;
    }
    if (whole && is_filled(p, v, need)) {
        xb_buf_str(&p->b, "fill ");
        xb_literal_print(&p->b, t->dtype, bytes);
        return;
    }
    char hex[XB_DIGEST_HEX];
    stream(p, v, hex);
    if (!p->weights) {
        xb_buf_printf(&p->b, "digest %s", hex);
        return;
    }
    xb_buf_str(&p->b, "file ");
    xb_buf_quoted(&p->b, p->weights_name, strlen(p->weights_name));
    xb_buf_printf(&p->b, " %llu %zu %s", (unsigned long long)(p->at - have), have, hex);
}

/* Equal neighbours are written VALUE*TIMES from XB_XIR_RUN on, where a reader accepts it. */
static void print_note(printer *p, const xb_attr *note, bool runs)
{
    xb_buf_str(&p->b, "note ");
    xb_word_print(&p->b, note->name);
    xb_buf_str(&p->b, " [");
    for (size_t i = 0, n; i < note->n; i += n) {
        for (n = 1; runs && i + n < note->n && note->ints[i + n] == note->ints[i];) n++;
        if (n < XB_XIR_RUN) n = 1;
        xb_buf_printf(&p->b, "%s%lld", i ? ", " : "", (long long)note->ints[i]);
        if (n > 1) xb_buf_printf(&p->b, "*%zu", n);
        flush(p, FLUSH);
    }
    xb_buf_str(&p->b, "]\n");
}

static void print_constant(printer *p, xb_value v)
{
    xb_buf_str(&p->b, "const ");
    print_typed(p, v);
    xb_buf_str(&p->b, " = ");
    print_data(p, v);
    xb_buf_char(&p->b, '\n');
    const xb_attr *notes;
    size_t n = xb_graph_notes(p->g, v, &notes);
    for (size_t i = 0; i < n; i++)
        print_note(p, &notes[i], i < XB_XIR_RUN_NOTES && notes[i].n <= xb_xir_run_limit(xb_graph_type(p->g, v)));
    flush(p, FLUSH);
}

/* ---- ops ---- */

static void print_float(xb_buf *b, float f)
{
    size_t from = b->len;
    xb_literal_print(b, XB_F32, &f);
    if (!b->data[from + strspn(b->data + from, "-0123456789")]) xb_buf_str(b, ".0");
}

static void print_list(xb_buf *b, const xb_attr *a)
{
    xb_buf_str(b, a->type == XB_ATTR_FLOATS ? "f[" : "[");
    for (size_t i = 0; i < a->n; i++) {
        if (i) xb_buf_str(b, ", ");
        if (a->type == XB_ATTR_FLOATS)
            xb_literal_print(b, XB_F32, &a->floats[i]);
        else
            xb_literal_print(b, XB_I64, &a->ints[i]);
    }
    xb_buf_char(b, ']');
}

static void print_attr(xb_buf *b, const xb_attr *a)
{
    xb_word_print(b, a->name);
    xb_buf_str(b, " = ");
    switch (a->type) {
    case XB_ATTR_INT:
        xb_literal_print(b, XB_I64, &a->i);
        break;
    case XB_ATTR_FLOAT:
        print_float(b, a->f);
        break;
    case XB_ATTR_STRING:
        xb_buf_quoted(b, a->s, a->n);
        break;
    case XB_ATTR_INTS:
    case XB_ATTR_FLOATS:
        print_list(b, a);
        break;
    }
}

static void print_op(printer *p, xb_op op)
{
    const xb_value *in, *out;
    const xb_attr *attrs;
    size_t n_in = xb_graph_op_inputs(p->g, op, &in), n_out = xb_graph_op_outputs(p->g, op, &out);
    size_t n_attrs = xb_graph_op_attrs(p->g, op, &attrs);
    xb_buf_str(&p->b, "op ");
    xb_word_print(&p->b, xb_graph_op_name(p->g, op));
    xb_buf_char(&p->b, ' ');
    xb_word_print(&p->b, xb_graph_op_type(p->g, op));
    xb_buf_char(&p->b, '(');
    for (size_t i = 0; i < n_in; i++) {
        if (i) xb_buf_str(&p->b, ", ");
        print_value(p, in[i]);
    }
    xb_buf_char(&p->b, ')');
    for (size_t i = 0; i < n_attrs; i++) {
        xb_buf_str(&p->b, i ? ", " : " {");
        print_attr(&p->b, &attrs[i]);
    }
    if (n_attrs) xb_buf_char(&p->b, '}');
    for (size_t i = 0; i < n_out; i++) {
        xb_buf_str(&p->b, i ? ", " : " => ");
        print_typed(p, out[i]);
    }
    xb_buf_char(&p->b, '\n');
    flush(p, FLUSH);
}

static void print_head(printer *p)
{
    xb_buf_str(&p->b, "xir 1\ngraph ");
    xb_buf_quoted(&p->b, xb_graph_name(p->g), strlen(xb_graph_name(p->g)));
    xb_buf_char(&p->b, '\n');
    const char *symbol;
    for (int64_t d = -1; (symbol = xb_graph_symbol(p->g, d)); d--) {
        xb_buf_str(&p->b, "symbol ");
        xb_word_print(&p->b, symbol);
        xb_buf_char(&p->b, '\n');
    }
}

void xb_xir_print(const xb_graph *g, xb_write_fn *text, void *to, const char *weights_name, xb_write_fn *weights,
                  void *weights_to)
{
    printer p = {
        .g = g, .text = text, .to = to, .weights = weights, .weights_to = weights_to, .weights_name = weights_name};
    const xb_value *list;
    print_head(&p);
    for (size_t i = 0, n = xb_graph_inputs(g, &list); i < n; i++) {
        xb_buf_str(&p.b, "input ");
        print_typed(&p, list[i]);
        xb_buf_char(&p.b, '\n');
    }
    for (xb_value v = {1}; v.id < xb_graph_value_limit(g); v.id++)
        if (xb_graph_is_const(g, v)) print_constant(&p, v);
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) print_op(&p, op);
    for (size_t i = 0, n = xb_graph_outputs(g, &list); i < n; i++) {
        xb_buf_str(&p.b, "output ");
        print_value(&p, list[i]);
        xb_buf_char(&p.b, '\n');
    }
    xb_buf_str(&p.b, "end\n");
    flush(&p, 0);
    xb_buf_free(&p.b);
}
