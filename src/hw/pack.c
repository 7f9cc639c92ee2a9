/* pack.c: grouped and depthwise convolutions: several small groups share one array, block-diagonally.
 *
 * A group's rows and columns belong to no other group, so k groups of N x M fit one array of kN x kM; the cells off the
 * diagonal stay unused (weight zero). Other tools spread all groups into one dense matrix; its count is reported
 * beside. */
#include "hw/layout_private.h"

int64_t xb_pack_groups(const xb_hw *hw, int64_t groups, int64_t rows, int64_t cols)
{
    if (groups < 2 || rows > hw->max_rows || cols > hw->max_cols) return 1;
    int64_t down = hw->max_rows / rows, across = hw->max_cols / cols;
    int64_t k = down < across ? down : across;
    return k < groups ? k : groups;
}

int64_t xb_pack_dense(const xb_hw *hw, int64_t groups, int64_t rows, int64_t cols)
{
    int64_t all_rows, all_cols, n;
    if (!xb_mul_i64(groups, rows, &all_rows) || !xb_mul_i64(groups, cols, &all_cols)) return INT64_MAX;
    xb_tiling t = xb_tile(hw, all_rows, all_cols);
    return xb_mul_i64(t.grid_rows, t.grid_cols, &n) ? n : INT64_MAX;
}
