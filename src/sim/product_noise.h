/* product_noise.h: normal numbers for conversions, by Philox and Box-Muller in the includer's vectors.
 *
 * Counter: low half of the vector's number / 4 | block + 2^20 * high half | column | stream. Words 0 and 1 are the
 * normals of vectors 4i and 4i + 1, words 2 and 3 those of 4i + 2 and 4i + 3: length L = -2 log(u), u the float (w >>
 * 1) / 2^31 + 1 / 2^32, angle t = 2 pi w' / 2^32:  sqrt(L) cos t, sqrt(L) sin t. Polynomials are fitted to 3e-7 (log),
 * 4e-9 (sine) and 7e-8 (cosine).
 */
#ifndef XB_SIM_PRODUCT_NOISE_H
#define XB_SIM_PRODUCT_NOISE_H

/* Constants that are loaded, which is faster than making them: bits of sqrt(1/2), of a mantissa, of a sign, 2^29. */
#define ROOT_BITS i_bits(v_set(0x1.6a09e6p-1f))
#define MANTISSA_BITS i_bits(v_set(0x1.fffffcp-127f))
#define SIGN_BITS i_bits(v_set(-0.0f))
#define EIGHTH_BITS i_bits(v_set(0x1p-63f))

/* -2 log of a word as a number of (0, 1]: exponent and mantissa of [sqrt(1/2), sqrt(2)), log(1 + f) by a polynomial. */
LANE vf length_of(vi word)
{
    vf u = v_fma(v_of_int(i_right(word, 1)), v_set(0x1p-31f), v_set(0x1p-32f));
    vi above = i_sub(i_bits(u), ROOT_BITS);
    vf e = v_of_int(i_right_signed(above, 23));
    vf f = v_add(v_bits(i_add(i_and(above, MANTISSA_BITS), ROOT_BITS)), v_set(-1));
    vf p = v_set(-0x1.adc4c4p-4f);
    p = v_fma(p, f, v_set(0x1.4ac652p-3f));
    p = v_fma(p, f, v_set(-0x1.5e36b2p-3f));
    p = v_fma(p, f, v_set(0x1.97bcccp-3f));
    p = v_fma(p, f, v_set(-0x1.ffae18p-3f));
    p = v_fma(p, f, v_set(0x1.5558c6p-2f));
    vf ff = v_mul(f, f);
    vf log1p = v_fma(ff, v_fma(p, f, v_set(-0.5f)), f);
    return v_mul(v_set(-2), v_fma(e, v_set(0x1.62e43p-1f), log1p));
}

/* Cosine and sine of 2 pi word / 2^32: the angle from the nearest quarter turn, then turned back. */
LANE void turn_of(vi word, vf *cosine, vf *sine)
{
    const vi sign = SIGN_BITS;
    vi w = i_add(word, EIGHTH_BITS), odd = i_left(w, 1);
    vf z = v_mul(v_of_int(i_xor(i_left(w, 2), sign)), v_set(0x1.921fb6p-32f));
    vf zz = v_mul(z, z);
    vf s = v_fma(v_set(-0x1.994eb4p-13f), zz, v_set(0x1.11076p-7f));
    s = v_fma(s, zz, v_set(-0x1.555546p-3f));
    s = v_fma(v_mul(zz, z), s, z);
    vf c = v_fma(v_set(-0x1.65e40ap-10f), zz, v_set(0x1.554a08p-5f));
    c = v_fma(zz, v_fma(c, zz, v_set(-0.5f)), v_set(1));
    *cosine = v_bits(i_xor(i_bits(v_select(odd, c, s)), i_and(i_xor(w, odd), sign)));
    *sine = v_bits(i_xor(i_bits(v_select(odd, s, c)), i_and(w, sign)));
}

/* Words of vectors 4 * quad to 4 * quad + 3, columns column .. column + LANES - 1. */
LANE void words_of(const xb_read_noise *noise, const vi key[20], uint64_t quad, uint32_t block, uint32_t column,
                   vi word[4])
{
    vi c[4] = {i_set((uint32_t)quad), i_set(block + ((uint32_t)(quad >> 32) << 20)), i_ramp(column),
               i_set(noise->stream)};
    i_philox(c, key);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) word[i] = c[i];
}

#endif
