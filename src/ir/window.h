/* window.h: sliding windows of convolutions and pools along one dimension, and the windows of an op. */
#ifndef XB_IR_WINDOW_H
#define XB_IR_WINDOW_H

#include "ir/graph.h"

enum { XB_WINDOW_MAX = 3 }; /* spatial dimensions */

typedef enum xb_auto_pad { XB_PAD_NOTSET, XB_PAD_VALID, XB_PAD_SAME_UPPER, XB_PAD_SAME_LOWER } xb_auto_pad;
bool xb_auto_pad_parse(const char *s, xb_auto_pad *out);

/* One dimension. All sizes in elements; kernel, stride, dilation >= 1, pads >= 0. */
typedef struct xb_window1 {
    int64_t in, kernel, stride, dilation, pad_begin, pad_end, out;
} xb_window1;

/* Number of window positions of a Conv or pool; fills out, and the pads unless NOTSET. ceil: a last, partial window
 * counts, unless it would start in the padding at the end. false: the window is larger than the padded input (out is 0
 * then), or overflow. */
bool xb_window_count(xb_window1 *w, xb_auto_pad mode, bool ceil);
/* ConvTranspose: fills out and pads. want >= 0: `output_shape`. A negative pad_end means elements at the end that no
 * window reaches. false: overflow or a negative size. */
bool xb_window_spread(xb_window1 *w, xb_auto_pad mode, int64_t output_padding, int64_t want);

typedef struct xb_window {
    int n; /* spatial dimensions */
    xb_window1 at[XB_WINDOW_MAX];
} xb_window;
/* Windows of a Conv, ConvTranspose, MaxPool or AveragePool whose types are inferred and whose spatial sizes are known;
 * every attribute and auto_pad resolved. false: another op, or symbolic sizes. */
bool xb_graph_window(const xb_graph *g, xb_op op, xb_window *out);

#endif
