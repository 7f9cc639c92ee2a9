/* Numbers and quantities: text to bits and back, in any locale. */
#include "base/num.h"
#include "base/rng.h"
#include "suite.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(numbers_read_back_to_the_same_bits)
{
    xb_rng r = xb_rng_at(7, XB_RNG_INIT, 0);
    char text[XB_NUM_MAX], quantity[64];
    const char *why;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = (uint64_t)xb_rng_u32(&r) << 32 | xb_rng_u32(&r);
        if (i % 4 == 0) bits &= 0x800fffffffffffffu; /* subnormal */
        if (i % 4 == 1) bits = (bits & ~(0x7ffull << 52)) | (1023 - 40 + bits % 70) << 52;
        double v, back;
        memcpy(&v, &bits, 8);
        ck_assert(xb_parse_f64(xb_num_f64(text, v), &back));
        if (isnan(v)) {
            ck_assert(isnan(back));
            continue;
        }
        ck_assert_msg(memcmp(&v, &back, 8) == 0, "%a -> %s -> %a", v, text, back);
        if (i % 4 == 0) continue; /* scaled subnormal numbers have no such promise */
        xb_dimension dim = (xb_dimension)(i / 4 % XB_DIMENSIONS);
        xb_format_quantity(quantity, v, dim);
        ck_assert_msg(xb_parse_quantity(quantity, dim, &back, &why), "%a -> %s: %s", v, quantity, why);
        ck_assert_msg(memcmp(&v, &back, 8) == 0, "%a -> %s -> %a", v, quantity, back);
    }
    for (int i = 0; i < 100000; i++) {
        uint32_t bits = xb_rng_u32(&r);
        if (i % 4 == 0) bits &= 0x807fffffu;
        float v;
        memcpy(&v, &bits, 4);
        xb_num_f32(text, v);
        float back = strtof(text, NULL);
        ck_assert_msg(isnan(v) ? isnan(back) : memcmp(&v, &back, 4) == 0, "%a -> %s", (double)v, text);
    }
}
END_TEST

START_TEST(short_texts)
{
    char t[XB_NUM_MAX];
    ck_assert_str_eq(xb_num_f64(t, 0.1), "0.1");
    ck_assert_str_eq(xb_num_f64(t, -0.0), "-0");
    ck_assert_str_eq(xb_num_f64(t, 5e-324), "5e-324");
    ck_assert_str_eq(xb_num_f64(t, (double)NAN), "nan");
    ck_assert_str_eq(xb_num_f64(t, -(double)INFINITY), "-inf");
    ck_assert_str_eq(xb_num_f32(t, 0.1f), "0.1");
    ck_assert_str_eq(xb_num_f32(t, 16777216.0f), "16777216");
}
END_TEST

