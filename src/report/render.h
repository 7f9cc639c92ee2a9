/* render.h: report.json -> what people read. Pure functions of the text; docs/formats/report.md describes the keys. */
#ifndef XB_REPORT_RENDER_H
#define XB_REPORT_RENDER_H

#include "base/diag.h"
#include "base/json.h"

/* format: "text" (80 columns), "html" (one self-contained file), "md", "csv", "json" (as it is, checked).
 * file names the text in diagnostics. false after diagnostics: not JSON, unknown schema version, unknown format. */
bool xb_report_render(xb_diags *d, const char *file, const char *text, size_t n, const char *format, xb_write_fn *write,
                      void *to);
extern const char *const xb_report_formats[]; /* NULL-ended */

#endif
