/* verify.c: does an output folder hold what it says? */
#include "ir/verify.h"
#include "base/digest.h"
#include "base/map.h"
#include "cli/cli.h"
#include "hw/layout.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_LIMIT ((size_t)1 << 20)
enum { NAME_AT = 66 }; /* of a line of MANIFEST */

/* "<64 hex>  <name>" lines, as sha256sum reads them. */
static bool check_line(xb_cli *cli, const char *dir, const char *manifest, int line, char *text)
{
    if (strlen(text) <= NAME_AT || memcmp(text + 64, "  ", 2) != 0 || !xb_path_confined(text + NAME_AT))
        return xb_error(cli->diags, "manifest", (.file = manifest, .line = line), "not '<sha256>  <name>'");
    char hex[XB_DIGEST_HEX];
    char *path = xb_path_join(dir, text + NAME_AT);
    bool good = xb_digest_file(cli->diags, path, hex);
    if (good && memcmp(hex, text, 64) != 0)
        good = xb_error(cli->diags, "manifest", (.file = path),
                        "the file has changed: SHA-256 %.12s..., MANIFEST says %.12s...", hex, text);
    free(path);
    return good;
}

/* Every file of the folder must be named, or it is not what was compiled. */
static bool check_stray(xb_cli *cli, const char *dir, const char *under, const xb_map *named)
{
    char *folder = xb_path_join(dir, under);
    struct dirent **list = NULL;
    int n = scandir(folder, &list, NULL, alphasort);
    bool good = n >= 0;
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        char *path = *under ? xb_path_join(under, name) : xb_strdup(name), *full = xb_path_join(dir, path);
        bool skip = !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(path, "MANIFEST");
        if (!skip && xb_is_dir(full))
            good &= *under ? xb_error(cli->diags, "manifest", (.file = full),
                                      "MANIFEST does not name what is in this folder")
                           : check_stray(cli, dir, path, named);
        else if (!skip && !xb_map_get(named, path, strlen(path), 0))
            good = xb_error(cli->diags, "manifest", (.file = full), "MANIFEST does not name this file");
        free(full);
        free(path);
        free(list[i]);
    }
    free(list);
    free(folder);
    return good;
}

static bool check_manifest(xb_cli *cli, const char *dir, size_t *files)
{
    static const char *const always[] = {"pipeline.yaml", "hardware.yaml", "model.xir", "layout.json", "weights.bin"};
    char *path = xb_path_join(dir, "MANIFEST"), *save = NULL;
    size_t n;
    char *text = xb_read_file(cli->diags, path, MANIFEST_LIMIT, &n);
    bool good = text != NULL;
    int line = 0;
    xb_map *named = xb_map_new();
    for (char *at = text ? strtok_r(text, "\n", &save) : NULL; at; at = strtok_r(NULL, "\n", &save)) {
        good &= check_line(cli, dir, path, ++line, at);
        if (strlen(at) > NAME_AT) xb_map_put(named, at + NAME_AT, strlen(at + NAME_AT), 1);
        ++*files;
    }
    for (size_t i = 0; text && i < sizeof always / sizeof *always; i++)
        if (!xb_map_get(named, always[i], strlen(always[i]), 0))
            good = xb_error(cli->diags, "manifest", (.file = path), "does not name %s%s", always[i],
                            i < 3 ? "" : ": was `layout` in the pipeline's emit?");
    if (text) good &= check_stray(cli, dir, "", named);
    xb_map_free(named);
    free(text);
    free(path);
    return good;
}

/* Without one check_manifest has said so. */
static bool has_layout(const char *dir)
{
    char *path = xb_path_join(dir, "layout.json");
    bool has = xb_exists(path);
    free(path);
    return has;
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
    if (g)
        good &= xb_graph_verify(cli->diags, g) && (!has_layout(dir) || xb_layout_verify(cli->diags, dir, g, &result));
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
