/* train_log.c: the log of steps. */
#include "base/file.h"
#include "cli/train_parts.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(xb_train_log *l, const char *what)
{
    l->failed = true;
    return xb_error(l->d, "io", (.file = l->path), "%s: %s", what, strerror(errno));
}

static bool is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void begin(xb_train_log *l)
{
    fputs(XB_TRAIN_LOG_HEAD, l->file);
    l->begun = true;
}

bool xb_train_log_open(xb_train_log *l, xb_diags *d, const char *path, bool resume)
{
    *l = (xb_train_log){.d = d, .path = path};
    if (!path) return true;
    bool again = resume && is_regular(path);
    l->file = fopen(path, again ? "r+e" : "we");
    if (!l->file) return fail(l, "cannot be written");
    setvbuf(l->file, NULL, _IOLBF, BUFSIZ);
    if (!again) begin(l);
    return true;
}

/* Step of a whole line "17,0.01,2.3\n"; 0: it is none. */
static int64_t step_of(const char *line, ssize_t n)
{
    char *end;
    if (n < 1 || line[n - 1] != '\n') return 0;
    int64_t step = strtoll(line, &end, 10);
    return end != line && *end == ',' && step > 0 ? step : 0;
}

/* Leaves the lines of steps before `step`: a kill comes after any of them, and goes back to a checkpoint before it. */
static void go_back(xb_train_log *l, int64_t step)
{
    char *line = NULL;
    size_t size = 0;
    int64_t last = 0;
    off_t keep = 0;
    ssize_t n = getline(&line, &size, l->file);
    bool headed = n > 0 && !strcmp(line, XB_TRAIN_LOG_HEAD);
    if (headed) keep = n;
    while (headed && (n = getline(&line, &size, l->file)) > 0) {
        int64_t at = step_of(line, n);
        if (at <= last || at >= step) break;
        last = at;
        keep += n;
    }
    free(line);
    if (fseeko(l->file, keep, SEEK_SET) != 0 || ftruncate(fileno(l->file), keep) != 0) fail(l, "cannot be cut short");
    if (!headed) begin(l);
    l->begun = true;
    if (last + 1 < step)
        xb_diag(l->d, XB_WARNING, "io", &(xb_where){.file = l->path},
                "has no lines of steps %" PRId64 " to %" PRId64 ", which were logged elsewhere or not at all", last + 1,
                step - 1);
}

void xb_train_log_add(xb_train_log *l, int64_t step, double rate, double loss)
{
    if (!l->file || l->failed) return;
    if (!l->begun) go_back(l, step);
    if (l->failed) return;
    fprintf(l->file, "%" PRId64 ",%.9g,%.9g\n", step, rate, loss);
    if (ferror(l->file)) fail(l, "cannot be written; training goes on without it");
}

bool xb_train_log_close(xb_train_log *l)
{
    if (l->file && fclose(l->file) != 0 && !l->failed) fail(l, "cannot be written");
    l->file = NULL;
    return !l->failed;
}
