/* layout_read.c: the layout of an output folder: what it says itself, in the
 * frame of a plan. */
#include "base/file.h"
#include "hw/lvs.h"
#include <stdlib.h>

static const int32_t *kept(xb_arena *a, const int32_t *list, int64_t n)
{
    if (!list) return NULL;
    int32_t *copy = xb_arena_alloc(a, (size_t)n, sizeof *copy);
    memcpy(copy, list, (size_t)n * sizeof *copy);
    return copy;
}

#define TAKE(member)                                                                                                   \
    do {                                                                                                               \
        l->member.n = 0;                                                                                               \
        for (size_t k = 0; k < v->member.n; k++) xb_push(&l->member, v->member.data[k]);                               \
    } while (0)

/* Arrays are in order of matrices, and nets too, so that the firsts of each can
 * be told. */
static bool find_firsts(const xb_lvs *v, xb_layout *l)
{
    uint32_t matrices = (uint32_t)l->matrices.n, array = 0, net = 0;
    for (uint32_t m = 0; m <= matrices; m++) {
        while (array < l->arrays.n && l->blocks.data[l->arrays.data[array].first_block].matrix < m) array++;
        while (net < l->nets.n && l->nets.data[net].matrix < m) net++;
        l->first_array.data[m] = array;
        l->first_net.data[m] = net;
    }
    for (uint32_t i = 1; i < l->arrays.n; i++)
        if (l->blocks.data[l->arrays.data[i].first_block].matrix <
            l->blocks.data[l->arrays.data[i - 1].first_block].matrix)
            return xb_error(v->d, "lvs-format", (.file = v->path), "array %u is not in order of matrices", i);
    return true;
}

static bool take(const xb_lvs *v, xb_layout *l)
{
    for (size_t i = 0; i < v->arrays.n; i++)
        if (!v->arrays.data[i].blocks)
            return xb_error(v->d, "lvs-format", (.file = v->path), "array %zu holds nothing", i);
    TAKE(arrays);
    TAKE(blocks);
    TAKE(nets);
    for (size_t i = 0; i < l->blocks.n; i++) {
        xb_block *b = &l->blocks.data[i];
        b->row_list = kept(l->arena, b->row_list, b->rows);
        b->col_list = kept(l->arena, b->col_list, b->cols);
    }
    l->mesh_rows = (int32_t)v->mesh_rows;
    l->mesh_cols = (int32_t)v->mesh_cols;
    return find_firsts(v, l);
}

/* The hardware that was asked for must cut every matrix as the folder's does.
 */
static bool same_arrays(const xb_lvs *v, const char *dir, const xb_layout *l)
{
    xb_hw made;
    char *path = xb_path_join(dir, "hardware.yaml");
    bool ok = xb_hw_read_file(v->d, v->arena, path, NULL, &made);
    free(path);
    for (size_t i = 0; ok && i < l->matrices.n; i++) {
        const xb_matrix *m = &l->matrices.data[i];
        xb_hw was = xb_hw_for(&made, m->name, l->costs.data[i].op_type),
              is = xb_hw_for(&l->hw, m->name, l->costs.data[i].op_type);
        xb_tiling a = xb_tile(&was, m->rows, m->cols), b = xb_tile(&is, m->rows, m->cols);
        if (a.rows != b.rows || a.cols != b.cols ||
            xb_pack_groups(&was, m->groups, m->rows, m->cols) != xb_pack_groups(&is, m->groups, m->rows, m->cols))
            ok = xb_error(v->d, "lvs-hardware", (.file = v->path),
                          "'%s' was laid out on arrays of %lld x %lld; on this "
                          "hardware they would be %lld x %lld: "
                          "compile again",
                          m->name, (long long)a.rows, (long long)a.cols, (long long)b.rows, (long long)b.cols);
    }
    return ok;
}

xb_layout *xb_layout_read(xb_diags *d, const char *dir, const xb_graph *g, const xb_hw *hw)
{
    xb_lvs v;
    bool ok = xb_lvs_open(&v, d, dir, g);
    xb_layout *l = ok ? xb_layout_plan(d, g, hw) : NULL;
    if (l && !(same_arrays(&v, dir, l) && take(&v, l))) {
        xb_layout_free(l);
        l = NULL;
    }
    xb_lvs_close(&v);
    return l;
}
