/* sections.c: from the blocks of a layout to how a matrix's column sums are cut.
 *
 * Columns of a group whose rows lie in the same arrays, in the same order, form one section: one matrix for the
 * product, its rows in the order of the arrays and cut where an array ends. A plain layout makes one section a group;
 * lists of rows and columns (after permutation or compaction) may make more. */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

static int64_t row_of(const xb_block *b, int64_t r)
{
    return b->row_list ? b->row_list[r] : b->row + r;
}

static int64_t col_of(const xb_block *b, int64_t c)
{
    return b->col_list ? b->col_list[c] : b->col + c;
}

static bool same_rows(const xb_block *a, const xb_block *b)
{
    if (a->rows != b->rows) return false;
    for (int64_t r = 0; r < a->rows; r++)
        if (row_of(a, r) != row_of(b, r)) return false;
    return true;
}

static int64_t least_row(const xb_block *b)
{
    int64_t least = row_of(b, 0);
    for (int64_t r = 1; r < b->rows; r++)
        if (row_of(b, r) < least) least = row_of(b, r);
    return least;
}

static int64_t least_col(const xb_block *b)
{
    int64_t least = col_of(b, 0);
    for (int64_t c = 1; c < b->cols; c++)
        if (col_of(b, c) < least) least = col_of(b, c);
    return least;
}

/* The blocks of one column, by their least row: the order does not depend on where arrays are. */
typedef struct column {
    xb_vec(const xb_block *) blocks;
} column;

static int by_row(const void *x, const void *y)
{
    const xb_block *const *a = x, *const *b = y;
    int64_t p = least_row(*a), q = least_row(*b);
    return p < q ? -1 : p > q;
}

static bool alike(const column *a, const column *b)
{
    if (a->blocks.n != b->blocks.n) return false;
    for (size_t i = 0; i < a->blocks.n; i++)
        if (a->blocks.data[i] != b->blocks.data[i] && !same_rows(a->blocks.data[i], b->blocks.data[i])) return false;
    return true;
}

static void take_rows(xb_section *p, const column *c)
{
    for (size_t i = 0; i < c->blocks.n; i++) p->rows += c->blocks.data[i]->rows;
    p->row = xb_calloc((size_t)p->rows + 1, sizeof *p->row);
    p->end = xb_calloc(c->blocks.n + 1, sizeof *p->end);
    p->blocks = c->blocks.n;
    int64_t at = 0;
    for (size_t i = 0; i < c->blocks.n; i++) {
        const xb_block *b = c->blocks.data[i];
        for (int64_t r = 0; r < b->rows; r++) p->row[at++] = (int32_t)row_of(b, r);
        p->end[i] = at;
    }
    p->straight = true;
    for (int64_t r = 0; r < p->rows; r++) p->straight &= p->row[r] == r;
}

/* A reference column belongs to the array of the column's first block; the least column of that block names it. */
static void take_col(xb_section *p, const column *c, int64_t col)
{
    int32_t name = (int32_t)least_col(c->blocks.data[0]);
    int64_t k = 0;
    while (k < p->refs && p->ref_col[k] != name) k++;
    if (k == p->refs) p->ref_col[p->refs++] = name;
    p->ref[p->cols] = (int32_t)k;
    p->col[p->cols++] = (int32_t)col;
}

static void new_section(xb_sections *cut, const column *c, int64_t cols)
{
    xb_section p = {0};
    take_rows(&p, c);
    p.col = xb_calloc((size_t)cols, sizeof *p.col);
    p.ref = xb_calloc((size_t)cols, sizeof *p.ref);
    p.ref_col = xb_calloc((size_t)cols, sizeof *p.ref_col);
    for (size_t i = 0; i < p.blocks; i++) {
        int64_t rows = p.end[i] - (i ? p.end[i - 1] : 0);
        if (rows > cut->longest) cut->longest = rows;
    }
    xb_push(&cut->list, p);
}

