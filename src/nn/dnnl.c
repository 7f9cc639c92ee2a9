/* dnnl.c: the library's engine, compiled primitives, and calls bound to a worker's memory. */
#include "nn/dnnl.h"

#include "base/mem.h"
#include "nn/dnnl_op.h"
#include "nn/dnnl_train.h"
#include "nn/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 64

/* libgomp, which oneDNN runs on. Its header comes with gcc only. */
int omp_get_max_threads(void);
void omp_set_num_threads(int n);

const char *xb_format_name(xb_format f)
{
    static const char *const name[XB_FMTS] = {"plain", "nhwc", "blocked"};
    return name[f];
}

int xb_dnnl_one_thread(void)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
}

void xb_dnnl_set_threads(int n)
{
    omp_set_num_threads(n);
}

int64_t xb_dnnl_block(void)
{
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core ? 16 : 8;
}

char *xb_engine_library(char out[64])
{
    const dnnl_version_t *v = dnnl_version();
    snprintf(out, 64, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    return out;
}

const char *xb_dnnl_isa(void)
{
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } table[] = {{dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},
                 {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
                 {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"},
                 {dnnl_cpu_isa_avx512_core, "avx512_core"},
                 {dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},
                 {dnnl_cpu_isa_avx2, "avx2"},
                 {dnnl_cpu_isa_avx, "avx"},
                 {dnnl_cpu_isa_sse41, "sse41"}};
    unsigned have = dnnl_get_effective_cpu_isa();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if ((have & table[i].isa) == table[i].isa) return table[i].name;
    return "generic";
}

xb_dnnl *xb_dnnl_new(void)
{
    xb_dnnl *lib = xb_calloc(1, sizeof *lib);
    if (dnnl_engine_create(&lib->engine, dnnl_cpu, 0) == dnnl_success &&
        dnnl_stream_create(&lib->stream, lib->engine, dnnl_stream_default_flags) == dnnl_success)
        return lib;
    xb_dnnl_free(lib);
    return NULL;
}

void xb_dnnl_free(xb_dnnl *lib)
{
    if (!lib) return;
    if (lib->stream) dnnl_stream_destroy(lib->stream);
    if (lib->engine) dnnl_engine_destroy(lib->engine);
    free(lib);
}

static void *aligned(size_t bytes)
{
    void *p = aligned_alloc(ALIGN, (bytes + ALIGN - 1) / ALIGN * ALIGN + ALIGN);
    if (!p) xb_out_of_memory();
    return p;
}

xb_dims xb_dims_of(int n, const int64_t *v)
{
    xb_dims d = {{0}};
    memcpy(d.v, v, (size_t)n * sizeof *v);
    return d;
}

dnnl_memory_desc_t xb_desc(int rank, const int64_t *dim, const int64_t *stride)
{
    dnnl_memory_desc_t d;
    memset(&d, 0, sizeof d);
    xb_dims row = {{0}};
    row.v[rank - 1] = 1;
    for (int i = rank - 2; i >= 0; i--) row.v[i] = row.v[i + 1] * dim[i + 1];
    if (stride) row = xb_dims_of(rank, stride);
    dnnl_memory_desc_init_by_strides(&d, rank, xb_dims_of(rank, dim).v, dnnl_f32, row.v);
    return d;
}

dnnl_memory_desc_t xb_desc_any(int rank, const int64_t *dim)
{
    dnnl_memory_desc_t d;
    memset(&d, 0, sizeof d);
    dnnl_memory_desc_init_by_tag(&d, rank, xb_dims_of(rank, dim).v, dnnl_f32, dnnl_format_tag_any);
    return d;
}

dnnl_memory_desc_t xb_desc_format(const int64_t dim[4], xb_format f)
{
    dnnl_format_tag_t blocked = xb_dnnl_block() == 16 ? dnnl_nChw16c : dnnl_nChw8c;
    dnnl_format_tag_t tag[XB_FMTS] = {dnnl_nchw, dnnl_nhwc, blocked};
    dnnl_memory_desc_t d;
    memset(&d, 0, sizeof d);
    dnnl_memory_desc_init_by_tag(&d, 4, xb_dims_of(4, dim).v, dnnl_f32, tag[f]);
    return d;
}

/* ---- compiling ---- */

static bool set_tail(dnnl_primitive_attr_t attr, const xb_tail *tail)
{
    dnnl_post_ops_t post;
    if (dnnl_post_ops_create(&post) != dnnl_success) return false;
    bool ok = true;
    if (tail->sum) ok = dnnl_post_ops_append_sum(post, 1) == dnnl_success;
    if (ok && tail->unary)
        ok = dnnl_post_ops_append_eltwise(post, 1, xb_unary_alg(tail->unary), tail->alpha, tail->beta) == dnnl_success;
    ok = ok && dnnl_primitive_attr_set_post_ops(attr, post) == dnnl_success;
    dnnl_post_ops_destroy(post);
    return ok;
}

static dnnl_primitive_attr_t make_attr(const xb_tail *tail)
{
    dnnl_primitive_attr_t attr = NULL;
    if (dnnl_primitive_attr_create(&attr) != dnnl_success) return NULL;
    bool ok = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success;
    if (tail) ok = ok && set_tail(attr, tail);
    if (ok) return attr;
    dnnl_primitive_attr_destroy(attr);
    return NULL;
}

/* Takes pd over when it returns NULL. */
static xb_dnnl_op *compile(xb_dnnl *lib, dnnl_primitive_desc_t pd)
{
    const char *kernel = NULL;
    dnnl_primitive_t primitive = NULL;
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &kernel) != dnnl_success || !kernel ||
        strstr(kernel, "ref") || dnnl_primitive_create(&primitive, pd) != dnnl_success) {
        dnnl_primitive_desc_destroy(pd);
        return NULL;
    }
    xb_dnnl_op *op = xb_calloc(1, sizeof *op);
    op->lib = lib;
    op->primitive = primitive;
    op->kernel = kernel;
    const dnnl_memory_desc_t *scratch = xb_dnnl_choice(pd, dnnl_query_scratchpad_md, 0);
    op->scratch = dnnl_memory_desc_get_size(scratch);
    if (op->scratch)
        op->arg[op->n++] = (xb_dnnl_arg){.arg = DNNL_ARG_SCRATCHPAD, .source = XB_FROM_SCRATCH, .desc = *scratch};
    return op;
}

