/* opts_check.c: is an option table itself whole? A plugin's table is data from outside. */
#include "base/opts_value.h"
#include <string.h>

#define MAX_OPTIONS 1000
#define MAX_NESTING 8

static bool name_ok(const char *s)
{
    if (!*s || strlen(s) > 64) return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-' || *s == '_')) return false;
    return true;
}

static const char *check_table(const xb_option *table, size_t size, int depth);

/* What is wrong with one option's type, or NULL. */
static const char *check_type(const xb_option *o, int depth)
{
    if ((unsigned)o->type > XB_OPT_MAP) return "an option has a type that does not exist";
    if ((unsigned)o->dim >= XB_DIMENSIONS) return "an option has a dimension that does not exist";
    if (!(o->min <= o->max)) return "an option's range is empty";
    if (o->type == XB_OPT_CHOICE && (!o->choices || !o->choices[0])) return "a choice has nothing to choose from";
    bool scalars = o->type == XB_OPT_MAP && !o->sub;
    if (scalars && !xb_opt_scalar(o->elem)) return "a map's values are neither scalars nor a table's";
    if ((o->type == XB_OPT_STRUCT || o->type == XB_OPT_MAP) && !scalars) {
        if (!o->sub || !o->sub_size) return "a structure option has no table or no size";
        return check_table(o->sub, o->sub_size, depth + 1);
    }
    if (o->type != XB_OPT_LIST && !scalars) return NULL;
    if (o->elem == XB_OPT_LIST || o->elem == XB_OPT_MAP) return "a list's elements are lists or maps";
    xb_option e = xb_opt_element(o);
    return check_type(&e, depth);
}

static const char *check_place(const xb_option *o, size_t size)
{
    size_t n = xb_opt_size(o), end;
    if (!xb_add(o->offset, n, &end) || end > size) return "an option lies outside its structure";
    return o->offset % xb_opt_align(o) ? "an option is not aligned in its structure" : NULL;
}

static const char *check_table(const xb_option *table, size_t size, int depth)
{
    if (depth > MAX_NESTING) return "options are nested deeper than 8 levels";
    for (size_t i = 0; table[i].name; i++) {
        if (i >= MAX_OPTIONS) return "more than 1000 options; is the table ended by a NULL name?";
        if (!name_ok(table[i].name)) return "an option's name is not made of a-z, 0-9, - and _";
        if (!table[i].help) return "an option has no help text";
        for (size_t k = 0; k < i; k++)
            if (strcmp(table[k].name, table[i].name) == 0) return "two options have the same name";
        const char *why = check_type(&table[i], depth);
        if (!why) why = check_place(&table[i], size);
        if (why) return why;
    }
    return NULL;
}

/* Every default by itself: required options are left out of the table that is tried. */
static bool defaults_ok(const xb_option *table)
{
    bool ok = true;
    for (const xb_option *o = table; o->name && ok; o++) {
        if (o->sub && (o->type == XB_OPT_STRUCT || o->type == XB_OPT_MAP || o->elem == XB_OPT_STRUCT))
            ok = defaults_ok(o->sub);
        if (!ok || !o->def || o->required) continue;
        xb_option one[2] = {*o, {.name = NULL}};
        one[0].offset = 0;
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, true);
        xb_arena *a = xb_arena_new();
        size_t n = xb_opt_size(o);
        ok = xb_opts_read(d, a, "default", one, NULL, xb_arena_alloc(a, 1, n), n);
        xb_arena_free(a);
        xb_diags_free(d);
    }
    return ok;
}

bool xb_opts_check(const xb_option *table, size_t size, const char **why)
{
    if (!table) return true;
    *why = check_table(table, size, 0);
    if (!*why && !defaults_ok(table)) *why = "an option's default is not a value of its type and range";
    return !*why;
}
