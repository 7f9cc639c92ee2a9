/* What moves elements, against the index formulas of the operators' definitions. */
#include "ref_net.h"
#include "suite.h"

static void count_up(xb_tensor *t)
{
    for (int64_t i = 0; i < xb_type_count(&t->type); i++) xb_tensor_set(t, (size_t)i, (double)(i + 1));
}

static int draw_dims(xb_rng *r, int least, int most, int64_t *dim)
{
    int rank = least + (int)xb_rng_below(r, (uint32_t)(most - least + 1));
    for (int d = 0; d < rank; d++) dim[d] = 1 + xb_rng_below(r, 4);
    return rank;
}

static const xb_dtype every_size[] = {XB_U8, XB_F16, XB_F32, XB_I64, XB_BOOLEAN};

START_TEST(transpose)
{
    xb_rng r = xb_rng_at(1, XB_RNG_NOISE, 0);
    for (int i = 0; i < 60; i++) {
        int64_t dim[6], perm[6];
        int rank = draw_dims(&r, 1, 6, dim);
        net n = net_of(XB_OP_Transpose);
        count_up(net_input(&n, every_size[i % 4], rank, dim));
        for (int d = 0; d < rank; d++) perm[d] = rank - 1 - d;
        for (int d = rank - 1; i % 5 && d > 0; d--) {
            int e = (int)xb_rng_below(&r, (uint32_t)d + 1);
            int64_t swap = perm[d];
            perm[d] = perm[e];
            perm[e] = swap;
        }
        if (i % 5) net_list(&n, "perm", (size_t)rank, perm);
        net_run(&n);
        for (int64_t k = 0; k < xb_type_count(&n.out[0].type); k++) {
            int64_t y[6], x[6];
            index_of(&n.out[0].type, k, y);
            for (int d = 0; d < rank; d++) x[perm[d]] = y[d];
            ck_assert_double_eq(xb_tensor_get(&n.out[0], (size_t)k), at(&n.in[0], x));
        }
        net_free(&n);
    }
}
END_TEST

/* Indices start, start+step ... of a slice, walked one by one. */
static int64_t walk_slice(int64_t n, int64_t start, int64_t end, int64_t step, int64_t *list)
{
    int64_t count = 0;
    if (start < 0) start += n;
    if (end < 0) end += n;
    if (start < 0) start = 0;
    if (step < 0 && start > n - 1) start = n - 1;
    for (int64_t i = start; step > 0 ? i < end && i < n : i > end && i >= 0; i += step)
        if (i >= 0 && i < n) list[count++] = i;
    return count;
}

