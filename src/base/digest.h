/* digest.h: SHA-256 (libcrypto), streaming and in one call. */
#ifndef XB_BASE_DIGEST_H
#define XB_BASE_DIGEST_H

#include <stddef.h>

#define XB_DIGEST_HEX 65 /* 64 hex digits and NUL */

typedef struct xb_digest xb_digest;
xb_digest *xb_digest_new(void);
void xb_digest_add(xb_digest *d, const void *bytes, size_t n);
void xb_digest_end(xb_digest *d, char hex[XB_DIGEST_HEX]); /* frees d */
void xb_digest_of(const void *bytes, size_t n, char hex[XB_DIGEST_HEX]);

#endif
