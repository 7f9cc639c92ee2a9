/* eval.c: what a network is worth on a data set. */
#include "nn/eval.h"
#include "base/num.h"
#include "cli/cli.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct xb_eval_flags {
    const char *data, *mean, *std, *against;
    double scale;
    int64_t first, count;
    bool json, plain;
} xb_eval_flags;

static const xb_flag flags_table[] = {
    {"data", 'd', "SPEC", "mnist:DIR/t10k, cifar10:DIR/test, digits:test, npy:X.npy,Y.npy, images:DIR", XB_FLAG_TEXT,
     offsetof(xb_eval_flags, data), 0, 0},
    {"scale", 0, "X", "stored values are multiplied by this, e.g. 1/256 (default 1)", XB_FLAG_REAL,
     offsetof(xb_eval_flags, scale), 0, 0},
    {"mean", 0, "A[,B,C]", "then this is subtracted, one for all channels or one each", XB_FLAG_TEXT,
     offsetof(xb_eval_flags, mean), 0, 0},
    {"std", 0, "A[,B,C]", "then divided by this", XB_FLAG_TEXT, offsetof(xb_eval_flags, std), 0, 0},
    {"first", 0, "N", "first item (default 0)", XB_FLAG_INT, offsetof(xb_eval_flags, first), 0, INT64_MAX},
    {"count", 0, "N", "how many items (0: all)", XB_FLAG_INT, offsetof(xb_eval_flags, count), 0, INT64_MAX},
    {"against", 0, "MODEL", "reference to compare outputs with: agreement, mse, psnr; needs no labels", XB_FLAG_TEXT,
     offsetof(xb_eval_flags, against), 0, 0},
    {"plain", 0, NULL, "plain C kernels only (slow)", XB_FLAG_BOOL, offsetof(xb_eval_flags, plain), 0, 0},
    {"json", 0, NULL, "for machines", XB_FLAG_BOOL, offsetof(xb_eval_flags, json), 0, 0},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

/* "0.49,0.48,0.45" */
static bool parse_list(xb_cli *cli, const char *flag, const char *text, double *out, size_t cap, size_t *n)
{
    *n = 0;
    while (text) {
        const char *comma = strchr(text, ',');
        char *one = comma ? xb_strndup(text, (size_t)(comma - text)) : xb_strdup(text);
        bool good = *n < cap && xb_parse_f64(one, &out[*n]);
        if (!good) xb_cli_usage(cli, "eval: --%s takes numbers joined by commas, not '%s'", flag, one);
        free(one);
        if (!good) return false;
        ++*n;
        text = comma ? comma + 1 : NULL;
    }
    return true;
}

static void print_json(const xb_score *s, const char *model, const char *data)
{
    xb_json *j = xb_cli_json();
    xb_json_object(j, NULL, false);
    xb_json_string(j, "model", model);
    xb_json_string(j, "data", data);
    xb_json_int(j, "total", (int64_t)s->total);
    if (s->labelled) {
        xb_json_int(j, "correct", (int64_t)s->correct);
        xb_json_real(j, "top1", s->top1);
        xb_json_real(j, "top1_lo95", s->lo95);
        xb_json_real(j, "top1_hi95", s->hi95);
        if (s->top5 >= 0) xb_json_real(j, "top5", s->top5);
        xb_json_real(j, "loss", s->loss);
    }
    if (s->compared) {
        xb_json_int(j, "agree", (int64_t)s->agree);
        xb_json_real(j, "agreement", s->total ? (double)s->agree / (double)s->total : 0);
        xb_json_real(j, "mse", s->mse);
        xb_json_real(j, "psnr_db", s->psnr);
    }
    xb_json_string(j, "profile", xb_engine_profile());
    xb_json_close(j);
    xb_json_free(j);
}

static void print_text(const xb_score *s)
{
    printf("%-10s %" PRIu64 "\n", "total", s->total);
    if (s->labelled) {
        printf("%-10s %" PRIu64 "\n", "correct", s->correct);
        printf("%-10s %.2f %%   (95 %% interval %.2f .. %.2f)\n", "top-1", 100 * s->top1, 100 * s->lo95, 100 * s->hi95);
        if (s->top5 >= 0) printf("%-10s %.2f %%\n", "top-5", 100 * s->top5);
        printf("%-10s %.6f\n", "loss", s->loss);
    }
    if (s->compared) {
        printf("%-10s %.2f %%   (%" PRIu64 " with the same largest output)\n", "agreement",
               s->total ? 100.0 * (double)s->agree / (double)s->total : 0.0, s->agree);
        printf("%-10s %.6g\n", "mse", s->mse);
        printf("%-10s %.2f dB\n", "psnr", s->psnr);
    }
    if (s->seconds > 0) fprintf(stderr, "%.2f s, %.0f images/s\n", s->seconds, (double)s->total / s->seconds);
}

static bool evaluate(xb_cli *cli, const xb_eval_flags *f, const xb_graph *g, const xb_graph *reference,
                     const xb_input_map *map, const char *model)
{
    xb_dataset *data = xb_dataset_open(cli->diags, f->data, NULL);
    if (!data) return false;
    xb_engine_options o = xb_cli_engine(cli);
    o.plain = f->plain;
    xb_score score;
    bool good = xb_evaluate(cli->diags, g, reference, data, map, (size_t)f->first, (size_t)f->count, &o, &score);
    if (good && f->json)
        print_json(&score, model, f->data);
    else if (good)
        print_text(&score);
    xb_dataset_free(data);
    return good;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    const xb_eval_flags *f = flags;
    double mean[64], std[64];
    xb_input_map map = {.scale = f->scale, .mean = mean, .std = std};
    if (!f->data) return xb_cli_usage(cli, "eval: --data SPEC is missing");
    if (!parse_list(cli, "mean", f->mean, mean, 64, &map.n_mean)) return XB_EXIT_USAGE;
    if (!parse_list(cli, "std", f->std, std, 64, &map.n_std)) return XB_EXIT_USAGE;
    xb_graph *g = xb_cli_model(cli, argv[0]);
    xb_graph *reference = g && f->against ? xb_cli_model(cli, f->against) : NULL;
    bool good = g && (reference || !f->against) && evaluate(cli, f, g, reference, &map, argv[0]);
    xb_graph_free(reference);
    xb_graph_free(g);
    return good ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_eval = {
    .name = "eval",
    .usage = "MODEL|DIR --data SPEC [--scale 1/256] [--mean A,B,C]",
    .summary = "evaluate a network on a data set",
    .doc =
        "Counts correct answers of the float reference engine on labelled data, or compares outputs with another model "
        "on any data. Inputs are (stored * scale - mean) / std.",
    .flags = flags_table,
    .flags_size = sizeof(xb_eval_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
