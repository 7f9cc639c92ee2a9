/* recipe.h: how a network is trained, and the option table that reads it from YAML. */
#ifndef XBARC_RECIPE_H
#define XBARC_RECIPE_H

#include <xbarc/abi.h>

typedef enum xb_optimizer { XB_SGD, XB_ADAM, XB_ADAMW } xb_optimizer;
typedef enum xb_schedule { XB_CONSTANT, XB_STEPWISE, XB_COSINE, XB_ONE_CYCLE } xb_schedule;
typedef enum xb_loss_kind { XB_CROSS_ENTROPY, XB_MSE } xb_loss_kind;
typedef enum xb_inject_kind { XB_INJECT_NONE, XB_INJECT_ADDITIVE, XB_INJECT_MULTIPLICATIVE } xb_inject_kind;

/* Per-tensor rule of `params:`; keys are patterns of constant names ("conv1.weight", "*.bias"); the first match holds.
 */
typedef struct xb_param_rule {
    double rate, decay; /* factors on the recipe's */
    bool frozen;
} xb_param_rule;

typedef struct xb_recipe {
    int64_t epochs, steps; /* steps 0: epochs count */
    int64_t batch, shards; /* shards 0: the most that divide the batch and leave 32 samples each */
    int optimizer;         /* xb_optimizer */
    double rate, momentum;
    bool nesterov;
    double beta1, beta2, epsilon; /* Adam */
    double decay;                 /* L2; with adamw decoupled */
    int schedule;                 /* xb_schedule */
    double warmup;                /* epochs */
    xb_list milestones;           /* double: epochs at which a stepwise rate is multiplied by gamma */
    double gamma, floor;          /* floor: last rate of cosine and one-cycle as a part of rate */
    double clip;                  /* largest norm of the whole gradient; 0: none */
    int loss;                     /* xb_loss_kind */
    double smoothing;
    struct {
        int64_t shift, crop; /* pixels */
        bool flip;
    } augment;
    struct {
        const char *from; /* model; NULL: the network as it came in */
        double temperature, weight;
    } distil;
    struct {
        int kind; /* xb_inject_kind */
        double noise;
        int64_t levels;
    } inject;
    xb_list params; /* xb_map_item -> xb_param_rule */
    bool fixed_norm;
    bool shuffle;
    int64_t holdout, seed;
} xb_recipe;

/* Rows of an option table that fill an xb_recipe; EPOCHS and RATE are the defaults, as text:
 *     static const xb_option recipe[] = {XB_RECIPE_OPTIONS("5", "0.01"), {0}};
 *     {.name = "train", .type = XB_OPT_STRUCT, .offset = ..., .sub = recipe, .sub_size = sizeof(xb_recipe)}
 */
