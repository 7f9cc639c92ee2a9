/* layer.c: vectors through the arrays of one layer: input codes, slices, products, digital sums.
 *
 * y = step * sum over input slices s and weight slices t of 2^(s slice_bits) unit[t] * (side PLUS - side MINUS) */
#include "sim/sim_private.h"

#include <stdlib.h>
#include <string.h>

void *xb_scratch_room(xb_scratch *s, int which, size_t bytes)
{
    if (s->bytes[which] < bytes) {
        free(s->data[which]);
        s->bytes[which] = (bytes + 63) / 64 * 64;
        s->data[which] = aligned_alloc(64, s->bytes[which]);
        if (!s->data[which]) xb_out_of_memory();
    }
    return s->data[which];
}

void xb_scratch_free(xb_scratch *s)
{
    for (int i = 0; i < XB_SCRATCHES; i++) free(s->data[i]);
    *s = (xb_scratch){0};
}

static float *floats(const xb_work *w, int which, size_t n, int64_t each)
{
    return xb_scratch_room(w->scratch, which, n * (size_t)each * sizeof(float) + 1);
}

/* Codes of a section's rows, in its order. */
static const float *rows_of(const xb_work *w, const xb_section *p, const float *codes, size_t n)
{
    int64_t rows = w->layer->m->rows;
    if (p->straight && p->rows == rows) return codes;
    float *to = floats(w, XB_SCRATCH_ROWS, n, p->rows);
    for (size_t v = 0; v < n; v++)
        for (int64_t r = 0; r < p->rows; r++)
            to[v * (size_t)p->rows + (size_t)r] = codes[v * (size_t)rows + (size_t)p->row[r]];
    return to;
}

/* One product of a slice of inputs and a slice of weights. */
typedef struct pass {
    const xb_section *p;
    const float *digits;
    const uint8_t *whole; /* the same as bytes; NULL: not needed */
    size_t n;
    xb_read_noise noise;
} pass;

static uint32_t mix(uint32_t h, uint64_t v)
{
    for (int i = 0; i < 8; i++) h = (h ^ (uint32_t)(v >> (8 * i) & 0xff)) * UINT32_C(16777619);
    return h;
}

/* Streams of random numbers: layer, group and columns in the matrix, slices, side. */
static xb_read_noise noise_of(const xb_work *w, int64_t group, const xb_section *p, uint64_t first)
{
    uint32_t stream = mix(mix(w->layer->key, (uint64_t)group), (uint64_t)p->col[0]);
    return (xb_read_noise){.seed = w->seed ^ w->trial * UINT64_C(0x9e3779b97f4a7c15), .stream = stream, .first = first};
}

static void product(const xb_work *w, const pass *s, const xb_side *side, float scale, const xb_adc *adc, float *y,
                    int64_t cols, xb_convert_count *count)
{
    if (side->whole)
        xb_array_product8(side->whole, s->whole, w->converters->is_signed, (size_t)s->p->rows, s->n, side->unit, scale,
                          adc, y, (size_t)cols, count, NULL);
    else
        xb_array_product(side->real, s->digits, (size_t)s->p->rows, s->n, scale, adc, &s->noise, y, (size_t)cols, count,
                         NULL);
}

/* Calibrating: sums of one block before any ADC are noted, then go their way. */
static void observed(const xb_work *w, const pass *s, const xb_side *side, float scale, float *y, int64_t cols)
{
    size_t all = s->n * (size_t)cols;
    float *sums = floats(w, XB_SCRATCH_SUMS, s->n, cols);
    memset(sums, 0, all * sizeof *sums);
    product(w, s, side, 1, &(xb_adc){0}, sums, cols, NULL);
    xb_seen_add(w->sums, sums, all);
    for (size_t i = 0; i < all; i++) y[i] += scale * sums[i];
}

static void side_of(const xb_work *w, pass *s, const xb_side *side, int number, size_t slice, int in, float scale,
                    float *y, int64_t cols)
{
    xb_read_noise noise = s->noise;
    s->noise.stream = mix(noise.stream, slice | (uint64_t)in << 16 | (uint64_t)number << 32);
    xb_convert_count *count = w->converters->adc.step > 0 ? &w->scratch->count : NULL;
    if (w->sums)
        observed(w, s, side, scale, y, cols);
    else
        product(w, s, side, scale, &w->converters->adc, y, cols, count);
    s->noise = noise;
}

