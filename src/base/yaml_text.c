/* yaml_text.c: what must hold of the bytes before libyaml sees them; positions; ${name}. */
#include "base/yaml_text.h"
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 character at s, its code point in *out; 0 when malformed (RFC 3629). */
static size_t decode(const unsigned char *s, size_t n, uint32_t *out)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80             ? 1
                 : (s[0] & 0xe0) == 0xc0 ? 2
                 : (s[0] & 0xf0) == 0xe0 ? 3
                 : (s[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    if (!len || len > n) return 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
    *out = c;
    return len;
}

/* Characters that libyaml takes in a file and that are no line end of its own. */
static bool printable(uint32_t c)
{
    return c == '\t' || c == '\n' || (c >= 0x20 && c < 0x7f) ||
           (c >= 0xa0 && c != 0x2028 && c != 0x2029 && c < 0xfeff) || (c > 0xfeff && c < 0xfffe) || c >= 0x10000;
}

static bool check(xb_diags *d, xb_yaml_text *t)
{
    const unsigned char *s = (const unsigned char *)t->bytes;
    int line = 1, col = 1;
    bool leading = true;
    xb_push(&t->line, 0);
    for (size_t i = 0, len; i < t->n; i += len, col++) {
        uint32_t c = 0;
        len = decode(s + i, t->n - i, &c);
        xb_where where = {.file = t->file, .line = line, .col = col};
        if (!len) {
            xb_diag(d, XB_ERROR, "yaml-encoding", &where, "not UTF-8: byte 0x%02x", s[i]);
            return false;
        }
        if (c == '\r' && i + 1 < t->n && s[i + 1] == '\n') continue;
        if (!printable(c)) {
            xb_diag(d, XB_ERROR, "yaml-encoding", &where,
                    "character U+%04X is not allowed here; in quotes write an escape", (unsigned)c);
            return false;
        }
        if (c == '\t' && leading) {
            xb_diag(d, XB_ERROR, "yaml-tab", &where, "a tab in the indentation; use spaces");
            return false;
        }
        leading = c == '\n' || (leading && c == ' ');
        if (c != '\n') continue;
        xb_push(&t->line, i + 1);
        line++;
        col = 0;
    }
    return true;
}

bool xb_yaml_text_open(xb_diags *d, const char *file, const char *bytes, size_t n, xb_yaml_text *out)
{
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) bytes += 3, n -= 3;
    *out = (xb_yaml_text){.file = file, .bytes = n ? bytes : "", .n = n};
    return check(d, out);
}

void xb_yaml_text_close(xb_yaml_text *t)
{
    xb_vec_free(&t->line);
}

static size_t offset_of(const xb_yaml_text *t, size_t line, size_t col)
{
    if (line >= t->line.n) return t->n;
    size_t i = t->line.data[line];
    for (; col && i < t->n; col--) {
        uint32_t c;
        i += decode((const unsigned char *)t->bytes + i, t->n - i, &c);
    }
    return i;
}

char xb_yaml_text_at(const xb_yaml_text *t, size_t line, size_t col)
{
    size_t i = offset_of(t, line, col);
    return i < t->n ? t->bytes[i] : 0;
}

bool xb_yaml_text_has(const xb_yaml_text *t, size_t line, const char *word)
{
    if (line >= t->line.n) return false;
    size_t from = t->line.data[line], to = line + 1 < t->line.n ? t->line.data[line + 1] : t->n;
    return memmem(t->bytes + from, to - from, word, strlen(word)) != NULL;
}

/* Where the k-th "${" that follows y's position stands in the source, as a place for a message. */
static xb_where place_of(const xb_yaml_text *t, const xb_yaml *y, int k)
{
    xb_where where = xb_yaml_where(y);
    size_t i = offset_of(t, (size_t)y->line - 1, (size_t)y->col - 1);
    for (; i < t->n; i++) {
        if (t->bytes[i] == '$' && i + 1 < t->n && t->bytes[i + 1] == '{' && k-- == 0) return where;
        if (t->bytes[i] == '\n')
            where.line++, where.col = 1;
        else if ((t->bytes[i] & 0xc0) != 0x80)
            where.col++;
    }
    return xb_yaml_where(y);
}

static size_t name_length(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= 'a' && s[n] <= 'z') || s[n] == '_' ||
           (n && s[n] >= '0' && s[n] <= '9'))
        n++;
    return n;
}

bool xb_yaml_expand(xb_diags *d, xb_arena *a, const xb_yaml_text *t, xb_yaml *y, xb_yaml_lookup *lookup, void *context)
{
    if (!strstr(y->text, "${")) return true;
    xb_buf b = {0};
    bool ok = true;
    int seen = 0;
    for (const char *s = y->text; ok && *s;) {
        if (strncmp(s, "$${", 3) == 0) {
            xb_buf_str(&b, "${");
            s += 3, seen++;
            continue;
        }
        if (!lookup || strncmp(s, "${", 2) != 0) {
            if (strncmp(s, "${", 2) == 0) seen++;
            xb_buf_char(&b, *s++);
            continue;
        }
        size_t n = name_length(s + 2);
        xb_where where = place_of(t, y, seen++);
        if (!n || s[2 + n] != '}') {
            xb_diag(d, XB_ERROR, "yaml-variable", &where,
                    "'${' needs a name and '}'; write $${ for the characters themselves");
            ok = false;
            break;
        }
        const char *name = xb_arena_strndup(a, s + 2, n), *value = lookup(context, name);
        if (!value) {
            xb_diag(d, XB_ERROR, "yaml-variable", &where, "${%s} is not set; use -D %s=VALUE or the environment", name,
                    name);
            ok = false;
            break;
        }
        if (!xb_utf8_valid(value, strlen(value))) {
            xb_diag(d, XB_ERROR, "yaml-encoding", &where, "the value of ${%s} is not UTF-8", name);
            ok = false;
            break;
        }
        y->expanded = true;
        xb_buf_str(&b, value);
        s += n + 3;
    }
    if (ok) y->text = xb_arena_strdup(a, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return ok;
}
