/* opts_value.c: scalars typed by their option, never by how they look. */
#include "base/opts_value.h"
#include "base/file.h"
#include "base/num.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

xb_option xb_opt_element(const xb_option *list)
{
    xb_option o = *list;
    o.type = list->elem;
    o.offset = 0;
    o.def = NULL;
    o.required = false;
    return o;
}

size_t xb_opt_size(const xb_option *o)
{
    switch (o->type) {
    case XB_OPT_BOOL:
        return sizeof(bool);
    case XB_OPT_INT:
        return sizeof(int64_t);
    case XB_OPT_REAL:
        return sizeof(double);
    case XB_OPT_STRING:
    case XB_OPT_PATH:
        return sizeof(const char *);
    case XB_OPT_CHOICE:
        return sizeof(int);
    case XB_OPT_LIST:
    case XB_OPT_MAP:
        return sizeof(xb_list);
    case XB_OPT_STRUCT:
        return o->sub_size;
    }
    return 0;
}

size_t xb_opt_align(const xb_option *o)
{
    if (o->type != XB_OPT_STRUCT) return o->type == XB_OPT_LIST || o->type == XB_OPT_MAP ? 8 : xb_opt_size(o);
    size_t most = 1;
    for (const xb_option *m = o->sub; m->name; m++)
        if (xb_opt_align(m) > most) most = xb_opt_align(m);
    return most;
}

bool xb_opt_scalar(xb_option_type type)
{
    return type <= XB_OPT_PATH;
}

bool xb_opt_ranged(const xb_option *o)
{
    return (o->type == XB_OPT_INT || o->type == XB_OPT_REAL) && (o->min != 0 || o->max != 0);
}

static void number_text(xb_buf *b, const xb_option *o, double v)
{
    char text[64];
    if (o->type == XB_OPT_INT && fabs(v) < 1e15)
        xb_buf_printf(b, "%lld", (long long)v);
    else if (o->type == XB_OPT_REAL && o->dim != XB_PLAIN && isfinite(v))
        xb_buf_str(b, xb_format_quantity(text, v, o->dim));
    else
        xb_buf_str(b, xb_num_f64(text, v));
}

void xb_opt_range_text(xb_buf *b, const xb_option *o)
{
    if (!xb_opt_ranged(o)) return;
    bool lo = o->type == XB_OPT_INT ? o->min > -9e15 : o->min > -1e300;
    bool hi = o->type == XB_OPT_INT ? o->max < 9e15 : o->max < 1e300;
    if (lo && !hi) xb_buf_str(b, "at least ");
    if (hi && !lo) xb_buf_str(b, "at most ");
    if (lo) number_text(b, o, o->min);
    if (lo && hi) xb_buf_str(b, "..");
    if (hi) number_text(b, o, o->max);
}

void xb_opt_type_text(xb_buf *b, const xb_option *o)
{
    static const char *const word[] = {"true or false", "integer", "real", "text",        "one of",
                                       "path",          "list of", "map",  "map of names"};
    xb_buf_str(b, word[o->type]);
    if (o->type == XB_OPT_REAL && *xb_dimension_units(o->dim)) xb_buf_printf(b, " (%s)", xb_dimension_units(o->dim));
    for (size_t i = 0; o->type == XB_OPT_CHOICE && o->choices[i]; i++)
        xb_buf_printf(b, "%s %s", i ? "," : "", o->choices[i]);
    if (o->type == XB_OPT_LIST || (o->type == XB_OPT_MAP && !o->sub)) {
        xb_option e = xb_opt_element(o);
        xb_buf_str(b, o->type == XB_OPT_MAP ? " to " : " ");
        xb_opt_type_text(b, &e);
    }
}

static bool bad(const xb_opt_spot *at, const xb_yaml *y, const char *code, const char *why)
{
    xb_where where = xb_yaml_where(y);
    xb_diag(at->d, XB_ERROR, code, &where, "%s: '%s%s' = %.80s %s", at->who, at->prefix, at->name, y->text, why);
    return false;
}

