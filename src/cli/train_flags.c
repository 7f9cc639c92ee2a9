/* train_flags.c: what may be asked of `xbarc train`, and the training file with it. */
#include "cli/train_parts.h"
#include <stdlib.h>

#define AT(member) offsetof(xb_train_flags, member)
const xb_flag xb_train_flag_table[] = {
    {"recipe", 'r', "FILE", "training file: model, data, recipe (docs/formats/training.md)", XB_FLAG_TEXT, AT(recipe),
     0, 0},
    {"data", 'd', "SPEC", "data to train on, e.g. mnist:DIR/train, cifar10:DIR/train, digits:train", XB_FLAG_TEXT,
     AT(data), 0, 0},
    {"holdout", 0, "N", "items at the end of the data that are measured, not trained on (default: the file's, or 0)",
     XB_FLAG_TEXT, AT(holdout), 0, 0},
    {"test", 0, "SPEC", "data that the trained network is measured on, once, at the end", XB_FLAG_TEXT, AT(test), 0, 0},
    {"scale", 0, "X", "stored values are multiplied by this, e.g. 1/256 (default: the file's, or 1)", XB_FLAG_TEXT,
     AT(scale), 0, 0},
    {"epochs", 'e', "N", "passes over the data (default: epochs or steps of the file, or 10 epochs)", XB_FLAG_TEXT,
     AT(epochs), 0, 0},
    {"init", 0, "HOW", "fresh weights: xavier or he; given (default): the model's", XB_FLAG_TEXT, AT(init), 0, 0},
    {"seed", 0, "N", "of weights, order, augmentation, dropout, noise (default: the file's, or 0)", XB_FLAG_TEXT,
     AT(seed), 0, 0},
    {"set", 's', "KEY=VALUE", "replaces a value of the file, e.g. train.rate=0.1", XB_FLAG_LIST, AT(sets), 0, 0},
    {"define", 'D', "NAME=VALUE", "what ${NAME} stands for in the file", XB_FLAG_LIST, AT(defines), 0, 0},
    {"output", 'o', "FILE", "OUT.onnx or OUT.xir", XB_FLAG_TEXT, AT(out), 0, 0},
    {"csv", 0, "FILE", "a line an epoch (default: OUT.csv)", XB_FLAG_TEXT, AT(csv), 0, 0},
    {"log", 0, "FILE", "a line a step: step,rate,loss; a resumed run goes on with it", XB_FLAG_TEXT, AT(log), 0, 0},
    {"resume", 0, NULL, "goes on from the checkpoint of an unfinished run, if there is one", XB_FLAG_BOOL, AT(resume),
     0, 0},
    {"restart", 0, NULL, "discards that checkpoint", XB_FLAG_BOOL, AT(restart), 0, 0},
    {"checkpoint", 0, "FILE", "where it is (default: OUT.checkpoint)", XB_FLAG_TEXT, AT(checkpoint), 0, 0},
    {"checkpoint-every", 0, "SECONDS", "how often it is written (default: 60)", XB_FLAG_TEXT, AT(every), 0, 0},
    {"plain", 0, NULL, "plain C kernels only (slow)", XB_FLAG_BOOL, AT(plain), 0, 0},
    {"times", 0, NULL, "says where the time went", XB_FLAG_BOOL, AT(times), 0, 0},
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, AT(json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

/* value as a YAML text in quotes: paths hold anything. */
static const char *quoted(xb_arena *a, const char *value)
{
    xb_buf b = {0};
    xb_buf_char(&b, '\'');
    for (const char *c = value; *c; c++) {
        if (*c == '\'') xb_buf_char(&b, '\'');
        xb_buf_char(&b, *c);
    }
    xb_buf_char(&b, '\'');
    const char *text = xb_arena_strdup(a, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return text;
}

/* Flags that stand for keys of the file; they come last, each behind what does away with a key that would overrule it
 * (diagnostics show the text that came last under a flag). */
xb_training_spec *xb_train_spec(xb_cli *cli, const xb_train_flags *f, const char *recipe, const char *model)
{
    xb_arena *a = cli->arena;
    const struct {
        const char *flag, *key, *value;
    } keys[] = {
        {"data", "data.train", f->data ? quoted(a, f->data) : NULL},
        {"test", "data.test", f->test ? quoted(a, f->test) : NULL},
        {"holdout", "train.holdout", f->holdout ? "0" : NULL},
        {"holdout", "data.holdout", f->holdout},
        {"scale", "data.input.scale", f->scale},
        {"epochs", "train.steps", f->epochs ? "0" : NULL},
        {"epochs", "train.epochs", f->epochs},
        {"seed", "train.seed", f->seed ? "0" : NULL},
        {"seed", "seed", f->seed},
        {"init", "init", f->init},
    };
    xb_texts sets = {0};
    for (size_t i = 0; i < f->sets.n; i++) xb_push(&sets, f->sets.data[i]);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].value) xb_push(&sets, xb_arena_printf(a, "--%s %s=%s", keys[i].flag, keys[i].key, keys[i].value));
    xb_define *defines;
    xb_training_spec *s = NULL;
    if (xb_cli_defines(cli, &f->defines, &defines))
        s = xb_training_spec_read(cli->diags, recipe, model, defines, f->defines.n, sets.data, sets.n);
    xb_vec_free(&sets);
    return s;
}
