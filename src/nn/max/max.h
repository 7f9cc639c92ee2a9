/* max.h: maxima over windows of images whose channels lie side by side, forward and back, ours: oneDNN 2.6 takes
 * several times as long, forward and back, where AVX-512 is missing.
 *
 * The rule is the plain engine's: a NaN beats every number, the first of equals (row by row) wins, +0 equals -0, and a
 * window without a tap in the image gives -infinity and takes no gradient back. A pixel sums the gradients of windows
 * that share it in the order of the windows, in float. All kernels give the same bits.
 *
 * Bytes, forward: x once, y; with taps a quarter of y more. Back: dy, taps, dx; the alternative to taps, to look for
 * the maximum again, would read x and y, for 3 x 3 windows that step by two 20 times as much.
 */
#ifndef XB_NN_MAX_H
#define XB_NN_MAX_H

#include "nn/dnnl.h"

#define XB_MAX_TAPS 255 /* the most that a window has: a tap's number is one byte */
#define XB_MAX_NONE 255 /* the number of no tap */

/* in_channels of w are side by side, out_channels are not looked at; the taps of a window count row by row. */
typedef struct xb_max_kernel {
    const char *name;
    int lanes; /* the fewest channels it takes */
    void (*forward)(const xb_geometry *w, const float *x, float *y);
    void (*keep)(const xb_geometry *w, const float *x, float *y, uint8_t *tap); /* and where each came from */
    void (*back)(const xb_geometry *w, const float *dy, const uint8_t *tap, float *dx);
} xb_max_kernel;

extern const xb_max_kernel xb_max_plain, xb_max_four;
#ifdef __x86_64__
extern const xb_max_kernel xb_max_avx2, xb_max_avx512;
#endif
const xb_max_kernel *xb_max_best(int64_t channels); /* for so many, on this CPU */

/* Has every window few enough taps? */
bool xb_max_suits(const xb_geometry *w);
/* Images of w in that format as images with channels side by side: planes of one channel, or of a block of them. */
xb_geometry xb_max_images(const xb_geometry *w, xb_format f);

#endif
