/* parse_const.c: constants of .xir: inline numbers, one number for all, views of a file of weights, notes. */
#include "base/digest.h"
#include "ir/literal.h"
#include "ir/parse.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES (4u << 20)
#define MAX_SIDES 16

/* ---- {1, 2.5, nan} ---- */

static bool numbers(xb_parser *p, const char *name, const xb_type *t)
{
    size_t size = xb_dtype_size(t->dtype), n = (size_t)xb_type_count(t), i = 0;
    unsigned char element[8] = {0};
    p->bytes.len = 0;
    if (!xb_lex_mark(&p->x, '{')) return false;
    if (!xb_lex_try(&p->x, '}')) {
        do {
            if (i == n) return xb_lex_fail(&p->x, "'%%%s' has %zu elements; here are more", name, n);
            if (p->x.token != XB_T_WORD || !xb_literal_parse(p->x.text.data, t->dtype, element))
                return xb_lex_fail(&p->x, "'%s' is not a number of type %s", xb_lex_shown(&p->x),
                                   xb_dtype_name(t->dtype));
            xb_buf_add(&p->bytes, element, size);
            xb_lex(&p->x);
            i++;
        } while (xb_lex_try(&p->x, ','));
        if (!xb_lex_mark(&p->x, '}')) return false;
    }
    if (i < n) return xb_lex_fail(&p->x, "'%%%s' has %zu elements; here are %zu", name, n, i);
    p->constant = xb_graph_add_const(p->g, name, t, p->bytes.data);
    return true;
}

/* ---- fill 0 ---- */

/* Its notes hold few numbers in runs: nothing else in a short text stands for much memory. */
static bool fill(xb_parser *p, const char *name, const xb_type *t, size_t need)
{
    size_t size = xb_dtype_size(t->dtype);
    unsigned char element[8] = {0};
    if (need > XB_XIR_FILL_MAX - p->filled)
        return xb_lex_fail(&p->x, "more than %u MiB are made by 'fill'", XB_XIR_FILL_MAX >> 20);
    xb_lex(&p->x);
    if (p->x.token != XB_T_WORD || !xb_literal_parse(p->x.text.data, t->dtype, element))
        return xb_lex_fail(&p->x, "'%s' is not a number of type %s", xb_lex_shown(&p->x), xb_dtype_name(t->dtype));
    xb_lex(&p->x);
    p->filled += need;
    p->run_limit = XB_XIR_SHORT_NOTE;
    p->constant = xb_graph_add_const(p->g, name, t, NULL);
    unsigned char zero[8] = {0}, *data = memcmp(element, zero, size) ? xb_graph_write(p->g, p->constant) : NULL;
    for (size_t i = 0; data && i < need; i += size) memcpy(data + i, element, size);
    return !p->x.failed;
}

/* ---- file "model.weights" OFFSET SIZE SHA256 ---- */

/* Opens the file beside the text once; only files inside its folder. */
static xb_side *side_of(xb_parser *p, const char *name)
{
    for (size_t i = 0; i < p->sides.n; i++)
        if (!strcmp(p->sides.data[i].name, name)) return &p->sides.data[i];
    if (p->sides.n == MAX_SIDES) {
        xb_lex_fail(&p->x, "more than %d files of weights", MAX_SIDES);
        return NULL;
    }
    if (!xb_path_confined(name)) {
        xb_lex_fail(&p->x, "'%s' is not inside the folder of this file", name);
        return NULL;
    }
    char *dir = xb_path_dir(p->x.file), *path = xb_path_join(dir, name);
    int fd = xb_open_beneath(dir, name), why = errno;
    xb_view view = {0};
    bool ok = fd >= 0 ? xb_view_open(p->x.d, path, &view)
                      : xb_lex_fail(&p->x, "cannot open '%s' beside this file: %s", name, strerror(why));
    if (fd >= 0) close(fd);
    if (!ok) p->x.failed = true;
    free(dir);
    free(path);
    if (!ok) return NULL;
    xb_graph_adopt(p->g, view);
    xb_push(&p->sides, (xb_side){xb_strdup(name), view.data, view.size, 0});
    return &p->sides.data[p->sides.n - 1];
}

/* Reads the mapping piece by piece and lets each go again. */
static void digest_of_view(const unsigned char *bytes, size_t n, char hex[XB_DIGEST_HEX])
{
    xb_digest *d = xb_digest_new();
    for (size_t i = 0, take; i < n; i += take) {
        take = n - i < CHUNK_BYTES ? n - i : CHUNK_BYTES;
        xb_digest_add(d, bytes + i, take);
        xb_view_done(bytes + i, take);
    }
    xb_digest_end(d, hex);
}

