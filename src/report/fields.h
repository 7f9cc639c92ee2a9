/* fields.h: reading report.json without fear, and writing formatted text. */
#ifndef XB_REPORT_FIELDS_H
#define XB_REPORT_FIELDS_H

#include "base/json.h"
#include <jansson.h>

/* Where a renderer writes. */
typedef struct xb_page {
    xb_write_fn *write;
    void *to;
} xb_page;

void xb_page_print(const xb_page *p, const char *format, ...) XB_PRINTF(2, 3);
void xb_page_escape(const xb_page *p, const char *text); /* & < > " for HTML */

/* Members of an object; absent, null or of another type: 0, "", NULL. Integers saturate. */
double xb_field_real(const json_t *object, const char *key);
int64_t xb_field_int(const json_t *object, const char *key);
int64_t xb_field_sum(const json_t *object, const char *key, const char *other);
const char *xb_field_text(const json_t *object, const char *key);
const char *xb_item_text(const json_t *array, size_t i);
bool xb_field_true(const json_t *object, const char *key);
bool xb_field_has(const json_t *object, const char *key); /* a number; null says that nothing is known */
bool xb_any_has(const json_t *list, const char *key);     /* some object of the list has it */

/* "430,500"; out has 32 bytes. Returns out. */
char *xb_with_commas(char out[32], int64_t v);
/* Whole numbers with commas, others with six digits; 32 bytes. Returns out. */
char *xb_with_number(char out[32], double v);
/* "12.3 mm2", "450 um2", "-" for 0; 48 bytes. Returns out. */
char *xb_with_area(char out[48], double um2);
/* "1.23 ms", "56.7 uJ": three digits with the unit scaled; "-" for 0, which stands for not known. 48 bytes. */
char *xb_with_unit(char out[48], double v, const char *unit);
/* A value in a unit of report.json, scaled for people: 9.765625e-6, "mW" is "9.76562 nW". 64 bytes. */
char *xb_with_given_unit(char out[64], double v, const char *unit);
/* The prefix that shows v as a number from 1 to 1000, and its factor. */
const char *xb_prefix(double v, double *factor);

/* The last `width` bytes of a name, ".." before them when it is cut: the end says more than the beginning. 256 bytes.
 */
char *xb_name_tail(char out[256], const char *name, size_t width);
/* A layer's name where people read it; "/fc1/Gemm" is "/fc1". 256 bytes. */
const char *xb_short_name(char out[256], const json_t *layer);
const char *xb_critical_name(char out[256], const json_t *report); /* of the slowest layer */

/* Was the compiled network exactly as good as the imported one? */
bool xb_same_accuracy(const json_t *accuracy);
/* accuracy.simulated. false: no chips were simulated. */
typedef struct xb_chips {
    const char *metric; /* "top-1", "agreement" */
    int64_t trials;
    double mean, sd, min, max, lo95, hi95;
    double clip_ratio; /* -1: nothing was converted */
} xb_chips;
bool xb_field_chips(const json_t *accuracy, xb_chips *out);
/* What stands on simulated chips, "684 arrays (0.0139 mm2), 3,404,000 devices: 4 slices a weight, exact without arrays:
 * fc2". false: what was laid out. */
bool xb_chip_text(xb_buf *b, const json_t *report);
/* assumed.c: what the figures of simulated chips rest on, "lognormal {sigma: 0.1}; conductances from 1 uS to ..." and
 * "a write takes 6.5 us, ...". false: no chips were simulated. */
bool xb_devices_text(xb_buf *b, const json_t *report);
bool xb_writing_text(xb_buf *b, const json_t *report);
/* "500x50", "g*9x1" with groups. 80 bytes. */
char *xb_matrix_text(char out[80], const json_t *layer);
/* "memristor-64: exact divisors, arrays up to 64 x 64" */
void xb_hardware_text(xb_buf *b, const json_t *report);

typedef void xb_renderer(const xb_page *p, const json_t *report);
xb_renderer xb_render_text, xb_render_html, xb_render_md, xb_render_csv;

/* html_layers.c: a row a layer; columns that say nothing for this network are left out. */
void xb_html_layers(const xb_page *p, const json_t *report);

/* svg.c: pictures, inline */
void xb_svg_floorplan(const xb_page *p, const json_t *report);
/* Values of `key` times `factor` are in `unit`; one scale for the whole picture, named in its caption. */
void xb_svg_bars(const xb_page *p, const json_t *layers, const char *key, const char *title, double factor,
                 const char *unit);
/* deleted.c: the arrays of matrices that lack rows or columns. Nothing where none does. */
void xb_svg_deleted(const xb_page *p, const json_t *report);
const char *xb_layer_colour(size_t layer, char out[32]); /* CSS colour, distinct for neighbours */

extern const char xb_html_style[]; /* style.c */

#endif
