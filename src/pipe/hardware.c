/* hardware.c: `hardware:` of a pipeline: a path, the name of an installed file, or the map itself. */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

/* The file a value names; NULL after a diagnostic. Owned by the arena. */
static const char *file_of(const xb_reading *in, const xb_yaml *value)
{
    xb_where where = xb_yaml_where(value);
    char *dir = value->file && !xb_from_set(value) ? xb_path_dir(value->file) : xb_strdup(".");
    char *path = xb_hw_locate(in->d, &where, value->text, strcmp(dir, ".") == 0 ? "" : dir, in->hw_dirs);
    const char *found = path ? xb_arena_strdup(in->p->arena, path) : NULL;
    free(path);
    free(dir);
    return found;
}

xb_yaml *xb_hardware_tree(const xb_reading *in, xb_yaml *value)
{
    if (value->kind == XB_YAML_MAP) return value;
    if (value->kind != XB_YAML_SCALAR || xb_yaml_is_null(value) || !*value->text) {
        xb_where where = xb_yaml_where(value);
        xb_diag(in->d, XB_ERROR, "option-type", &where,
                "pipeline: 'hardware' needs a file, an installed name or a map");
        return NULL;
    }
    const char *path = file_of(in, value);
    return path ? xb_pipe_parse_file(in, path, NULL) : NULL;
}

/* A map inside a pipeline needs no format version of its own. */
static void give_format(const xb_reading *in, xb_yaml *map)
{
    xb_arena *a = in->p->arena;
    if (xb_yaml_get(map, "xbarc")) return;
    xb_yaml *key = xb_arena_alloc(a, 1, sizeof *key), *one = xb_arena_alloc(a, 1, sizeof *one);
    *key = (xb_yaml){.kind = XB_YAML_SCALAR, .file = map->file, .line = map->line, .col = map->col, .text = "xbarc"};
    *one = *key;
    one->text = "1";
    *xb_yaml_slot(a, map, key) = one;
}

bool xb_hardware_read(const xb_reading *in, xb_yaml *value)
{
    xb_pipeline *p = in->p;
    xb_yaml *tree = xb_hardware_tree(in, value);
    if (!tree) return false;
    if (value->kind == XB_YAML_MAP) give_format(in, value);
    if (value->kind == XB_YAML_SCALAR) p->hardware = xb_hw_is_path(value->text) ? tree->file : value->text;
    return xb_hw_read(in->d, p->arena, tree, in->hw_dirs, &p->hw);
}
