/* inputs.c: digests of what a run is made from. */
#include "base/digest.h"
#include "pipe/parts.h"
#include <string.h>

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
    if (!xb_digest_file(d, p->model, hex)) return false;
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
