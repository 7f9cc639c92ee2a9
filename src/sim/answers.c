/* answers.c: what a network answers to the items that are measured on. */
#include "base/progress.h"
#include "sim/sim_private.h"

#include <string.h>

typedef struct stream {
    const xb_sim *sim;
    float *out;
} stream;

static bool fill(void *context, int worker, size_t first, size_t count, float *in)
{
    (void)worker;
    const xb_sim *sim = ((stream *)context)->sim;
    size_t item = xb_dataset_item(sim->s.data);
    for (size_t i = 0; i < count; i++) xb_dataset_get(sim->s.data, sim->s.first + first + i, sim->s.map, in + i * item);
    return !xb_interrupted();
}

static bool take(void *context, int worker, size_t first, size_t count, const float *out, const xb_type *type)
{
    (void)worker;
    (void)type;
    stream *s = context;
    memcpy(s->out + first * s->sim->classes, out, count * s->sim->classes * sizeof *out);
    return true;
}

bool xb_sim_answers(xb_sim *sim, xb_engine *e, float *out)
{
    stream s = {.sim = sim, .out = out};
    if (xb_engine_stream(e, sim->count, fill, take, &s)) return true;
    if (xb_interrupted())
        xb_error(sim->s.d, "interrupted", (.file = xb_graph_file(sim->s.graph)), "simulation was interrupted");
    return false;
}
