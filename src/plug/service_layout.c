/* service_layout.c: services "xb.hw" and "xb.layout": src/hw, with plans owned by the callback until map takes one. */
#include "hw/layout.h"
#include "plug/context.h"

static const xb_hw *hw_of(xb_cx *cx)
{
    return xb_context_of(cx)->hw;
}

static xb_layout *plan(xb_cx *cx, const xb_graph *g, const xb_hw *hw)
{
    xb_context *c = xb_context_of(cx);
    xb_layout *l = xb_layout_plan(c->diags, g, hw);
    if (l) xb_push(&c->plan, l);
    return l;
}

static int set(xb_cx *cx, xb_module *module, xb_layout *layout)
{
    xb_context *c = xb_context_of(cx);
    for (size_t i = 0; i < c->plan.n; i++)
        if (c->plan.data[i] == layout) {
            c->plan.data[i] = c->plan.data[--c->plan.n];
            xb_module_set_layout(module, layout, &xb_layout_ownership);
            return 0;
        }
    xb_diag(c->diags, XB_ERROR, "layout", NULL, "%s: the layout was not planned in this callback", cx->instance);
    return -1;
}

static xb_layout *layout_of(xb_module *module)
{
    return xb_module_layout(module);
}

const xb_hw_api xb_hw_service = {
    .struct_size = sizeof(xb_hw_api),
    .of = hw_of,
    .tiling = xb_tile,
    .plan = plan,
};

const xb_layout_api xb_layout_service = {
    .struct_size = sizeof(xb_layout_api),
    .of = layout_of,
    .set = set,
    .hw = xb_layout_hw,
    .arrays = xb_layout_arrays,
    .blocks = xb_layout_blocks,
    .nets = xb_layout_nets,
    .matrices = xb_layout_matrices,
    .layer_costs = xb_layout_layer_costs,
    .chip_cost = xb_layout_chip_cost,
    .array_values = xb_layout_array_values,
    .mesh = xb_layout_mesh,
    .set_mesh = xb_layout_set_mesh,
    .place = xb_layout_place,
};
