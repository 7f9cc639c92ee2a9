/* partial.h: private to base: what must not stay behind when the process ends early.
 *
 * A register of temporary files and folders that are open. Marks are never freed, so that a signal handler may walk
 * them; each belongs to the process that made it, so that a child removes nothing of its parent's.
 */
#ifndef XB_BASE_PARTIAL_H
#define XB_BASE_PARTIAL_H

typedef struct xb_partial xb_partial;
xb_partial *xb_partial_add(const char *path, int is_dir);
void xb_partial_done(xb_partial *p); /* the path is whole now, or gone; NULL is fine */

#endif
