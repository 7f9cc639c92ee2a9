/* digitset.c: "digits:train", "digits:test", "digits:N@SEED". */
#include "base/num.h"
#include "base/par.h"
#include "data/dataset.h"
#include "data/digits.h"
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, MOST = 1000000 };

static const struct {
    const char *name;
    int64_t n, seed;
} known[] = {{"train", 60000, 1}, {"test", 10000, 2}};

static bool parse(const char *rest, int64_t *n, int64_t *seed)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(rest, known[i].name) != 0) continue;
        *n = known[i].n, *seed = known[i].seed;
        return true;
    }
    const char *at = strchr(rest, '@');
    if (!at) return false;
    char *count = xb_strndup(rest, (size_t)(at - rest));
    bool ok = xb_parse_i64(count, n) && xb_parse_i64(at + 1, seed) && *n >= 1 && *n <= MOST && *seed >= 0;
    free(count);
    return ok;
}

bool xb_read_digits(xb_diags *d, const char *rest, const char *dir, xb_dataset *s)
{
    (void)dir;
    int64_t n, seed;
    size_t bytes;
    if (!parse(rest, &n, &seed))
        return xb_error(d, "data", (0),
                        "data set 'digits:%s': expected digits:train, digits:test or digits:N@SEED (N up to %d)", rest,
                        MOST);
    if (!xb_dataset_images(s, (size_t)n, 1, XB_DIGITS_SIDE, XB_DIGITS_SIDE, &bytes)) return false;
    s->classes = CLASSES;
    s->values = xb_malloc(bytes);
    s->labels = xb_calloc(s->count, sizeof *s->labels);
    xb_digits_draw((uint64_t)seed, s->count, xb_par_threads(0), s->values, s->labels);
    return true;
}
