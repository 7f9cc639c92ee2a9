#include "ir/tensor.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>

START_TEST(sizes_of_types)
{
    xb_type t = {XB_F64, 3, {INT64_MAX, 2, 0}};
    size_t n;
    ck_assert_int_eq(xb_type_count(&t), 0);
    ck_assert(xb_type_bytes(&t, &n) && n == 0);
    t.dim[2] = 1;
    ck_assert_int_eq(xb_type_count(&t), -1);
    ck_assert(!xb_type_bytes(&t, &n));
    t = (xb_type){XB_F64, 1, {INT64_MAX / 8}};
    ck_assert(xb_type_bytes(&t, &n));
    t.dim[0]++;
    ck_assert(!xb_type_bytes(&t, &n));
    t = (xb_type){XB_F32, 0, {0}};
    ck_assert_int_eq(xb_type_count(&t), 1);
    t.dtype = XB_NONE;
    ck_assert(!xb_type_bytes(&t, &n));
    for (int d = 0; d < XB_DTYPES; d++) {
        xb_dtype again;
        ck_assert(xb_dtype_parse(xb_dtype_name((xb_dtype)d), &again));
        ck_assert_int_eq(again, d);
    }
    xb_dtype none;
    ck_assert(!xb_dtype_parse("float", &none));
    ck_assert_int_eq(xb_kind_of("ConvTranspose"), XB_OP_ConvTranspose);
    ck_assert_int_eq(xb_kind_of("Nothing"), XB_OP_UNKNOWN);
}
END_TEST

/* ---- tensors ---- */

START_TEST(tensors)
{
    xb_tensor t;
    xb_type type = {XB_F16, 2, {2, 3}}, symbolic = {XB_F32, 1, {-1}}, empty = {XB_F32, 1, {0}};
    ck_assert(!xb_tensor_alloc(&t, &symbolic));
    ck_assert(xb_tensor_alloc(&t, &empty) && !t.data);
    xb_tensor_free(&t);
    ck_assert(xb_tensor_alloc(&t, &type));
    ck_assert_uint_eq((uintptr_t)t.data % 64, 0);
    ck_assert_double_eq(xb_tensor_get(&t, 5), 0);
    xb_tensor_set(&t, 5, -1.5);
    ck_assert_double_eq(xb_tensor_get(&t, 5), -1.5);
    t.name = xb_strdup("t");
    xb_tensor_free(&t);
    ck_assert_ptr_null(t.data);
}
END_TEST

static double stored(xb_dtype t, double v)
{
    unsigned char raw[8] = {0};
    xb_scalar_set(t, raw, 0, v);
    return xb_scalar_get(t, raw, 0);
}

START_TEST(numbers_round_and_saturate)
{
    ck_assert_double_eq(stored(XB_I8, 200), 127);
    ck_assert_double_eq(stored(XB_I8, -200), -128);
    ck_assert_double_eq(stored(XB_I16, 1e9), 32767);
    ck_assert_double_eq(stored(XB_I32, -1e18), INT32_MIN);
    ck_assert_double_eq(stored(XB_I64, 1e30), 0x1p63);
    ck_assert_double_eq(stored(XB_I64, -1e30), -0x1p63);
    ck_assert_double_eq(stored(XB_U8, 255.4), 255);
    ck_assert_double_eq(stored(XB_U16, -3), 0);
    ck_assert_double_eq(stored(XB_U32, 1e20), 4294967295.0);
    ck_assert_double_eq(stored(XB_U64, 1e30), 0x1p64);
    ck_assert_double_eq(stored(XB_I32, 2.5), 2);
    ck_assert_double_eq(stored(XB_I32, 3.5), 4);
    ck_assert_double_eq(stored(XB_I32, (double)NAN), 0);
    ck_assert_double_eq(stored(XB_BOOLEAN, 0.1), 1);
    ck_assert_double_eq(stored(XB_F32, 0.1), (double)0.1f);
    ck_assert_double_eq(stored(XB_F64, 0.1), 0.1);
    ck_assert(isinf(stored(XB_F32, 1e300)));
    ck_assert_double_eq(stored(XB_NONE, 3), 0);
}
END_TEST

/* Half numbers by their definition: every bit pattern decodes to its value and encodes back; halfway goes to even. */
START_TEST(half_numbers)
{
    static const struct {
        xb_dtype t;
        int fraction, bias;
    } kinds[2] = {{XB_F16, 10, 15}, {XB_BF16, 7, 127}};
    for (int k = 0; k < 2; k++) {
        int top = (1 << (15 - kinds[k].fraction)) - 1;
        for (uint32_t bits = 0; bits < 65536; bits++) {
            uint16_t h = (uint16_t)bits, again = 0;
            int e = (h >> kinds[k].fraction) & top, m = h & ((1 << kinds[k].fraction) - 1);
            double v = xb_scalar_get(kinds[k].t, &h, 0);
            if (e == top && m) {
                ck_assert(isnan(v));
                continue;
            }
            double frac = (double)m / (1 << kinds[k].fraction);
            double want = e == top ? (double)INFINITY
                          : e      ? ldexp(1 + frac, e - kinds[k].bias)
                                   : ldexp(frac, 1 - kinds[k].bias);
            ck_assert_double_eq(v, h & 0x8000 ? -want : want);
            xb_scalar_set(kinds[k].t, &again, 0, v);
            ck_assert_uint_eq(again, h);
            uint16_t next = (uint16_t)(h + 1);
            if (e == top || ((next >> kinds[k].fraction) & top) == top) continue;
            double middle = (v + xb_scalar_get(kinds[k].t, &next, 0)) / 2;
            xb_scalar_set(kinds[k].t, &again, 0, middle);
            ck_assert_uint_eq(again, h & 1 ? next : h);
        }
        uint16_t nan_bits, over;
        xb_scalar_set(kinds[k].t, &nan_bits, 0, (double)NAN);
        ck_assert(isnan(xb_scalar_get(kinds[k].t, &nan_bits, 0)));
        xb_scalar_set(kinds[k].t, &over, 0, -1e300);
        ck_assert(isinf(xb_scalar_get(kinds[k].t, &over, 0)));
    }
    ck_assert_double_eq(stored(XB_F16, 65519.999), 65504);
    ck_assert(isinf(stored(XB_F16, 65520)));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("graph");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, sizes_of_types);
    tcase_add_test(c, tensors);
    tcase_add_test(c, numbers_round_and_saturate);
    tcase_add_test(c, half_numbers);
    return run_case("ir_tensor", c);
}
