/* Units removed from networks of every kind: those that nobody listens to leave no trace, and those that only give a
 * constant leave it in the biases behind. */
#include "train_edit_nets.h"

/* State has the size of the weights, and readers that are there. */
static void consistent(const part *p)
{
    for (size_t i = 0; i < p->e.p.n; i++) {
        const xb_slot_state *s = &p->e.p.at[i];
        ck_assert(xb_type_same(&s->pub.type, xb_graph_type(p->e.n.g, s->pub.value)));
        ck_assert_int_eq(xb_type_count(&s->pub.type), (int64_t)s->pub.n);
        ck_assert_str_ne(xb_graph_op_type(p->e.n.g, s->pub.op), "");
    }
}

/* Types are as inference would have them. */
static void inferred(part *p)
{
    char *before = edited_print(&p->e);
    net_infer(&p->e.n);
    char *after = edited_print(&p->e);
    ck_assert(strcmp(strstr(before, "\ninput "), strstr(after, "\ninput ")) == 0); /* behind the list of symbols */
    free(before);
    free(after);
}

static int64_t weights(const part *p)
{
    int64_t n = 0;
    for (xb_op op = xb_graph_first(p->e.n.g); op.id; op = xb_graph_next(p->e.n.g, op)) {
        xb_matrix m;
        if (xb_graph_matrix(p->e.n.g, op, &m)) n += m.groups * m.rows * m.cols;
    }
    return n;
}

START_TEST(units_without_listeners_leave_no_trace)
{
    part p = make(_i);
    for (size_t i = 0; i < p.n_readers; i++) zero(&p, &p.reader[i], false);
    xb_tensor before = edited_run(&p.e);
    int64_t had = weights(&p);
    DONE(&p.e, xb_edit_remove_units(p.e.n.d, &p.e.p, p.op, p.units, p.n, _i % 2));
    ck_assert_int_lt(weights(&p), had);
    inferred(&p);
    edited_same(&p.e, before, 1e-6);
    consistent(&p);
    ck_assert_ptr_null(strstr(xb_diags_text(p.e.n.d), "edit"));
    edited_free(&p.e);
}
END_TEST

START_TEST(units_that_give_a_constant_leave_it_in_biases)
{
    part p = make(_i);
    for (size_t i = 0; i < p.n_makers; i++) zero(&p, &p.maker[i], true);
    xb_tensor before = edited_run(&p.e);
    DONE(&p.e, xb_edit_remove_units(p.e.n.d, &p.e.p, p.op, p.units, p.n, true));
    ck_assert_msg(!strstr(xb_diags_text(p.e.n.d), "not folded"), "%s", xb_diags_text(p.e.n.d));
    inferred(&p);
    edited_same(&p.e, before, 2e-6);
    consistent(&p);
    edited_free(&p.e);
}
END_TEST

static bool among(const int64_t *list, size_t n, int64_t place)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == place) return true;
    return false;
}

/* Weights of an op that stand at places it loses. */
static int64_t told(const part *p, const xb_losing *l)
{
    xb_matrix m;
    if (!xb_graph_matrix(p->e.n.g, l->op, &m)) return 0;
    const xb_type *t = xb_graph_type(p->e.n.g, m.weight);
    bool conv = strncmp(xb_graph_op_type(p->e.n.g, l->op), "Conv", 4) == 0;
    bool transposed = xb_graph_kind(p->e.n.g, l->op) == XB_OP_ConvTranspose;
    int64_t taps = 1, n = 0;
    for (int i = 2; conv && i < t->rank; i++) taps *= t->dim[i];
    int64_t row_taps = transposed ? 1 : taps, col_taps = transposed ? taps : 1;
    for (int64_t g = 0; g < m.groups; g++)
        for (int64_t r = 0; r < m.rows; r++)
            for (int64_t c = 0; c < m.cols; c++)
                n += among(l->in, l->n_in, (g * m.rows + r) / row_taps) ||
                     among(l->out, l->n_out, (g * m.cols + c) / col_taps);
    return n;
}

static const xb_losing *of_op(const xb_losing *list, size_t n, xb_op op)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].op.id == op.id) return &list[i];
    ck_abort_msg("an op loses nothing");
    return NULL;
}

/* Makers and readers lose what they are known to lose, and all weights that go are told. */
START_TEST(what_goes_is_told_before)
{
    part p = make(_i);
    xb_arena *a = xb_arena_new();
    const xb_losing *list;
    size_t n;
    char *before = edited_print(&p.e);
    DONE(&p.e, xb_edit_losses(p.e.n.d, a, p.e.n.g, p.op, p.units, p.n, &list, &n));
    char *after = edited_print(&p.e);
    ck_assert_str_eq(before, after);
    for (size_t i = 0; i < p.n_makers; i++)
        for (size_t k = 0; k < p.maker[i].n; k++) {
            const xb_losing *l = of_op(list, n, p.maker[i].op);
            ck_assert(among(l->out, l->n_out, p.maker[i].at[k]));
        }
    for (size_t i = 0; i < p.n_readers; i++)
        for (size_t k = 0; k < p.reader[i].n; k++) {
            const xb_losing *l = of_op(list, n, p.reader[i].op);
            ck_assert(among(l->in, l->n_in, p.reader[i].at[k]));
        }
    int64_t had = weights(&p), all = 0;
    for (size_t i = 0; i < n; i++) all += told(&p, &list[i]);
    DONE(&p.e, xb_edit_remove_units(p.e.n.d, &p.e.p, p.op, p.units, p.n, true));
    ck_assert_int_eq(had - weights(&p), all);
    ck_assert_int_gt(all, 0);
    free(before);
    free(after);
    xb_arena_free(a);
    edited_free(&p.e);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, what_goes_is_told_before, 0, NETS);
    tcase_add_loop_test(t, units_without_listeners_leave_no_trace, 0, NETS);
    tcase_add_loop_test(t, units_that_give_a_constant_leave_it_in_biases, 0, NETS);
}

int main(void)
{
    return edited_main("train_edit_remove", add);
}
