/* handshake.h: is what a plugin returned fit to be used? */
#ifndef XB_PLUG_HANDSHAKE_H
#define XB_PLUG_HANDSHAKE_H

#include "base/str.h"
#include <xbarc/backend.h>
#include <xbarc/device.h>

typedef const xb_plugin *xb_query_fn(const xb_abi *host);

extern const xb_abi xb_host_abi;

/* Frozen header first, then everything that is behind its pointers. false: *why gets the field and both values. */
bool xb_plugin_fits(const xb_plugin *p, xb_buf *why);

#endif
