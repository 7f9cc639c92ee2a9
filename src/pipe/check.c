/* check.c: what can be known about a pipeline before its first pass runs. (Services are checked when a plugin is
 * loaded.) */
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

typedef xb_vec(const char *) names;

static const char *const level_name[] = {"graph", "map", "layout", "chip"};

static size_t index_of(const names *list, const char *name)
{
    size_t i = 0;
    while (i < list->n && strcmp(list->data[i], name)) i++;
    return i;
}

static void add(names *list, const char *const *more)
{
    for (; more && *more; more++)
        if (index_of(list, *more) == list->n) xb_push(list, *more);
}

static void drop(names *list, const char *const *less)
{
    for (; less && *less; less++) {
        size_t i = index_of(list, *less);
        if (i < list->n) list->data[i] = list->data[--list->n];
    }
}

static bool check_levels(const xb_reading *in)
{
    bool ok = true;
    const xb_step *latest = NULL;
    for (size_t i = 0; i < in->p->n_steps; i++) {
        const xb_step *s = &in->p->step[i];
        if (latest && s->pass->level < latest->pass->level)
            ok = xb_pipe_refuse(in, s->where, "pipeline-order",
                                "'%s' is a %s pass and must stand before '%s', a %s pass", s->instance,
                                level_name[s->pass->level], latest->instance, level_name[latest->pass->level]);
        else
            latest = s;
    }
    return ok;
}

/* Says which passes would give the property. */
static bool lacks(const xb_reading *in, const xb_yaml *at, const char *who, const char *need)
{
    const xb_pass *const *pass;
    xb_buf b = {0};
    for (size_t n = xb_registry_passes(in->registry, &pass), i = 0; i < n; i++)
        for (const char *const *g = pass[i]->gives; g && *g; g++)
            if (strcmp(*g, need) == 0) xb_buf_printf(&b, "%s'%s'", b.len ? ", " : "; it is given by ", pass[i]->name);
    xb_pipe_refuse(in, at, "pipeline-needs", "'%s' needs '%s', which no pass before it gives%s", who, need,
                   xb_buf_cstr(&b));
    xb_buf_free(&b);
    return false;
}

static bool check_properties(const xb_reading *in)
{
    const xb_pipeline *p = in->p;
    names have = {0};
    bool ok = true;
    for (size_t i = 0; i < p->n_steps; i++) {
        const xb_step *s = &p->step[i];
        for (const char *const *need = s->pass->needs; need && *need; need++)
            if (index_of(&have, *need) == have.n) ok = lacks(in, s->where, s->instance, *need);
        drop(&have, s->pass->drops);
        add(&have, s->pass->gives);
    }
    for (size_t i = 0; i < p->n_emit; i++)
        for (const char *const *need = p->emit[i].backend->needs; need && *need; need++)
            if (index_of(&have, *need) == have.n) ok = lacks(in, p->emit[i].where, p->emit[i].backend->name, *need);
    xb_vec_free(&have);
    return ok;
}

static bool check_data(const xb_reading *in)
{
    const xb_pipeline *p = in->p;
    bool ok = true;
    for (size_t i = 0; i < p->n_steps; i++)
        if ((p->step[i].pass->reads & XB_READS_DATA) && !p->data.train)
            ok = xb_pipe_refuse(in, p->step[i].where, "pipeline-data",
                                "'%s' reads data, but the pipeline has no 'data: {train: ...}'", p->step[i].instance);
    return ok;
}

/* A chip is of a layout, and is measured on the test set. */
static bool check_chip(const xb_reading *in)
{
    const xb_pipeline *p = in->p;
    bool map = false, ok = true;
    for (size_t i = 0; i < p->n_steps; i++)
        for (const char *const *g = p->step[i].pass->gives; g && *g; g++) map |= strcmp(*g, "layout") == 0;
    if (p->chip.set && !map) ok = lacks(in, p->chip.where, "chip", "layout");
    if (p->simulate.set && !map) ok = lacks(in, p->simulate.where, "simulate", "layout");
    if (p->simulate.set && !p->data.test)
        ok = xb_pipe_refuse(in, p->simulate.where, "pipeline-data",
                            "'simulate' measures on test data, but the pipeline "
                            "has no 'data: {test: ...}'");
    return ok;
}

typedef int check_fn(xb_cx *cx, const void *options);

static bool own_check(const xb_reading *in, xb_context *c, check_fn *check, const char *who, const xb_yaml *at,
                      const void *options)
{
    if (!check) return true;
    unsigned before = xb_diags_errors(in->d);
    bool ok = check(xb_context_begin(c, who, at), options) >= 0;
    xb_context_end(c);
    bool said = xb_diags_errors(in->d) > before;
    return ok ? !said : said ? false : xb_pipe_refuse(in, at, "pass-check", "'%s' refuses its options", who);
}

bool xb_pipeline_check_parts(const xb_reading *in)
{
    const xb_pipeline *p = in->p;
    xb_run_info info = {0};
    xb_context *c = xb_context_new(in->d, &p->hw, p->seed, &info);
    const xb_learning learning = {.data = p->data.train,
                                  .dir = p->dir,
                                  .map = xb_pipe_input_map(p),
                                  .holdout = (size_t)p->data.holdout,
                                  .load = xb_model_load};
    xb_context_learning(c, &learning);
    bool ok = true;
    for (size_t i = 0; i < p->n_steps; i++)
        ok &= own_check(in, c, p->step[i].pass->check, p->step[i].instance, p->step[i].where, p->step[i].options);
    for (size_t i = 0; i < p->n_emit; i++)
        ok &=
            own_check(in, c, p->emit[i].backend->check, p->emit[i].backend->name, p->emit[i].where, p->emit[i].options);
    for (size_t i = 0; i < p->chip.n; i++) {
        const xb_part *part = &p->chip.part[i];
        ok &= own_check(in, c, part->device->check, part->instance, part->where, part->options);
    }
    xb_context_free(c);
    const xb_chain chain = xb_pipeline_chain(p);
    return ok && xb_chain_check(in->d, &chain) &&
           xb_chip_check(in->d, p->chip.where, &p->chip.options, &chain, &p->hw, NULL);
}

bool xb_pipeline_check(const xb_reading *in)
{
    bool ok = check_levels(in);
    ok &= check_properties(in);
    ok &= check_data(in);
    ok &= check_chip(in);
    return ok && xb_pipeline_check_parts(in);
}