static void cut_group(xb_sections *cut, column *c, int64_t cols)
{
    size_t first = cut->list.n, last = first;
    const column **model = xb_calloc((size_t)cols, sizeof *model); /* of the group's parts */
    for (int64_t j = 0; j < cols; j++) {
        if (!c[j].blocks.n) continue; /* on no array: all zeros, compacted away */
        qsort(c[j].blocks.data, c[j].blocks.n, sizeof *c[j].blocks.data, by_row);
        size_t k = last; /* neighbours are mostly alike */
        if (k >= cut->list.n || !alike(model[k - first], &c[j])) {
            k = first;
            while (k < cut->list.n && !alike(model[k - first], &c[j])) k++;
        }
        if (k == cut->list.n) {
            model[k - first] = &c[j];
            new_section(cut, &c[j], cols);
        }
        take_col(&cut->list.data[k], &c[j], j);
        last = k;
    }
    free(model);
}

static int by_group(const void *x, const void *y)
{
    const xb_block *const *a = x, *const *b = y;
    if ((*a)->group != (*b)->group) return (*a)->group < (*b)->group ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

xb_sections xb_sections_of(const xb_layout *l, uint32_t matrix)
{
    const xb_matrix *m;
    const xb_block *list;
    size_t n = xb_layout_blocks(l, &list), at = 0;
    xb_layout_matrices(l, &m);
    m += matrix;
    xb_sections cut = {.first = xb_calloc((size_t)m->groups + 1, sizeof *cut.first)};
    xb_vec(const xb_block *) mine = {0};
    for (size_t i = 0; i < n; i++)
        if (list[i].matrix == matrix && list[i].rows > 0 && list[i].cols > 0) xb_push(&mine, &list[i]);
    if (mine.n) qsort(mine.data, mine.n, sizeof *mine.data, by_group);
    column *c = xb_calloc((size_t)m->cols, sizeof *c);
    for (int64_t g = 0; g < m->groups; g++) {
        for (int64_t j = 0; j < m->cols; j++) c[j].blocks.n = 0;
        for (; at < mine.n && mine.data[at]->group == g; at++)
            for (int64_t j = 0; j < mine.data[at]->cols; j++)
                xb_push(&c[col_of(mine.data[at], j)].blocks, mine.data[at]);
        cut_group(&cut, c, m->cols);
        cut.first[g + 1] = cut.list.n;
    }
    for (int64_t j = 0; j < m->cols; j++) xb_vec_free(&c[j].blocks);
    free(c);
    xb_vec_free(&mine);
    return cut;
}

xb_sections xb_sections_blocks(const xb_sections *of, int64_t groups)
{
    xb_sections cut = {.first = xb_calloc((size_t)groups + 1, sizeof *cut.first), .longest = of->longest};
    for (int64_t g = 0; g < groups; g++) {
        for (size_t k = of->first[g]; k < of->first[g + 1]; k++)
            for (size_t b = 0; b < of->list.data[k].blocks; b++) {
                const xb_section *from = &of->list.data[k];
                int64_t start = b ? from->end[b - 1] : 0;
                xb_section p = *from;
                p.rows = from->end[b] - start;
                p.row = xb_calloc((size_t)p.rows, sizeof *p.row);
                memcpy(p.row, from->row + start, (size_t)p.rows * sizeof *p.row);
                p.straight = from->straight && start == 0 && b + 1 == from->blocks;
                p.end = xb_calloc(1, sizeof *p.end);
                p.end[0] = p.rows, p.blocks = 1;
                p.col = xb_calloc((size_t)p.cols, sizeof *p.col);
                p.ref = xb_calloc((size_t)p.cols, sizeof *p.ref);
                p.ref_col = xb_calloc((size_t)p.cols, sizeof *p.ref_col);
                memcpy(p.col, from->col, (size_t)p.cols * sizeof *p.col);
                memcpy(p.ref, from->ref, (size_t)p.cols * sizeof *p.ref);
                memcpy(p.ref_col, from->ref_col, (size_t)p.refs * sizeof *p.ref_col);
                xb_push(&cut.list, p);
            }
        cut.first[g + 1] = cut.list.n;
    }
    return cut;
}

void xb_sections_free(xb_sections *c)
{
    for (size_t i = 0; i < c->list.n; i++) {
        free(c->list.data[i].row);
        free(c->list.data[i].col);
        free(c->list.data[i].ref);
        free(c->list.data[i].ref_col);
        free(c->list.data[i].end);
    }
    xb_vec_free(&c->list);
    free(c->first);
    *c = (xb_sections){0};
}
