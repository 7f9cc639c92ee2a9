/* read.c: the pipeline file -> xb_pipeline. */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 16 << 20 };

/* ---- the table of the top level ---- */

/* Everything at the top; the last six are read by themselves and stand here for
 * their names. */
typedef struct top {
    xb_top both;
    const char *apart;
} top;

static const xb_option top_options[] = {
    XB_TOP_OPTIONS,
    {.name = "hardware", .help = "", .type = XB_OPT_STRING, .offset = offsetof(top, apart)},
    {.name = "gate", .help = "", .type = XB_OPT_STRING, .offset = offsetof(top, apart)},
    {.name = "chip", .help = "", .type = XB_OPT_STRING, .offset = offsetof(top, apart)},
    {.name = "passes", .help = "", .type = XB_OPT_STRING, .offset = offsetof(top, apart)},
    {.name = "simulate", .help = "", .type = XB_OPT_STRING, .offset = offsetof(top, apart)},
    {.name = "emit", .help = "", .type = XB_OPT_STRING, .offset = offsetof(top, apart)},
    {.name = NULL},
};

static bool read_apart(const char *key)
{
    const xb_option *o = top_options;
    while (o->name && strcmp(o->name, key) != 0) o++;
    return o->name && o->offset == offsetof(top, apart);
}

/* ---- parts ---- */

const xb_yaml *xb_pipe_given(const xb_yaml *root, const char *key)
{
    const xb_yaml *y = xb_yaml_get(root, key);
    return y && !xb_yaml_is_null(y) ? y : NULL;
}

bool xb_pipe_refuse(const xb_reading *in, const xb_yaml *at, const char *code, const char *format, ...)
{
    xb_where where = xb_yaml_where(at);
    va_list args;
    va_start(args, format);
    xb_vdiag(in->d, XB_ERROR, code, &where, format, args);
    va_end(args);
    return false;
}

