/* study_settings.c: what the rows of a study depend on, as a digest. */
#include "base/file.h"
#include "cli/study.h"
#include "hw/layout.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool xb_study_add_folder(xb_diags *diags, const char *dir, xb_digest *d)
{
    static const char *const files[] = {"model.xir", "model.weights", "layout.json"};
    char hex[XB_DIGEST_HEX];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = xb_path_join(dir, files[i]);
        bool ok = xb_digest_file(diags, path, hex);
        free(path);
        if (!ok) return false;
        xb_digest_add(d, hex, sizeof hex);
    }
    return true;
}

/* Digest of the file that a device's code is in; "" of one that is built in: the version of the program says it. */
static const char *code_of(const xb_registry *r, const xb_device *device)
{
    const xb_plugin_entry *entry;
    for (size_t n = xb_registry_list(r, &entry), i = 0; i < n; i++) {
        const xb_device *const *list = entry[i].plugin ? entry[i].plugin->devices : NULL;
        for (; list && *list; list++)
            if (*list == device) return entry[i].digest;
    }
    return "";
}

void xb_study_add_chip(const xb_registry *r, const xb_pipeline *p, xb_digest *d)
{
    xb_buf b = {0};
    xb_buf_printf(&b, "xbarc %s\nseed: %" PRIu64 "\n", XBARC_VERSION, p->seed);
    xb_chip_print(p, &b);
    for (size_t i = 0; i < p->chip.n; i++) xb_buf_printf(&b, "code: %s\n", code_of(r, p->chip.part[i].device));
    xb_hw_print(&b, &p->hw);
    xb_digest_add(d, xb_buf_cstr(&b), b.len);
    xb_buf_free(&b);
}

size_t xb_study_add_data(const xb_dataset *data, const xb_input_map *map, size_t n, xb_digest *d)
{
    size_t all = xb_dataset_count(data), used = n && n < all ? n : all, item = xb_dataset_item(data);
    float *x = xb_calloc(item, sizeof *x);
    for (size_t i = 0; i < 256 && i < used; i++) {
        size_t at = used <= 256 ? i : i * used / 256;
        int label = xb_dataset_classes(data) ? xb_dataset_label(data, at) : -1;
        xb_dataset_get(data, at, map, x);
        xb_digest_add(d, x, item * sizeof *x);
        xb_digest_add(d, &label, sizeof label);
    }
    xb_digest_add(d, &used, sizeof used);
    free(x);
    return used;
}
