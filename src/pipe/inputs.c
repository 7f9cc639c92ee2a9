/* inputs.c: digests of what a run is made from. */
#include "base/digest.h"
#include "pipe/parts.h"
#include <string.h>

enum { CHUNK = 4 << 20 };

/* A mapped file is let go piece by piece, so that it never counts as ours. */
static bool digest_file(xb_diags *d, const char *path, char hex[XB_DIGEST_HEX])
{
    xb_view v;
    if (!xb_view_open(d, path, &v)) return false;
    xb_digest *sum = xb_digest_new();
    for (size_t at = 0; at < v.size; at += CHUNK) {
        size_t n = v.size - at < CHUNK ? v.size - at : CHUNK;
        xb_digest_add(sum, v.data + at, n);
        xb_view_done(v.data + at, n);
    }
    xb_digest_end(sum, hex);
    xb_view_close(&v);
    return true;
}

/* Paths below the pipeline's folder are told from there, so that no output depends on where it was started. */
static void add(const xb_pipeline *p, xb_run_info *info, const char *kind, const char *path, const char *hex)
{
    size_t n = strlen(p->dir);
    if (strncmp(path, p->dir, n) == 0 && path[n] == '/' && path[n + 1]) path += n + 1;
    xb_push(&info->inputs, kind);
    xb_push(&info->inputs, xb_arena_strdup(p->arena, path));
    xb_push(&info->inputs, xb_arena_strdup(p->arena, hex));
}

bool xb_inputs_register(xb_diags *d, const xb_pipeline *p, xb_run_info *info)
{
    char hex[XB_DIGEST_HEX];
    if (!digest_file(d, p->model, hex)) return false;
    add(p, info, "model", p->model, hex);
    const char *hw = p->hardware ? p->hardware : p->hw.name ? p->hw.name : "(in the pipeline)";
    add(p, info, "hardware", hw, p->hw.digest ? p->hw.digest : "");
    xb_buf text = {0};
    xb_pipeline_print(p, &text);
    xb_digest_of(xb_buf_cstr(&text), text.len, hex);
    xb_buf_free(&text);
    add(p, info, "pipeline", xb_path_base(p->file), hex);
    return true;
}
