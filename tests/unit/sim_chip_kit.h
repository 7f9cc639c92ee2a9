/* sim_chip_kit.h: small networks on simulated chips. */
#ifndef SIM_CHIP_KIT_H
#define SIM_CHIP_KIT_H

#include "hw/hw.h"
#include "nn_kit.h"
#include "sim/sim.h"

typedef struct chip_net {
    net n;
    xb_arena *a;
    xb_hw hw;
    xb_layout *l;
    xb_dataset *data;
    xb_input_map map;
    xb_chip_options o;
    xb_link link[8];
    size_t links;
    uint64_t seed;
    size_t count;
    int threads;
    xb_sim *sim;
} chip_net;

/* Ideal converters and pairs, arrays of 64 x 64, unless `hw` (YAML of a hardware file) says otherwise. */
#define KIT_IDEAL "interface: {input_bits: 0, dac_bits: 0, adc_bits: 0}\n"
#define KIT_ARRAYS(r, c) "crossbar: {rows: " #r ", cols: " #c "}\n"

static inline void kit_layout(chip_net *k, const char *hw)
{
    xb_buf text = {0};
    xb_buf_printf(&text, "xbarc: 1\n%s", hw);
    xb_yaml *y = xb_yaml_parse(k->n.d, k->a, "hw.yaml", text.data, text.len, NULL, NULL);
    ck_assert_msg(y && xb_hw_read(k->n.d, k->a, y, NULL, &k->hw), "%s", xb_diags_text(k->n.d));
    xb_buf_free(&text);
    net_infer(&k->n);
    k->l = xb_layout_plan(k->n.d, k->n.g, &k->hw);
    ck_assert_msg(k->l != NULL, "%s", xb_diags_text(k->n.d));
}

static inline chip_net kit_new(void)
{
    chip_net k = {
        .n = net_new(3), .a = xb_arena_new(), .count = 40, .threads = 1, .seed = 11, .map = {.scale = 1 / 255.0}};
    k.data = xb_dataset_open(k.n.d, "digits:60@5", NULL);
    ck_assert(k.data != NULL && xb_opts_read(k.n.d, k.a, "chip", xb_chip_option_table, NULL, &k.o, sizeof k.o));
    k.o.percentile = 1;
    k.o.calibrate = 20;
    return k;
}

static inline void kit_free(chip_net *k)
{
    xb_sim_free(k->sim);
    xb_layout_free(k->l);
    xb_dataset_free(k->data);
    xb_arena_free(k->a);
    net_free(&k->n);
}

/* Two convolutions and two dense layers on digits; negative inputs reach the second convolution and both dense ones
 * when `relu` is false. */
static inline void kit_convnet(chip_net *k, bool relu)
{
    xb_value x = net_input(&k->n, "x", DIMS(k->n.batch, 1, 28, 28));
    x = net_conv(&k->n, x, 1, 6, 5, 2, 1, 1);
    if (relu) x = net_op(&k->n, "Relu", IN(x));
    x = net_conv(&k->n, x, 6, 8, 3, 2, 0, 2);
    if (relu) x = net_op(&k->n, "Relu", IN(x));
    x = net_op(&k->n, "Flatten", IN(x));
    x = net_dense(&k->n, x, 8 * 6 * 6, 20);
    if (relu) x = net_op(&k->n, "Relu", IN(x));
    xb_graph_add_output(k->n.g, net_dense(&k->n, x, 20, 10));
}

static inline xb_sim *kit_open(chip_net *k)
{
    xb_sim_free(k->sim);
    xb_simulation s = {.d = k->n.d,
                       .layout = k->l,
                       .graph = k->n.g,
                       .chain = {k->link, k->links},
                       .options = &k->o,
                       .seed = k->seed,
                       .data = k->data,
                       .count = k->count,
                       .map = &k->map,
                       .engine = {.threads = k->threads, .micro_batch = 16}};
    k->sim = xb_sim_new(&s);
    return k->sim;
}

static inline xb_sim *kit_sim(chip_net *k)
{
    kit_open(k);
    ck_assert_msg(k->sim != NULL, "%s", xb_diags_text(k->n.d));
    return k->sim;
}

