/* The counter of device.h, number by number: vectors from a Philox written apart; any cut of a row gives the same. */
#include "base/rng.h"
#include "sim/draw.h"
#include "suite.h"
#include <Random123/philox.h>
#include <math.h>
#include <string.h>

typedef struct vector {
    xb_draw_key key;
    uint32_t draw, word[4];
    double normal[4];
} vector;

static vector vectors[] = {{{.seed = 7},
                            0,
                            {0xdb3cff1e, 0x7632e944, 0xb024fe54, 0x6476e88a},
                            {-0.5407764083170843, 0.13265566950142985, -0.6746500205136238, 0.5409184887352552}},
                           {{.seed = 0x123456789abcdef0,
                             .trial = 19,
                             .slot = 3,
                             .stage = 2,
                             .polarity = 1,
                             .slice = 4,
                             .group = 9,
                             .row = 700,
                             .col = 100,
                             .conversion = 123456},
                            17,
                            {0x3a24e679, 0x4ea1e4, 0x86fdf19e, 0x4bdb8663},
                            {1.7217247599038301, 0.01297996084393204, -0.3246219818694792, 1.0837642253421673}},
                           {{.seed = 0x123456789abcdef0,
                             .trial = 19,
                             .slot = 63,
                             .stage = 1,
                             .polarity = 1,
                             .slice = 31,
                             .group = 1000,
                             .row = 70000,
                             .col = 300000,
                             .conversion = ((uint64_t)5 << 32) + 77},
                            63,
                            {0x5c234054, 0x82ec9970, 0xc2d843cc, 0xd0eb28d7},
                            {-1.4259301635147554, -0.1025166122953021, 0.29807572142807276, -0.6760911355734586}}};

START_TEST(vectors_of_the_counter)
{
    static const char *const layer[] = {"fc1", "conv1", "conv1"};
    for (size_t i = 0; i < 3; i++) {
        vector *v = &vectors[i];
        uint32_t w[4];
        float u[4], z[4];
        v->key.layer = xb_draw_layer(layer[i]);
        xb_draw_words(&v->key, v->draw, 4, w);
        xb_draw_uniform(&v->key, v->draw, 4, u);
        xb_draw_normal(&v->key, v->draw, 4, z);
        for (int k = 0; k < 4; k++) {
            ck_assert_uint_eq(w[k], v->word[k]);
            ck_assert(u[k] == (float)((v->word[k] + 0.5) * 0x1p-32));
            ck_assert(z[k] == (float)v->normal[k]);
        }
    }
}
END_TEST

START_TEST(names_are_hashed_by_fnv_1a)
{
    ck_assert_uint_eq(xb_draw_layer(""), 0x811c9dc5);
    ck_assert_uint_eq(xb_draw_layer("a"), 0xe40c292c);
    ck_assert_uint_eq(xb_draw_layer("foobar"), 0xbf9cf968);
}
END_TEST

/* The lanes' rounds against Random123's, over more blocks than one piece holds. */
START_TEST(blocks_are_those_of_random123)
{
    xb_draw_key key = {.seed = 0xfedcba9876543210, .trial = 3, .layer = 0xdeadbeef, .row = 11};
    uint32_t w[4 * 300];
    xb_draw_words(&key, 5, 4 * 300, w);
    for (uint32_t i = 0; i < 300; i++) {
        philox4x32_ctr_t c = {{3, (uint32_t)XB_RNG_CHIP << 28 | 5, 0xdeadbeef, 11u << 16 | i}};
        philox4x32_key_t k = {{0x76543210, 0xfedcba98}};
        c = philox4x32_R(10, c, k);
        ck_assert(memcmp(w + 4 * i, c.v, sizeof c.v) == 0);
    }
}
END_TEST

enum { N = 1037 };

START_TEST(any_cut_of_a_row_gives_the_same)
{
    static const size_t cuts[] = {1, 2, 3, 5, 7, 64, 255, 256, 257, 1036};
    xb_draw_key key = {.seed = 1, .layer = 2, .row = 3, .col = 262001}; /* its blocks cross 2^16 */
    float z[N], u[N], part[N];
    xb_draw_normal(&key, 0, N, z);
    xb_draw_uniform(&key, 0, N, u);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        for (int uniform = 0; uniform < 2; uniform++) {
            for (size_t at = 0; at < N; at += cuts[i]) {
                xb_draw_key k = key;
                size_t n = N - at < cuts[i] ? N - at : cuts[i];
                k.col += at;
                (uniform ? xb_draw_uniform : xb_draw_normal)(&k, 0, n, part + at);
            }
            ck_assert_msg(memcmp(part, uniform ? u : z, sizeof part) == 0, "cut %zu", cuts[i]);
        }
}
END_TEST