#define XB_RECIPE_AT(member) .offset = offsetof(xb_recipe, member)
#define XB_RECIPE_OPTIONS(EPOCHS, RATE)                                                                                \
    {.name = "epochs",                                                                                                 \
     .help = "passes over the training data; an epoch is floor(items / batch) steps",                                  \
     .type = XB_OPT_INT,                                                                                               \
     XB_RECIPE_AT(epochs),                                                                                             \
     .def = EPOCHS,                                                                                                    \
     .min = 0,                                                                                                         \
     .max = 1000000},                                                                                                  \
        {.name = "steps",                                                                                              \
         .help = "steps instead of epochs; 0: epochs count",                                                           \
         .type = XB_OPT_INT,                                                                                           \
         XB_RECIPE_AT(steps),                                                                                          \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1e12},                                                                                                 \
        {.name = "batch",                                                                                              \
         .help = "samples in a step",                                                                                  \
         .type = XB_OPT_INT,                                                                                           \
         XB_RECIPE_AT(batch),                                                                                          \
         .def = "64",                                                                                                  \
         .min = 1,                                                                                                     \
         .max = 1048576},                                                                                              \
        {.name = "shards",                                                                                             \
         .help = "parts of a batch that are computed side by side; divides batch; part of the result, unlike the "     \
                 "number of threads; 0: the most that leave 32 samples each",                                          \
         .type = XB_OPT_INT,                                                                                           \
         XB_RECIPE_AT(shards),                                                                                         \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1024},                                                                                                 \
        {.name = "optimizer",                                                                                          \
         .help = "sgd with momentum, adam, or adamw (decoupled decay)",                                                \
         .type = XB_OPT_CHOICE,                                                                                        \
         XB_RECIPE_AT(optimizer),                                                                                      \
         .def = "sgd",                                                                                                 \
         .choices = (const char *const[]){"sgd", "adam", "adamw", NULL}},                                              \
        {.name = "rate",                                                                                               \
         .help = "learning rate, the largest of the schedule",                                                         \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(rate),                                                                                           \
         .def = RATE,                                                                                                  \
         .min = 0,                                                                                                     \
         .max = 1000},                                                                                                 \
        {.name = "momentum",                                                                                           \
         .help = "of sgd; 0: none",                                                                                    \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(momentum),                                                                                       \
         .def = "0.9",                                                                                                 \
         .min = 0,                                                                                                     \
         .max = 1},                                                                                                    \
        {.name = "nesterov",                                                                                           \
         .help = "Nesterov's form of momentum",                                                                        \
         .type = XB_OPT_BOOL,                                                                                          \
         XB_RECIPE_AT(nesterov),                                                                                       \
         .def = "false"},                                                                                              \
        {.name = "beta1",                                                                                              \
         .help = "of adam: decay of the mean of gradients",                                                            \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(beta1),                                                                                          \
         .def = "0.9",                                                                                                 \
         .min = 0,                                                                                                     \
         .max = 1},                                                                                                    \
        {.name = "beta2",                                                                                              \
         .help = "of adam: decay of the mean of squared gradients",                                                    \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(beta2),                                                                                          \
         .def = "0.999",                                                                                               \
         .min = 0,                                                                                                     \
         .max = 1},                                                                                                    \
        {.name = "epsilon",                                                                                            \
         .help = "of adam: added to the root of the second moment",                                                    \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(epsilon),                                                                                        \
         .def = "1e-8",                                                                                                \
         .min = 1e-30,                                                                                                 \
         .max = 1},                                                                                                    \
        {.name = "decay",                                                                                              \
         .help = "weight decay: adds decay * w to the gradient (adamw: subtracts rate * decay * w); biases and "       \
                 "normalisation too, unless params says otherwise; 0: none",                                           \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(decay),                                                                                          \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1000},                                                                                                 \
        {.name = "schedule",                                                                                           \
         .help = "of the rate: constant, step (times gamma at each milestone), cosine, one-cycle",                     \
         .type = XB_OPT_CHOICE,                                                                                        \
         XB_RECIPE_AT(schedule),                                                                                       \
         .def = "constant",                                                                                            \
         .choices = (const char *const[]){"constant", "step", "cosine", "one-cycle", NULL}},                           \
        {.name = "warmup",                                                                                             \
         .help = "epochs in which the rate rises linearly from 0; of one-cycle: the rising part, 0: 30 % of the run",  \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(warmup),                                                                                         \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1000000},                                                                                              \
        {.name = "milestones",                                                                                         \
         .help = "epochs, for schedule: step",                                                                         \
         .type = XB_OPT_LIST,                                                                                          \
         XB_RECIPE_AT(milestones),                                                                                     \
         .def = "[]",                                                                                                  \
         .elem = XB_OPT_REAL,                                                                                          \
         .min = 0,                                                                                                     \
         .max = 1000000},                                                                                              \
        {.name = "gamma",                                                                                              \
         .help = "factor at a milestone",                                                                              \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(gamma),                                                                                          \
         .def = "0.1",                                                                                                 \
         .min = 0,                                                                                                     \
         .max = 1},                                                                                                    \
        {.name = "floor",                                                                                              \
         .help = "last rate of cosine and one-cycle, as a part of rate",                                               \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(floor),                                                                                          \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1},                                                                                                    \
        {.name = "clip",                                                                                               \
         .help = "largest Euclidean norm of the whole gradient; 0: no clipping",                                       \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(clip),                                                                                           \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1e30},                                                                                                 \
        {.name = "loss",                                                                                               \
         .help = "cross-entropy of the softmax, or mse against one-hot labels (mean over outputs)",                    \
         .type = XB_OPT_CHOICE,                                                                                        \
         XB_RECIPE_AT(loss),                                                                                           \
         .def = "cross-entropy",                                                                                       \
         .choices = (const char *const[]){"cross-entropy", "mse", NULL}},                                              \
        {.name = "smoothing",                                                                                          \
         .help = "label smoothing: this part of a label is spread evenly over all classes",                            \
         .type = XB_OPT_REAL,                                                                                          \
         XB_RECIPE_AT(smoothing),                                                                                      \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1},                                                                                                    \
        {.name = "augment",                                                                                            \
         .help = "random changes of training images, drawn per image and epoch",                                       \
         .type = XB_OPT_STRUCT,                                                                                        \
         XB_RECIPE_AT(augment),                                                                                        \
         .sub = (const xb_option[]){{.name = "shift",                                                                  \
                                     .help = "moves by up to this many pixels each way, zeros of the input behind",    \
                                     .type = XB_OPT_INT,                                                               \
                                     .offset = offsetof(xb_recipe, augment.shift) - offsetof(xb_recipe, augment),      \
                                     .def = "0",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 4096},                                                                     \
                                    {.name = "flip",                                                                   \
                                     .help = "mirrors left and right, every second image",                             \
                                     .type = XB_OPT_BOOL,                                                              \
                                     .offset = offsetof(xb_recipe, augment.flip) - offsetof(xb_recipe, augment),       \
                                     .def = "false"},                                                                  \
                                    {.name = "crop",                                                                   \
                                     .help = "pads by this many pixels with the zero of stored values, then cuts the " \
                                             "size out at a random place",                                             \
                                     .type = XB_OPT_INT,                                                               \
                                     .offset = offsetof(xb_recipe, augment.crop) - offsetof(xb_recipe, augment),       \
                                     .def = "0",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 4096},                                                                     \
                                    {0}},                                                                              \
         .sub_size = sizeof(((xb_recipe *)0)->augment)},                                                               \
        {.name = "distil",                                                                                             \
         .help = "loss = (1 - weight) * loss + weight * T^2 * KL(teacher || network), both softened by T "             \
                 "(Hinton 2015)",                                                                                      \
         .type = XB_OPT_STRUCT,                                                                                        \
         XB_RECIPE_AT(distil),                                                                                         \
         .sub = (const xb_option[]){{.name = "from",                                                                   \
                                     .help = "model of the teacher; absent: the network as it came in",                \
                                     .type = XB_OPT_PATH,                                                              \
                                     .offset = offsetof(xb_recipe, distil.from) - offsetof(xb_recipe, distil)},        \
                                    {.name = "temperature",                                                            \
                                     .help = "T",                                                                      \
                                     .type = XB_OPT_REAL,                                                              \
                                     .offset = offsetof(xb_recipe, distil.temperature) - offsetof(xb_recipe, distil),  \
                                     .def = "2",                                                                       \
                                     .min = 1e-3,                                                                      \
                                     .max = 1000},                                                                     \
                                    {.name = "weight",                                                                 \
                                     .help = "part of the teacher; 0: no distillation",                                \
                                     .type = XB_OPT_REAL,                                                              \
                                     .offset = offsetof(xb_recipe, distil.weight) - offsetof(xb_recipe, distil),       \
                                     .def = "0",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 1},                                                                        \
                                    {0}},                                                                              \
         .sub_size = sizeof(((xb_recipe *)0)->distil)},                                                                \
        {.name = "inject",                                                                                             \
         .help =                                                                                                       \
             "what the forward pass sees instead of the weights of synaptic layers; gradients go straight through",    \
         .type = XB_OPT_STRUCT,                                                                                        \
         XB_RECIPE_AT(inject),                                                                                         \
         .sub = (const xb_option[]){{.name = "kind",                                                                   \
                                     .help = "additive: w + noise * max|w| * N(0,1); multiplicative: "                 \
                                             "w * (1 + noise * N(0,1)); fresh each step",                              \
                                     .type = XB_OPT_CHOICE,                                                            \
                                     .offset = offsetof(xb_recipe, inject.kind) - offsetof(xb_recipe, inject),         \
                                     .def = "none",                                                                    \
                                     .choices = (const char *const[]){"none", "additive", "multiplicative", NULL}},    \
                                    {.name = "noise",                                                                  \
                                     .help = "standard deviation",                                                     \
                                     .type = XB_OPT_REAL,                                                              \
                                     .offset = offsetof(xb_recipe, inject.noise) - offsetof(xb_recipe, inject),        \
                                     .def = "0",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 100},                                                                      \
                                    {.name = "levels",                                                                 \
                                     .help = "rounds weights to this many even levels from -max|w| to max|w|, before " \
                                             "noise; 0: none",                                                         \
                                     .type = XB_OPT_INT,                                                               \
                                     .offset = offsetof(xb_recipe, inject.levels) - offsetof(xb_recipe, inject),       \
                                     .def = "0",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 1 << 24},                                                                  \
                                    {0}},                                                                              \
         .sub_size = sizeof(((xb_recipe *)0)->inject)},                                                                \
        {.name = "params",                                                                                             \
         .help = "rules by pattern of the constant's name; the first match holds",                                     \
         .type = XB_OPT_MAP,                                                                                           \
         XB_RECIPE_AT(params),                                                                                         \
         .sub = (const xb_option[]){{.name = "rate",                                                                   \
                                     .help = "factor on rate",                                                         \
                                     .type = XB_OPT_REAL,                                                              \
                                     .offset = offsetof(xb_param_rule, rate),                                          \
                                     .def = "1",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 1e6},                                                                      \
                                    {.name = "decay",                                                                  \
                                     .help = "factor on decay",                                                        \
                                     .type = XB_OPT_REAL,                                                              \
                                     .offset = offsetof(xb_param_rule, decay),                                         \
                                     .def = "1",                                                                       \
                                     .min = 0,                                                                         \
                                     .max = 1e6},                                                                      \
                                    {.name = "frozen",                                                                 \
                                     .help = "is not trained",                                                         \
                                     .type = XB_OPT_BOOL,                                                              \
                                     .offset = offsetof(xb_param_rule, frozen),                                        \
                                     .def = "false"},                                                                  \
                                    {0}},                                                                              \
         .sub_size = sizeof(xb_param_rule)},                                                                           \
        {.name = "fixed-norm",                                                                                         \
         .help = "BatchNormalization uses and keeps its stored mean and variance; else those of each shard",           \
         .type = XB_OPT_BOOL,                                                                                          \
         XB_RECIPE_AT(fixed_norm),                                                                                     \
         .def = "false"},                                                                                              \
        {.name = "shuffle",                                                                                            \
         .help = "a new order of the samples every epoch; false: that of the data",                                    \
         .type = XB_OPT_BOOL,                                                                                          \
         XB_RECIPE_AT(shuffle),                                                                                        \
         .def = "true"},                                                                                               \
        {.name = "holdout",                                                                                            \
         .help = "items at the end of the training data that are measured, not trained on; in a pipeline "             \
                 "'data: {holdout: N}' says it",                                                                       \
         .type = XB_OPT_INT,                                                                                           \
         XB_RECIPE_AT(holdout),                                                                                        \
         .def = "0",                                                                                                   \
         .min = 0,                                                                                                     \
         .max = 1e12},                                                                                                 \
    {                                                                                                                  \
        .name = "seed", .help = "of initial weights, order, augmentation, dropout, noise; 0: the pipeline's",          \
        .type = XB_OPT_INT, XB_RECIPE_AT(seed), .def = "0", .min = 0, .max = 9e15                                      \
    }

#endif
