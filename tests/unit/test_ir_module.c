#include "ir/module.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

static int freed, copied;

static void layout_free(xb_layout *l)
{
    freed++;
    free(l);
}

static xb_layout *layout_clone(const xb_layout *l)
{
    int *copy = malloc(sizeof *copy);
    *copy = *(const int *)(const void *)l + 1;
    copied++;
    return (xb_layout *)(void *)copy;
}

static const xb_layout_ops ops = {layout_free, layout_clone};

static xb_layout *some_layout(void)
{
    return (xb_layout *)calloc(1, sizeof(int));
}

static xb_module *some_module(void)
{
    freed = copied = 0;
    return xb_module_new(xb_graph_new("g", "g.onnx"));
}

START_TEST(properties)
{
    xb_module *m = some_module();
    char name[] = "folded";
    ck_assert(!xb_module_has(m, "folded"));
    xb_module_give(m, name);
    name[0] = 'F'; /* the text was copied */
    xb_module_give(m, "folded");
    xb_module_give(m, "placement");
    ck_assert(xb_module_has(m, "folded") && xb_module_has(m, "placement"));
    xb_module_drop(m, "folded");
    xb_module_drop(m, "folded");
    ck_assert(!xb_module_has(m, "folded") && xb_module_has(m, "placement"));
    xb_module_free(m);
    xb_module_free(NULL);
}
END_TEST

START_TEST(the_module_owns_its_layout)
{
    xb_module *m = some_module();
    xb_layout *first = some_layout();
    ck_assert_ptr_null(xb_module_layout(m));
    xb_module_set_layout(m, first, &ops);
    ck_assert(xb_module_has(m, "layout"));
    xb_module_set_layout(m, first, &ops); /* the same again is no new one */
    ck_assert_int_eq(freed, 0);
    xb_module_set_layout(m, some_layout(), &ops);
    ck_assert_int_eq(freed, 1);
    xb_module_set_layout(m, NULL, NULL);
    ck_assert_int_eq(freed, 2);
    ck_assert(!xb_module_has(m, "layout"));
    xb_module_set_layout(m, some_layout(), &ops);
    xb_module_free(m);
    ck_assert_int_eq(freed, 3);
}
END_TEST

START_TEST(the_journal_copies_and_keeps_order)
{
    xb_module *m = some_module();
    const xb_fact *facts;
    ck_assert_uint_eq(xb_module_facts(m, &facts), 0);
    char key[] = "accuracy";
    xb_module_journal(
        m, &(xb_fact){.key = key, .value = 0.5, .unit = "ratio", .split = "test", .seed = 7, .source = "eval"});
    xb_module_journal(m, &(xb_fact){.key = "note", .text = "words"});
    key[0] = 'X';
    ck_assert_uint_eq(xb_module_facts(m, &facts), 2);
    ck_assert_str_eq(facts[0].key, "accuracy");
    ck_assert_double_eq(facts[0].value, 0.5);
    ck_assert_uint_eq(facts[0].seed, 7);
    ck_assert_ptr_null(facts[0].text);
    ck_assert_str_eq(facts[1].text, "words");
    ck_assert_str_eq(facts[1].unit, ""); /* absent text is empty text */
    xb_module_free(m);
}
END_TEST

/* A curve is facts of one key: its axis is copied, too, and a clone keeps its points in their order. */
START_TEST(the_journal_keeps_curves)
{
    xb_module *m = some_module();
    char along[] = "step";
    for (int i = 0; i < 3; i++)
        xb_module_journal(m, &(xb_fact){.key = "rank", .value = 20 - i, .along = along, .at = 500 * i});
    xb_module_journal(m, &(xb_fact){.key = "rank", .value = 17});
    along[0] = 'X';
    xb_module *c = xb_module_clone(m);
    xb_module_free(m);
    const xb_fact *facts;
    ck_assert_uint_eq(xb_module_facts(c, &facts), 4);
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(facts[i].along, "step");
        ck_assert_double_eq(facts[i].at, 500 * i);
        ck_assert_double_eq(facts[i].value, 20 - i);
    }
    ck_assert_ptr_null(facts[3].along); /* a single figure */
    xb_module_free(c);
}
END_TEST

START_TEST(a_clone_is_on_its_own)
{
    xb_module *m = some_module();
    xb_type t = {XB_F32, 1, {2}};
    const float w[2] = {1, 2};
    xb_value v = xb_graph_add_const(xb_module_graph(m), "w", &t, w);
    const xb_fact *facts;
    xb_module_set_layout(m, some_layout(), &ops);
    xb_module_give(m, "folded");
    xb_module_journal(m, &(xb_fact){.key = "a"});
    xb_module *c = xb_module_clone(m);
    ck_assert_int_eq(copied, 1);
    ck_assert_int_eq(*(const int *)(const void *)xb_module_layout(c), 1);
    ((float *)xb_graph_write(xb_module_graph(m), v))[0] = 9;
    xb_module_drop(m, "folded");
    xb_module_journal(m, &(xb_fact){.key = "b"});
    xb_module_free(m);
    ck_assert_int_eq(freed, 1);
    ck_assert_mem_eq(xb_graph_data(xb_module_graph(c), v), w, sizeof w);
    ck_assert(xb_module_has(c, "folded") && xb_module_has(c, "layout"));
    ck_assert_uint_eq(xb_module_facts(c, &facts), 1);
    ck_assert_str_eq(facts[0].key, "a");
    xb_graph *other = xb_graph_new("other", NULL);
    xb_module_set_graph(c, other);
    xb_module_set_graph(c, other);
    ck_assert_str_eq(xb_graph_name(xb_module_graph(c)), "other");
    xb_module_free(c);
    ck_assert_int_eq(freed, 2);
}
END_TEST

START_TEST(a_layout_that_cannot_be_copied_is_not_claimed)
{
    xb_module *m = some_module();
    xb_layout *l = some_layout();
    xb_module_set_layout(m, l, NULL);
    xb_module *c = xb_module_clone(m);
    ck_assert_ptr_null(xb_module_layout(c));
    ck_assert(xb_module_has(m, "layout") && !xb_module_has(c, "layout"));
    xb_module_free(m);
    xb_module_free(c);
    free(l);
    c = xb_module_clone(m = xb_module_new(NULL));
    ck_assert_ptr_null(xb_module_graph(c));
    xb_module_free(m);
    xb_module_free(c);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("module");
    tcase_add_test(c, properties);
    tcase_add_test(c, the_module_owns_its_layout);
    tcase_add_test(c, the_journal_copies_and_keeps_order);
    tcase_add_test(c, the_journal_keeps_curves);
    tcase_add_test(c, a_clone_is_on_its_own);
    tcase_add_test(c, a_layout_that_cannot_be_copied_is_not_claimed);
    return run_case("ir_module", c);
}
