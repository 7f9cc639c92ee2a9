/* lex.c: tokens of .xir. */
#include "ir/store.h"
#include "ir/text_private.h"
#include <string.h>

void xb_lexer_init(xb_lexer *x, xb_diags *d, const char *file, const char *text, size_t n)
{
    *x = (xb_lexer){.d = d, .file = file, .at = text, .end = text + n, .line_start = text, .line = 1, .all = text};
    xb_buf_add(&x->text, "", 0);
    xb_lex(x);
}

void xb_lexer_free(xb_lexer *x)
{
    xb_buf_free(&x->text);
}

bool xb_lex_fail(xb_lexer *x, const char *format, ...)
{
    if (x->failed) return false;
    size_t n = (size_t)(x->end - x->all);
    if (n <= XB_XIR_MEMORY_MAX) xb_diags_source(x->d, x->file, x->all, n);
    va_list args;
    va_start(args, format);
    xb_where where = {.file = x->file, .line = x->start_line, .col = x->start_col};
    xb_vdiag(x->d, XB_ERROR, "xir-syntax", &where, format, args);
    va_end(args);
    x->failed = true;
    x->token = XB_T_END;
    x->at = x->end;
    return false;
}

static void skip_blank(xb_lexer *x)
{
    while (x->at < x->end && (*x->at == ' ' || *x->at == '\t' || *x->at == '\r')) x->at++;
    if (x->at < x->end && *x->at == '#')
        while (x->at < x->end && *x->at != '\n') x->at++;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c) : NULL;
    return p ? (int)(p - digits) : -1;
}

/* at: behind a backslash. */
static bool escape(xb_lexer *x)
{
    char c = x->at < x->end ? *x->at++ : 0;
    switch (c) {
    case '"':
    case '\\':
        xb_buf_char(&x->text, c);
        return true;
    case 'n':
        xb_buf_char(&x->text, '\n');
        return true;
    case 't':
        xb_buf_char(&x->text, '\t');
        return true;
    case 'x': {
        int high = x->end - x->at >= 2 ? hex_digit(x->at[0]) : -1, low = high >= 0 ? hex_digit(x->at[1]) : -1;
        if (low < 0) return xb_lex_fail(x, "\\x needs two digits 0-9 or a-f");
        xb_buf_char(&x->text, (char)(high * 16 + low));
        x->at += 2;
        return true;
    }
    default:
        return xb_lex_fail(x, "a backslash is followed by one of \" \\ n t x");
    }
}

/* at: behind the opening quote. */
static bool string(xb_lexer *x)
{
    while (x->at < x->end && *x->at != '"' && *x->at != '\n') {
        const char *from = x->at;
        while (x->at < x->end && *x->at != '"' && *x->at != '\\' && *x->at != '\n') x->at++;
        xb_buf_add(&x->text, from, (size_t)(x->at - from));
        if (x->at == x->end || *x->at != '\\') continue;
        x->at++;
        if (!escape(x)) return false;
    }
    if (x->at == x->end || *x->at != '"') return xb_lex_fail(x, "text without its closing quote");
    x->at++;
    return true;
}

static void word(xb_lexer *x)
{
    const char *from = x->at;
    while (x->at < x->end && xb_word_char(*x->at)) x->at++;
    xb_buf_add(&x->text, from, (size_t)(x->at - from));
}

static void value(xb_lexer *x)
{
    x->at++;
    x->token = XB_T_VALUE;
    if (x->at < x->end && *x->at == '"') {
        x->at++;
        if (!string(x)) return;
    } else {
        word(x);
    }
    if (!x->text.len) xb_lex_fail(x, "%% is followed by a name");
}

static void mark(xb_lexer *x)
{
    x->token = XB_T_MARK;
    x->mark = *x->at;
    if (!*x->at || !strchr("(){}[],=*", *x->at)) {
        xb_lex_fail(x, "unexpected character");
        return;
    }
    x->at++;
    if (x->mark == '=' && x->at < x->end && *x->at == '>') {
        x->at++;
        x->mark = '>';
    }
}

void xb_lex(xb_lexer *x)
{
    if (x->failed) return;
    skip_blank(x);
    x->text.len = 0;
    x->text.data[0] = 0;
    x->start = x->at;
    x->start_line = x->line;
    x->start_col = (int)(x->at - x->line_start) + 1;
    if (x->at == x->end) {
        x->token = XB_T_END;
    } else if (*x->at == '\n') {
        x->at++;
        x->line++;
        x->line_start = x->at;
        x->token = XB_T_LINE;
    } else if (*x->at == '"') {
        x->at++;
        if (string(x)) x->token = XB_T_STRING;
    } else if (*x->at == '%') {
        value(x);
    } else if (xb_word_char(*x->at)) {
        x->token = XB_T_WORD;
        word(x);
    } else {
        mark(x);
    }
}

const char *xb_lex_shown(const xb_lexer *x)
{
    static const char marks[][4] = {"(", ")", "{", "}", "[", "]", ",", "=", "*", "=>"};
    switch (x->token) {
    case XB_T_END:
        return "the end of the text";
    case XB_T_LINE:
        return "the end of the line";
    case XB_T_MARK:
        return marks[strchr("(){}[],=*>", x->mark) - "(){}[],=*>"];
    default:
        return x->text.data;
    }
}

bool xb_lex_try(xb_lexer *x, char wanted)
{
    if (x->token != XB_T_MARK || x->mark != wanted) return false;
    xb_lex(x);
    return !x->failed;
}

bool xb_lex_mark(xb_lexer *x, char wanted)
{
    if (x->failed || xb_lex_try(x, wanted)) return !x->failed;
    return xb_lex_fail(x, "expected '%s%c', found '%s'", wanted == '>' ? "=" : "", wanted, xb_lex_shown(x));
}
