/* progress.h: long work on stderr: a bar with rate and time left on a terminal, a line now and then in a pipe,
 * nothing when quiet or when done in under half a second. */
#ifndef XB_BASE_PROGRESS_H
#define XB_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <xbarc/abi.h>

typedef struct xb_progress xb_progress;
void xb_progress_quiet(bool quiet); /* process-wide, set once by the command line */
xb_progress *xb_progress_begin(const char *what, const char *unit); /* "evaluating", "images" */
void xb_progress_update(xb_progress *p, uint64_t done, uint64_t total); /* thread-safe; cheap to call often */
void xb_progress_say(xb_progress *p, const char *format, ...) XB_PRINTF(2, 3); /* shown from now on: "loss 0.12" */
void xb_progress_skip(xb_progress *p, uint64_t done); /* so much was done before this process: not in the rate */
void xb_progress_end(xb_progress *p); /* removes the bar; NULL is fine */

/* Process-wide: what begins from now on shows nothing; the one that is open speaks for it. */
void xb_progress_alone(bool on);

void xb_progress_clear(void); /* takes a bar off the terminal, before something is printed there */

/* Ctrl-C: installed by the command line; long loops ask. */
void xb_interrupt_install(void);
bool xb_interrupted(void);

#endif
