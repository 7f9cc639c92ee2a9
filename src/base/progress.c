#include "base/progress.h"
#include "base/diag.h"
#include "base/mem.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Times are for people's eyes only; no result depends on them. */
static const double quiet_start = 0.5, bar_pause = 0.1, line_pause = 10;

enum { BAR = 24, LEAST_BAR = 4, BRACKETS = 3 /* with the space before */ };

struct xb_progress {
    char *what, *unit;
    pthread_mutex_t lock;
    bool bar;
    double start, next;
    uint64_t before;
    char said[64];
};

/* Process-wide: there is one stderr. */
static atomic_bool is_quiet;
static atomic_bool is_alone;
static atomic_bool bar_shown;

void xb_progress_quiet(bool quiet)
{
    atomic_store(&is_quiet, quiet);
}

void xb_progress_alone(bool on)
{
    atomic_store(&is_alone, on);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void xb_progress_clear(void)
{
    if (atomic_exchange(&bar_shown, false)) fputs("\r\033[K", stderr);
}

xb_progress *xb_progress_begin(const char *what, const char *unit)
{
    if (atomic_load(&is_quiet) || atomic_load(&is_alone)) return NULL;
    xb_progress *p = xb_calloc(1, sizeof *p);
    p->what = xb_strdup(what), p->unit = xb_strdup(unit);
    pthread_mutex_init(&p->lock, NULL);
    p->bar = isatty(STDERR_FILENO) == 1;
    p->start = now();
    p->next = p->start + (p->bar ? quiet_start : line_pause);
    if (p->bar) xb_diags_before(xb_progress_clear);
    return p;
}

static void add_time(xb_buf *b, double seconds)
{
    unsigned long s = seconds < 1e9 ? (unsigned long)seconds : 1000000000ul;
    if (s >= 3600) {
        xb_buf_printf(b, "%lu h %02lu min", s / 3600, s / 60 % 60);
    } else if (s >= 60) {
        xb_buf_printf(b, "%lu min %02lu s", s / 60, s % 60);
    } else {
        xb_buf_printf(b, "%lu s", s);
    }
}

static void add_bar(xb_buf *b, double part, size_t width)
{
    size_t full = (size_t)(part * (double)width);
    xb_buf_str(b, " [");
    for (size_t i = 0; i < width; i++) xb_buf_char(b, i < full ? '=' : i == full ? '>' : ' ');
    xb_buf_char(b, ']');
}

/* " 1200/10000 images, loss 0.12, 431/s, 20 s left" */
static void add_figures(const xb_progress *p, xb_buf *b, uint64_t done, uint64_t total, double at, bool with_said)
{
    double spent = at - p->start, rate = spent > 0 ? (double)(done - p->before) / spent : 0;
    xb_buf_printf(b, p->bar ? " %llu" : ": %llu", (unsigned long long)done);
    if (total) xb_buf_printf(b, "/%llu", (unsigned long long)total);
    xb_buf_printf(b, " %s", p->unit);
    if (with_said && p->said[0]) xb_buf_printf(b, ", %s", p->said);
    xb_buf_printf(b, ", %.*f/s", rate < 10 ? 1 : 0, rate);
    if (!total || !(rate > 0) || done > total) return;
    xb_buf_str(b, ", ");
    add_time(b, (double)(total - done) / rate);
    xb_buf_str(b, " left");
}

static size_t columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80u;
}

/* "train [=====>    ] 1200/10000 images, loss 0.12, 431/s, 20 s left". Where that is too long, the bar gets shorter and
 * goes, then what was said, then the end. */
static void show(const xb_progress *p, uint64_t done, uint64_t total, double at)
{
    xb_buf b = {0}, figures = {0};
    size_t room = p->bar ? columns() - 1 : SIZE_MAX, name = strlen(p->what);
    add_figures(p, &figures, done, total, at, true);
    if (name + figures.len > room) {
        figures.len = 0;
        add_figures(p, &figures, done, total, at, false);
    }
    size_t taken = name + figures.len + BRACKETS, width = taken < room ? room - taken : 0;
    xb_buf_str(&b, p->what);
    if (p->bar && total && width >= LEAST_BAR)
        add_bar(&b, done < total ? (double)done / (double)total : 1, width < BAR ? width : BAR);
    xb_buf_add(&b, figures.data, figures.len);
    fprintf(stderr, p->bar ? "\r\033[K%.*s" : "%.*s\n", (int)(b.len < room ? b.len : room), b.data);
    if (p->bar) atomic_store(&bar_shown, true);
    fflush(stderr);
    xb_buf_free(&figures);
    xb_buf_free(&b);
}

void xb_progress_say(xb_progress *p, const char *format, ...)
{
    if (!p) return;
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&p->lock);
    vsnprintf(p->said, sizeof p->said, format, args);
    pthread_mutex_unlock(&p->lock);
    va_end(args);
}

void xb_progress_skip(xb_progress *p, uint64_t done)
{
    if (p) p->before = done;
}

void xb_progress_update(xb_progress *p, uint64_t done, uint64_t total)
{
    if (!p) return;
    double at = now();
    if (pthread_mutex_trylock(&p->lock) != 0) return;
    if (at >= p->next) {
        show(p, done, total, at);
        p->next = at + (p->bar ? bar_pause : line_pause);
    }
    pthread_mutex_unlock(&p->lock);
}

void xb_progress_end(xb_progress *p)
{
    if (!p) return;
    if (p->bar) {
        xb_progress_clear();
        fflush(stderr);
        xb_diags_before(NULL);
    }
    pthread_mutex_destroy(&p->lock);
    free(p->what);
    free(p->unit);
    free(p);
}
