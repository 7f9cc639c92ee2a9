/* file.h: mapped files, paths, small files. */
#ifndef XB_BASE_FILE_H
#define XB_BASE_FILE_H

#include "base/diag.h"

/* A read-only mapping. The file is never written. */
typedef struct xb_view {
    const unsigned char *data; /* NULL when size is 0 */
    size_t size;
    char *path;
} xb_view;

bool xb_view_open(xb_diags *d, const char *path, xb_view *out); /* false after a diagnostic; folders are refused */
void xb_view_close(xb_view *v);
/* Tells the kernel that [data, data+n) will not be read again soon, so that it does not count as our memory. */
void xb_view_done(const void *data, size_t n);

/* SHA-256 of a file, whose pages are let go as they are read. hex has XB_DIGEST_HEX bytes. false after a diagnostic. */
bool xb_digest_file(xb_diags *d, const char *path, char *hex);

/* Whole file, NUL added behind, at most limit bytes. NULL after a diagnostic. Caller frees. */
char *xb_read_file(xb_diags *d, const char *path, size_t limit, size_t *n);

char *xb_path_join(const char *dir, const char *name); /* name alone when absolute or dir empty; caller frees */
char *xb_path_dir(const char *path);                   /* "." when none; caller frees */
const char *xb_path_base(const char *path);
/* True when name is relative and never leaves its folder: no "..", no empty part, no leading "/". */
bool xb_path_confined(const char *name);
/* Opens dir/name for reading without following a link out of dir (openat2 RESOLVE_BENEATH, or a realpath check). -1. */
int xb_open_beneath(const char *dir, const char *name);
bool xb_make_dirs(xb_diags *d, const char *path);
bool xb_exists(const char *path);
bool xb_same_file(const char *a, const char *b); /* both exist and are one file, whatever their names */
bool xb_is_dir(const char *path);

#endif
