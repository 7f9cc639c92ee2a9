/* verify.c: layout versus schematic: what layout.json and weights.bin say is the graph, bit for bit, each element once.
 */
#include "base/digest.h"
#include "base/file.h"
#include "hw/lvs.h"
#include <stdlib.h>

enum { HARDWARE_LIMIT = 1 << 24 };

bool xb_lvs_error(xb_lvs *v, const char *code, const char *format, ...)
{
    va_list args;
    xb_where where = {.file = v->path};
    if (v->errors++ >= XB_LVS_SHOWN) return false;
    va_start(args, format);
    xb_vdiag(v->d, XB_ERROR, code, &where, format, args);
    va_end(args);
    return false;
}

/* ---- bitmaps ---- */

/* Sets bit i; false when it was set. */
static bool take(unsigned char *bits, size_t i)
{
    unsigned char mask = (unsigned char)(1u << (i & 7)), was = bits[i >> 3] & mask;
    bits[i >> 3] |= mask;
    return !was;
}

static bool taken(const unsigned char *bits, size_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

static unsigned char *new_bits(size_t n)
{
    return xb_calloc(n / 8 + 1, 1);
}

/* ---- matrices against the graph ---- */

typedef struct schematic {
    xb_vec(xb_matrix) matrix;
    xb_vec(xb_matrix_data) data;
    xb_vec(unsigned char *) seen; /* one bit an element */
} schematic;

static void read_graph(schematic *s, const xb_graph *g)
{
    for (xb_op op = xb_graph_first(g); op.id; op = xb_graph_next(g, op)) {
        xb_matrix m;
        if (!xb_graph_matrix(g, op, &m) || m.groups < 1 || m.rows < 1 || m.cols < 1) continue;
        xb_push(&s->matrix, m);
        xb_push(&s->data, xb_matrix_data_of(g, &m));
        xb_push(&s->seen, NULL);
    }
}

static bool match_matrices(xb_lvs *v, const schematic *s)
{
    uint64_t before = v->errors;
    for (size_t i = 0; i < s->matrix.n || i < v->matrices.n; i++) {
        const xb_matrix *m = i < s->matrix.n ? &s->matrix.data[i] : NULL;
        const xb_lvs_matrix *w = i < v->matrices.n ? &v->matrices.data[i] : NULL;
        if (!w)
            xb_lvs_error(v, "lvs-matrix", "layer '%s' of the model is not in the layout", m->name);
        else if (!m)
            xb_lvs_error(v, "lvs-matrix", "matrix '%s' of the layout is not in the model", w->name);
        else if (strcmp(m->name, w->name))
            xb_lvs_error(v, "lvs-matrix", "matrix %zu is '%s' in the model, '%s' in the layout", i, m->name, w->name);
        else if (m->groups != w->groups || m->rows != w->rows || m->cols != w->cols)
            xb_lvs_error(v, "lvs-matrix", "'%s' is %lld x %lld x %lld in the model, %lld x %lld x %lld in the layout",
                         m->name, (long long)m->groups, (long long)m->rows, (long long)m->cols, (long long)w->groups,
                         (long long)w->rows, (long long)w->cols);
    }
    return v->errors == before;
}

/* ---- arrays against matrices ---- */

static uint32_t bits_at(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* One cell: does it hold its element, and is it the only one that does? Errors are counted; the first of a block is
 * told. */
typedef struct tally {
    uint64_t wrong, twice, overlap;
} tally;

static void check_cell(const xb_block *b, const xb_matrix *m, const xb_matrix_data *data, unsigned char *seen,
                       int64_t row, int64_t col, uint32_t have, tally *t)
{
    float f = xb_matrix_value(data, m, b->group, row, col);
    uint32_t want;
    memcpy(&want, &f, 4);
    t->wrong += have != want;
    t->twice += !take(seen, (size_t)((b->group * m->rows + row) * m->cols + col));
}

static void check_block(xb_lvs *v, schematic *s, const xb_block *b, const unsigned char *values, unsigned char *used)
{
    const xb_array *a = &v->arrays.data[b->array];
    const xb_matrix *m = &s->matrix.data[b->matrix];
    unsigned char **seen = &s->seen.data[b->matrix];
    tally t = {0, 0, 0};
    if (!*seen) *seen = new_bits((size_t)(m->groups * m->rows * m->cols));
    for (int64_t c = 0; c < b->cols; c++)
        for (int64_t r = 0; r < b->rows; r++) {
            size_t cell = (size_t)(b->at_row + r) * (size_t)a->cols + (size_t)(b->at_col + c);
            int64_t row = b->row_list ? b->row_list[r] : b->row + r, col = b->col_list ? b->col_list[c] : b->col + c;
            t.overlap += !take(used, cell);
            check_cell(b, m, &s->data.data[b->matrix], *seen, row, col, bits_at(values + 4 * cell), &t);
        }
    if (t.wrong)
        xb_lvs_error(v, "lvs-value", "array %u: %llu cells do not hold the weights of '%s'", a->id,
                     (unsigned long long)t.wrong, m->name);
    if (t.twice)
        xb_lvs_error(v, "lvs-twice", "array %u: %llu elements of '%s' are in more than one cell", a->id,
                     (unsigned long long)t.twice, m->name);
    if (t.overlap)
        xb_lvs_error(v, "lvs-overlap", "array %u: %llu cells belong to more than one block", a->id,
                     (unsigned long long)t.overlap);
}

/* What a line of an array (a row or a column) is of: blocks that share one must mean the same matrix row or column, for
 * the array adds up a column whatever is in it, and drives a row with one input. */
typedef struct line {
    int64_t group, index;
    uint32_t matrix;
    bool taken;
} line;

static bool claim(line *lines, int32_t at, int64_t n, const xb_block *b, const int32_t *list, int64_t first)
{
    bool ok = true;
    for (int64_t i = 0; i < n; i++) {
        line want = {b->group, list ? list[i] : first + i, b->matrix, true}, *have = &lines[at + i];
        if (!have->taken) *have = want;
        ok &= have->group == want.group && have->index == want.index && have->matrix == want.matrix;
    }
    return ok;
}

static void check_lines(xb_lvs *v, const xb_array *a)
{
    line *rows = xb_calloc((size_t)a->rows, sizeof *rows), *cols = xb_calloc((size_t)a->cols, sizeof *cols);
    bool ok = true;
    for (uint32_t k = 0; k < a->blocks; k++) {
        const xb_block *b = &v->blocks.data[a->first_block + k];
        ok &= claim(rows, b->at_row, b->rows, b, b->row_list, b->row);
        ok &= claim(cols, b->at_col, b->cols, b, b->col_list, b->col);
    }
    if (!ok)
        xb_lvs_error(v, "lvs-share", "array %u: blocks of different inputs or outputs share a row or a column", a->id);
    free(rows);
    free(cols);
}

static void check_array(xb_lvs *v, schematic *s, const xb_array *a, const unsigned char *values)
{
    size_t cells = (size_t)a->rows * (size_t)a->cols;
    unsigned char *used = new_bits(cells);
    uint64_t stray = 0;
    for (uint32_t k = 0; k < a->blocks; k++) check_block(v, s, &v->blocks.data[a->first_block + k], values, used);
    for (size_t i = 0; i < cells; i++) stray += !taken(used, i) && bits_at(values + 4 * i) != 0;
    if (stray)
        xb_lvs_error(v, "lvs-stray", "array %u: %llu cells outside every block are not zero", a->id,
                     (unsigned long long)stray);
    free(used);
}

static void check_coverage(xb_lvs *v, const schematic *s)
{
    for (size_t i = 0; i < s->matrix.n; i++) {
        const xb_matrix *m = &s->matrix.data[i];
        size_t all = (size_t)(m->groups * m->rows * m->cols), missing = 0;
        for (size_t k = 0; s->seen.data[i] && k < all; k++) {
            if (k % 8 == 0) /* whole bytes at a time */
                while (k + 8 <= all && s->seen.data[i][k / 8] == 0xff) k += 8;
            if (k < all) missing += !taken(s->seen.data[i], k);
        }
        if (!s->seen.data[i]) missing = all;
        if (missing) xb_lvs_error(v, "lvs-missing", "%zu elements of '%s' are in no array", missing, m->name);
    }
}

/* ---- sites and nets ---- */

static int by_site(const void *pa, const void *pb)
{
    const xb_array *a = *(const xb_array *const *)pa, *b = *(const xb_array *const *)pb;
    if (a->site_y != b->site_y) return a->site_y < b->site_y ? -1 : 1;
    if (a->site_x != b->site_x) return a->site_x < b->site_x ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void check_sites(xb_lvs *v)
{
    xb_vec(const xb_array *) placed = {0};
    for (size_t i = 0; i < v->arrays.n; i++) {
        const xb_array *a = &v->arrays.data[i];
        if (a->site_x < 0 && a->site_y < 0) continue;
        if (a->site_x < 0 || a->site_y < 0 || a->site_x >= v->mesh_cols || a->site_y >= v->mesh_rows)
            xb_lvs_error(v, "lvs-site", "array %u: site (%d, %d) is outside the mesh of %lld x %lld", a->id, a->site_x,
                         a->site_y, (long long)v->mesh_rows, (long long)v->mesh_cols);
        xb_push(&placed, a);
    }
    if (placed.n && placed.n < v->arrays.n)
        xb_lvs_error(v, "lvs-site", "%zu of %zu arrays have no site", v->arrays.n - placed.n, v->arrays.n);
    if (placed.n) qsort(placed.data, placed.n, sizeof *placed.data, by_site);
    for (size_t i = 1; i < placed.n; i++) {
        const xb_array *a = placed.data[i - 1], *b = placed.data[i];
        if (a->site_x == b->site_x && a->site_y == b->site_y)
            xb_lvs_error(v, "lvs-site", "arrays %u and %u share site (%d, %d)", a->id, b->id, a->site_x, a->site_y);
    }
    xb_vec_free(&placed);
}

/* Every array of a net holds a block of the net's rows or columns. */
static void check_nets(xb_lvs *v)
{
    for (size_t i = 0; i < v->nets.n; i++) {
        const xb_net *n = &v->nets.data[i];
        for (uint32_t k = 0; k < n->arrays; k++) {
            const xb_array *a = &v->arrays.data[n->first_array + k * n->stride];
            bool found = false;
            for (uint32_t j = 0; j < a->blocks && !found; j++) {
                const xb_block *b = &v->blocks.data[a->first_block + j];
                int64_t first = n->row ? b->row : b->col, count = n->row ? b->rows : b->cols;
                found = b->matrix == n->matrix && b->group == n->group && first == n->index && count == n->count;
            }
            if (!found) {
                xb_lvs_error(v, "lvs-net", "net %zu: array %u does not hold its rows or columns", i, a->id);
                break;
            }
        }
    }
}

/* ---- all of it ---- */

/* The pages of a weight that lies in the model file. */
static void release(const xb_graph *g, const xb_matrix *m)
{
    size_t n;
    const void *bytes = xb_graph_raw(g, m->weight, &n);
    if (xb_graph_is_mapped(g, m->weight)) xb_view_done(bytes, n);
}

static void compare(xb_lvs *v, const xb_graph *g, const xb_view *weights)
{
    schematic s = {0};
    read_graph(&s, g);
    if (match_matrices(v, &s)) {
        const unsigned char *values = weights->data;
        uint32_t matrix = 0;
        for (size_t i = 0; i < v->arrays.n; i++) {
            const xb_array *a = &v->arrays.data[i];
            size_t bytes = (size_t)a->rows * (size_t)a->cols * 4;
            check_lines(v, a);
            check_array(v, &s, a, values);
            xb_view_done(values, bytes);
            values += bytes;
            uint32_t now = a->blocks ? v->blocks.data[a->first_block].matrix : matrix;
            if (now != matrix) release(g, &s.matrix.data[matrix]);
            matrix = now;
        }
        check_coverage(v, &s);
        check_sites(v);
        check_nets(v);
    }
    for (size_t i = 0; i < s.seen.n; i++) free(s.seen.data[i]);
    xb_vec_free(&s.matrix);
    xb_vec_free(&s.data);
    xb_vec_free(&s.seen);
}

static void check_weights(xb_lvs *v, const char *dir, const xb_graph *g)
{
    char *path = xb_path_join(dir, "weights.bin");
    xb_view weights = {0};
    if (!xb_view_open(v->d, path, &weights)) {
        v->errors++;
    } else {
        if ((uint64_t)v->said_bytes != v->bytes)
            xb_lvs_error(v, "lvs-size", "the arrays need %llu bytes; 'weights.bytes' is %lld",
                         (unsigned long long)v->bytes, (long long)v->said_bytes);
        if (weights.size != v->bytes)
            xb_lvs_error(v, "lvs-size", "the arrays need %llu bytes; weights.bin has %zu", (unsigned long long)v->bytes,
                         weights.size);
        else
            compare(v, g, &weights);
        xb_view_close(&weights);
    }
    free(path);
}

/* hardware.yaml is the one that layout.json was made for. */
static void check_hardware(xb_lvs *v, const char *dir)
{
    char *path = xb_path_join(dir, "hardware.yaml"), hex[XB_DIGEST_HEX];
    size_t n;
    char *text = xb_read_file(v->d, path, HARDWARE_LIMIT, &n);
    if (!text) {
        v->errors++;
    } else {
        xb_digest_of(text, n, hex);
        if (strcmp(hex, v->digest))
            xb_lvs_error(v, "lvs-hardware", "made for a hardware file of SHA-256 %.64s; that of hardware.yaml is %s",
                         v->digest, hex);
    }
    free(text);
    free(path);
}

static void sum_up(const xb_lvs *v, xb_lvs_result *out)
{
    *out = (xb_lvs_result){.layers = v->matrices.n, .arrays = v->arrays.n};
    for (size_t i = 0; i < v->matrices.n; i++) {
        const xb_lvs_matrix *m = &v->matrices.data[i];
        out->cells += (uint64_t)m->groups * (uint64_t)m->rows * (uint64_t)m->cols;
    }
}

bool xb_lvs_open(xb_lvs *v, xb_diags *d, const char *dir, const xb_graph *g)
{
    char *path = xb_path_join(dir, "layout.json");
    *v = (xb_lvs){.d = d, .arena = xb_arena_new()};
    v->path = xb_arena_strdup(v->arena, path);
    free(path);
    bool read = xb_lvs_read(v);
    if (read) check_hardware(v, dir);
    if (read) check_weights(v, dir, g);
    if (v->errors > XB_LVS_SHOWN)
        xb_diag(d, XB_ERROR, "lvs-more", &(xb_where){.file = v->path}, "%llu more errors",
                (unsigned long long)(v->errors - XB_LVS_SHOWN));
    return read && !v->errors;
}

void xb_lvs_close(xb_lvs *v)
{
    xb_vec_free(&v->matrices);
    xb_vec_free(&v->arrays);
    xb_vec_free(&v->blocks);
    xb_vec_free(&v->nets);
    xb_arena_free(v->arena);
}

bool xb_layout_verify(xb_diags *d, const char *dir, const xb_graph *g, xb_lvs_result *out)
{
    xb_lvs v;
    bool ok = xb_lvs_open(&v, d, dir, g);
    if (ok && out) sum_up(&v, out);
    xb_lvs_close(&v);
    return ok;
}
