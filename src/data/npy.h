/* npy.h: NumPy's .npy files (version 1 to 3, little-endian, C order; Fortran order is turned round on reading). */
#ifndef XB_DATA_NPY_H
#define XB_DATA_NPY_H

#include "base/out.h"
#include "ir/tensor.h"

bool xb_npy_read(xb_diags *d, const char *path, xb_tensor *out);
bool xb_npy_write(const xb_tensor *t, xb_out *out);

#endif
