/* train_edit_kit.h: networks in training, edited, and held against what they were. For tests/unit/test_train_edit*.c.
 */
#ifndef TRAIN_EDIT_KIT_H
#define TRAIN_EDIT_KIT_H

#include "ir/text.h"
#include "nn/train/edit.h"
#include "nn_kit.h"
#include "suite.h"

typedef struct edited {
    net n;
    xb_params p;
    xb_recipe r;
} edited;

/* The whole graph as text with the digests of its constants. */
static inline char *edited_print(const edited *e)
{
    xb_buf b = {0};
    xb_xir_print(e->n.g, xb_json_to_buf, &b, NULL, NULL, NULL);
    for (size_t i = 0; i < e->p.n; i++) {
        const xb_slot_state *s = &e->p.at[i];
        xb_buf_printf(&b, "%s %zu", s->pub.name, s->pub.n);
        for (size_t k = 0; s->m && k < s->pub.n; k++) xb_buf_printf(&b, " %a", (double)s->m[k]);
        for (size_t k = 0; s->v && k < s->pub.n; k++) xb_buf_printf(&b, " %a", (double)s->v[k]);
        for (size_t k = 0; s->mask && k < s->pub.n; k++) xb_buf_printf(&b, " %d", s->mask[k]);
        xb_buf_printf(&b, "\n");
    }
    return b.data;
}

/* Infers the net and takes up its trained constants, with moments 1, 2, 3 ... in m and negative ones in v. */
static inline void edited_begin(edited *e, xb_value y)
{
    xb_graph_add_output(e->n.g, y);
    net_infer(&e->n);
    e->r = (xb_recipe){.optimizer = XB_ADAM};
    bool ok = xb_params_init(e->n.d, &e->p, e->n.g, &e->r);
    ck_assert_msg(ok, "%s", xb_diags_text(e->n.d));
    float at = 1;
    for (size_t i = 0; i < e->p.n; i++)
        for (size_t k = 0; k < e->p.at[i].pub.n; k++, at++) e->p.at[i].m[k] = at, e->p.at[i].v[k] = -at;
}

static inline void edited_free(edited *e)
{
    xb_params_free(&e->p);
    net_free(&e->n);
}

static inline xb_tensor edited_run(edited *e)
{
    return net_run(&e->n, 1, 4, true, 3);
}

/* Refreshes, infers, and compares with outputs from before; frees both. off: of the largest output. */
static inline void edited_same(edited *e, xb_tensor before, double off)
{
    xb_params_refresh(&e->p, &e->r);
    net_infer(&e->n);
    xb_tensor now = edited_run(e);
    ck_assert(xb_type_same(&now.type, &before.type));
    double top = 0, worst = 0;
    for (int64_t i = 0; i < xb_type_count(&now.type); i++) {
        double a = xb_tensor_get(&before, (size_t)i), b = xb_tensor_get(&now, (size_t)i);
        ck_assert(isfinite(a) && isfinite(b));
        if (fabs(a) > top) top = fabs(a);
        if (fabs(a - b) > worst) worst = fabs(a - b);
    }
    ck_assert_msg(top > 0 && worst <= off * top, "off by %g of %g", worst, top);
    xb_tensor_free(&now);
    xb_tensor_free(&before);
}

static inline xb_value edited_input(const edited *e, xb_op op, size_t i)
{
    const xb_value *in;
    ck_assert_uint_gt(xb_graph_op_inputs(e->n.g, op, &in), i);
    return in[i];
}

static inline void edited_dims(const edited *e, xb_value v, int rank, const int64_t *dim)
{
    xb_type want = net_type(rank, dim);
    ck_assert(xb_type_same(xb_graph_type(e->n.g, v), &want));
}

#define REFUSED(e, call, words)                                                                                        \
    do {                                                                                                               \
        char *before_ = edited_print(e);                                                                               \
        ck_assert(!(call));                                                                                            \
        ck_assert_msg(strstr(xb_diags_text((e)->n.d), words) != NULL, "%s", xb_diags_text((e)->n.d));                  \
        ck_assert_msg(strstr(xb_diags_text((e)->n.d), "[edit]") != NULL, "%s", xb_diags_text((e)->n.d));               \
        char *after_ = edited_print(e);                                                                                \
        ck_assert_str_eq(before_, after_);                                                                             \
        free(before_);                                                                                                 \
        free(after_);                                                                                                  \
    } while (0)
#define DONE(e, call) ck_assert_msg(call, "%s", xb_diags_text((e)->n.d))

static inline int edited_main(const char *name, void (*add)(TCase *))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 300);
    add(t);
    return run_case(name, t);
}

#endif