START_TEST(locale_does_not_matter)
{
    char dir[] = "/tmp/xbarc-locale-XXXXXX", command[200];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", dir);
    int made = system(command);
    setenv("LOCPATH", dir, 1);
    bool set = made != -1 && setlocale(LC_ALL, "de_DE.UTF-8");
    unsetenv("LOCPATH");
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
    char t[XB_NUM_MAX];
    if (set) {
        snprintf(t, sizeof t, "%.1f", 1.5);
        ck_assert_str_eq(t, "1,5");
    } else {
        printf("SKIP: cannot make a locale with a decimal comma\n");
    }
    double v = 0;
    ck_assert_str_eq(xb_num_f64(t, 1.5), "1.5");
    ck_assert_str_eq(xb_num_f32(t, 1.5f), "1.5");
    ck_assert(xb_parse_f64("2.25", &v) && v == 2.25);
    ck_assert(!xb_parse_f64("2,25", &v));
    char q[64];
    ck_assert_str_eq(xb_format_quantity(q, 2.5e-9, XB_SECOND), "2.5ns");
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(parse_numbers)
{
    int64_t i = 0;
    double v = 0;
    ck_assert(xb_parse_i64("-9223372036854775808", &i) && i == INT64_MIN);
    ck_assert(!xb_parse_i64("9223372036854775808", &i));
    static const char *const bad_ints[] = {"", "-", " 1", "1 ", "0x10", "1.0", "1e3", "--1"};
    for (size_t k = 0; k < sizeof bad_ints / sizeof *bad_ints; k++) ck_assert(!xb_parse_i64(bad_ints[k], &i));
    ck_assert(xb_parse_f64("1/256", &v) && v == 1.0 / 256);
    ck_assert(xb_parse_f64("3e-3", &v) && v == 3e-3);
    ck_assert(xb_parse_f64(".5", &v) && v == 0.5);
    ck_assert(xb_parse_f64("-inf", &v) && v < 0 && isinf(v));
    static const char *const bad[] = {"",       ".",        "1e",   "0x1p3", " 1",
                                      "1 ",     "1/0",      "1/",   "/2",    "1e999",
                                      "1e-999", "infinity", "nano", "1/2/3", "1e99999999999999999999"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) ck_assert_msg(!xb_parse_f64(bad[k], &v), "%s", bad[k]);
}
END_TEST

START_TEST(quantities)
{
    static const struct {
        const char *text;
        xb_dimension dim;
        double v;
    } good[] = {{"100ns", XB_SECOND, 1e-7},     {"100 ns", XB_SECOND, 1e-7}, {"0", XB_SECOND, 0},
                {"1.28GS/s", XB_HERTZ, 1.28e9}, {"10MHz", XB_HERTZ, 1e7},    {"5%", XB_RATIO, 0.05},
                {"9.04%", XB_RATIO, 0.0904},    {"0.05", XB_RATIO, 0.05},    {"64KiB", XB_BYTE, 65536},
                {"1.5MiB", XB_BYTE, 1572864},   {"30um2", XB_AREA, 30e-12},  {"2.5ohm", XB_OHM, 2.5},
                {"1Mohm", XB_OHM, 1e6},         {"10aF", XB_FARAD, 1e-17},   {"300K", XB_KELVIN, 300},
                {"1/3", XB_PLAIN, 1.0 / 3},     {"5fF", XB_FARAD, 5e-15},    {"1e2ps", XB_SECOND, 1e-10},
                {"-5mV", XB_VOLT, -5e-3},       {"1.5h", XB_SECOND, 5400},   {"2 d", XB_SECOND, 172800}};
    const char *why = NULL;
    double v = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(xb_parse_quantity(good[i].text, good[i].dim, &v, &why), "%s: %s", good[i].text, why);
        ck_assert_msg(v == good[i].v, "%s: %a, not %a", good[i].text, v, good[i].v);
    }
    static const struct {
        const char *text;
        xb_dimension dim;
        const char *why;
    } bad[] = {{"100", XB_SECOND, "missing unit"},
               {"100nm", XB_SECOND, "wrong unit"},
               {"5%", XB_PLAIN, "takes a plain number"},
               {"ns", XB_SECOND, "not a number"},
               {"1e400s", XB_SECOND, "number out of range"},
               {"nan", XB_PLAIN, "not a number"},
               {"5 V", XB_RATIO, "wrong unit"},
               {"1KB", XB_BYTE, "wrong unit"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(!xb_parse_quantity(bad[i].text, bad[i].dim, &v, &why), "%s", bad[i].text);
        ck_assert_str_eq(why, bad[i].why);
    }
    char t[64];
    ck_assert_str_eq(xb_format_quantity(t, 1e-7, XB_SECOND), "100ns");
    ck_assert_str_eq(xb_format_quantity(t, 86400, XB_SECOND), "86400s");
    ck_assert_str_eq(xb_format_quantity(t, 1.28e9, XB_HERTZ), "1.28GHz");
    ck_assert_str_eq(xb_format_quantity(t, 0.05, XB_RATIO), "0.05");
    ck_assert_str_eq(xb_format_quantity(t, 65536, XB_BYTE), "64KiB");
    ck_assert_str_eq(xb_format_quantity(t, 1000, XB_BYTE), "1000B");
    ck_assert_str_eq(xb_format_quantity(t, 0, XB_VOLT), "0");
    ck_assert_str_eq(xb_format_quantity(t, 2.5e-13, XB_SECOND), "0.25ps");
    ck_assert_str_eq(xb_format_quantity(t, -20e-6, XB_AMPERE), "-20uA");
    ck_assert_str_eq(xb_format_quantity(t, 1e30, XB_METRE), "1e30m");
    ck_assert_str_eq(xb_dimension_units(XB_SECOND), "ps, ns, us, ms, s, h, d");
    ck_assert_str_eq(xb_dimension_units(XB_PLAIN), "");
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("num");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, numbers_read_back_to_the_same_bits);
    tcase_add_test(t, short_texts);
    tcase_add_test(t, locale_does_not_matter);
    tcase_add_test(t, parse_numbers);
    tcase_add_test(t, quantities);
    return run_case("base_num", t);
}
