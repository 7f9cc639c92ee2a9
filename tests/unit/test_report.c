/* The report's forms: what they show, that no name breaks out of them, that no text makes them crash. */
#include "report_kit.h"
#include "suite.h"

START_TEST(text_form)
{
    char *t = form(small, "text");
    has(t, "xbarc 9.8: net.onnx on hw: exact divisors, arrays up to 64 x 64\n");
    has(t, "\n/fc1 ");
    has(t, "(slowest: /fc1)");
    has(t, "4,000,000");
    has(t, "1.50 us an image, one every 1.00 us");
    has(t, "3.50 nJ an image");
    has(t, "periphery not given");
    has(t, "\nrouting area       89.00 % mean of layers, 90.00 % pooled\n  as it came       12.50 % mean, 6.25 % "
           "pooled: to ");
    has(t, "warning: prune was rolled back: it lost 3 points\n");
    const char *total = strstr(t, "\ntotal ");
    ck_assert_ptr_nonnull(total);
    has(total, "1,611");
    has(total, "4,025,000");
    has(total, "16,600");
    check_width(t);
    has_not(t, "a write takes");
    free(t);
    char *other = with("\"assumptions\": [",
                       "\"assumptions\": [{\"key\": \"device.g_max\", \"value\": 100, \"unit\": \"uS\"},"
                       "{\"key\": \"chip.devices.a@<b>\", \"value\": \"{x: 1}\"}, {\"key\": \"chip.devices.c\","
                       "\"value\": \"{}\"}, {\"key\": \"programming.write-time\", \"value\": 1e-6, \"unit\": \"s\"},"
                       "{\"key\": \"programming.parallel\", \"value\": 4096, \"unit\": \"devices\"},");
    t = form(other, "text");
    has(t, "\ndevices            a@<b> {x: 1}, then c {} to 100 uS\n");
    has(t, "\n                   a write takes 1 us, 4,096 at a time; simulated chips are\n"
           "                   written once and not verified\n");
    check_width(t);
    free(t);
    t = form(other, "html");
    has(t, "simulated chips: a@&lt;b&gt; {x: 1}, then c {} to 100 uS.</p>");
    free(t), free(other);
    other = with("\"periphery_area_um2\": null",
                 "\"area_with_converters_um2\": 46300, \"adc_conversions\": 445760,"
                 "\"dac_conversions\": 801600, \"array_steps\": 10272, \"periphery_area_um2\": 276473.5");
    t = form(other, "text");
    has(t, "arrays 3526 um2, with converters 0.0463 mm2, in all 0.28 mm2\n");
    has(t, "445,760 ADC, 801,600 DAC an image, in 10,272 array steps\n");
    free(t), free(other);
}
END_TEST

START_TEST(html_form)
{
    char *t = form(small, "html");
    has(t, "<td title=\"/fc1/Gemm\">/fc1</td>");
    has(t, "17,000</td>"); /* full wires of fc1 */
    has(t, "<td>1,611</td>");
    has(t, "<td>16,600 of 17,600</td>");
    has(t, "18,688,000");
    has(t, "energy an image, in nJ");
    has(t, "time an image, in ns");
    has(t, "9.76562 nW");
    has(t, "1200 um2");
    has(t, "12,345,678");
    has(t, "top-1, as imported and as compiled");
    has(t, "rolled back by the gate");
    has_not(t, "arrays if dense");
    has_not(t, "<script");
    has_not(t, "http");
    ck_assert_uint_eq(count(t, "top-1"), 1);
    ck_assert_uint_eq(count(t, "<tr>"), count(t, "</tr>"));
    ck_assert_uint_eq(count(t, "<svg"), 4 + 3);
    has_not(t, "area with converters");
    char *other = with("\"arrays_dense\": 11", "\"arrays_dense\": 12"), *page = form(other, "html");
    has(page, "arrays if dense");
    free(page);
    free(other);
    other = with("\"mvms\": 576", "\"mvms\": 576, \"array_steps\": 9216, \"area_with_converters_um2\": 1251"),
    page = form(other, "html");
    has(page, "<th>area with converters</th>");
    has(page, "<td>9,216</td><td>18,688,000</td><td>-</td><td>1251 um2</td>");
    ck_assert_uint_eq(count(page, "<th>"), 1 + count(t, "<th>"));
    free(page);
    free(other);
    other = with("\"top1\": 0.5", "\"top1\": 0.25"), page = form(other, "html");
    ck_assert_uint_eq(count(page, "top-1"), 2);
    free(page);
    free(other);
    free(t);
}
END_TEST

