/* layout_private.h: what the files of a layout share. */
#ifndef XB_HW_LAYOUT_PRIVATE_H
#define XB_HW_LAYOUT_PRIVATE_H

#include "base/vec.h"
#include "hw/hw.h"
#include "hw/layout.h"
#include "ir/tensor.h"
#include <string.h>

enum { XB_MAX_ARRAYS = 1 << 22 }; /* of a layout, so that a mistaken array size does not eat the machine */

/* The order in which a matrix is cut; NULL: as it is. In the layout's arena. */
typedef struct xb_order {
    const int32_t *rows, *cols;
} xb_order;

/* Blocks are ordered by array, arrays by matrix; costs are parallel to matrices. Text lives in the arena. */
struct xb_layout {
    xb_arena *arena;
    xb_hw hw;
    xb_vec(xb_array) arrays;
    xb_vec(xb_block) blocks;
    xb_vec(xb_net) nets;
    xb_vec(xb_matrix) matrices;
    xb_vec(xb_layer_cost) costs;
    xb_vec(xb_order) orders; /* of a plan; none in a clone, whose blocks have lists of their own */
    xb_vec(uint32_t) first_array, first_net; /* of every matrix, one more than matrices */
    xb_chip_cost chip;
    int32_t mesh_rows, mesh_cols;
};

/* Deep copy: every text and override of `from` is copied into the arena. */
xb_hw xb_hw_copy(xb_arena *a, const xb_hw *from);

/* Patterns of `layers:` that match none of n layers: warnings "hw-layers". */
void xb_hw_warn_unmatched(xb_diags *d, const xb_hw *hw, const xb_layer_cost *layers, size_t n);

/* order.c: the note "perm-rows" (columns: "perm-cols") of m's weight; *out NULL: there is none, or an empty one. false
 * after a diagnostic "hw-order": several groups, another number of rows, no permutation. */
bool xb_order_read(xb_diags *d, const xb_graph *g, const xb_matrix *m, bool columns, xb_arena *a, const int32_t **out);

/* pack.c: how many groups of rows x cols share one array, side by side on its diagonal; 1: none do. */
int64_t xb_pack_groups(const xb_hw *hw, int64_t groups, int64_t rows, int64_t cols);
/* Arrays if the groups were spread into one dense matrix with zeros between. INT64_MAX when beyond counting. */
int64_t xb_pack_dense(const xb_hw *hw, int64_t groups, int64_t rows, int64_t cols);

/* Arrays of the same without those that hold no group; INT64_MAX: not by the fixed rule, or a group exceeds an array.
 */
int64_t xb_pack_spread(const xb_hw *hw, const xb_matrix *m);
void xb_plan_spread(xb_layout *l, uint32_t i, const xb_hw *hw);
void xb_count_spread(xb_layout *l, const xb_graph *g, size_t i); /* xb_layout_count of such a matrix */

/* count.c: reads every weight of matrix i once; fills wires of its nets and the counted members of its cost. */
void xb_layout_count(xb_layout *l, const xb_graph *g, size_t i);

/* Cells of a dense array for what is left of one, which holds parts of a matrix of rows x cols: 0 when nothing is; else
 * no array counts as smaller than 16 x 8 unless its matrix is. */
int64_t xb_compacted(int64_t kept_rows, int64_t kept_cols, int64_t rows, int64_t cols);

/* Values of a matrix: element (group, row, col) as float, rounded once where the weight is of another type. */
typedef struct xb_matrix_data {
    const unsigned char *data;
    xb_dtype dtype;
} xb_matrix_data;

static inline xb_matrix_data xb_matrix_data_of(const xb_graph *g, const xb_matrix *m)
{
    return (xb_matrix_data){xb_graph_raw(g, m->weight, NULL), xb_graph_type(g, m->weight)->dtype};
}

static inline float xb_matrix_value(const xb_matrix_data *v, const xb_matrix *m, int64_t group, int64_t row,
                                    int64_t col)
{
    size_t at = (size_t)(group * m->group_stride + row * m->row_stride + col * m->col_stride);
    if (v->dtype != XB_F32) return (float)xb_scalar_get(v->dtype, v->data, at);
    float f;
    memcpy(&f, v->data + 4 * at, 4);
    return f;
}

/* cost.c: time, energy, conversions of matrix i; then the chip. After xb_layout_count. */
void xb_layout_cost(xb_layout *l, size_t i);
void xb_layout_cost_chip(xb_layout *l);

#endif
