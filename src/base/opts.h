/* opts.h: option tables (abi.h): YAML -> structure, structure -> YAML, help text. */
#ifndef XB_BASE_OPTS_H
#define XB_BASE_OPTS_H

#include "base/yaml.h"

/* Fills `out` (size bytes, zeroed here) with defaults, then with the map `y` (NULL or null: defaults only). `who` names the
 * owner in messages ("rank-clip"). Unknown key: error with the nearest name; wrong type, unit, range, missing required
 * key: error at the value. All errors are reported, then false. Text is owned by the arena. */
bool xb_opts_read(xb_diags *d, xb_arena *a, const char *who, const xb_option *table, const xb_yaml *y, void *out,
                  size_t size);
/* One line of YAML flow style with every value, "{method: pca, epsilon: 0.03}"; reads back to the same structure. "{}" when empty. */
void xb_opts_print(xb_buf *b, const xb_option *table, const void *options);
/* The same as indented block style, one option a line, `indent` spaces before. */
void xb_opts_print_block(xb_buf *b, const xb_option *table, const void *options, int indent);
/* Both, with paths below `dir` (the folder of the file they were read from) printed relative to it again, other
 * relative ones (to the working folder) made absolute. */
void xb_opts_print_in(xb_buf *b, const xb_option *table, const void *options, const char *dir);
void xb_opts_print_block_in(xb_buf *b, const xb_option *table, const void *options, int indent, const char *dir);
/* Table of options for help: name, type with unit and range, default, help; wrapped to 80 columns. */
void xb_opts_help(xb_buf *b, const xb_option *table, int indent);
/* Is the table itself sane (names unique, defaults parse, sizes fit)? For the plugin loader. false: *why. */
bool xb_opts_check(const xb_option *table, size_t size, const char **why);

#endif
