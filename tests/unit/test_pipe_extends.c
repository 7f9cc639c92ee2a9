/* test_pipe_extends.c: a pipeline on top of another one. */
#include "pipe_read_kit.h"

#define BASE                                                                                                           \
    "xbarc: 1\nmodel: m.onnx\nseed: 7\ndata: {train: \"mnist:d/train\", test: \"digits:test\", holdout: 50}\n"         \
    "hardware: small\npasses: [plain, tune: {epsilon: 0.5, path: p.npy}, lay]\nemit: [list]\n"

static reading read_row(const char *text, const char *const *sets, size_t n)
{
    kit_write("base.yaml", BASE);
    kit_write("rows/a.yaml", text);
    return read_with(kit_path("rows/a.yaml"), NULL, NULL, 0, sets, n);
}

START_TEST(what_is_not_said_is_as_there)
{
    char want[400];
    reading r = read_row("xbarc: 1\nextends: ../base.yaml\nseed: 3\ndata: {holdout: 5}\n", NULL, 0);
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    ck_assert(r.p->seed == 3 && r.p->data.holdout == 5 && r.p->n_steps == 3 && r.p->n_emit == 1);
    ck_assert_str_eq(r.p->data.test, "digits:test");
    snprintf(want, sizeof want, "%s/../m.onnx", kit_path("rows"));
    ck_assert_str_eq(r.p->model, want);
    snprintf(want, sizeof want, "mnist:%s/../d/train", kit_path("rows"));
    ck_assert_str_eq(r.p->data.train, want);
    snprintf(want, sizeof want, "%s/../p.npy", kit_path("rows"));
    ck_assert_str_eq(((const kit_options *)r.p->step[1].options)->path, want);
    char *text = printed(r.p);
    ck_assert_msg(!strstr(text, "extends") && strstr(text, "epsilon: 0.5"), "%s", text);
    free(text);
    done(&r);
}
END_TEST

START_TEST(what_is_said_counts)
{
    char want[400];
    const char *const sets[] = {"passes.tune.epsilon=0.25"};
    reading r = read_row("xbarc: 1\nextends: ../base.yaml\nmodel: n.onnx\ndata: {train: \"mnist:e/train\"}\n"
                         "passes: [tune: {epsilon: 0.75}, mark]\n",
                         sets, 1);
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    ck_assert(r.p->n_steps == 2 && r.p->step[1].pass == &mark);
    ck_assert(((const kit_options *)r.p->step[0].options)->epsilon == 0.25);
    ck_assert_ptr_null(((const kit_options *)r.p->step[0].options)->path);
    snprintf(want, sizeof want, "%s/n.onnx", kit_path("rows"));
    ck_assert_str_eq(r.p->model, want);
    ck_assert_str_eq(r.p->data.train, "mnist:e/train");
    done(&r);
}
END_TEST

static void refuses(const char *text, const char *words)
{
    reading r = read_row(text, NULL, 0);
    ck_assert_msg(!r.p && strstr(xb_diags_text(r.d), words), "%s", xb_diags_text(r.d));
    done(&r);
}

START_TEST(refused)
{
    kit_write("twice.yaml", "xbarc: 1\nextends: base.yaml\n");
    kit_write("list.yaml", "[plain]\n");
    refuses("xbarc: 1\nextends: ../twice.yaml\n",
            "twice.yaml:2:10: error: a file that is extended may not itself extend");
    refuses("xbarc: 1\nextends: ../nothing.yaml\n", "nothing.yaml");
    refuses("xbarc: 1\nextends: ../list.yaml\n", "a pipeline is a map");
    refuses("xbarc: 1\nextends: [a]\n", "a.yaml:2:10: error: pipeline: 'extends' needs the name of a file");
    refuses("xbarc: 1\nextends:\n", "'extends' needs the name of a file");
    refuses("xbarc: 1\nextends: ../base.yaml\ndata: {holdouts: 5}\n", "a.yaml:3:8: error:");
    kit_write("bad.yaml", "xbarc: 1\nmodel: m.onnx\nseed: x\n");
    refuses("xbarc: 1\nextends: ../bad.yaml\n", "bad.yaml:3:7: error:");
    refuses("xbarc: 1\nextends: a.yaml\n", "may not itself extend");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("extends");
    tcase_add_test(c, what_is_not_said_is_as_there);
    tcase_add_test(c, what_is_said_counts);
    tcase_add_test(c, refused);
    return run_reading("pipe extends", c);
}
