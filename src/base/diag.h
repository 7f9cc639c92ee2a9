/* diag.h: diagnostics like a compiler's, as text or JSON lines, on stderr.
 *
 *     net.yaml:9:22: error: rank-clip: 'epsilon' = 7 is outside 0..1 [option-range]
 *       - rank-clip: {epsilon: 7}
 *                              ^
 *     lenet.onnx: node 'conv1' (Conv), input 1: error: ... [onnx-shape]
 *
 * Codes are stable, lower-case words. Text from files is printed with control characters escaped.
 * One xb_diags serves a whole run and may be used from several threads. A NULL xb_diags says nothing.
 * Columns count characters, not bytes.
 */
#ifndef XB_BASE_DIAG_H
#define XB_BASE_DIAG_H

#include "base/str.h"
#include <stdio.h>

typedef struct xb_diags xb_diags;
typedef enum xb_diag_format { XB_DIAG_TEXT, XB_DIAG_JSON } xb_diag_format;

xb_diags *xb_diags_new(FILE *to, xb_diag_format format, bool quiet); /* quiet drops notes; to NULL: kept, not printed */
void xb_diags_free(xb_diags *d);
unsigned xb_diags_errors(const xb_diags *d);
unsigned xb_diags_warnings(const xb_diags *d);
const char *xb_diags_text(const xb_diags *d); /* all that was said, for tests; owned by d */

/* Source text of a file, for the caret lines; copied. */
void xb_diags_source(xb_diags *d, const char *file, const char *text, size_t n);

void xb_diag(xb_diags *d, xb_severity severity, const char *code, const xb_where *where, const char *format, ...)
    XB_PRINTF(5, 6);
void xb_vdiag(xb_diags *d, xb_severity severity, const char *code, const xb_where *where, const char *format,
              va_list args);
/* The usual call: an error that returns false. where is an xb_where literal's members: xb_error(d, "io", (.file = f),
 * "...") */
#define xb_error(d, code, where, ...) xb_false_(xb_diag_false((d), (code), &(xb_where)XB_UNPAREN_ where, __VA_ARGS__))
#define XB_UNPAREN_(...)                                                                                               \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
bool xb_diag_false(xb_diags *d, const char *code, const xb_where *where, const char *format, ...) XB_PRINTF(4, 5);
static inline bool xb_false_(bool v) /* so that the compiler sees it, too */
{
    (void)v;
    return false;
}

/* Called by a diagnostic before it prints, so that a progress bar can clear its line. */
void xb_diags_before(void (*clear)(void));

#endif
