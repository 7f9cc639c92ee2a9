/* json.h: streaming JSON writer; text goes to a function, so that nothing large is held. */
#ifndef XB_BASE_JSON_H
#define XB_BASE_JSON_H

#include "base/str.h"

typedef void xb_write_fn(void *to, const void *bytes, size_t n);

typedef struct xb_json xb_json;
xb_json *xb_json_new(xb_write_fn *write, void *to); /* two-space indentation; containers may be one-line */
void xb_json_object(xb_json *j, const char *key, bool one_line); /* key NULL at top level and inside arrays */
void xb_json_array(xb_json *j, const char *key, bool one_line);  /* one_line holds for everything inside */
void xb_json_close(xb_json *j);
void xb_json_string(xb_json *j, const char *key, const char *v);
void xb_json_int(xb_json *j, const char *key, int64_t v);
void xb_json_real(xb_json *j, const char *key, double v); /* NaN, infinities: null */
void xb_json_bool(xb_json *j, const char *key, bool v);
void xb_json_null(xb_json *j, const char *key);
void xb_json_free(xb_json *j); /* ends the document with a newline; open containers are a fault (assert) */

void xb_json_to_buf(void *buf, const void *bytes, size_t n); /* an xb_write_fn for an xb_buf */

#endif
