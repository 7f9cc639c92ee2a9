/* folder.c: what the pipeline.yaml of an output folder says of its chip. The
 * passes have run: they, and the plugins they came from, are not asked for. */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

typedef struct top {
    uint64_t seed;
    xb_pipeline p;
} top;

static const xb_option top_options[] = {
    {.name = "seed", .help = "", .type = XB_OPT_INT, .offset = offsetof(top, seed), .def = "0", .min = 0, .max = 9e18},
    {.name = "data",
     .help = "",
     .type = XB_OPT_STRUCT,
     .offset = offsetof(top, p.data),
     .sub = xb_data_options,
     .sub_size = sizeof(((xb_pipeline *)0)->data)},
    {.name = NULL},
};

static bool is_of_chip(const char *key)
{
    static const char *const keys[] = {"xbarc", "seed", "data", "hardware", "chip", "simulate"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

static xb_yaml *without_the_rest(const xb_reading *in, xb_yaml *root)
{
    xb_yaml *kept = xb_yaml_new_map(in->p->arena, root);
    for (size_t i = 0; i < root->n; i++)
        if (is_of_chip(root->key[i]->text)) *xb_yaml_slot(in->p->arena, kept, root->key[i]) = root->item[i];
    return kept;
}

/* A --set of a key that has had its effect would change nothing. */
static bool nothing_else(const xb_reading *in, const xb_yaml *root)
{
    bool ok = true;
    for (size_t i = 0; i < root->n; i++)
        if (!is_of_chip(root->key[i]->text))
            ok = xb_pipe_refuse(in, root->key[i], "set",
                                "'%s' can no longer be set in a folder that is made; "
                                "chip, hardware, data and seed can",
                                root->key[i]->text);
    return ok;
}

static bool read_top(const xb_reading *in, xb_yaml *root)
{
    xb_arena *a = in->p->arena;
    xb_yaml *some = xb_yaml_new_map(a, root);
    for (size_t i = 0; i < root->n; i++)
        if (strcmp(root->key[i]->text, "seed") == 0 || strcmp(root->key[i]->text, "data") == 0)
            *xb_yaml_slot(a, some, root->key[i]) = root->item[i];
    top t;
    bool ok = xb_opts_read(in->d, a, "pipeline", top_options, some, &t, sizeof t);
    in->p->seed = t.seed;
    in->p->data = t.p.data;
    if (ok) xb_pipe_rebase_data(in, root);
    return ok;
}

static bool read_all(const xb_reading *in, const char *const *sets, size_t n_sets)
{
    xb_yaml *root = xb_pipe_parse_file(in, in->p->file, in->lookup);
    if (!root || !xb_pipe_check_format(in, root)) return false;
    root = without_the_rest(in, root);
    if (!xb_sets_apply(in, root, sets, n_sets) || !nothing_else(in, root)) return false;
    bool ok = read_top(in, root);
    xb_yaml *hardware = xb_yaml_get(root, "hardware");
    if (!hardware) return xb_pipe_refuse(in, root, "option-missing", "pipeline: 'hardware' is missing");
    ok &= xb_hardware_read(in, hardware);
    ok &= xb_chip_read(in, xb_pipe_given(root, "chip"));
    ok &= xb_simulate_read(in, xb_pipe_given(root, "simulate"));
    return ok && xb_pipeline_check_parts(in);
}

xb_pipeline *xb_pipeline_of_folder(xb_diags *d, const xb_registry *r, const char *folder, const char *const *sets,
                                   size_t n_sets, const char *const *hw_dirs)
{
    xb_defines none = {0};
    char *path = xb_path_join(folder, "pipeline.yaml"), *dir = xb_path_dir(path);
    xb_reading in = {.d = d,
                     .p = xb_pipeline_new(path, dir),
                     .registry = r,
                     .hw_dirs = hw_dirs,
                     .lookup = xb_pipe_find_define,
                     .context = &none};
    bool ok = read_all(&in, sets, n_sets);
    free(path);
    free(dir);
    if (ok) return in.p;
    xb_pipeline_free(in.p);
    return NULL;
}
