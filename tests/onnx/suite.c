/* suite.c: the ONNX operator suite: suite DIR [--filter GLOB] [-v] [--jobs N] [--expect FILE]
 *
 * DIR holds folders of cases (node, simple, pytorch-converted, pytorch-operator). A child works through the list in one
 * process; when it dies or spends more than 20 s on a case, that case has failed and a new child goes on behind it.
 * --expect FILE lists the cases that may be unsupported ("case reason" a line); any other unsupported case fails.
 */
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "case.h"
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_SECONDS = 20, MOST_JOBS = 64 };

typedef struct xb_entry {
    char *name; /* "node/test_abs" */
    char *folder;
    bool done;
    xb_outcome outcome;
    char *reason;
} xb_entry;

typedef xb_vec(xb_entry) xb_entries;

typedef struct xb_worker {
    pid_t pid; /* 0: none */
    int from;  /* reading end */
    xb_buf text;
    size_t next, current; /* next case to start a child at; the case that runs, SIZE_MAX: none */
    time_t since;
} xb_worker;

/* ---- the list ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const xb_entry *)a)->name, ((const xb_entry *)b)->name);
}

static void list_cases(xb_entries *list, const char *dir, const char *group, const char *filter)
{
    char *path = xb_path_join(dir, group);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char *folder = xb_path_join(path, e->d_name), *model = xb_path_join(folder, "model.onnx");
        xb_buf name = {0};
        xb_buf_printf(&name, "%s/%s", group, e->d_name);
        bool wanted = e->d_name[0] != '.' && xb_exists(model) &&
                      (!filter || xb_glob(filter, e->d_name) || xb_glob(filter, xb_buf_cstr(&name)));
        if (wanted) xb_push(list, (xb_entry){.name = xb_strdup(xb_buf_cstr(&name)), .folder = xb_strdup(folder)});
        xb_buf_free(&name);
        free(folder);
        free(model);
    }
    if (d) closedir(d);
    free(path);
}

static void list_all(xb_entries *list, const char *dir, const char *filter)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') list_cases(list, dir, e->d_name, filter);
    if (d) closedir(d);
    if (list->n) qsort(list->data, list->n, sizeof *list->data, by_name);
}

/* ---- children ---- */

/* Lines to the parent: "S index", then "R index outcome reason". Worker w of n takes the cases w, w+n ... from `first`
 * on. */
static void work(const xb_entries *list, size_t first, size_t step, int to)
{
    for (size_t i = first; i < list->n; i += step) {
        char reason[XB_REASON] = "";
        dprintf(to, "S %zu\n", i);
        xb_outcome outcome = xb_case_run(list->data[i].folder, reason);
        for (char *c = reason; *c; c++)
            if (*c == '\n') *c = ' ';
        dprintf(to, "R %zu %d %s\n", i, (int)outcome, reason);
    }
}

static void start(xb_worker *w, const xb_entries *list, size_t step)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) || (w->pid = fork()) < 0) {
        perror("suite");
        exit(1);
    }
    if (w->pid == 0) {
        close(ends[0]);
        work(list, w->next, step, ends[1]);
        exit(0);
    }
    close(ends[1]);
    w->from = ends[0];
    w->current = SIZE_MAX;
    w->since = time(NULL);
}

static void settle(xb_entry *e, xb_outcome outcome, const char *reason)
{
    free(e->reason);
    e->done = true;
    e->outcome = outcome;
    e->reason = xb_strdup(reason);
}

static void take_line(xb_worker *w, xb_entries *list, size_t step, const char *line)
{
    char *end;
    size_t index = strtoul(line + 2, &end, 10);
    if (index >= list->n) return;
    w->since = time(NULL);
    if (line[0] == 'S') {
        w->current = index;
    } else {
        settle(&list->data[index], (xb_outcome)(end[1] - '0'), end[2] ? end + 3 : "");
        w->current = SIZE_MAX;
        w->next = index + step;
    }
}

static void take_text(xb_worker *w, xb_entries *list, size_t step)
{
    char *line = w->text.data, *end;
    for (; line && (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        take_line(w, list, step, line);
    }
    if (!line) return;
    w->text.len -= (size_t)(line - w->text.data);
    memmove(w->text.data, line, w->text.len + 1);
}

/* The child is gone (or is sent away): its current case has failed. */
static void finish(xb_worker *w, xb_entries *list, size_t step, bool hangs)
{
    int status = 0;
    char reason[XB_REASON] = "the process ended badly after the last case";
    if (hangs) kill(w->pid, SIGKILL);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) continue;
    close(w->from);
    w->pid = 0;
    w->text.len = 0;
    size_t blamed = w->current;
    if (blamed != SIZE_MAX) {
        if (hangs)
            snprintf(reason, sizeof reason, "took more than %d s", LIMIT_SECONDS);
        else
            snprintf(reason, sizeof reason, "the process died, status %d", status);
        w->next = blamed + step;
    } else if (status) {
        blamed = w->next >= step ? w->next - step : 0; /* a leak, say */
    }
    if (blamed < list->n) settle(&list->data[blamed], XB_FAILED, reason);
}

