/* out.h: outputs that are whole or not there: written beside, renamed when complete.
 *
 * A failed write (full disk) is diagnosed once; commit then returns false and the old file stays. Whatever is open
 * when the process ends by a diagnostic, out of memory or a signal is removed (xb_out_abandon_all); what a killed
 * process left (TARGET.partial-PID) goes when the same output is opened again. A place where nothing can be written (no
 * name, a link to nothing, no folder, no right to write in it) is refused at open.
 */
#ifndef XB_BASE_OUT_H
#define XB_BASE_OUT_H

#include "base/diag.h"
#include "base/digest.h"

typedef struct xb_out xb_out;
xb_out *xb_out_open(xb_diags *d, const char *path);  /* NULL after a diagnostic */
bool xb_out_possible(xb_diags *d, const char *path); /* would it open? To ask before long work; the same diagnostics */
void xb_out_write(void *out, const void *bytes, size_t n); /* an xb_write_fn */
void xb_out_printf(xb_out *o, const char *format, ...) XB_PRINTF(2, 3);
bool xb_out_failed(const xb_out *o);
uint64_t xb_out_size(const xb_out *o);
/* Digest of what was written, before commit. */
void xb_out_digest(xb_out *o, char hex[XB_DIGEST_HEX]);
bool xb_out_commit(xb_out *o); /* frees o */
void xb_out_abandon(xb_out *o);

/* A folder that appears whole: files are written into a sibling folder, which takes the name at commit. An existing
 * folder that is not empty is replaced only if we wrote it and nobody worked in it since, else refused at open: its
 * MANIFEST lists all of `ours` (names that ours always has; NULL-ended, kept until the end) and every file in it, and
 * each file of at most 1 MiB still has its digest. */
typedef struct xb_outdir xb_outdir;
xb_outdir *xb_outdir_open(xb_diags *d, const char *path, const char *const *ours);
const char *xb_outdir_path(const xb_outdir *o); /* of the folder being written */
/* name may have one folder part; a name used twice or one that leaves the folder is refused. Commit of each file by
 * xb_out_commit (before the folder's own end); its digest is remembered for the MANIFEST. One thread at a time. */
xb_out *xb_outdir_file(xb_outdir *o, const char *name);
/* Writes MANIFEST ("<sha256>  <name>" lines, in creation order: sha256sum -c reads it) and renames. Frees o. */
bool xb_outdir_commit(xb_outdir *o);
void xb_outdir_abandon(xb_outdir *o);

void xb_out_abandon_all(void); /* async-signal-safe as far as unlink goes */

#endif