static bool bad_type(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y)
{
    xb_buf b = {0};
    xb_buf_str(&b, y->quoted ? "is text in quotes, not " : "is not ");
    if (o->type != XB_OPT_CHOICE && o->type != XB_OPT_BOOL) xb_buf_str(&b, o->type == XB_OPT_INT ? "an " : "a ");
    xb_opt_type_text(&b, o);
    bool r = bad(at, y, "option-type", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return r;
}

static bool in_range(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, double v)
{
    if (!xb_opt_ranged(o) || (v >= o->min && v <= o->max)) return true;
    xb_buf b = {0};
    xb_opt_range_text(&b, o);
    char why[200];
    snprintf(why, sizeof why, "is outside %s", xb_buf_cstr(&b));
    if (strncmp(xb_buf_cstr(&b), "at ", 3) == 0) snprintf(why, sizeof why, "must be %s", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return bad(at, y, "option-range", why);
}

static bool begins_as_number(const char *s)
{
    if (*s == '+' || *s == '-') s++;
    if (*s == '.') s++;
    return *s >= '0' && *s <= '9';
}

static bool parse_int(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, int64_t *out)
{
    return xb_parse_i64(y->text, out) ? in_range(at, o, y, (double)*out) : bad_type(at, o, y);
}

static bool parse_real(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, double *out)
{
    const char *why = NULL;
    bool ok = o->dim == XB_PLAIN ? xb_parse_f64(y->text, out) : xb_parse_quantity(y->text, o->dim, out, &why);
    if (!ok && begins_as_number(y->text)) {
        char text[200];
        const char *units = xb_dimension_units(o->dim);
        double number;
        if (o->dim == XB_PLAIN)
            snprintf(text, sizeof text, "is not a plain number");
        else if (xb_parse_f64(y->text, &number))
            snprintf(text, sizeof text, "needs a unit: %s", units);
        else
            snprintf(text, sizeof text, "%s%s%sits units are %s", why ? "(" : "", why ? why : "", why ? "): " : "",
                     units);
        return bad(at, y, o->dim == XB_PLAIN ? "option-type" : "option-unit", text);
    }
    if (!ok || !isfinite(*out)) return bad_type(at, o, y);
    return in_range(at, o, y, *out);
}

static bool parse_choice(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, int *out)
{
    size_t n = 0;
    for (; o->choices[n]; n++) {
        if (strcmp(o->choices[n], y->text) != 0) continue;
        *out = (int)n;
        return true;
    }
    const char *near = xb_nearest(y->text, o->choices, n);
    xb_buf b = {0};
    xb_buf_str(&b, "is not ");
    xb_opt_type_text(&b, o);
    if (near) xb_buf_printf(&b, "; did you mean '%s'?", near);
    bad(at, y, "option-range", xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

static const char *resolve_path(xb_arena *a, const xb_yaml *y)
{
    if (!y->file || y->text[0] == '/' || !*y->text) return xb_arena_strdup(a, y->text);
    char *dir = xb_path_dir(y->file);
    char *path = xb_path_join(strcmp(dir, ".") == 0 ? "" : dir, y->text);
    const char *kept = xb_arena_strdup(a, path);
    free(path);
    free(dir);
    return kept;
}

bool xb_opt_parse(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, void *out)
{
    bool text = o->type == XB_OPT_STRING || o->type == XB_OPT_PATH;
    if (text && xb_yaml_is_null(y)) {
        *(const char **)out = NULL;
        return !(o->def || o->required) || bad_type(at, o, y);
    }
    if (y->quoted && !y->expanded && !text && o->type != XB_OPT_CHOICE) return bad_type(at, o, y);
    switch (o->type) {
    case XB_OPT_BOOL:
        *(bool *)out = strcmp(y->text, "true") == 0;
        return *(bool *)out || strcmp(y->text, "false") == 0 || bad_type(at, o, y);
    case XB_OPT_INT:
        return parse_int(at, o, y, out);
    case XB_OPT_REAL:
        return parse_real(at, o, y, out);
    case XB_OPT_CHOICE:
        return parse_choice(at, o, y, out);
    case XB_OPT_STRING:
        *(const char **)out = xb_arena_strdup(at->a, y->text);
        return true;
    case XB_OPT_PATH:
        *(const char **)out = resolve_path(at->a, y);
        return true;
    default:
        return false;
    }
}
