/* steps.c: the entries of passes: and emit: -> passes and backends with their options. */
#include "pipe/parts.h"
#include <string.h>

bool xb_entry_parts(xb_yaml *entry, xb_yaml **name, xb_yaml **options)
{
    *name = entry->kind == XB_YAML_SCALAR ? entry : entry->kind == XB_YAML_MAP && entry->n == 1 ? entry->key[0] : NULL;
    *options = entry->kind == XB_YAML_MAP && entry->n == 1 ? entry->item[0] : NULL;
    return *name != NULL;
}

static bool is_list(const xb_reading *in, const xb_yaml *list, const char *what)
{
    return list->kind == XB_YAML_SEQ ||
           xb_pipe_refuse(in, list, "option-type", "pipeline: '%s' needs a list, like [a, b]", what);
}

static bool id_ok(const char *id)
{
    size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return n && !id[n];
}

bool xb_entry_read(const xb_reading *in, xb_yaml *entry, const char *list, xb_yaml **name, const char **kind,
                   xb_yaml **options)
{
    if (!xb_entry_parts(entry, name, options))
        return xb_pipe_refuse(in, entry, "option-type",
                              "an entry of '%s' is a name, or one name with its "
                              "options: {name: {option: value}}",
                              list);
    const char *at = strchr((*name)->text, '@');
    if (at && !id_ok(at + 1))
        return xb_pipe_refuse(in, *name, "pipeline-instance", "'%s': after @ stands a name of letters, digits, - and _",
                              (*name)->text);
    *kind = at ? xb_arena_strndup(in->p->arena, (*name)->text, (size_t)(at - (*name)->text)) : (*name)->text;
    return true;
}

bool xb_entry_options(const xb_reading *in, const char *who, const xb_option *table, size_t size, const xb_yaml *name,
                      const xb_yaml *options, void **out)
{
    xb_arena *a = in->p->arena;
    *out = xb_arena_alloc(a, 1, size ? size : 1);
    const xb_yaml *y = options && !xb_yaml_is_null(options) ? options : xb_yaml_new_map(a, name);
    return xb_opts_read(in->d, a, who, table, y, *out, table ? size : 0);
}

static bool unknown(const xb_reading *in, const xb_yaml *at, const char *name, bool backend)
{
    xb_buf b = {0};
    xb_registry_explain(in->registry, name, backend ? XB_OFFER_BACKEND : XB_OFFER_PASS, &b);
    xb_pipe_refuse(in, at, backend ? "backend-unknown" : "pass-unknown", "there is no %s '%s'%s",
                   backend ? "backend" : "pass", name, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

static bool read_step(const xb_reading *in, xb_yaml *entry, xb_step *step)
{
    xb_yaml *name, *options;
    const char *pass;
    if (!xb_entry_read(in, entry, "passes", &name, &pass, &options)) return false;
    for (const xb_step *s = in->p->step; s < step; s++)
        if (s->instance && strcmp(s->instance, name->text) == 0)
            return xb_pipe_refuse(in, name, "pipeline-instance",
                                  "'%s' stands here twice; first on line %d; name "
                                  "one of them, like %s@2",
                                  name->text, s->where->line, pass);
    *step = (xb_step){.pass = xb_registry_pass(in->registry, pass), .instance = name->text, .where = name};
    if (!step->pass) return unknown(in, name, pass, false);
    return xb_entry_options(in, step->instance, step->pass->options, step->pass->options_size, name, options,
                            &step->options);
}

bool xb_steps_read(const xb_reading *in, const xb_yaml *list)
{
    if (!is_list(in, list, "passes")) return false;
    xb_pipeline *p = in->p;
    p->step = xb_arena_alloc(p->arena, list->n ? list->n : 1, sizeof *p->step);
    p->n_steps = list->n;
    bool ok = true;
    for (size_t i = 0; i < list->n; i++) ok &= read_step(in, list->item[i], &p->step[i]);
    return ok;
}

static bool read_emit(const xb_reading *in, xb_yaml *entry, xb_emit *emit)
{
    xb_yaml *name, *options;
    const char *backend;
    if (!xb_entry_read(in, entry, "emit", &name, &backend, &options)) return false;
    for (const xb_emit *e = in->p->emit; e < emit; e++)
        if (e->where && strcmp(e->where->text, name->text) == 0)
            return xb_pipe_refuse(in, name, "pipeline-instance", "'%s' is emitted twice; first on line %d", name->text,
                                  e->where->line);
    *emit = (xb_emit){.backend = xb_registry_backend(in->registry, name->text), .where = name};
    if (!emit->backend) return unknown(in, name, name->text, true);
    return xb_entry_options(in, name->text, emit->backend->options, emit->backend->options_size, name, options,
                            &emit->options);
}

bool xb_emits_read(const xb_reading *in, const xb_yaml *list)
{
    if (!is_list(in, list, "emit")) return false;
    xb_pipeline *p = in->p;
    p->emit = xb_arena_alloc(p->arena, list->n ? list->n : 1, sizeof *p->emit);
    p->n_emit = list->n;
    bool ok = true;
    for (size_t i = 0; i < list->n; i++) ok &= read_emit(in, list->item[i], &p->emit[i]);
    return ok;
}
