/* extends.c: `extends: FILE` of a pipeline: what the file does not say is as there. */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

/* The map without this key. */
static void drop(xb_yaml *map, const char *key)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n; i++) {
        if (!strcmp(map->key[i]->text, key)) continue;
        map->key[n] = map->key[i];
        map->item[n++] = map->item[i];
    }
    map->n = n;
}

static xb_yaml *read_base(const xb_reading *in, const xb_yaml *at)
{
    char *dir = xb_path_dir(at->file), *path = xb_path_join(dir, at->text);
    xb_yaml *base = xb_pipe_parse_file(in, path, in->lookup);
    free(path);
    free(dir);
    if (!base || !xb_pipe_check_format(in, base)) return NULL;
    const xb_yaml *again = xb_yaml_get(base, "extends");
    if (!again) return base;
    xb_pipe_refuse(in, again, "pipeline-extends", "a file that is extended may not itself extend another");
    return NULL;
}

xb_yaml *xb_pipe_extend(const xb_reading *in, xb_yaml *root)
{
    const xb_yaml *at = xb_yaml_get(root, "extends");
    if (!at) return root;
    if (at->kind != XB_YAML_SCALAR || xb_yaml_is_null(at) || !*at->text) {
        xb_pipe_refuse(in, at, "option-type", "pipeline: 'extends' needs the name of a file");
        return NULL;
    }
    xb_yaml *base = read_base(in, at);
    if (!base) return NULL;
    drop(root, "extends");
    return xb_yaml_merge(in->p->arena, base, root);
}
