/* infer.h: types and shapes of every value, with symbolic dimensions, in one walk in topological order.
 *
 * Integer shape arithmetic (Shape, Gather, Concat, Cast, Squeeze, Unsqueeze, Slice, Add, Sub, Mul, Div on short int
 * vectors, symbols included) is followed; what it makes constant becomes a constant, and a Reshape whose target keeps
 * the batch symbol gets a constant target with 0 or -1 in that place. Ops whose inputs are all constant are offered to
 * `fold`.
 */
#ifndef XB_IR_INFER_H
#define XB_IR_INFER_H

#include "ir/graph.h"

/* Evaluates op (all inputs constant, result types inferred) and makes its results constant (xb_graph_make_const).
 * false: leaves it as it is (not an error). nn provides one. */
typedef bool xb_fold_fn(xb_graph *g, xb_op op);

/* false after diagnostics, all independent ones: an op outside the set (code "op-unsupported", names node and operator),
 * inputs or results too few or too many ("op-arity"), a shape that contradicts an op's rules ("shape"), element types that
 * do ("dtype"), a wrong attribute ("attribute"), a result shape that depends on data ("shape-dynamic").
 *
 * Symbols: a size and a symbol that must agree become the size; two symbols become the first one, in the inputs too.
 * Arithmetic on symbols makes symbols named by their expression ("2*batch", "floor((H+1)/2)"); see dim.h.
 * Identity goes, and Dropout of a constant in inference; a graph input that is a graph output keeps its Identity. Any
 * other Dropout stays, for training. Dead ops are swept.
 * ConstantOfShape: attribute `value` is INT or FLOAT (absent: 0 as f32), `dtype` its ONNX type number (absent: i64, f32). */
bool xb_graph_infer(xb_diags *d, xb_graph *g, xb_fold_fn *fold);

/* Replaces symbol `dim` (negative) by a size everywhere and infers again. For running at one batch size. */
bool xb_graph_bind(xb_diags *d, xb_graph *g, int64_t dim, int64_t size);

/* Is op a Dropout in training mode, or in one known at run time only? */
bool xb_graph_draws(const xb_graph *g, xb_op op);
/* Every Dropout that neither draws nor has a mask somebody reads goes: its readers read its input. One whose result is a
 * graph output stays where its input cannot take that name (an input, a constant, another output). */
void xb_graph_skip_dropouts(xb_graph *g);

/* Do all values keep the batch symbol as dimension 0 and nowhere else (so that a batch may be cut anywhere)?
 * Returns the symbol of dimension 0 of the inputs, or 0 when the graph is not separable. */
int64_t xb_graph_batch_symbol(const xb_graph *g);

#endif