START_TEST(md_form)
{
    char *t = form(small, "md");
    has(t, "# net.onnx on hw\n");
    has(t, "| conv,1\\|x | Conv |");
    has(t, "| critical_layer | /fc1/Gemm |");
    has(t, "| periphery_area_um2 | - |");
    has(t, " 18688000 | - | - | - | 0.5 | 0.0005 |"); /* dac_conversions and areas are missing */
    has(t, "9.76562 nW | a_b |");
    has(t, "- prune was rolled back");
    free(t);
}
END_TEST

START_TEST(csv_form)
{
    char *t = form(small, "csv");
    char *second = strchr(t, '\n') + 1, *third = strchr(second, '\n') + 1;
    ck_assert_int_eq(strncmp(t, "name,op,groups,rows,cols,", 25), 0);
    ck_assert_int_eq(strncmp(second, "\"conv,1|x\",\"Conv\",1,25,20,25,20,11,11,25000,", 44), 0);
    has(second, ",18688000,,,,0.5,0.0005\n");
    has(third, ",1,,,,,,,0.003\n");                                   /* mvms; no steps, conversions, areas or time */
    ck_assert_ptr_eq(strstr(t, "\n\n") + 1, strchr(third, '\n') + 1); /* the layers end at the empty line */
    has(t, "\n\ncurve,split,unit,source,points,first,last,along,at\n"
           "\"pass.clip.rank.conv1\",\"\",\"1\",\"clip\",3,20,5,\"step\",1000\n"
           "\"pass.clip.rank./fc.1/Gemm\",\"\",\"1\",\"clip\",2,36,36,\"step\",1000\n"
           "\"pass.clip.accuracy\",\"holdout\",\"ratio\",\"clip\",3,0.99,0.9825,\"step\",1000\n");
    ck_assert_uint_eq(count(t, "\n"), 3 + 5);
    free(t);
}
END_TEST

START_TEST(json_form)
{
    char *t = form(small, "json");
    ck_assert_str_eq(t, small);
    free(t);
}
END_TEST

/* A name that wants to be markup, in every member that is shown. */
START_TEST(hostile_names)
{
    static const char *const places[] = {"\"net.onnx\"",
                                         "\"Conv\"",
                                         "\"conv,1|x\"",
                                         "\"hw\"",
                                         "\"paper\"",
                                         "\"9.8\"",
                                         "\"plain\"",
                                         "\"fold-bn\"",
                                         "\"a_b\"",
                                         "\"sample_hold.power\"",
                                         "\"mW\"",
                                         "\"/fc1/Gemm\"",
                                         "\"eval\"",
                                         "\"pass.clip.rank.conv1\"",
                                         "\"step\"",
                                         "\"holdout\"",
                                         "\"prune was rolled back: it lost 3 points\""};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *text = with(places[i], "\"<b onclick='x'>\\\"q\\\"|`[l](u)\\n\\u001b[2J,&\"");
        char *html = form(text, "html"), *md = form(text, "md"), *csv = form(text, "csv"), *plain = form(text, "text");
        has_not(html, "<b onclick");
        has_not(html, "\"q\"");
        has_not(md, "<b onclick");
        has_not(md, "\"|`");
        has_not(md, "\n\033");
        has_not(csv, ",<b onclick");
        has_not(plain, "\033");
        check_width(plain);
        if (i == 2) has(csv, "\"<b onclick='x'>\"\"q\"\"|`[l](u)\n\033[2J,&\",");
        if (i == 2) has(html, "&lt;b onclick='x'&gt;&quot;q&quot;|`");
        if (i == 2) has(md, "| &lt;b onclick='x'&gt;\"q\"\\|\\`\\[l\\](u)  \\[2J,&amp; | Conv |");
        free(html), free(md), free(csv), free(plain), free(text);
    }
}
END_TEST

static void refused(const char *text, size_t n, const char *why)
{
    for (size_t i = 0; i < FORMATS; i++) {
        char *said = NULL;
        ck_assert_ptr_null(render(text, n, formats[i], &said));
        has(said, why);
        free(said);
    }
}

START_TEST(not_a_report)
{
    refused("", 0, "not JSON");
    refused("{", 1, "not JSON");
    refused("[1]", 3, "not a report of xbarc");
    refused("{\"a\": 1, \"a\": 2}", 16, "not JSON");
    refused("{\"schema_version\": 2}", 21, "schema_version is 2, this program reads 1");
    refused("{\"schema_version\": \"1\"}", 23, "not a report of xbarc");
    refused("{\"schema_version\": 1} x", 23, "not JSON");
    char *said;
    ck_assert_ptr_null(render(small, sizeof small - 1, "pdf", &said));
    has(said, "unknown report format 'pdf'");
    free(said);
}
END_TEST

