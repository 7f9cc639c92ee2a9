/* The report's forms: what they show, that no name breaks out of them, that no text makes them crash. */
#include "base/rng.h"
#include "base/str.h"
#include "report/render.h"
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const formats[] = {"text", "html", "md", "csv", "json"};
enum { FORMATS = sizeof formats / sizeof *formats };

static const char small[] =
    "{\"schema_version\": 1, \"model\": \"net.onnx\", \"graph\": \"g\","
    "\"tool\": {\"name\": \"xbarc\", \"version\": \"9.8\", \"numeric_profile\": \"plain\"},"
    "\"inputs\": [{\"kind\": \"model\", \"path\": \"net.onnx\", \"sha256\": \"00\"}],"
    "\"passes\": [{\"name\": \"fold-bn\", \"options\": \"{}\"}, {\"name\": \"prune\", \"rolled_back\": true}],"
    "\"hardware\": {\"name\": \"hw\", \"file\": \"hw.yaml\", \"sha256\": \"00\", \"source\": \"paper\","
    "\"tiling_rule\": \"exact\", \"max_rows\": 64, \"max_cols\": 64, \"devices_per_cell\": 2},"
    "\"summary\": {\"layers\": 2, \"crossbar_arrays\": 1611, \"crossbar_cells\": 4025000,"
    "\"crossbar_cells_reference\": 4025000, \"crossbar_area_ratio\": 1, \"cell_utilization\": 0.5,"
    "\"routing_wires\": 16600, \"routing_wires_full\": 17600, \"routing_area_ratio\": 0.89,"
    "\"routing_area_ratio_pooled\": 0.9, \"routing_area_ratio_as_came\": 0.125,"
    "\"routing_area_ratio_as_came_pooled\": 0.0625, \"array_area_um2\": 3526.5, \"periphery_area_um2\": null,"
    "\"latency_us\": 1.5, \"interval_us\": 1, \"energy_uj\": 0.0035, \"critical_layer\": \"/fc1/Gemm\","
    "\"mesh_rows\": 2, \"mesh_cols\": 2},"
    "\"accuracy\": {\"reference\": {\"split\": \"test\", \"top1\": 0.5, \"correct\": 1, \"total\": 2, \"lo95\": 0.1,"
    "\"hi95\": 0.9}, \"compiled\": {\"split\": \"test\", \"top1\": 0.5, \"correct\": 1, \"total\": 2, \"lo95\": 0.1,"
    "\"hi95\": 0.9}},"
    "\"layers\": [{\"name\": \"conv,1|x\", \"op\": \"Conv\", \"groups\": 1, \"rows\": 25, \"cols\": 20,"
    "\"array_rows\": 25, \"array_cols\": 20, \"padded\": false, \"packed\": false, \"arrays\": 11,"
    "\"arrays_dense\": 11, \"grid_rows\": 11, \"grid_cols\": 1, \"cells\": 25000, \"cell_utilization\": 1, "
    "\"row_wires\": 100, \"col_wires\": 500,"
    "\"row_wires_full\": 100, \"col_wires_full\": 500, \"routing_area_ratio\": 1, \"mvms\": 576,"
    "\"adc_conversions\": 18688000.0, \"time_us\": 0.5, \"energy_uj\": 0.0005},"
    "{\"name\": \"/fc1/Gemm\", \"op\": \"Gemm\", \"groups\": 1, \"rows\": 800, \"cols\": 500, \"array_rows\": 50,"
    "\"array_cols\": 50, \"arrays\": 1600, \"arrays_dense\": 1600, \"cells\": 4000000, \"cell_utilization\": 0.1,"
    "\"row_wires\": 8000, \"col_wires\": 8000, \"row_wires_full\": 9000, \"col_wires_full\": 8000,"
    "\"routing_area_ratio\": 0.8, \"mvms\": 1, \"adc_conversions\": null, \"time_us\": null, \"energy_uj\": 0.003}],"
    "\"floorplan\": [[0, 0, 0, 1], [1, 1, 1, 0.5]],"
    "\"assumptions\": [{\"key\": \"sample_hold.power\", \"value\": 9.765625e-06, \"unit\": \"mW\","
    "\"source\": \"a_b\"}, {\"key\": \"adc.area\", \"value\": 1200, \"unit\": \"um2\", \"source\": \"\"}],"
    "\"curves\": [{\"key\": \"pass.clip.rank.conv1\", \"along\": \"step\", \"unit\": \"1\", \"split\": \"\","
    "\"source\": \"clip\", \"points\": [[0, 20], [500, 12], [1000, 5]]},"
    "{\"key\": \"pass.clip.rank./fc.1/Gemm\", \"along\": \"step\", \"unit\": \"1\", \"split\": \"\", \"source\": "
    "\"clip\","
    "\"points\": [[0, 36], [1000, 36]]},"
    "{\"key\": \"pass.clip.accuracy\", \"along\": \"step\", \"unit\": \"ratio\", \"split\": \"holdout\","
    "\"source\": \"clip\", \"points\": [[0, 0.99], [500, null], [1000, 0.9825]]}],"
    "\"deleted_groups\": [{\"layer\": 0, \"arrays\": [[0, 25, 20, [[0, 25]], [[0, 20]]],"
    "[3, 25, 20, [[2, 3]], [[19, 1]]]]}],"
    "\"facts\": [{\"key\": \"k\", \"value\": 12345678, \"unit\": \"1\", \"source\": \"eval\"}],"
    "\"warnings\": [\"prune was rolled back: it lost 3 points\"]}";

