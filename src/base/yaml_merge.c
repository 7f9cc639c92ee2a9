/* yaml_merge.c: one tree on top of another: what `extends` means, in every kind of file. */
#include "base/mem.h"
#include "base/yaml.h"
#include <string.h>

static size_t find_key(const xb_yaml *map, const char *key)
{
    size_t i = 0;
    while (i < map->n && strcmp(map->key[i]->text, key)) i++;
    return i;
}

xb_yaml *xb_yaml_merge(xb_arena *a, xb_yaml *base, xb_yaml *over)
{
    if (base->kind != XB_YAML_MAP || over->kind != XB_YAML_MAP) return over;
    xb_yaml *m = xb_arena_alloc(a, 1, sizeof *m);
    *m = *over;
    m->item = xb_arena_alloc(a, base->n + over->n, sizeof *m->item);
    m->key = xb_arena_alloc(a, base->n + over->n, sizeof *m->key);
    m->n = base->n;
    if (base->n) {
        memcpy(m->item, base->item, base->n * sizeof *m->item);
        memcpy(m->key, base->key, base->n * sizeof *m->key);
    }
    for (size_t i = 0; i < over->n; i++) {
        size_t k = find_key(m, over->key[i]->text);
        m->item[k] = k < m->n ? xb_yaml_merge(a, m->item[k], over->item[i]) : over->item[i];
        m->key[k] = over->key[i];
        if (k == m->n) m->n++;
    }
    return m;
}
