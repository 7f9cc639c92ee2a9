/* data.c: a data set as .npy files, for other tools. */
#include "data/data.h"
#include "cli/cli.h"
#include "data/npy.h"
#include <stdlib.h>

typedef struct xb_data_flags {
    const char *out;
    int64_t count;
} xb_data_flags;

static const xb_flag flags_table[] = {
    {"output", 'o', "PREFIX", "writes PREFIX.images.npy (float32) and PREFIX.labels.npy (int64)", XB_FLAG_TEXT,
     offsetof(xb_data_flags, out), 0, 0},
    {"count", 'n', "N", "only the first N items (0: all)", XB_FLAG_INT, offsetof(xb_data_flags, count), 0, INT64_MAX},
    {NULL, 0, NULL, NULL, 0, 0, 0, 0},
};

static bool write_npy(xb_diags *d, const xb_tensor *t, const char *prefix, const char *what)
{
    xb_buf path = {0};
    xb_buf_printf(&path, "%s.%s.npy", prefix, what);
    xb_out *out = xb_out_open(d, xb_buf_cstr(&path));
    bool good = out != NULL;
    if (out && xb_npy_write(t, out))
        good = xb_out_commit(out);
    else if (out)
        good = (xb_out_abandon(out), false);
    xb_buf_free(&path);
    return good;
}

static bool export_set(xb_diags *d, const xb_dataset *s, size_t n, const char *prefix)
{
    xb_type images = {.dtype = XB_F32, .rank = xb_dataset_rank(s) + 1, .dim = {(int64_t)n}};
    for (int i = 1; i < images.rank; i++) images.dim[i] = xb_dataset_dims(s)[i - 1];
    xb_type labels = {.dtype = XB_I64, .rank = 1, .dim = {(int64_t)n}};
    xb_tensor x = {0}, y = {0};
    if (!xb_tensor_alloc(&x, &images) || !xb_tensor_alloc(&y, &labels))
        return xb_error(d, "data", (0), "the set is too large for memory");
    const xb_input_map as_stored = {0};
    for (size_t i = 0; i < n; i++) {
        xb_dataset_get(s, i, &as_stored, (float *)x.data + i * xb_dataset_item(s));
        if (xb_dataset_classes(s)) ((int64_t *)y.data)[i] = xb_dataset_label(s, i);
    }
    bool good = write_npy(d, &x, prefix, "images") && (!xb_dataset_classes(s) || write_npy(d, &y, prefix, "labels"));
    xb_tensor_free(&x);
    xb_tensor_free(&y);
    return good;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)argc;
    const xb_data_flags *f = flags;
    xb_dataset *s = xb_dataset_open(cli->diags, argv[0], NULL);
    if (!s) return xb_cli_failed(cli);
    size_t n = xb_dataset_count(s);
    if (f->count && (size_t)f->count < n) n = (size_t)f->count;
    printf("%s: %zu items of", argv[0], xb_dataset_count(s));
    for (int i = 0; i < xb_dataset_rank(s); i++) printf("%s%lld", i ? "x" : " ", (long long)xb_dataset_dims(s)[i]);
    if (xb_dataset_classes(s)) printf(", %d classes", xb_dataset_classes(s));
    puts("");
    bool good = !f->out || export_set(cli->diags, s, n, f->out);
    xb_dataset_free(s);
    return good ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_data = {
    .name = "data",
    .usage = "SPEC [-o PREFIX]",
    .summary = "describe a data set, or write it as .npy files",
    .doc = "SPEC is mnist:DIR/train, cifar10:DIR/test, digits:train, digits:N@SEED, npy:X.npy,Y.npy or images:DIR. "
           "Values are written as stored (0..255 for images).",
    .flags = flags_table,
    .flags_size = sizeof(xb_data_flags),
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
