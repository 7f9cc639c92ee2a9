/* run.c: the pass manager. A pass works on a clone of the module (constants are shared until written); what it did is
 * taken over only when it ended well, its graph is whole and the gate lets it through. */
#include "base/progress.h"
#include "hw/layout.h"
#include "ir/verify.h"
#include "pipe/parts.h"
#include <stdlib.h>
#include <string.h>

typedef struct runner {
    xb_diags *d;
    const xb_pipeline *p;
    xb_context *cx;
    xb_run_info *info;
    xb_module *m;
    const xb_instruments *i;
    xb_gate *gate;
    xb_watch watch;
    bool rolled_back; /* some pass was */
} runner;

static void fact(const runner *r, xb_module *m, const xb_step *s, const char *what, double value)
{
    char *key = xb_arena_printf(r->p->arena, "pass.%s.%s", s->instance, what);
    xb_fact f = {.key = key, .value = value, .unit = "1", .split = "", .seed = r->p->seed, .source = "pass manager"};
    xb_module_journal(m, &f);
}

/* What a reader of the report must know: the text of a fact "warning". */
static void warn(const runner *r, const char *text)
{
    xb_fact f = {.key = "warning", .unit = "", .split = "", .seed = r->p->seed, .source = "pass manager", .text = text};
    xb_module_journal(r->m, &f);
}

/* ---- properties ---- */

/* What a change of the graph's shape behind the layout's back makes untrue. */
static void drop_layout(const runner *r, xb_module *m, size_t until)
{
    for (size_t k = 0; k < until; k++) {
        const xb_pass *pass = r->p->step[k].pass;
        for (const char *const *g = pass->gives; g && *g && pass->level >= XB_LEVEL_MAP; g++) xb_module_drop(m, *g);
    }
    xb_module_set_layout(m, NULL, NULL);
}

static void account(const runner *r, xb_module *work, size_t index, uint64_t shape_before,
                    const xb_layout *layout_before)
{
    const xb_pass *pass = r->p->step[index].pass;
    bool edited = xb_graph_shape_version(xb_module_graph(work)) != shape_before;
    if (layout_before && edited && xb_module_layout(work) == layout_before) drop_layout(r, work, index);
    for (const char *const *n = pass->drops; n && *n; n++) xb_module_drop(work, *n);
    for (const char *const *n = pass->gives; n && *n; n++) xb_module_give(work, *n);
}

/* A property the pass needs that does not hold now; NULL when all do. */
static const char *lacks(const runner *r, const char *const *needs)
{
    for (; needs && *needs; needs++)
        if (!xb_module_has(r->m, *needs)) return *needs;
    return NULL;
}

/* ---- one pass ---- */

static void sync_properties(const runner *r, const xb_module *work, const char *const *names)
{
    for (; names && *names; names++)
        if (xb_module_has(work, *names))
            xb_module_give(r->m, *names);
        else
            xb_module_drop(r->m, *names);
}

/* Takes over what became of the module in `work`, whose first `old` facts are known. */
static void commit(runner *r, xb_module *work, size_t old)
{
    if (xb_graph_version(xb_module_graph(work)) != xb_graph_version(xb_module_graph(r->m)))
        xb_module_set_graph(r->m, xb_graph_clone(xb_module_graph(work)));
    const xb_layout *l = xb_module_layout(work);
    xb_module_set_layout(r->m, l ? xb_layout_clone(l) : NULL, &xb_layout_ownership);
    for (size_t k = 0; k < r->p->n_steps; k++) {
        sync_properties(r, work, r->p->step[k].pass->gives);
        sync_properties(r, work, r->p->step[k].pass->drops);
    }
    const xb_fact *list;
    size_t n = xb_module_facts(work, &list);
    for (size_t k = old; k < n; k++) xb_module_journal(r->m, &list[k]);
}

static xb_outcome call(const runner *r, xb_module *work, const xb_step *s)
{
    unsigned before = xb_diags_errors(r->d);
    xb_buf options = {0};
    if (s->pass->options) xb_opts_print(&options, s->pass->options, s->options);
    xb_context_entering(r->cx, xb_module_graph(r->m), xb_arena_strdup(r->p->arena, xb_buf_cstr(&options)));
    xb_buf_free(&options);
    int status = s->pass->run(xb_context_begin(r->cx, s->instance, s->where), work, s->options);
    xb_context_end(r->cx);
    bool said = xb_diags_errors(r->d) > before;
    if (xb_interrupted()) return XB_STOPPED;
    if (status >= 0 && !said) return XB_DONE;
    if (said) return XB_BAD_INPUT;
    xb_where where = xb_yaml_where(s->where);
    xb_diag(r->d, XB_ERROR, "pass-failed", &where, "'%s' failed with status %d and did not say why", s->instance,
            status);
    return XB_FAULT;
}

static bool whole(const runner *r, xb_module *m, const xb_step *s)
{
    if (xb_graph_verify(r->d, xb_module_graph(m))) return true;
    xb_where where = xb_yaml_where(s->where);
    xb_diag(r->d, XB_ERROR, "pass-verify", &where, "'%s' left a graph that is not whole", s->instance);
    return false;
}

