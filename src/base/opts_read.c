/* opts_read.c: a map of YAML -> a structure, by its option table; every error is reported. */
#include "base/opts_value.h"
#include <stdlib.h>
#include <string.h>

static bool read_struct(const xb_opt_spot *at, const xb_option *table, const xb_yaml *y, void *out);
static bool read_value(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, void *out);

static bool shape_error(const xb_opt_spot *at, const xb_yaml *y, const char *wanted)
{
    static const char *const got[] = {"a single value", "a map", "a list"};
    xb_where where = xb_yaml_where(y);
    const char *found = xb_yaml_is_null(y) ? "nothing" : got[y->kind];
    if (*at->name)
        xb_diag(at->d, XB_ERROR, "option-type", &where, "%s: '%s%s' needs %s, not %s", at->who, at->prefix, at->name,
                wanted, found);
    else
        xb_diag(at->d, XB_ERROR, "option-type", &where, "%s needs %s, not %s", at->who, wanted, found);
    return false;
}

/* The same spot one level further in: "mean[2]", or the prefix "input." with no name yet. */
static xb_opt_spot deeper(const xb_opt_spot *at, const char *format, const char *key, size_t index)
{
    xb_opt_spot s = *at;
    if (format) {
        s.name = xb_arena_printf(at->a, "%s[%zu]", at->name, index);
        return s;
    }
    s.prefix = key ? xb_arena_printf(at->a, "%s%s.%s.", at->prefix, at->name, key)
                   : xb_arena_printf(at->a, "%s%s.", at->prefix, at->name);
    s.name = "";
    return s;
}

static bool read_list(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, xb_list *out)
{
    if (y->kind != XB_YAML_SEQ) return shape_error(at, y, "a list, like [a, b]");
    xb_option e = xb_opt_element(o);
    size_t size = xb_opt_size(&e);
    *out = (xb_list){y->n ? xb_arena_alloc(at->a, y->n, size) : NULL, y->n};
    bool ok = true;
    for (size_t i = 0; i < y->n; i++) {
        xb_opt_spot s = deeper(at, "[]", NULL, i);
        e.required = true;
        ok &= read_value(&s, &e, y->item[i], (char *)out->data + i * size);
    }
    return ok;
}

static bool read_map(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, xb_list *out)
{
    xb_option e = xb_opt_element(o);
    if (y->kind != XB_YAML_MAP)
        return shape_error(at, y, o->sub ? "a map, like {name: {option: value}}" : "a map, like {name: value}");
    xb_map_item *item = y->n ? xb_arena_alloc(at->a, y->n, sizeof *item) : NULL;
    *out = (xb_list){item, y->n};
    bool ok = true;
    for (size_t i = 0; i < y->n; i++) {
        size_t size = o->sub ? o->sub_size : xb_opt_size(&e);
        item[i] = (xb_map_item){xb_arena_strdup(at->a, y->key[i]->text), xb_arena_alloc(at->a, 1, size)};
        xb_opt_spot s = deeper(at, NULL, o->sub ? item[i].key : NULL, 0);
        if (!o->sub) s.name = item[i].key;
        ok &=
            o->sub ? read_struct(&s, o->sub, y->item[i], item[i].value) : read_value(&s, &e, y->item[i], item[i].value);
    }
    return ok;
}

static bool read_value(const xb_opt_spot *at, const xb_option *o, const xb_yaml *y, void *out)
{
    switch (o->type) {
    case XB_OPT_LIST:
        return read_list(at, o, y, out);
    case XB_OPT_MAP:
        return read_map(at, o, y, out);
    case XB_OPT_STRUCT: {
        xb_opt_spot s = deeper(at, NULL, NULL, 0);
        return read_struct(&s, o->sub, y, out);
    }
    default:
        return y->kind == XB_YAML_SCALAR ? xb_opt_parse(at, o, y, out) : shape_error(at, y, "a single value");
    }
}

