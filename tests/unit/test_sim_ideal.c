/* Chips with ideal converters: arrays collapse to one matrix a layer. */
#include "sim_chip_kit.h"
#include "suite.h"

static const float sigma = 0.3f;

/* Arrays of 64 x 64: layer 2 has five row blocks. */
static void exact(const char *hw, int offset)
{
    chip_net k = kit_new();
    k.o.offset = offset;
    kit_convnet(&k, true);
    kit_layout(&k, hw);
    kit_sim(&k);
    static const size_t rows[] = {25, 27, 288, 20}, cols[] = {6, 4, 20, 10};
    for (size_t i = 0; i < 4; i++) {
        float x[288], y[20], want[20];
        kit_vector(x, rows[i], -1, 1);
        ck_assert(xb_sim_layer(k.sim, 0, kit_name(&k, i), x, y));
        kit_exact(&k, i, x, want);
        double off = kit_off(y, want, cols[i]);
        ck_assert_msg(off <= 1e-5, "layer %zu is off by %g", i, off);
    }
    xb_trial t;
    kit_run(&k, 0, 1, &t);
    ck_assert_uint_eq(t.total, 40);
    ck_assert_uint_eq(t.agree, 40);
    ck_assert(t.agreement == 1 && t.conversions == 0);
    double once = xb_sim_set_up(k.sim);
    ck_assert(once > 0);
    kit_run(&k, 1, 1, &t);
    ck_assert(xb_sim_set_up(k.sim) > once);
    kit_free(&k);
}

START_TEST(pairs_without_noise_are_the_network)
{
    exact(KIT_IDEAL "crossbar: {rows: 64, cols: 64}\n", XB_OFFSET_COLUMN);
}
END_TEST

START_TEST(offsets_without_noise_are_the_network)
{
    exact(KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\n", XB_OFFSET_COLUMN);
    exact(KIT_IDEAL "crossbar: {rows: 64, cols: 64, sign: offset}\n", XB_OFFSET_DIGITAL);
}
END_TEST

static void rows_of(int threads, xb_trial *rows, const size_t *cuts, size_t n)
{
    chip_net k = kit_new();
    kit_device(&k, &kit_lognormal_device, &sigma);
    k.threads = threads;
    kit_convnet(&k, true);
    kit_layout(&k, KIT_IDEAL);
    kit_sim(&k);
    for (size_t i = 0, at = 0; i < n; at += cuts[i++]) kit_run(&k, at, cuts[i], rows + at);
    kit_free(&k);
}

START_TEST(any_split_and_thread_count_gives_the_same_rows)
{
    xb_trial a[6], b[6], c[6];
    memset(a, 0, sizeof a), memset(b, 0, sizeof b), memset(c, 0, sizeof c);
    rows_of(1, a, (size_t[]){6}, 1);
    rows_of(2, b, (size_t[]){1, 2, 3}, 3);
    rows_of(4, c, (size_t[]){5, 1}, 2);
    ck_assert(!memcmp(a, b, sizeof a) && !memcmp(a, c, sizeof a));
    ck_assert(a[0].loss != a[1].loss);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, pairs_without_noise_are_the_network);
    tcase_add_test(t, offsets_without_noise_are_the_network);
    tcase_add_test(t, any_split_and_thread_count_gives_the_same_rows);
    return run_case("sim_ideal", t);
}
