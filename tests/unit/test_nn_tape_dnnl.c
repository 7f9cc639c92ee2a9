/* A tape on oneDNN computes what the one in plain C does, in every format; shards add up to the whole. */
#include "tape_kit.h"
#include "tape_nets.h"

static const xb_draw some_draw = {.seed = 3, .step = 5, .row = 16};

static rig start(net *n, const tape_net *t, size_t shards, xb_dnnl *lib, xb_tape_options o)
{
    *n = net_new(21);
    t->build(n);
    rig r = rig_new(n, 8, shards, lib, o);
    r.drops = true;
    r.draw = some_draw;
    return r;
}

static void end(net *n, rig *r)
{
    rig_free(r);
    net_free(n);
}

START_TEST(agrees_with_plain)
{
    const tape_net *t = &tape_nets[_i / 2];
    net a, b;
    xb_dnnl *lib = rig_lib(false);
    bool fixed = _i % 2;
    rig fast = start(&a, t, 1, lib, (xb_tape_options){.fixed_norm = fixed});
    rig slow = start(&b, t, 1, NULL, (xb_tape_options){.plain = true, .fixed_norm = fixed});
    rig_same(&fast, &slow, 1e-5, 1e-4);
    end(&a, &fast);
    end(&b, &slow);
    xb_dnnl_free(lib);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn-tape-dnnl");
    TCase *c = tcase_create("tape");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, agrees_with_plain, 0, 2 * TAPE_NETS);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
