/* resume.c: a run in its file: everything that decides what the next step does, and nothing else. */
#include "base/file.h"
#include "base/json.h"
#include "ir/text.h"
#include "nn/train/trainer.h"
#include <stdlib.h>
#include <string.h>

/* ---- saving ---- */

/* "now/m/conv1.weight" */
static const char *key(xb_buf *b, const char *prefix, const char *what, const char *name)
{
    b->len = 0;
    xb_buf_printf(b, "%s/%s/%s", prefix, what, name);
    return xb_buf_cstr(b);
}

typedef struct flags {
    double rate, decay;
    int64_t born;
    uint64_t frozen;
} flags;

static void put_params(xb_saver *s, const char *prefix, const xb_params *p, xb_buf *b)
{
    for (size_t i = 0; i < p->n; i++) {
        const xb_slot_state *t = &p->at[i];
        flags f = {t->pub.rate, t->pub.decay, t->born, t->pub.frozen};
        xb_saver_put(s, key(b, prefix, "flags", t->pub.name), &f, sizeof f);
        if (t->m) xb_saver_put(s, key(b, prefix, "m", t->pub.name), t->m, t->pub.n * sizeof(float));
        if (t->v) xb_saver_put(s, key(b, prefix, "v", t->pub.name), t->v, t->pub.n * sizeof(float));
    }
    xb_saver_put_u64(s, key(b, prefix, "ties", "count"), p->n_tied);
    for (size_t i = 0; i < p->n_tied; i++) {
        const xb_tied *t = &p->tied[i];
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        uint64_t v[6] = {(uint64_t)(xb_params_find(p, t->to) - p->at),
                         (uint64_t)(xb_params_find(p, t->from) - p->at),
                         t->at,
                         t->from_at,
                         t->n,
                         0};
        memcpy(&v[5], &t->gain, sizeof t->gain);
        xb_saver_put(s, key(b, prefix, "ties", number), v, sizeof v);
    }
}

static void put_moment(xb_saver *s, const char *prefix, const xb_moment *m, size_t state_size)
{
    xb_buf b = {0}, text = {0};
    xb_xir_print(m->graph, xb_json_to_buf, &text, NULL, NULL, NULL);
    xb_saver_put(s, key(&b, prefix, "graph", ""), text.data, text.len);
    for (uint32_t id = 1; id < xb_graph_value_limit(m->graph); id++) {
        xb_value v = {id};
        size_t n;
        if (!xb_graph_is_const(m->graph, v)) continue;
        const void *bytes = xb_graph_raw(m->graph, v, &n);
        xb_saver_put(s, key(&b, prefix, "const", xb_graph_value_name(m->graph, v)), bytes, n);
    }
    put_params(s, prefix, &m->params, &b);
    xb_saver_put(s, key(&b, prefix, "state", ""), m->state, state_size);
    xb_saver_put(s, key(&b, prefix, "holdout", ""), &m->holdout, sizeof m->holdout);
    xb_buf_free(&text);
    xb_buf_free(&b);
}

static const char *snapshot_prefix(char out[32], size_t i)
{
    snprintf(out, 32, "snapshot%zu", i);
    return out;
}

bool xb_trainer_save(xb_trainer *t)
{
    size_t state_size = t->what->hooks ? t->what->hooks->state_size : 0;
    xb_saver *s = xb_saver_open(t->d, t->what->checkpoint);
    if (!s) return false;
    const char *identity = t->what->identity ? t->what->identity : "";
    xb_saver_put(s, "identity", identity, strlen(identity));
    xb_saver_put_u64(s, "step", (uint64_t)t->step);
    xb_saver_put_f64(s, "loss", t->loss);
    xb_saver_put_f64(s, "epoch loss", t->epoch_loss);
    xb_saver_put_u64(s, "epoch correct", t->epoch_correct);
    xb_saver_put_u64(s, "epoch seen", t->epoch_seen);
    xb_saver_put_f64(s, "epoch seconds", xb_train_now() - t->epoch_start);
    xb_saver_put(s, "rows", t->rows_done.data, t->rows_done.n * sizeof *t->rows_done.data);
    xb_saver_put_u64(s, "next snapshot", (uint64_t)t->next_snapshot);
    xb_saver_put_u64(s, "snapshots", t->snapshots.n);
    xb_moment now = {0};
    xb_moment_take(t, &now);
    put_moment(s, "now", &now, state_size);
    xb_moment_free(&now);
    for (size_t i = 0; i < t->snapshots.n; i++) {
        char prefix[32];
        put_moment(s, snapshot_prefix(prefix, i), &t->snapshots.data[i], state_size);
        xb_saver_put_u64(s, prefix, (uint64_t)t->snapshots.data[i].id);
    }
    if (!xb_saver_commit(s)) return false;
    xb_graph_free(t->good);
    t->good = xb_graph_clone(t->graph);
    t->saved_at = xb_train_now();
    return true;
}

