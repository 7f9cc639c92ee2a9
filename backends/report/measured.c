/* measured.c: single figures and words of the journal; curves.c has its curves. */
#include "writer.h"

const xb_fact *xb_report_find_fact(const xb_report_writer *w, const char *key)
{
    const xb_fact *fact;
    for (size_t n = w->journal->facts(w->module, &fact); n-- > 0;)
        if (!fact[n].along && !strcmp(fact[n].key, key)) return &fact[n];
    return NULL;
}

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

const xb_fact *xb_report_find_pass(const xb_report_writer *w, const char *what)
{
    const xb_fact *fact;
    size_t tail = strlen(what) + 1;
    for (size_t n = w->journal->facts(w->module, &fact); n-- > 0;) {
        size_t all = strlen(fact[n].key);
        if (fact[n].along || !begins(fact[n].key, "pass.") || all < 5 + tail) continue;
        if (fact[n].key[all - tail] == '.' && !strcmp(fact[n].key + all - tail + 1, what)) return &fact[n];
    }
    return NULL;
}

/* A single figure, whose key begins so? */
static bool is_figure(const xb_fact *fact, const char *prefix)
{
    return !fact->along && begins(fact->key, prefix);
}

/* Numbers of the journal whose key begins with `prefix`, as members; a dot in the rest becomes an underscore. */
static void write_members(xb_report_writer *w, const char *prefix)
{
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    for (size_t i = 0; i < n; i++) {
        char key[64];
        if (!is_figure(&fact[i], prefix)) continue;
        snprintf(key, sizeof key, "%s", fact[i].key + strlen(prefix));
        for (char *dot = key; (dot = strchr(dot, '.'));) *dot = '_';
        xb_report_real(w, key, fact[i].value);
    }
}

/* One measured accuracy a stage: "accuracy.STAGE.METRIC". */
void xb_report_write_accuracy(xb_report_writer *w)
{
    static const char *const stages[] = {"accuracy.reference.", "accuracy.compiled.", "accuracy.simulated."};
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    w->json->object(w->j, "accuracy");
    for (size_t s = 0; s < 3; s++) {
        size_t i = 0;
        while (i < n && !is_figure(&fact[i], stages[s])) i++;
        if (i == n) continue;
        w->json->object(w->j, s == 0 ? "reference" : s == 1 ? "compiled" : "simulated");
        w->json->string(w->j, "split", fact[i].split);
        write_members(w, stages[s]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

static double figure(const xb_report_writer *w, const char *key)
{
    const xb_fact *fact = xb_report_find_fact(w, key);
    return fact ? fact->value : NAN;
}

/* What stands on a simulated chip: slices of weights have arrays of their own, exact layers none. */
void xb_report_write_chip(xb_report_writer *w)
{
    const xb_fact *exact = xb_report_find_fact(w, "chip.exact_layers");
    if (!xb_report_find_fact(w, "chip.arrays")) return;
    w->json->object(w->j, "chip");
    xb_report_real(w, "weight_slices", figure(w, "chip.weight_slices"));
    xb_report_real(w, "arrays", figure(w, "chip.arrays"));
    xb_report_real(w, "devices", figure(w, "chip.devices"));
    xb_report_real(w, "array_area_um2", figure(w, "chip.array_area") * 1e12);
    xb_report_real(w, "adc_conversions", figure(w, "chip.adc_conversions"));
    w->json->string(w->j, "exact_layers", exact ? exact->text : "");
    w->json->close(w->j);
}

/* What programming a chip costs, by each method: "programming.METHOD.FIGURE", the first of which is success. */
void xb_report_write_programming(xb_report_writer *w)
{
    const xb_fact *fact, *chosen = xb_report_find_fact(w, "programming.method");
    size_t n = w->journal->facts(w->module, &fact);
    if (!chosen) return;
    w->json->array(w->j, "programming", false);
    for (size_t i = 0; i < n; i++) {
        char prefix[64];
        int dot = is_figure(&fact[i], "programming.") ? (int)(strrchr(fact[i].key, '.') - fact[i].key) : 0;
        if (dot < 13 || dot > 60 || strcmp(fact[i].key + dot, ".success")) continue;
        w->json->object(w->j, NULL);
        snprintf(prefix, sizeof prefix, "%.*s", dot - 12, fact[i].key + 12);
        w->json->string(w->j, "method", prefix);
        w->json->boolean(w->j, "chosen", !strcmp(prefix, chosen->text));
        snprintf(prefix, sizeof prefix, "%.*s", dot + 1, fact[i].key);
        write_members(w, prefix);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

void xb_report_write_facts(xb_report_writer *w)
{
    const xb_fact *fact;
    size_t n = w->journal->facts(w->module, &fact);
    w->json->array(w->j, "facts", false);
    for (size_t i = 0; i < n; i++) {
        if (fact[i].along || xb_report_is_assumption(&fact[i])) continue;
        w->json->object(w->j, NULL);
        w->json->string(w->j, "key", fact[i].key);
        if (fact[i].text)
            w->json->string(w->j, "text", fact[i].text);
        else
            xb_report_real(w, "value", fact[i].value);
        w->json->string(w->j, "unit", fact[i].unit);
        w->json->string(w->j, "source", fact[i].source);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

/* What somebody wrote into the journal to be told, then what the layout itself shows. */
void xb_report_write_warnings(xb_report_writer *w)
{
    const xb_layer_cost *layer;
    size_t n = w->layout_api->layer_costs(w->layout, &layer);
    const xb_fact *fact;
    size_t facts = w->journal->facts(w->module, &fact);
    w->json->array(w->j, "warnings", false);
    for (size_t i = 0; i < facts; i++)
        if (!strcmp(fact[i].key, "warning")) w->json->string(w->j, NULL, fact[i].text);
    for (size_t i = 0; i < n; i++) {
        char text[256];
        if (layer[i].tiling.padded && w->hw->rule == XB_TILING_EXACT) {
            snprintf(text, sizeof text, "%.100s: no divisor of %lld x %lld is large enough; padded arrays are used",
                     layer[i].name, (long long)layer[i].rows, (long long)layer[i].cols);
            w->json->string(w->j, NULL, text);
        }
        if (layer[i].zero_arrays) {
            snprintf(text, sizeof text, "%.100s: %lld of its arrays hold only zeros", layer[i].name,
                     (long long)layer[i].zero_arrays);
            w->json->string(w->j, NULL, text);
        }
    }
    w->json->close(w->j);
}
