/* service_journal.c: "xb.journal": facts and warnings of passes, under the names of their steps. */
#include "plug/context.h"
#include <string.h>

static void add(xb_cx *cx, xb_module *module, const xb_fact *fact)
{
    (void)cx;
    xb_module_journal(module, fact);
}

/* The pass of the instance "NAME" or "NAME@id" is its source. */
static void add_own(xb_cx *cx, xb_module *module, xb_fact f, const char *key)
{
    xb_buf source = {0};
    xb_buf_printf(&source, "pass %.*s", (int)strcspn(cx->instance, "@"), cx->instance);
    f.key = key;
    f.seed = cx->seed;
    f.source = xb_buf_cstr(&source);
    xb_module_journal(module, &f);
    xb_buf_free(&source);
}

static void tell(xb_cx *cx, xb_module *module, const char *what, const char *layer, const xb_fact *fact)
{
    xb_buf key = {0};
    xb_fact f = *fact;
    xb_buf_printf(&key, "pass.%s.%s%s%s", cx->instance, what, layer ? "." : "", layer ? layer : "");
    if (!f.unit) f.unit = "1";
    if (!f.split) f.split = "";
    add_own(cx, module, f, xb_buf_cstr(&key));
    xb_buf_free(&key);
}

static void warn(xb_cx *cx, xb_module *module, const char *code, const char *format, ...)
{
    xb_buf text = {0}, whole = {0};
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(&text, format, args);
    va_end(args);
    if (code) cx->host->diagnose(cx, XB_WARNING, code, NULL, "%s", xb_buf_cstr(&text));
    xb_buf_printf(&whole, "%s: %s", cx->instance, xb_buf_cstr(&text));
    add_own(cx, module, (xb_fact){.unit = "", .split = "", .text = xb_buf_cstr(&whole)}, "warning");
    xb_buf_free(&text);
    xb_buf_free(&whole);
}

const xb_journal_api xb_journal_service = {
    .struct_size = sizeof(xb_journal_api),
    .add = add,
    .facts = xb_module_facts,
    .tell = tell,
    .warn = warn,
};