static bool in_file(xb_parser *p, const char *name, const xb_type *t, size_t need)
{
    int64_t offset, size;
    if (p->x.token != XB_T_STRING)
        return xb_lex_fail(&p->x, "expected the name of a file in quotes, found '%s'", xb_lex_shown(&p->x));
    char *file = xb_parse_name(p, "the name of a file");
    xb_side *side = file ? side_of(p, file) : NULL;
    free(file);
    if (!side || !xb_parse_integer(p, &offset) || !xb_parse_integer(p, &size)) return false;
    if (size < 0 || (size_t)size != need)
        return xb_lex_fail(&p->x, "'%%%s' takes %zu bytes, not %lld", name, need, (long long)size);
    if (offset < 0 || (size_t)offset > side->size || need > side->size - (size_t)offset)
        return xb_lex_fail(&p->x, "'%%%s' (%zu bytes from %lld) ends behind '%s' (%zu bytes)", name, need,
                           (long long)offset, side->name, side->size);
    if ((size_t)offset < side->next)
        return xb_lex_fail(&p->x, "'%%%s' begins inside or before the constant that precedes it in '%s'", name,
                           side->name);
    side->next = (size_t)offset + need;
    char hex[XB_DIGEST_HEX];
    digest_of_view(side->data + offset, need, hex);
    if (p->x.token != XB_T_WORD || strcmp(p->x.text.data, hex))
        return xb_lex_fail(&p->x, "'%%%s': its bytes in '%s' have digest %s, not %s", name, side->name, hex,
                           xb_lex_shown(&p->x));
    xb_lex(&p->x);
    p->constant = xb_graph_add_view(p->g, name, t, side->data + offset);
    return !p->x.failed;
}

/* ---- digest SHA256 ---- */

static bool elsewhere(xb_parser *p, const char *name, const xb_type *t)
{
    if (!p->blank)
        return xb_lex_fail(&p->x, "'%%%s' has no values here: this text was printed without its weights", name);
    xb_lex(&p->x);
    xb_lex(&p->x);
    p->constant = xb_graph_add_const(p->g, name, t, NULL);
    return !p->x.failed;
}

static bool constant(xb_parser *p, const char *name)
{
    xb_type t;
    size_t need;
    if (!xb_parse_type(p, &t)) return false;
    if (!xb_type_bytes(&t, &need)) return xb_lex_fail(&p->x, "'%%%s': a constant needs a type of known size", name);
    if (!xb_lex_mark(&p->x, '=')) return false;
    p->run_notes = 0;
    p->run_limit = xb_xir_run_limit(&t);
    if (p->x.token == XB_T_MARK) return numbers(p, name, &t);
    if (p->x.token == XB_T_WORD && !strcmp(p->x.text.data, "fill")) return fill(p, name, &t, need);
    if (p->x.token == XB_T_WORD && !strcmp(p->x.text.data, "digest")) return elsewhere(p, name, &t);
    if (p->x.token != XB_T_WORD || strcmp(p->x.text.data, "file"))
        return xb_lex_fail(&p->x, "expected '{', 'fill' or 'file', found '%s'", xb_lex_shown(&p->x));
    xb_lex(&p->x);
    return in_file(p, name, &t, need);
}

bool xb_parse_const(xb_parser *p)
{
    char *name;
    if (!xb_parse_new_value(p, &name)) return false;
    bool ok = constant(p, name);
    free(name);
    return ok;
}

/* ---- note KEY [1*25, 0] ---- */

static bool run(xb_parser *p, size_t limit, bool *runs)
{
    int64_t v, times = 1;
    if (!xb_parse_integer(p, &v)) return false;
    if (xb_lex_try(&p->x, '*')) {
        *runs = true;
        if (!xb_parse_integer(p, &times)) return false;
        if (times < 1) return xb_lex_fail(&p->x, "%lld is not a number of times", (long long)times);
    }
    if (*runs && (p->ints.n >= limit || (uint64_t)times > limit - p->ints.n))
        return xb_lex_fail(&p->x, "a note with VALUE*TIMES holds at most %zu numbers here", limit);
    while (times--) xb_push(&p->ints, v);
    return !p->x.failed;
}

bool xb_parse_note(xb_parser *p)
{
    if (!p->constant.id) return xb_lex_fail(&p->x, "a note follows its constant");
    bool named = p->x.token == XB_T_WORD || p->x.token == XB_T_STRING, runs = false;
    if (named && xb_graph_note(p->g, p->constant, p->x.text.data))
        return xb_lex_fail(&p->x, "note '%s' is there already", p->x.text.data);
    char *key = xb_parse_name(p, "the name of a note");
    bool ok = key && xb_lex_mark(&p->x, '[');
    p->ints.n = 0;
    if (ok && !xb_lex_try(&p->x, ']')) {
        do ok = run(p, p->run_limit, &runs);
        while (ok && xb_lex_try(&p->x, ','));
        ok = ok && xb_lex_mark(&p->x, ']');
    }
    if (ok && runs && ++p->run_notes > XB_XIR_RUN_NOTES)
        ok = xb_lex_fail(&p->x, "more than %u notes with VALUE*TIMES on one constant", XB_XIR_RUN_NOTES);
    if (ok) xb_graph_set_note(p->g, p->constant, key, p->ints.data, p->ints.n);
    free(key);
    return ok && !p->x.failed;
}
