#include "data/digits.h"
#include "base/par.h"
#include "base/rng.h"
#include "data/strokes.h"
#include <math.h>
#include <string.h>

/* No fused multiply-add: its bytes would differ from machine to machine. */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif

enum { SIDE = XB_DIGITS_SIDE, PIXELS = XB_DIGITS_PIXELS, STEPS = 6, PATH = XB_STROKE_POINTS * STEPS + 1, FIELD = 4 };

typedef struct point {
    double x, y;
} point;

/* How hard the set is. Lengths are parts of the digit's box unless they say pixels. */
static const double point_jitter = 0.028, field_jitter = 0.06;
static const double haste_low = 0.8, haste_high = 2.6;                                  /* times both jitters */
static const double width_low = 11, width_high = 19, height_low = 16, height_high = 22; /* pixels */
static const double slant_low = -0.3, slant_high = 0.5, turn = 0.15 /* tangent of half the angle */, shift = 3;
static const double pen_low = 0.75, pen_high = 1.75, pen_change = 0.25; /* pixels: half the line's width */

/* A bell over (-1, 1) with standard deviation 0.41: the sum of two uniform numbers. */
static double bell(xb_rng *r)
{
    double a = xb_rng_unit(r), b = xb_rng_unit(r);
    return a + b - 1;
}

/* The hand of one writer at one moment: where the box goes on the paper, and a smooth field that bends it. */
typedef struct hand {
    double a, b, c, d, x, y; /* paper = (a b; c d) * (box - 1/2) + (x, y), pixels */
    point field[FIELD][FIELD];
    double haste;        /* most writers are careful, a few are not */
    double pen, pen_end; /* half the width at the start and the end of a stroke */
} hand;

static hand make_hand(xb_rng *r)
{
    hand h;
    double u = xb_rng_unit(r), u2 = u * u, u4 = u2 * u2;
    h.haste = haste_low + (haste_high - haste_low) * u4 * u4;
    double w = xb_rng_between(r, width_low, width_high), t = xb_rng_between(r, height_low, height_high);
    double slant = xb_rng_between(r, slant_low, slant_high), half = turn * bell(r);
    double cosine = (1 - half * half) / (1 + half * half), sine = 2 * half / (1 + half * half);
    h.a = cosine * w, h.b = (-cosine * slant - sine) * t;
    h.c = sine * w, h.d = (cosine - sine * slant) * t;
    h.x = SIDE / 2.0 + shift * bell(r);
    h.y = SIDE / 2.0 + shift * bell(r);
    for (int i = 0; i < FIELD; i++)
        for (int j = 0; j < FIELD; j++) {
            h.field[i][j].x = h.haste * 2 * field_jitter * bell(r);
            h.field[i][j].y = h.haste * 2 * field_jitter * bell(r);
        }
    h.pen = xb_rng_between(r, pen_low, pen_high);
    h.pen_end = h.pen * (1 + pen_change * bell(r));
    return h;
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* The field between its knots (bilinear with smoothed weights), then the plane map. */
static point to_paper(const hand *h, point p)
{
    double u = clamp(p.x, 0, 1) * (FIELD - 1), v = clamp(p.y, 0, 1) * (FIELD - 1);
    int i = v < FIELD - 1 ? (int)v : FIELD - 2, j = u < FIELD - 1 ? (int)u : FIELD - 2;
    double s = u - j, t = v - i;
    s = s * s * (3 - 2 * s), t = t * t * (3 - 2 * t);
    const point *f = &h->field[i][j], *g = &h->field[i + 1][j];
    double dx = (f[0].x * (1 - s) + f[1].x * s) * (1 - t) + (g[0].x * (1 - s) + g[1].x * s) * t;
    double dy = (f[0].y * (1 - s) + f[1].y * s) * (1 - t) + (g[0].y * (1 - s) + g[1].y * s) * t;
    double x = p.x + dx - 0.5, y = p.y + dy - 0.5;
    return (point){h->a * x + h->b * y + h->x, h->c * x + h->d * y + h->y};
}

/* Catmull-Rom between p[1] and p[2]. */
static point curve_at(const point p[4], double t)
{
    double t2 = t * t, t3 = t2 * t;
    double a = -t3 + 2 * t2 - t, b = 3 * t3 - 5 * t2 + 2, c = -3 * t3 + 4 * t2 + t, d = t3 - t2;
    return (point){(a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x) / 2,
                   (a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y) / 2};
}

static point line_at(const point p[4], double t)
{
    return (point){p[1].x + (p[2].x - p[1].x) * t, p[1].y + (p[2].y - p[1].y) * t};
}

/* The stroke's path on the paper in short pieces; returns the number of its points. */
static int make_path(const hand *h, const xb_stroke *s, xb_rng *r, point path[PATH])
{
    point knot[XB_STROKE_POINTS];
    for (int k = 0; k < s->n; k++) {
        knot[k].x = s->at[k][0] / 100.0 + h->haste * 2 * point_jitter * bell(r);
        knot[k].y = s->at[k][1] / 100.0 + h->haste * 2 * point_jitter * bell(r);
    }
    bool loop = s->kind == XB_STROKE_LOOP;
    int spans = loop ? s->n : s->n - 1, n = 0;
    for (int k = 0; k < spans; k++) {
        point p[4];
        for (int m = 0; m < 4; m++) {
            int at = k + m - 1;
            at = loop ? (at + s->n) % s->n : at < 0 ? 0 : at < s->n ? at : s->n - 1;
            p[m] = knot[at];
        }
        for (int i = 0; i < STEPS; i++) {
            double t = (double)i / STEPS;
            path[n++] = to_paper(h, s->kind == XB_STROKE_LINES ? line_at(p, t) : curve_at(p, t));
        }
    }
    path[n++] = to_paper(h, knot[loop ? 0 : s->n - 1]);
    return n;
}

/* Ink of one straight piece: full within the pen's half width of it, fading over one pixel. */
static void draw_piece(double ink[PIXELS], point a, point b, double pen)
{
    double reach = pen + 0.5, dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    int x0 = (int)clamp((a.x < b.x ? a.x : b.x) - reach, 0, SIDE),
        x1 = (int)clamp((a.x > b.x ? a.x : b.x) + reach + 1, 0, SIDE);
    int y0 = (int)clamp((a.y < b.y ? a.y : b.y) - reach, 0, SIDE),
        y1 = (int)clamp((a.y > b.y ? a.y : b.y) + reach + 1, 0, SIDE);
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            double px = x + 0.5 - a.x, py = y + 0.5 - a.y;
            double t = length > 0 ? clamp((px * dx + py * dy) / length, 0, 1) : 0;
            double ex = px - t * dx, ey = py - t * dy, far = ex * ex + ey * ey;
            if (far >= reach * reach) continue;
            double cover = clamp(reach - sqrt(far), 0, 1);
            if (cover > ink[y * SIDE + x]) ink[y * SIDE + x] = cover;
        }
}

