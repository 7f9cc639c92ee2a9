/* opset.c: what changed between the opset of the model and XB_OPSET, operator by operator. An entry's function runs
 * when the model's opset is below `until`; ops not listed have meant the same since opset 1 (or since they came).
 */
#include "onnx/import.h"

typedef struct change {
    xb_kind kind;
    int until;
    xb_normalise_fn *apply;
} change;

static const change changes[] = {
    {XB_OP_Add, 7, xb_old_binary},
    {XB_OP_Sub, 7, xb_old_binary},
    {XB_OP_Mul, 7, xb_old_binary},
    {XB_OP_Div, 7, xb_old_binary},
    {XB_OP_Pow, 7, xb_old_binary},
    {XB_OP_And, 7, xb_old_binary},
    {XB_OP_Or, 7, xb_old_binary},
    {XB_OP_Xor, 7, xb_old_binary},
    {XB_OP_Equal, 7, xb_old_binary},
    {XB_OP_Less, 7, xb_old_binary},
    {XB_OP_Greater, 7, xb_old_binary},
    {XB_OP_Gemm, 7, xb_old_gemm},
    {XB_OP_PRelu, 7, xb_old_prelu},
    {XB_OP_Selu, 6, xb_old_selu},
    {XB_OP_Cast, XB_OPSET + 1, xb_old_cast},
    {XB_OP_Clip, 11, xb_old_clip},
    {XB_OP_Concat, 4, xb_old_concat},
    {XB_OP_Softmax, 13, xb_old_softmax},
    {XB_OP_LogSoftmax, 13, xb_old_softmax},
    {XB_OP_Hardmax, 13, xb_old_softmax},
    {XB_OP_ReduceSum, 13, xb_old_reduce},
    {XB_OP_Squeeze, 13, xb_old_squeeze},
    {XB_OP_Unsqueeze, 13, xb_old_squeeze},
    {XB_OP_Split, 13, xb_old_split},
    {XB_OP_Pad, 11, xb_old_pad},
    {XB_OP_Slice, 10, xb_old_slice},
    {XB_OP_Reshape, 5, xb_old_reshape},
    {XB_OP_Tile, 6, xb_old_tile},
    {XB_OP_ConstantOfShape, XB_OPSET + 1, xb_old_fill},
    {XB_OP_BatchNormalization, XB_OPSET + 1, xb_old_norm},
    {XB_OP_Dropout, XB_OPSET + 1, xb_old_dropout},
};

bool xb_onnx_normalise(xb_import *m, xb_draft *n)
{
    if (m->opset < 6) xb_draft_drop(n, "consumed_inputs"); /* a hint of opset 1 to allocate in place */
    if (n->tensor && n->kind != XB_OP_ConstantOfShape)
        return xb_draft_refuse(m, n, "op-unsupported", "attribute 'value' is a tensor");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (changes[i].kind == n->kind && m->opset < changes[i].until) return changes[i].apply(m, n);
    return true;
}
