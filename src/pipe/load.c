/* load.c: a model file -> a graph that the rest of the house may rely on. */
#include "ir/infer.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "nn/ref.h"
#include "onnx/onnx.h"
#include "pipe/pipeline.h"

static xb_graph *read_file(xb_diags *d, const char *path)
{
    if (xb_ends_with(path, ".onnx")) return xb_onnx_read(d, path);
    if (xb_ends_with(path, ".xir")) return xb_xir_read(d, path);
    xb_error(d, "model", (.file = path), "a model file ends in .onnx or .xir");
    return NULL;
}

xb_graph *xb_model_load(xb_diags *d, const char *path)
{
    xb_graph *g = read_file(d, path);
    if (g && xb_graph_infer(d, g, xb_ref_fold) && xb_graph_verify(d, g)) return g;
    xb_graph_free(g);
    return NULL;
}
