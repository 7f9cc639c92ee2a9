/* tiling.c: how one N x K matrix is cut into arrays. Group Scissor (DAC 2017), sec. 3, "MBC selection"; the fixed rule.
 */
#include "hw/layout.h"

enum { SMALLEST_DIVISOR = 16 }; /* below it our fallback pads instead, unless the hardware says `exact` */

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

static int64_t largest_divisor(int64_t n, int64_t limit)
{
    int64_t d = n < limit ? n : limit;
    while (n % d) d--;
    return d;
}

/* Size of the pieces that n rows (or columns) are cut into by a library of all sizes up to `limit`. */
static int64_t exact_side(int64_t n, int64_t limit, bool exact)
{
    int64_t d = largest_divisor(n, limit);
    if (exact || n <= limit || d >= SMALLEST_DIVISOR) return d;
    return ceil_div(n, ceil_div(n, limit));
}

xb_tiling xb_tile(const xb_hw *hw, int64_t rows, int64_t cols)
{
    xb_tiling t = {.rows = hw->max_rows, .cols = hw->max_cols};
    if (hw->rule == XB_TILING_EXACT) {
        t.rows = exact_side(rows, hw->max_rows, hw->exact);
        t.cols = exact_side(cols, hw->max_cols, hw->exact);
    }
    t.grid_rows = ceil_div(rows, t.rows);
    t.grid_cols = ceil_div(cols, t.cols);
    t.padded = rows % t.rows || cols % t.cols;
    return t;
}
