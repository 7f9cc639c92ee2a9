/* group-delete: the gate, layers that die, stops. */
#include "group_delete_run_kit.h"

#include "base/progress.h"
#include "suite.h"
#include "watched_kit.h"
#include <sys/wait.h>

/* ---- the pass, stopped in a step ---- */

static int run_watched(xb_cx *cx, xb_module *m, const void *o)
{
    begin_watch(cx);
    int status = run(cx, m, o);
    cx->host = seen.real;
    return status;
}

static const xb_plugin *watched_query(const xb_abi *host)
{
    static xb_pass watched;
    static xb_plugin plugin;
    static const xb_pass *const list[] = {&watched, NULL};
    watched = pass;
    watched.run = run_watched;
    plugin = *xbarc_plugin_query_group_delete(host);
    plugin.passes = list;
    return &plugin;
}

xb_query_fn *const xb_builtin_plugins[] = {watched_query, NULL};

/* ---- what a run leaves ---- */

static const char *const names[] = {"fc1.w", "fc1.b", "fc2.w", "fc2.b", "fc3.w", "fc3.b"};
static const char *const notes[] = {"mask", "perm-rows", "perm-cols", "frozen"};

/* Facts, weights and notes as text. */
static char *all_of(const job *j)
{
    const xb_fact *f;
    const xb_graph *g = xb_module_graph(j->m);
    xb_buf t = {0};
    for (size_t n = xb_module_facts(j->m, &f), i = 0; i < n; i++)
        xb_buf_printf(&t, "%s %a %s %s %s %a\n", f[i].key, f[i].value, f[i].split, f[i].text ? f[i].text : "",
                      f[i].along ? f[i].along : "", f[i].at);
    for (size_t i = 0; i < 6; i++) {
        xb_value v = xb_graph_find(g, names[i]);
        int64_t n = xb_type_count(xb_graph_type(g, v));
        const float *x = xb_graph_data(g, v);
        for (int64_t k = 0; k < n; k++) xb_buf_printf(&t, "%a\n", (double)x[k]);
        for (size_t k = 0; k < 4; k++) {
            const xb_attr *note = xb_graph_note(g, v, notes[k]);
            for (size_t e = 0; note && e < note->n; e++) xb_buf_printf(&t, "%s %d\n", notes[k], (int)note->ints[e]);
        }
    }
    return t.data;
}

static bool says(const job *j, const char *words)
{
    return strstr(xb_diags_text(j->d), words) != NULL;
}

/* ---- the gate ---- */

static float *learned[6];

static void take_learned(xb_graph *g)
{
    for (size_t i = 0; i < 6; i++) {
        xb_value v = xb_graph_find(g, names[i]);
        memcpy(xb_graph_write(g, v), learned[i], (size_t)xb_type_count(xb_graph_type(g, v)) * sizeof(float));
    }
}

/* A network that knows the digits: the first half of fc1 says nothing. */
static void idle_half(xb_graph *g)
{
    for (int r = 0; r < 784; r++) memset(weight(g, "fc1.w") + r * 100, 0, 50 * sizeof(float));
}

static void write_learned(void)
{
    write_model(idle_half);
    job j = compiled("{lambda: 0, permute: false, train: {epochs: 4, batch: 50, rate: 0.01}, tune: {epochs: 0}, "
                     "compact: false}");
    const xb_graph *g = xb_module_graph(j.m);
    for (size_t i = 0; i < 6; i++) {
        xb_value v = xb_graph_find(g, names[i]);
        size_t bytes = (size_t)xb_type_count(xb_graph_type(g, v)) * sizeof(float);
        learned[i] = memcpy(xb_malloc(bytes), xb_graph_data(g, v), bytes);
    }
    done(&j);
    write_model(take_learned);
    for (size_t i = 0; i < 6; i++) free(learned[i]);
}

/* All that the pass did is given up for the gate: weights, masks, orders, units. */
START_TEST(gate_gives_back)
{
    write_learned();
    job j = compiled("{keep-total: 12, lambda: 0, gate: {max-drop: 5}, train: {epochs: 0}, tune: {epochs: 0}}");
    const xb_graph *g = xb_module_graph(j.m);
    for (size_t i = 0; i < 6; i++) {
        size_t n, m;
        xb_value v = xb_graph_find(g, names[i]);
        const void *now = xb_graph_raw(g, v, &n), *was = xb_graph_raw(j.came, xb_graph_find(j.came, names[i]), &m);
        ck_assert_msg(n == m && !memcmp(now, was, n), "%s", names[i]);
        for (size_t k = 0; k < 4; k++) ck_assert_msg(!xb_graph_note(g, v, notes[k]), "%s %s", names[i], notes[k]);
    }
    ck_assert(says(&j, "the network is as it came [gate]"));
    ck_assert_double_eq(fact(&j, "pass.group-delete.gate-met"), 0);
    ck_assert_double_eq(fact(&j, "pass.group-delete.top1"), fact(&j, "pass.group-delete.top1-before"));
    ck_assert_double_eq(fact(&j, "pass.group-delete.removed-units"), 0);
    ck_assert_double_eq(fact(&j, "pass.group-delete.wires-after"), fact(&j, "pass.group-delete.wires-before"));
    done(&j);
}
END_TEST