/* ---- loading ---- */

static bool lacks(xb_trainer *t, const char *what)
{
    return xb_error(t->d, "checkpoint", (.file = t->what->checkpoint), "'%s' is missing or has another size", what);
}

/* Exactly n bytes. */
static bool get(xb_trainer *t, const xb_saved *s, const char *name, void *to, size_t n)
{
    size_t has;
    const void *bytes = xb_saved_get(s, name, &has);
    if (!bytes || has != n) return lacks(t, name);
    if (n) memcpy(to, bytes, n);
    return true;
}

static bool fill_constants(xb_trainer *t, const xb_saved *s, const char *prefix, xb_graph *g, xb_buf *b)
{
    for (uint32_t id = 1; id < xb_graph_value_limit(g); id++) {
        xb_value v = {id};
        size_t n;
        if (!xb_graph_is_const(g, v)) continue;
        if (!xb_type_bytes(xb_graph_type(g, v), &n)) return lacks(t, xb_graph_value_name(g, v));
        if (!get(t, s, key(b, prefix, "const", xb_graph_value_name(g, v)), xb_graph_write(g, v), n)) return false;
    }
    return true;
}

static bool get_ties(xb_trainer *t, const xb_saved *s, const char *prefix, xb_params *p, xb_buf *b)
{
    uint64_t n = 0;
    if (!xb_saved_u64(s, key(b, prefix, "ties", "count"), &n)) return lacks(t, xb_buf_cstr(b));
    for (uint64_t i = 0; i < n; i++) {
        char number[24];
        uint64_t v[6];
        xb_tied tied = {0};
        snprintf(number, sizeof number, "%llu", (unsigned long long)i);
        if (!get(t, s, key(b, prefix, "ties", number), v, sizeof v)) return false;
        if (v[0] >= p->n || v[1] >= p->n) return lacks(t, xb_buf_cstr(b));
        tied = (xb_tied){
            .to = p->at[v[0]].pub.value, .from = p->at[v[1]].pub.value, .at = v[2], .from_at = v[3], .n = v[4]};
        memcpy(&tied.gain, &v[5], sizeof tied.gain);
        if (!xb_params_tie(t->d, p, &tied)) return false;
    }
    return true;
}

static bool get_params(xb_trainer *t, const xb_saved *s, const char *prefix, xb_params *p, xb_buf *b)
{
    for (size_t i = 0; i < p->n; i++) {
        xb_slot_state *slot = &p->at[i];
        size_t bytes = slot->pub.n * sizeof(float);
        flags f;
        if (!get(t, s, key(b, prefix, "flags", slot->pub.name), &f, sizeof f)) return false;
        slot->pub.rate = f.rate;
        slot->pub.decay = f.decay;
        slot->pub.frozen = f.frozen != 0;
        slot->born = f.born;
        if (slot->m && !get(t, s, key(b, prefix, "m", slot->pub.name), slot->m, bytes)) return false;
        if (slot->v && !get(t, s, key(b, prefix, "v", slot->pub.name), slot->v, bytes)) return false;
    }
    return get_ties(t, s, prefix, p, b);
}

static bool get_graph(xb_trainer *t, const xb_saved *s, const char *prefix, xb_moment *m, xb_buf *b)
{
    size_t n;
    const char *text = xb_saved_get(s, key(b, prefix, "graph", ""), &n);
    if (!text) return lacks(t, xb_buf_cstr(b));
    m->graph = xb_xir_parse_blank(t->d, xb_graph_file(t->graph), text, n);
    return m->graph && fill_constants(t, s, prefix, m->graph, b) && (xb_params_init(NULL, &m->params, m->graph, t->r) || lacks(t, "a trained tensor")) &&
           get_params(t, s, prefix, &m->params, b);
}

