/* Reports with curves and deleted groups. */
#include "report_kit.h"
#include "suite.h"

START_TEST(curves_as_text)
{
    char *t = form(small, "text");
    has(t, "\nclip                    first      last along step to 1000\n"
           "  rank conv1               20         5 \u2588\u2584\u2581\n"
           "  rank /fc.1/Gemm          36        36 \u2584\u2584\n"
           "  accuracy, holdout    99.00%    98.25% \u2588 \u2581\n");
    check_width(t);
    free(t);
    t = form(small, "md");
    has(t, "\n| pass.clip.rank.conv1 |  | 20 | 5 | 1 | step | 1000 |\n");
    has(t, "\n| pass.clip.accuracy | holdout | 0.99 | 0.9825 | ratio | step | 1000 |\n");
    free(t);
}
END_TEST

/* x: 0 .. 1000 with 2 % beside it on 62 .. 452, in both pictures; y: ranks 0 .. 40 on 210 .. 10. */
START_TEST(curves_as_pictures)
{
    char *t = form(small, "html");
    has(t, "<h3>clip</h3>");
    has(t, "d=\"M69.5 110.0L257.0 150.0L444.5 185.0\"");
    has(t, "d=\"M69.5 30.0L444.5 30.0\"");
    has(t, "text-anchor=\"middle\">rank</text>");
    has(t, "text-anchor=\"middle\">accuracy, %</text>");
    has(t, ">/fc.1/Gemm</title>");
    has(t, "stroke-dasharray=\"8 3\"");
    ck_assert_uint_eq(count(t, ">step</text>"), 2);
    const char *broken = strstr(t, "accuracy, holdout: 99.00% to 98.25%"); /* not known at 500 */
    ck_assert_ptr_nonnull(broken);
    has(broken, "M444.5 ");
    ck_assert_uint_eq(count(broken, "<path class=\"ln\""), 2); /* the curve and its place in the legend */
    free(t);
}
END_TEST

/* n points of 0 but one of 7; or n curves of one picture. */
static char *with_curve(size_t points, size_t curves)
{
    xb_buf b = {0};
    xb_buf_str(&b, "\"curves\": [");
    for (size_t k = 0; k < curves; k++) {
        xb_buf_printf(&b, "%s{\"key\": \"pass.p.q.%zu\", \"along\": \"step\", \"unit\": \"1\", \"points\": [",
                      k ? "," : "", k);
        for (size_t i = 0; i < points; i++) xb_buf_printf(&b, "%s[%zu, %d]", i ? "," : "", i, i == points / 2 ? 7 : 0);
        xb_buf_str(&b, "]}");
    }
    xb_buf_str(&b, "], \"was\": [");
    char *text = with("\"curves\": [", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return text;
}

START_TEST(long_curves_keep_their_spikes)
{
    char *text = with_curve(100001, 1), *t = form(text, "html"), *plain = form(text, "text");
    const char *path = strstr(t, "<path class=\"ln\"");
    ck_assert_ptr_nonnull(path);
    size_t n = strcspn(path, ">"), lines = 0, top = 0;
    for (size_t i = 0; i < n; i++) lines += path[i] == 'L', top += !strncmp(path + i, " 35.0", 5); /* 7 of 0 .. 8 */
    ck_assert_uint_gt(lines, 370);
    ck_assert_uint_lt(lines, 4 * 400);
    ck_assert_uint_eq(top, 1);
    check_width(plain);
    free(plain), free(t), free(text);
}
END_TEST

START_TEST(many_curves_are_several_pictures)
{
    char *text = with_curve(2, 30), *t = form(text, "html"), *plain = form(text, "text");
    ck_assert_uint_eq(count(t, "class=\"plot\""), 3);
    ck_assert_uint_eq(count(t, "<g class=\"k"), 2 * 30);
    ck_assert_uint_eq(count(plain, "\n  q "), 30);
    free(plain), free(t), free(text);
}
END_TEST

START_TEST(deleted_groups_as_a_picture)
{
    char *t = form(small, "html");
    has(t, "array 0: empty");
    has(t, "array 3: 3 of 25 rows, 1 of 20 columns deleted");
    ck_assert_uint_eq(count(t, "class=\"kept\""), 10);
    ck_assert_uint_eq(count(t, "class=\"none\""), 1);
    ck_assert_uint_eq(count(t, "class=\"gone\""), 1);
    has(t, "600 of 600 wires left");
    free(t);
    static const char *const others[] = {"\"grid_rows\": 11", "\"grid_rows\": 0", "\"grid_cols\": 1",
                                         "\"grid_cols\": -1", "\"arrays\": 11",   "\"arrays\": 9000000000000000000"};
    for (size_t i = 0; i < 6; i += 2) {
        char *text = with(others[i], others[i + 1]);
        t = form(text, "html");
        has_not(t, "class=\"kept\"");
        free(t), free(text);
    }
}
END_TEST

/* Numbers that no picture holds, members of other types, ranges that go back or beyond. */
START_TEST(odd_curves_and_groups)
{
    static const char *const points[] = {"[[0, 1e308], [1, -1e308]]",
                                         "[[-1e308, 0], [1e308, 1]]",
                                         "[[1e-300, 1e-300]]",
                                         "[[1e17, 1e17], [100000000000000016, 100000000000000016]]",
                                         "[[0, 0], [0, 0]]",
                                         "[[5, -3], [5, -3]]",
                                         "[[2, 1], [1, 2], [3, 0]]",
                                         "[[null, 1], [1, null]]",
                                         "[1, \"x\", {}, [], [[]], [1]]",
                                         "[]",
                                         "{}"};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        char *text = with("[[0, 20], [500, 12], [1000, 5]]", points[i]);
        all_forms(text, strlen(text));
        char *t = form(text, "html");
        has_not(t, "nan"), has_not(t, "inf\"");
        free(t), free(text);
    }
    static const char *const groups[] = {
        "[[2, 9223372036854775807]]", "[[24, 1], [2, 3]]", "[[-1, 3]]", "[[25, 1]]", "[[2]]", "7"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        char *text = with("[[2, 3]]", groups[i]);
        all_forms(text, strlen(text));
        free(text);
    }
    static const char *const layers[] = {"\"layer\": -1", "\"layer\": 2", "\"layer\": 9223372036854775807",
                                         "\"layer\": 0.5"};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char *text = with("\"layer\": 0", layers[i]);
        all_forms(text, strlen(text));
        free(text);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("render");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, curves_as_text);
    tcase_add_test(t, curves_as_pictures);
    tcase_add_test(t, long_curves_keep_their_spikes);
    tcase_add_test(t, many_curves_are_several_pictures);
    tcase_add_test(t, deleted_groups_as_a_picture);
    tcase_add_test(t, odd_curves_and_groups);
    return run_case("report_curves", t);
}
