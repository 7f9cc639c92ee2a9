/* run.c: what the run was: its model, the program, what went in, what ran, on which hardware. */
#include "writer.h"

/* Folders are of the machine; a report is of the run. */
static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash && slash[1] ? slash + 1 : path;
}

static void write_tool(xb_report_writer *w)
{
    w->json->object(w->j, "tool");
    w->json->string(w->j, "name", "xbarc");
    w->json->string(w->j, "version", w->run->version());
    w->json->string(w->j, "numeric_profile", w->run->profile());
    w->json->close(w->j);
    const char *const(*input)[3];
    size_t n = w->run->inputs(w->cx, &input);
    w->json->array(w->j, "inputs", false);
    for (size_t i = 0; i < n; i++) {
        w->json->object(w->j, NULL);
        w->json->string(w->j, "kind", input[i][0]);
        w->json->string(w->j, "path", base_name(input[i][1]));
        w->json->string(w->j, "sha256", input[i][2]);
        w->json->close(w->j);
    }
    w->json->close(w->j);
}

/* Is the key "pass.INSTANCE.what"? Then n is the length of the instance, which begins after "pass.". */
static bool is_pass_fact(const char *key, const char *what, size_t *n)
{
    size_t all = strlen(key), tail = strlen(what);
    if (strncmp(key, "pass.", 5) || all < 5 + 1 + 1 + tail) return false;
    *n = all - 5 - 1 - tail;
    return key[5 + *n] == '.' && !strcmp(key + 6 + *n, what);
}

static void write_pass(xb_report_writer *w, const char *name, const char *text, const char *mark)
{
    w->json->object(w->j, NULL);
    w->json->string(w->j, "name", name);
    if (text) w->json->string(w->j, "options", text);
    if (mark) w->json->boolean(w->j, mark, true);
    w->json->close(w->j);
}

/* What ran, and in its place what the gate rolled back or what was left out because of that: the journal knows. */
static void write_passes(xb_report_writer *w)
{
    const char *const(*pass)[2];
    const xb_fact *fact;
    size_t n = w->run->passes(w->cx, &pass), facts = w->journal->facts(w->module, &fact), next = 0, len;
    w->json->array(w->j, "passes", false);
    for (size_t i = 0; i < facts; i++) {
        const char *key = fact[i].key;
        bool undone = is_pass_fact(key, "rolled-back", &len);
        if (undone || is_pass_fact(key, "left-out", &len)) {
            char name[128];
            snprintf(name, sizeof name, "%.*s", (int)(len < 127 ? len : 127), key + 5);
            write_pass(w, name, NULL, undone ? "rolled_back" : "left_out");
        } else if (next < n && is_pass_fact(key, "edited", &len) && strlen(pass[next][0]) == len &&
                   !strncmp(pass[next][0], key + 5, len)) {
            write_pass(w, pass[next][0], pass[next][1], NULL);
            next++;
        }
    }
    for (; next < n; next++) write_pass(w, pass[next][0], pass[next][1], NULL);
    w->json->close(w->j);
}

static void write_hardware(xb_report_writer *w)
{
    const xb_hw *hw = w->hw;
    w->json->object(w->j, "hardware");
    w->json->string(w->j, "name", hw->name);
    w->json->string(w->j, "file", base_name(hw->file));
    w->json->string(w->j, "sha256", hw->digest);
    w->json->string(w->j, "source", hw->source);
    w->json->string(w->j, "tiling_rule", hw->rule == XB_TILING_EXACT ? "exact" : "fixed");
    w->json->integer(w->j, "max_rows", hw->max_rows);
    w->json->integer(w->j, "max_cols", hw->max_cols);
    w->json->integer(w->j, "devices_per_cell", hw->devices_per_cell);
    w->json->close(w->j);
}

/* The model's file name without its folder: exporters name every graph alike. */
static const char *model_name(const xb_report_writer *w)
{
    const char *const(*input)[3];
    size_t n = w->run->inputs(w->cx, &input);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(input[i][0], "model")) return base_name(input[i][1]);
    return w->graph->name(w->graph->of(w->module));
}

void xb_report_write_run(xb_report_writer *w)
{
    w->json->string(w->j, "model", model_name(w));
    w->json->string(w->j, "graph", w->graph->name(w->graph->of(w->module)));
    write_tool(w);
    write_passes(w);
    write_hardware(w);
}
