/* out_private.h: private to base: an output file inside an output folder. */
#ifndef XB_BASE_OUT_PRIVATE_H
#define XB_BASE_OUT_PRIVATE_H

#include "base/out.h"

/* Told once how the file ended: hex is NULL when it was abandoned or failed. */
typedef void xb_out_done(void *context, size_t index, const char *hex, bool failed);

/* Opens `path` itself, which must not exist; it is registered until xb_partial_done of the caller. */
xb_out *xb_out_open_inside(xb_diags *d, const char *path, xb_out_done *done, void *context, size_t index);

#endif
