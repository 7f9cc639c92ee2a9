/* registry.c: which plugins there are: built in, given by file, or found in trusted folders. */
#include "base/digest.h"
#include "base/vec.h"
#include "plug/builtin.h"
#include "plug/elf.h"
#include "plug/handshake.h"
#include "plug/plug.h"
#include "plug/trust.h"
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct xb_registry {
    xb_arena *arena;
    xb_vec(xb_plugin_entry) entry;
    xb_vec(const xb_pass *) pass; /* sorted by name */
    xb_vec(const xb_backend *) backend;
    xb_vec(const xb_device *) device;
};

#define QUERY_NAME "xbarc_plugin_query"
#define PLUGIN_LIMIT ((size_t)256 << 20)

/* Sorted insertion keeps listings independent of the order of loading. */
#define INSERT_SORTED(v, x)                                                                                            \
    do {                                                                                                               \
        size_t at_ = (v)->n;                                                                                           \
        xb_push((v), (x));                                                                                             \
        for (; at_ > 0 && strcmp((v)->data[at_ - 1]->name, (x)->name) > 0; at_--) (v)->data[at_] = (v)->data[at_ - 1]; \
        (v)->data[at_] = (x);                                                                                          \
    } while (0)

xb_registry *xb_registry_new(void)
{
    xb_registry *r = xb_calloc(1, sizeof *r);
    r->arena = xb_arena_new();
    return r;
}

void xb_registry_free(xb_registry *r)
{
    if (!r) return;
    xb_vec_free(&r->entry);
    xb_vec_free(&r->pass);
    xb_vec_free(&r->backend);
    xb_vec_free(&r->device);
    xb_arena_free(r->arena);
    free(r);
}

const xb_pass *xb_registry_pass(const xb_registry *r, const char *name)
{
    for (size_t i = 0; i < r->pass.n; i++)
        if (!strcmp(r->pass.data[i]->name, name)) return r->pass.data[i];
    return NULL;
}

const xb_backend *xb_registry_backend(const xb_registry *r, const char *name)
{
    for (size_t i = 0; i < r->backend.n; i++)
        if (!strcmp(r->backend.data[i]->name, name)) return r->backend.data[i];
    return NULL;
}

const xb_device *xb_registry_device(const xb_registry *r, const char *name)
{
    for (size_t i = 0; i < r->device.n; i++)
        if (!strcmp(r->device.data[i]->name, name)) return r->device.data[i];
    return NULL;
}

static const char *already_offered(const xb_registry *r, const xb_plugin *p)
{
    for (const xb_pass *const *pass = p->passes; pass && *pass; pass++)
        if (xb_registry_pass(r, (*pass)->name)) return (*pass)->name;
    for (const xb_backend *const *b = p->backends; b && *b; b++)
        if (xb_registry_backend(r, (*b)->name)) return (*b)->name;
    for (const xb_device *const *d = p->devices; d && *d; d++)
        if (xb_registry_device(r, (*d)->name)) return (*d)->name;
    return NULL;
}

/* Takes the plugin in, or remembers why not. */
static bool enter(xb_registry *r, const char *path, const xb_plugin *p, const char *refusal, const char *digest)
{
    xb_buf why = {0};
    if (!refusal && !xb_plugin_fits(p, &why)) refusal = xb_buf_cstr(&why);
    const char *twice = refusal ? NULL : already_offered(r, p);
    if (twice) {
        xb_buf_printf(&why, "'%s' is already offered by another plugin", twice);
        refusal = xb_buf_cstr(&why);
    }
    xb_plugin_entry entry = {.path = xb_arena_strdup(r->arena, path),
                             .plugin = refusal ? NULL : p,
                             .refusal = refusal ? xb_arena_strdup(r->arena, refusal) : NULL};
    memcpy(entry.digest, digest, sizeof entry.digest);
    xb_push(&r->entry, entry);
    xb_buf_free(&why);
    if (refusal) return false;
    for (const xb_pass *const *pass = p->passes; pass && *pass; pass++) INSERT_SORTED(&r->pass, *pass);
    for (const xb_backend *const *b = p->backends; b && *b; b++) INSERT_SORTED(&r->backend, *b);
    for (const xb_device *const *d = p->devices; d && *d; d++) INSERT_SORTED(&r->device, *d);
    return true;
}

/* Its digest in hex; NULL when the dynamic loader may have it, else why not. */
static const char *distrust_bytes(const char *path, char hex[XB_DIGEST_HEX])
{
    size_t n = 0;
    char *bytes = xb_read_file(NULL, path, PLUGIN_LIMIT, &n);
    if (!bytes) return "it cannot be read, or is larger than 256 MiB";
    xb_digest_of(bytes, n, hex);
    const char *why = xb_elf_refusal(bytes, n);
    free(bytes);
    return why;
}

