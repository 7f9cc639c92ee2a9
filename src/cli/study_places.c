/* study_places.c: where a study's table and picture go: never over what is simulated, nor over one another. */
#include "base/file.h"
#include "cli/study.h"
#include <stdlib.h>
#include <string.h>

/* Is `path`, or would it be, in the folder or below it? */
static bool is_inside(const char *path, const char *dir)
{
    char *parent = xb_path_dir(path), *in = realpath(parent, NULL), *file = realpath(path, NULL);
    char *folder = realpath(dir, NULL);
    size_t n = folder ? strlen(folder) : 0;
    const char *const at[] = {in, file};
    bool inside = false;
    for (int i = 0; n && i < 2; i++)
        inside |= at[i] && strncmp(at[i], folder, n) == 0 && (at[i][n] == '/' || !at[i][n]);
    free(parent), free(in), free(file), free(folder);
    return inside;
}

bool xb_study_places_check(xb_cli *cli, const char *dir, const char *csv, const char *svg)
{
    const char *const out[][2] = {{"--csv", csv}, {"--svg", svg}};
    for (int i = 0; i < 2; i++)
        if (out[i][1] && is_inside(out[i][1], dir))
            return xb_cli_usage(cli, "simulate: %s '%s' is in the folder that is simulated; choose another place",
                                out[i][0], out[i][1]),
                   false;
    if (!csv || !svg || !xb_cli_same_place(svg, csv)) return true;
    return xb_cli_usage(cli, "simulate: --svg '%s' is --csv '%s', too; choose another name", svg, csv), false;
}
