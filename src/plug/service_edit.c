/* service_edit.c: "xb.edit": the trainer's structure verbs on a graph that nobody trains. */
#include "nn/train/edit.h"
#include "plug/context.h"
#include <string.h>

/* No tensor has a state, none is tied. */
static xb_params untrained(xb_graph *g)
{
    return (xb_params){.graph = g};
}

static int factor(xb_cx *cx, xb_graph *g, xb_op op, const float *u, const float *v, int64_t k, xb_op *first,
                  xb_op *second)
{
    xb_params p = untrained(g);
    return xb_edit_factor(xb_context_of(cx)->diags, &p, op, u, v, k, first, second) ? 0 : -1;
}

static int merge(xb_cx *cx, xb_graph *g, xb_op first, xb_op second, xb_op *op)
{
    xb_params p = untrained(g);
    return xb_edit_merge(xb_context_of(cx)->diags, &p, first, second, op) ? 0 : -1;
}

static int remove_units(xb_cx *cx, xb_graph *g, xb_op op, const int64_t *units, size_t n, bool fold)
{
    xb_params p = untrained(g);
    return xb_edit_remove_units(xb_context_of(cx)->diags, &p, op, units, n, fold) ? 0 : -1;
}

/* Of an error as it is printed: "node 'x' (Softmax): words". */
static const char *words_of(xb_context *c, const xb_graph *g, const char *said)
{
    size_t file = strlen(xb_graph_file(g));
    if (!strncmp(said, xb_graph_file(g), file) && !strncmp(said + file, ": ", 2)) said += file + 2;
    const char *error = strstr(said, "error: "), *end = strstr(said, " [edit]");
    if (!error || !end || end < error) return said;
    const char *words = error + strlen("error: ");
    return xb_arena_printf(c->arena, "%.*s%.*s", (int)(error - said), said, (int)(end - words), words);
}

static int losses(xb_cx *cx, const xb_graph *g, xb_op op, const int64_t *units, size_t n, const xb_losing **list,
                  const char **why)
{
    xb_context *c = xb_context_of(cx);
    xb_diags *aside = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    size_t count;
    bool ok = xb_edit_losses(aside, c->arena, g, op, units, n, list, &count);
    *why = ok ? NULL : words_of(c, g, xb_arena_strdup(c->arena, xb_diags_text(aside)));
    xb_diags_free(aside);
    return ok ? (int)count : -1;
}

/* ---- names in options ---- */

static const char *pattern_at(const xb_list *patterns, bool map, size_t i)
{
    return map ? ((const xb_map_item *)patterns->data)[i].key : ((const char *const *)patterns->data)[i];
}

static int which(const xb_list *patterns, bool map, const char *layer)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (xb_glob(pattern_at(patterns, map, i), layer)) return (int)i;
    return -1;
}

static bool means_some(const xb_graph *g, const char *pattern, const xb_list *within)
{
    xb_matrix m;
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op))
        if (xb_graph_matrix(g, op, &m) && xb_glob(pattern, m.name) &&
            (!within || !within->n || which(within, false, m.name) >= 0))
            return true;
    return false;
}

static int check_names(xb_cx *cx, const xb_graph *g, const char *option, const xb_list *patterns, bool map,
                       const xb_list *within)
{
    int status = 0;
    for (size_t i = 0; i < patterns->n; i++) {
        const char *pattern = pattern_at(patterns, map, i);
        bool known = means_some(g, pattern, NULL);
        if (known && means_some(g, pattern, within)) continue;
        cx->host->diagnose(cx, XB_ERROR, "pass-check", NULL, "'%s: %s' is the name or pattern of no layer%s", option,
                           pattern, known ? " that 'layers' means" : "");
        status = -1;
    }
    return status;
}

static bool idle(xb_cx *cx, const xb_graph *g, xb_op op, const int64_t *units, size_t n, bool silent)
{
    (void)cx;
    xb_diags *aside = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    bool yes = xb_edit_idle(aside, g, op, units, n, silent);
    xb_diags_free(aside);
    return yes;
}

const xb_edit_api xb_edit_service = {
    .struct_size = sizeof(xb_edit_api),
    .factor = factor,
    .merge = merge,
    .remove_units = remove_units,
    .losses = losses,
    .which = which,
    .check_names = check_names,
    .idle = idle,
};