/* Reference columns are converted once and subtracted from all columns beside them. */
static void subtract_references(const xb_work *w, pass *s, const xb_side *side, size_t slice, int in, float scale,
                                float *y)
{
    const xb_section *p = s->p;
    float *ref = floats(w, XB_SCRATCH_REFERENCES, s->n, p->refs);
    memset(ref, 0, s->n * (size_t)p->refs * sizeof *ref);
    side_of(w, s, side, XB_SIDE_MINUS, slice, in, scale, ref, p->refs);
    for (size_t v = 0; v < s->n; v++)
        for (int64_t c = 0; c < p->cols; c++)
            y[v * (size_t)p->cols + (size_t)c] -= ref[v * (size_t)p->refs + (size_t)p->ref[c]];
}

static void slices(const xb_work *w, pass *s, size_t section, int in, float *y)
{
    const xb_sim_stage *l = w->layer;
    for (size_t t = 0; t < w->chip->slices; t++) {
        const xb_side *side = &w->chip->side[(t * w->chip->sections + section) * XB_SIDES];
        double scale = (double)w->converters->step * l->map.unit[t];
        for (int i = 0; i < in * w->converters->slice_bits; i++) scale *= 2;
        side_of(w, s, &side[XB_SIDE_PLUS], XB_SIDE_PLUS, t, in, (float)scale, y, s->p->cols);
        if (!l->split) continue;
        if (l->map.differential)
            side_of(w, s, &side[XB_SIDE_MINUS], XB_SIDE_MINUS, t, in, (float)-scale, y, s->p->cols);
        else
            subtract_references(w, s, &side[XB_SIDE_MINUS], t, in, (float)scale, y);
    }
}

/* The digital offset: exact, of the codes that the word lines saw. */
static void subtract_offset(const xb_work *w, const xb_section *p, const float *codes, size_t n, float *y)
{
    const xb_mapping *map = &w->layer->map;
    double each = 0;
    for (size_t t = 0; t < map->slices; t++) each += map->unit[t] * xb_mapping_offset(map, t);
    for (size_t v = 0; v < n; v++) {
        double sum = 0;
        for (int64_t r = 0; r < p->rows; r++) sum += (double)codes[v * (size_t)p->rows + (size_t)r];
        float off = (float)(sum * (double)w->converters->step * each);
        for (int64_t c = 0; c < p->cols; c++) y[v * (size_t)p->cols + (size_t)c] -= off;
    }
}

static const uint8_t *bytes_of(const xb_work *w, const float *digits, size_t n)
{
    uint8_t *to = xb_scratch_room(w->scratch, XB_SCRATCH_WHOLE, n + 1);
    if (w->converters->is_signed)
        for (size_t i = 0; i < n; i++) to[i] = (uint8_t)(int8_t)digits[i];
    else
        for (size_t i = 0; i < n; i++) to[i] = (uint8_t)digits[i];
    return to;
}

static bool any_whole(const xb_work *w, size_t section)
{
    for (size_t t = 0; t < w->chip->slices; t++)
        for (int i = 0; i < XB_SIDES; i++)
            if (w->chip->side[(t * w->chip->sections + section) * XB_SIDES + (size_t)i].whole) return true;
    return false;
}

static void section(const xb_work *w, int64_t group, size_t k, const float *codes, size_t n, uint64_t first, float *y)
{
    const xb_section *p = &w->cut->list.data[k];
    const xb_converters *c = w->converters;
    size_t in = n * (size_t)p->rows, out = n * (size_t)p->cols, cols = (size_t)w->layer->m->cols;
    const float *x = rows_of(w, p, codes, n);
    bool alone = p->cols == w->layer->m->cols && w->cut->first[group + 1] - w->cut->first[group] == 1;
    float *columns = alone ? y : floats(w, XB_SCRATCH_COLUMNS, n, p->cols);
    if (!alone) memset(columns, 0, out * sizeof *columns);
    pass s = {.p = p, .digits = x, .n = n, .noise = noise_of(w, group, p, first)};
    bool whole = any_whole(w, k);
    for (int i = 0; i < c->slices; i++) {
        if (c->slices > 1) {
            float *digits = floats(w, XB_SCRATCH_DIGITS, n, p->rows);
            xb_converters_slice(c, x, in, i, digits);
            s.digits = digits;
        }
        if (whole) s.whole = bytes_of(w, s.digits, in);
        slices(w, &s, k, i, columns);
    }
    if (w->layer->map.digital) subtract_offset(w, p, x, n, columns);
    for (size_t v = 0; v < n && !alone; v++)
        for (int64_t j = 0; j < p->cols; j++)
            y[v * cols + (size_t)p->col[j]] += columns[v * (size_t)p->cols + (size_t)j];
}

void xb_work_product(const xb_work *w, int64_t group, const float *codes, size_t n, uint64_t first, float *y)
{
    const xb_matrix *m = w->layer->m;
    memset(y, 0, n * (size_t)m->cols * sizeof *y);
    for (size_t k = w->cut->first[group]; k < w->cut->first[group + 1]; k++) section(w, group, k, codes, n, first, y);
}
