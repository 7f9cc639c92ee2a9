/* training.c: the training file -> xb_training_spec. */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

static const char *const starts[] = {"given", "xavier", "he", NULL};

typedef struct top {
    xb_top both;
    int start;
    xb_recipe recipe;
} top;

static const xb_option top_options[] = {
    XB_TOP_OPTIONS,
    {.name = "init",
     .help = "weights to begin with: those of the model, or fresh ones (Glorot 2010, He 2015)",
     .type = XB_OPT_CHOICE,
     .offset = offsetof(top, start),
     .def = "given",
     .choices = starts},
    {.name = "train",
     .help = "the recipe",
     .type = XB_OPT_STRUCT,
     .offset = offsetof(top, recipe),
     .sub = xb_recipe_options,
     .sub_size = sizeof(xb_recipe)},
    {.name = NULL},
};

static bool missing(const xb_reading *in, const char *what)
{
    return xb_error(in->d, "option-missing", (.file = in->p->file), "training: '%s' is missing", what);
}

static xb_yaml *tree(const xb_reading *in, bool from_file)
{
    static const char empty[] = "xbarc: 1\n";
    if (from_file) return xb_pipe_parse_file(in, in->p->file, in->lookup);
    return xb_yaml_parse(in->d, in->p->arena, in->p->file, empty, strlen(empty), NULL, NULL);
}

static bool read_all(const xb_reading *in, xb_training_spec *s, bool from_file, const char *model,
                     const char *const *sets, size_t n_sets)
{
    xb_yaml *root = tree(in, from_file);
    if (!root) return false;
    if (root->kind != XB_YAML_MAP)
        return xb_error(in->d, "option-type", (.file = in->p->file),
                        "a training file is a map: 'xbarc: 1', 'train: {...}'");
    if (!xb_sets_apply(in, root, sets, n_sets)) return false;
    top t;
    if (!xb_opts_read(in->d, in->p->arena, "training", top_options, root, &t, sizeof t)) return false;
    in->p->model = model ? xb_arena_strdup(in->p->arena, model) : t.both.p.model;
    in->p->seed = t.recipe.seed ? (uint64_t)t.recipe.seed : t.both.p.seed;
    in->p->data = t.both.p.data;
    s->start = t.start;
    s->recipe = t.recipe;
    xb_pipe_rebase_data(in, root);
    if (!in->p->model || !*in->p->model) return missing(in, "model");
    return in->p->data.train || missing(in, "data: {train: ...}");
}

xb_training_spec *xb_training_spec_read(xb_diags *d, const char *path, const char *model, const xb_define *list,
                                        size_t n_defines, const char *const *sets, size_t n_sets)
{
    xb_defines all = {list, n_defines};
    char *dir = path ? xb_path_dir(path) : xb_strdup(".");
    xb_training_spec *s = xb_calloc(1, sizeof *s);
    s->p = xb_pipeline_new(path ? path : "train", dir);
    xb_reading in = {.d = d, .p = s->p, .lookup = xb_pipe_find_define, .context = &all};
    bool ok = read_all(&in, s, path != NULL, model, sets, n_sets);
    free(dir);
    if (ok) return s;
    xb_training_spec_free(s);
    return NULL;
}

void xb_training_spec_free(xb_training_spec *s)
{
    if (!s) return;
    xb_pipeline_free(s->p);
    free(s);
}
