/* tape.c: a graph walked forward and back once, into steps over places. */
#include "nn/tape/build.h"

#include <stdlib.h>

/* ---- what is known beforehand ---- */

static void note_readers(xb_taping *b)
{
    for (xb_op op = xb_graph_first(b->g); op.id; op = xb_graph_next(b->g, op)) {
        const xb_value *in;
        size_t n = xb_graph_op_inputs(b->g, op, &in);
        for (size_t i = 0; i < n; i++)
            if (in[i].id && xb_graph_users(b->g, in[i]) == 1) b->reader[in[i].id] = op;
    }
}

static void init(xb_taping *b)
{
    uint32_t values = xb_graph_value_limit(b->g) + 1, ops = xb_graph_op_limit(b->g) + 1;
    b->at = xb_calloc(values, sizeof *b->at);
    b->needs = xb_calloc(values, sizeof *b->needs);
    b->arrives = xb_calloc(values, sizeof *b->arrives);
    b->param = xb_calloc(values, sizeof *b->param);
    b->reader = xb_calloc(values, sizeof *b->reader);
    b->done = xb_calloc(ops, sizeof *b->done);
    b->look = (xb_planner){.d = b->d, .g = (xb_graph *)(uintptr_t)b->g, .lib = b->lib};
    for (uint32_t i = 0; i < values; i++) {
        for (int f = 0; f < XB_FMTS; f++) b->at[i][f] = -1;
        b->param[i] = -1;
    }
    for (size_t i = 0; i < b->t->n_params; i++) b->param[b->t->param[i].value.id] = (int)i;
    note_readers(b);
}

static void drop(xb_taping *b)
{
    free(b->at);
    free(b->needs);
    free(b->arrives);
    free(b->param);
    free(b->reader);
    free(b->done);
    xb_vec_free(&b->nodes);
    xb_vec_free(&b->arrivals);
}

static bool is_weight(const xb_graph *g, xb_value v)
{
    xb_matrix m;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (xb_graph_matrix(g, op, &m) && m.weight.id == v.id) return true;
    return false;
}

static void take_params(xb_tape *t, const xb_graph *from, const xb_value *trained, size_t n)
{
    t->param = xb_calloc(n + 1, sizeof *t->param);
    t->n_params = n;
    for (size_t i = 0; i < n; i++)
        t->param[i] = (xb_tape_param){.value = trained[i],
                                      .n = (size_t)xb_type_count(xb_graph_type(from, trained[i])),
                                      .weight = is_weight(from, trained[i]),
                                      .place = -1};
}

/* ---- the walk ---- */

static void forward(xb_taping *b)
{
    const xb_value *in, *out;
    b->steps = &b->t->forward;
    xb_graph_inputs(b->g, &in);
    xb_graph_outputs(b->g, &out);
    b->t->input = xb_taping_result(b, in[0], XB_FMT_PLAIN);
    for (xb_op op = xb_graph_first(b->g); op.id && !b->failed; op = xb_graph_next(b->g, op)) xb_taping_forward(b, op);
    if (!b->failed) b->t->output = xb_taping_in(b, out[0], XB_FMT_PLAIN);
}

static void back(xb_taping *b)
{
    const xb_value *out;
    xb_graph_outputs(b->g, &out);
    b->steps = &b->t->back;
    b->t->error = xb_taping_temp(b, b->t->place.data[b->t->output].bytes);
    b->t->place.data[b->t->error].first = -1;
    xb_taping_arrive(b, out[0], XB_FMT_PLAIN, b->t->error);
    for (size_t i = b->nodes.n; i-- > 0 && !b->failed;) xb_taping_back(b, &b->nodes.data[i]);
}

/* Gradients that do not live at the same time share memory. */
static void lay_out(xb_tape *t)
{
    xb_vec(xb_buffer) live = {0};
    for (size_t i = 0; i < t->place.n; i++) {
        const xb_place *p = &t->place.data[i];
        if (p->space == XB_IN_TEMP) xb_push(&live, (xb_buffer){.bytes = p->bytes, .first = p->first, .last = p->last});
    }
    t->bytes[XB_IN_TEMP] = xb_plan_place(live.data, live.n);
    for (size_t i = 0, k = 0; i < t->place.n; i++)
        if (t->place.data[i].space == XB_IN_TEMP) t->place.data[i].offset = live.data[k++].offset;
    xb_vec_free(&live);
}