/* Renders; NULL when it was refused, and then with the diagnostic in *why (may be NULL). */
static char *render(const char *text, size_t n, const char *format, char **why)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, true);
    xb_buf b = {0};
    bool good = xb_report_render(d, "r.json", text, n, format, xb_json_to_buf, &b);
    ck_assert(good == (xb_diags_errors(d) == 0));
    if (why) *why = xb_strdup(xb_diags_text(d));
    char *out = good ? xb_strdup(xb_buf_cstr(&b)) : NULL;
    xb_buf_free(&b);
    xb_diags_free(d);
    return out;
}

static char *form(const char *text, const char *format)
{
    char *out = render(text, strlen(text), format, NULL);
    ck_assert_ptr_nonnull(out);
    return out;
}

static void has(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
}

static void has_not(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) == NULL, "'%s' in:\n%s", what, text);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) n++;
    return n;
}

/* The report with one text exchanged for another. */
static char *with(const char *old, const char *new)
{
    const char *at = strstr(small, old);
    ck_assert_msg(at != NULL, "'%s' is not in the report", old);
    xb_buf b = {0};
    xb_buf_add(&b, small, (size_t)(at - small));
    xb_buf_add(&b, new, strlen(new));
    xb_buf_add(&b, at + strlen(old), strlen(at + strlen(old)));
    char *out = xb_strdup(xb_buf_cstr(&b));
    xb_buf_free(&b);
    return out;
}

static void check_width(const char *text)
{
    for (size_t line = 0; *text; text++) {
        if (*text == '\n')
            line = 0;
        else if (((unsigned char)*text & 0xC0) != 0x80)
            ck_assert_msg(++line <= 79, "a line of more than 79 columns ends at: %.40s", text);
    }
}

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
    has(t, "\n                   a write takes 1 us, 4,096 at a time\n");
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

static void all_forms(const char *text, size_t n)
{
    for (size_t i = 0; i < FORMATS; i++) {
        char *out = render(text, n, formats[i], NULL);
        if (out && !strcmp(formats[i], "text")) check_width(out);
        free(out);
    }
}

/* ---- curves and deleted groups ---- */

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
    Suite *s = suite_create("report");
    TCase *t = tcase_create("render");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, text_form);
    tcase_add_test(t, html_form);
    tcase_add_test(t, md_form);
    tcase_add_test(t, csv_form);
    tcase_add_test(t, json_form);
    tcase_add_test(t, hostile_names);
    tcase_add_test(t, curves_as_text);
    tcase_add_test(t, curves_as_pictures);
    tcase_add_test(t, long_curves_keep_their_spikes);
    tcase_add_test(t, many_curves_are_several_pictures);
    tcase_add_test(t, deleted_groups_as_a_picture);
    tcase_add_test(t, odd_curves_and_groups);
    tcase_add_test(t, not_a_report);
    tcase_add_test(t, missing_and_mistyped);
    tcase_add_test(t, mutations);
    tcase_add_test(t, eighty_columns);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
