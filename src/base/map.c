#include "base/map.h"
#include <stdlib.h>
#include <string.h>

/* Open addressing, linear probing. A removed entry keeps its place (key NULL, gone true) until the next growth. */
typedef struct entry {
    char *key;
    size_t n;
    uint64_t hash;
    uint32_t value;
    bool gone;
} entry;

struct xb_map {
    entry *at;
    size_t size, used; /* size: a power of two; used: entries and gone ones */
    uint64_t seed;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 p = (unsigned __int128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t hash_of(uint64_t seed, const char *key, size_t n)
{
    uint64_t h = seed ^ (n * 0x9e3779b97f4a7c15u);
    while (n) {
        uint64_t word = 0;
        size_t take = n < 8 ? n : 8;
        memcpy(&word, key, take);
        h = mix(h ^ word ^ 0x2d358dccaa6c78a5u, 0x8bb84b93962eacc9u);
        key += take, n -= take;
    }
    return mix(h ^ 0x4b33a62ed433d4a3u, 0x9e3779b97f4a7c15u);
}

xb_map *xb_map_new(void)
{
    xb_map *m = xb_calloc(1, sizeof *m);
    const char *seed = getenv("XBARC_HASH_SEED");
    m->seed = seed ? strtoull(seed, NULL, 10) : 0;
    m->size = 16;
    m->at = xb_calloc(m->size, sizeof *m->at);
    return m;
}

void xb_map_free(xb_map *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->size; i++) free(m->at[i].key);
    free(m->at);
    free(m);
}

/* The entry of the key, or the free place where it would go. */
static entry *find(const xb_map *m, uint64_t hash, const char *key, size_t n)
{
    for (size_t i = hash & (m->size - 1);; i = (i + 1) & (m->size - 1)) {
        entry *e = &m->at[i];
        if (!e->key && !e->gone) return e;
        if (e->key && e->hash == hash && e->n == n && memcmp(e->key, key, n) == 0) return e;
    }
}

static void grow(xb_map *m)
{
    xb_map bigger = {.size = m->size * 2};
    bigger.at = xb_calloc(bigger.size, sizeof *bigger.at);
    for (size_t i = 0; i < m->size; i++) {
        if (!m->at[i].key) continue;
        *find(&bigger, m->at[i].hash, m->at[i].key, m->at[i].n) = m->at[i];
        bigger.used++;
    }
    free(m->at);
    m->at = bigger.at, m->size = bigger.size, m->used = bigger.used;
}

void xb_map_put(xb_map *m, const char *key, size_t n, uint32_t value)
{
    if (m->used >= m->size - m->size / 4) grow(m);
    uint64_t hash = hash_of(m->seed, key, n);
    entry *e = find(m, hash, key, n);
    if (!e->key) {
        char *copy = xb_malloc(n + 1);
        if (n) memcpy(copy, key, n);
        copy[n] = 0;
        *e = (entry){.key = copy, .n = n, .hash = hash};
        m->used++;
    }
    e->value = value;
}

uint32_t xb_map_get(const xb_map *m, const char *key, size_t n, uint32_t absent)
{
    const entry *e = find(m, hash_of(m->seed, key, n), key, n);
    return e->key ? e->value : absent;
}

void xb_map_remove(xb_map *m, const char *key, size_t n)
{
    entry *e = find(m, hash_of(m->seed, key, n), key, n);
    if (!e->key) return;
    free(e->key);
    *e = (entry){.gone = true};
}
