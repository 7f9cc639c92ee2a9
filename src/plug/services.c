/* services.c: every service of this host, by name and version. */
#include "ir/infer.h"
#include "nn/engine.h"
#include "nn/linalg.h"
#include "nn/ref.h"
#include "plug/context.h"
#include "report/render.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static bool infer(xb_cx *cx, xb_graph *g)
{
    return xb_graph_infer(xb_context_of(cx)->diags, g, xb_ref_fold);
}

static const xb_graph_api graph_service = {
    .struct_size = sizeof(xb_graph_api),
    .of = xb_module_graph,
    .name = xb_graph_name,
    .inputs = xb_graph_inputs,
    .outputs = xb_graph_outputs,
    .first = xb_graph_first,
    .next = xb_graph_next,
    .op_type = xb_graph_op_type,
    .op_name = xb_graph_op_name,
    .op_inputs = xb_graph_op_inputs,
    .op_outputs = xb_graph_op_outputs,
    .op_attrs = xb_graph_op_attrs,
    .attr = xb_graph_attr,
    .attr_int = xb_graph_attr_int,
    .attr_float = xb_graph_attr_float,
    .value_name = xb_graph_value_name,
    .type = xb_graph_type,
    .symbol = xb_graph_symbol,
    .producer = xb_graph_producer,
    .users = xb_graph_users,
    .is_const = xb_graph_is_const,
    .data = xb_graph_data,
    .matrix = xb_graph_matrix,
    .note = xb_graph_note,
    .write = xb_graph_write,
    .add_const = xb_graph_add_const,
    .add_op = xb_graph_add_op,
    .set_int = xb_graph_set_int,
    .set_float = xb_graph_set_float,
    .set_ints = xb_graph_set_ints,
    .set_string = xb_graph_set_string,
    .set_type = xb_graph_set_type,
    .set_input = xb_graph_set_input,
    .set_note = xb_graph_set_note,
    .replace = xb_graph_replace,
    .remove = xb_graph_remove,
    .sweep = xb_graph_sweep,
    .infer = infer,
    .find_op = xb_graph_find_op,
    .cells = xb_graph_cells,
};

static void to_sink(void *sink, const void *bytes, size_t n)
{
    ((xb_sink *)sink)->write(sink, bytes, n);
}

static int render(xb_cx *cx, const char *report_json, size_t n, const char *format, xb_sink *sink)
{
    return xb_report_render(xb_context_of(cx)->diags, "report.json", report_json, n, format, to_sink, sink) ? 0 : -1;
}

static const xb_report_api report_service = {
    .struct_size = sizeof(xb_report_api),
    .render = render,
};

static const char *version(void)
{
    return XBARC_VERSION;
}

static char profile_text[192];

static void set_profile(void)
{
    char library[64], algebra[64];
    snprintf(profile_text, sizeof profile_text, "%s, %s, %s", xb_engine_profile(), xb_engine_library(library),
             xb_linalg_library(algebra));
}

static const char *profile(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_profile);
    return profile_text;
}

static size_t run_inputs(xb_cx *cx, const char *const (**triples)[3])
{
    const xb_run_info *info = xb_context_of(cx)->info;
    *triples = info ? (const char *const(*)[3])info->inputs.data : NULL;
    return info ? info->inputs.n / 3 : 0;
}

static size_t run_passes(xb_cx *cx, const char *const (**pairs)[2])
{
    const xb_run_info *info = xb_context_of(cx)->info;
    *pairs = info ? (const char *const(*)[2])info->passes.data : NULL;
    return info ? info->passes.n / 2 : 0;
}

static const xb_run_api run_service = {
    .struct_size = sizeof(xb_run_api),
    .version = version,
    .profile = profile,
    .inputs = run_inputs,
    .passes = run_passes,
};

static const struct offer {
    const char *name;
    uint32_t version;
    const void *table;
} offers[] = {
    {"xb.graph", 1, &graph_service},     {"xb.hw", 1, &xb_hw_service},     {"xb.layout", 1, &xb_layout_service},
    {"xb.journal", 1, &xb_journal_service}, {"xb.json", 1, &xb_json_service}, {"xb.report", 1, &report_service},
    {"xb.run", 1, &run_service},         {"xb.train", 1, &xb_train_service}, {"xb.linalg", 1, &xb_linalg_service},
    {"xb.edit", 1, &xb_edit_service},
};

const void *xb_service_find(const char *name, uint32_t version_asked)
{
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
        if (offers[i].version == version_asked && !strcmp(offers[i].name, name)) return offers[i].table;
    return NULL;
}

bool xb_service_offered(const char *name_slash_version)
{
    const char *slash = strrchr(name_slash_version, '/');
    if (!slash || slash == name_slash_version) return false;
    char *name = xb_strndup(name_slash_version, (size_t)(slash - name_slash_version));
    bool offered = xb_service_find(name, (uint32_t)strtoul(slash + 1, NULL, 10)) != NULL;
    free(name);
    return offered;
}
