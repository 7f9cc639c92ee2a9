/* out_private.h: private to base: what output files and folders share. */
#ifndef XB_BASE_OUT_PRIVATE_H
#define XB_BASE_OUT_PRIVATE_H

#include "base/out.h"

/* Told once how the file ended: hex is NULL when it was abandoned or failed. */
typedef void xb_out_done(void *context, size_t index, const char *hex, bool failed);

/* Opens `path` itself, which must not exist; it is registered until xb_partial_done of the caller. */
xb_out *xb_out_open_inside(xb_diags *d, const char *path, xb_out_done *done, void *context, size_t index);

/* Can something be made at this path? Not when it is empty, a link to nothing, or without a folder that we may write
 * in. false after a diagnostic. Trailing slashes: the caller's. */
bool xb_place_is_good(xb_diags *d, const char *path);
/* Removes TARGET.partial-PID, a file or a folder, of each PID that no longer runs, if it is ours by owner. */
void xb_place_clean(const char *target);

extern const char xb_manifest_name[];

/* May the folder be replaced (see xb_outdir_open)? An empty one may. false after a diagnostic. */
bool xb_outdir_is_ours(xb_diags *d, const char *dir, const char *const *ours);
/* Removes it if it is ours; false when it, or something in it, stays. */
bool xb_outdir_remove(const char *dir, const char *const *ours);

#endif
