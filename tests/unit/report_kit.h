/* report_kit.h: a small report.json, its forms, and what they must have. */
#ifndef REPORT_KIT_H
#define REPORT_KIT_H

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
static inline char *render(const char *text, size_t n, const char *format, char **why)
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

static inline char *form(const char *text, const char *format)
{
    char *out = render(text, strlen(text), format, NULL);
    ck_assert_ptr_nonnull(out);
    return out;
}

static inline void has(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) != NULL, "no '%s' in:\n%s", what, text);
}

static inline void has_not(const char *text, const char *what)
{
    ck_assert_msg(strstr(text, what) == NULL, "'%s' in:\n%s", what, text);
}

static inline size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) n++;
    return n;
}

/* The report with one text exchanged for another. */
static inline char *with(const char *old, const char *new)
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

static inline void check_width(const char *text)
{
    for (size_t line = 0; *text; text++) {
        if (*text == '\n')
            line = 0;
        else if (((unsigned char)*text & 0xC0) != 0x80)
            ck_assert_msg(++line <= 79, "a line of more than 79 columns ends at: %.40s", text);
    }
}

static inline void all_forms(const char *text, size_t n)
{
    for (size_t i = 0; i < FORMATS; i++) {
        char *out = render(text, n, formats[i], NULL);
        if (out && !strcmp(formats[i], "text")) check_width(out);
        free(out);
    }
}

#endif
