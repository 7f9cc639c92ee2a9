/* parse.c: .xir text -> graph. Any bytes may come: the first thing that is wrong is reported with line and column. */
#include "ir/parse.h"
#include "base/num.h"
#include "ir/literal.h"
#include "ir/text.h"
#include <stdlib.h>
#include <string.h>

static bool no_nul(xb_parser *p, const char *what)
{
    if (strlen(p->x.text.data) == p->x.text.len) return true;
    return xb_lex_fail(&p->x, "%s holds a NUL", what);
}

char *xb_parse_name(xb_parser *p, const char *what)
{
    if (p->x.token != XB_T_WORD && p->x.token != XB_T_STRING) {
        xb_lex_fail(&p->x, "expected %s, found '%s'", what, xb_lex_shown(&p->x));
        return NULL;
    }
    if (!no_nul(p, what)) return NULL;
    char *name = xb_strdup(p->x.text.data);
    xb_lex(&p->x);
    return name;
}

bool xb_parse_integer(xb_parser *p, int64_t *out)
{
    if (p->x.token != XB_T_WORD || !xb_parse_i64(p->x.text.data, out))
        return xb_lex_fail(&p->x, "expected a whole number, found '%s'", xb_lex_shown(&p->x));
    xb_lex(&p->x);
    return !p->x.failed;
}

/* ---- values and types ---- */

static bool is_value(xb_parser *p)
{
    if (p->x.token != XB_T_VALUE)
        return xb_lex_fail(&p->x, "expected a value (%%name), found '%s'", xb_lex_shown(&p->x));
    return no_nul(p, "a name");
}

bool xb_parse_new_value(xb_parser *p, char **name)
{
    if (!is_value(p)) return false;
    if (xb_graph_find(p->g, p->x.text.data).id) return xb_lex_fail(&p->x, "'%%%s' is there already", p->x.text.data);
    *name = xb_strdup(p->x.text.data);
    xb_lex(&p->x);
    return true;
}

static bool known_value(xb_parser *p, xb_value *v)
{
    if (!is_value(p)) return false;
    *v = xb_graph_find(p->g, p->x.text.data);
    if (!v->id) return xb_lex_fail(&p->x, "'%%%s' is not known here", p->x.text.data);
    xb_lex(&p->x);
    return !p->x.failed;
}

static bool absent(xb_parser *p)
{
    if (p->x.token != XB_T_WORD || strcmp(p->x.text.data, "_")) return false;
    xb_lex(&p->x);
    return true;
}

static bool dimension(xb_parser *p, int64_t *dim)
{
    const char *s = p->x.text.data;
    bool is_word = p->x.token == XB_T_WORD;
    if (is_word && (xb_parse_i64(s, dim) || strchr("0123456789+-", s[0]))) {
        if (!xb_parse_i64(s, dim) || *dim < 0) return xb_lex_fail(&p->x, "'%s' is not a size", s);
    } else if (is_word || p->x.token == XB_T_STRING) {
        uint32_t k = xb_map_get(p->g->symbol_ids, s, p->x.text.len, 0);
        if (!k) return xb_lex_fail(&p->x, "symbol '%s' is not known", s);
        *dim = -(int64_t)k;
    } else {
        return xb_lex_fail(&p->x, "expected a size or a symbol, found '%s'", xb_lex_shown(&p->x));
    }
    xb_lex(&p->x);
    return !p->x.failed;
}

bool xb_parse_type(xb_parser *p, xb_type *t)
{
    *t = (xb_type){.rank = 0};
    if (p->x.token != XB_T_WORD || !xb_dtype_parse(p->x.text.data, &t->dtype))
        return xb_lex_fail(&p->x, "expected a type such as f32[1,2], found '%s'", xb_lex_shown(&p->x));
    xb_lex(&p->x);
    if (!xb_lex_mark(&p->x, '[')) return false;
    if (xb_lex_try(&p->x, '*')) {
        t->rank = -1;
        return xb_lex_mark(&p->x, ']');
    }
    if (xb_lex_try(&p->x, ']')) return true;
    do {
        if (t->rank == XB_MAX_RANK) return xb_lex_fail(&p->x, "more than %d dimensions", XB_MAX_RANK);
        if (!dimension(p, &t->dim[t->rank])) return false;
        t->rank++;
    } while (xb_lex_try(&p->x, ','));
    return xb_lex_mark(&p->x, ']');
}

/* ---- attributes ---- */

static bool float_number(xb_parser *p, float *out)
{
    if (p->x.token != XB_T_WORD || !xb_literal_parse(p->x.text.data, XB_F32, out))
        return xb_lex_fail(&p->x, "expected a number, found '%s'", xb_lex_shown(&p->x));
    xb_lex(&p->x);
    return !p->x.failed;
}

