/* yaml.c: libyaml's events -> tree. The text is checked first (yaml_text.c), so that lines are what editors count. */
#include "base/yaml.h"
#include "base/map.h"
#include "base/vec.h"
#include "base/yaml_text.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 64
#define MAX_NODES 100000

typedef xb_vec(xb_yaml *) node_list;

/* An open map or sequence. */
typedef struct frame {
    xb_yaml *node;
    node_list item, key; /* of a map: one key more than items between a key and its value */
    xb_map *seen;        /* key -> index */
} frame;

typedef struct builder {
    xb_diags *d;
    xb_arena *a;
    const char *file;
    xb_yaml_text text;
    xb_yaml_lookup *lookup;
    void *context;
    frame frame[MAX_DEPTH];
    size_t depth, nodes;
    xb_yaml *root;
    int documents;
} builder;

/* libyaml puts the end of a text without a last line end on a line of its own; ours is behind the last character. */
static xb_where where_of(const builder *b, const yaml_mark_t *mark)
{
    size_t lines = b->text.line.n, col = mark->column;
    if (mark->line < lines || !lines)
        return (xb_where){.file = b->file, .line = (int)mark->line + 1, .col = (int)col + 1};
    for (col = 0; xb_yaml_text_at(&b->text, lines - 1, col);) col++;
    return (xb_where){.file = b->file, .line = (int)lines, .col = (int)col + 1};
}

static bool fail(const builder *b, const yaml_mark_t *mark, const char *code, const char *message)
{
    xb_where where = where_of(b, mark);
    xb_diag(b->d, XB_ERROR, code, &where, "%s", message);
    return false;
}

static xb_yaml *node_new(builder *b, xb_yaml_kind kind, const yaml_mark_t *mark)
{
    xb_yaml *y = xb_arena_alloc(b->a, 1, sizeof *y);
    y->kind = kind;
    y->file = b->file;
    y->line = (int)mark->line + 1;
    y->col = (int)mark->column + 1;
    return y;
}

/* libyaml loses a lone "!", so the source is asked. */
static bool plain_node(const builder *b, const yaml_mark_t *mark, const unsigned char *anchor, const unsigned char *tag)
{
    char c = xb_yaml_text_at(&b->text, mark->line, mark->column);
    if (anchor || c == '&') return fail(b, mark, "yaml-anchor", "anchors (&name) are not part of this format");
    if (tag || c == '!') return fail(b, mark, "yaml-tag", "tags (!name) are not part of this format");
    return true;
}

static bool awaits_key(const frame *f)
{
    return f->node->kind == XB_YAML_MAP && f->key.n == f->item.n;
}

static bool add_key(builder *b, frame *f, xb_yaml *y, const yaml_mark_t *mark)
{
    if (y->kind != XB_YAML_SCALAR) return fail(b, mark, "yaml-key", "a key must be a word, not a map or a list");
    if (!y->quoted && !*y->text) return fail(b, mark, "yaml-key", "a key is missing before ':'");
    size_t n = strlen(y->text);
    uint32_t first = xb_map_get(f->seen, y->text, n, UINT32_MAX);
    if (first != UINT32_MAX) {
        xb_where where = where_of(b, mark);
        xb_diag(b->d, XB_ERROR, "yaml-duplicate", &where, "key '%s' is repeated; first on line %d", y->text,
                f->key.data[first]->line);
        return false;
    }
    xb_map_put(f->seen, y->text, n, (uint32_t)f->key.n);
    xb_push(&f->key, y);
    return true;
}

/* Puts y where the innermost open node wants it. */
static bool attach(builder *b, xb_yaml *y, const yaml_mark_t *mark)
{
    if (++b->nodes > MAX_NODES) return fail(b, mark, "yaml-size", "more than 100,000 keys and values");
    if (b->depth == 0) {
        b->root = y;
        return true;
    }
    frame *f = &b->frame[b->depth - 1];
    if (awaits_key(f)) return add_key(b, f, y, mark);
    xb_push(&f->item, y);
    return true;
}

static bool on_scalar(builder *b, const yaml_event_t *e)
{
    if (!plain_node(b, &e->start_mark, e->data.scalar.anchor, e->data.scalar.tag)) return false;
    const char *text = (const char *)e->data.scalar.value;
    size_t n = e->data.scalar.length;
    if (memchr(text, 0, n)) return fail(b, &e->start_mark, "yaml-syntax", "text with a NUL character");
    xb_yaml *y = node_new(b, XB_YAML_SCALAR, &e->start_mark);
    y->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    y->text = xb_arena_strndup(b->a, text, n);
    bool is_key = b->depth && awaits_key(&b->frame[b->depth - 1]);
    if (!is_key && !xb_yaml_expand(b->d, b->a, &b->text, y, b->lookup, b->context)) return false;
    return attach(b, y, &e->start_mark);
}

