/* Every gradient against central differences; every operator is known, or listed as one that has none. */
#include "back_cases_dense.h"
#include "back_cases_elementwise.h"
#include "back_cases_move.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Constant almost everywhere, truth values, indices, shapes. */
static const xb_kind without[] = {
    XB_OP_Floor,
    XB_OP_Ceil,
    XB_OP_Round,
    XB_OP_Sign,
    XB_OP_Not,
    XB_OP_IsNaN,
    XB_OP_IsInf,
    XB_OP_And,
    XB_OP_Or,
    XB_OP_Xor,
    XB_OP_Equal,
    XB_OP_Less,
    XB_OP_LessOrEqual,
    XB_OP_Greater,
    XB_OP_GreaterOrEqual,
    XB_OP_BitShift,
    XB_OP_Hardmax,
    XB_OP_ArgMax,
    XB_OP_ArgMin,
    XB_OP_Shape,
    XB_OP_Size,
    XB_OP_ConstantOfShape,
    XB_OP_EyeLike,
    XB_OP_Range,
};

START_TEST(dense)
{
    const trial_case *c = &dense_cases[_i];
    for (int v = 0; v < c->variants; v++) check_trial(c, v);
}
END_TEST

START_TEST(elementwise)
{
    const trial_case *c = &elementwise_cases[_i];
    for (int v = 0; v < c->variants; v++) check_trial(c, v);
}
END_TEST

START_TEST(moving)
{
    const trial_case *c = &move_cases[_i];
    for (int v = 0; v < c->variants; v++) check_trial(c, v);
}
END_TEST

START_TEST(every_operator_is_known_or_listed)
{
    int cases[XB_KINDS] = {0}, listed[XB_KINDS] = {0};
    for (size_t i = 0; i < COUNT(dense_cases); i++) cases[dense_cases[i].kind]++;
    for (size_t i = 0; i < COUNT(elementwise_cases); i++) cases[elementwise_cases[i].kind]++;
    for (size_t i = 0; i < COUNT(move_cases); i++) cases[move_cases[i].kind]++;
    for (size_t i = 0; i < COUNT(without); i++) listed[without[i]]++;
    for (int k = XB_OP_UNKNOWN + 1; k < XB_KINDS; k++) {
        const char *name = xb_opdef_of((xb_kind)k)->name;
        ck_assert_msg(cases[k] + listed[k] == 1, "%s has %d cases and is listed %d times", name, cases[k], listed[k]);
        ck_assert_msg(xb_back_known((xb_kind)k) == (cases[k] == 1), "%s", name);
    }
    ck_assert(!xb_back_known(XB_OP_UNKNOWN));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("gradients");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, dense, 0, COUNT(dense_cases));
    tcase_add_loop_test(t, elementwise, 0, COUNT(elementwise_cases));
    tcase_add_loop_test(t, moving, 0, COUNT(move_cases));
    tcase_add_test(t, every_operator_is_known_or_listed);
    return run_case("nn-back", t);
}
