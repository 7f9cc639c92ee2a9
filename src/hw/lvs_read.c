/* lvs_read.c: layout.json -> xb_lvs. The text may come from anyone: every number is checked before it is used. */
#include "base/file.h"
#include "hw/lvs.h"
#include <jansson.h>
#include <stdlib.h>

enum { TEXT_LIMIT = 1 << 30, SIDE_LIMIT = 1 << 16 };
static const int64_t COUNT_LIMIT = (int64_t)1 << 34; /* so that products with a number of arrays stay below 2^63 */

/* An integer member or element; false after an error that says where. */
static bool number(xb_lvs *v, const char *where, size_t index, const json_t *j, int64_t lo, int64_t hi, int64_t *out)
{
    if (!json_is_integer(j)) return xb_lvs_error(v, "lvs-format", "%s[%zu]: a whole number is missing", where, index);
    *out = (int64_t)json_integer_value(j);
    if (*out >= lo && *out <= hi) return true;
    return xb_lvs_error(v, "lvs-format", "%s[%zu]: %lld is outside %lld..%lld", where, index, (long long)*out,
                        (long long)lo, (long long)hi);
}

static json_t *list(xb_lvs *v, const json_t *root, const char *key)
{
    json_t *j = json_object_get(root, key);
    if (!json_is_array(j)) xb_lvs_error(v, "lvs-format", "'%s' is not a list", key);
    return json_is_array(j) ? j : NULL;
}

typedef struct range {
    int64_t lo, hi;
} range;

/* A row of a table: n integers within their ranges. */
static bool row(xb_lvs *v, const char *table, size_t index, const json_t *j, const range *r, size_t n, int64_t *out)
{
    if (!json_is_array(j) || json_array_size(j) < n)
        return xb_lvs_error(v, "lvs-format", "%s[%zu]: a list of %zu numbers is missing", table, index, n);
    for (size_t k = 0; k < n; k++)
        if (!number(v, table, index, json_array_get(j, k), r[k].lo, r[k].hi, &out[k])) return false;
    return true;
}

static bool read_matrices(xb_lvs *v, const json_t *root)
{
    json_t *all = list(v, root, "matrices");
    for (size_t i = 0; all && i < json_array_size(all); i++) {
        const json_t *j = json_array_get(all, i);
        const char *name = json_string_value(json_object_get(j, "name"));
        xb_lvs_matrix m = {.name = name ? xb_arena_strdup(v->arena, name) : NULL};
        if (!name) return xb_lvs_error(v, "lvs-format", "matrices[%zu]: 'name' is missing", i);
        if (!number(v, "matrices", i, json_object_get(j, "groups"), 1, COUNT_LIMIT, &m.groups) ||
            !number(v, "matrices", i, json_object_get(j, "rows"), 1, COUNT_LIMIT, &m.rows) ||
            !number(v, "matrices", i, json_object_get(j, "cols"), 1, COUNT_LIMIT, &m.cols))
            return false;
        xb_push(&v->matrices, m);
    }
    return all != NULL;
}

static bool read_arrays(xb_lvs *v, const json_t *root)
{
    static const range r[] = {{1, SIDE_LIMIT}, {1, SIDE_LIMIT}, {-1, INT32_MAX}, {-1, INT32_MAX}, {-1, INT32_MAX}};
    json_t *all = list(v, root, "arrays");
    for (size_t i = 0; all && i < json_array_size(all); i++) {
        int64_t f[5];
        if (!row(v, "arrays", i, json_array_get(all, i), r, 5, f)) return false;
        xb_array a = {.id = (uint32_t)i, .rows = (int32_t)f[0], .cols = (int32_t)f[1], .core = (int32_t)f[2]};
        a.site_x = (int32_t)f[3], a.site_y = (int32_t)f[4];
        v->bytes += (uint64_t)f[0] * (uint64_t)f[1] * 4; /* below 2^34 each, list below 2^30: no overflow */
        xb_push(&v->arrays, a);
    }
    return all != NULL;
}

/* [[first, count], ...] -> n numbers below limit; NULL after an error, *ok false. An absent or null list is NULL and
 * fine. */
static const int32_t *read_ranges(xb_lvs *v, size_t block, const json_t *j, int64_t n, int64_t limit, bool *ok)
{
    if (!j || json_is_null(j) || (json_is_array(j) && !json_array_size(j))) return NULL;
    int32_t *out = xb_arena_alloc(v->arena, (size_t)n, sizeof *out);
    int64_t have = 0;
    *ok = json_is_array(j);
    for (size_t i = 0; *ok && i < json_array_size(j); i++) {
        const range r[] = {{0, limit - 1}, {1, n - have}};
        int64_t f[2];
        *ok = row(v, "blocks", block, json_array_get(j, i), r, 2, f) && f[0] + f[1] <= limit;
        for (int64_t k = 0; *ok && k < f[1]; k++) out[have++] = (int32_t)(f[0] + k);
    }
    *ok = *ok && have == n;
    if (!*ok)
        xb_lvs_error(v, "lvs-format", "blocks[%zu]: its row or column list is not of %lld numbers", block,
                     (long long)n);
    return out;
}

