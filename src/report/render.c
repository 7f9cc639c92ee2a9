/* render.c: checks report.json and picks the renderer. */
#include "report/render.h"
#include "report/fields.h"
#include <string.h>

#define SCHEMA_VERSION 1

const char *const xb_report_formats[] = {"text", "json", "html", "md", "csv", NULL};

static json_t *load(xb_diags *d, const char *file, const char *text, size_t n)
{
    json_error_t e;
    json_t *report = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    if (!report) {
        xb_diag(d, XB_ERROR, "report", &(xb_where){.file = file, .line = e.line, .col = e.column}, "not JSON: %s",
                e.text);
        return NULL;
    }
    const json_t *version = json_object_get(report, "schema_version");
    if (!json_is_integer(version) || json_integer_value(version) != SCHEMA_VERSION) {
        if (json_is_integer(version))
            xb_diag(d, XB_ERROR, "report", &(xb_where){.file = file}, "schema_version is %lld, this program reads %d",
                    (long long)json_integer_value(version), SCHEMA_VERSION);
        else
            xb_diag(d, XB_ERROR, "report", &(xb_where){.file = file},
                    "not a report of xbarc: schema_version is missing");
        json_decref(report);
        return NULL;
    }
    return report;
}

bool xb_report_render(xb_diags *d, const char *file, const char *text, size_t n, const char *format, xb_write_fn *write,
                      void *to)
{
    static const struct choice {
        const char *format;
        xb_renderer *render;
    } choices[] = {{"text", xb_render_text}, {"html", xb_render_html}, {"md", xb_render_md}, {"csv", xb_render_csv}};
    json_t *report = load(d, file, text, n);
    if (!report) return false;
    const xb_page page = {write, to};
    bool known = !strcmp(format, "json");
    if (known) write(to, text, n);
    for (size_t i = 0; i < sizeof choices / sizeof *choices && !known; i++)
        if (!strcmp(choices[i].format, format)) {
            choices[i].render(&page, report);
            known = true;
        }
    json_decref(report);
    return known || xb_error(d, "usage", (.file = file), "unknown report format '%s'", format);
}
