/* notes.c: what is noted of constants, in a model's metadata_props: "xbarc.note.KEY.NAME" -> "1 2 3".
 *
 * Other engines pass over it. A mask is not written: the zeros it stands for are in the weights.
 */
#include "onnx/notes.h"
#include "base/map.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "xbarc.note."

/* ---- out ---- */

static void add_numbers(xb_buf *text, const xb_attr *note)
{
    for (size_t i = 0; i < note->n; i++) xb_buf_printf(text, "%s%lld", i ? " " : "", (long long)note->ints[i]);
}

typedef struct entry {
    const char *key, *value;
} entry;

static void put_entry(xb_encoder *e, const void *message)
{
    const entry *t = message;
    xb_encode_text(e, 1, t->key);
    xb_encode_text(e, 2, t->value);
}

void xb_onnx_put_notes(xb_encoder *e, uint32_t field, const xb_graph *g)
{
    for (uint32_t id = 1; id < xb_graph_value_limit(g); id++) {
        const xb_attr *notes;
        size_t n = xb_graph_is_const(g, (xb_value){id}) ? xb_graph_notes(g, (xb_value){id}, &notes) : 0;
        for (size_t i = 0; i < n; i++) {
            xb_buf key = {0}, numbers = {0};
            if (!strcmp(notes[i].name, "mask")) continue;
            xb_buf_printf(&key, PREFIX "%s.%s", notes[i].name, xb_graph_value_name(g, (xb_value){id}));
            add_numbers(&numbers, &notes[i]);
            xb_encode_message(e, field, put_entry, &(entry){xb_buf_cstr(&key), xb_buf_cstr(&numbers)});
            xb_buf_free(&key), xb_buf_free(&numbers);
        }
    }
}

/* ---- in ---- */

typedef xb_vec(int64_t) integers;

static bool read_integers(const char *text, integers *out)
{
    for (char *end; *text; text = end) {
        errno = 0;
        int64_t v = strtoll(text, &end, 10);
        if (end == text || errno || (*end && *end != ' ')) return false;
        xb_push(out, v);
        end += *end == ' ';
    }
    return true;
}

/* key: KEY.NAME */
static void take(xb_diags *d, xb_graph *g, const xb_map *constants, const char *key, const char *value)
{
    const xb_where where = {.file = xb_graph_file(g)};
    const char *dot = strchr(key, '.'), *name = dot ? dot + 1 : "";
    xb_value v = {xb_map_get(constants, name, strlen(name), 0)};
    integers list = {0};
    if (!v.id)
        xb_diag(d, XB_WARNING, "onnx-note", &where, "the note '%s' is of no constant: left out", key);
    else if (!read_integers(value, &list))
        xb_diag(d, XB_WARNING, "onnx-note", &where, "the note '%s' is no list of integers: left out", key);
    else {
        char *what = xb_strndup(key, (size_t)(dot - key));
        xb_graph_set_note(g, v, what, list.data, list.n);
        free(what);
    }
    xb_vec_free(&list);
}

void xb_onnx_take_notes(xb_diags *d, xb_graph *g, const Onnx__ModelProto *p)
{
    xb_map *constants = xb_map_new();
    for (uint32_t id = 1; id < xb_graph_value_limit(g); id++) {
        const char *name = xb_graph_value_name(g, (xb_value){id});
        if (xb_graph_is_const(g, (xb_value){id}) && name) xb_map_put(constants, name, strlen(name), id);
    }
    for (size_t i = 0; i < p->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *t = p->metadata_props[i];
        if (t->key && t->value && !strncmp(t->key, PREFIX, strlen(PREFIX)))
            take(d, g, constants, t->key + strlen(PREFIX), t->value);
    }
    xb_map_free(constants);
}
