/* service_linalg.c: "xb.linalg": src/nn/linalg.c for passes. */
#include "nn/linalg.h"
#include "plug/context.h"

static int eigh(xb_cx *cx, int64_t n, const double *a, double *values, double *vectors)
{
    return xb_linalg_eigh(xb_context_of(cx)->diags, n, a, values, vectors) ? 0 : -1;
}

static int svd(xb_cx *cx, int64_t n, int64_t m, const double *a, double *u, double *s, double *v)
{
    return xb_linalg_svd(xb_context_of(cx)->diags, n, m, a, u, s, v) ? 0 : -1;
}

static int qr(xb_cx *cx, int64_t n, int64_t m, const double *a, double *q, double *r)
{
    return xb_linalg_qr(xb_context_of(cx)->diags, n, m, a, q, r) ? 0 : -1;
}

const xb_linalg_api xb_linalg_service = {
    .struct_size = sizeof(xb_linalg_api),
    .product = xb_linalg_product,
    .product_tn = xb_linalg_product_tn,
    .eigh = eigh,
    .svd = svd,
    .qr = qr,
};
