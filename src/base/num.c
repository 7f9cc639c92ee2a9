#include "base/num.h"
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers are always in the C locale, whatever a library or plugin sets. */
static locale_t c_locale;
static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t plain(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_locale);
    return c_locale;
}

static char *special(char out[XB_NUM_MAX], double v)
{
    return strcpy(out, isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
}

/* 15 and 6 digits always survive the way there and back for normal numbers; subnormal ones have fewer. */
char *xb_num_f64(char out[XB_NUM_MAX], double v)
{
    if (!isfinite(v)) return special(out, v);
    locale_t old = uselocale(plain());
    for (int digits = fpclassify(v) == FP_SUBNORMAL ? 1 : 15; digits <= 17; digits++) {
        snprintf(out, XB_NUM_MAX, "%.*g", digits, v);
        if (strtod(out, NULL) == v) break;
    }
    uselocale(old);
    return out;
}

char *xb_num_f32(char out[XB_NUM_MAX], float v)
{
    if (!isfinite(v)) return special(out, (double)v);
    locale_t old = uselocale(plain());
    for (int digits = fpclassify(v) == FP_SUBNORMAL ? 1 : 6; digits <= 9; digits++) {
        snprintf(out, XB_NUM_MAX, "%.*g", digits, (double)v);
        if (strtof(out, NULL) == v) break;
    }
    uselocale(old);
    return out;
}

bool xb_parse_i64(const char *s, int64_t *out)
{
    const char *digits = s + (*s == '-' || *s == '+');
    if (!*digits || digits[strspn(digits, "0123456789")]) return false;
    errno = 0;
    long long v = strtoll(s, NULL, 10);
    if (errno) return false;
    *out = v;
    return true;
}

/* Length of a decimal number at the start of s, 0 when there is none: [+-] digits [. digits] [e [+-] digits]. */
static size_t number_length(const char *s, bool *has_exponent)
{
    static const char digit[] = "0123456789";
    size_t i = (*s == '-' || *s == '+'), whole = strspn(s + i, digit), part = 0;
    i += whole;
    if (s[i] == '.') {
        part = strspn(s + i + 1, digit);
        i += 1 + part;
    }
    if (!whole && !part) return 0;
    *has_exponent = false;
    if (s[i] != 'e' && s[i] != 'E') return i;
    size_t sign = (s[i + 1] == '-' || s[i + 1] == '+'), exponent = strspn(s + i + 1 + sign, digit);
    if (!exponent) return i;
    *has_exponent = true;
    return i + 1 + sign + exponent;
}

/* The number s[0..n) times ten to the power of `shift`, rounded once. False when out of range. */
static bool scaled(const char *s, size_t n, bool has_exponent, int shift, double *out)
{
    char text[512];
    long exponent = shift;
    if (has_exponent) {
        size_t e = strcspn(s, "eE");
        errno = 0;
        exponent += strtol(s + e + 1, NULL, 10);
        if (errno || labs(exponent) > 1000000) return false;
        n = e;
    }
    if (n > sizeof text - 32) return false;
    snprintf(text, sizeof text, "%.*se%ld", (int)n, s, exponent);
    double v = strtod_l(text, NULL, plain());
    bool zero = strspn(text, "+-0.") >= n;
    if (!isfinite(v) || (v == 0 && !zero)) return false;
    *out = v;
    return true;
}

static bool infinite(const char *s, double *out)
{
    bool minus = *s == '-';
    if (strcmp(s + minus, "inf") != 0) return false;
    *out = minus ? -(double)INFINITY : (double)INFINITY;
    return true;
}

/* A number or fraction at the start of s, times ten to the power of shift; *end: what follows. */
static bool parse_prefix(const char *s, int shift, const char **end, double *out)
{
    bool exponent;
    size_t n = number_length(s, &exponent);
    if (!n || !scaled(s, n, exponent, shift, out)) return false;
    *end = s + n;
    if (**end != '/') return true;
    const char *below = *end + 1;
    double divisor;
    n = number_length(below, &exponent);
    if (!n || !scaled(below, n, exponent, 0, &divisor) || divisor == 0) return false;
    *out /= divisor;
    *end = below + n;
    return isfinite(*out);
}

bool xb_parse_f64(const char *s, double *out)
{
    double v;
    const char *end;
    if (strcmp(s, "nan") == 0) {
        *out = (double)NAN;
        return true;
    }
    if (infinite(s, out)) return true;
    if (!parse_prefix(s, 0, &end, &v) || *end) return false;
    *out = v;
    return true;
}

/* ---- units ------------------------------------------------------------------------------------ */

/* A unit is ten to the power of `ten` times two to the power of `two` base units, or `times` of them. */
typedef struct unit {
    const char *name;
    int ten, two;
    bool alias; /* another name of a unit before it, or no power: read, never written */
    int times;  /* 0: 1 */
} unit;

#define UNIT(name, ten)                                                                                                \
    {                                                                                                                  \
        name, ten, 0, false, 0                                                                                         \
    }
#define POWER(name, two)                                                                                               \
    {                                                                                                                  \
        name, 0, two, false, 0                                                                                         \
    }
#define ALIAS(name, ten)                                                                                               \
    {                                                                                                                  \
        name, ten, 0, true, 0                                                                                          \
    }
#define MANY(name, times)                                                                                              \
    {                                                                                                                  \
        name, 0, 0, true, times                                                                                        \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, 0, 0, false, 0                                                                                           \
    }

enum { UNITS = 9 };
typedef struct dimension {
    const char *list;
    unit unit[UNITS]; /* from small to large, aliases last */
} dimension;

static const dimension dimensions[XB_DIMENSIONS] = {
    [XB_PLAIN] = {"", {END}},
    [XB_RATIO] = {"%", {ALIAS("%", -2)}},
    [XB_METRE] = {"nm, um, mm, m", {UNIT("nm", -9), UNIT("um", -6), UNIT("mm", -3), UNIT("m", 0)}},
    [XB_AREA] = {"nm2, um2, mm2, m2", {UNIT("nm2", -18), UNIT("um2", -12), UNIT("mm2", -6), UNIT("m2", 0)}},
    [XB_SECOND] = {"ps, ns, us, ms, s, h, d",
                   {UNIT("ps", -12), UNIT("ns", -9), UNIT("us", -6), UNIT("ms", -3), UNIT("s", 0), MANY("h", 3600),
                    MANY("d", 86400)}},
    [XB_HERTZ] = {"Hz, kHz, MHz, GHz, S/s, kS/s, MS/s, GS/s",
                  {UNIT("Hz", 0), UNIT("kHz", 3), UNIT("MHz", 6), UNIT("GHz", 9), ALIAS("S/s", 0), ALIAS("kS/s", 3),
                   ALIAS("MS/s", 6), ALIAS("GS/s", 9)}},
    [XB_VOLT] = {"uV, mV, V", {UNIT("uV", -6), UNIT("mV", -3), UNIT("V", 0)}},
    [XB_AMPERE] = {"nA, uA, mA, A", {UNIT("nA", -9), UNIT("uA", -6), UNIT("mA", -3), UNIT("A", 0)}},
    [XB_OHM] = {"mohm, ohm, kohm, Mohm", {UNIT("mohm", -3), UNIT("ohm", 0), UNIT("kohm", 3), UNIT("Mohm", 6)}},
    [XB_SIEMENS] = {"nS, uS, mS, S", {UNIT("nS", -9), UNIT("uS", -6), UNIT("mS", -3), UNIT("S", 0)}},
    [XB_WATT] = {"nW, uW, mW, W", {UNIT("nW", -9), UNIT("uW", -6), UNIT("mW", -3), UNIT("W", 0)}},
    [XB_JOULE] = {"fJ, pJ, nJ, uJ, mJ, J",
                  {UNIT("fJ", -15), UNIT("pJ", -12), UNIT("nJ", -9), UNIT("uJ", -6), UNIT("mJ", -3), UNIT("J", 0)}},
    [XB_FARAD] = {"aF, fF, pF, nF, uF, F",
                  {UNIT("aF", -18), UNIT("fF", -15), UNIT("pF", -12), UNIT("nF", -9), UNIT("uF", -6), UNIT("F", 0)}},
    [XB_KELVIN] = {"K", {UNIT("K", 0)}},
    [XB_BYTE] = {"B, KiB, MiB, GiB", {UNIT("B", 0), POWER("KiB", 10), POWER("MiB", 20), POWER("GiB", 30)}},
};

const char *xb_dimension_units(xb_dimension dim)
{
    return dimensions[dim].list;
}

static bool refuse(const char **why, const char *reason)
{
    *why = reason;
    return false;
}

static bool parse_with_unit(const char *s, const char *end, xb_dimension dim, double *out, const char **why)
{
    static const char *const too_far = "number out of range";
    const char *name = end + strspn(end, " ");
    if (dim == XB_PLAIN) return refuse(why, "takes a plain number");
    for (const unit *u = dimensions[dim].unit; u < dimensions[dim].unit + UNITS && u->name; u++) {
        if (strcmp(u->name, name) != 0) continue;
        double v;
        if (!parse_prefix(s, u->ten, &end, &v)) return refuse(why, too_far);
        v = ldexp(v, u->two) * (u->times ? u->times : 1);
        if (!isfinite(v)) return refuse(why, too_far);
        *out = v;
        return true;
    }
    return refuse(why, "wrong unit");
}

bool xb_parse_quantity(const char *s, xb_dimension dim, double *out, const char **why)
{
    static const char *ignored;
    if (!why) why = &ignored;
    const char *end;
    double v;
    if (infinite(s, out)) return true;
    bool exponent;
    if (!number_length(s, &exponent)) return refuse(why, "not a number");
    if (!parse_prefix(s, 0, &end, &v)) return refuse(why, "number out of range");
    if (*end) return parse_with_unit(s, end, dim, out, why);
    if (v != 0 && dim != XB_PLAIN && dim != XB_RATIO) return refuse(why, "missing unit");
    *out = v;
    return true;
}

/* The decimal text of a number with its exponent moved by `shift`: digits only, so that nothing is rounded. */
static void shift_decimal(char out[64], const char *text, int shift)
{
    char digits[XB_NUM_MAX];
    int n = 0, point = 0;
    bool minus = *text == '-', seen = false;
    for (text += minus; *text && *text != 'e'; text++) {
        if (*text == '.') {
            seen = true;
            continue;
        }
        if (!n && *text == '0') {
            point -= seen;
            continue;
        }
        digits[n++] = *text;
        point += !seen;
    }
    if (*text == 'e') point += (int)strtol(text + 1, NULL, 10);
    point += shift;
    while (n > 1 && digits[n - 1] == '0') n--;
    const char *sign = minus ? "-" : "";
    if (point > 0 && point <= 15) {
        int zeros = point > n ? point - n : 0, whole = point < n ? point : n;
        int k = snprintf(out, 64, "%s%.*s%.*s", sign, whole, digits, zeros, "000000000000000");
        if (whole < n) snprintf(out + k, 64 - (size_t)k, ".%.*s", n - whole, digits + whole);
    } else if (point <= 0 && point > -5) {
        snprintf(out, 64, "%s0.%.*s%.*s", sign, -point, "00000", n, digits);
    } else {
        snprintf(out, 64, "%s%c%s%.*se%d", sign, digits[0], n > 1 ? "." : "", n - 1, digits + 1, point - 1);
    }
}

/* Ten's exponent of the leading digit of a number's text. */
static int leading_exponent(double v)
{
    char text[64];
    snprintf(text, sizeof text, "%.16e", fabs(v));
    return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

char *xb_format_quantity(char out[64], double v, xb_dimension dim)
{
    char text[XB_NUM_MAX];
    const unit *best = dimensions[dim].unit;
    if (!isfinite(v) || v == 0 || !best->name || best->alias) return strcpy(out, xb_num_f64(text, v));
    int lead = leading_exponent(v);
    for (const unit *u = best; u < dimensions[dim].unit + UNITS && u->name && !u->alias; u++)
        if (u->two ? fabs(v) >= ldexp(1, u->two) : lead >= u->ten) best = u;
    shift_decimal(out, xb_num_f64(text, ldexp(v, -best->two)), -best->ten);
    return strcat(out, best->name);
}
