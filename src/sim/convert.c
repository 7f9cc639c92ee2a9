/* convert.c: numbers -> input codes and their slices; full scale and step of the ADC; what calibration has seen.
 *
 * Codes are sign and magnitude: unsigned inputs have codes 0 .. 2^b - 1, signed ones -(2^(b-1) - 1) .. 2^(b-1) - 1 and
 * drive the word line with +-V. A magnitude is cut in slices of dac_bits, lowest first. */
#include "sim/clones.h"
#include "sim/sim_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void xb_converters_inputs(xb_converters *c, const xb_hw *hw, double largest, bool is_signed)
{
    *c = (xb_converters){.input_bits = hw->input_bits, .dac_bits = hw->dac_bits, .is_signed = is_signed, .slices = 1};
    c->largest = largest > 0 ? largest : 1;
    c->step = 1;
    if (!c->input_bits) return;
    int bits = (int)c->input_bits - is_signed; /* of the magnitude */
    if (bits < 1) bits = 1;
    c->most = (float)(exp2(bits) - (bits > 24 ? exp2(bits - 24) : 1)); /* a float below 2^bits */
    c->step = (float)(c->largest / (double)c->most);
    c->slice_bits = c->dac_bits > 0 && c->dac_bits < bits ? (int)c->dac_bits : bits;
    c->slices = (bits + c->slice_bits - 1) / c->slice_bits;
}

double xb_converters_digit(const xb_converters *c)
{
    return c->input_bits ? exp2(c->slice_bits) - 1 : c->largest;
}

/* With a sign the end of the range lies between two codes, of which the upper one does not exist: so much longer, it
 * falls on the lower one, whatever order a sum is rounded in. */
static const double hair = 0x1p-14;

void xb_converters_adc(xb_converters *c, const xb_hw *hw, double reach, bool both_signs, double grain)
{
    c->adc = (xb_adc){0};
    if (!hw->adc_bits) return;
    double b = (double)hw->adc_bits, codes = exp2(b) - 1;
    if (reach <= 0) reach = 1;
    double step = (both_signs ? 2 * reach * (1 + hair) : reach) / codes;
    if (step < grain) step = grain; /* as fine as the sums are: nothing is lost */
    c->adc.step = (float)step;
    c->adc.low = both_signs ? (float)-exp2(b - 1) : 0;
    c->adc.high = (float)(both_signs ? exp2(b - 1) - 1 : codes);
}

/* NaN becomes the lowest code. */
XB_IN_CLONES float within(float q, float low, float high)
{
    q = q > low ? q : low;
    return q < high ? q : high;
}

/* Codes below 2^22: adding and taking 1.5 * 2^23 away rounds to even, in whatever vectors the processor has. */
XB_CLONES static void few_codes(const float *x, size_t n, float inverse, float low, float high, float *codes)
{
    const float round = 0x1.8p23f;
    for (size_t i = 0; i < n; i++) codes[i] = within(x[i] * inverse, low, high) + round - round;
}

static void many_codes(const float *x, size_t n, float inverse, float low, float high, float *codes)
{
    for (size_t i = 0; i < n; i++) codes[i] = rintf(within(x[i] * inverse, low, high));
}

void xb_converters_codes(const xb_converters *c, const float *x, size_t n, float *codes)
{
    if (!c->input_bits) {
        if (codes != x) memcpy(codes, x, n * sizeof *x);
        return;
    }
    float low = c->is_signed ? -c->most : 0;
    (c->most < 0x1p22f ? few_codes : many_codes)(x, n, 1 / c->step, low, c->most, codes);
}

void xb_converters_slice(const xb_converters *c, const float *codes, size_t n, int slice, float *digits)
{
    if (c->slices == 1) {
        memcpy(digits, codes, n * sizeof *codes);
        return;
    }
    uint32_t mask = (UINT32_C(1) << c->slice_bits) - 1;
    int shift = slice * c->slice_bits;
    for (size_t i = 0; i < n; i++) {
        float digit = (float)(((uint32_t)fabsf(codes[i]) >> shift) & mask);
        digits[i] = codes[i] < 0 ? -digit : digit;
    }
}

static void to_bytes(const float *digits, size_t n, uint8_t *bytes)
{
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(int32_t)digits[i];
}

void xb_converters_bytes(const float *digits, size_t n, size_t pixels, size_t channels, uint8_t *bytes)
{
    if (!channels) {
        to_bytes(digits, n, bytes);
        return;
    }
    size_t image = pixels * channels;
    for (size_t at = 0; at < n; at += image)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++)
                bytes[at + c * pixels + p] = (uint8_t)(int32_t)digits[at + p * channels + c];
}

/* ---- what was seen ---- */

enum { FINE = 15, BINS = 1 << (31 - FINE) }; /* by the upper bits of a float: 8 of its mantissa */

static uint32_t bits_of(float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof u);
    return u & 0x7fffffffu;
}

xb_seen *xb_seen_new(void)
{
    xb_seen *s = xb_calloc(1, sizeof *s);
    s->bin = xb_calloc(BINS, sizeof *s->bin);
    return s;
}

void xb_seen_free(xb_seen *s)
{
    if (s) free(s->bin);
    free(s);
}

void xb_seen_add(xb_seen *s, const float *v, size_t n)
{
    uint32_t top = 0;
    bool below = false;
    for (size_t i = 0; i < n; i++) {
        uint32_t u = bits_of(v[i]);
        if (!u || u >= 0x7f800000u) continue;
        if (u > top) top = u;
        below |= v[i] < 0;
        atomic_fetch_add_explicit(&s->bin[u >> FINE], 1, memory_order_relaxed);
    }
    if (below) atomic_store(&s->below, true);
    unsigned seen = atomic_load(&s->top);
    while (top > seen && !atomic_compare_exchange_weak(&s->top, &seen, top)) {
    }
}

static double float_of(uint32_t u)
{
    float v;
    memcpy(&v, &u, sizeof v);
    return (double)v;
}

double xb_seen_percentile(const xb_seen *s, double share)
{
    unsigned long long all = 0, want, sum = 0;
    double top = float_of(s->top);
    for (int i = 0; i < BINS; i++) all += s->bin[i];
    want = (unsigned long long)ceil(share * (double)all);
    if (share >= 1) return top;
    for (int i = 0; i < BINS; i++) {
        sum += s->bin[i];
        if (s->bin[i] && sum >= want) return fmin(top, float_of((uint32_t)(i + 1) << FINE));
    }
    return top;
}