START_TEST(gate_that_is_met_keeps)
{
    write_learned();
    job j = compiled("{keep-total: 12, lambda: 0, gate: {max-drop: 99}, train: {epochs: 0}, tune: {epochs: 0}}");
    ck_assert_double_le(fact(&j, "pass.group-delete.wires-after"), 12);
    ck_assert(!says(&j, "[gate]"));
    ck_assert_double_eq(fact(&j, "pass.group-delete.gate-met"), 1);
    ck_assert(fact(&j, "pass.group-delete.top1") < fact(&j, "pass.group-delete.top1-before"));
    done(&j);
}
END_TEST

/* ---- layers that die ---- */

/* fc2 dies in the third epoch of twelve steps. */
#define DYING(interval)                                                                                                \
    "{lambda: 12, reweight: true, layers: [fc2], interval: " interval ", train: {epochs: 4, batch: 50, rate: 0.01, "   \
    "warmup: 3}, tune: {epochs: 1, batch: 50}}"

/* Whatever lambda is, no layer is lost. */
START_TEST(no_layer_dies)
{
    write_model(NULL);
    job j = compiled("{lambda: 1e5, train: {epochs: 2, batch: 50, rate: 0.01}, tune: {epochs: 0}}");
    ck_assert(says(&j, "leaves nothing of 'fc1' at step"));
    ck_assert(fact(&j, "pass.group-delete.wires-after.fc1") > 0 && fact(&j, "pass.group-delete.wires-after.fc2") > 0);
    done(&j);
}
END_TEST

/* The way back takes no point of the curve along. */
START_TEST(deaths_leave_the_curve)
{
    write_model(NULL);
    job j = compiled(DYING("1000"));
    const xb_fact *f;
    const double want[] = {0, 12, 24, 36, 48, 60};
    size_t points = 0;
    for (size_t n = xb_module_facts(j.m, &f), i = 0; i < n; i++) {
        if (!f[i].along || strcmp(f[i].key, "pass.group-delete.wires.fc2")) continue;
        ck_assert_uint_lt(points, 6);
        ck_assert_double_eq(f[i].at, want[points++]);
    }
    ck_assert_uint_eq(points, 6);
    done(&j);
}
END_TEST

/* ---- stops ---- */

static void stopped_run(const char *text, const char *dir, int stop_run, int64_t stop_step)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        job j;
        xb_interrupt_install();
        seen.stop_run = stop_run;
        seen.stop_step = stop_step;
        xb_outcome outcome = compile(text, dir, &j);
        _exit(outcome == XB_STOPPED && says(&j, "was interrupted") ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The same bytes and the same journal as the unbroken run's; what was told is told again. */
START_TEST(stops_do_not_matter)
{
    static const int stops[][2] = {{1, 3}, {1, 12}, {1, 21}, {1, 40}, {2, 1}, {2, 9}};
    char *dir = xb_strdup(kit_path("checkpoints"));
    job j;
    write_model(NULL);
    j = compiled(DYING("5"));
    char *whole = all_of(&j), *said = xb_strdup(xb_diags_text(j.d));
    ck_assert(says(&j, "leaves nothing of 'fc2'"));
    done(&j);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) stopped_run(DYING("5"), dir, stops[i][0], stops[i][1]);
    for (int again = 0; again < 2; again++) { /* and once more when it has ended */
        ck_assert_msg(compile(DYING("5"), dir, &j) == XB_DONE, "%s", xb_diags_text(j.d));
        char *now = all_of(&j);
        ck_assert_str_eq(whole, now);
        ck_assert_str_eq(said, xb_diags_text(j.d));
        free(now);
        done(&j);
    }
    free(whole);
    free(said);
    free(dir);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("group_delete_stop");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, kit_open, kit_close);
    tcase_add_test(t, gate_gives_back);
    tcase_add_test(t, gate_that_is_met_keeps);
    tcase_add_test(t, no_layer_dies);
    tcase_add_test(t, deaths_leave_the_curve);
    tcase_add_test(t, stops_do_not_matter);
    return run_case("group_delete_stop", t);
}
