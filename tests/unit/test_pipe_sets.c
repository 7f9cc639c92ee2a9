/* --set KEY=VALUE: what it changes, and every error at its place. */
#include "pipe_read_kit.h"

START_TEST(sets_change_values)
{
    const char *const sets[] = {"seed=9",
                                "passes.tune@a.epsilon=0.25",
                                "passes.@b.layers=[x, \"y z\"]",
                                "emit.draw.method=pca",
                                "hardware.crossbar.rows=16",
                                "data.train=mnist:q/train",
                                "data.input.mean=[1, 2]",
                                "gate={max-drop: 1}",
                                "data.holdout=5",
                                "passes.@b.path=x.npy"};
    reading r = read_sets(NET, sets, sizeof sets / sizeof *sets);
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    const xb_pipeline *p = r.p;
    const kit_options *a = p->step[0].options, *b = p->step[1].options;
    ck_assert(p->seed == 9 && a->epsilon == 0.25 && b->layers.n == 2 && b->epsilon == 0.03);
    ck_assert_str_eq(((const char **)b->layers.data)[1], "y z");
    ck_assert_str_eq(b->path, "x.npy");
    ck_assert(((const kit_options *)p->emit[0].options)->method == 0);
    ck_assert(p->hw.max_rows == 16 && p->hw.max_cols == 32 && !p->hardware);
    char here[400], want[500];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(want, sizeof want, "mnist:%s/q/train", here);
    ck_assert_str_eq(p->data.train, want);
    ck_assert(p->data.input.mean.n == 2 && p->gate.set && p->data.holdout == 5);
    char *text = printed(p);
    snprintf(want, sizeof want, "path: %s/x.npy", here);
    ck_assert_msg(strstr(text, want), "%s", text);
    free(text);
    prints_back(p);
    done(&r);
    const char *const more[] = {"passes=[mark]", "emit=[]", "data.test=", "passes.mark={}", "model=/x/y.onnx"};
    r = read_sets(NET, more, 5);
    ck_assert_msg(r.p, "%s", xb_diags_text(r.d));
    ck_assert(r.p->n_steps == 1 && r.p->n_emit == 0 && !r.p->data.test);
    ck_assert_str_eq(r.p->model, "/x/y.onnx");
    done(&r);
    const char *const npy[] = {"data.test=npy:a.npy,/b.npy", "hardware=small"};
    r = read_sets(NET, npy, 2);
    snprintf(want, sizeof want, "npy:%s/a.npy,/b.npy", here);
    ck_assert_str_eq(r.p->data.test, want);
    ck_assert_str_eq(r.p->hardware, "small");
    done(&r);
}
END_TEST

static const struct {
    const char *set, *at, *code, *says;
} bad_sets[] = {
    {"seed", "--set:1:1:", "set", "'seed' is not KEY=VALUE"},
    {"=3", "--set:1:1:", "set", "a word of the key is missing"},
    {"passes.=3", "--set:1:8:", "set", "a word of the key is missing"},
    {"passes..x=3", "--set:1:8:", "set", "a word of the key is missing"},
    {"sede=3", "--set:1:1:", "option-unknown", "did you mean 'seed'?"},
    {"seed=x", "--set:1:6:", "option-type", "'seed' = x is not an integer"},
    {"seed.more=3", "--set:1:6:", "set", "'seed' holds no options, so it has no 'more'"},
    {"xbarc=2", "--set:1:7:", "pipeline-format", "format 1"},
    {"passes.tune.epsilon=0.1", "--set:1:8:", "set", "'tune' is both 'tune@a' and 'tune@b'"},
    {"passes.tone.epsilon=0.1", "--set:1:8:", "set", "'passes' has no 'tone'"},
    {"passes.mrak.x=0.1", "--set:1:8:", "set", "'passes' has no 'mrak'"},
    {"passes.@c.x=0.1", "--set:1:8:", "set", "'passes' has no '@c'"},
    {"emit.dra.x=0.1", "--set:1:6:", "set", "'emit' has no 'dra'; did you mean 'draw'?"},
    {"passes.@a.epsilon=7", "--set:1:19:", "option-range", "tune@a: 'epsilon' = 7 is outside 0..1"},
    {"passes.@a.epsilom=7", "--set:1:11:", "option-unknown", "did you mean 'epsilon'?"},
    {"passes.@a.epsilon={", "--set:1:20:", "yaml-syntax", "did not find"},
    {"passes.@a.path=${UNSET_NAME}", "--set:1:16:", "yaml-variable", "${UNSET_NAME}"},
    {"hardware.crossbar.rows=0.5", "--set:1:24:", "option-type", "'crossbar.rows' = 0.5"},
    {"hardware=none", "--set:1:10:", "hardware", "no installed hardware file 'none'"},
    {"hardware.crossbar.rosw=4", "--set:1:19:", "option-unknown", "did you mean 'rows'?"},
};

START_TEST(bad_set)
{
    reading r = read_sets(NET, &bad_sets[_i].set, 1);
    const char *said = xb_diags_text(r.d);
    ck_assert_msg(!r.p && xb_diags_errors(r.d) == 1, "%s: %s", bad_sets[_i].set, said);
    ck_assert_msg(strncmp(said, bad_sets[_i].at, strlen(bad_sets[_i].at)) == 0, "want %s, got %s", bad_sets[_i].at,
                  said);
    ck_assert_msg(strstr(said, bad_sets[_i].code) && strstr(said, bad_sets[_i].says), "want [%s] %s, got %s",
                  bad_sets[_i].code, bad_sets[_i].says, said);
    done(&r);
}
END_TEST

START_TEST(second_set_is_named)
{
    const char *const sets[] = {"seed=1", "seed=x"};
    reading r = read_sets(NET, sets, 2);
    ck_assert(!r.p && strncmp(xb_diags_text(r.d), "--set[2]:1:6:", 13) == 0);
    done(&r);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("sets");
    tcase_add_test(c, sets_change_values);
    tcase_add_loop_test(c, bad_set, 0, (int)(sizeof bad_sets / sizeof *bad_sets));
    tcase_add_test(c, second_set_is_named);
    return run_reading("pipe/sets", c);
}
