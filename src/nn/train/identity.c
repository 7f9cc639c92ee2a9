/* identity.c: what a run is made from, as lines: a checkpoint belongs to one identity. */
#include "base/digest.h"
#include "base/opts.h"
#include "ir/text.h"
#include "nn/train/train.h"

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
    xb_buf_printf(b, ", %s", key);
    for (size_t i = 0; i < n; i++) xb_buf_printf(b, " %.17g", v[i]);
}

void xb_train_identity(xb_buf *b, const xb_training *what)
{
    network(b, "network", what->graph);
    if (what->teacher) network(b, "teacher", what->teacher);
    xb_buf_str(b, "recipe: ");
    xb_opts_print(b, xb_recipe_options, what->recipe);
    xb_buf_printf(b, "\ndata: %s, %zu items, hold-out %zu", xb_dataset_name(what->data), xb_dataset_count(what->data),
                  what->holdout);
    if (what->map) {
        xb_buf_printf(b, ", scale %.17g", what->map->scale);
        numbers(b, "mean", what->map->mean, what->map->n_mean);
        numbers(b, "std", what->map->std, what->map->n_std);
    }
    char library[64];
    xb_buf_printf(b, "\nseed: %llu\nprofile: %s, %s, %s%s%s\n", (unsigned long long)what->seed, xb_engine_profile(),
                  XB_TAPE_RULES, xb_engine_library(library), what->engine.plain ? ", plain" : "",
                  what->no_winograd ? ", no Winograd" : "");
}