/* "kind:path", "npy:path,path" with relative paths put behind dir. */
static const char *rebase(xb_arena *a, const char *spec, const char *dir)
{
    const char *colon = strchr(spec, ':');
    if (!colon || strncmp(spec, "digits:", 7) == 0) return spec;
    xb_buf b = {0};
    xb_buf_add(&b, spec, (size_t)(colon - spec) + 1);
    bool pair = strncmp(spec, "npy:", 4) == 0;
    for (const char *path = colon + 1;;) {
        size_t n = pair ? strcspn(path, ",") : strlen(path);
        if (*path != '/') xb_buf_printf(&b, "%s/", dir);
        xb_buf_add(&b, path, n);
        path += n;
        if (!*path) break;
        xb_buf_char(&b, *path++);
    }
    const char *kept = xb_arena_strdup(a, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return kept;
}

void xb_pipe_rebase_data(const xb_reading *in, const xb_yaml *root)
{
    xb_pipeline *p = in->p;
    const struct {
        const char *key, **spec;
    } sets[] = {{"train", &p->data.train}, {"test", &p->data.test}, {"calibrate", &p->data.calibrate}};
    char *here = getcwd(NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        const xb_yaml *said = xb_yaml_get(xb_yaml_get(root, "data"), sets[i].key);
        if (!*sets[i].spec || !said) continue;
        char *dir = xb_from_set(said) ? xb_strdup(".") : xb_path_dir(said->file);
        if (strcmp(dir, p->dir) != 0)
            *sets[i].spec = rebase(p->arena, *sets[i].spec, strcmp(dir, ".") == 0 && here ? here : dir);
        free(dir);
    }
    free(here);
}

static bool read_top(const xb_reading *in, const xb_yaml *root, const char *model)
{
    xb_pipeline *p = in->p;
    xb_yaml *rest = xb_yaml_new_map(p->arena, root);
    bool ok = true;
    for (size_t i = 0; i < root->n; i++)
        if (!read_apart(root->key[i]->text)) *xb_yaml_slot(p->arena, rest, root->key[i]) = root->item[i];
    top t;
    ok = xb_opts_read(in->d, p->arena, "pipeline", top_options, rest, &t, sizeof t);
    p->model = model ? xb_arena_strdup(p->arena, model) : t.both.p.model;
    p->seed = t.both.p.seed;
    p->data = t.both.p.data;
    if (ok && (!p->model || !*p->model))
        ok = xb_pipe_refuse(in, root, "option-missing", "pipeline: 'model' is missing");
    return ok;
}

static bool read_gate(const xb_reading *in, const xb_yaml *y)
{
    xb_pipeline *p = in->p;
    if (!y) return true;
    if (!xb_opts_read(in->d, p->arena, "gate", xb_gate_options, y, &p->gate, sizeof p->gate)) return false;
    p->gate.set = true;
    if (p->data.train ? p->data.holdout > 0 : p->data.calibrate != NULL) return true;
    return xb_pipe_refuse(in, y, "pipeline-gate",
                          p->data.train ? "a gate needs a part of the training data: 'data: {holdout: N}'"
                                        : "a gate needs data: 'data: {train: ..., holdout: N}' or 'data: "
                                          "{calibrate: ...}'");
}

/* The format comes first: a later version's keys are not worth errors of their
 * own. */
bool xb_pipe_check_format(const xb_reading *in, const xb_yaml *root)
{
    if (root->kind != XB_YAML_MAP)
        return xb_pipe_refuse(in, root, "option-type", "a pipeline is a map: 'xbarc: 1', 'model: ...'");
    const xb_yaml *y = xb_yaml_get(root, "xbarc");
    if (!y || y->kind != XB_YAML_SCALAR || y->quoted || strcmp(y->text, "1") == 0) return true;
    return xb_pipe_refuse(in, y, "pipeline-format", "this xbarc reads format 1 of pipeline files ('xbarc: 1')");
}

/* Fills passes, hardware and emit, where the file names none, from the installed default.yaml. */
static bool fill_defaults(const xb_reading *in, xb_yaml *root)
{
    static const char *const keys[] = {"passes", "hardware", "emit"};
    if (xb_pipe_given(root, "passes") && xb_pipe_given(root, "hardware") && xb_pipe_given(root, "emit")) return true;
    xb_yaml *installed = NULL;
    for (size_t i = 0; in->hw_dirs && in->hw_dirs[i] && !installed; i++) {
        char *dir = xb_path_dir(in->hw_dirs[i]), *path = xb_path_join(dir, "default.yaml");
        if (xb_exists(path)) {
            installed = xb_pipe_parse_file(in, path, NULL);
            if (!installed) in = NULL;
        }
        free(path);
        free(dir);
        if (!in) return false;
    }
    bool ok = true;
    for (size_t i = 0; i < 3; i++) {
        if (xb_pipe_given(root, keys[i])) continue;
        xb_yaml *value = xb_yaml_get(installed, keys[i]);
        xb_yaml key = {
            .kind = XB_YAML_SCALAR, .file = root->file, .line = root->line, .col = root->col, .text = keys[i]};
        xb_yaml *kept = xb_arena_alloc(in->p->arena, 1, sizeof *kept);
        *kept = key;
        if (value)
            *xb_yaml_slot(in->p->arena, root, kept) = value;
        else
            ok = xb_pipe_refuse(in, root, "option-missing",
                                "pipeline: '%s' is missing, and there is no installed default", keys[i]);
    }
    return ok;
}

/* ---- files ---- */

xb_pipeline *xb_pipeline_new(const char *file, const char *dir)
{
    xb_pipeline *p = xb_calloc(1, sizeof *p);
    p->arena = xb_arena_new();
    p->file = xb_arena_strdup(p->arena, file);
    p->dir = xb_arena_strdup(p->arena, dir);
    return p;
}

void xb_pipeline_free(xb_pipeline *p)
{
    if (!p) return;
    xb_arena_free(p->arena);
    free(p);
}

xb_yaml *xb_pipe_parse_file(const xb_reading *in, const char *path, xb_yaml_lookup *lookup)
{
    size_t n;
    char *text = xb_read_file(in->d, path, FILE_LIMIT, &n);
    xb_yaml *y = text ? xb_yaml_parse(in->d, in->p->arena, path, text, n, lookup, in->context) : NULL;
    free(text);
    return y;
}

const char *xb_pipe_find_define(void *context, const char *name)
{
    const xb_defines *all = context;
    for (size_t i = all->n; i--;)
        if (strcmp(all->list[i].key, name) == 0) return all->list[i].value;
    return getenv(name);
}

static bool read_all(const xb_reading *in, const char *model, const char *const *sets, size_t n_sets)
{
    xb_yaml *root = xb_pipe_parse_file(in, in->p->file, in->lookup);
    if (!root || !xb_pipe_check_format(in, root)) return false;
    root = xb_pipe_extend(in, root);
    if (!root || !fill_defaults(in, root)) return false;
    if (!xb_sets_apply(in, root, sets, n_sets) || !xb_pipe_check_format(in, root)) return false;
    bool ok = read_top(in, root, model);
    if (ok) xb_pipe_rebase_data(in, root);
    if (ok) ok = read_gate(in, xb_pipe_given(root, "gate"));
    ok &= xb_hardware_read(in, xb_yaml_get(root, "hardware"));
    ok &= xb_chip_read(in, xb_pipe_given(root, "chip"));
    ok &= xb_simulate_read(in, xb_pipe_given(root, "simulate"));
    ok &= xb_steps_read(in, xb_yaml_get(root, "passes"));
    ok &= xb_emits_read(in, xb_yaml_get(root, "emit"));
    return ok && xb_pipeline_check(in);
}

xb_pipeline *xb_pipeline_read(xb_diags *d, const xb_registry *r, const char *path, const char *model,
                              const xb_define *list, size_t n_defines, const char *const *sets, size_t n_sets,
                              const char *const *hw_dirs)
{
    xb_defines all = {list, n_defines};
    char *dir = xb_path_dir(path);
    xb_reading in = {.d = d,
                     .p = xb_pipeline_new(path, model ? "." : dir),
                     .registry = r,
                     .hw_dirs = hw_dirs,
                     .lookup = xb_pipe_find_define,
                     .context = &all};
    bool ok = read_all(&in, model, sets, n_sets);
    free(dir);
    if (ok) return in.p;
    xb_pipeline_free(in.p);
    return NULL;
}

xb_pipeline *xb_pipeline_of_passes(xb_diags *d, const xb_registry *r, const char *passes, const char *hardware,
                                   const char *const *hw_dirs, uint64_t seed)
{
    xb_defines none = {0};
    xb_reading in = {.d = d,
                     .p = xb_pipeline_new("--passes", "."),
                     .registry = r,
                     .hw_dirs = hw_dirs,
                     .lookup = xb_pipe_find_define,
                     .context = &none};
    in.p->seed = seed;
    xb_yaml hw = {.kind = XB_YAML_SCALAR, .file = "--hardware", .line = 1, .col = 1, .text = hardware, .quoted = true};
    xb_yaml *kept = xb_arena_alloc(in.p->arena, 1, sizeof *kept);
    *kept = hw;
    kept->text = xb_arena_strdup(in.p->arena, hardware);
    xb_yaml *list = xb_yaml_parse(d, in.p->arena, "--passes", passes, strlen(passes), xb_pipe_find_define, &none);
    if (list && xb_hardware_read(&in, kept) && xb_steps_read(&in, list) && xb_pipeline_check(&in)) return in.p;
    xb_pipeline_free(in.p);
    return NULL;
}
