/* fields.c: reading report.json without fear, and writing formatted text. */
#include "report/fields.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void xb_page_print(const xb_page *p, const char *format, ...)
{
    xb_buf b = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&b, format, args);
    va_end(args);
    p->write(p->to, xb_buf_cstr(&b), b.len);
    xb_buf_free(&b);
}

void xb_page_escape(const xb_page *p, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        p->write(p->to, entity ? entity : text, entity ? strlen(entity) : 1);
    }
}

double xb_field_real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

int64_t xb_field_int(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

const char *xb_field_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *xb_item_text(const json_t *array, size_t i)
{
    const char *text = json_string_value(json_array_get(array, i));
    return text ? text : "";
}

bool xb_field_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

char *xb_with_commas(char out[32], int64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v);
    char *at = out;
    if (v < 0) *at++ = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) *at++ = ',';
        *at++ = digits[i];
    }
    *at = 0;
    return out;
}

char *xb_with_area(char out[48], double um2)
{
    if (um2 >= 1e4)
        snprintf(out, 48, "%.3g mm2", um2 * 1e-6);
    else
        snprintf(out, 48, um2 >= 100 ? "%.0f um2" : "%.3g um2", um2);
    return out;
}

char *xb_name_tail(char out[64], const char *name, size_t width)
{
    size_t n = strlen(name);
    if (width > 63) width = 63;
    snprintf(out, 64, "%s%s", n > width ? ".." : "", n > width ? name + n - (width - 2) : name);
    return out;
}

char *xb_with_unit(char out[48], double v, const char *unit)
{
    static const struct scale {
        double factor;
        const char *prefix;
    } scales[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}};
    size_t i = 0, last = sizeof scales / sizeof *scales - 1;
    while (i < last && fabs(v) < scales[i].factor) i++;
    double shown = v / scales[i].factor;
    int digits = shown >= 100 ? 0 : shown >= 10 ? 1 : 2;
    if (v == 0)
        snprintf(out, 48, "-");
    else
        snprintf(out, 48, "%.*f %s%s", digits, shown, scales[i].prefix, unit);
    return out;
}

char *xb_matrix_text(char out[48], const json_t *layer)
{
    int64_t groups = xb_field_int(layer, "groups");
    int n = groups > 1 ? snprintf(out, 48, "%" PRId64 "*", groups) : 0;
    snprintf(out + n, (size_t)(48 - n), "%" PRId64 "x%" PRId64, xb_field_int(layer, "rows"),
             xb_field_int(layer, "cols"));
    return out;
}

void xb_hardware_text(xb_buf *b, const json_t *report)
{
    const json_t *hw = json_object_get(report, "hardware");
    bool exact = !strcmp(xb_field_text(hw, "tiling_rule"), "exact");
    xb_buf_printf(b, "%s: %s %" PRId64 " x %" PRId64, xb_field_text(hw, "name"),
                  exact ? "exact divisors, arrays up to" : "arrays of", xb_field_int(hw, "max_rows"),
                  xb_field_int(hw, "max_cols"));
}
