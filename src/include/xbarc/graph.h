/* graph.h: the network as a pass sees it: service "xb.graph", version 1.
 *
 * Typed SSA values in topological order. Operators keep their ONNX names and the semantics of opset XB_OPSET,
 * whatever opset the model came in. Handles are never reused; id 0 is "none". An iteration stays valid while
 * ops are added or removed, if the next handle is taken before the current op is removed.
 */
#ifndef XBARC_GRAPH_H
#define XBARC_GRAPH_H

#include <xbarc/abi.h>

#define XB_OPSET 17   /* of every graph after import, and of every model that is exported */
#define XB_MAX_RANK 8 /* a tensor with more dimensions is refused at import */

typedef enum xb_dtype {
    XB_NONE,
    XB_F32,
    XB_F64,
    XB_F16,
    XB_BF16,
    XB_I8,
    XB_I16,
    XB_I32,
    XB_I64,
    XB_U8,
    XB_U16,
    XB_U32,
    XB_U64,
    XB_BOOLEAN,
    XB_DTYPES
} xb_dtype;

typedef struct xb_graph xb_graph;
typedef struct xb_value {
    uint32_t id;
} xb_value; /* an edge: graph input, constant, or result of an op */
typedef struct xb_op {
    uint32_t id;
} xb_op;

/* A dimension is a size >= 0 or, negative, the symbol number -1-d ("batch"). Symbols with equal numbers are equal
 * sizes. rank < 0: shape unknown. Data of constants is dense, row-major. */
typedef struct xb_type {
    xb_dtype dtype;
    int rank;
    int64_t dim[XB_MAX_RANK];
} xb_type;

typedef enum xb_attr_type { XB_ATTR_INT, XB_ATTR_FLOAT, XB_ATTR_STRING, XB_ATTR_INTS, XB_ATTR_FLOATS } xb_attr_type;

/* One attribute. Numbers and text are owned by the graph and live as long as it. */
typedef struct xb_attr {
    const char *name;
    xb_attr_type type;
    int64_t i;
    float f;
    const char *s;
    const int64_t *ints;
    const float *floats;
    size_t n; /* of ints, floats; bytes of s */
} xb_attr;

/* Matrix view of a synaptic op: Conv, ConvTranspose, Gemm or MatMul with a constant weight.
 * `groups` matrices of `rows` (N, fan-in; C/g*kh*kw in im2col order: channel, then kernel row, then kernel column)
 * by `cols` (M, outputs per group). Element (g,n,m) is
 *     weight_data[g*group_stride + n*row_stride + m*col_stride].
 * ConvTranspose: rows are input channels, columns are (output channel, kernel row, kernel column); overlaps are added
 * digitally. `scale` (Gemm's alpha) multiplies digitally. */
typedef struct xb_matrix {
    xb_op op;
    xb_value weight, bias; /* bias.id 0: none */
    const char *name;      /* layer name: that of the op, unique in the graph */
    int64_t groups, rows, cols;
    int64_t group_stride, row_stride, col_stride;
    int64_t mvms; /* matrix-vector products per image and group: output positions; 1 for a dense layer */
    double scale;
} xb_matrix;