xb_dnnl_op *xb_dnnl_begin(xb_dnnl *lib, const void *desc, const xb_tail *tail, dnnl_primitive_desc_t *pd)
{
    dnnl_primitive_attr_t attr = make_attr(tail);
    if (!attr) return NULL;
    dnnl_status_t status = dnnl_primitive_desc_create(pd, desc, attr, lib->engine, NULL);
    dnnl_primitive_attr_destroy(attr);
    return status == dnnl_success ? compile(lib, *pd) : NULL;
}

xb_dnnl_op *xb_dnnl_begin_back(xb_dnnl *lib, const void *desc, const void *forward, dnnl_primitive_desc_t *pd)
{
    dnnl_primitive_attr_t attr = make_attr(NULL);
    if (!attr) return NULL;
    dnnl_primitive_desc_t hint = NULL;
    dnnl_status_t status = dnnl_primitive_desc_create(&hint, forward, attr, lib->engine, NULL);
    if (status == dnnl_success) status = dnnl_primitive_desc_create(pd, desc, attr, lib->engine, hint);
    if (hint) dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attr);
    return status == dnnl_success ? compile(lib, *pd) : NULL;
}

const dnnl_memory_desc_t *xb_dnnl_choice(dnnl_primitive_desc_t pd, dnnl_query_t what, int index)
{
    return dnnl_primitive_desc_query_md(pd, what, index);
}

void xb_dnnl_input(xb_dnnl_op *op, int arg, int index, const dnnl_memory_desc_t *desc)
{
    op->arg[op->n++] = (xb_dnnl_arg){.arg = arg, .source = XB_FROM_INPUT, .index = index, .desc = *desc};
}