/* Without each member of the whole, of the summary and of a layer; and with each of another type. */
START_TEST(missing_and_mistyped)
{
    static const char *const values[] = {"null",  "true", "\"x\"", "-1", "1e308", "9223372036854775807",
                                         "[[1]]", "{}",   "[]",    "0.5"};
    for (int where = 0; where < 7; where++) {
        json_error_t e;
        json_t *whole = json_loads(small, 0, &e);
        static const char *const paths[] = {NULL,     "summary",     "hardware",      "layers",
                                            "curves", "assumptions", "deleted_groups"};
        json_t *o = paths[where] ? json_object_get(whole, paths[where]) : whole;
        if (json_is_array(o)) o = json_array_get(o, 0);
        char *keys[64];
        size_t n = 0;
        const char *key;
        json_t *v;
        json_object_foreach(o, key, v) keys[n++] = xb_strdup(key);
        ck_assert_uint_gt(n, 1);
        for (size_t k = 0; k < n; k++) {
            json_t *old = json_incref(json_object_get(o, keys[k]));
            for (size_t i = 0; i <= sizeof values / sizeof *values; i++) {
                if (i == sizeof values / sizeof *values)
                    json_object_del(o, keys[k]);
                else
                    json_object_set_new(o, keys[k], json_loads(values[i], JSON_DECODE_ANY, &e));
                char *text = json_dumps(whole, 0);
                all_forms(text, strlen(text));
                free(text);
            }
            json_object_set_new(o, keys[k], old);
            free(keys[k]);
        }
        json_decref(whole);
    }
    all_forms("{\"schema_version\": 1}", 21);
}
END_TEST

START_TEST(mutations)
{
    xb_rng r = xb_rng_at(7, XB_RNG_INIT, 0);
    size_t n = sizeof small - 1;
    char *text = xb_malloc(n);
    static const char marks[] = "0123456789\"{}[],:-e.tfn\\ ";
    for (int round = 0; round < 3000; round++) {
        memcpy(text, small, n);
        for (uint64_t k = 1 + xb_rng_below(&r, 3); k > 0; k--)
            text[xb_rng_below(&r, (uint32_t)n)] =
                round % 3 ? marks[xb_rng_below(&r, sizeof marks - 1)] : (char)xb_rng_below(&r, 256);
        all_forms(text, round % 10 ? n : (size_t)xb_rng_below(&r, (uint32_t)n));
    }
    free(text);
}
END_TEST

START_TEST(eighty_columns)
{
    static const char *const of[][2] = {
        {"\"conv,1|x\"", "\"/a/very/long/name/of/a/layer/that/some/exporter/wrote/down/in/full/length/conv_1/Conv\""},
        {"\"conv,1|x\"",
         "\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc"
         "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\""},
        {"\"critical_layer\": \"/fc1/Gemm\"",
         "\"critical_layer\": \"/classifier/classifier.0/classifier.0.0/fc/Gemm\""},
        {"\"rows\": 25, \"cols\": 20", "\"rows\": 25088, \"cols\": 4096"},
        {"\"groups\": 1", "\"groups\": 9223372036854775807"},
        {"\"crossbar_cells\": 4025000", "\"crossbar_cells\": 138344128"},
        {"\"crossbar_cells\": 4025000", "\"crossbar_cells\": 9223372036854775807"},
        {"\"routing_wires\": 16600", "\"routing_wires\": 21604480000"},
        {"\"row_wires\": 100", "\"row_wires\": 9223372036854775807"},
        {"\"array_rows\": 25, \"array_cols\": 20", "\"array_rows\": 1048576, \"array_cols\": 1048576"},
        {"\"latency_us\": 1.5", "\"latency_us\": 1e300"},
        {"\"latency_us\": 1.5, \"interval_us\": 1", "\"latency_us\": 110.7, \"interval_us\": 40140.8"},
        {"\"correct\": 1, \"total\": 2", "\"correct\": 1281166, \"total\": 1281167"},
        {"\"prune was",
         "\"a-word-without-any-blank-that-is-longer-than-a-whole-line-of-eighty-columns-ever-can-be-on-a-terminal"},
        {"\"net.onnx\"",
         "\"a-model-with-a-name-that-is-far-too-long-for-the-first-line-of-any-report-on-this-terminal.onnx\""},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        char *text = with(of[i][0], of[i][1]), *t = form(text, "text");
        check_width(t);
        has(t, "\ntotal ");
        free(t);
        free(text);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("render");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, text_form);
    tcase_add_test(t, html_form);
    tcase_add_test(t, md_form);
    tcase_add_test(t, csv_form);
    tcase_add_test(t, json_form);
    tcase_add_test(t, hostile_names);
    tcase_add_test(t, not_a_report);
    tcase_add_test(t, missing_and_mistyped);
    tcase_add_test(t, mutations);
    tcase_add_test(t, eighty_columns);
    return run_case("report", t);
}