/* What the gate says: XB_DONE: take it over; XB_GATE_FAILED: stop; *undo: throw it away. */
static xb_outcome judge(runner *r, xb_module *work, const xb_step *s, bool *undo)
{
    double drop;
    xb_lap lap = xb_lap_begin(xb_arena_printf(r->p->arena, "gate of %s", s->instance));
    xb_verdict v = xb_gate_judge(r->gate, r->m, xb_module_graph(work), s, &drop);
    xb_lap_end(&r->watch, lap);
    if (v == XB_GATE_BROKEN) return xb_interrupted() ? XB_STOPPED : XB_BAD_INPUT;
    if (v == XB_GATE_PASSED) return XB_DONE;
    bool stop = r->p->gate.on_fail == XB_GATE_STOP;
    xb_where where = xb_yaml_where(s->where);
    xb_diag(r->d, stop ? XB_ERROR : XB_WARNING, "gate", &where, "'%s' %s %.4g%s, %s than the gate's %.4g; %s",
            s->instance, r->p->gate.metric <= XB_METRIC_AGREEMENT ? "loses" : "leaves", drop, xb_gate_unit(r->gate),
            r->p->gate.metric == XB_METRIC_PSNR ? "less" : "more", r->p->gate.max_drop, stop ? "stopped" : "undone");
    if (stop) return XB_GATE_FAILED;
    *undo = true;
    r->rolled_back = true;
    fact(r, r->m, s, "rolled-back", drop);
    warn(r, xb_arena_printf(r->p->arena, "%s was rolled back: %s", s->instance, xb_gate_loss(r->gate, drop)));
    return XB_DONE;
}

static void remember(const runner *r, const xb_step *s)
{
    if (!r->info) return;
    xb_buf b = {0};
    xb_opts_print_in(&b, s->pass->options, s->options, r->p->dir);
    xb_push(&r->info->passes, s->instance);
    xb_push(&r->info->passes, xb_arena_strdup(r->p->arena, xb_buf_cstr(&b)));
    xb_buf_free(&b);
}

static xb_outcome run_on(runner *r, xb_module *work, size_t index)
{
    const xb_step *s = &r->p->step[index];
    uint64_t shape = xb_graph_shape_version(xb_module_graph(work)), version = xb_graph_version(xb_module_graph(work));
    const xb_layout *layout = xb_module_layout(work);
    size_t facts = xb_module_facts(work, NULL);
    xb_lap lap = xb_lap_begin(s->instance);
    xb_outcome outcome = call(r, work, s);
    xb_lap_end(&r->watch, lap);
    if (outcome != XB_DONE) return outcome;
    bool edited = xb_graph_version(xb_module_graph(work)) != version, undo = false;
    if ((edited || r->i->verify_each) && !whole(r, work, s)) return XB_FAULT;
    account(r, work, index, shape, layout);
    if (r->gate && s->pass->level == XB_LEVEL_GRAPH && edited) outcome = judge(r, work, s, &undo);
    if (outcome != XB_DONE || undo) return outcome;
    fact(r, work, s, "edited", edited);
    fact(r, work, s, "ops", (double)xb_graph_op_count(xb_module_graph(work)));
    remember(r, s);
    commit(r, work, facts);
    xb_graph_release_views(xb_module_graph(r->m));
    return XB_DONE;
}

static xb_outcome run_step(runner *r, size_t index)
{
    const xb_step *s = &r->p->step[index];
    if (xb_interrupted()) return XB_STOPPED;
    const char *need = lacks(r, s->pass->needs);
    if (need) {
        xb_where where = xb_yaml_where(s->where);
        xb_diag(r->d, r->rolled_back ? XB_WARNING : XB_ERROR, "pipeline-needs", &where,
                "'%s' needs '%s', which no longer holds%s", s->instance, need, r->rolled_back ? "; left out" : "");
        if (!r->rolled_back) return XB_BAD_INPUT;
        fact(r, r->m, s, "left-out", 1);
        warn(r, xb_arena_printf(r->p->arena, "%s was left out: what it needs was rolled back", s->instance));
        return XB_DONE;
    }
    xb_module *work = xb_module_clone(r->m);
    xb_outcome outcome = run_on(r, work, index);
    xb_module_free(work);
    if (outcome != XB_DONE) return outcome;
    return xb_instruments_show(r->d, r->i, xb_module_graph(r->m), s, index) ? XB_DONE : XB_BAD_INPUT;
}

static xb_outcome run_all(runner *r)
{
    for (size_t k = 0; k < r->p->n_steps; k++) {
        xb_outcome outcome = run_step(r, k);
        if (outcome != XB_DONE) return outcome;
    }
    return XB_DONE;
}

xb_outcome xb_pipeline_run(xb_diags *d, const xb_pipeline *p, xb_context *cx, xb_run_info *info, xb_module *m,
                           const xb_instruments *i, const xb_engine_options *engine)
{
    static const xb_instruments none = {0};
    runner r = {.d = d, .p = p, .cx = cx, .info = info, .m = m, .i = i ? i : &none};
    bool ok = xb_instruments_check(d, p, r.i);
    xb_graph *imported = ok && p->gate.set ? xb_graph_clone(xb_module_graph(m)) : NULL;
    r.gate = ok ? xb_gate_open(d, p, m, imported, engine, &ok) : NULL;
    xb_outcome outcome = ok ? run_all(&r) : xb_interrupted() ? XB_STOPPED : XB_BAD_INPUT;
    xb_gate_close(r.gate);
    xb_graph_free(imported);
    if (r.i->time_passes && r.i->print_to) xb_watch_print(&r.watch, r.i->time_json, r.i->print_to);
    xb_vec_free(&r.watch.lap);
    return outcome;
}
