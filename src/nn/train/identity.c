/* identity.c: what a run is made from, as lines: a checkpoint belongs to one identity; and how two of them differ. */
#include "base/digest.h"
#include "base/opts.h"
#include "ir/text.h"
#include "nn/linalg.h"
#include "nn/train/train.h"
#include <string.h>

static void into_digest(void *digest, const void *bytes, size_t n)
{
    xb_digest_add(digest, bytes, n);
}

/* The text has a digest of every large constant. */
static void network(xb_buf *b, const char *key, const xb_graph *g)
{
    char hex[XB_DIGEST_HEX];
    xb_digest *digest = xb_digest_new();
    xb_xir_print(g, into_digest, digest, NULL, NULL, NULL);
    xb_digest_end(digest, hex);
    xb_buf_printf(b, "%s: %s\n", key, hex);
}

static void numbers(xb_buf *b, const char *key, const double *v, size_t n)
{
    xb_buf_printf(b, ", %s: [", key);
    for (size_t i = 0; i < n; i++) xb_buf_printf(b, "%s%.17g", i ? ", " : "", v[i]);
    xb_buf_char(b, ']');
}

/* By its contents: files change under their names. */
static void data(xb_buf *b, const xb_training *what)
{
    char hex[XB_DIGEST_HEX];
    xb_dataset_digest(what->data, hex);
    xb_buf_str(b, "data: {set: ");
    xb_yaml_print_text(b, xb_dataset_name(what->data));
    xb_buf_printf(b, ", sha256: %s, hold-out: %zu", hex, what->holdout);
    if (what->map) {
        xb_buf_printf(b, ", scale: %.17g", what->map->scale);
        numbers(b, "mean", what->map->mean, what->map->n_mean);
        numbers(b, "std", what->map->std, what->map->n_std);
    }
    xb_buf_str(b, "}\n");
}

void xb_train_identity(xb_buf *b, const xb_training *what)
{
    network(b, "network", what->graph);
    if (what->teacher) network(b, "teacher", what->teacher);
    xb_buf_str(b, "recipe: ");
    xb_opts_print(b, xb_recipe_options, what->recipe);
    xb_buf_char(b, '\n');
    data(b, what);
    char library[64], algebra[64];
    xb_buf_printf(b, "seed: %llu\nprofile: %s, %s, %s, %s%s%s\n", (unsigned long long)what->seed, xb_engine_profile(),
                  XB_TAPE_RULES, xb_engine_library(library), xb_linalg_library(algebra),
                  what->engine.plain ? ", plain" : "", what->no_winograd ? ", no Winograd" : "");
}

/* ---- what differs ---- */

typedef struct piece { /* of a text */
    const char *at;
    size_t n;
} piece;

/* Up to `end` outside of quotes and brackets, or to the end of the text. */
static size_t until(piece p, char end)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < p.n; i++) {
        char c = p.at[i];
        if (quoted && c == '\\') i++;
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == end && depth == 0) return i;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return p.n;
}

/* Takes "key: value" off the front of a list that `end` divides. */
static bool take(piece *list, char end, piece *key, piece *value)
{
    while (list->n && (*list->at == ' ' || *list->at == end)) list->at++, list->n--;
    if (!list->n) return false;
    piece item = {list->at, until(*list, end)};
    list->at += item.n, list->n -= item.n;
    *key = (piece){item.at, until(item, ':')};
    size_t skip = key->n + 2 < item.n ? key->n + 2 : item.n;
    *value = (piece){item.at + skip, item.n - skip};
    return true;
}

static bool same(piece a, piece b)
{
    return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

static piece find(piece list, char end, piece key)
{
    piece k, v;
    while (take(&list, end, &k, &v))
        if (same(k, key)) return v;
    return (piece){NULL, 0};
}

/* What is inside of the map that a value ends with, and what stands before it: "{...}", or "fine-tune {...}". */
static bool inside(piece v, piece *head, piece *in)
{
    const char *open = v.n ? memchr(v.at, '{', v.n) : NULL;
    if (!open || v.at[v.n - 1] != '}') return false;
    *head = (piece){v.at, (size_t)(open - v.at)};
    *in = (piece){open + 1, v.n - head->n - 2};
    return true;
}

static void say(xb_buf *out, const char *prefix, piece key, piece there, piece here)
{
    static const piece none = {"nothing", 7};
    if (!there.n) there = none;
    if (!here.n) here = none;
    xb_buf_printf(out, "%s%s%.*s: %.*s there, %.*s here", out->len ? "; " : "", prefix, (int)key.n, key.at,
                  (int)there.n, there.at, (int)here.n, here.at);
}

static void compare(xb_buf *out, const char *prefix, piece there, piece here, char end)
{
    piece key, x, y, in_x, in_y, head_x, head_y;
    for (piece rest = there; take(&rest, end, &key, &x);) {
        y = find(here, end, key);
        if (y.at && same(x, y)) continue;
        if (inside(x, &head_x, &in_x) && inside(y, &head_y, &in_y) && same(head_x, head_y)) {
            xb_buf deeper = {0};
            xb_buf_printf(&deeper, "%s%.*s.", prefix, (int)key.n, key.at);
            compare(out, xb_buf_cstr(&deeper), in_x, in_y, ',');
            xb_buf_free(&deeper);
        } else {
            say(out, prefix, key, x, y);
        }
    }
    for (piece rest = here; take(&rest, end, &key, &y);)
        if (!find(there, end, key).at) say(out, prefix, key, (piece){NULL, 0}, y);
}

void xb_train_identity_differs(xb_buf *out, const char *there, const char *here)
{
    compare(out, "", (piece){there, strlen(there)}, (piece){here, strlen(here)}, '\n');
}