static bool on_start(builder *b, const yaml_event_t *e, xb_yaml_kind kind, const unsigned char *anchor,
                     const unsigned char *tag)
{
    if (!plain_node(b, &e->start_mark, anchor, tag)) return false;
    xb_yaml *y = node_new(b, kind, &e->start_mark);
    if (!attach(b, y, &e->start_mark)) return false;
    if (b->depth == MAX_DEPTH) return fail(b, &e->start_mark, "yaml-depth", "nested deeper than 64 levels");
    b->frame[b->depth++] = (frame){.node = y, .seen = kind == XB_YAML_MAP ? xb_map_new() : NULL};
    return true;
}

static void frame_free(frame *f)
{
    xb_vec_free(&f->item);
    xb_vec_free(&f->key);
    if (f->seen) xb_map_free(f->seen);
}

static xb_yaml **keep(xb_arena *a, const node_list *list)
{
    if (!list->n) return NULL;
    xb_yaml **copy = xb_arena_alloc(a, list->n, sizeof *copy);
    memcpy(copy, list->data, list->n * sizeof *copy);
    return copy;
}

static bool on_end(builder *b)
{
    frame *f = &b->frame[--b->depth];
    f->node->n = f->item.n;
    f->node->item = keep(b->a, &f->item);
    f->node->key = keep(b->a, &f->key);
    frame_free(f);
    return true;
}

static bool on_document(builder *b, const yaml_event_t *e)
{
    if (b->documents++) return fail(b, &e->start_mark, "yaml-document", "a second document; one file holds one");
    if (e->data.document_start.version_directive ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
        return fail(b, &e->start_mark, "yaml-syntax", "directives (%YAML, %TAG) are not part of this format");
    return true;
}

static bool on_event(builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(b, e);
    case YAML_ALIAS_EVENT:
        return fail(b, &e->start_mark, "yaml-alias",
                    "aliases (*name) are not part of this format; quote text that begins with *");
    case YAML_SCALAR_EVENT:
        return on_scalar(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, e, XB_YAML_SEQ, e->data.sequence_start.anchor, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, e, XB_YAML_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    default:
        return true;
    }
}

/* What libyaml found wrong, in our words where its own mislead. */
static bool syntax_error(const builder *b, const yaml_parser_t *p)
{
    if (p->error == YAML_MEMORY_ERROR) xb_out_of_memory();
    const yaml_mark_t *mark = &p->problem_mark;
    if (xb_yaml_text_at(&b->text, mark->line, mark->column) == '\t')
        return fail(b, mark, "yaml-tab", "a tab in the indentation; use spaces");
    xb_where where = where_of(b, mark);
    const char *hint = xb_yaml_text_has(&b->text, mark->line, "${") ? "; inside [] and {} quote text with ${}" : "";
    if (p->context)
        xb_diag(b->d, XB_ERROR, "yaml-syntax", &where, "%s (%s that began on line %d)%s", p->problem, p->context,
                where_of(b, &p->context_mark).line, hint);
    else
        xb_diag(b->d, XB_ERROR, "yaml-syntax", &where, "%s%s", p->problem ? p->problem : "not YAML", hint);
    return false;
}

static bool build(builder *b, yaml_parser_t *p)
{
    for (bool end = false; !end;) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e)) return syntax_error(b, p);
        end = e.type == YAML_STREAM_END_EVENT;
        bool ok = on_event(b, &e);
        yaml_event_delete(&e);
        if (!ok) return false;
    }
    if (!b->root || (b->root->kind == XB_YAML_SCALAR && !b->root->quoted && !*b->root->text))
        return xb_error(b->d, "yaml-empty", (.file = b->file, .line = 1, .col = 1), "the file is empty");
    return true;
}

xb_yaml *xb_yaml_parse(xb_diags *d, xb_arena *a, const char *file, const char *text, size_t n, xb_yaml_lookup *lookup,
                       void *context)
{
    file = file ? xb_arena_strdup(a, file) : NULL;
    if (file) xb_diags_source(d, file, text, n);
    builder *b = xb_calloc(1, sizeof *b);
    *b = (builder){.d = d, .a = a, .file = file, .lookup = lookup, .context = context};
    bool ok = xb_yaml_text_open(d, file, text, n, &b->text);
    if (ok) {
        yaml_parser_t parser;
        if (!yaml_parser_initialize(&parser)) xb_out_of_memory();
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)b->text.bytes, b->text.n);
        ok = build(b, &parser);
        yaml_parser_delete(&parser);
    }
    while (b->depth) frame_free(&b->frame[--b->depth]);
    xb_yaml_text_close(&b->text);
    xb_yaml *root = ok ? b->root : NULL;
    free(b);
    return root;
}

xb_yaml *xb_yaml_get(const xb_yaml *map, const char *key)
{
    if (!map || map->kind != XB_YAML_MAP) return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->key[i]->text, key) == 0) return map->item[i];
    return NULL;
}

xb_where xb_yaml_where(const xb_yaml *y)
{
    return y ? (xb_where){.file = y->file, .line = y->line, .col = y->col} : (xb_where){.line = 0};
}

bool xb_yaml_is_null(const xb_yaml *y)
{
    return y->kind == XB_YAML_SCALAR && !y->quoted &&
           (!*y->text || strcmp(y->text, "~") == 0 || strcmp(y->text, "null") == 0);
}
