/* lines.c: text for a terminal of 80 columns. */
#include "report/lines.h"
#include <stdarg.h>

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

size_t xb_line_columns(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += starts_character(*text);
    return n;
}

/* Where the line that starts at `text` and has `room` columns ends: after a word, or within one that is too long. */
static size_t line_end(const char *text, size_t room)
{
    size_t i = 0, used = 0, space = 0;
    for (; text[i]; i++) {
        if (starts_character(text[i]) && used++ == room) return space ? space : i;
        if (text[i] == ' ') space = i;
    }
    return i;
}

void xb_line_visible(const xb_page *p, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
        p->write(p->to, control ? "?" : &text[i], 1);
    }
}

void xb_line_paragraph(const xb_page *p, const char *label, size_t indent, const char *text)
{
    int pad = (int)indent - (int)xb_line_columns(label);
    xb_page_print(p, "%s%*s", label, pad > 0 ? pad : 0, "");
    for (bool first = true; first || *text; first = false) {
        if (!first) xb_page_print(p, "%*s", (int)indent, "");
        size_t n = line_end(text, XB_LINE_WIDTH - indent);
        xb_line_visible(p, text, n);
        xb_page_print(p, "\n");
        text += n;
        while (*text == ' ') text++;
    }
}

void xb_line_item(const xb_page *p, const char *label, const char *format, ...)
{
    xb_buf b = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&b, format, args);
    va_end(args);
    xb_line_paragraph(p, label, XB_LINE_INDENT, xb_buf_cstr(&b));
    xb_buf_free(&b);
}
