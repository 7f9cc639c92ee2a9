/* map.h: text -> uint32. For looking up, never for iterating: order is the caller's.
 * The hash seed comes from XBARC_HASH_SEED (tests) so that no output can depend on it unseen. */
#ifndef XB_BASE_MAP_H
#define XB_BASE_MAP_H

#include "base/mem.h"

typedef struct xb_map xb_map;
xb_map *xb_map_new(void);
void xb_map_free(xb_map *m);
/* Keys are copied. put overwrites; get returns absent when missing. */
void xb_map_put(xb_map *m, const char *key, size_t n, uint32_t value);
uint32_t xb_map_get(const xb_map *m, const char *key, size_t n, uint32_t absent);
void xb_map_remove(xb_map *m, const char *key, size_t n);

#endif