START_TEST(slice)
{
    xb_rng r = xb_rng_at(2, XB_RNG_NOISE, 0);
    for (int i = 0; i < 200; i++) {
        net n = net_of(XB_OP_Slice);
        int64_t start[2], end[2], axes[2] = {2, -3}, step[2], list[2][8], count[2];
        count_up(net_input(&n, every_size[i % 4], DIMS(4, 2, 5)));
        for (int k = 0; k < 2; k++) {
            start[k] = (int64_t)xb_rng_below(&r, 15) - 7;
            end[k] = (int64_t)xb_rng_below(&r, 15) - 7;
            step[k] = (int64_t)xb_rng_below(&r, 3) + 1;
            if (xb_rng_below(&r, 3) == 0) step[k] = -step[k];
            count[k] = walk_slice(k ? 4 : 5, start[k], end[k], step[k], list[k]);
        }
        net_ints(&n, 2, start);
        net_ints(&n, 2, end);
        net_ints(&n, 2, axes);
        net_ints(&n, 2, step);
        net_run(&n);
        const xb_type want = type_of(every_size[i % 4], DIMS(count[1], 2, count[0]));
        ck_assert(xb_type_same(&n.out[0].type, &want));
        for (int64_t k = 0; k < xb_type_count(&want); k++) {
            int64_t y[3];
            index_of(&want, k, y);
            ck_assert_double_eq(xb_tensor_get(&n.out[0], (size_t)k),
                                at(&n.in[0], (int64_t[]){list[1][y[0]], y[1], list[0][y[2]]}));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(slice_bounds_at_the_limits)
{
    net n = net_of(XB_OP_Slice);
    count_up(net_input(&n, XB_F32, DIMS(4, 3)));
    net_ints(&n, 2, (int64_t[]){INT64_MAX, INT64_MIN});
    net_ints(&n, 2, (int64_t[]){INT64_MIN, INT64_MAX});
    net_ints(&n, 2, (int64_t[]){0, 1});
    net_ints(&n, 2, (int64_t[]){INT64_MIN, INT64_MAX});
    net_run(&n);
    ck_assert_int_eq(xb_type_count(&n.out[0].type), 1);
    ck_assert_double_eq(xb_tensor_get(&n.out[0], 0), 10); /* the last row, the first column */
    net_free(&n);
}
END_TEST

static int64_t mirror(int64_t i, int64_t n)
{
    while (i < 0 || i >= n) i = n == 1 ? 0 : i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

START_TEST(pad)
{
    static const char *const mode[] = {"constant", "edge", "reflect"};
    xb_rng r = xb_rng_at(3, XB_RNG_NOISE, 0);
    for (int i = 0; i < 90; i++) {
        int64_t dim[3] = {3, 1 + i % 4, 4}, pads[6];
        int m = i % 3;
        net n = net_of(XB_OP_Pad);
        count_up(net_input(&n, XB_F32, 3, dim));
        for (int k = 0; k < 6; k++) pads[k] = xb_rng_below(&r, m == 2 ? (uint32_t)dim[k % 3] : 4);
        if (i % 4 == 0) pads[2] = -1; /* cuts */
        net_ints(&n, 6, pads);
        if (i % 2) xb_tensor_set(net_input(&n, XB_F32, 0, NULL), 0, -7);
        net_text(&n, "mode", mode[m]);
        net_run(&n);
        for (int64_t k = 0; k < xb_type_count(&n.out[0].type); k++) {
            int64_t y[3];
            bool inside = true;
            index_of(&n.out[0].type, k, y);
            for (int d = 0; d < 3; d++) {
                int64_t x = y[d] - pads[d];
                inside = inside && x >= 0 && x < dim[d];
                y[d] = m == 1 ? (x < 0 ? 0 : x >= dim[d] ? dim[d] - 1 : x) : m == 2 ? mirror(x, dim[d]) : x;
            }
            double want = inside || m ? at(&n.in[0], y) : i % 2 ? -7 : 0;
            ck_assert_double_eq(xb_tensor_get(&n.out[0], (size_t)k), want);
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(gather)
{
    for (int i = 0; i < 2; i++) {
        net n = net_of(XB_OP_Gather);
        count_up(net_input(&n, every_size[i + 1], DIMS(2, 4, 3)));
        xb_tensor *at_ = net_input(&n, i ? XB_I32 : XB_I64, DIMS(2, 2));
        const double index[4] = {3, -4, 1, -1};
        for (size_t k = 0; k < 4; k++) xb_tensor_set(at_, k, index[k]);
        net_int(&n, "axis", i ? 1 : -2);
        net_run(&n);
        xb_type want = type_of(every_size[i + 1], DIMS(2, 2, 2, 3));
        ck_assert(xb_type_same(&n.out[0].type, &want));
        for (int64_t k = 0; k < xb_type_count(&want); k++) {
            int64_t y[4];
            index_of(&want, k, y);
            double from = index[y[1] * 2 + y[2]];
            ck_assert_double_eq(xb_tensor_get(&n.out[0], (size_t)k),
                                at(&n.in[0], (int64_t[]){y[0], (int64_t)(from < 0 ? from + 4 : from), y[3]}));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(gather_elements)
{
    net n = net_of(XB_OP_GatherElements);
    count_up(net_input(&n, XB_F32, DIMS(3, 4)));
    xb_tensor *list = net_input(&n, XB_I64, DIMS(2, 3));
    const double index[6] = {0, -1, 2, 1, 0, -3};
    for (size_t k = 0; k < 6; k++) xb_tensor_set(list, k, index[k]);
    net_run(&n);
    for (size_t k = 0; k < 6; k++)
        ck_assert_double_eq(
            xb_tensor_get(&n.out[0], k),
            at(&n.in[0], (int64_t[]){(int64_t)(index[k] < 0 ? index[k] + 3 : index[k]), (int64_t)k % 3}));
    net_free(&n);
}
END_TEST

START_TEST(index_out_of_range_is_named)
{
    for (int i = 0; i < 2; i++) {
        net n = net_of(i ? XB_OP_GatherElements : XB_OP_Gather);
        count_up(net_input(&n, XB_F32, DIMS(2, 2)));
        xb_tensor_set(net_input(&n, XB_I64, DIMS(1, 1)), 0, i ? -3 : 2);
        ck_assert(!net_try(&n));
        ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "op-value"));
        ck_assert_ptr_nonnull(strstr(xb_diags_text(n.d), "the-node"));
        net_free(&n);
    }
}
END_TEST

START_TEST(tile_and_expand)
{
    xb_rng r = xb_rng_at(4, XB_RNG_NOISE, 0);
    for (int i = 0; i < 40; i++) {
        int64_t dim[4], times[4], to[5];
        bool tile = i % 2;
        int rank = draw_dims(&r, 1, 4, dim);
        net n = net_of(tile ? XB_OP_Tile : XB_OP_Expand);
        to[0] = 2;
        for (int d = 0; d < rank; d++) {
            times[d] = 1 + xb_rng_below(&r, 3);
            if (xb_rng_below(&r, 2)) dim[d] = 1;
            to[d + 1] = dim[d] == 1 ? times[d] : 1;
        }
        count_up(net_input(&n, every_size[i % 5], rank, dim));
        if (n.in[0].type.dtype == XB_BOOLEAN) xb_tensor_set(&n.in[0], 0, 0);
        net_ints(&n, (size_t)rank + (tile ? 0 : 1), tile ? times : to);
        net_run(&n);
        ck_assert_int_eq(n.out[0].type.rank, rank + (tile ? 0 : 1));
        for (int64_t k = 0; k < xb_type_count(&n.out[0].type); k++) {
            int64_t y[5], *x = tile ? y : y + 1;
            index_of(&n.out[0].type, k, y);
            for (int d = 0; d < rank; d++) x[d] %= dim[d];
            ck_assert_double_eq(xb_tensor_get(&n.out[0], (size_t)k), at(&n.in[0], x));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(concat_and_split_undo_each_other)
{
    for (int axis = 0; axis < 3; axis++) {
        net c = net_of(XB_OP_Concat), s = net_of(XB_OP_Split);
        int64_t part[3] = {2, 0, 3};
        for (int i = 0; i < 3; i++) {
            int64_t dim[3] = {2, 3, 2};
            dim[axis] = part[i];
            count_up(net_input(&c, XB_F32, 3, dim));
        }
        net_int(&c, "axis", axis - 3);
        net_run(&c);
        memcpy(net_input(&s, XB_F32, 3, c.out[0].type.dim)->data, c.out[0].data,
               (size_t)xb_type_count(&c.out[0].type) * 4);
        net_ints(&s, 3, part);
        net_int(&s, "axis", axis);
        s.n_out = 3;
        net_run(&s);
        for (int i = 0; i < 3; i++) {
            ck_assert(xb_type_same(&s.out[i].type, &c.in[i].type));
            if (part[i]) ck_assert_mem_eq(s.out[i].data, c.in[i].data, (size_t)xb_type_count(&c.in[i].type) * 4);
        }
        int64_t y[3] = {1, 1, 1};
        y[axis] = 3; /* the third part's second */
        double got = at(&c.out[0], y);
        y[axis] = 1;
        ck_assert_double_eq(got, at(&c.in[2], y));
        net_free(&c);
        net_free(&s);
    }
}
END_TEST

/* Channel of the deep tensor that pixel (h, w) of block (i, j), channel c of the wide one, is. */
START_TEST(depth_to_space)
{
    for (int form = 0; form < 3; form++) { /* DCR, CRD, back */
        net n = net_of(form == 2 ? XB_OP_SpaceToDepth : XB_OP_DepthToSpace);
        if (form == 2)
            count_up(net_input(&n, XB_F32, DIMS(2, 3, 4, 6)));
        else
            count_up(net_input(&n, XB_F32, DIMS(2, 12, 2, 3)));
        net_int(&n, "blocksize", 2);
        if (form < 2) net_text(&n, "mode", form ? "CRD" : "DCR");
        net_run(&n);
        const xb_tensor *wide = form == 2 ? &n.in[0] : &n.out[0], *deep = form == 2 ? &n.out[0] : &n.in[0];
        for (int64_t k = 0; k < 144; k++) {
            int64_t x[4];
            index_of(&wide->type, k, x);
            int64_t block = x[2] % 2 * 2 + x[3] % 2, channel = form == 1 ? x[1] * 4 + block : block * 3 + x[1];
            ck_assert_double_eq(at(wide, x), at(deep, (int64_t[]){x[0], channel, x[2] / 2, x[3] / 2}));
        }
        net_free(&n);
    }
}
END_TEST

START_TEST(trilu)
{
    for (int64_t k = -6; k <= 6; k++)
        for (int upper = 0; upper < 2; upper++) {
            net n = net_of(XB_OP_Trilu);
            count_up(net_input(&n, XB_I32, DIMS(2, 3, 4)));
            *(int64_t *)net_input(&n, XB_I64, 0, NULL)->data = k == 6 ? INT64_MAX : k == -6 ? INT64_MIN : k;
            net_int(&n, "upper", upper);
            net_run(&n);
            for (int64_t i = 0; i < 24; i++) {
                int64_t y[3];
                index_of(&n.out[0].type, i, y);
                bool kept = upper ? y[2] - y[1] >= k : y[2] - y[1] <= k;
                ck_assert_double_eq(xb_tensor_get(&n.out[0], (size_t)i), kept ? (double)(i + 1) : 0);
            }
            net_free(&n);
        }
}
END_TEST

START_TEST(shape_size_eye)
{
    net n = net_of(XB_OP_Shape);
    net_input(&n, XB_F32, DIMS(2, 3, 0, 5));
    net_int(&n, "start", -3);
    net_int(&n, "end", 9);
    n.result = type_of(XB_I64, DIMS(3));
    net_run(&n);
    ck_assert_mem_eq(n.out[0].data, ((int64_t[]){3, 0, 5}), 24);
    net_free(&n);
    n = net_of(XB_OP_Size);
    n.result = type_of(XB_I64, 0, NULL);
    net_input(&n, XB_F32, DIMS(2, 3, 5));
    net_run(&n);
    ck_assert_int_eq(*(int64_t *)n.out[0].data, 30);
    net_free(&n);
    for (int64_t k = -1; k < 2; k++) {
        const float want[3][6] = {{0, 0, 0, 1, 0, 0}, {1, 0, 0, 0, 1, 0}, {0, 1, 0, 0, 0, 1}};
        n = net_of(XB_OP_EyeLike);
        net_input(&n, XB_F32, DIMS(2, 3));
        net_int(&n, "k", k);
        net_run(&n);
        ck_assert_mem_eq(n.out[0].data, want[k + 1], 24);
        net_free(&n);
    }
}
END_TEST

START_TEST(range_and_fill)
{
    for (int i = 0; i < 2; i++) {
        net n = net_of(XB_OP_Range);
        n.result = type_of(i ? XB_F32 : XB_I64, DIMS(i ? 4 : 3));
        const double v[2][3] = {{10, 3, -3}, {1, 2, 0.3}};
        for (size_t k = 0; k < 3; k++) {
            n.constant[n.n_in] = true;
            xb_tensor_set(net_input(&n, i ? XB_F32 : XB_I64, 0, NULL), 0, v[i][k]);
        }
        net_run(&n);
        for (int64_t k = 0; k < xb_type_count(&n.out[0].type); k++)
            near(xb_tensor_get(&n.out[0], (size_t)k), v[i][0] + (double)k * v[i][2]);
        net_free(&n);
    }
    net n = net_of(XB_OP_ConstantOfShape);
    n.result = type_of(XB_F32, DIMS(2, 2));
    net_ints(&n, 2, (int64_t[]){2, 2});
    net_real(&n, "value", 1.5f);
    net_run(&n);
    ck_assert_mem_eq(n.out[0].data, ((float[]){1.5f, 1.5f, 1.5f, 1.5f}), 16);
    net_free(&n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("move");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, transpose);
    tcase_add_test(t, slice);
    tcase_add_test(t, slice_bounds_at_the_limits);
    tcase_add_test(t, pad);
    tcase_add_test(t, gather);
    tcase_add_test(t, gather_elements);
    tcase_add_test(t, index_out_of_range_is_named);
    tcase_add_test(t, tile_and_expand);
    tcase_add_test(t, concat_and_split_undo_each_other);
    tcase_add_test(t, depth_to_space);
    tcase_add_test(t, trilu);
    tcase_add_test(t, shape_size_eye);
    tcase_add_test(t, range_and_fill);
    return run_case("nn_ref_move", t);
}
