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

static float *floats(const xb_work *w, int which, size_t n, size_t each)
{
    return xb_scratch_room(w->scratch, which, n * each * sizeof(float) + 1);
}

/* A slice of the inputs, and n vectors of them through one section. */
typedef struct pass {
    const xb_work *w;
    const xb_inputs *in;
    const float *digits, *squares; /* squares NULL: nothing needs them */
    const uint8_t *whole;          /* the digits as bytes; NULL: not needed */
    int slice;
    size_t from, n; /* vectors */
    int64_t group;
    const xb_section *p;
    size_t section;
    xb_read_noise noise;
    xb_reading reading; /* where reads are drawn */
} pass;

/* Places of a section's rows, in its order. */
static const size_t *rows_of(const pass *s, const size_t *row)
{
    const xb_section *p = s->p;
    if (p->straight) return row;
    size_t *to = xb_scratch_room(s->w->scratch, XB_SCRATCH_SECTION, (size_t)p->rows * sizeof *to);
    for (int64_t r = 0; r < p->rows; r++) to[r] = row[p->row[r]];
    return to;
}

static uint32_t mix(uint32_t h, uint64_t v)
{
    for (int i = 0; i < 8; i++) h = (h ^ (uint32_t)(v >> (8 * i) & 0xff)) * UINT32_C(16777619);
    return h;
}

/* Streams of random numbers: layer, group and columns in the matrix, slices, side. */
static xb_read_noise noise_of(const pass *s)
{
    const xb_work *w = s->w;
    uint32_t stream = mix(mix(w->layer->key, (uint64_t)s->group), (uint64_t)s->p->col[0]);
    return (xb_read_noise){.seed = w->seed ^ w->trial * UINT64_C(0x9e3779b97f4a7c15),
                           .stream = stream,
                           .first = s->in->first + s->from};
}

/* ---- errors that all columns of an array have in common ---- */

/* Of reference column `ref` in block `at`: the same beside whatever columns of its array. */
static xb_read_noise common_noise(const pass *s, size_t at, int64_t ref)
{
    const xb_section *p = s->p;
    xb_read_noise noise = s->noise;
    uint32_t column = mix(mix(s->w->layer->key, (uint64_t)s->group), (uint64_t)p->ref_col[ref]);
    noise.stream = mix(mix(column, (uint64_t)p->row[at ? p->end[at - 1] : 0]),
                       s->reading.slice | (uint64_t)s->slice << 16 | (uint64_t)XB_SIDE_MINUS << 32);
    return noise;
}

/* Vectors side by side, with p->refs numbers more behind each block, 0 for now; and the squares. */
static void gather(const xb_section *p, const xb_vectors *v, size_t from, size_t n, float *x, float *square)
{
    for (size_t i = from; i < from + n; i++)
        for (size_t b = 0; b < p->blocks; b++) {
            for (int64_t r = b ? p->end[b - 1] : 0; r < p->end[b]; r++, x++) {
                *x = v->x[v->at[i] + v->row[r]];
                *square++ = *x * *x;
            }
            for (int64_t k = 0; k < p->refs; k++) *x++ = *square++ = 0;
        }
}

static void common_product(const pass *s, const xb_side *side, const xb_vectors *v, float scale, const xb_adc *adc,
                           float *y, size_t ldy, xb_convert_count *count)
{
    enum { AT_ONCE = 84 }; /* vectors */
    const xb_section *p = s->p;
    size_t refs = (size_t)p->refs, rows = (size_t)p->rows + side->commons;
    float *x = floats(s->w, XB_SCRATCH_COMMON, 2 * AT_ONCE, rows), *square = x + AT_ONCE * rows;
    size_t *at = xb_scratch_room(s->w->scratch, XB_SCRATCH_COMMON_AT, (AT_ONCE + rows) * sizeof *at),
           *row = at + AT_ONCE;
    for (size_t i = 0; i < AT_ONCE; i++) at[i] = i * rows;
    for (size_t k = 0; k < rows; k++) row[k] = k;
    for (size_t from = 0, n; from < v->n; from += n) {
        n = v->n - from < AT_ONCE ? v->n - from : AT_ONCE;
        gather(p, v, from, n, x, square);
        for (size_t b = 0; b < p->blocks; b++)
            for (size_t k = 0; k < refs; k++) {
                xb_read_noise noise = common_noise(s, b, (int64_t)k);
                xb_vectors here = {n, x, square, at, row + (b ? (size_t)p->end[b - 1] : 0) + b * refs};
                noise.first += from;
                xb_array_product_of(side->common[b * refs + k], &here, 1, &(xb_adc){0}, &noise,
                                    x + (size_t)p->end[b] + b * refs + k, rows, NULL, NULL);
            }
        xb_read_noise own = s->noise;
        own.first += from;
        xb_array_product_of(side->real, &(xb_vectors){n, x, square, at, row}, scale, adc, &own, y + from * ldy, ldy,
                            count, NULL);
    }
}