/* Behind the opening bracket. */
static bool list(xb_parser *p, xb_attr *a)
{
    p->ints.n = p->floats.n = 0;
    if (!xb_lex_try(&p->x, ']')) {
        do {
            int64_t i = 0;
            float f = 0;
            if (a->type == XB_ATTR_INTS ? !xb_parse_integer(p, &i) : !float_number(p, &f)) return false;
            if (a->type == XB_ATTR_INTS)
                xb_push(&p->ints, i);
            else
                xb_push(&p->floats, f);
        } while (xb_lex_try(&p->x, ','));
        if (!xb_lex_mark(&p->x, ']')) return false;
    }
    a->ints = p->ints.data;
    a->floats = p->floats.data;
    a->n = a->type == XB_ATTR_INTS ? p->ints.n : p->floats.n;
    return !p->x.failed;
}

static bool attr_value(xb_parser *p, xb_op op, xb_attr *a)
{
    const char *s = p->x.text.data;
    if (p->x.token == XB_T_STRING) {
        a->type = XB_ATTR_STRING;
        a->s = s;
        a->n = p->x.text.len;
        xb_graph_set_attr(p->g, op, a);
        xb_lex(&p->x);
        return !p->x.failed;
    }
    if (p->x.token == XB_T_WORD && !strcmp(s, "f")) {
        a->type = XB_ATTR_FLOATS;
        xb_lex(&p->x);
        if (!xb_lex_mark(&p->x, '[') || !list(p, a)) return false;
    } else if (xb_lex_try(&p->x, '[')) {
        a->type = XB_ATTR_INTS;
        if (!list(p, a)) return false;
    } else if (p->x.token == XB_T_WORD && s[strspn(s, "+-0123456789")]) {
        a->type = XB_ATTR_FLOAT;
        if (!float_number(p, &a->f)) return false;
    } else {
        a->type = XB_ATTR_INT;
        if (!xb_parse_integer(p, &a->i)) return false;
    }
    xb_graph_set_attr(p->g, op, a);
    return true;
}

static bool attribute(xb_parser *p, xb_op op)
{
    if ((p->x.token == XB_T_WORD || p->x.token == XB_T_STRING) && xb_graph_attr(p->g, op, p->x.text.data))
        return xb_lex_fail(&p->x, "attribute '%s' is there already", p->x.text.data);
    char *name = xb_parse_name(p, "the name of an attribute");
    if (!name) return false;
    xb_attr a = {.name = name};
    bool ok = xb_lex_mark(&p->x, '=') && attr_value(p, op, &a);
    free(name);
    return ok;
}

/* ---- lines ---- */

static bool op_inputs(xb_parser *p)
{
    p->values.n = 0;
    if (!xb_lex_mark(&p->x, '(')) return false;
    if (xb_lex_try(&p->x, ')')) return true;
    do {
        xb_value v = {0};
        if (!absent(p) && !known_value(p, &v)) return false;
        xb_push(&p->values, v);
    } while (xb_lex_try(&p->x, ','));
    return xb_lex_mark(&p->x, ')');
}

/* The op is added without results; they are appended as they come. */
static bool op_results(xb_parser *p, xb_op op)
{
    p->values.n = 0;
    do {
        xb_value v = {0};
        char *name;
        xb_type t;
        if (!absent(p)) {
            if (!xb_parse_new_value(p, &name)) return false;
            bool ok = xb_parse_type(p, &t);
            if (ok) v.id = xb_value_slot_new(p->g, name, NULL, &t, XB_VALUE_RESULT);
            free(name);
            if (!ok) return false;
            xb_value_at(p->g, v.id)->producer = op.id;
        }
        xb_push(&p->values, v);
    } while (xb_lex_try(&p->x, ','));
    xb_op_slot *s = xb_op_at(p->g, op.id);
    s->out = xb_arena_alloc(p->g->arena, p->values.n, sizeof *s->out);
    s->n_out = p->values.n;
    memcpy(s->out, p->values.data, p->values.n * sizeof *s->out);
    return !p->x.failed;
}

static bool op_line(xb_parser *p)
{
    xb_op op = {0};
    bool named = p->x.token == XB_T_WORD || p->x.token == XB_T_STRING;
    if (named && !p->x.text.len) return xb_lex_fail(&p->x, "an op needs a name");
    if (named && xb_graph_find_op(p->g, p->x.text.data).id)
        return xb_lex_fail(&p->x, "op '%s' is there already", p->x.text.data);
    char *name = xb_parse_name(p, "the name of an op"), *type = name ? xb_parse_name(p, "an operator") : NULL;
    bool ok = type && op_inputs(p);
    if (ok) op = xb_op_insert(p->g, op, type, name, p->values.data, p->values.n, NULL, NULL, 0);
    free(name);
    free(type);
    if (!ok) return false;
    if (xb_lex_try(&p->x, '{')) {
        do {
            if (!attribute(p, op)) return false;
        } while (xb_lex_try(&p->x, ','));
        if (!xb_lex_mark(&p->x, '}')) return false;
    }
    return xb_lex_try(&p->x, '>') ? op_results(p, op) : !p->x.failed;
}

