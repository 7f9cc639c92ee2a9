/* yaml_print.c: text -> a YAML scalar that reads back to it. */
#include "base/yaml.h"
#include <string.h>

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
}

/* Safe in block and flow context alike; a strict part of what YAML would allow. */
static bool plain_safe(const char *s)
{
    if (!word_char(*s) && !(*s == '.' && word_char(s[1]))) return false;
    for (const char *c = s + 1; *c; c++)
        if (!word_char(*c) && !strchr(".+-%@", *c)) return false;
    return strcmp(s, "null") != 0;
}

/* One character, escaped where libyaml would refuse, fold or end the text. */
static size_t quote_char(xb_buf *b, const unsigned char *s)
{
    uint32_t c = s[0];
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n > 1) c &= 0xffu >> (n + 1);
    for (size_t i = 1; i < n; i++) c = c << 6 | (s[i] & 0x3f);
    if (c == '"' || c == '\\')
        xb_buf_printf(b, "\\%c", (int)c);
    else if (c == '\n')
        xb_buf_str(b, "\\n");
    else if (c == '\t')
        xb_buf_str(b, "\\t");
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        xb_buf_printf(b, "\\x%02x", (unsigned)c);
    else if (c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff)
        xb_buf_printf(b, "\\u%04x", (unsigned)c);
    else
        xb_buf_add(b, s, n);
    return n;
}

static void print(xb_buf *b, const char *text, bool escape_names)
{
    if (plain_safe(text)) {
        xb_buf_str(b, text);
        return;
    }
    xb_buf_char(b, '"');
    for (const char *s = text; *s;) {
        if (escape_names && s[0] == '$' && s[1] == '{') xb_buf_char(b, '$');
        s += quote_char(b, (const unsigned char *)s);
    }
    xb_buf_char(b, '"');
}

void xb_yaml_print_text(xb_buf *b, const char *text)
{
    print(b, text, true);
}

void xb_yaml_print_key(xb_buf *b, const char *text)
{
    print(b, text, false);
}
