/* sets.c: --set KEY=VALUE: a value of the pipeline's tree replaced before it is read, so that it is checked like any
 * other. */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

#define LABEL "--set"

typedef struct edit {
    const xb_reading *in;
    const char *file; /* the text's name in messages */
    const char *text; /* "passes.rank-clip.epsilon=0.02" */
    const char *equals;
    xb_yaml *value;
} edit;

bool xb_from_set(const xb_yaml *y)
{
    return y && y->file && xb_starts_with(y->file, "--");
}

/* 1-based column of a byte of the text, in characters. */
static int column(const edit *e, const char *at)
{
    int col = 1;
    for (const char *c = e->text; c < at; c++) col += (*c & 0xc0) != 0x80;
    return col;
}

static bool refuse(const edit *e, const char *at, const char *format, ...) XB_PRINTF(3, 4);
static bool refuse(const edit *e, const char *at, const char *format, ...)
{
    xb_where where = {.file = e->file, .line = 1, .col = column(e, at)};
    va_list args;
    va_start(args, format);
    xb_vdiag(e->in->d, XB_ERROR, "set", &where, format, args);
    va_end(args);
    return false;
}

static xb_yaml *scalar_at(const edit *e, const char *text, size_t n, const char *at)
{
    xb_arena *a = e->in->p->arena;
    xb_yaml *y = xb_arena_alloc(a, 1, sizeof *y);
    *y = (xb_yaml){
        .kind = XB_YAML_SCALAR, .file = e->file, .line = 1, .col = column(e, at), .text = xb_arena_strndup(a, text, n)};
    return y;
}

/* The value is parsed behind as many spaces as its key has characters, so that its positions are those in the text. */
static bool parse_value(edit *e)
{
    const xb_reading *in = e->in;
    if (!e->equals[1]) {
        e->value = scalar_at(e, "", 0, e->equals + 1);
        return true;
    }
    xb_buf b = {0};
    for (int i = column(e, e->equals + 1); i > 1; i--) xb_buf_char(&b, ' ');
    xb_buf_str(&b, e->equals + 1);
    e->value = xb_yaml_parse(in->d, in->p->arena, e->file, b.data, b.len, in->lookup, in->context);
    xb_buf_free(&b);
    return e->value != NULL;
}

static size_t piece_length(const edit *e, const char *at)
{
    size_t n = 0;
    while (at + n < e->equals && at[n] != '.') n++;
    return n;
}

/* Does `name` ("tune", "@fc", "tune@fc") mean the step called `instance`? */
static bool means(const char *name, const char *instance)
{
    const char *id = strchr(instance, '@');
    if (strcmp(name, instance) == 0 || (id && strcmp(name, id) == 0)) return true;
    return id && strlen(name) == (size_t)(id - instance) && strncmp(name, instance, strlen(name)) == 0;
}

/* An entry of just this name is meant before those that it may be short for. */
static xb_yaml **whole_name(const xb_yaml *list, const char *name)
{
    xb_yaml *step, *options;
    for (size_t i = 0; i < list->n; i++)
        if (xb_entry_parts(list->item[i], &step, &options) && strcmp(name, step->text) == 0) return &list->item[i];
    return NULL;
}

/* A device that there is, but not in this chain. */
static void no_device(const edit *e, const xb_yaml *list, const char *name, const char *at)
{
    xb_buf names = {0};
    xb_yaml *step, *options;
    for (size_t i = 0; i < list->n; i++)
        if (xb_entry_parts(list->item[i], &step, &options)) xb_buf_printf(&names, "%s, ", step->text);
    refuse(e, at, "the chip has no device '%s'%s%.*s; add it: --set 'chip.devices=[%s%s]'%s", name,
           names.len ? ", but " : "", names.len ? (int)names.len - 2 : 0, xb_buf_cstr(&names), xb_buf_cstr(&names),
           name, names.len ? ", with the others' options" : "");
    xb_buf_free(&names);
}

/* The options of the one step that `name` means; an entry without options gets an empty map. NULL after a diagnostic.
 */
