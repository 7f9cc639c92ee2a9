/* hw.h: hardware files. docs/formats/hardware.md is the reference; xb_hw (include/xbarc/layout.h) the result. */
#ifndef XB_HW_HW_H
#define XB_HW_HW_H

#include "base/opts.h"
#include <xbarc/layout.h>

bool xb_hw_is_path(const char *name); /* has a folder or ends in .yaml; else the name of an installed file */
/* The file that a name means: a path is relative to `dir`, an installed name is looked for in `dirs` (NULL-ended).
 * NULL after a diagnostic at `where`. Caller frees. */
char *xb_hw_locate(xb_diags *d, const xb_where *where, const char *name, const char *dir, const char *const *dirs);

/* From a YAML tree (a file of its own, or the block in a pipeline). `extends: NAME_OR_PATH`, one level: a path relative
 * to the file, or the bare name of an installed file (search: `dirs`, NULL-ended). Text owned by the arena. false after
 * diagnostics. */
bool xb_hw_read(xb_diags *d, xb_arena *a, const xb_yaml *y, const char *const *dirs, xb_hw *out);
bool xb_hw_read_file(xb_diags *d, xb_arena *a, const char *path, const char *const *dirs, xb_hw *out);
/* The resolved file as YAML text: every key, with units; reads back to the same structure. */
void xb_hw_print(xb_buf *b, const xb_hw *hw);
/* Per-layer overrides (`layers:` by name or pattern, `types:` by operator) on top of the file. */
xb_hw xb_hw_for(const xb_hw *hw, const char *layer, const char *op_type);
/* A pattern of `layers:` matches a name, or what follows a '/' in it, with or without a last part that is the operator.
 */
bool xb_hw_pattern_matches(const char *pattern, const char *layer, const char *op_type);
extern const xb_option xb_hw_options[]; /* for `xbarc help hardware` */

#endif
