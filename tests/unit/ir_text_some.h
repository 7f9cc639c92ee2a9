/* ir_text_some.h: a folder for a test, printing and reading back, random graphs with awkward names and numbers. */
#ifndef IR_TEXT_SOME_H
#define IR_TEXT_SOME_H

#include "base/rng.h"
#include "ir/text.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/xbarc-text-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void teardown(void)
{
    static const char *const names[] = {"net.xir", "net.weights", "other.weights"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
    rmdir(folder);
}

static void save(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(in_folder(name), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

typedef struct printed {
    xb_buf text, weights;
} printed;

static printed print(const xb_graph *g)
{
    printed p = {{0}, {0}};
    xb_xir_print(g, xb_json_to_buf, &p.text, "net.weights", xb_json_to_buf, &p.weights);
    return p;
}

static void printed_free(printed *p)
{
    xb_buf_free(&p->text);
    xb_buf_free(&p->weights);
}

static void check_same(const printed *a, const printed *b)
{
    ck_assert_str_eq(a->text.data, b->text.data);
    ck_assert_uint_eq(a->text.len, b->text.len);
    ck_assert_uint_eq(a->weights.len, b->weights.len);
    if (a->weights.len) ck_assert_mem_eq(a->weights.data, b->weights.data, a->weights.len);
}

/* ---- random graphs ---- */

static const char *const words[] = {"a",
                                    "_",
                                    "f",
                                    "end",
                                    "const",
                                    "note",
                                    "digest",
                                    "file",
                                    "1",
                                    "-1",
                                    "0x7",
                                    "x y",
                                    "%",
                                    "%x",
                                    "\"",
                                    "\\",
                                    "a\nb",
                                    "#",
                                    "=>",
                                    "tab\t",
                                    "\x01",
                                    "\xff\xfe",
                                    "\xc3\xa9",
                                    "\xe2\x82\xac",
                                    "/conv1/Conv_output_0",
                                    "onnx::Conv_12",
                                    "*",
                                    "[",
                                    "]",
                                    ",",
                                    "?",
                                    "?1",
                                    "nan",
                                    "inf",
                                    "a_1",
                                    "a_2",
                                    "(",
                                    ")",
                                    "{",
                                    "}",
                                    "\x7f",
                                    "very.long-name+with@many$signs~"};
enum { WORDS = sizeof words / sizeof *words };

static const char *some_word(xb_rng *r)
{
    return words[xb_rng_below(r, WORDS)];
}

static void some_attrs(xb_graph *g, xb_op op, xb_rng *r)
{
    for (uint32_t k = xb_rng_below(r, 5); k--;) {
        int64_t ints[3];
        float floats[3];
        for (int i = 0; i < 3; i++) {
            uint32_t bits = xb_rng_u32(r);
            memcpy(&floats[i], &bits, 4);
            if (xb_rng_below(r, 2)) floats[i] = (float)xb_rng_below(r, 5);
            ints[i] = (int64_t)((uint64_t)xb_rng_u32(r) << 32 | bits) >> xb_rng_below(r, 64);
        }
        xb_attr a = {.name = some_word(r), .type = (xb_attr_type)xb_rng_below(r, 5), .i = ints[0], .f = floats[0]};
        a.s = some_word(r);
        a.ints = ints;
        a.floats = floats;
        a.n = a.type == XB_ATTR_STRING ? strlen(a.s) : xb_rng_below(r, 4);
        if (a.type == XB_ATTR_STRING && !xb_rng_below(r, 3)) {
            a.s = "a\0b";
            a.n = 3;
        }
        xb_graph_set_attr(g, op, &a);
    }
}

static void some_type(xb_graph *g, xb_rng *r, xb_type *t, bool sized)
{
    *t = (xb_type){.dtype = (xb_dtype)(1 + xb_rng_below(r, XB_DTYPES - 1)), .rank = (int)xb_rng_below(r, 5)};
    if (!sized && !xb_rng_below(r, 6)) *t = (xb_type){.dtype = XB_NONE, .rank = -1};
    for (int i = 0; i < t->rank; i++) {
        t->dim[i] = xb_rng_below(r, 6);
        if (!sized && !xb_rng_below(r, 3)) t->dim[i] = xb_graph_symbol_id(g, xb_rng_below(r, 3) ? some_word(r) : NULL);
    }
}

static void some_const(xb_graph *g, xb_rng *r)
{
    xb_type t;
    size_t n;
    int64_t numbers[70];
    some_type(g, r, &t, true);
    ck_assert(xb_type_bytes(&t, &n));
    unsigned char *bytes = xb_malloc(n + 1);
    for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)xb_rng_u32(r);
    xb_value v = xb_graph_add_const(g, some_word(r), &t, bytes);
    free(bytes);
    for (uint32_t k = xb_rng_below(r, 8) ? 0 : 6; k--;) {
        for (int i = 0; i < 70; i++)
            numbers[i] = i && xb_rng_below(r, 9) ? numbers[i - 1] : (int64_t)xb_rng_below(r, 3) - 1;
        xb_graph_set_note(g, v, some_word(r), numbers, xb_rng_below(r, 71));
    }
}

static xb_value some_value(const xb_graph *g, xb_rng *r)
{
    return (xb_value){xb_rng_below(r, xb_graph_value_limit(g))}; /* now and then none */
}

static xb_graph *some_graph(uint32_t round)
{
    xb_rng r = xb_rng_at(77, XB_RNG_INIT, round);
    xb_graph *g = xb_graph_new(some_word(&r), "x.onnx");
    xb_type t;
    for (uint32_t k = xb_rng_below(&r, 4); k--;) {
        some_type(g, &r, &t, false);
        xb_graph_add_input(g, some_word(&r), &t);
    }
    for (uint32_t k = xb_rng_below(&r, 8); k--;) some_const(g, &r);
    for (uint32_t k = xb_rng_below(&r, 20); k--;) {
        xb_value in[4], out[3];
        for (int i = 0; i < 4; i++) in[i] = some_value(g, &r);
        uint32_t n_out = xb_rng_below(&r, 4);
        const char *names[3] = {some_word(&r), some_word(&r), xb_rng_below(&r, 2) ? NULL : ""};
        xb_op before = {xb_rng_below(&r, xb_graph_op_limit(g))}, op;
        if (xb_rng_below(&r, 2))
            op = xb_graph_add_op(g, before, some_word(&r), some_word(&r), in, xb_rng_below(&r, 5), out, n_out);
        else
            op = xb_graph_add_op_kind(g, before, (xb_kind)(1 + xb_rng_below(&r, XB_KINDS - 1)), some_word(&r), in,
                                      xb_rng_below(&r, 5), names, out, n_out);
        for (uint32_t i = 0; i < n_out; i++) {
            some_type(g, &r, &t, false);
            xb_graph_set_type(g, out[i], &t);
        }
        some_attrs(g, op, &r);
    }
    for (uint32_t k = xb_rng_below(&r, 4); k--;) xb_graph_add_output(g, some_value(g, &r));
    xb_graph_replace(g, some_value(g, &r), some_value(g, &r));
    if (!xb_rng_below(&r, 4)) xb_graph_sweep(g);
    return g;
}

#endif
