/* verify.h: is the graph whole? Every rule that the rest of the house relies on, each violation a diagnostic that names op and reason. */
#ifndef XB_IR_VERIFY_H
#define XB_IR_VERIFY_H

#include "ir/graph.h"

/* Topological order, use lists, arity, names unique, types known, shapes agreeing with inference, constants inside
 * their mapping, matrix views inside their weights, masks of the right size. false after diagnostics "verify". */
bool xb_graph_verify(xb_diags *d, const xb_graph *g);

#endif