/* Defaults are YAML text in the table; a table that passed xb_opts_check has no bad ones. */
static bool read_default(const xb_opt_spot *at, const xb_option *o, void *out)
{
    xb_yaml scalar = {.kind = XB_YAML_SCALAR, .text = o->def};
    if (xb_opt_scalar(o->type) && *o->def != '"' && *o->def != '\'') return read_value(at, o, &scalar, out);
    xb_yaml *y = xb_yaml_parse(at->d, at->a, NULL, o->def, strlen(o->def), NULL, NULL);
    return y && read_value(at, o, y, out);
}

static bool read_absent(const xb_opt_spot *at, const xb_option *o, const xb_yaml *map, void *out)
{
    bool may_lack =
        o->type == XB_OPT_STRING || o->type == XB_OPT_PATH || o->type == XB_OPT_LIST || o->type == XB_OPT_MAP;
    if (!o->required && o->def) return read_default(at, o, out);
    if (!o->required && may_lack) return true;
    if (!o->required && o->type == XB_OPT_STRUCT) {
        xb_opt_spot s = deeper(at, NULL, NULL, 0);
        xb_where at_map = xb_yaml_where(map);
        xb_yaml empty = {.kind = XB_YAML_MAP, .file = at_map.file, .line = at_map.line, .col = at_map.col};
        return read_struct(&s, o->sub, &empty, out);
    }
    xb_where where = xb_yaml_where(map);
    xb_diag(at->d, XB_ERROR, "option-missing", &where, "%s: '%s%s' is missing", at->who, at->prefix, at->name);
    return false;
}

static const xb_option *find(const xb_option *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0) return table;
    return NULL;
}

static bool unknown(const xb_opt_spot *at, const xb_option *table, const xb_yaml *key)
{
    size_t n = 0;
    while (table[n].name) n++;
    const char **names = xb_calloc(n + 1, sizeof *names);
    xb_buf list = {0};
    for (size_t i = 0; i < n; i++) {
        names[i] = table[i].name;
        xb_buf_printf(&list, "%s %s", i ? "," : "", table[i].name);
    }
    const char *near = xb_nearest(key->text, names, n);
    xb_where where = xb_yaml_where(key);
    const char *who = at->who, *prefix = at->prefix, *word = key->text;
    if (near)
        xb_diag(at->d, XB_ERROR, "option-unknown", &where, "%s: unknown option '%s%s'; did you mean '%s'?", who, prefix,
                word, near);
    else if (n)
        xb_diag(at->d, XB_ERROR, "option-unknown", &where, "%s: unknown option '%s%s'; there are:%s", who, prefix, word,
                xb_buf_cstr(&list));
    else
        xb_diag(at->d, XB_ERROR, "option-unknown", &where, "%s: unknown option '%s%s'; it takes none", who, prefix,
                word);
    xb_buf_free(&list);
    free(names);
    return false;
}

/* at->name is empty, at->prefix that of the members. */
static bool read_struct(const xb_opt_spot *at, const xb_option *table, const xb_yaml *y, void *out)
{
    static const xb_option none[] = {{.name = NULL}};
    if (!table) table = none;
    bool null = !y || xb_yaml_is_null(y), ok = true;
    if (!null && y->kind != XB_YAML_MAP) {
        xb_opt_spot s = *at;
        size_t n = strlen(at->prefix);
        s.name = n ? xb_arena_strndup(at->a, at->prefix, n - 1) : "";
        s.prefix = "";
        return shape_error(&s, y, "a map, like {option: value}");
    }
    for (size_t i = 0; !null && i < y->n; i++)
        if (!find(table, y->key[i]->text)) ok = unknown(at, table, y->key[i]);
    for (const xb_option *o = table; o->name; o++) {
        xb_opt_spot s = *at;
        s.name = o->name;
        const xb_yaml *value = null ? NULL : xb_yaml_get(y, o->name);
        void *to = (char *)out + o->offset;
        ok &= value ? read_value(&s, o, value, to) : read_absent(&s, o, y, to);
    }
    return ok;
}

bool xb_opts_read(xb_diags *d, xb_arena *a, const char *who, const xb_option *table, const xb_yaml *y, void *out,
                  size_t size)
{
    if (size) memset(out, 0, size);
    xb_opt_spot at = {.d = d, .a = a, .who = who, .prefix = "", .name = ""};
    return read_struct(&at, table, y, out);
}
