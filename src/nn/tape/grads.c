/* grads.c: the gradients of a shard, and their sums over shards. */
#include "nn/tape/run.h"

#include <stdlib.h>
#include <string.h>

xb_grads *xb_grads_new(const xb_tape *t)
{
    xb_grads *g = xb_calloc(1, sizeof *g);
    g->t = t;
    g->memory = xb_tape_memory(t->bytes[XB_IN_GRADS]);
    g->stats = xb_calloc(t->stats + 1, sizeof *g->stats);
    return g;
}

void xb_grads_free(xb_grads *g)
{
    if (!g) return;
    free(g->memory);
    free(g->stats);
    free(g);
}

/* In runs of eight, which compilers turn into vectors. */
void xb_tape_add(float *restrict to, const float *restrict more, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) to[i + k] += more[i + k];
    for (; i < n; i++) to[i] += more[i];
}

bool xb_grads_sum(xb_packed *p, size_t i, xb_grads *const *shards, size_t n, float *out)
{
    const xb_tape *t = shards[0]->t;
    const xb_tape_param *v = &t->param[i];
    if (v->place < 0) {
        memset(out, 0, v->n * sizeof *out);
        return true;
    }
    const xb_place *where = &t->place.data[v->place];
    float *sum = (float *)(void *)(shards[0]->memory + where->offset);
    for (size_t s = 1; s < n; s++)
        xb_tape_add(sum, (const float *)(const void *)(shards[s]->memory + where->offset), where->bytes / sizeof *sum);
    return xb_packed_unpack(p, i, sum, out);
}

size_t xb_tape_norms(const xb_tape *t)
{
    return t->norm.n;
}

xb_op xb_tape_norm(const xb_tape *t, size_t i, size_t *channels, size_t *count)
{
    const xb_tape_norm_stat *s = &t->norm.data[i];
    if (channels) *channels = s->channels;
    if (count) *count = s->count;
    return s->op;
}

/* Shards are of one size: mean = average of the means m_s; variance = average of v_s + (m_s - mean)^2. */
void xb_grads_norm(const xb_tape *t, size_t i, xb_grads *const *shards, size_t n, float *mean, float *variance)
{
    const xb_tape_norm_stat *s = &t->norm.data[i];
    for (size_t c = 0; c < s->channels; c++) {
        double m = 0, v = 0;
        for (size_t k = 0; k < n; k++) m += (double)shards[k]->stats[s->offset + c];
        m /= (double)n;
        for (size_t k = 0; k < n; k++) {
            const float *stat = shards[k]->stats + s->offset + c;
            double off = (double)stat[0] - m;
            v += (double)stat[s->channels] + off * off;
        }
        mean[c] = (float)m;
        variance[c] = (float)(v / (double)n);
    }
}
