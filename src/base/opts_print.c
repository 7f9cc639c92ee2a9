/* opts_print.c: a structure -> YAML that reads back to it. */
#include "base/file.h"
#include "base/num.h"
#include "base/opts_value.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_flow(xb_buf *b, const xb_option *table, const void *options, const char *dir);

/* Relative to dir when below it; otherwise a relative path, which is one to the working folder, becomes absolute. */
static void print_path(xb_buf *b, const char *path, const char *dir)
{
    size_t n = dir ? strlen(dir) : 0;
    while (n && dir[n - 1] == '/') n--;
    bool below = n && strncmp(path, dir, n) == 0 && path[n] == '/' && path[n + 1] != '/' && path[n + 1];
    bool elsewhere = dir && *dir && strcmp(dir, ".") != 0 && !below && *path && *path != '/';
    char *here = elsewhere ? getcwd(NULL, 0) : NULL;
    char *whole = here ? xb_path_join(here, path) : NULL;
    xb_yaml_print_text(b, whole ? whole : below ? path + n + 1 : path);
    free(whole);
    free(here);
}

static void print_value(xb_buf *b, const xb_option *o, const void *value, const char *dir);

static void print_list(xb_buf *b, const xb_option *o, const xb_list *list, const char *dir)
{
    xb_option e = xb_opt_element(o);
    xb_buf_char(b, '[');
    for (size_t i = 0; i < list->n; i++) {
        if (i) xb_buf_str(b, ", ");
        print_value(b, &e, (const char *)list->data + i * xb_opt_size(&e), dir);
    }
    xb_buf_char(b, ']');
}

static void print_map(xb_buf *b, const xb_option *o, const xb_list *list, const char *dir)
{
    const xb_map_item *item = list->data;
    xb_option e = xb_opt_element(o);
    xb_buf_char(b, '{');
    for (size_t i = 0; i < list->n; i++) {
        if (i) xb_buf_str(b, ", ");
        xb_yaml_print_key(b, item[i].key);
        xb_buf_str(b, ": ");
        if (o->sub)
            print_flow(b, o->sub, item[i].value, dir);
        else
            print_value(b, &e, item[i].value, dir);
    }
    xb_buf_char(b, '}');
}

static void print_value(xb_buf *b, const xb_option *o, const void *value, const char *dir)
{
    char text[64];
    const char *s = NULL;
    switch (o->type) {
    case XB_OPT_BOOL:
        xb_buf_str(b, *(const bool *)value ? "true" : "false");
        break;
    case XB_OPT_INT:
        xb_buf_printf(b, "%lld", (long long)*(const int64_t *)value);
        break;
    case XB_OPT_REAL:
        xb_buf_str(b, o->dim == XB_PLAIN ? xb_num_f64(text, *(const double *)value)
                                         : xb_format_quantity(text, *(const double *)value, o->dim));
        break;
    case XB_OPT_CHOICE:
        xb_yaml_print_text(b, o->choices[*(const int *)value]);
        break;
    case XB_OPT_STRING:
    case XB_OPT_PATH:
        s = *(const char *const *)value;
        if (!s)
            xb_buf_str(b, "null");
        else if (o->type == XB_OPT_PATH)
            print_path(b, s, dir);
        else
            xb_yaml_print_text(b, s);
        break;
    case XB_OPT_LIST:
        print_list(b, o, value, dir);
        break;
    case XB_OPT_MAP:
        print_map(b, o, value, dir);
        break;
    case XB_OPT_STRUCT:
        print_flow(b, o->sub, value, dir);
        break;
    }
}

static void print_flow(xb_buf *b, const xb_option *table, const void *options, const char *dir)
{
    xb_buf_char(b, '{');
    for (const xb_option *o = table; o && o->name; o++) {
        if (o != table) xb_buf_str(b, ", ");
        xb_buf_printf(b, "%s: ", o->name);
        print_value(b, o, (const char *)options + o->offset, dir);
    }
    xb_buf_char(b, '}');
}

void xb_opts_print_in(xb_buf *b, const xb_option *table, const void *options, const char *dir)
{
    print_flow(b, table, options, dir);
}

void xb_opts_print(xb_buf *b, const xb_option *table, const void *options)
{
    print_flow(b, table, options, NULL);
}

void xb_opts_print_block_in(xb_buf *b, const xb_option *table, const void *options, int indent, const char *dir)
{
    for (const xb_option *o = table; o && o->name; o++) {
        xb_buf_printf(b, "%*s%s: ", indent, "", o->name);
        print_value(b, o, (const char *)options + o->offset, dir);
        xb_buf_char(b, '\n');
    }
}

void xb_opts_print_block(xb_buf *b, const xb_option *table, const void *options, int indent)
{
    xb_opts_print_block_in(b, table, options, indent, NULL);
}
