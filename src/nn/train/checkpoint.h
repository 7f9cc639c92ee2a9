/* checkpoint.h: a file of named pieces, whole or not there, that says when it was damaged.
 *
 *     "xbarc checkpoint 1\n", pieces {uint32 length of key, uint64 length of bytes, key, bytes}, SHA-256 of all before
 *
 * little-endian. Written by base/out.h: beside and renamed.
 */
#ifndef XB_NN_TRAIN_CHECKPOINT_H
#define XB_NN_TRAIN_CHECKPOINT_H

#include "base/diag.h"

typedef struct xb_saver xb_saver;
xb_saver *xb_saver_open(xb_diags *d, const char *path); /* NULL after a diagnostic */
/* Each key once, and none empty: else commit fails. */
void xb_saver_put(xb_saver *s, const char *key, const void *bytes, size_t n);
void xb_saver_put_u64(xb_saver *s, const char *key, uint64_t v);
void xb_saver_put_f64(xb_saver *s, const char *key, double v);
/* Frees s. false after a diagnostic (full disk): the file that was there before is whole. */
bool xb_saver_commit(xb_saver *s);
void xb_saver_abandon(xb_saver *s);

typedef struct xb_saved xb_saved;
/* NULL after a diagnostic ("checkpoint": damaged, another version, cut short; "io": no such file). */
xb_saved *xb_saved_open(xb_diags *d, const char *path);
void xb_saved_close(xb_saved *s);
const void *xb_saved_get(const xb_saved *s, const char *key, size_t *n); /* 8-byte aligned; NULL: not there */
bool xb_saved_u64(const xb_saved *s, const char *key, uint64_t *v);      /* false: not there or another size */
bool xb_saved_f64(const xb_saved *s, const char *key, double *v);

#endif