/* RTLD_NODELETE: descriptors are const data that must outlive every handle. */
static bool load(xb_registry *r, const char *path)
{
    char digest[XB_DIGEST_HEX] = "";
    const char *refusal = xb_distrust(path);
    if (!refusal) refusal = distrust_bytes(path, digest);
    if (refusal) return enter(r, path, NULL, refusal, digest);
    char *real = realpath(path, NULL); /* dlopen searches elsewhere when the name has no slash */
    void *object = real ? dlopen(real, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
    free(real);
    if (!object) {
        const char *error = dlerror();
        return enter(r, path, NULL, error ? error : "it cannot be opened", digest);
    }
    xb_query_fn *query = NULL;
    void *symbol = dlsym(object, QUERY_NAME);
    memcpy(&query, &symbol, sizeof query);
    if (!query) return enter(r, path, NULL, "it exports no function " QUERY_NAME, digest);
    return enter(r, path, query(&xb_host_abi), NULL, digest);
}

static int shared_object(const struct dirent *e)
{
    return xb_ends_with(e->d_name, ".so");
}

static void search_folder(xb_registry *r, const char *dir)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, shared_object, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = xb_path_join(dir, list[i]->d_name);
        load(r, path);
        free(path);
        free(list[i]);
    }
    free(list);
}

/* An entry that is not absolute would mean the current folder: it is left out, and doctor says so. */
static void search_path(xb_registry *r, const char *path)
{
    while (path && *path) {
        size_t n = strcspn(path, ":");
        char *dir = xb_strndup(path, n);
        if (*dir == '/')
            search_folder(r, dir);
        else if (*dir)
            enter(r, dir, NULL, "a folder of plugins must be absolute", (char[XB_DIGEST_HEX]){""});
        free(dir);
        path += n + (path[n] == ':');
    }
}

void xb_registry_search(xb_registry *r, const char *installed)
{
    for (xb_query_fn *const *query = xb_builtin_plugins; *query; query++)
        enter(r, "(built in)", (*query)(&xb_host_abi), NULL, (char[XB_DIGEST_HEX]){""});
    search_path(r, getenv("XBARC_PLUGIN_PATH"));
    search_path(r, installed);
}

bool xb_registry_load(xb_diags *d, xb_registry *r, const char *path)
{
    if (load(r, path)) return true;
    return xb_error(d, "plugin", (.file = path), "plugin refused: %s", r->entry.data[r->entry.n - 1].refusal);
}

size_t xb_registry_list(const xb_registry *r, const xb_plugin_entry **list)
{
    *list = r->entry.data;
    return r->entry.n;
}

size_t xb_registry_passes(const xb_registry *r, const xb_pass *const **list)
{
    *list = r->pass.data;
    return r->pass.n;
}

size_t xb_registry_backends(const xb_registry *r, const xb_backend *const **list)
{
    *list = r->backend.data;
    return r->backend.n;
}

size_t xb_registry_devices(const xb_registry *r, const xb_device *const **list)
{
    *list = r->device.data;
    return r->device.n;
}

/* Names of what is offered of a kind, in memory of their own. */
static const char **names_of(const xb_registry *r, xb_offer kind, size_t *n)
{
    const char **names = xb_calloc(r->pass.n + r->backend.n + r->device.n + 1, sizeof *names);
    bool any = kind == XB_OFFER_ANY;
    *n = 0;
    for (size_t i = 0; i < r->pass.n && (any || kind == XB_OFFER_PASS); i++) names[(*n)++] = r->pass.data[i]->name;
    for (size_t i = 0; i < r->backend.n && (any || kind == XB_OFFER_BACKEND); i++)
        names[(*n)++] = r->backend.data[i]->name;
    for (size_t i = 0; i < r->device.n && (any || kind == XB_OFFER_DEVICE); i++)
        names[(*n)++] = r->device.data[i]->name;
    return names;
}

void xb_registry_explain(const xb_registry *r, const char *name, xb_offer kind, xb_buf *b)
{
    size_t n;
    const char **names = names_of(r, kind, &n);
    const char *near = xb_nearest(name, names, n);
    if (near) xb_buf_printf(b, "; did you mean '%s'?", near);
    free(names);
    for (size_t i = 0; i < r->entry.n; i++) {
        const xb_plugin_entry *e = &r->entry.data[i];
        const char *base = xb_path_base(e->path);
        if (e->refusal && xb_starts_with(base, name) && !strcmp(base + strlen(name), ".so"))
            xb_buf_printf(b, "; %s was refused: %s", e->path, e->refusal);
    }
    if (!n) xb_buf_str(b, "; no plugin was found (see `xbarc doctor`)");
}
