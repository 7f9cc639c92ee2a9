/* chain.c: segments of a row in batches, each through all devices; after each, are the cells still possible? */
#include "sim/chain.h"
#include "sim/irdrop.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* What a device sees, and what its numbers are drawn by. */
typedef struct batch {
    xb_cells cells;
    xb_draw_key key;
    uint32_t beyond; /* a draw that does not exist was asked for; 0: none was */
} batch;

static const char *const stage_names[] = {"program", "age", "read"};

/* False: a draw that does not exist, remembered for the diagnostic; the numbers are 0. */
static bool key_of(const xb_cells *c, uint32_t draw, xb_draw_key *key, float *out)
{
    batch *b = c->impl;
    *key = b->key;
    if (draw >= XB_DRAW_CELL) {
        key->stage = 3;
        key->conversion = 0;
    }
    if (draw < XB_DRAWS) return true;
    b->beyond = draw;
    memset(out, 0, c->n * sizeof *out);
    return false;
}

static void normal(const xb_cells *c, uint32_t draw, float *out)
{
    xb_draw_key key;
    if (key_of(c, draw, &key, out)) xb_draw_normal(&key, draw, c->n, out);
}

static void uniform(const xb_cells *c, uint32_t draw, float *out)
{
    xb_draw_key key;
    if (key_of(c, draw, &key, out)) xb_draw_uniform(&key, draw, c->n, out);
}

/* Cells [first, first + n) of the segment, n as many as fit; ends at a multiple of 4 columns where more follow. */
static void batch_at(batch *b, const xb_segment *s, xb_stage stage, size_t first)
{
    *b = (batch){.key = s->key};
    b->key.col += first;
    b->key.stage = stage;
    if (stage != XB_STAGE_READ) b->key.conversion = 0;
    size_t room = XB_CELLS_MOST - b->key.col % 4, left = s->n - first;
    b->cells = (xb_cells){.struct_size = sizeof b->cells,
                          .n = left < room ? left : room,
                          .g_min = s->g_min,
                          .g_max = s->g_max,
                          .time = s->time,
                          .normal = normal,
                          .uniform = uniform,
                          .impl = b};
}

typedef void stage_fn(const xb_cells *c, const void *options, float *v);

/* NULL: the link is of the other domain, or leaves this stage alone. */
static stage_fn *function_of(const xb_link *l, xb_domain domain, xb_stage stage)
{
    const xb_device *d = l->device;
    if (d->domain != domain) return NULL;
    return stage == XB_STAGE_PROGRAM ? d->program : stage == XB_STAGE_AGE ? d->age : d->read;
}

/* The first of n numbers outside least .. most, or NaN; n: none. */
static size_t first_bad(const float *v, size_t n, float least, float most)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) bad += !(v[i] >= least && v[i] <= most);
    if (!bad) return n;
    for (size_t i = 0;; i++)
        if (!(v[i] >= least && v[i] <= most)) return i;
}

static bool refuse(xb_diags *d, const xb_link *l, const xb_segment *s, const batch *b, size_t i, const char *what,
                   double value, const char *rule)
{
    return xb_error(d, "device", (.file = NULL), "device '%s': %s of layer '%s', row %llu, column %llu is %g: %s",
                    l->device->name, what, s->layer, (unsigned long long)b->key.row + 1,
                    (unsigned long long)(b->key.col + i + 1), value, rule);
}

static bool possible(xb_diags *d, const xb_link *l, const xb_segment *s, const batch *b, const char *what,
                     const float *v)
{
    bool weight = l->device->domain == XB_DOMAIN_WEIGHT;
    if (b->beyond)
        return xb_error(d, "device", (.file = NULL), "device '%s' asked for draw %u in %s, the last one is %d",
                        l->device->name, b->beyond, what, XB_DRAWS - 1);
    size_t i = weight ? first_bad(v, b->cells.n, -FLT_MAX, FLT_MAX)
                      : first_bad(v, b->cells.n, 0, (float)XB_IRDROP_MAX_SIEMENS);
    if (i == b->cells.n) return true;
    return refuse(d, l, s, b, i, what, (double)v[i],
                  weight ? "a weight must be finite" : "a conductance must be finite, not below 0 and at most 1e6 S");
}

bool xb_chain_check(xb_diags *d, const xb_chain *c)
{
    if (c->n > XB_DRAW_SLOTS)
        return xb_error(d, "device", (.file = NULL), "a chain has %zu devices, at most %d", c->n, XB_DRAW_SLOTS);
    for (size_t i = 1; i < c->n; i++) {
        const xb_device *before = c->link[i - 1].device, *device = c->link[i].device;
        if (device->domain == XB_DOMAIN_WEIGHT && before->domain == XB_DOMAIN_CONDUCTANCE)
            return xb_error(d, "device", (.file = NULL),
                            "device '%s' changes weights, which is done before '%s' changes conductances: put it first",
                            device->name, before->name);
    }
    return true;
}

