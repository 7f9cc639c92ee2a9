/* yaml_edit.c: small changes of YAML trees. */
#include "pipe/parts.h"
#include <string.h>

xb_yaml *xb_yaml_new_map(xb_arena *a, const xb_yaml *at)
{
    xb_yaml *y = xb_arena_alloc(a, 1, sizeof *y);
    *y = (xb_yaml){.kind = XB_YAML_MAP, .file = at->file, .line = at->line, .col = at->col};
    return y;
}

xb_yaml **xb_yaml_slot(xb_arena *a, xb_yaml *map, xb_yaml *key)
{
    for (size_t i = 0; i < map->n; i++) {
        if (strcmp(map->key[i]->text, key->text) != 0) continue;
        map->key[i] = key;
        return &map->item[i];
    }
    xb_yaml **keys = xb_arena_alloc(a, map->n + 1, sizeof *keys),
            **items = xb_arena_alloc(a, map->n + 1, sizeof *items);
    if (map->n) {
        memcpy(keys, map->key, map->n * sizeof *keys);
        memcpy(items, map->item, map->n * sizeof *items);
    }
    keys[map->n] = key;
    map->key = keys;
    map->item = items;
    return &map->item[map->n++];
}