typedef struct xb_graph_api {
    uint32_t struct_size;
    xb_graph *(*of)(xb_module *module); /* the module's graph, writable within the callback */

    /* -- reading -- */
    const char *(*name)(const xb_graph *g);
    size_t (*inputs)(const xb_graph *g, const xb_value **list); /* graph inputs, without constants; in model order */
    size_t (*outputs)(const xb_graph *g, const xb_value **list);
    xb_op (*first)(const xb_graph *g);                   /* topological order; id 0: empty */
    xb_op (*next)(const xb_graph *g, xb_op op);          /* id 0: was the last */
    const char *(*op_type)(const xb_graph *g, xb_op op); /* "Conv" */
    const char *(*op_name)(const xb_graph *g, xb_op op); /* node name of the model, made unique; never empty */
    size_t (*op_inputs)(const xb_graph *g, xb_op op, const xb_value **list);  /* id 0 in the list: optional, absent */
    size_t (*op_outputs)(const xb_graph *g, xb_op op, const xb_value **list); /* id 0: not used */
    size_t (*op_attrs)(const xb_graph *g, xb_op op, const xb_attr **list);
    const xb_attr *(*attr)(const xb_graph *g, xb_op op, const char *name); /* NULL: absent */
    int64_t (*attr_int)(const xb_graph *g, xb_op op, const char *name, int64_t absent);
    float (*attr_float)(const xb_graph *g, xb_op op, const char *name, float absent);
    const char *(*value_name)(const xb_graph *g, xb_value v);
    const xb_type *(*type)(const xb_graph *g, xb_value v);
    const char *(*symbol)(const xb_graph *g, int64_t dim); /* name of a negative dim; NULL for a size */
    xb_op (*producer)(const xb_graph *g, xb_value v);      /* id 0: input or constant */
    size_t (*users)(const xb_graph *g, xb_value v); /* uses by ops (an op that reads v twice counts twice) + outputs */
    bool (*is_const)(const xb_graph *g, xb_value v);
    /* Bytes of a constant: view of the mapped model or own copy; valid until the next write of v or the callback's
     * return. */
    const void *(*data)(const xb_graph *g, xb_value v);
    bool (*matrix)(const xb_graph *g, xb_op op, xb_matrix *out); /* false: not synaptic */
    /* Annotations of a constant: NULL when absent. Names of notes: "mask" (a number an element: 0 is exactly zero),
     * "frozen", "perm-rows" and "perm-cols" (the order in which the rows or columns of its matrix, groups 1, are cut into
     * arrays: a permutation). */
    const xb_attr *(*note)(const xb_graph *g, xb_value v, const char *key);

    /* -- rewriting; every call keeps topological order and the users' lists; names are made unique -- */
    void *(*write)(xb_graph *g,
                   xb_value v); /* writable bytes of a constant (copied from the model file on first write) */
    xb_value (*add_const)(xb_graph *g, const char *name, const xb_type *type,
                          const void *data); /* copies data; NULL: zeros */
    /* Adds an op before `before` (id 0: at the end) with n_out fresh results of unknown type; results in out[]. */
    xb_op (*add_op)(xb_graph *g, xb_op before, const char *op_type, const char *name, const xb_value *in, size_t n_in,
                    xb_value *out, size_t n_out);
    void (*set_int)(xb_graph *g, xb_op op, const char *name, int64_t v);
    void (*set_float)(xb_graph *g, xb_op op, const char *name, float v);
    void (*set_ints)(xb_graph *g, xb_op op, const char *name, const int64_t *v, size_t n);
    void (*set_string)(xb_graph *g, xb_op op, const char *name, const char *v);
    void (*set_type)(xb_graph *g, xb_value v, const xb_type *type);
    void (*set_input)(xb_graph *g, xb_op op, size_t index, xb_value v); /* index == count appends */
    void (*set_note)(xb_graph *g, xb_value v, const char *key, const int64_t *ints, size_t n);
    /* Every reader of `old` (ops and graph outputs) reads `with` instead; a graph output keeps its name. */
    void (*replace)(xb_graph *g, xb_value old, xb_value with);
    void (*remove)(xb_graph *g, xb_op op); /* its results must have no users */
    size_t (*sweep)(xb_graph *g);          /* removes ops and constants nobody reads; returns how many */
    /* Shapes and types of everything anew; false after diagnostics through cx. */
    bool (*infer)(xb_cx *cx, xb_graph *g);

    /* -- reading, too -- */
    xb_op (*find_op)(const xb_graph *g, const char *name); /* id 0: there is none of that name */
    int64_t (*cells)(const xb_graph *g);                   /* weights of all matrices: sum of groups * rows * cols */
} xb_graph_api;

#endif