/* ---- one side ---- */

static void product(const pass *s, const xb_side *side, float scale, const xb_adc *adc, float *y, size_t ldy,
                    xb_convert_count *count)
{
    const xb_inputs *in = s->in;
    if (side->whole) {
        const xb_places *p = &in->as_bytes;
        xb_vectors8 v = {.n = s->n,
                         .x = s->whole + (size_t)s->group * p->group,
                         .at = p->at + s->from,
                         .row = rows_of(s, p->row)};
        xb_array_product8_of(side->whole, &v, s->w->converters->is_signed, side->unit, scale, adc, y, ldy, count, NULL);
        return;
    }
    const xb_places *p = &in->as_codes;
    size_t group = (size_t)s->group * p->group;
    xb_vectors v = {.n = s->n,
                    .x = s->digits + group,
                    .square = s->squares ? s->squares + group : NULL,
                    .at = p->at + s->from,
                    .row = rows_of(s, p->row)};
    if (s->w->chip->drawn) {
        xb_reading_product(&s->reading, (uint64_t)s->w->converters->slices, &v, scale, adc, y, ldy, count,
                           &s->w->scratch->failure);
        return;
    }
    if (side->common)
        common_product(s, side, &v, scale, adc, y, ldy, count);
    else
        xb_array_product_of(side->real, &v, scale, adc, &s->noise, y, ldy, count, NULL);
}

/* Calibrating: sums of one block before any ADC are noted, then go their way. */
static void observed(const pass *s, const xb_side *side, float scale, float *y, size_t ldy, size_t cols)
{
    float *sums = floats(s->w, XB_SCRATCH_SUMS, s->n, cols);
    memset(sums, 0, s->n * cols * sizeof *sums);
    product(s, side, 1, &(xb_adc){0}, sums, cols, NULL);
    xb_seen_add(s->w->sums, sums, s->n * cols);
    for (size_t v = 0; v < s->n; v++)
        for (size_t c = 0; c < cols; c++) y[v * ldy + c] += scale * sums[v * cols + c];
}

static void side_of(const pass *s, const xb_side *side, int number, size_t slice, float scale, float *y, size_t ldy,
                    size_t cols)
{
    const xb_work *w = s->w;
    pass here = *s;
    here.reading = (xb_reading){.chip = w->chip,
                                .slice = slice,
                                .section = s->section,
                                .side = number,
                                .group = s->group,
                                .conversion = (s->in->first + s->from) * (uint64_t)w->converters->slices +
                                              (uint64_t)s->slice};
    here.noise.stream = mix(s->noise.stream, slice | (uint64_t)s->slice << 16 | (uint64_t)number << 32);
    xb_convert_count *count = w->converters->adc.step > 0 ? &w->scratch->count : NULL;
    if (w->sums)
        observed(&here, side, scale, y, ldy, cols);
    else
        product(&here, side, scale, &w->converters->adc, y, ldy, count);
}

/* Reference columns are converted once and subtracted from all columns beside them. */
static void subtract_references(const pass *s, const xb_side *side, size_t slice, float scale, float *y, size_t ldy)
{
    const xb_section *p = s->p;
    size_t refs = (size_t)p->refs;
    float *ref = floats(s->w, XB_SCRATCH_REFERENCES, s->n, refs);
    memset(ref, 0, s->n * refs * sizeof *ref);
    side_of(s, side, XB_SIDE_MINUS, slice, scale, ref, refs, refs);
    for (size_t v = 0; v < s->n; v++)
        for (int64_t c = 0; c < p->cols; c++) y[v * ldy + (size_t)c] -= ref[v * refs + (size_t)p->ref[c]];
}

