/* abi.h: what the host and a plugin must agree on: handshake, option tables, pass context.
 *
 * A plugin is one shared object that exports one function, xbarc_plugin_query. Write it with
 *
 *     XBARC_PLUGIN(shrink) = { XBARC_PLUGIN_HEADER, .name = "shrink", .passes = shrink_passes };
 *
 * at the bottom of the file. No plugin globals, no host symbols: everything comes through xb_cx.
 * All descriptors are const data, and all begin with struct_size, so that later versions append. Until 1.0 an equal
 * minor is required, so that structures without one (options, arrays, facts) have the host's size too.
 */
#ifndef XBARC_ABI_H
#define XBARC_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XB_ABI_MAGIC 0x63726278u /* "xbrc" in memory on little-endian hosts */
#define XB_ABI_MAJOR 0
#define XB_ABI_MINOR 1

#if defined(__GNUC__)
#define XB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define XB_PRINTF(fmt, args)
#endif

/* The handshake: these 16 bytes are frozen for ever. While major is 0 only an equal minor loads. */
typedef struct xb_abi {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t struct_size; /* of the structure that follows in the same object (xb_plugin, xb_host_info) */
    uint32_t flags;       /* 0 */
} xb_abi;

typedef struct xb_module xb_module; /* graph + layout + properties + journal; owned by the host */
typedef struct xb_cx xb_cx;

/* ---- diagnostics ------------------------------------------------------------------------- */

typedef enum xb_severity { XB_NOTE, XB_WARNING, XB_ERROR } xb_severity;

/* ---- option tables ----------------------------------------------------------------------- */

/* How a value is stored at its offset. One table feeds the YAML parser, range errors, --print-pipeline,
 * `xbarc help NAME` and the fuzz dictionary. */
typedef enum xb_option_type {
    XB_OPT_BOOL,   /* bool: true | false */
    XB_OPT_INT,    /* int64_t */
    XB_OPT_REAL,   /* double, in the SI base unit of its dimension */
    XB_OPT_STRING, /* const char *, host-owned; NULL when the default is NULL */
    XB_OPT_CHOICE, /* int: index into choices */
    XB_OPT_PATH,   /* const char *, made relative to the YAML file's folder */
    XB_OPT_LIST,   /* xb_list of `elem` */
    XB_OPT_STRUCT, /* the sub-structure itself, described by `sub` */
    XB_OPT_MAP     /* xb_list of xb_map_item; each value points to a sub-structure of sub_size bytes; without sub to one
                      scalar, `elem` */
} xb_option_type;

/* Physical dimension of a REAL. A value without the unit is an error unless the dimension is XB_PLAIN;
 * zero needs no unit. XB_RATIO takes 0.05 or 5%. */
typedef enum xb_dimension {
    XB_PLAIN,
    XB_RATIO,
    XB_METRE,     /* m: nm um mm m */
    XB_AREA,      /* m2: nm2 um2 mm2 m2 */
    XB_SECOND,    /* s: ps ns us ms s */
    XB_HERTZ,     /* Hz: Hz kHz MHz GHz, and S/s kS/s MS/s GS/s */
    XB_VOLT,      /* V: uV mV V */
    XB_AMPERE,    /* A: nA uA mA A */
    XB_OHM,       /* ohm: mohm ohm kohm Mohm */
    XB_SIEMENS,   /* S: nS uS mS S */
    XB_WATT,      /* W: nW uW mW W */
    XB_JOULE,     /* J: fJ pJ nJ uJ mJ J */
    XB_FARAD,     /* F: aF fF pF nF uF F */
    XB_KELVIN,    /* K */
    XB_BYTE,      /* bytes: B KiB MiB GiB */
    XB_DIMENSIONS /* how many */
} xb_dimension;

typedef struct xb_list {
    void *data; /* n elements in their storage form, host-owned; NULL when n is 0 */
    size_t n;
} xb_list;

typedef struct xb_map_item {
    const char *key; /* layer name or glob pattern, as written */
    void *value;
} xb_map_item;

typedef struct xb_option {
    const char *name; /* as in YAML: lower case, words joined by - or _ ; NULL ends the table */
    const char *help; /* one line; states the unit and what 0 means */
    xb_option_type type;
    size_t offset;
    const char *def; /* default, as YAML text; NULL: required (STRING, PATH: absent) */
    double min, max; /* inclusive range of INT and REAL (and of elements); both 0: unlimited */
    xb_dimension dim;
    const char *const *choices;  /* NULL-ended, for CHOICE */
    xb_option_type elem;         /* of LIST, and of MAP without sub */
    const struct xb_option *sub; /* of STRUCT, MAP, LIST of STRUCT */
    size_t sub_size;             /* bytes of the sub-structure */
    bool required;               /* absence is an error */
} xb_option;

/* ---- what a pass sees of the host --------------------------------------------------------- */