static inline void kit_run(chip_net *k, uint64_t first, size_t n, xb_trial *rows)
{
    bool ok = xb_sim_run(k->sim, first, n, rows);
    ck_assert_msg(ok, "%s", xb_diags_text(k->n.d));
}

/* y = x W of the float matrix, group 0. */
static inline void kit_exact(const chip_net *k, size_t layer, const float *x, float *y)
{
    const xb_matrix *m;
    xb_layout_matrices(k->l, &m);
    m += layer;
    const float *w = xb_graph_data(k->n.g, m->weight);
    for (int64_t c = 0; c < m->cols; c++) {
        double sum = 0;
        for (int64_t r = 0; r < m->rows; r++) sum += (double)x[r] * (double)w[r * m->row_stride + c * m->col_stride];
        y[c] = (float)sum;
    }
}

static inline void kit_vector(float *x, size_t n, double lo, double hi)
{
    xb_rng r = xb_rng_at(21, XB_RNG_INIT, 1);
    for (size_t i = 0; i < n; i++) x[i] = (float)xb_rng_between(&r, lo, hi);
}

static inline const char *kit_name(const chip_net *k, size_t layer)
{
    const xb_matrix *m;
    xb_layout_matrices(k->l, &m);
    return m[layer].name;
}

/* Largest |difference| of two vectors. */
static inline double kit_off(const float *a, const float *b, size_t n)
{
    double off = 0;
    for (size_t i = 0; i < n; i++) {
        double e = fabs((double)a[i] - (double)b[i]);
        if (!(e <= off)) off = e;
    }
    return off;
}

/* ---- devices for tests ---- */

static inline void kit_lognormal(const xb_cells *c, const void *options, float *v)
{
    float *theta = xb_calloc(c->n, sizeof *theta);
    c->normal(c, 0, theta);
    for (size_t i = 0; i < c->n; i++)
        v[i] = (float)((double)v[i] * exp((double)*(const float *)options * (double)theta[i]));
    free(theta);
}

static inline void kit_read_moments(const xb_cells *c, const void *options, const float *v, float *mean,
                                    float *variance)
{
    float s = *(const float *)options;
    for (size_t i = 0; i < c->n; i++) {
        mean[i] = v[i];
        variance[i] = s * s * v[i] * v[i];
    }
}

static inline void kit_read(const xb_cells *c, const void *options, float *v)
{
    float *theta = xb_calloc(c->n, sizeof *theta);
    c->normal(c, 0, theta);
    for (size_t i = 0; i < c->n; i++) v[i] *= 1 + *(const float *)options * theta[i];
    free(theta);
}

/* Adds sigma w_max N(0,1) to weights. */
static inline void kit_additive(const xb_cells *c, const void *options, float *v)
{
    float *theta = xb_calloc(c->n, sizeof *theta);
    c->normal(c, 0, theta);
    for (size_t i = 0; i < c->n; i++) v[i] += *(const float *)options * (float)c->g_max * theta[i];
    free(theta);
}

/* A share of the devices is off. */
static inline void kit_stuck_off(const xb_cells *c, const void *options, float *v)
{
    float *u = xb_calloc(c->n, sizeof *u);
    c->uniform(c, 0, u);
    for (size_t i = 0; i < c->n; i++)
        if (u[i] < *(const float *)options) v[i] = (float)c->g_min;
    free(u);
}

static const xb_device kit_lognormal_device = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "lognormal",
                                               .program = kit_lognormal};
static const xb_device kit_read_device = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "read", .read = kit_read,
                                          .read_moments = kit_read_moments};
static const xb_device kit_sampled_device = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "sampled", .read = kit_read};
static const xb_device kit_additive_device = {sizeof(xb_device), XB_DOMAIN_WEIGHT, "additive", .program = kit_additive};
static const xb_device kit_stuck_device = {sizeof(xb_device), XB_DOMAIN_CONDUCTANCE, "stuck", .program = kit_stuck_off};

static inline void kit_device(chip_net *k, const xb_device *device, const float *option)
{
    k->link[k->links++] = (xb_link){device, option};
}

#endif
