/* verify.c: does an output folder hold what it says? */
#include "ir/verify.h"
#include "base/digest.h"
#include "cli/cli.h"
#include "hw/layout.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_LIMIT ((size_t)1 << 20)
#define CHUNK ((size_t)8 << 20)

static bool digest_of(xb_diags *d, const char *path, char hex[XB_DIGEST_HEX])
{
    xb_view v;
    if (!xb_view_open(d, path, &v)) return false;
    xb_digest *digest = xb_digest_new();
    for (size_t at = 0; at < v.size; at += CHUNK) {
        size_t n = v.size - at < CHUNK ? v.size - at : CHUNK;
        xb_digest_add(digest, v.data + at, n);
        xb_view_done(v.data + at, n);
    }
    xb_digest_end(digest, hex);
    xb_view_close(&v);
    return true;
}

/* "<64 hex>  <name>" lines, as sha256sum reads them. */
static bool check_line(xb_cli *cli, const char *dir, const char *manifest, int line, char *text)
{
    if (strlen(text) < 67 || memcmp(text + 64, "  ", 2) != 0 || !xb_path_confined(text + 66))
        return xb_error(cli->diags, "manifest", (.file = manifest, .line = line), "not '<sha256>  <name>'");
    char hex[XB_DIGEST_HEX];
    char *path = xb_path_join(dir, text + 66);
    bool good = digest_of(cli->diags, path, hex);
    if (good && memcmp(hex, text, 64) != 0)
        good = xb_error(cli->diags, "manifest", (.file = path),
                        "the file has changed: SHA-256 %.12s..., MANIFEST says %.12s...", hex, text);
    free(path);
    return good;
}

static bool check_manifest(xb_cli *cli, const char *dir, size_t *files)
{
    char *path = xb_path_join(dir, "MANIFEST"), *save = NULL;
    size_t n;
    char *text = xb_read_file(cli->diags, path, MANIFEST_LIMIT, &n);
    bool good = text != NULL;
    int line = 0;
    for (char *at = text ? strtok_r(text, "\n", &save) : NULL; at; at = strtok_r(NULL, "\n", &save)) {
        good &= check_line(cli, dir, path, ++line, at);
        ++*files;
    }
    free(text);
    free(path);
    return good;
}

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)flags, (void)argc;
    const char *dir = argv[0];
    size_t files = 0;
    if (!xb_is_dir(dir)) {
        xb_diag(cli->diags, XB_ERROR, "io", &(xb_where){.file = dir}, "not a folder written by xbarc compile");
        return XB_EXIT_BAD_INPUT;
    }
    bool good = check_manifest(cli, dir, &files);
    xb_graph *g = xb_cli_model(cli, dir);
    xb_lvs_result result = {0};
    if (g) good &= xb_graph_verify(cli->diags, g) && xb_layout_verify(cli->diags, dir, g, &result);
    if (g && good)
        printf("%s: %zu files match MANIFEST; %" PRIu64 " layers rebuilt from %" PRIu64 " arrays, %" PRIu64
               " cells equal bit for bit\n",
               dir, files, result.layers, result.arrays, result.cells);
    bool passed = g && good;
    xb_graph_free(g);
    return passed ? XB_EXIT_OK : xb_cli_failed(cli);
}

const xb_subcommand xb_cmd_verify = {
    .name = "verify",
    .usage = "DIR",
    .summary = "check an output folder: digests, graph, layout against graph",
    .doc =
        "Checks every file against MANIFEST, runs the graph verifier on model.xir, rebuilds every weight matrix from "
        "layout.json and weights.bin and compares it bit for bit with the graph's.",
    .flags = NULL,
    .flags_size = 0,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
