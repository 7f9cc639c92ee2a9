/* locate.c: which file a hardware name means. */
#include "base/file.h"
#include "hw/hw.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

bool xb_hw_is_path(const char *name)
{
    return strchr(name, '/') || xb_ends_with(name, ".yaml") || xb_ends_with(name, ".yml");
}

/* ", did you mean 'memristor-64'?" from what is installed; nothing when no name is near. */
static void suggest(xb_buf *b, const char *name, const char *const *dirs)
{
    for (; dirs && *dirs; dirs++) {
        struct dirent **list = NULL;
        int n = scandir(*dirs, &list, NULL, alphasort);
        const char **names = xb_calloc((size_t)(n > 0 ? n : 0) + 1, sizeof *names);
        for (int i = 0; i < n; i++) {
            if (xb_ends_with(list[i]->d_name, ".yaml")) list[i]->d_name[strlen(list[i]->d_name) - strlen(".yaml")] = 0;
            names[i] = list[i]->d_name;
        }
        const char *near = xb_nearest(name, names, (size_t)(n > 0 ? n : 0));
        if (near && !b->len) xb_buf_printf(b, "; did you mean '%s'?", near);
        for (int i = 0; i < n; i++) free(list[i]);
        free(names);
        free(list);
    }
}

char *xb_hw_locate(xb_diags *d, const xb_where *where, const char *name, const char *dir, const char *const *dirs)
{
    if (xb_hw_is_path(name)) return xb_path_join(dir, name);
    const char *const *first = dirs;
    xb_buf file = {0}, tried = {0};
    char *path = NULL;
    xb_buf_printf(&file, "%s.yaml", name);
    for (; dirs && *dirs && !path; dirs++) {
        path = xb_path_join(*dirs, xb_buf_cstr(&file));
        if (xb_exists(path)) break;
        xb_buf_printf(&tried, " %s", *dirs);
        free(path);
        path = NULL;
    }
    if (!path) {
        xb_buf near = {0};
        suggest(&near, name, first);
        xb_diag(d, XB_ERROR, "hardware", where, "no installed hardware file '%s'; searched:%s; a file ends in .yaml%s",
                name, tried.len ? tried.data : " nowhere", xb_buf_cstr(&near));
        xb_buf_free(&near);
    }
    xb_buf_free(&file);
    xb_buf_free(&tried);
    return path;
}
