#include "base/out.h"
#include "base/progress.h"
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

/* The first Ctrl-C asks long loops to stop; the second ends at once. */
static void on_interrupt(int number)
{
    (void)number;
    if (asked) {
        xb_out_abandon_all();
        _exit(130);
    }
    asked = 1;
}

/* Being ended from outside: nothing half-written stays, and the parent sees the signal. */
static void on_end(int number)
{
    xb_out_abandon_all();
    signal(number, SIG_DFL);
    raise(number);
}

/* A mapped file lost its end while it was read: a page of it cannot be had, and there is nothing to go back to. */
static void on_bus_fault(int number)
{
    static const char text[] = "xbarc: error: a file was cut short while it was read [io]\n";
    (void)number;
    xb_out_abandon_all();
    ssize_t said = write(STDERR_FILENO, text, sizeof text - 1);
    (void)said;
    _exit(1);
}

void xb_interrupt_install(void)
{
    struct sigaction act = {.sa_handler = on_interrupt}; /* no SA_RESTART: blocking calls return */
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    act.sa_handler = on_end;
    sigaction(SIGTERM, &act, NULL);
    struct sigaction hup;
    if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN) sigaction(SIGHUP, &act, NULL); /* nohup */
    act.sa_handler = on_bus_fault;
    sigaction(SIGBUS, &act, NULL);
    act.sa_handler = SIG_IGN; /* a file size limit, a reader that left: then a failed write, which is diagnosed */
    sigaction(SIGXFSZ, &act, NULL);
    sigaction(SIGPIPE, &act, NULL);
}

bool xb_interrupted(void)
{
    return asked != 0;
}
