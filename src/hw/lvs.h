/* lvs.h: layout.json as read back, for xb_layout_verify. Everything in it was checked against its own bounds only. */
#ifndef XB_HW_LVS_H
#define XB_HW_LVS_H

#include "hw/layout_private.h"

enum { XB_LVS_SHOWN = 20 }; /* errors that are printed; the rest are counted */

typedef struct xb_lvs_matrix {
    const char *name;
    int64_t groups, rows, cols;
} xb_lvs_matrix;

typedef struct xb_lvs {
    xb_diags *d;
    const char *path; /* of layout.json, for messages */
    uint64_t errors;
    xb_arena *arena;
    int64_t mesh_rows, mesh_cols;
    xb_vec(xb_lvs_matrix) matrices;
    xb_vec(xb_array) arrays;
    xb_vec(xb_block) blocks; /* ordered by array; lists of rows and columns inside the matrix */
    xb_vec(xb_net) nets;
    uint64_t bytes;     /* of weights.bin, from the arrays' sizes */
    int64_t said_bytes; /* as weights.bytes has it */
    const char *digest; /* as hardware.digest has it */
} xb_lvs;

/* One error, printed while there are few. Returns false. */
bool xb_lvs_error(xb_lvs *v, const char *code, const char *format, ...) XB_PRINTF(3, 4);

/* false after diagnostics: not JSON, another schema or version, a member missing, of the wrong type or out of range. */
bool xb_lvs_read(xb_lvs *v);

/* verify.c: xb_lvs_read and all that xb_layout_verify checks. *v is to be closed either way. */
bool xb_lvs_open(xb_lvs *v, xb_diags *d, const char *dir, const xb_graph *g);
void xb_lvs_close(xb_lvs *v);

#endif
