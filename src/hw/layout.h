/* layout.h: arrays, blocks, nets and costs of a graph on a hardware: the contract of include/xbarc/layout.h. */
#ifndef XB_HW_LAYOUT_H
#define XB_HW_LAYOUT_H

#include "ir/module.h"

/* algorithms: Group Scissor sec. 3 (MBC selection). Pure. rows, cols >= 1. */
xb_tiling xb_tile(const xb_hw *hw, int64_t rows, int64_t cols);

/* The graph must be inferred and verified. NULL after a diagnostic (no synaptic layer; too many arrays). */
xb_layout *xb_layout_plan(xb_diags *d, const xb_graph *g, const xb_hw *hw);
void xb_layout_free(xb_layout *l);
xb_layout *xb_layout_clone(const xb_layout *l);
extern const xb_layout_ops xb_layout_ownership;

const xb_hw *xb_layout_hw(const xb_layout *l);
size_t xb_layout_arrays(const xb_layout *l, const xb_array **list);
size_t xb_layout_blocks(const xb_layout *l, const xb_block **list);
size_t xb_layout_nets(const xb_layout *l, const xb_net **list);
size_t xb_layout_matrices(const xb_layout *l, const xb_matrix **list);
size_t xb_layout_layer_costs(const xb_layout *l, const xb_layer_cost **list);
const xb_chip_cost *xb_layout_chip_cost(const xb_layout *l);
void xb_layout_array_values(const xb_layout *l, const xb_graph *g, uint32_t id, float *out);
void xb_layout_mesh(const xb_layout *l, int32_t *rows, int32_t *cols);
void xb_layout_set_mesh(xb_layout *l, int32_t rows, int32_t cols);
void xb_layout_place(xb_layout *l, uint32_t id, int32_t site_x, int32_t site_y, int32_t core);

/* Rebuilds every matrix from DIR/layout.json and DIR/weights.bin and compares it bit for bit with `g` (DIR/model.xir):
 * the crossbar world's layout-versus-schematic; DIR/hardware.yaml must be the one it was made for. Every element must
 * be covered exactly once. false after diagnostics "lvs-...". Also checks that no two arrays share a site and no two
 * blocks overlap. */
typedef struct xb_lvs_result {
    uint64_t layers, arrays, cells;
} xb_lvs_result;
bool xb_layout_verify(xb_diags *d, const char *dir, const xb_graph *g, xb_lvs_result *out);
/* The layout in DIR/layout.json, verified as above: its arrays, blocks, nets and sites; costs are those of a plan of g on
 * hw, which may differ from the folder's hardware in everything that no layout depends on. NULL after diagnostics. */
xb_layout *xb_layout_read(xb_diags *d, const char *dir, const xb_graph *g, const xb_hw *hw);

#endif