void xb_dnnl_output(xb_dnnl_op *op, const dnnl_memory_desc_t *desc)
{
    op->arg[op->n++] = (xb_dnnl_arg){.arg = DNNL_ARG_DST, .source = XB_FROM_OUTPUT, .desc = *desc};
}

void xb_dnnl_operand(xb_dnnl_op *op, int arg, const dnnl_memory_desc_t *desc)
{
    int index = 0;
    for (int i = 0; i < op->n; i++) index += op->arg[i].source == XB_FROM_INPUT;
    xb_dnnl_input(op, arg, index, desc);
}

/* One reorder, now. */
static bool copy(xb_dnnl *lib, const dnnl_memory_desc_t *from, const void *data, const dnnl_memory_desc_t *to,
                 void *out)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t src = NULL, dst = NULL;
    bool ok = dnnl_reorder_primitive_desc_create(&pd, from, lib->engine, to, lib->engine, NULL) == dnnl_success &&
              dnnl_primitive_create(&reorder, pd) == dnnl_success &&
              dnnl_memory_create(&src, from, lib->engine, (void *)(uintptr_t)data) == dnnl_success &&
              dnnl_memory_create(&dst, to, lib->engine, out) == dnnl_success;
    dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, src}, {DNNL_ARG_TO, dst}};
    ok = ok && dnnl_primitive_execute(reorder, lib->stream, 2, args) == dnnl_success &&
         dnnl_stream_wait(lib->stream) == dnnl_success;
    if (dst) dnnl_memory_destroy(dst);
    if (src) dnnl_memory_destroy(src);
    if (reorder) dnnl_primitive_destroy(reorder);
    if (pd) dnnl_primitive_desc_destroy(pd);
    return ok;
}

bool xb_dnnl_constant(xb_dnnl_op *op, int arg, const dnnl_memory_desc_t *from, const void *data,
                      const dnnl_memory_desc_t *to)
{
    size_t bytes = dnnl_memory_desc_get_size(to);
    void *packed = aligned(bytes);
    op->arg[op->n++] = (xb_dnnl_arg){.arg = arg, .source = XB_FROM_PACKED, .desc = *to, .packed = packed};
    op->packed += bytes;
    return copy(op->lib, from, data, to, packed);
}

xb_dnnl_op *xb_dnnl_finish(xb_dnnl_op *op, dnnl_primitive_desc_t pd, bool ok)
{
    dnnl_primitive_desc_destroy(pd);
    if (ok) return op;
    xb_dnnl_op_free(op);
    return NULL;
}

void xb_dnnl_op_free(xb_dnnl_op *op)
{
    if (!op) return;
    for (int i = 0; i < op->n; i++) free(op->arg[i].packed);
    dnnl_primitive_destroy(op->primitive);
    free(op);
}

const char *xb_dnnl_op_kernel(const xb_dnnl_op *op)
{
    return op->kernel;
}

size_t xb_dnnl_op_scratch(const xb_dnnl_op *op)
{
    return op->scratch;
}

size_t xb_dnnl_op_packed(const xb_dnnl_op *op)
{
    return op->packed;
}

xb_dnnl_op *xb_dnnl_begin_reorder(xb_dnnl *lib, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                                  dnnl_primitive_desc_t *pd)
{
    dnnl_primitive_attr_t attr = make_attr(NULL);
    if (!attr) return NULL;
    dnnl_status_t status = dnnl_reorder_primitive_desc_create(pd, from, lib->engine, to, lib->engine, attr);
    dnnl_primitive_attr_destroy(attr);
    return status == dnnl_success ? compile(lib, *pd) : NULL;
}

static xb_dnnl_op *reorder_op(xb_dnnl *lib, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_desc_t pd;
    xb_dnnl_op *op = xb_dnnl_begin_reorder(lib, from, to, &pd);
    if (!op) return NULL;
    xb_dnnl_input(op, DNNL_ARG_FROM, 0, from);
    xb_dnnl_output(op, to);
    return xb_dnnl_finish(op, pd, true);
}

