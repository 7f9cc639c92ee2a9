/* builtin.h: the plugins linked into the program: all of ours with --disable-plugins, else none. The table is
 * generated. */
#ifndef XB_PLUG_BUILTIN_H
#define XB_PLUG_BUILTIN_H

#include "plug/handshake.h"

extern xb_query_fn *const xb_builtin_plugins[]; /* NULL-ended */

#endif
