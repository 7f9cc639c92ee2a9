/* write.c: models out, and whether two names are one place. */
#include "base/digest.h"
#include "base/file.h"
#include "cli/cli.h"
#include "ir/text.h"
#include "onnx/onnx.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool xb_cli_same_place(const char *a, const char *b)
{
    struct stat st;
    if (stat(a, &st) == 0) return S_ISREG(st.st_mode) && xb_same_file(a, b);
    char *x = xb_path_dir(a), *y = xb_path_dir(b);
    bool same = !strcmp(xb_path_base(a), xb_path_base(b)) && xb_same_file(x, y);
    free(x);
    free(y);
    return same;
}

bool xb_cli_may_write_model(xb_cli *cli, const char *out, const char *in)
{
    if (xb_ends_with(out, ".onnx") || xb_ends_with(out, ".xir"))
        return (!in || xb_cli_may_write(cli, out, in)) && xb_out_possible(cli->diags, out);
    xb_cli_usage(cli, "the output '%s' ends in neither .onnx nor .xir", out);
    return false;
}

static bool write_onnx(xb_diags *d, const xb_graph *g, const char *path)
{
    xb_out *out = xb_out_open(d, path);
    if (!out) return false;
    if (xb_onnx_write(d, g, out)) return xb_out_commit(out);
    xb_out_abandon(out);
    return false;
}

static void into_digest(void *digest, const void *bytes, size_t n)
{
    xb_digest_add(digest, bytes, n);
}

static void nowhere(void *to, const void *bytes, size_t n)
{
    (void)to, (void)bytes, (void)n;
}

/* OUT.xir and, beside it, OUT-DIGEST.weights. The name follows the contents, so that nothing else has it and a kill
 * between the two renames leaves an older OUT.xir with its own weights. */
static bool write_xir(xb_diags *d, const xb_graph *g, const char *path)
{
    char hex[XB_DIGEST_HEX];
    xb_digest *digest = xb_digest_new();
    xb_xir_print(g, nowhere, NULL, "", into_digest, digest);
    xb_digest_end(digest, hex);
    xb_buf weights = {0};
    xb_buf_printf(&weights, "%.*s-%.8s.weights", (int)(strlen(path) - strlen(".xir")), path, hex);
    xb_out *text = xb_out_open(d, path);
    xb_out *data = text ? xb_out_open(d, xb_buf_cstr(&weights)) : NULL;
    bool good = data != NULL;
    if (good) {
        xb_xir_print(g, xb_out_write, text, xb_path_base(xb_buf_cstr(&weights)), xb_out_write, data);
        good = xb_out_commit(data);
    }
    if (good) {
        good = xb_out_commit(text);
    } else if (text) {
        xb_out_abandon(text);
    }
    xb_buf_free(&weights);
    return good;
}

bool xb_cli_write_model(xb_cli *cli, const xb_graph *g, const char *path)
{
    return xb_ends_with(path, ".onnx") ? write_onnx(cli->diags, g, path) : write_xir(cli->diags, g, path);
}
