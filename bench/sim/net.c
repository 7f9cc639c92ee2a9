/* usage: net MODEL.onnx NAME IMAGES ROUNDS [ROW...]: images per CPU second of a whole network on simulated chips, one
 * thread, and as shares of the float engine on the same images: medians, lowest and highest of rounds in which all take
 * turns. Set-up is what a chip costs before its first image, programming and wires included. A model of one channel
 * sees the built-in digits, others random numbers. */
#define XBARC_BUILTIN
#include "base/rng.h"
#include "hw/hw.h"
#include "nn/ref.h"
#include "onnx/onnx.h"
#include "sim/sim_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../plugins/lognormal.c"
#include "../../plugins/read-noise.c"

enum { ROUNDS_MAX = 101, CALIBRATE = 4, DEVICES = 2 };

typedef struct way {
    const char *name, *hw;
    size_t devices; /* of lognormal 0.1, read-noise 0.02 */
    bool wires, integer;
} way;

#define BITS "interface: {input_bits: 8, dac_bits: 8, adc_bits: 8}\n"
static const way ways[] = {
    {"ideal", "interface: {input_bits: 0, dac_bits: 0, adc_bits: 0}\n", 1, false, false},
    {"adc", BITS, 1, false, false},
    {"noise", BITS, 2, false, false},
    {"wires", BITS, 2, true, false},
    {"int8", BITS, 0, false, true},
};
enum { WAYS = sizeof ways / sizeof *ways };

typedef struct bench {
    xb_diags *d;
    xb_arena *a;
    xb_graph *g;
    xb_dataset *data;
    xb_input_map map;
    size_t images;
    xb_link link[DEVICES];
    float *out;
} bench;

typedef struct row {
    const way *way;
    xb_hw hw;
    xb_layout *layout;
    xb_chip_options options;
    xb_sim *sim;
    double set_up, rate[ROUNDS_MAX], ratio[ROUNDS_MAX];
} row;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const void *options_of(bench *b, const xb_device *device, const char *text)
{
    void *options = xb_arena_alloc(b->a, 1, device->options_size);
    xb_yaml *y = xb_yaml_parse(b->d, b->a, "options", text, strlen(text), NULL, NULL);
    if (!y || !xb_opts_read(b->d, b->a, device->name, device->options, y, options, device->options_size)) exit(1);
    return options;
}

/* Random images as an .npy file. */
static xb_dataset *random_images(bench *b, const xb_type *t)
{
    const char *folder = getenv("TMPDIR");
    char *path = xb_arena_printf(b->a, "%s/xbarc-sim-images.npy", folder ? folder : "/tmp");
    char head[128];
    int64_t item = t->dim[1] * t->dim[2] * t->dim[3];
    FILE *f = fopen(path, "wb");
    if (!f) return NULL;
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\1\0\x76", 10);
    int n = snprintf(head + 10, 117, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %lld, %lld, %lld), }",
                     b->images, (long long)t->dim[1], (long long)t->dim[2], (long long)t->dim[3]);
    head[10 + n] = ' ', head[127] = '\n';
    fwrite(head, 1, sizeof head, f);
    xb_rng r = xb_rng_at(1, XB_RNG_INIT, 0);
    for (int64_t i = 0; i < (int64_t)b->images * item; i++) {
        float v = (float)xb_rng_unit(&r);
        fwrite(&v, sizeof v, 1, f);
    }
    if (fclose(f)) return NULL;
    return xb_dataset_open(b->d, xb_arena_printf(b->a, "npy:%s", path), NULL);
}

static bool open_bench(bench *b, const char *model)
{
    b->d = xb_diags_new(stderr, XB_DIAG_TEXT, false), b->a = xb_arena_new();
    b->g = xb_onnx_read(b->d, model);
    if (!b->g || !xb_graph_infer(b->d, b->g, xb_ref_fold)) return false;
    const xb_value *in;
    xb_graph_inputs(b->g, &in);
    const xb_type *t = xb_graph_type(b->g, in[0]);
    bool digits = t->dim[1] == 1;
    b->map.scale = digits ? 1 / 256.0 : 1;
    b->data =
        digits ? xb_dataset_open(b->d, xb_arena_printf(b->a, "digits:%zu@1", b->images), NULL) : random_images(b, t);
    b->link[0] = (xb_link){&lognormal, options_of(b, &lognormal, "{sigma: 0.1}")};
    b->link[1] = (xb_link){&read_noise, options_of(b, &read_noise, "{sigma: 0.02}")};
    return b->data != NULL;
}

/* Whole batches of the usual size, or one of all images: no padding is computed. */
static xb_engine_options engine_of(const bench *b)
{
    return (xb_engine_options){.threads = 1, .micro_batch = b->images < 32 ? (int64_t)b->images : 32};
}

