/* blob.c: bytes and mappings that clones share: counted references, copied at the first write. */
#include "ir/store.h"
#include <stdlib.h>
#include <string.h>

#define BLOB_ALIGN 64u
#define COPY_CHUNK                                                                                                     \
    ((size_t)4 << 20) /* a view is given back to the kernel as it is copied, so that both are never in memory */

static unsigned char *alloc_aligned(size_t n)
{
    size_t want;
    if (!xb_add(n, BLOB_ALIGN, &want)) xb_out_of_memory();
    unsigned char *p = aligned_alloc(BLOB_ALIGN, want / BLOB_ALIGN * BLOB_ALIGN);
    if (!p) xb_out_of_memory();
    return p;
}

static unsigned char *copy_out(const xb_blob *b)
{
    unsigned char *p = alloc_aligned(b->size);
    for (size_t at = 0; at < b->size; at += COPY_CHUNK) {
        size_t n = b->size - at < COPY_CHUNK ? b->size - at : COPY_CHUNK;
        memcpy(p + at, b->bytes + at, n);
        if (b->view && n == COPY_CHUNK) xb_view_done(b->bytes + at, n);
    }
    return p;
}

static xb_blob *blob_new(const unsigned char *bytes, size_t n, bool view)
{
    xb_blob *b = xb_malloc(sizeof *b);
    *b = (xb_blob){.refs = 1, .view = view, .bytes = bytes, .size = n};
    return b;
}

xb_blob *xb_blob_own(const void *bytes, size_t n)
{
    unsigned char *p = alloc_aligned(n);
    if (bytes && n)
        memcpy(p, bytes, n);
    else
        memset(p, 0, n);
    return blob_new(p, n, false);
}

xb_blob *xb_blob_view(const void *bytes, size_t n)
{
    return n ? blob_new(bytes, n, true) : xb_blob_own(NULL, 0);
}

xb_blob *xb_blob_keep(xb_blob *b)
{
    if (b) __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void xb_blob_drop(xb_blob *b)
{
    if (!b || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL)) return;
    if (!b->view) free((void *)b->bytes);
    free(b->aligned);
    free(b);
}

bool xb_blob_aligned(const xb_blob *b, size_t align)
{
    return align < 2 || (uintptr_t)b->bytes % align == 0;
}

const void *xb_blob_data(xb_blob *b, size_t align)
{
    if (xb_blob_aligned(b, align)) return b->bytes;
    unsigned char *have = __atomic_load_n(&b->aligned, __ATOMIC_ACQUIRE);
    if (have) return have;
    unsigned char *made = copy_out(b);
    if (__atomic_compare_exchange_n(&b->aligned, &have, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
    free(made);
    return have;
}

void *xb_blob_write(xb_blob **b)
{
    xb_blob *old = *b;
    if (old->view || __atomic_load_n(&old->refs, __ATOMIC_ACQUIRE) > 1) {
        *b = blob_new(copy_out(old), old->size, false);
        xb_blob_drop(old);
    }
    return (void *)(*b)->bytes;
}

xb_mapping *xb_mapping_new(xb_view view)
{
    xb_mapping *m = xb_malloc(sizeof *m);
    *m = (xb_mapping){.refs = 1, .view = view};
    return m;
}

void xb_mapping_drop(xb_mapping *m)
{
    if (__atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL)) return;
    xb_view_close(&m->view);
    free(m);
}
