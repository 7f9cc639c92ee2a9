/* The gradients of a tape in plain C are the slopes of its loss. */
#include "tape_kit.h"
#include "tape_nets.h"

START_TEST(gradients_are_slopes)
{
    const tape_net *t = &tape_nets[_i];
    if (t->wide) return;
    net n = net_new(21);
    t->build(&n);
    rig r = rig_new(&n, 3, 1, NULL, (xb_tape_options){.plain = true});
    r.drops = true;
    r.draw = (xb_draw){.seed = 3, .step = 5, .row = 16};
    rig_slopes(&r, 12);
    rig_free(&r);
    net_free(&n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn-tape");
    TCase *c = tcase_create("tape");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, gradients_are_slopes, 0, TAPE_NETS);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