static xb_yaml **find_step(const edit *e, xb_yaml *list, const char *name, const char *at, const char *what)
{
    xb_yaml **whole = whole_name(list, name), **found = whole;
    const char *names[64], *first = NULL;
    size_t n_names = 0;
    for (size_t i = 0; !whole && i < list->n; i++) {
        xb_yaml *step, *options;
        if (!xb_entry_parts(list->item[i], &step, &options)) continue;
        if (n_names < 64) names[n_names++] = step->text;
        if (!means(name, step->text)) continue;
        if (found) {
            refuse(e, at, "'%s' is both '%s' and '%s'; write one of them", name, first, step->text);
            return NULL;
        }
        first = step->text;
        found = &list->item[i];
    }
    if (!found) {
        const char *near = xb_nearest(name, names, n_names);
        if (strcmp(what, "chip.devices") == 0 && xb_registry_device(e->in->registry, name)) {
            no_device(e, list, name, at);
            return NULL;
        }
        refuse(e, at, "'%s' has no '%s'%s%s%s", what, name, near ? "; did you mean '" : "", near ? near : "",
               near ? "'?" : "");
        return NULL;
    }
    xb_arena *a = e->in->p->arena;
    xb_yaml *step, *options, *entry = xb_yaml_new_map(a, *found);
    xb_entry_parts(*found, &step, &options);
    xb_yaml **slot = xb_yaml_slot(a, entry, step);
    *slot = options;
    *found = entry;
    return slot;
}

/* The slot of the piece at `at` in *node, which becomes a map when nothing is there. NULL after a diagnostic. */
static xb_yaml **step_into(const edit *e, xb_yaml **node, const char *at, size_t n)
{
    xb_arena *a = e->in->p->arena;
    if (!*node || xb_yaml_is_null(*node)) *node = xb_yaml_new_map(a, e->value);
    if ((*node)->kind != XB_YAML_MAP) {
        refuse(e, at, "'%.*s' holds no options, so it has no '%.*s'", (int)(at - e->text - 1), e->text, (int)n, at);
        return NULL;
    }
    return xb_yaml_slot(a, *node, scalar_at(e, at, n, at));
}

/* The list of steps that the key up to `end` names; NULL: it names none. */
static const char *steps_at(const edit *e, const char *end)
{
    static const char *const lists[] = {"passes", "emit", "chip.devices"};
    size_t n = (size_t)(end - e->text);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strlen(lists[i]) == n && strncmp(lists[i], e->text, n) == 0) return lists[i];
    return NULL;
}

static bool apply(edit *e, xb_yaml *root)
{
    xb_yaml **slot = &root;
    const char *steps = NULL; /* inside a list of steps: its key */
    for (const char *at = e->text;; at++) {
        size_t n = piece_length(e, at);
        if (!n) return refuse(e, at, "a word of the key is missing");
        char *name = xb_strndup(at, n);
        xb_yaml none = {.kind = XB_YAML_SEQ};
        if (steps && strcmp(steps, "chip.devices") == 0 && (!*slot || xb_yaml_is_null(*slot)))
            slot = find_step(e, &none, name, at, steps);
        else if (steps && *slot && (*slot)->kind == XB_YAML_SEQ)
            slot = find_step(e, *slot, name, at, steps);
        else
            slot = step_into(e, slot, at, n);
        bool last = at + n == e->equals, top = at == e->text;
        steps = steps_at(e, at + n);
        if (slot && top && !last && *slot && strcmp(name, "hardware") == 0) {
            *slot = xb_hardware_tree(e->in, *slot);
            if (!*slot) slot = NULL;
        }
        free(name);
        if (!slot) return false;
        at += n;
        if (!last) continue;
        *slot = e->value;
        return true;
    }
}

static bool apply_text(const xb_reading *in, xb_yaml *root, const char *label, const char *text)
{
    edit e = {.in = in, .file = label, .text = text, .equals = strchr(text, '=')};
    xb_diags_source(in->d, label, text, strlen(text));
    if (!e.equals) return refuse(&e, text, "'%s' is not KEY=VALUE", text);
    if (!parse_value(&e)) return false;
    xb_diags_source(in->d, label, text, strlen(text));
    return apply(&e, root);
}

bool xb_sets_apply(const xb_reading *in, xb_yaml *root, const char *const *sets, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        const char *text = sets[i];
        const char *label = n == 1 ? LABEL : xb_arena_printf(in->p->arena, LABEL "[%zu]", i + 1);
        if (xb_starts_with(text, "--")) { /* an option of its own: --hardware=NAME, or "--epochs train.epochs=3" */
            size_t flag = strcspn(text, " =");
            label = xb_arena_strndup(in->p->arena, text, flag);
            text += text[flag] == ' ' ? flag + 1 : 2;
        }
        ok &= apply_text(in, root, label, text);
    }
    return ok;
}
