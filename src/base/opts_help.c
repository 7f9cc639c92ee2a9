/* opts_help.c: an option table as text of 80 columns. */
#include "base/opts_value.h"
#include <string.h>

#define WIDTH 80
#define NAME_MAX_WIDTH 18

/* Words of `text` from column `at` on, later lines indented by `indent`; ends the line. */
static void wrap(xb_buf *b, const char *text, int at, int indent)
{
    bool first = true;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (!first && at + 1 + (int)n > WIDTH) {
            xb_buf_printf(b, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        if (!first) xb_buf_char(b, ' '), at++;
        xb_buf_add(b, text, n);
        at += (int)n;
        text += n + (text[n] == ' ');
        first = false;
    }
    xb_buf_char(b, '\n');
}

static void describe(xb_buf *b, const xb_option *o)
{
    xb_opt_type_text(b, o);
    xb_option element = xb_opt_element(o);
    bool many = o->type == XB_OPT_LIST || (o->type == XB_OPT_MAP && !o->sub);
    const xb_option *ranged = many ? &element : o;
    if (xb_opt_ranged(ranged)) {
        xb_buf_str(b, ", ");
        xb_opt_range_text(b, ranged);
    }
    bool needed = o->required || (!o->def && (o->type == XB_OPT_BOOL || o->type == XB_OPT_INT ||
                                              o->type == XB_OPT_REAL || o->type == XB_OPT_CHOICE));
    if (needed)
        xb_buf_str(b, ", required");
    else if (o->def && *o->def)
        xb_buf_printf(b, ", default %s", o->def);
    xb_buf_printf(b, ". %s", o->help);
}

void xb_opts_help(xb_buf *b, const xb_option *table, int indent)
{
    int width = 0;
    for (const xb_option *o = table; o && o->name; o++)
        if ((int)strlen(o->name) > width) width = (int)strlen(o->name);
    if (width > NAME_MAX_WIDTH) width = NAME_MAX_WIDTH;
    for (const xb_option *o = table; o && o->name; o++) {
        xb_buf text = {0};
        describe(&text, o);
        int column = indent + width + 2;
        xb_buf_printf(b, "%*s%-*s  ", indent, "", width, o->name);
        if ((int)strlen(o->name) > width) xb_buf_printf(b, "\n%*s", column, "");
        wrap(b, xb_buf_cstr(&text), column, column);
        xb_buf_free(&text);
        bool nested =
            o->type == XB_OPT_STRUCT || o->type == XB_OPT_MAP || (o->type == XB_OPT_LIST && o->elem == XB_OPT_STRUCT);
        if (nested && o->sub) xb_opts_help(b, o->sub, indent + 2);
    }
}
