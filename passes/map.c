/* map.c: the pass that cuts the network's matrices into crossbar arrays and freezes the result as the layout. */
#include <string.h>
#include <xbarc/xbarc.h>

static void fact(xb_cx *cx, xb_module *module, const char *key, double value, const char *unit)
{
    const xb_journal_api *journal = cx->host->service(cx, "xb.journal", 1);
    journal->add(
        cx, module,
        &(xb_fact){.key = key, .value = value, .unit = unit, .split = "", .seed = cx->seed, .source = "pass map"});
}

static bool is_output(const xb_graph_api *api, const xb_graph *g, xb_value v)
{
    const xb_value *out;
    size_t n = api->outputs(g, &out);
    for (size_t i = 0; i < n; i++)
        if (out[i].id == v.id) return true;
    return false;
}

/* A Dropout in inference whose mask nobody reads, and whose input may take its result's place: a graph output needs an
 * op that makes it, and a name of its own. */
static bool is_idle(const xb_graph_api *api, const xb_graph *g, xb_op op)
{
    const xb_value *in, *out;
    if (strcmp(api->op_type(g, op), "Dropout") != 0) return false;
    size_t n_in = api->op_inputs(g, op, &in), n_out = api->op_outputs(g, op, &out);
    if (!out[0].id || (n_out > 1 && out[1].id && api->users(g, out[1]))) return false;
    if (is_output(api, g, out[0]) && (!api->producer(g, in[0]).id || is_output(api, g, in[0]))) return false;
    if (n_in < 3 || !in[2].id) return true;
    return api->is_const(g, in[2]) && *(const unsigned char *)api->data(g, in[2]) == 0;
}

/* A chip has no Dropout. */
static void remove_dropouts(const xb_graph_api *api, xb_graph *g)
{
    bool any = false;
    for (xb_op op = api->first(g), next; op.id; op = next) {
        const xb_value *in, *out;
        next = api->next(g, op);
        if (!is_idle(api, g, op)) continue;
        api->op_inputs(g, op, &in);
        api->op_outputs(g, op, &out);
        api->replace(g, out[0], in[0]);
        api->remove(g, op);
        any = true;
    }
    if (any) api->sweep(g);
}

static int run_map(xb_cx *cx, xb_module *module, const void *options)
{
    const xb_graph_api *graph = cx->host->service(cx, "xb.graph", 1);
    const xb_hw_api *hw = cx->host->service(cx, "xb.hw", 1);
    const xb_layout_api *layout = cx->host->service(cx, "xb.layout", 1);
    (void)options;
    remove_dropouts(graph, graph->of(module));
    xb_layout *l = hw->plan(cx, graph->of(module), hw->of(cx));
    if (!l || layout->set(cx, module, l) < 0) return -1;
    const xb_chip_cost *chip = layout->chip_cost(l);
    fact(cx, module, "pass.map.layers", (double)chip->layers, "1");
    fact(cx, module, "pass.map.arrays", (double)chip->arrays, "1");
    fact(cx, module, "pass.map.cells", (double)chip->cells, "1");
    fact(cx, module, "pass.map.array_cells", (double)chip->array_cells, "1");
    fact(cx, module, "pass.map.wires", (double)chip->wires, "1");
    return 0;
}

static const xb_pass pass = {
    .struct_size = sizeof(xb_pass),
    .level = XB_LEVEL_MAP,
    .name = "map",
    .summary = "cut every matrix into crossbar arrays",
    .doc =
        "Every Conv, ConvTranspose, Gemm and MatMul with constant weights is one matrix per group: inputs are rows, "
        "outputs are columns. The hardware's rule (crossbar.rule) says how a matrix is cut: 'exact' takes the largest "
        "divisors that fit the library of array sizes, 'fixed' pads to one size.\n\n"
        "Small groups of grouped and depthwise convolutions share arrays, block-diagonally. Dropout, which is for "
        "training, is taken out of the network.\n\n"
        "The result is the layout: arrays, blocks, nets and their costs. A later change of a shape or a mask drops it.",
    .example = "- map",
    .gives = (const char *const[]){"layout", NULL},
    .drops = (const char *const[]){"placement", NULL},
    .services = (const char *const[]){"xb.graph/1", "xb.hw/1", "xb.layout/1", "xb.journal/1", NULL},
    .reads = XB_READS_HARDWARE,
    .run = run_map,
};

XBARC_PLUGIN(map) = {
    XBARC_PLUGIN_HEADER,
    .name = "map",
    .version = "1",
    .passes = (const xb_pass *const[]){&pass, NULL},
};