bool xb_chain_has(const xb_chain *c, xb_domain domain, xb_stage stage)
{
    for (size_t i = 0; i < c->n; i++)
        if (function_of(&c->link[i], domain, stage)) return true;
    return false;
}

static bool run_batch(xb_diags *d, const xb_chain *c, xb_domain domain, xb_stage stage, const xb_segment *s, batch *b,
                      float *v)
{
    for (size_t i = 0; i < c->n; i++) {
        stage_fn *change = function_of(&c->link[i], domain, stage);
        if (!change) continue;
        b->key.slot = (uint32_t)i;
        change(&b->cells, c->link[i].options, v);
        if (!possible(d, &c->link[i], s, b, stage_names[stage], v)) return false;
    }
    return true;
}

bool xb_chain_run(xb_diags *d, const xb_chain *c, xb_domain domain, xb_stage stage, const xb_segment *s, float *v)
{
    batch b;
    if (!xb_chain_has(c, domain, stage)) return true;
    for (size_t done = 0; done < s->n; done += b.cells.n) {
        batch_at(&b, s, stage, done);
        if (!run_batch(d, c, domain, stage, s, &b, v + done)) return false;
    }
    return true;
}

double xb_chain_stuck(const xb_chain *c)
{
    double free = 1;
    for (size_t i = 0; i < c->n; i++)
        if (c->link[i].device->stuck) free *= 1 - c->link[i].device->stuck(c->link[i].options);
    return 1 - free;
}

double xb_chain_spread(const xb_chain *c)
{
    double square = 0;
    bool any = false;
    for (size_t i = 0; i < c->n; i++) {
        const xb_device *device = c->link[i].device;
        if (!device->spread) continue;
        double one = device->spread(c->link[i].options);
        square += one * one;
        any = true;
    }
    return any ? sqrt(square) : -1;
}

int64_t xb_chain_levels(const xb_chain *c)
{
    int64_t fewest = 0;
    for (size_t i = 0; i < c->n; i++) {
        const xb_device *device = c->link[i].device;
        int64_t n = device->levels ? device->levels(c->link[i].options) : 0;
        if (n > 1 && (!fewest || n < fewest)) fewest = n;
    }
    return fewest;
}

const xb_device *xb_chain_momentless(const xb_chain *c, xb_domain domain)
{
    for (size_t i = 0; i < c->n; i++)
        if (function_of(&c->link[i], domain, XB_STAGE_READ) && !c->link[i].device->read_moments)
            return c->link[i].device;
    return NULL;
}

/* One device's moments at `mean`, which becomes its own; its variance is added. */
static bool add_moments(xb_diags *d, const xb_link *l, const xb_segment *s, batch *b, float *mean, float *variance)
{
    float at[XB_CELLS_MOST], more[XB_CELLS_MOST];
    size_t n = b->cells.n;
    memcpy(at, mean, n * sizeof *at);
    l->device->read_moments(&b->cells, l->options, at, mean, more);
    if (!possible(d, l, s, b, "mean of read", mean)) return false;
    size_t bad = first_bad(more, n, 0, FLT_MAX);
    if (bad < n)
        return refuse(d, l, s, b, bad, "variance of read", (double)more[bad], "it must be finite and not below 0");
    for (size_t i = 0; i < n; i++) variance[i] += more[i];
    return true;
}

bool xb_chain_read_moments(xb_diags *d, const xb_chain *c, xb_domain domain, const xb_segment *s, const float *v,
                           float *mean, float *variance)
{
    batch b;
    for (size_t done = 0; done < s->n; done += b.cells.n) {
        float m[XB_CELLS_MOST], sum[XB_CELLS_MOST] = {0};
        batch_at(&b, s, XB_STAGE_READ, done);
        memcpy(m, v + done, b.cells.n * sizeof *m);
        for (size_t i = 0; i < c->n; i++) {
            if (!function_of(&c->link[i], domain, XB_STAGE_READ)) continue;
            b.key.slot = (uint32_t)i;
            if (!add_moments(d, &c->link[i], s, &b, m, sum)) return false;
        }
        memcpy(mean + done, m, b.cells.n * sizeof *m);
        memcpy(variance + done, sum, b.cells.n * sizeof *sum);
    }
    return true;
}
