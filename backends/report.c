/* report.c: report.json, the master of all reports, and what people read of it: report.txt and report.html.
 *
 * Every number is a count of the layout, a figure of the hardware file times a count, or a fact of the journal. Units
 * stand in the key names. docs/formats/report.md describes the keys; report/ has the parts.
 */
#include "report/writer.h"

typedef struct xb_report_options {
    xb_list formats;
    bool floorplan, deleted_groups;
} xb_report_options;

static const void *service(xb_cx *cx, const char *name)
{
    return cx->host->service(cx, name, 1);
}

static const char *build(xb_report_writer *w, const xb_report_options *o, size_t *n)
{
    w->j = w->json->begin_text(w->cx);
    w->json->object(w->j, NULL);
    w->json->integer(w->j, "schema_version", 1);
    xb_report_write_run(w);
    xb_report_write_summary(w);
    xb_report_write_accuracy(w);
    xb_report_write_chip(w);
    xb_report_write_programming(w);
    xb_report_write_layers(w);
    if (o->floorplan) xb_report_write_floorplan(w);
    if (o->deleted_groups) xb_report_write_deleted(w);
    xb_report_write_assumptions(w);
    xb_report_write_curves(w);
    xb_report_write_facts(w);
    xb_report_write_warnings(w);
    w->json->close(w->j);
    return w->json->text(w->j, n);
}

static int write_format(xb_report_writer *w, xb_sink *sink, const char *text, size_t n, const char *format)
{
    const xb_report_api *report = service(w->cx, "xb.report");
    char name[32];
    snprintf(name, sizeof name, "report.%s", strcmp(format, "text") ? format : "txt");
    if (sink->open(sink, name) < 0) return -1;
    if (!strcmp(format, "json"))
        sink->write(sink, text, n);
    else if (report->render(w->cx, text, n, format, sink) < 0)
        return -1;
    return sink->close(sink);
}

static const char *const format_names[] = {"text", "html", "md", "csv", NULL};

static int emit(xb_cx *cx, xb_module *module, xb_sink *sink, const void *options)
{
    const xb_report_options *o = options;
    xb_report_writer w = {.cx = cx,
                          .module = module,
                          .json = service(cx, "xb.json"),
                          .graph = service(cx, "xb.graph"),
                          .layout_api = service(cx, "xb.layout"),
                          .journal = service(cx, "xb.journal"),
                          .run = service(cx, "xb.run")};
    w.layout = w.layout_api->of(module);
    w.hw = w.layout_api->hw(w.layout);
    size_t n;
    const char *text = build(&w, o, &n);
    if (write_format(&w, sink, text, n, "json") < 0) return -1;
    const int *format = o->formats.data;
    for (size_t i = 0; i < o->formats.n; i++)
        if (write_format(&w, sink, text, n, format_names[format[i]]) < 0) return -1;
    return 0;
}

static const xb_option options[] = {
    {.name = "formats",
     .help = "written beside report.json",
     .type = XB_OPT_LIST,
     .elem = XB_OPT_CHOICE,
     .choices = format_names,
     .offset = offsetof(xb_report_options, formats),
     .def = "[text, html]"},
    {.name = "floorplan",
     .help = "the site of every array, for the picture in report.html",
     .type = XB_OPT_BOOL,
     .offset = offsetof(xb_report_options, floorplan),
     .def = "true"},
    {.name = "deleted-groups",
     .help = "rows and columns of arrays that hold only zeros, for the picture in report.html",
     .type = XB_OPT_BOOL,
     .offset = offsetof(xb_report_options, deleted_groups),
     .def = "true"},
    {.name = NULL},
};

static const xb_backend report = {
    .struct_size = sizeof(xb_backend),
    .name = "report",
    .summary = "report.json, report.txt and a self-contained report.html",
    .doc =
        "Writes what the layout costs, per layer and in total: arrays, cells, utilisation, counted wires, routing "
        "area, converter operations, time and energy, with every assumption and its source, and the accuracies that "
        "were measured, with the curves that passes drew. report.json is the master; the other forms are made from it.",
    .example = "emit: [report: {formats: [text, html, csv]}]",
    .needs = (const char *const[]){"layout", NULL},
    .services = (const char *const[]){"xb.graph/1", "xb.layout/1", "xb.journal/1", "xb.json/1", "xb.report/1",
                                      "xb.run/1", NULL},
    .options = options,
    .options_size = sizeof(xb_report_options),
    .emit = emit,
};

XBARC_PLUGIN(report) = {
    XBARC_PLUGIN_HEADER,
    .name = "report",
    .version = "0.1",
    .backends = (const xb_backend *const[]){&report, NULL},
};