/* A chip that is ready for images. */
static bool open_row(bench *b, row *r, const way *k, int size)
{
    const char *text = xb_arena_printf(
        b->a, "xbarc: 1\n%scrossbar: {rows: %d, cols: %d, wire_r_row: %s, wire_r_col: %s, source: assumed}\n", k->hw,
        size, size, k->wires ? "1ohm" : "0ohm", k->wires ? "1ohm" : "0ohm");
    xb_yaml *y = xb_yaml_parse(b->d, b->a, "hw.yaml", text, strlen(text), NULL, NULL);
    *r = (row){.way = k};
    if (!y || !xb_hw_read(b->d, b->a, y, NULL, &r->hw)) return false;
    r->layout = xb_layout_plan(b->d, b->g, &r->hw);
    if (!xb_opts_read(b->d, b->a, "chip", xb_chip_option_table, NULL, &r->options, sizeof r->options)) return false;
    r->options.calibrate = CALIBRATE, r->options.ir_drop = k->wires;
    if (k->integer) r->options.weight_bits = 8;
    xb_simulation s = {.d = b->d,
                       .layout = r->layout,
                       .graph = b->g,
                       .chain = {b->link, k->devices},
                       .options = &r->options,
                       .seed = 1,
                       .data = b->data,
                       .map = &b->map,
                       .engine = engine_of(b)};
    r->sim = r->layout ? xb_sim_new(&s) : NULL;
    double start = cpu_seconds();
    bool ok = r->sim && xb_sim_build(r->sim, &r->sim->s.chain, 0) && xb_sim_engine(r->sim);
    r->set_up = cpu_seconds() - start;
    return ok;
}

static void close_row(row *r)
{
    xb_sim_free(r->sim);
    xb_layout_free(r->layout);
}

static double seconds(const bench *b, row *r, xb_engine *e)
{
    double start = cpu_seconds();
    if (!xb_sim_answers(r->sim, e, b->out)) exit(1);
    return cpu_seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, int size, row *r, int rounds)
{
    qsort(r->rate, (size_t)rounds, sizeof *r->rate, by_size);
    qsort(r->ratio, (size_t)rounds, sizeof *r->ratio, by_size);
    printf("%s\t%d\t%s\t%s\t%.1f\t%.3f\t%.3f\t%.3f\t%.3f\n", name, size, r->way->name, xb_product_kernel(),
           r->rate[rounds / 2], r->ratio[rounds / 2], r->ratio[0], r->ratio[rounds - 1], r->set_up);
    fflush(stdout);
}

/* Every round begins and ends with the float network; a row's share is of the mean of both. */
static void measure(bench *b, const char *name, int size, row *rows, size_t n, int rounds)
{
    const xb_engine_options o = engine_of(b);
    xb_engine *e = xb_engine_new(b->d, b->g, &o);
    if (!e) exit(1);
    for (size_t i = 0; i < n; i++) seconds(b, &rows[i], rows[i].sim->engine);
    double before = seconds(b, rows, e), taken[WAYS], plain[ROUNDS_MAX];
    before = seconds(b, rows, e);
    for (int k = 0; k < rounds; k++) {
        for (size_t i = 0; i < n; i++) taken[i] = seconds(b, &rows[i], rows[i].sim->engine);
        double after = seconds(b, rows, e), mean = (before + after) / 2;
        for (size_t i = 0; i < n; i++) {
            rows[i].rate[k] = (double)b->images / taken[i];
            rows[i].ratio[k] = mean / taken[i];
        }
        plain[k] = (double)b->images / mean;
        before = after;
    }
    qsort(plain, (size_t)rounds, sizeof *plain, by_size);
    printf("%s\t%d\tfloat\t%s\t%.1f\t1\t1\t1\t0\n", name, size, xb_engine_profile(), plain[rounds / 2]);
    for (size_t i = 0; i < n; i++) print(name, size, &rows[i], rounds);
    xb_engine_free(e);
}

static bool asked(int argc, char **argv, const char *name)
{
    bool found = argc <= 5;
    for (int i = 5; i < argc; i++) found |= !strcmp(argv[i], name);
    return found;
}

int main(int argc, char **argv)
{
    if (argc < 5) return fprintf(stderr, "usage: net MODEL.onnx NAME IMAGES ROUNDS [ROW...]\n"), 2;
    bench b = {.images = (size_t)atol(argv[3])};
    int rounds = atoi(argv[4]);
    if (rounds < 1 || rounds > ROUNDS_MAX || !open_bench(&b, argv[1])) return 1;
    for (int size = 64; size <= 128; size *= 2) {
        static row rows[WAYS];
        size_t n = 0;
        for (size_t i = 0; i < WAYS; i++)
            if (asked(argc, argv, ways[i].name) && !open_row(&b, &rows[n++], &ways[i], size)) return 1;
        if (!n) return 2;
        b.out = xb_calloc(b.images * rows[0].sim->classes, sizeof *b.out);
        measure(&b, argv[2], size, rows, n, rounds);
        for (size_t i = 0; i < n; i++) close_row(&rows[i]);
        free(b.out);
    }
    xb_dataset_free(b.data);
    xb_graph_free(b.g);
    xb_arena_free(b.a);
    xb_diags_free(b.d);
    return 0;
}
