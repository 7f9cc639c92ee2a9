/* outputs.c: pipeline.yaml, hardware.yaml, model.xir with model.weights, journal.json. */
#include "base/json.h"
#include "base/out.h"
#include "ir/text.h"
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

void xb_graph_release_views(const xb_graph *g)
{
    for (uint32_t id = 1; id < xb_graph_value_limit(g); id++) {
        xb_value v = {id};
        size_t n;
        if (!xb_graph_is_const(g, v) || !xb_graph_is_view(g, v)) continue;
        if (xb_type_bytes(xb_graph_type(g, v), &n)) xb_view_done(xb_graph_data(g, v), n);
    }
}

static bool write_text(xb_outdir *o, const char *name, const xb_buf *text)
{
    xb_out *out = xb_outdir_file(o, name);
    if (!out) return false;
    xb_out_write(out, xb_buf_cstr(text), text->len);
    return xb_out_commit(out);
}

static bool write_pipeline(const xb_pipeline *p, xb_outdir *o)
{
    xb_buf b = {0};
    char *dir = xb_path_dir(p->file); /* a bare model's paths are the working folder's, whatever pipeline it takes */
    bool bare = strcmp(dir, p->dir) != 0;
    free(dir);
    xb_buf_printf(&b, "# As it ran. hardware.yaml stands beside this file; model and data are relative to the folder %s%s.\n",
                  bare ? "it ran in" : "of ", bare ? "" : xb_path_base(p->file));
    xb_buf_str(&b, "# Again, from anywhere: xbarc compile pipeline.yaml --set model=PATH --set data.test=SPEC\n");
    xb_pipeline_print_with(p, "hardware.yaml", &b);
    bool ok = write_text(o, "pipeline.yaml", &b);
    xb_buf_free(&b);
    return ok;
}

static bool write_hardware(const xb_pipeline *p, xb_outdir *o)
{
    xb_buf b = {0};
    xb_hw_print(&b, &p->hw);
    bool ok = write_text(o, "hardware.yaml", &b);
    xb_buf_free(&b);
    return ok;
}

static bool write_model(const xb_graph *g, xb_outdir *o)
{
    xb_out *text = xb_outdir_file(o, "model.xir"), *weights = text ? xb_outdir_file(o, "model.weights") : NULL;
    if (!weights) {
        if (text) xb_out_abandon(text);
        return false;
    }
    xb_xir_print(g, xb_out_write, text, "model.weights", xb_out_write, weights);
    xb_graph_release_views(g);
    bool ok = xb_out_commit(weights);
    return xb_out_commit(text) && ok;
}

static void write_fact(xb_json *j, const xb_fact *f)
{
    xb_json_object(j, NULL, true);
    xb_json_string(j, "key", f->key);
    if (f->text)
        xb_json_string(j, "text", f->text);
    else
        xb_json_real(j, "value", f->value);
    if (f->along) {
        xb_json_string(j, "along", f->along);
        xb_json_real(j, "at", f->at);
    }
    xb_json_string(j, "unit", f->unit ? f->unit : "");
    xb_json_string(j, "split", f->split ? f->split : "");
    xb_json_int(j, "seed", (int64_t)f->seed);
    xb_json_string(j, "source", f->source ? f->source : "");
    xb_json_close(j);
}

static bool write_journal(const xb_module *m, xb_outdir *o)
{
    xb_out *out = xb_outdir_file(o, "journal.json");
    if (!out) return false;
    const xb_fact *f;
    size_t n = xb_module_facts(m, &f);
    xb_json *j = xb_json_new(xb_out_write, out);
    xb_json_object(j, NULL, false);
    xb_json_int(j, "xbarc_journal", 1);
    xb_json_array(j, "facts", false);
    for (size_t i = 0; i < n; i++) write_fact(j, &f[i]);
    xb_json_close(j);
    xb_json_close(j);
    xb_json_free(j);
    return xb_out_commit(out);
}

bool xb_outputs_write(const xb_pipeline *p, xb_module *m, struct xb_outdir *o)
{
    return write_pipeline(p, o) && write_hardware(p, o) && write_model(xb_module_graph(m), o) && write_journal(m, o);
}
