#include "base/digest.h"
#include "base/mem.h"
#include <openssl/evp.h>
#include <stdlib.h>

struct xb_digest {
    EVP_MD_CTX *md;
};

/* libcrypto's digests fail only when memory runs out. */
static void need(int ok)
{
    if (ok != 1) xb_out_of_memory();
}

static void to_hex(const unsigned char sum[32], char hex[XB_DIGEST_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[64] = 0;
}

xb_digest *xb_digest_new(void)
{
    xb_digest *d = xb_calloc(1, sizeof *d);
    d->md = EVP_MD_CTX_new();
    if (!d->md) xb_out_of_memory();
    need(EVP_DigestInit_ex(d->md, EVP_sha256(), NULL));
    return d;
}

void xb_digest_add(xb_digest *d, const void *bytes, size_t n)
{
    if (n) need(EVP_DigestUpdate(d->md, bytes, n));
}

void xb_digest_end(xb_digest *d, char hex[XB_DIGEST_HEX])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    need(EVP_DigestFinal_ex(d->md, sum, NULL));
    to_hex(sum, hex);
    EVP_MD_CTX_free(d->md);
    free(d);
}

void xb_digest_of(const void *bytes, size_t n, char hex[XB_DIGEST_HEX])
{
    xb_digest *d = xb_digest_new();
    xb_digest_add(d, bytes, n);
    xb_digest_end(d, hex);
}
