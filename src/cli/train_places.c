/* train_places.c: a user's file is never replaced by what a run writes, nor one output by another. */
#include "base/file.h"
#include "cli/train_parts.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct place {
    const char *what, *path;
} place;

/* A file that exists is empty, or begins as ours do. */
static bool is_ours(xb_cli *cli, const char *flag, const char *path, const char *head)
{
    char begin[32] = {0};
    struct stat st;
    size_t n = strlen(head);
    if (!path || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) return true;
    FILE *f = fopen(path, "re");
    bool ours = f && fread(begin, 1, n, f) == n && memcmp(begin, head, n) == 0;
    if (f) fclose(f);
    if (!ours) xb_cli_usage(cli, "train: %s '%s' is a file of another kind; choose another name", flag, path);
    return ours;
}

static bool apart(xb_cli *cli, const place *out, size_t n_out, const place *in, size_t n_in)
{
    for (size_t i = 0; i < n_out; i++) {
        for (size_t j = 0; j < n_in + i; j++) {
            const place *other = j < n_in ? &in[j] : &out[j - n_in];
            if (!out[i].path || !other->path || !xb_cli_same_place(out[i].path, other->path)) continue;
            xb_cli_usage(cli, "train: %s '%s' is %s '%s', too; choose another name", out[i].what, out[i].path,
                         other->what, other->path);
            return false;
        }
    }
    return true;
}

/* The arrays of "npy:IMAGES,LABELS", in place[0] and [1]. */
static void arrays_of(xb_cli *cli, const xb_train_places *p, const char *spec, place *to)
{
    if (!spec || !xb_starts_with(spec, "npy:")) return;
    const char *images = spec + strlen("npy:"), *comma = strchr(images, ',');
    const char *part[2] = {xb_arena_strndup(cli->arena, images, strcspn(images, ",")), comma ? comma + 1 : NULL};
    for (int i = 0; i < 2; i++) {
        char *full = part[i] ? xb_path_join(p->dir, part[i]) : NULL;
        to[i] = (place){"the data", full ? xb_arena_strdup(cli->arena, full) : NULL};
        free(full);
    }
}

bool xb_train_places_check(xb_cli *cli, const xb_train_places *p)
{
    place in[7] = {{"the model", p->model}, {"the recipe", p->recipe}, {"the teacher", p->teacher}};
    const place out[] = {{"-o", p->out}, {"--csv", p->csv}, {"--log", p->log}, {"--checkpoint", p->checkpoint}};
    arrays_of(cli, p, p->data[0], in + 3);
    arrays_of(cli, p, p->data[1], in + 5);
    return apart(cli, out, sizeof out / sizeof *out, in, sizeof in / sizeof *in) &&
           is_ours(cli, "--csv", p->csv, "epoch,step,rate,") && is_ours(cli, "--log", p->log, XB_TRAIN_LOG_HEAD) &&
           is_ours(cli, "--checkpoint", p->checkpoint, "xbarc checkpoint ");
}
