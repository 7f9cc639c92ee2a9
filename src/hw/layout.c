/* layout.c: what a layout is asked; its copy; the values its arrays hold. */
#include "hw/layout_private.h"
#include <stdlib.h>

void xb_layout_free(xb_layout *l)
{
    if (!l) return;
    xb_vec_free(&l->arrays);
    xb_vec_free(&l->blocks);
    xb_vec_free(&l->nets);
    xb_vec_free(&l->matrices);
    xb_vec_free(&l->costs);
    xb_vec_free(&l->orders);
    xb_vec_free(&l->first_array);
    xb_vec_free(&l->first_net);
    xb_arena_free(l->arena);
    free(l);
}

#define COPY(member)                                                                                                   \
    do {                                                                                                               \
        for (size_t k = 0; k < from->member.n; k++) xb_push(&l->member, from->member.data[k]);                         \
    } while (0)

static const int32_t *copy_list(xb_arena *a, const int32_t *list, int64_t n)
{
    if (!list) return NULL;
    int32_t *copy = xb_arena_alloc(a, (size_t)n, sizeof *copy);
    memcpy(copy, list, (size_t)n * sizeof *copy);
    return copy;
}

xb_layout *xb_layout_clone(const xb_layout *from)
{
    xb_layout *l = xb_calloc(1, sizeof *l);
    l->arena = xb_arena_new();
    l->hw = xb_hw_copy(l->arena, &from->hw);
    COPY(arrays);
    COPY(blocks);
    COPY(nets);
    COPY(matrices);
    COPY(costs);
    COPY(first_array);
    COPY(first_net);
    l->chip = from->chip;
    l->mesh_rows = from->mesh_rows, l->mesh_cols = from->mesh_cols;
    for (size_t i = 0; i < l->matrices.n; i++) {
        xb_layer_cost *c = &l->costs.data[i];
        const char *old = c->name;
        c->name = l->matrices.data[i].name = xb_arena_strdup(l->arena, old);
        c->op_type = xb_arena_strdup(l->arena, c->op_type);
        if (l->chip.critical_layer == old) l->chip.critical_layer = c->name;
    }
    for (size_t i = 0; i < l->blocks.n; i++) {
        xb_block *b = &l->blocks.data[i];
        b->row_list = copy_list(l->arena, b->row_list, b->rows);
        b->col_list = copy_list(l->arena, b->col_list, b->cols);
    }
    return l;
}

const xb_layout_ops xb_layout_ownership = {.free = xb_layout_free, .clone = xb_layout_clone};

const xb_hw *xb_layout_hw(const xb_layout *l)
{
    return &l->hw;
}

size_t xb_layout_arrays(const xb_layout *l, const xb_array **list)
{
    *list = l->arrays.data;
    return l->arrays.n;
}

size_t xb_layout_blocks(const xb_layout *l, const xb_block **list)
{
    *list = l->blocks.data;
    return l->blocks.n;
}

size_t xb_layout_nets(const xb_layout *l, const xb_net **list)
{
    *list = l->nets.data;
    return l->nets.n;
}

size_t xb_layout_matrices(const xb_layout *l, const xb_matrix **list)
{
    *list = l->matrices.data;
    return l->matrices.n;
}

size_t xb_layout_layer_costs(const xb_layout *l, const xb_layer_cost **list)
{
    *list = l->costs.data;
    return l->costs.n;
}

const xb_chip_cost *xb_layout_chip_cost(const xb_layout *l)
{
    return &l->chip;
}

void xb_layout_array_values(const xb_layout *l, const xb_graph *g, uint32_t id, float *out)
{
    const xb_array *a = &l->arrays.data[id];
    memset(out, 0, (size_t)a->rows * (size_t)a->cols * sizeof *out);
    for (uint32_t k = 0; k < a->blocks; k++) {
        const xb_block *b = &l->blocks.data[a->first_block + k];
        const xb_matrix *m = &l->matrices.data[b->matrix];
        xb_matrix_data v = xb_matrix_data_of(g, m);
        for (int64_t c = 0; c < b->cols; c++)
            for (int64_t r = 0; r < b->rows; r++) {
                int64_t row = b->row_list ? b->row_list[r] : b->row + r;
                int64_t col = b->col_list ? b->col_list[c] : b->col + c;
                out[(b->at_row + r) * a->cols + b->at_col + c] = xb_matrix_value(&v, m, b->group, row, col);
            }
    }
}

void xb_layout_mesh(const xb_layout *l, int32_t *rows, int32_t *cols)
{
    *rows = l->mesh_rows;
    *cols = l->mesh_cols;
}

void xb_layout_set_mesh(xb_layout *l, int32_t rows, int32_t cols)
{
    l->mesh_rows = rows;
    l->mesh_cols = cols;
}

void xb_layout_place(xb_layout *l, uint32_t id, int32_t site_x, int32_t site_y, int32_t core)
{
    if (id >= l->arrays.n) return;
    l->arrays.data[id].site_x = site_x;
    l->arrays.data[id].site_y = site_y;
    l->arrays.data[id].core = core;
}