xb_dnnl_op *xb_dnnl_convert(xb_dnnl *lib, const int64_t dim[4], xb_format from, xb_format to)
{
    dnnl_memory_desc_t a = xb_desc_format(dim, from), b = xb_desc_format(dim, to);
    return reorder_op(lib, &a, &b);
}

xb_dnnl_op *xb_dnnl_transpose(xb_dnnl *lib, int rank, const int64_t *dim, const int64_t *perm)
{
    dnnl_dims_t row, shape, stride;
    row[rank - 1] = 1;
    for (int i = rank - 2; i >= 0; i--) row[i] = row[i + 1] * dim[i + 1];
    for (int i = 0; i < rank; i++) {
        shape[i] = dim[perm[i]];
        stride[i] = row[perm[i]];
    }
    dnnl_memory_desc_t a = xb_desc(rank, shape, stride), b = xb_desc(rank, shape, NULL);
    return reorder_op(lib, &a, &b);
}

/* ---- running ---- */

struct xb_dnnl_worker {
    xb_dnnl *lib;
    dnnl_stream_t stream;
    void *scratch;
};

struct xb_dnnl_call {
    dnnl_primitive_t primitive;
    dnnl_stream_t stream;
    int n;
    int operand[XB_DNNL_ARGS]; /* position in the inputs, or -1 */
    dnnl_exec_arg_t arg[XB_DNNL_ARGS];
};

xb_dnnl_worker *xb_dnnl_worker_new(xb_dnnl *lib, size_t scratch)
{
    xb_dnnl_worker *w = xb_calloc(1, sizeof *w);
    w->lib = lib;
    w->scratch = aligned(scratch);
    if (dnnl_stream_create(&w->stream, lib->engine, dnnl_stream_default_flags) == dnnl_success) return w;
    w->stream = NULL;
    xb_dnnl_worker_free(w);
    return NULL;
}

void xb_dnnl_worker_free(xb_dnnl_worker *w)
{
    if (!w) return;
    if (w->stream) dnnl_stream_destroy(w->stream);
    free(w->scratch);
    free(w);
}

static void *place_of(const xb_dnnl_worker *w, const xb_dnnl_arg *a, const void *const *in, void *out)
{
    switch (a->source) {
    case XB_FROM_INPUT:
        return (void *)(uintptr_t)in[a->index];
    case XB_FROM_PACKED:
        return a->packed;
    case XB_FROM_OUTPUT:
        return out;
    case XB_FROM_SCRATCH:
        break;
    }
    return w->scratch;
}

xb_dnnl_call *xb_dnnl_bind(xb_dnnl_worker *w, const xb_dnnl_op *op, const void *const *in, void *out)
{
    xb_dnnl_call *c = xb_calloc(1, sizeof *c);
    c->primitive = op->primitive;
    c->stream = w->stream;
    for (int i = 0; i < op->n; i++) {
        const xb_dnnl_arg *a = &op->arg[i];
        c->arg[i].arg = a->arg;
        c->operand[i] = a->source == XB_FROM_INPUT ? a->index : -1;
        if (dnnl_memory_create(&c->arg[i].memory, &a->desc, w->lib->engine, place_of(w, a, in, out)) != dnnl_success) {
            xb_dnnl_call_free(c);
            return NULL;
        }
        c->n = i + 1;
    }
    return c;
}

void xb_dnnl_call_free(xb_dnnl_call *c)
{
    if (!c) return;
    for (int i = 0; i < c->n; i++) dnnl_memory_destroy(c->arg[i].memory);
    free(c);
}

void xb_dnnl_move(xb_dnnl_call *c, int index, void *to)
{
    for (int i = 0; i < c->n; i++)
        if (c->operand[i] == index) dnnl_memory_set_data_handle(c->arg[i].memory, to);
}

bool xb_dnnl_run(const xb_dnnl_call *c)
{
    return dnnl_primitive_execute(c->primitive, c->stream, c->n, c->arg) == dnnl_success &&
           dnnl_stream_wait(c->stream) == dnnl_success;
}
