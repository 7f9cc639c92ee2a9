/* lines.h: text for a terminal of 80 columns: no line is longer than 79. */
#ifndef XB_REPORT_LINES_H
#define XB_REPORT_LINES_H

#include "base/str.h"
#include "report/fields.h"

enum { XB_LINE_WIDTH = 79, XB_LINE_INDENT = 19 };

size_t xb_line_columns(const char *text); /* characters of UTF-8 */
/* n bytes; control characters as '?': a terminal must not obey a name. */
void xb_line_visible(const xb_page *p, const char *text, size_t n);
/* `label`, then the text in lines of what is left of the width; later lines are indented. */
void xb_line_paragraph(const xb_page *p, const char *label, size_t indent, const char *text);
void xb_line_item(const xb_page *p, const char *label, const char *format, ...) XB_PRINTF(3, 4);

#endif