static bool get_moment(xb_trainer *t, const xb_saved *s, const char *prefix, xb_moment *m)
{
    size_t state_size = t->what->hooks ? t->what->hooks->state_size : 0;
    xb_buf b = {0};
    m->state = xb_calloc(state_size + 1, 1);
    bool ok = get_graph(t, s, prefix, m, &b) && get(t, s, key(&b, prefix, "state", ""), m->state, state_size) &&
              get(t, s, key(&b, prefix, "holdout", ""), &m->holdout, sizeof m->holdout);
    xb_buf_free(&b);
    if (!ok) xb_moment_free(m);
    return ok;
}

static bool get_snapshots(xb_trainer *t, const xb_saved *s)
{
    uint64_t n = 0, next = 0;
    if (!xb_saved_u64(s, "snapshots", &n) || !xb_saved_u64(s, "next snapshot", &next) || next > INT32_MAX - 1)
        return lacks(t, "snapshots");
    t->next_snapshot = (int)next;
    for (uint64_t i = 0; i < n; i++) {
        char prefix[32];
        xb_moment m = {0};
        uint64_t id = 0;
        if (!xb_saved_u64(s, snapshot_prefix(prefix, i), &id)) return lacks(t, prefix);
        if (!get_moment(t, s, prefix, &m)) return false;
        m.id = (int)id;
        xb_push(&t->snapshots, m);
    }
    return true;
}

static bool get_run(xb_trainer *t, const xb_saved *s)
{
    uint64_t step = 0;
    double seconds = 0;
    size_t n;
    bool ok = xb_saved_u64(s, "step", &step) && xb_saved_f64(s, "loss", &t->loss) &&
              xb_saved_f64(s, "epoch loss", &t->epoch_loss) && xb_saved_u64(s, "epoch correct", &t->epoch_correct) &&
              xb_saved_u64(s, "epoch seen", &t->epoch_seen) && xb_saved_f64(s, "epoch seconds", &seconds);
    const xb_train_row *rows = xb_saved_get(s, "rows", &n);
    if (!ok || !rows || n % sizeof *rows || step > (uint64_t)t->steps) return lacks(t, "step");
    t->step = (int64_t)step;
    t->epoch_start = xb_train_now() - seconds;
    for (size_t i = 0; i < n / sizeof *rows; i++) xb_push(&t->rows_done, rows[i]);
    xb_moment now = {0};
    if (!get_snapshots(t, s) || !get_moment(t, s, "now", &now)) return false;
    xb_moment_give(t, &now);
    xb_moment_free(&now);
    return true;
}

/* Is the checkpoint of this very run? false after a diagnostic; *same false after a note. */
static bool check_identity(xb_trainer *t, const xb_saved *s, bool *same)
{
    size_t n;
    const char *bytes = xb_saved_get(s, "identity", &n);
    char *there = bytes ? xb_strndup(bytes, n) : xb_strdup("");
    const char *here = t->what->identity ? t->what->identity : "";
    *same = !strcmp(there, here);
    xb_buf what = {0};
    xb_train_identity_differs(&what, there, here);
    xb_severity how = t->what->resume == XB_RESUME ? XB_ERROR : XB_NOTE;
    if (!*same)
        xb_diag(t->d, how, "checkpoint", &(xb_where){.file = t->what->checkpoint},
                "this checkpoint is of another run: %s%s", xb_buf_cstr(&what), how == XB_NOTE ? "; begins anew" : "");
    xb_buf_free(&what);
    free(there);
    return *same || how == XB_NOTE;
}

bool xb_trainer_load(xb_trainer *t, bool *found)
{
    *found = false;
    if (!t->what->checkpoint || t->what->resume == XB_RESUME_NEVER || !xb_exists(t->what->checkpoint)) return true;
    xb_saved *s = xb_saved_open(t->d, t->what->checkpoint);
    if (!s) return false;
    bool ok = check_identity(t, s, found) && (!*found || get_run(t, s));
    xb_saved_close(s);
    if (!ok || !*found) return ok;
    xb_graph_free(t->good);
    t->good = xb_graph_clone(t->graph);
    return true;
}