/* Where a diagnostic points: any member may be 0/NULL. */
typedef struct xb_where {
    const char *file;
    int line, col;    /* 1-based; 0 = unknown */
    const char *node; /* ONNX node name */
    const char *op;   /* operator */
    int input;        /* 1-based input number; 0 = none */
} xb_where;

/* The functions that never change. */
typedef struct xb_host {
    uint32_t struct_size;
    /* A versioned, append-only function table: service(cx, "xb.graph", 1). NULL when the host lacks it. */
    const void *(*service)(xb_cx *cx, const char *name, uint32_t version);
    /* code is a stable, lower-case word such as "option-range". where may be NULL. */
    void (*diagnose)(xb_cx *cx, xb_severity severity, const char *code, const xb_where *where, const char *format, ...)
        XB_PRINTF(5, 6);
    /* Zeroed memory that lives until the callback returns; never NULL (the host ends the run when out of memory). */
    void *(*alloc)(xb_cx *cx, size_t count, size_t size);
    /* True after Ctrl-C: return a negative status soon; the host keeps the module from before the pass. */
    bool (*cancelled)(xb_cx *cx);
    void (*progress)(xb_cx *cx, uint64_t done, uint64_t total, const char *unit);
} xb_host;

struct xb_cx {
    uint32_t struct_size;
    const xb_host *host;
    const char *instance; /* "rank-clip" or "rank-clip@id" */
    uint64_t seed;        /* the pipeline's seed */
    void *impl;           /* the host's */
};

/* ---- passes -------------------------------------------------------------------------------- */

/* A pipeline's passes run level by level; a pass of an earlier level after a later one is refused. */
typedef enum xb_level { XB_LEVEL_GRAPH, XB_LEVEL_MAP, XB_LEVEL_LAYOUT, XB_LEVEL_CHIP } xb_level;

/* Inputs a pass reads beside the module; they are part of what its result depends on. Without the data it READS a
 * pipeline is refused; what it MAY_READ its own check() asks for, by its options. */
enum { XB_READS_HARDWARE = 1, XB_READS_DATA = 2, XB_READS_CHIP = 4, XB_READS_TEACHER = 8, XB_MAY_READ_DATA = 16 };

typedef struct xb_pass {
    uint32_t struct_size;
    xb_level level;
    const char *name;            /* lower-case-with-dashes; unique over all plugins */
    const char *summary;         /* one line */
    const char *doc;             /* paragraphs separated by \n\n */
    const char *example;         /* YAML of one pass entry */
    const char *const *needs;    /* properties that must hold before, NULL-ended; NULL = none */
    const char *const *gives;    /* properties that hold after */
    const char *const *drops;    /* properties that no longer hold */
    const char *const *services; /* "xb.graph/1", ... ; checked before anything runs */
    uint32_t reads;              /* XB_READS_* */
    const xb_option *options;    /* NULL = none */
    size_t options_size;         /* bytes of the option structure */
    /* Called before the first pass of the pipeline runs; may be NULL. Negative after a diagnostic. */
    int (*check)(xb_cx *cx, const void *options);
    /* Negative after a diagnostic: the host then still has the module from before. Never exits, aborts or prints. */
    int (*run)(xb_cx *cx, xb_module *module, const void *options);
} xb_pass;

struct xb_backend; /* backend.h */
struct xb_device;  /* device.h */
struct xb_command; /* a later version */

typedef struct xb_plugin {
    xb_abi abi;
    const char *name;             /* the file's base name */
    const char *version;          /* of the plugin, for people */
    const xb_pass *const *passes; /* NULL-ended; NULL = none */
    const struct xb_backend *const *backends;
    const struct xb_device *const *devices;
    const struct xb_command *const *commands;
} xb_plugin;

#define XBARC_PLUGIN_HEADER .abi = {XB_ABI_MAGIC, XB_ABI_MAJOR, XB_ABI_MINOR, (uint32_t)sizeof(xb_plugin), 0}

#if defined(__GNUC__)
#define XB_EXPORT __attribute__((visibility("default")))
#else
#define XB_EXPORT
#endif

/* Built in, every plugin needs a query of its own name; as a shared object they all have the same. */
#ifdef XBARC_BUILTIN
#define XBARC_QUERY(ident) xbarc_plugin_query_##ident
#else
#define XBARC_QUERY(ident) xbarc_plugin_query
#endif

/* The host passes its own handshake, so that a plugin may refuse a host; ours never do. */
#define XBARC_PLUGIN(ident)                                                                                            \
    static const xb_plugin xbarc_plugin_of_##ident;                                                                    \
    XB_EXPORT const xb_plugin *XBARC_QUERY(ident)(const xb_abi *host);                                                 \
    const xb_plugin *XBARC_QUERY(ident)(const xb_abi *host)                                                            \
    {                                                                                                                  \
        (void)host;                                                                                                    \
        return &xbarc_plugin_of_##ident;                                                                               \
    }                                                                                                                  \
    static const xb_plugin xbarc_plugin_of_##ident

#endif
