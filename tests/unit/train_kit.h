/* train_kit.h: small training runs on the synthetic digits. */
#ifndef TRAIN_KIT_H
#define TRAIN_KIT_H

#include "base/digest.h"
#include "base/opts.h"
#include "ir/infer.h"
#include "ir/text.h"
#include "nn/ref.h"
#include "nn/train/hooks.h"
#include "nn/train/init.h"
#include "nn/train/train.h"
#include "nn_kit.h"
#include <unistd.h>

/* conv 4 @ 5x5 / 2 -> relu -> pool -> dense 16 -> relu -> dense 10; names conv1, fc1, fc2. */
static const char *const small_net =
    "xir 1\n"
    "graph \"small\"\n"
    "symbol batch\n"
    "input %x f32[batch,1,28,28]\n"
    "const %conv1.weight f32[4,1,5,5] = digest 0\n"
    "const %conv1.bias f32[4] = digest 0\n"
    "const %fc1.weight f32[16,144] = digest 0\n"
    "const %fc1.bias f32[16] = digest 0\n"
    "const %fc2.weight f32[10,16] = digest 0\n"
    "const %fc2.bias f32[10] = digest 0\n"
    "op conv1 Conv(%x, %conv1.weight, %conv1.bias) {strides = [2, 2]} => %a f32[batch,4,12,12]\n"
    "op relu1 Relu(%a) => %b f32[batch,4,12,12]\n"
    "op pool1 MaxPool(%b) {kernel_shape = [2, 2], strides = [2, 2]} => %c f32[batch,4,6,6]\n"
    "op flat Flatten(%c) => %d f32[batch,144]\n"
    "op fc1 Gemm(%d, %fc1.weight, %fc1.bias) {transB = 1} => %e f32[batch,16]\n"
    "op relu2 Relu(%e) => %f f32[batch,16]\n"
    "op fc2 Gemm(%f, %fc2.weight, %fc2.bias) {transB = 1} => %y f32[batch,10]\n"
    "output %y\n"
    "end\n";

static inline xb_graph *kit_net(xb_diags *d, const char *text)
{
    xb_graph *g = xb_xir_parse_blank(d, "small.xir", text, strlen(text));
    ck_assert_msg(g && xb_graph_infer(d, g, xb_ref_fold), "%s", xb_diags_text(d));
    xb_init_weights(g, XB_INIT_HE, 3);
    return g;
}

static inline void kit_digest(const xb_graph *g, char hex[XB_DIGEST_HEX])
{
    xb_buf b = {0};
    xb_xir_print(g, xb_json_to_buf, &b, NULL, NULL, NULL);
    xb_digest_of(b.data, b.len, hex);
    xb_buf_free(&b);
}

/* The recipe of a YAML text, "{epochs: 2, batch: 32}". */
static inline xb_recipe kit_recipe(xb_arena *a, const char *text)
{
    xb_recipe r;
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_yaml *y = xb_yaml_parse(d, a, "recipe", text, strlen(text), NULL, NULL);
    ck_assert_msg(y && xb_opts_read(d, a, "train", xb_recipe_options, y, &r, sizeof r), "%s", xb_diags_text(d));
    xb_diags_free(d);
    return r;
}

typedef struct kit {
    xb_diags *d;
    xb_arena *a;
    xb_graph *g;
    xb_dataset *data;
    xb_input_map map;
    xb_recipe recipe;
    xb_training run;
    xb_train_result result;
} kit;

static inline void kit_begin(kit *k, const char *text, const char *data, const char *recipe_text)
{
    *k = (kit){.d = xb_diags_new(NULL, XB_DIAG_TEXT, false), .a = xb_arena_new(), .map = {.scale = 1.0 / 256}};
    k->g = kit_net(k->d, text);
    k->data = xb_dataset_open(k->d, data, NULL);
    ck_assert_ptr_nonnull(k->data);
    k->recipe = kit_recipe(k->a, recipe_text);
    k->run = (xb_training){.d = k->d,
                           .graph = k->g,
                           .recipe = &k->recipe,
                           .seed = 5,
                           .data = k->data,
                           .map = &k->map,
                           .holdout = 64,
                           .engine = {.threads = 1},
                           .label = "test",
                           .identity = "test: 1\n"};
}

static inline void kit_end(kit *k)
{
    xb_graph_free(k->g);
    xb_dataset_free(k->data);
    xb_arena_free(k->a);
    xb_diags_free(k->d);
}

static inline bool kit_train(kit *k)
{
    return xb_train(&k->run, &k->result, NULL);
}

#endif