static bool read_block(xb_lvs *v, size_t i, const json_t *j)
{
    range r[9] = {{0, (int64_t)v->arrays.n - 1}, {0, (int64_t)v->matrices.n - 1}};
    int64_t f[9];
    if (!row(v, "blocks", i, j, r, 2, f)) return false;
    const xb_array *a = &v->arrays.data[f[0]];
    const xb_lvs_matrix *m = &v->matrices.data[f[1]];
    r[2] = (range){0, m->groups - 1};
    r[3] = (range){0, m->rows - 1}, r[4] = (range){1, m->rows};
    r[5] = (range){0, m->cols - 1}, r[6] = (range){1, m->cols};
    r[7] = (range){0, a->rows - 1}, r[8] = (range){0, a->cols - 1};
    if (!row(v, "blocks", i, j, r, 9, f)) return false;
    if (f[7] + f[4] > a->rows || f[8] + f[6] > a->cols)
        return xb_lvs_error(v, "lvs-bounds", "blocks[%zu] leaves array %u", i, a->id);
    xb_block b = {.array = a->id, .matrix = (uint32_t)f[1], .group = f[2], .row = f[3], .rows = f[4], .col = f[5]};
    b.cols = f[6], b.at_row = (int32_t)f[7], b.at_col = (int32_t)f[8];
    bool ok = true;
    if (ok)
        b.row_list = read_ranges(v, i, json_array_get(j, 9), b.rows, m->rows < INT32_MAX ? m->rows : INT32_MAX, &ok);
    if (ok)
        b.col_list = read_ranges(v, i, json_array_get(j, 10), b.cols, m->cols < INT32_MAX ? m->cols : INT32_MAX, &ok);
    if (ok && ((!b.row_list && f[3] + f[4] > m->rows) || (!b.col_list && f[5] + f[6] > m->cols)))
        ok = xb_lvs_error(v, "lvs-bounds", "blocks[%zu] leaves matrix '%s'", i, m->name);
    xb_push(&v->blocks, b);
    return ok;
}

static bool read_blocks(xb_lvs *v, const json_t *root)
{
    json_t *all = list(v, root, "blocks");
    for (size_t i = 0; all && i < json_array_size(all); i++) {
        if (!read_block(v, i, json_array_get(all, i))) return false;
        xb_block *b = &v->blocks.data[i];
        xb_array *a = &v->arrays.data[b->array];
        if (i && b->array < b[-1].array)
            return xb_lvs_error(v, "lvs-format", "blocks[%zu] is not in order of arrays", i);
        if (!a->blocks) a->first_block = (uint32_t)i;
        a->blocks++;
    }
    return all != NULL;
}

static bool read_nets(xb_lvs *v, const json_t *root)
{
    json_t *all = list(v, root, "nets");
    for (size_t i = 0; all && i < json_array_size(all); i++) {
        range r[9] = {{0, (int64_t)v->matrices.n - 1}, {0, 1}};
        int64_t f[9], arrays = (int64_t)v->arrays.n;
        if (!row(v, "nets", i, json_array_get(all, i), r, 2, f)) return false;
        const xb_lvs_matrix *m = &v->matrices.data[f[0]];
        int64_t side = f[1] ? m->rows : m->cols;
        r[2] = (range){0, m->groups - 1}, r[3] = (range){0, side - 1}, r[4] = (range){1, side};
        r[5] = (range){0, arrays - 1}, r[6] = (range){1, arrays}, r[7] = (range){1, arrays},
        r[8] = (range){0, COUNT_LIMIT};
        if (!row(v, "nets", i, json_array_get(all, i), r, 9, f)) return false;
        if (f[3] + f[4] > side || f[5] + (f[6] - 1) * f[7] >= arrays || f[8] > f[4] * f[6])
            return xb_lvs_error(v, "lvs-bounds", "nets[%zu] leaves its matrix or the arrays", i);
        xb_net n = {.matrix = (uint32_t)f[0], .row = f[1] != 0, .group = f[2], .index = f[3], .count = f[4]};
        n.first_array = (uint32_t)f[5], n.arrays = (uint32_t)f[6], n.stride = (uint32_t)f[7], n.wires = f[8];
        xb_push(&v->nets, n);
    }
    return all != NULL;
}

static bool read_head(xb_lvs *v, const json_t *root)
{
    const char *schema = json_string_value(json_object_get(root, "schema"));
    const char *file = json_string_value(json_object_get(json_object_get(root, "weights"), "file"));
    const json_t *mesh = json_object_get(root, "mesh");
    int64_t version;
    if (!schema || strcmp(schema, "xbarc-layout"))
        return xb_lvs_error(v, "lvs-format", "'schema' is not \"xbarc-layout\"");
    if (!number(v, "schema_version", 0, json_object_get(root, "schema_version"), 1, 1, &version)) return false;
    if (!file || strcmp(file, "weights.bin"))
        return xb_lvs_error(v, "lvs-format", "'weights.file' is not \"weights.bin\"");
    const char *digest = json_string_value(json_object_get(json_object_get(root, "hardware"), "digest"));
    if (!digest) return xb_lvs_error(v, "lvs-format", "'hardware.digest' is missing");
    v->digest = xb_arena_strdup(v->arena, digest);
    if (!number(v, "weights.bytes", 0, json_object_get(json_object_get(root, "weights"), "bytes"), 0, INT64_MAX,
                &v->said_bytes))
        return false;
    return number(v, "mesh.rows", 0, json_object_get(mesh, "rows"), 0, INT32_MAX, &v->mesh_rows) &&
           number(v, "mesh.cols", 0, json_object_get(mesh, "cols"), 0, INT32_MAX, &v->mesh_cols);
}

bool xb_lvs_read(xb_lvs *v)
{
    size_t n;
    json_error_t e;
    char *text = xb_read_file(v->d, v->path, TEXT_LIMIT, &n);
    if (!text) return false;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    free(text);
    if (!root) {
        xb_where where = {.file = v->path, .line = e.line, .col = e.column};
        xb_diag(v->d, XB_ERROR, "lvs-format", &where, "not JSON: %s", e.text);
        return false;
    }
    bool ok = read_head(v, root) && read_matrices(v, root) && read_arrays(v, root) && read_blocks(v, root) &&
              read_nets(v, root);
    json_decref(root);
    return ok;
}