static void draw_stroke(double ink[PIXELS], const hand *h, const xb_stroke *s, xb_rng *r)
{
    point path[PATH];
    int n = make_path(h, s, r, path);
    for (int i = 0; i + 1 < n; i++) {
        double t = (double)i / n;
        draw_piece(ink, path[i], path[i + 1], h->pen * (1 - t) + h->pen_end * t);
    }
}

/* A mark that does not belong: a dot or a short line anywhere. */
static void draw_speck(double ink[PIXELS], xb_rng *r)
{
    point a = {xb_rng_between(r, 0, SIDE), xb_rng_between(r, 0, SIDE)};
    point b = {a.x + 5 * bell(r), a.y + 5 * bell(r)};
    draw_piece(ink, a, b, xb_rng_between(r, 0.3, 0.9));
}

static const xb_style *choose_style(int digit, xb_rng *r)
{
    int n, all = 0;
    const xb_style *style = xb_styles(digit, &n);
    for (int i = 0; i < n; i++) all += style[i].weight;
    int left = (int)xb_rng_below(r, (uint32_t)all);
    while (left >= style->weight) left -= style++->weight;
    return style;
}

/* Ink to bytes, with the scanner's noise: the sum of two random bytes, scaled. */
static void scan(const double ink[PIXELS], xb_rng *r, uint8_t *pixels)
{
    double dark = xb_rng_between(r, 160, 255), noise = xb_rng_between(r, 0, 0.16);
    for (int i = 0; i < PIXELS; i += 2) {
        uint32_t word = xb_rng_u32(r);
        for (int k = 0; k < 2; k++, word >>= 16) {
            double grain = (double)(word & 255) + (double)(word >> 8 & 255) - 255;
            pixels[i + k] = (uint8_t)(clamp(ink[i + k] * dark + grain * noise, 0, 255) + 0.5);
        }
    }
}

int xb_digit_draw(uint64_t seed, uint32_t i, uint8_t *pixels)
{
    xb_rng r = xb_rng_at(seed, XB_RNG_DIGITS, i);
    int digit = (int)xb_rng_below(&r, 10);
    const xb_style *style = choose_style(digit, &r);
    hand h = make_hand(&r);
    double ink[PIXELS] = {0};
    for (int s = 0; s < style->n; s++) draw_stroke(ink, &h, &style->stroke[s], &r);
    for (uint32_t n = xb_rng_below(&r, 4); n--;) draw_speck(ink, &r);
    scan(ink, &r, pixels);
    return digit;
}

enum { BLOCK = 256 };

typedef struct job {
    uint64_t seed;
    size_t n;
    uint8_t *pixels;
    int32_t *labels;
} job;

static bool draw_block(void *context, int worker, size_t item)
{
    const job *j = context;
    (void)worker;
    for (size_t i = item * BLOCK; i < j->n && i < (item + 1) * BLOCK; i++)
        j->labels[i] = xb_digit_draw(j->seed, (uint32_t)i, j->pixels + i * PIXELS);
    return true;
}

void xb_digits_draw(uint64_t seed, size_t n, int threads, uint8_t *pixels, int32_t *labels)
{
    job j = {seed, n, pixels, labels};
    xb_par_run(threads, (n + BLOCK - 1) / BLOCK, NULL, draw_block, &j);
}