static bool input_line(xb_parser *p)
{
    char *name;
    xb_type t;
    if (!xb_parse_new_value(p, &name)) return false;
    bool ok = xb_parse_type(p, &t);
    if (ok) xb_graph_add_input(p->g, name, &t);
    free(name);
    return ok;
}

static bool output_line(xb_parser *p)
{
    xb_value v;
    if (!known_value(p, &v)) return false;
    xb_graph_add_output(p->g, v);
    return true;
}

static bool symbol_line(xb_parser *p)
{
    if ((p->x.token == XB_T_WORD || p->x.token == XB_T_STRING) &&
        xb_map_get(p->g->symbol_ids, p->x.text.data, p->x.text.len, 0))
        return xb_lex_fail(&p->x, "symbol '%s' is there already", p->x.text.data);
    char *name = xb_parse_name(p, "the name of a symbol");
    if (!name) return false;
    bool ok = *name || xb_lex_fail(&p->x, "a symbol needs a name");
    if (ok) xb_graph_symbol_id(p->g, name);
    free(name);
    return ok;
}

static const struct {
    const char *keyword;
    bool (*parse)(xb_parser *p);
} lines[] = {
    {"symbol", symbol_line}, {"input", input_line}, {"const", xb_parse_const},
    {"note", xb_parse_note}, {"op", op_line},       {"output", output_line},
};

static bool end_of_line(xb_parser *p)
{
    if (p->x.token != XB_T_LINE)
        return xb_lex_fail(&p->x, "expected the end of the line, found '%s'", xb_lex_shown(&p->x));
    while (p->x.token == XB_T_LINE) xb_lex(&p->x);
    return !p->x.failed;
}

static bool keyword(xb_parser *p, const char *word)
{
    if (p->x.token != XB_T_WORD || strcmp(p->x.text.data, word))
        return xb_lex_fail(&p->x, "expected '%s', found '%s'", word, xb_lex_shown(&p->x));
    xb_lex(&p->x);
    return !p->x.failed;
}

static bool head(xb_parser *p, const char *path)
{
    int64_t version;
    while (p->x.token == XB_T_LINE) xb_lex(&p->x);
    if (!keyword(p, "xir")) return false;
    const char *at = p->x.text.data;
    if (p->x.token == XB_T_WORD && (!xb_parse_i64(at, &version) || version != 1))
        return xb_lex_fail(&p->x, "version '%s' of the format is not known; this program reads version 1", at);
    if (!keyword(p, "1") || !end_of_line(p) || !keyword(p, "graph")) return false;
    char *name = xb_parse_name(p, "the name of the graph");
    if (!name) return false;
    p->g = xb_graph_new(name, path);
    free(name);
    return end_of_line(p);
}

static bool line(xb_parser *p)
{
    if (p->x.token != XB_T_WORD)
        return xb_lex_fail(&p->x,
                           "expected a line that begins with symbol, input, const, note, op, output or end, found '%s'",
                           xb_lex_shown(&p->x));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strcmp(p->x.text.data, lines[i].keyword)) continue;
        xb_lex(&p->x);
        return lines[i].parse(p) && end_of_line(p);
    }
    return xb_lex_fail(&p->x, "unknown word '%s'; lines begin with symbol, input, const, note, op, output or end",
                       p->x.text.data);
}

static bool whole(xb_parser *p, const char *path)
{
    if (!head(p, path)) return false;
    while (p->x.token != XB_T_WORD || strcmp(p->x.text.data, "end"))
        if (!line(p)) return false;
    xb_lex(&p->x);
    while (p->x.token == XB_T_LINE) xb_lex(&p->x);
    if (p->x.token != XB_T_END) xb_lex_fail(&p->x, "something follows 'end'");
    return !p->x.failed;
}

static xb_graph *parse(xb_diags *d, const char *path, const char *text, size_t n, bool blank)
{
    xb_parser p = {.blank = blank};
    xb_lexer_init(&p.x, d, path, text, n);
    bool ok = whole(&p, path);
    for (size_t i = 0; i < p.sides.n; i++) free(p.sides.data[i].name);
    xb_vec_free(&p.sides);
    xb_vec_free(&p.ints);
    xb_vec_free(&p.floats);
    xb_vec_free(&p.values);
    xb_buf_free(&p.bytes);
    xb_lexer_free(&p.x);
    if (ok) return p.g;
    xb_graph_free(p.g);
    return NULL;
}

xb_graph *xb_xir_parse(xb_diags *d, const char *path, const char *text, size_t n)
{
    return parse(d, path, text, n, false);
}

xb_graph *xb_xir_parse_blank(xb_diags *d, const char *path, const char *text, size_t n)
{
    return parse(d, path, text, n, true);
}

xb_graph *xb_xir_read(xb_diags *d, const char *path)
{
    size_t n;
    char *text = xb_read_file(d, path, XB_XIR_TEXT_MAX, &n);
    if (!text) return NULL;
    xb_graph *g = xb_xir_parse(d, path, text, n);
    free(text);
    return g;
}