/* ---- words ---- */

static void describe(const xb_taping *b, const xb_node *n, xb_buf *to)
{
    static const char *const name[] = {
        [XB_NODE_PLAIN] = "plain C", [XB_NODE_NORM] = "plain C", [XB_NODE_DROP] = "plain C",
        [XB_NODE_VIEW] = "view",     [XB_NODE_JOIN] = "copy",    [XB_NODE_MAX] = "own ",
    };
    xb_buf_printf(to, "%s %s", xb_graph_op_name(b->g, n->op), xb_graph_op_type(b->g, n->op));
    for (int i = 0; i < n->n_tail; i++) xb_buf_printf(to, "+%s", xb_graph_op_type(b->g, n->tail[i]));
    xb_buf_printf(to, " %s%s", n->forward ? xb_dnnl_op_kernel(n->forward) : name[n->kind], n->max ? n->max->name : "");
    if (n->data) xb_buf_printf(to, " data %s", xb_dnnl_op_kernel(n->data));
    if (n->weights) xb_buf_printf(to, " weights %s", xb_dnnl_op_kernel(n->weights));
    xb_buf_printf(to, " %s > %s\n", xb_format_name(n->in), xb_format_name(n->out));
}

void xb_tape_describe(const xb_tape *t, xb_buf *b)
{
    xb_buf_str(b, t->text.data ? t->text.data : "");
}

/* ---- the whole ---- */

static bool build(xb_diags *d, xb_tape *t)
{
    xb_taping b = {.d = d, .t = t, .g = t->graph, .lib = t->lib};
    init(&b);
    b.failed = !xb_taping_flow(&b);
    if (!b.failed) forward(&b);
    if (!b.failed) back(&b);
    for (size_t i = 0; i < b.nodes.n && !b.failed; i++) describe(&b, &b.nodes.data[i], &t->text);
    drop(&b);
    if (b.failed) return false;
    lay_out(t);
    t->item = t->place.data[t->input].bytes / sizeof(float) / (size_t)t->rows;
    t->outputs = t->place.data[t->output].bytes / sizeof(float) / (size_t)t->rows;
    return true;
}

xb_tape *xb_tape_new(xb_diags *d, const xb_graph *g, int64_t rows, const xb_value *trained, size_t n, xb_dnnl *lib,
                     const xb_tape_options *o)
{
    xb_graph *own = xb_tape_prepare(d, g, rows, trained, n);
    if (!own) return NULL;
    xb_tape *t = xb_calloc(1, sizeof *t);
    t->graph = own;
    t->lib = o->plain ? NULL : lib;
    t->options = *o;
    t->rows = rows;
    take_params(t, g, trained, n);
    int threads = t->lib ? xb_dnnl_one_thread() : 0;
    bool ok = build(d, t);
    if (t->lib) xb_dnnl_set_threads(threads);
    if (ok) return t;
    xb_tape_free(t);
    return NULL;
}

static void free_steps(xb_tape_steps *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->data[i].at);
        free(s->data[i].piece);
    }
    xb_vec_free(s);
}

void xb_tape_free(xb_tape *t)
{
    if (!t) return;
    free_steps(&t->forward);
    free_steps(&t->back);
    for (size_t i = 0; i < t->ops.n; i++) xb_dnnl_op_free(t->ops.data[i]);
    xb_vec_free(&t->ops);
    xb_vec_free(&t->place);
    xb_vec_free(&t->copy);
    xb_vec_free(&t->window);
    xb_vec_free(&t->norm);
    xb_buf_free(&t->text);
    free(t->param);
    xb_graph_free(t->graph);
    free(t);
}

size_t xb_tape_item(const xb_tape *t)
{
    return t->item;
}

size_t xb_tape_outputs(const xb_tape *t)
{
    return t->outputs;
}

size_t xb_tape_ops(const xb_tape *t, size_t *on_dnnl)
{
    if (on_dnnl) *on_dnnl = t->n_fast;
    return t->n_ops;
}

bool xb_tape_is_weight(const xb_tape *t, size_t i)
{
    return t->param[i].weight;
}
