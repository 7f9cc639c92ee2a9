/* plug.h: plugins found, checked and loaded; the services they are given. */
#ifndef XB_PLUG_PLUG_H
#define XB_PLUG_PLUG_H

#include "base/vec.h"
#include "hw/hw.h"
#include "ir/module.h"
#include "nn/train/train.h"
#include <xbarc/device.h>

/* ---- registry ---- */
typedef struct xb_plugin_entry {
    const char *path;        /* file, or "(built in)" */
    const xb_plugin *plugin; /* NULL: refused */
    const char *refusal;     /* why, naming the field and both values; NULL: loaded */
    char digest[65];         /* of the file */
} xb_plugin_entry;

typedef struct xb_registry xb_registry;
xb_registry *xb_registry_new(void);
void xb_registry_free(xb_registry *r);
/* Built-in table, then XBARC_PLUGIN_PATH, then `installed` (both: folders joined by ':'). Files that are refused are
 * remembered, not diagnosed: a name that is asked for and was refused is. */
void xb_registry_search(xb_registry *r, const char *installed);
bool xb_registry_load(xb_diags *d, xb_registry *r, const char *path); /* --plugin=FILE: refusal is an error "plugin" */
size_t xb_registry_list(const xb_registry *r, const xb_plugin_entry **list);
/* NULL when there is none; sorted iteration by name for listing. */
const xb_pass *xb_registry_pass(const xb_registry *r, const char *name);
const xb_backend *xb_registry_backend(const xb_registry *r, const char *name);
const xb_device *xb_registry_device(const xb_registry *r, const char *name);
size_t xb_registry_passes(const xb_registry *r, const xb_pass *const **list);
size_t xb_registry_backends(const xb_registry *r, const xb_backend *const **list);
size_t xb_registry_devices(const xb_registry *r, const xb_device *const **list);
typedef enum xb_offer { XB_OFFER_PASS, XB_OFFER_BACKEND, XB_OFFER_DEVICE, XB_OFFER_ANY } xb_offer;
/* The nearest name among offers of a kind and whether a plugin file of that name was refused, for messages. */
void xb_registry_explain(const xb_registry *r, const char *name, xb_offer kind, xb_buf *b);

/* ---- context: one per run; a callback begins and ends with it ---- */
typedef struct xb_run_info {     /* for service "xb.run" */
    xb_vec(const char *) inputs; /* triples: kind, path, sha256 */
    xb_vec(const char *) passes; /* pairs: instance, options */
} xb_run_info;

typedef struct xb_context xb_context;
xb_context *xb_context_new(xb_diags *d, const xb_hw *hw, uint64_t seed, xb_run_info *info);
void xb_context_free(xb_context *c);
xb_cx *xb_context_begin(xb_context *c, const char *instance,
                        const xb_yaml *where); /* where: the entry, for diagnostics */
void xb_context_end(xb_context *c);            /* frees the callback's arena */
/* What passes train on, for service "xb.train". */
typedef struct xb_learning {
    const char *data, *dir; /* specification, NULL: none; what its paths are relative to */
    xb_input_map map;
    size_t holdout; /* items at the end of data */
    xb_engine_options engine;
    const char *checkpoints; /* folder, made when needed; NULL: none are kept */
    xb_graph *(*load)(xb_diags *d, const char *path); /* of a teacher that a recipe names */
} xb_learning;
void xb_context_learning(xb_context *c, const xb_learning *l); /* kept until the context is freed */
/* The network as it comes into the pass that is called next (its teacher, alive until the callback ends), and the
 * pass's options as text, on which its checkpoints depend. */
void xb_context_entering(xb_context *c, const xb_graph *came, const char *options);
void xb_context_drop_checkpoints(xb_context *c); /* after a run that ended well */
/* Does this host offer "xb.graph/1"? */
bool xb_service_offered(const char *name_slash_version);

/* ---- backends write through this ---- */
struct xb_outdir;
xb_sink *xb_sink_new(xb_diags *d, struct xb_outdir *dir);
/* Between two backends: false when the one before left a file open (which is abandoned). */
bool xb_sink_settled(xb_sink *s);
void xb_sink_free(xb_sink *s);

#endif
