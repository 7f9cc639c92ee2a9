/* hw_host.h: the smallest host that runs this room's passes and its backend; their .c files are included by the test.
 */
#ifndef HW_HOST_H
#define HW_HOST_H

#define XBARC_BUILTIN
#include "base/json.h"
#include "hw_fixture.h"
#include "ir/module.h"
#include <stdio.h>
#include <xbarc/xbarc.h>

typedef struct test_host {
    xb_cx cx;
    xb_diags *d;
    xb_arena *a;
    const xb_hw *hw;
} test_host;

static test_host *host_of(xb_cx *cx)
{
    return cx->impl;
}

static const xb_hw *host_hw(xb_cx *cx)
{
    return host_of(cx)->hw;
}

static xb_layout *host_plan(xb_cx *cx, const xb_graph *g, const xb_hw *hw)
{
    return xb_layout_plan(host_of(cx)->d, g, hw);
}

static int host_set(xb_cx *cx, xb_module *m, xb_layout *l)
{
    (void)cx;
    xb_module_set_layout(m, l, &xb_layout_ownership);
    return 0;
}

static xb_layout *host_layout(xb_module *m)
{
    return xb_module_layout(m);
}

static void host_fact(xb_cx *cx, xb_module *m, const xb_fact *fact)
{
    (void)cx;
    xb_module_journal(m, fact);
}

static bool host_infer(xb_cx *cx, xb_graph *g)
{
    return xb_graph_infer(host_of(cx)->d, g, NULL);
}

/* -- JSON on a sink -- */

static void host_json_write(void *to, const void *bytes, size_t n)
{
    xb_sink *s = to;
    s->write(s, bytes, n);
}

static struct xb_json *host_json_begin(xb_cx *cx, xb_sink *sink)
{
    (void)cx;
    return xb_json_new(host_json_write, sink);
}

static void host_json_object(struct xb_json *j, const char *key)
{
    xb_json_object(j, key, false);
}

static const xb_graph_api host_graph_api = {
    .of = xb_module_graph,
    .outputs = xb_graph_outputs,
    .first = xb_graph_first,
    .next = xb_graph_next,
    .op_type = xb_graph_op_type,
    .op_name = xb_graph_op_name,
    .op_inputs = xb_graph_op_inputs,
    .op_outputs = xb_graph_op_outputs,
    .attr = xb_graph_attr,
    .attr_int = xb_graph_attr_int,
    .attr_float = xb_graph_attr_float,
    .value_name = xb_graph_value_name,
    .type = xb_graph_type,
    .producer = xb_graph_producer,
    .users = xb_graph_users,
    .is_const = xb_graph_is_const,
    .data = xb_graph_data,
    .matrix = xb_graph_matrix,
    .write = xb_graph_write,
    .add_const = xb_graph_add_const,
    .add_op = xb_graph_add_op,
    .set_int = xb_graph_set_int,
    .set_float = xb_graph_set_float,
    .set_type = xb_graph_set_type,
    .set_input = xb_graph_set_input,
    .replace = xb_graph_replace,
    .remove = xb_graph_remove,
    .sweep = xb_graph_sweep,
    .infer = host_infer,
    .find_op = xb_graph_find_op,
    .cells = xb_graph_cells,
};
static const xb_hw_api host_hw_api = {.of = host_hw, .tiling = xb_tile, .plan = host_plan};
static const xb_layout_api host_layout_api = {
    .of = host_layout,
    .set = host_set,
    .hw = xb_layout_hw,
    .arrays = xb_layout_arrays,
    .blocks = xb_layout_blocks,
    .nets = xb_layout_nets,
    .matrices = xb_layout_matrices,
    .layer_costs = xb_layout_layer_costs,
    .chip_cost = xb_layout_chip_cost,
    .array_values = xb_layout_array_values,
    .mesh = xb_layout_mesh,
    .set_mesh = xb_layout_set_mesh,
    .place = xb_layout_place,
};
static const xb_journal_api host_journal_api = {.add = host_fact, .facts = xb_module_facts};
static const xb_json_api host_json_api = {
    .begin = host_json_begin,
    .object = host_json_object,
    .array = xb_json_array,
    .close = xb_json_close,
    .string = xb_json_string,
    .integer = xb_json_int,
    .real = xb_json_real,
    .boolean = xb_json_bool,
    .end = xb_json_free,
};

static const void *host_service(xb_cx *cx, const char *name, uint32_t version)
{
    static const struct {
        const char *name;
        const void *table;
    } all[] = {{"xb.graph", &host_graph_api},
               {"xb.hw", &host_hw_api},
               {"xb.layout", &host_layout_api},
               {"xb.journal", &host_journal_api},
               {"xb.json", &host_json_api}};
    (void)cx;
    for (size_t i = 0; version == 1 && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0) return all[i].table;
    return NULL;
}

static void XB_PRINTF(5, 6)
    host_diagnose(xb_cx *cx, xb_severity s, const char *code, const xb_where *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_vdiag(host_of(cx)->d, s, code, where, format, args);
    va_end(args);
}

static void *host_alloc(xb_cx *cx, size_t count, size_t size)
{
    return xb_arena_alloc(host_of(cx)->a, count, size);
}

static bool host_cancelled(xb_cx *cx)
{
    (void)cx;
    return false;
}

static void host_progress(xb_cx *cx, uint64_t done, uint64_t total, const char *unit)
{
    (void)cx, (void)done, (void)total, (void)unit;
}

static const xb_host host_functions = {.struct_size = sizeof(xb_host),
                                       .service = host_service,
                                       .diagnose = host_diagnose,
                                       .alloc = host_alloc,
                                       .cancelled = host_cancelled,
                                       .progress = host_progress};

static inline test_host *host_new(fx *f, const char *instance)
{
    test_host *h = xb_arena_alloc(f->a, 1, sizeof *h);
    *h = (test_host){.cx = {sizeof(xb_cx), &host_functions, instance, 7, h}, .d = f->d, .a = f->a, .hw = &f->hw};
    return h;
}

/* -- a sink into a folder -- */

typedef struct folder_sink {
    xb_sink sink;
    const char *dir;
    FILE *file;
} folder_sink;

static int sink_open(xb_sink *s, const char *name)
{
    folder_sink *f = (folder_sink *)s;
    char *path = xb_path_join(f->dir, name);
    f->file = fopen(path, "wb");
    free(path);
    return f->file ? 0 : -1;
}

static void sink_write(xb_sink *s, const void *bytes, size_t n)
{
    folder_sink *f = (folder_sink *)s;
    ck_assert_uint_eq(fwrite(bytes, 1, n, f->file), n);
}

static int sink_close(xb_sink *s)
{
    return fclose(((folder_sink *)s)->file) ? -1 : 0;
}

static inline folder_sink sink_into(const char *dir)
{
    return (folder_sink){
        .sink = {.struct_size = sizeof(xb_sink), .open = sink_open, .write = sink_write, .close = sink_close},
        .dir = dir};
}

static inline size_t fx_count(const xb_graph *g, const char *type)
{
    size_t n = 0;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        n += strcmp(xb_graph_op_type(g, op), type) == 0;
    return n;
}

static inline xb_value fx_dropout(fx *f, const char *name, xb_value x)
{
    xb_type type = FX_TYPE(1);
    type.rank = 0;
    return fx_op(f, XB_OP_Dropout, name, x, xb_graph_add_const(f->g, "ratio", &type, &(float){.25f}), NULL);
}

#endif