static void slices(const pass *s, float *y, size_t ldy)
{
    const xb_work *w = s->w;
    const xb_sim_stage *l = w->layer;
    size_t cols = (size_t)s->p->cols;
    for (size_t t = 0; t < w->chip->slices; t++) {
        const xb_side *side = &w->chip->side[(t * w->chip->sections + s->section) * XB_SIDES];
        double scale = (double)w->converters->step * l->map.unit[t];
        for (int i = 0; i < s->slice * w->converters->slice_bits; i++) scale *= 2;
        side_of(s, &side[XB_SIDE_PLUS], XB_SIDE_PLUS, t, (float)scale, y, ldy, cols);
        if (!l->split) continue;
        if (l->map.differential)
            side_of(s, &side[XB_SIDE_MINUS], XB_SIDE_MINUS, t, (float)-scale, y, ldy, cols);
        else
            subtract_references(s, &side[XB_SIDE_MINUS], t, (float)scale, y, ldy);
    }
}

/* The digital offset: exact, of the codes that the word lines saw. */
static void subtract_offset(const pass *s, float *y, size_t ldy)
{
    const xb_mapping *map = &s->w->layer->map;
    const xb_places *p = &s->in->as_codes;
    const size_t *row = rows_of(s, p->row);
    double each = 0;
    for (size_t t = 0; t < map->slices; t++) each += map->unit[t] * xb_mapping_offset(map, t);
    for (size_t v = 0; v < s->n; v++) {
        const float *codes = s->in->codes + (size_t)s->group * p->group + p->at[s->from + v];
        double sum = 0;
        for (int64_t r = 0; r < s->p->rows; r++) sum += (double)codes[row[r]];
        float off = (float)(sum * (double)s->w->converters->step * each);
        for (int64_t c = 0; c < s->p->cols; c++) y[v * ldy + (size_t)c] -= off;
    }
}

static void section(pass *s, float *y, size_t ldy)
{
    const xb_section *p = s->p;
    const xb_work *w = s->w;
    size_t cols = (size_t)p->cols, out = s->n * cols;
    bool alone = p->cols == w->layer->m->cols && w->cut->first[s->group + 1] - w->cut->first[s->group] == 1;
    float *columns = alone ? y : floats(w, XB_SCRATCH_COLUMNS, s->n, cols);
    if (!alone) memset(columns, 0, out * sizeof *columns);
    s->noise = noise_of(s);
    slices(s, columns, alone ? ldy : cols);
    if (w->layer->map.digital && !s->slice) subtract_offset(s, columns, alone ? ldy : cols);
    for (size_t v = 0; v < s->n && !alone; v++)
        for (size_t j = 0; j < cols; j++) y[v * ldy + (size_t)p->col[j]] += columns[v * cols + j];
}

/* n vectors through all sections. */
static void sections(pass *s, float *y, size_t ldy)
{
    const xb_work *w = s->w;
    for (s->group = 0; s->group < w->layer->m->groups; s->group++)
        for (s->section = w->cut->first[s->group]; s->section < w->cut->first[s->group + 1]; s->section++) {
            s->p = &w->cut->list.data[s->section];
            section(s, y + s->group * w->layer->m->cols, ldy);
        }
}

static const float *squares_of(const xb_work *w, const float *digits, size_t n)
{
    float *to = floats(w, XB_SCRATCH_SQUARES, n, 1);
    for (size_t i = 0; i < n; i++) to[i] = digits[i] * digits[i];
    return to;
}

/* The digits of a slice as all kernels of the chip want them. */
static void prepare(pass *s)
{
    const xb_work *w = s->w;
    const xb_inputs *in = s->in;
    s->digits = in->codes;
    if (w->converters->slices > 1) {
        float *digits = floats(w, XB_SCRATCH_DIGITS, in->numbers, 1);
        xb_converters_slice(w->converters, in->codes, in->numbers, s->slice, digits);
        s->digits = digits;
    }
    if (w->chip->noisy) s->squares = squares_of(w, s->digits, in->numbers);
    if (!w->chip->whole) return;
    uint8_t *bytes = xb_scratch_room(w->scratch, XB_SCRATCH_WHOLE, in->numbers + 8);
    xb_converters_bytes(s->digits, in->numbers, in->pixels, in->channels, bytes);
    s->whole = bytes;
}

void xb_work_product(const xb_work *w, const xb_inputs *in, float *y, size_t ldy)
{
    enum { TOGETHER = 1008 }; /* vectors */
    for (int i = 0; i < w->converters->slices; i++) {
        pass s = {.w = w, .in = in, .slice = i};
        prepare(&s);
        for (; s.from < in->n; s.from += s.n) {
            s.n = in->n - s.from < TOGETHER ? in->n - s.from : TOGETHER;
            sections(&s, y + s.from * ldy, ldy);
        }
    }
}
