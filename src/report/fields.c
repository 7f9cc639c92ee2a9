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

bool xb_field_has(const json_t *object, const char *key)
{
    return json_is_number(json_object_get(object, key));
}

double xb_field_real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static int64_t to_int(double v)
{
    return !(fabs(v) < 9e18) ? (v > 0 ? INT64_MAX : v < 0 ? INT64_MIN : 0) : (int64_t)v;
}

int64_t xb_field_int(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? (int64_t)json_integer_value(v) : to_int(json_number_value(v));
}

int64_t xb_field_sum(const json_t *object, const char *key, const char *other)
{
    int64_t sum, a = xb_field_int(object, key), b = xb_field_int(object, other);
    if (__builtin_add_overflow(a, b, &sum)) return a > 0 ? INT64_MAX : INT64_MIN;
    return sum;
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

bool xb_any_has(const json_t *list, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (xb_field_has(json_array_get(list, i), key)) return true;
    return false;
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

char *xb_with_number(char out[32], double v)
{
    if (fabs(v) < 1e15 && v == floor(v)) return xb_with_commas(out, (int64_t)v);
    snprintf(out, 32, "%.6g", v);
    return out;
}

char *xb_with_area(char out[48], double um2)
{
    if (!(um2 > 0))
        snprintf(out, 48, "-");
    else if (um2 >= 1e4)
        snprintf(out, 48, "%.3g mm2", um2 * 1e-6);
    else
        snprintf(out, 48, um2 >= 100 ? "%.0f um2" : "%.3g um2", um2);
    return out;
}

bool xb_chip_text(xb_buf *b, const json_t *report)
{
    const json_t *chip = json_object_get(report, "chip");
    int64_t slices = xb_field_int(chip, "weight_slices");
    const char *exact = xb_field_text(chip, "exact_layers");
    char arrays[32], area[48], devices[32], conversions[32];
    double converted = xb_field_real(chip, "adc_conversions"),
           laid_out = xb_field_real(json_object_get(report, "summary"), "adc_conversions");
    if (!chip || (slices < 2 && !*exact && converted <= laid_out)) return false;
    xb_buf_printf(b, "%s arrays (%s), %s devices: ", xb_with_number(arrays, xb_field_real(chip, "arrays")),
                  xb_with_area(area, xb_field_real(chip, "array_area_um2")),
                  xb_with_number(devices, xb_field_real(chip, "devices")));
    if (slices > 1) xb_buf_printf(b, "%" PRId64 " slices a weight", slices);
    if (xb_field_has(chip, "adc_conversions"))
        xb_buf_printf(b, "%s%s ADC conversions an image", slices > 1 ? ", " : "",
                      xb_with_number(conversions, converted));
    if (*exact) xb_buf_printf(b, ", exact without arrays: %s", exact);
    return true;
}

static const struct scale {
    double factor;
    const char *prefix;
} scales[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}};
enum { LAST_SCALE = sizeof scales / sizeof *scales - 1 };

const char *xb_prefix(double v, double *factor)
{
    size_t i = 0;
    while (i < LAST_SCALE && fabs(v) < scales[i].factor) i++;
    *factor = scales[i].factor;
    return scales[i].prefix;
}

char *xb_with_unit(char out[48], double v, const char *unit)
{
    double factor;
    const char *prefix = xb_prefix(v, &factor);
    double shown = v / factor, size = fabs(shown);
    if (v == 0)
        snprintf(out, 48, "-");
    else if (size >= 1e4)
        snprintf(out, 48, "%.2g %s%s", shown, prefix, unit);
    else
        snprintf(out, 48, "%.*f %s%s", size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2, shown, prefix, unit);
    return out;
}

/* Units that report.json uses, in SI. Areas scale by squares. */
char *xb_with_given_unit(char out[64], double v, const char *unit)
{
    static const struct known {
        const char *unit;
        double factor;
        const char *base;
    } units[] = {{"W", 1, "W"},     {"mW", 1e-3, "W"}, {"J", 1, "J"},        {"pJ", 1e-12, "J"},   {"s", 1, "s"},
                 {"us", 1e-6, "s"}, {"ns", 1e-9, "s"}, {"nm", 1e-9, "m"},    {"MS/s", 1e6, "S/s"}, {"uS", 1e-6, "S"},
                 {"V", 1, "V"},     {"ohm", 1, "ohm"}, {"um2", 1e-12, "m2"}, {"nm2", 1e-18, "m2"}};
    char number[32];
    for (size_t i = 0; i < sizeof units / sizeof *units && v != 0; i++) {
        if (strcmp(units[i].unit, unit)) continue;
        double factor, si = v * units[i].factor;
        const char *prefix;
        if (!strcmp(units[i].base, "m2")) {
            factor = si >= 1e-8 ? 1e-6 : si >= 1e-14 ? 1e-12 : 1e-18;
            prefix = si >= 1e-8 ? "m" : si >= 1e-14 ? "u" : "n";
        } else {
            prefix = xb_prefix(si * (1 + 1e-12), &factor);
        }
        snprintf(out, 64, "%.6g %s%s", si / factor, prefix, units[i].base);
        return out;
    }
    bool plain = !*unit || !strcmp(unit, "1") || !strcmp(unit, "ratio");
    snprintf(out, 64, "%s%s%.24s", xb_with_number(number, v), plain ? "" : " ", plain ? "" : unit);
    return out;
}

char *xb_name_tail(char out[256], const char *name, size_t width)
{
    size_t n = strlen(name), keep = n;
    if (width < 3) width = 3;
    if (width > 255) width = 255;
    if (n > width) keep = width - 2;
    const char *from = name + n - keep;
    while ((*from & 0xC0) == 0x80) from++; /* not in the middle of a character */
    snprintf(out, 256, "%s%s", n > width ? ".." : "", from);
    return out;
}

/* Exporters end a node's name in its operator: "/conv1/Conv". Without it more of the name fits. */
const char *xb_short_name(char out[256], const json_t *layer)
{
    const char *name = xb_field_text(layer, "name"), *op = xb_field_text(layer, "op");
    size_t n = strlen(name), m = strlen(op);
    if (m && n > m + 1 && name[n - m - 1] == '/' && !strcmp(name + n - m, op)) n -= m + 1;
    size_t from = n > 255 ? n - 253 : 0;
    while (from && (name[from] & 0xC0) == 0x80) from++;
    snprintf(out, 256, "%s%.*s", from ? ".." : "", (int)(n - from), name + from);
    return out;
}

const char *xb_critical_name(char out[256], const json_t *report)
{
    const char *name = xb_field_text(json_object_get(report, "summary"), "critical_layer");
    const json_t *layers = json_object_get(report, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++)
        if (!strcmp(xb_field_text(json_array_get(layers, i), "name"), name))
            return xb_short_name(out, json_array_get(layers, i));
    return xb_name_tail(out, name, 255);
}

bool xb_same_accuracy(const json_t *accuracy)
{
    const json_t *a = json_object_get(accuracy, "reference"), *b = json_object_get(accuracy, "compiled");
    const char *const keys[] = {"top1", "correct", "total"};
    for (size_t i = 0; i < 3; i++)
        if (!xb_field_has(a, keys[i]) || xb_field_real(a, keys[i]) != xb_field_real(b, keys[i])) return false;
    return true;
}

bool xb_field_chips(const json_t *accuracy, xb_chips *out)
{
    const json_t *a = json_object_get(accuracy, "simulated");
    bool top1 = xb_field_has(a, "top1_mean");
    if (!top1 && !xb_field_has(a, "agreement_mean")) return false;
    *out = (xb_chips){.metric = top1 ? "top-1" : "agreement",
                      .trials = xb_field_int(a, top1 ? "top1_trials" : "agreement_trials"),
                      .mean = xb_field_real(a, top1 ? "top1_mean" : "agreement_mean"),
                      .sd = xb_field_real(a, top1 ? "top1_sd" : "agreement_sd"),
                      .min = xb_field_real(a, top1 ? "top1_min" : "agreement_min"),
                      .max = xb_field_real(a, top1 ? "top1_max" : "agreement_max"),
                      .lo95 = xb_field_real(a, top1 ? "top1_lo95" : "agreement_lo95"),
                      .hi95 = xb_field_real(a, top1 ? "top1_hi95" : "agreement_hi95"),
                      .clip_ratio = xb_field_has(a, "clip_ratio") ? xb_field_real(a, "clip_ratio") : -1};
    return true;
}

char *xb_matrix_text(char out[80], const json_t *layer)
{
    int64_t groups = xb_field_int(layer, "groups");
    int n = groups > 1 ? snprintf(out, 80, "%" PRId64 "*", groups) : 0;
    snprintf(out + n, (size_t)(80 - n), "%" PRId64 "x%" PRId64, xb_field_int(layer, "rows"),
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