static void read_worker(xb_worker *w, xb_entries *list, size_t step, bool ready)
{
    char text[4096];
    ssize_t n = ready ? read(w->from, text, sizeof text) : 0;
    if (n > 0) {
        xb_buf_add(&w->text, text, (size_t)n);
        take_text(w, list, step);
    } else if (ready) {
        finish(w, list, step, false);
    } else if (time(NULL) - w->since > LIMIT_SECONDS) {
        finish(w, list, step, true);
    }
}

static void run_all(xb_entries *list, size_t jobs)
{
    xb_worker worker[MOST_JOBS] = {0};
    for (size_t k = 0; k < jobs; k++) worker[k].next = k;
    for (;;) {
        struct pollfd fds[MOST_JOBS];
        size_t alive = 0;
        for (size_t k = 0; k < jobs; k++) {
            if (!worker[k].pid && worker[k].next < list->n) start(&worker[k], list, jobs);
            alive += worker[k].pid != 0;
            fds[k] = (struct pollfd){.fd = worker[k].pid ? worker[k].from : -1, .events = POLLIN};
        }
        if (!alive) break;
        if (poll(fds, jobs, 1000) < 0) continue;
        for (size_t k = 0; k < jobs; k++)
            if (worker[k].pid) read_worker(&worker[k], list, jobs, fds[k].revents != 0);
    }
    for (size_t k = 0; k < jobs; k++) xb_buf_free(&worker[k].text);
}

/* ---- the verdict ---- */

/* Turns unsupported cases that the file does not list into failures. */
static bool expect(xb_entries *list, const char *file)
{
    xb_diags *d = xb_diags_new(stderr, XB_DIAG_TEXT, false);
    size_t size;
    char *text = xb_read_file(d, file, (size_t)1 << 20, &size);
    xb_map *listed = xb_map_new();
    for (char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        xb_map_put(listed, line, strcspn(line, " \n"), 1);
    for (size_t i = 0; text && i < list->n; i++) {
        xb_entry *e = &list->data[i];
        if (e->outcome != XB_UNSUPPORTED || xb_map_get(listed, e->name, strlen(e->name), 0)) continue;
        xb_buf why = {0};
        xb_buf_printf(&why, "unsupported, but not listed in %s: %s", file, e->reason);
        settle(e, XB_FAILED, xb_buf_cstr(&why));
        xb_buf_free(&why);
    }
    bool ok = text != NULL;
    free(text);
    xb_map_free(listed);
    xb_diags_free(d);
    return ok;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_reasons(const xb_entries *list)
{
    xb_vec(const char *) reasons = {0};
    for (size_t i = 0; i < list->n; i++)
        if (list->data[i].outcome == XB_UNSUPPORTED) xb_push(&reasons, list->data[i].reason);
    if (reasons.n) qsort(reasons.data, reasons.n, sizeof *reasons.data, by_text);
    for (size_t i = 0, k; i < reasons.n; i = k) {
        for (k = i; k < reasons.n && !strcmp(reasons.data[k], reasons.data[i]); k++) continue;
        printf("%5zu  %s\n", k - i, reasons.data[i]);
    }
    xb_vec_free(&reasons);
}

static size_t print_all(const xb_entries *list, bool verbose)
{
    static const char *const word[] = {"passed", "unsupported", "failed"};
    size_t count[3] = {0};
    for (size_t i = 0; i < list->n; i++) {
        const xb_entry *e = &list->data[i];
        count[e->outcome]++;
        if (verbose || e->outcome == XB_FAILED)
            printf("%-11s %s%s%s\n", word[e->outcome], e->name, e->reason && *e->reason ? ": " : "",
                   e->reason ? e->reason : "");
    }
    print_reasons(list);
    printf("passed %zu, unsupported %zu, failed %zu\n", count[0], count[1], count[2]);
    return count[XB_FAILED];
}

int main(int argc, char **argv)
{
    const char *dir = NULL, *filter = NULL, *file = NULL;
    bool verbose = false;
    long jobs = 1;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v"))
            verbose = true;
        else if (!strcmp(argv[i], "--filter") && i + 1 < argc)
            filter = argv[++i];
        else if (!strcmp(argv[i], "--expect") && i + 1 < argc)
            file = argv[++i];
        else if (!strcmp(argv[i], "--jobs") && i + 1 < argc)
            jobs = strtol(argv[++i], NULL, 10);
        else if (argv[i][0] != '-' && !dir)
            dir = argv[i];
        else
            jobs = 0;
    }
    if (!dir || jobs < 1 || jobs > MOST_JOBS) {
        fprintf(stderr, "usage: suite DIR [--filter GLOB] [-v] [--jobs N] [--expect FILE]\n");
        return 2;
    }
    xb_entries list = {0};
    list_all(&list, dir, filter);
    run_all(&list, (size_t)jobs);
    bool ok = !file || expect(&list, file);
    size_t failed = print_all(&list, verbose);
    if (!list.n) fprintf(stderr, "suite: no cases in %s\n", dir);
    ok = ok && failed == 0 && list.n > 0;
    for (size_t i = 0; i < list.n; i++) {
        free(list.data[i].name);
        free(list.data[i].folder);
        free(list.data[i].reason);
    }
    xb_vec_free(&list);
    return ok ? 0 : 1;
}