/* Every part of a key matters: no two of these blocks are the same. */
START_TEST(each_coordinate_gives_other_numbers)
{
    const xb_draw_key base = {.seed = 1, .layer = 9};
    xb_draw_key k[20];
    uint32_t w[20][4];
    for (int i = 0; i < 20; i++) k[i] = base;
    k[1].seed = 2, k[2].seed = 1 + ((uint64_t)1 << 32), k[3].trial = 1, k[4].layer = 8, k[5].slot = 1, k[6].slot = 32;
    k[7].stage = 1, k[8].stage = 2, k[9].polarity = 1, k[10].slice = 1, k[11].slice = 16, k[12].group = 1;
    k[13].group = 256, k[14].row = 1, k[15].row = 1 << 16, k[16].col = 4, k[17].col = 1 << 18, k[18].conversion = 1;
    k[19].row = 1 << 16, k[19].col = 1 << 18;
    for (int i = 0; i < 20; i++) {
        xb_draw_words(&k[i], 0, 4, w[i]);
        for (int j = 0; j < i; j++) ck_assert_msg(memcmp(w[i], w[j], sizeof *w) != 0, "%d is %d", i, j);
    }
}
END_TEST

/* Words next to 0 and to 2^32; the uniform of the latter would be rounded to 1. */
START_TEST(uniforms_are_inside)
{
    static const struct {
        uint64_t row, col;
        uint32_t word;
        float u;
    } rare[] = {{5238, 1755, 3, 3.5f * 0x1p-32f}, {5416, 191, 0xffffffab, 1 - 0x1p-24f}};
    for (int i = 0; i < 2; i++) {
        xb_draw_key key = {.seed = 1, .row = rare[i].row, .col = rare[i].col};
        uint32_t w;
        float u;
        xb_draw_words(&key, 0, 1, &w);
        xb_draw_uniform(&key, 0, 1, &u);
        ck_assert_uint_eq(w, rare[i].word);
        ck_assert(u == rare[i].u);
    }
}
END_TEST

/* Normals are right to a unit in the last place; mean 0, variance 1, kurtosis 3 within three standard errors. */
START_TEST(a_million_normals)
{
    enum { ROWS = 1000, COLS = 1000 };
    static float z[COLS], u[COLS];
    static uint32_t w[COLS];
    double sum = 0, square = 0, fourth = 0, n = (double)ROWS * COLS, below = 0;
    xb_draw_key key = {.seed = 5, .layer = 6};
    for (key.row = 0; key.row < ROWS; key.row++) {
        xb_draw_normal(&key, 0, COLS, z);
        xb_draw_uniform(&key, 0, COLS, u);
        xb_draw_words(&key, 0, COLS, w);
        for (int i = 0; i < COLS; i++) {
            double a = (w[i & ~1] + 0.5) * 0x1p-32, b = (w[i | 1] + 0.5) * 0x1p-32;
            double exact = sqrt(-2 * log(a)) * (i & 1 ? sin(2 * M_PI * b) : cos(2 * M_PI * b)), d = (double)z[i];
            ck_assert(fabs(d - exact) <= 0x1p-23 * fabs(exact) + 1e-15);
            ck_assert(u[i] > 0 && u[i] < 1);
            sum += d, square += d * d, fourth += d * d * d * d;
            below += u[i] < 0.1f;
        }
    }
    ck_assert_double_lt(fabs(sum / n), 3 / sqrt(n));
    ck_assert_double_lt(fabs(square / n - 1), 3 * sqrt(2 / n));
    ck_assert_double_lt(fabs(fourth / n - 3), 3 * sqrt(96 / n));
    ck_assert_double_lt(fabs(below / n - 0.1), 3 * sqrt(0.09 / n));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("draw");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, vectors_of_the_counter);
    tcase_add_test(t, names_are_hashed_by_fnv_1a);
    tcase_add_test(t, blocks_are_those_of_random123);
    tcase_add_test(t, any_cut_of_a_row_gives_the_same);
    tcase_add_test(t, each_coordinate_gives_other_numbers);
    tcase_add_test(t, uniforms_are_inside);
    tcase_add_test(t, a_million_normals);
    return run_case("sim_draw", t);
}
