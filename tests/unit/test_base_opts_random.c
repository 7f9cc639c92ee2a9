/* Random structures of options: print, read, print. */
#include "base/rng.h"
#include "base_opts_kit.h"
#include "suite.h"
#include <math.h>

static const char *random_text(xb_rng *r, xb_arena *a)
{
    static const char *const parts[] = {"fc",   "1",  " ", ":", "#", "null", "\"", "\\", "\n", "${X}",
                                        "true", "0x", "{", "]", ",", "'",    "-",  "*",  "\t", "\xc3\xa9"};
    xb_buf b = {0};
    for (uint32_t n = xb_rng_below(r, 4); n; n--) xb_buf_str(&b, parts[xb_rng_below(r, sizeof parts / sizeof *parts)]);
    const char *s = xb_arena_strdup(a, xb_buf_cstr(&b));
    xb_buf_free(&b);
    return s;
}

static double random_real(xb_rng *r)
{
    if (xb_rng_below(r, 8) == 0) return 0;
    return xb_rng_between(r, 1, 10) * pow(10, (double)xb_rng_below(r, 40) - 20) * (xb_rng_below(r, 2) ? 1 : -1);
}

static xb_list random_list(xb_rng *r, xb_arena *a, size_t size)
{
    size_t n = xb_rng_below(r, 4);
    return (xb_list){n ? xb_arena_alloc(a, n, size) : NULL, n};
}

static all random_all(xb_rng *r, xb_arena *a)
{
    all v;
    memset(&v, 0, sizeof v);
    v.flag = xb_rng_below(r, 2), v.count = 1 + xb_rng_below(r, 1000), v.epsilon = xb_rng_unit(r);
    v.time = fabs(random_real(r)), v.share = random_real(r), v.method = (int)xb_rng_below(r, 2);
    v.text = xb_rng_below(r, 3) ? random_text(r, a) : NULL;
    v.label = random_text(r, a);
    v.path = xb_rng_below(r, 3) ? xb_arena_printf(a, "/%s", random_text(r, a)) : NULL;
    v.ints = random_list(r, a, sizeof(int64_t));
    for (size_t i = 0; i < v.ints.n; i++) ((int64_t *)v.ints.data)[i] = (int64_t)xb_rng_below(r, 100) - 9;
    v.names = random_list(r, a, sizeof(char *));
    for (size_t i = 0; i < v.names.n; i++) ((const char **)v.names.data)[i] = random_text(r, a);
    v.flags = random_list(r, a, sizeof(bool));
    for (size_t i = 0; i < v.flags.n; i++) ((bool *)v.flags.data)[i] = xb_rng_below(r, 2);
    v.points = random_list(r, a, sizeof(point));
    for (size_t i = 0; i < v.points.n; i++) ((point *)v.points.data)[i] = (point){random_real(r), random_real(r)};
    v.layers = random_list(r, a, sizeof(xb_map_item));
    for (size_t i = 0; i < v.layers.n; i++) {
        point *q = xb_arena_alloc(a, 1, sizeof *q);
        *q = (point){random_real(r), random_real(r)};
        ((xb_map_item *)v.layers.data)[i] = (xb_map_item){xb_arena_printf(a, "%zu%s", i, random_text(r, a)), q};
    }
    v.times = random_list(r, a, sizeof(double));
    for (size_t i = 0; i < v.times.n; i++) ((double *)v.times.data)[i] = random_real(r);
    v.methods = random_list(r, a, sizeof(int));
    for (size_t i = 0; i < v.methods.n; i++) ((int *)v.methods.data)[i] = (int)xb_rng_below(r, 2);
    v.origin = (point){random_real(r), random_real(r)};
    return v;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void same_bytes(xb_list a, xb_list b, size_t size)
{
    ck_assert_uint_eq(a.n, b.n);
    if (a.n) ck_assert_mem_eq(a.data, b.data, a.n * size);
}

static void same(const all *a, const all *b)
{
    ck_assert(a->flag == b->flag && a->count == b->count && a->epsilon == b->epsilon && a->time == b->time &&
              a->share == b->share && a->method == b->method);
    ck_assert(same_text(a->text, b->text) && same_text(a->label, b->label) && same_text(a->path, b->path));
    same_bytes(a->ints, b->ints, sizeof(int64_t));
    same_bytes(a->flags, b->flags, sizeof(bool));
    same_bytes(a->points, b->points, sizeof(point));
    same_bytes(a->times, b->times, sizeof(double));
    same_bytes(a->methods, b->methods, sizeof(int));
    ck_assert(a->origin.x == b->origin.x && a->origin.y == b->origin.y && a->names.n == b->names.n &&
              a->layers.n == b->layers.n);
    for (size_t i = 0; i < a->names.n; i++)
        ck_assert(same_text(((const char **)a->names.data)[i], ((const char **)b->names.data)[i]));
    for (size_t i = 0; i < a->layers.n; i++) {
        const xb_map_item *x = a->layers.data, *y = b->layers.data;
        ck_assert(same_text(x[i].key, y[i].key) && memcmp(x[i].value, y[i].value, sizeof(point)) == 0);
    }
}

START_TEST(random_structures_read_back)
{
    xb_rng r = xb_rng_at(3, XB_RNG_INIT, 0);
    for (int round = 0; round < 1500; round++) {
        xb_arena *a = xb_arena_new();
        all v = random_all(&r, a);
        for (int block = 0; block < 2; block++) {
            xb_buf text = {0}, again = {0};
            if (block) xb_buf_str(&text, "root:\n");
            block ? xb_opts_print_block(&text, all_options, &v, 4) : xb_opts_print(&text, all_options, &v);
            xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
            xb_yaml *y = xb_yaml_parse(d, a, "f", text.data, text.len, five, NULL);
            all back;
            bool ok = y && xb_opts_read(d, a, "pass", all_options, block ? y->item[0] : y, &back, sizeof back);
            ck_assert_msg(ok, "%s\n%s", text.data, xb_diags_text(d));
            same(&v, &back);
            if (block) xb_buf_str(&again, "root:\n");
            block ? xb_opts_print_block(&again, all_options, &back, 4) : xb_opts_print(&again, all_options, &back);
            ck_assert_str_eq(text.data, again.data);
            xb_diags_free(d);
            xb_buf_free(&text);
            xb_buf_free(&again);
        }
        xb_arena_free(a);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("random");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, random_structures_read_back);
    return run_case("base/opts_random", c);
}
