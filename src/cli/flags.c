/* flags.c: the one parser of all command lines, and the help it implies. */
#include "base/num.h"
#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>

/* Flags that every subcommand has; offsets into xb_cli. */
static const xb_flag common_flags[] = {
    {"help", 'h', NULL, "show this text", XB_FLAG_BOOL, offsetof(xb_cli, help), 0, 0},
    {"quiet", 'q', NULL, "no progress and no notes", XB_FLAG_BOOL, offsetof(xb_cli, quiet), 0, 0},
    {"threads", 'j', "N", "threads (0: all processors; the result does not depend on it)", XB_FLAG_INT,
     offsetof(xb_cli, threads), 0, 1024},
    {"diag", 0, "FORMAT", "diagnostics as text or json", XB_FLAG_TEXT, offsetof(xb_cli, diag_format), 0, 0},
    {"plugin", 0, "FILE", "load this plugin too (may be repeated)", XB_FLAG_LIST, offsetof(xb_cli, plugins), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

static bool usage_error(xb_diags *d, const xb_subcommand *c, const char *format, ...) XB_PRINTF(3, 4);
static bool usage_error(xb_diags *d, const xb_subcommand *c, const char *format, ...)
{
    xb_buf text = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&text, format, args);
    va_end(args);
    xb_diag(d, XB_ERROR, "usage", NULL, "%s: %s (see `xbarc %s --help`)", c->name, xb_buf_cstr(&text), c->name);
    xb_buf_free(&text);
    return false;
}

static const xb_flag *find_flag(const xb_flag *table, const char *name, size_t n)
{
    for (const xb_flag *f = table; f && f->name; f++)
        if (strlen(f->name) == n && !memcmp(f->name, name, n)) return f;
    return NULL;
}

static const xb_flag *find_letter(const xb_flag *table, char letter)
{
    for (const xb_flag *f = table; f && f->name; f++)
        if (f->letter == letter) return f;
    return NULL;
}

static bool store(xb_diags *d, const xb_subcommand *c, const xb_flag *f, void *base, const char *value)
{
    void *at = (char *)base + f->offset;
    switch (f->kind) {
    case XB_FLAG_BOOL:
        *(bool *)at = true;
        return true;
    case XB_FLAG_TEXT:
    case XB_FLAG_MAYBE:
        *(const char **)at = value;
        return true;
    case XB_FLAG_LIST:
        xb_push((xb_texts *)at, value);
        return true;
    case XB_FLAG_REAL:
        if (xb_parse_f64(value, at)) return true;
        return usage_error(d, c, "--%s takes a number, not '%s'", f->name, value);
    case XB_FLAG_INT: {
        int64_t *v = at;
        if (!xb_parse_i64(value, v)) return usage_error(d, c, "--%s takes a whole number, not '%s'", f->name, value);
        if ((f->min || f->max) && (*v < f->min || *v > f->max))
            return usage_error(d, c, "--%s = %s is outside %lld..%lld", f->name, value, (long long)f->min,
                               (long long)f->max);
        return true;
    }
    }
    return false;
}

static void suggest(xb_diags *d, const xb_subcommand *c, const char *word, size_t n)
{
    const char *names[64];
    size_t count = 0;
    for (const xb_flag *f = c->flags; f && f->name && count < 48; f++) names[count++] = f->name;
    for (const xb_flag *f = common_flags; f->name; f++) names[count++] = f->name;
    char *name = xb_strndup(word, n);
    const char *near = xb_nearest(name, names, count);
    usage_error(d, c, "unknown option '--%s'%s%s%s", name, near ? "; did you mean '--" : "", near ? near : "",
                near ? "'?" : "");
    free(name);
}

/* One argument that begins with '-'; *i moves over a separate value. */
static bool take_flag(xb_cli *cli, const xb_subcommand *c, void *flags, int argc, char **argv, int *i)
{
    xb_diags *d = cli->diags;
    const char *arg = argv[*i], *value = NULL;
    const xb_flag *f;
    void *base = flags;
    if (arg[1] == '-') {
        size_t n = strcspn(arg + 2, "=");
        value = arg[2 + n] ? arg + 3 + n : NULL;
        f = find_flag(c->flags, arg + 2, n);
        if (!f && (f = find_flag(common_flags, arg + 2, n))) base = cli;
        if (!f) return suggest(d, c, arg + 2, n), false;
    } else {
        f = find_letter(c->flags, arg[1]);
        if (!f && (f = find_letter(common_flags, arg[1]))) base = cli;
        if (!f) return usage_error(d, c, "unknown option '%s'", arg);
        value = arg[2] ? arg + 2 : NULL;
    }
    if (f->kind == XB_FLAG_BOOL && value) return usage_error(d, c, "'%s' takes no value", arg);
    if (f->kind == XB_FLAG_MAYBE && !value) value = "";
    if (f->kind != XB_FLAG_BOOL && !value) {
        if (*i + 1 >= argc) return usage_error(d, c, "'%s' needs %s", arg, f->arg);
        value = argv[++*i];
    }
    return store(d, c, f, base, value);
}

bool xb_flags_parse(xb_cli *cli, const xb_subcommand *c, void *flags, int *argc, char **argv)
{
    xb_diags *d = cli->diags;
    int kept = 0;
    bool plain = false;
    for (int i = 0; i < *argc; i++) {
        if (!plain && !strcmp(argv[i], "--"))
            plain = true;
        else if (plain || argv[i][0] != '-' || !argv[i][1])
            argv[kept++] = argv[i];
        else if (!take_flag(cli, c, flags, *argc, argv, &i))
            return false;
    }
    *argc = kept;
    const char *format = cli->diag_format;
    if (format && strcmp(format, "json") && strcmp(format, "text"))
        return usage_error(d, c, "--diag takes text or json, not '%s'", format);
    if (cli->help) return true;
    if (kept < c->min_args) return usage_error(d, c, "an argument is missing: xbarc %s %s", c->name, c->usage);
    if (c->max_args >= 0 && kept > c->max_args) return usage_error(d, c, "'%s' is one too many", argv[c->max_args]);
    return true;
}

void xb_flags_free(const xb_flag *table, void *flags)
{
    for (const xb_flag *f = table; f && f->name; f++)
        if (f->kind == XB_FLAG_LIST) xb_vec_free((xb_texts *)(void *)((char *)flags + f->offset));
}

void xb_wrap(xb_buf *b, const char *text, int indent, int first_column)
{
    int column = first_column;
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (column > indent && column + 1 + (int)n > 79) {
            xb_buf_printf(b, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            xb_buf_char(b, ' ');
            column++;
        }
        xb_buf_add(b, text, n);
        column += (int)n;
        text += n;
        if (*text == '\n') {
            xb_buf_printf(b, "\n%*s", indent, "");
            column = indent;
        }
        if (*text) text++;
    }
    xb_buf_char(b, '\n');
}

static void help_table(xb_buf *b, const xb_flag *table)
{
    for (const xb_flag *f = table; f && f->name; f++) {
        xb_buf left = {0};
        if (f->letter)
            xb_buf_printf(&left, "  -%c, --%s", f->letter, f->name);
        else
            xb_buf_printf(&left, "      --%s", f->name);
        if (f->arg) xb_buf_printf(&left, f->kind == XB_FLAG_MAYBE ? "[=%s]" : " %s", f->arg);
        xb_buf_printf(b, "%-28s", xb_buf_cstr(&left));
        if (left.len > 27) xb_buf_printf(b, "\n%28s", "");
        xb_wrap(b, f->help, 28, 28);
        xb_buf_free(&left);
    }
}

void xb_flags_help(const xb_subcommand *c, xb_buf *b)
{
    xb_buf_printf(b, "usage: xbarc %s %s\n\n", c->name, c->usage);
    xb_wrap(b, c->doc, 0, 0);
    if (c->flags && c->flags->name) xb_buf_str(b, "\noptions:\n");
    help_table(b, c->flags);
    xb_buf_str(b, "\ncommon options:\n");
    help_table(b, common_flags);
}
