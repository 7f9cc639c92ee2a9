/* study.c: the points of a study and the trials that are known at each. */
#include "cli/study.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 1000 };

/* "device.lognormal.sigma" stands for "chip.devices.lognormal.sigma". */
static const char *whole_key(xb_arena *a, const char *key)
{
    if (xb_starts_with(key, "device.")) return xb_arena_printf(a, "chip.devices.%s", key + 7);
    if (xb_starts_with(key, "devices.")) return xb_arena_printf(a, "chip.%s", key);
    return key;
}

/* Length up to the comma that ends a value: those in brackets and quotes do
 * not. */
static size_t value_length(const char *text)
{
    int depth = 0;
    char quote = 0;
    size_t i = 0;
    for (; text[i] && (text[i] != ',' || depth > 0 || quote); i++) {
        if (quote)
            quote = text[i] == quote ? 0 : quote;
        else if (text[i] == '"' || text[i] == '\'')
            quote = text[i];
        else
            depth += (text[i] == '[' || text[i] == '{') - (text[i] == ']' || text[i] == '}');
    }
    return i;
}

/* One line of the table is one chip. */
static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) return true;
    return false;
}

static bool has_value(const xb_axis *axis, const char *value)
{
    for (size_t i = 0; i < axis->n; i++)
        if (strcmp(axis->value[i], value) == 0) return true;
    return false;
}

bool xb_axis_parse(xb_cli *cli, const char *text, xb_axis *out)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1])
        return xb_cli_usage(cli, "simulate: --vary takes KEY=V1,V2,..., not '%s'", text), false;
    const char **value = xb_arena_alloc(cli->arena, strlen(equals), sizeof *value);
    *out = (xb_axis){.key = xb_arena_strndup(cli->arena, text, (size_t)(equals - text)), .value = value};
    out->set = whole_key(cli->arena, out->key);
    if (xb_starts_with(out->set, "simulate."))
        return xb_cli_usage(cli, "simulate: --vary %s: it changes no chip (--trials says how many there are)",
                            out->key),
               false;
    if (has_control(text))
        return xb_cli_usage(cli, "simulate: --vary %s: a value has a line break or a tab", out->key), false;
    for (const char *at = equals; *at;) {
        size_t n = value_length(++at);
        char *one = xb_arena_strndup(cli->arena, at, n);
        if (!n)
            return xb_cli_usage(cli, "simulate: --vary %s: a value is missing in '%s'", out->key, equals + 1), false;
        if (has_value(out, one))
            return xb_cli_usage(cli, "simulate: --vary %s: %s stands there twice", out->key, one), false;
        value[out->n++] = one;
        at += n;
    }
    return true;
}

bool xb_study_spread(xb_cli *cli, xb_study *s)
{
    s->n_points = 1;
    for (size_t a = 0; a < s->n_axes; a++) {
        for (size_t b = 0; b < a; b++)
            if (strcmp(s->axis[a].set, s->axis[b].set) == 0)
                return xb_cli_usage(cli, "simulate: '%s' is varied twice", s->axis[a].key), false;
        s->n_points *= s->axis[a].n;
        if (s->n_points > MOST_POINTS)
            return xb_cli_usage(cli, "simulate: more than %d combinations of values", MOST_POINTS), false;
    }
    s->point = xb_calloc(s->n_points, sizeof *s->point);
    for (size_t i = 0; i < s->n_points; i++)
        for (size_t a = s->n_axes, rest = i; a-- > 0; rest /= s->axis[a].n)
            s->point[i].value[a] = s->axis[a].value[rest % s->axis[a].n];
    return true;
}

void xb_point_print(const xb_study *s, const xb_point *p, xb_buf *b)
{
    for (size_t a = 0; a < s->n_axes; a++) xb_buf_printf(b, "%s%s=%s", a ? " and " : "", s->axis[a].key, p->value[a]);
}

bool xb_study_distinct(xb_cli *cli, const xb_study *s)
{
    xb_buf one = {0}, other = {0};
    for (size_t i = 0; i < s->n_points && !cli->misused; i++)
        for (size_t j = 0; j < i && !cli->misused; j++) {
            if (strcmp(s->point[i].settings, s->point[j].settings) != 0) continue;
            xb_point_print(s, &s->point[j], &one);
            xb_point_print(s, &s->point[i], &other);
            xb_cli_usage(cli, "simulate: --vary: %s is the same chips as %s", xb_buf_cstr(&other), xb_buf_cstr(&one));
        }
    xb_buf_free(&one);
    xb_buf_free(&other);
    return !cli->misused;
}

void xb_study_free(xb_study *s)
{
    for (size_t i = 0; i < s->n_points && s->point; i++) free(s->point[i].row);
    free(s->point);
}

/* Where the trial is or would be. */
static size_t place_of(const xb_point *p, uint64_t trial)
{
    size_t lo = 0, hi = p->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p->row[mid].trial < trial)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const xb_trial *xb_study_row(const xb_point *p, uint64_t trial)
{
    size_t at = place_of(p, trial);
    return at < p->n && p->row[at].trial == trial ? &p->row[at] : NULL;
}

void xb_study_add(xb_point *p, const xb_trial *row)
{
    size_t at = place_of(p, row->trial);
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 32;
        p->row = xb_realloc(p->row, p->cap, sizeof *p->row);
    }
    memmove(p->row + at + 1, p->row + at, (p->n - at) * sizeof *p->row);
    p->row[at] = *row;
    p->n++;
}

size_t xb_study_rows(const xb_study *s, const xb_point *p, const xb_trial **rows)
{
    size_t at = place_of(p, s->first);
    *rows = p->row + at;
    return place_of(p, s->first + s->trials) - at;
}
