/* handshake.c: the frozen header, then names, services and option tables of everything a plugin offers. */
#include "plug/handshake.h"
#include "base/opts.h"
#include "plug/plug.h"
#include <ctype.h>
#include <string.h>

const xb_abi xb_host_abi = {XB_ABI_MAGIC, XB_ABI_MAJOR, XB_ABI_MINOR, (uint32_t)sizeof(xb_abi), 0};

static bool refuse(xb_buf *why, const char *format, ...) XB_PRINTF(2, 3);
static bool refuse(xb_buf *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    xb_buf_vprintf(why, format, args);
    va_end(args);
    return false;
}

/* While major is 0, only an equal minor; from 1.0 on, any minor up to ours. */
static bool header_fits(const xb_abi *a, xb_buf *why)
{
    if (a->magic != XB_ABI_MAGIC)
        return refuse(why, "abi.magic is 0x%08x, this host has 0x%08x: not an xbarc plugin", a->magic, XB_ABI_MAGIC);
    if (a->major != XB_ABI_MAJOR) return refuse(why, "abi.major is %u, this host has %u", a->major, XB_ABI_MAJOR);
    if (XB_ABI_MAJOR == 0 ? a->minor != XB_ABI_MINOR : a->minor > XB_ABI_MINOR)
        return refuse(why, "abi.minor is %u, this host has %u", a->minor, XB_ABI_MINOR);
    if (a->struct_size < sizeof(xb_plugin))
        return refuse(why, "abi.struct_size is %u, this host needs %zu", a->struct_size, sizeof(xb_plugin));
    return true;
}

static bool name_fits(const char *kind, const char *name, xb_buf *why)
{
    bool good = name && islower((unsigned char)*name);
    for (const char *c = name; good && *c; c++)
        good = islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-';
    return good || refuse(why, "%s name '%s' is not lower-case words joined by '-'", kind, name ? name : "(null)");
}

static bool services_fit(const char *owner, const char *const *services, xb_buf *why)
{
    for (; services && *services; services++)
        if (!xb_service_offered(*services))
            return refuse(why, "%s needs service %s, which this host does not offer", owner, *services);
    return true;
}

static bool options_fit(const char *owner, const xb_option *table, size_t size, xb_buf *why)
{
    const char *reason = NULL;
    if (!table || xb_opts_check(table, size, &reason)) return true;
    return refuse(why, "%s: option table: %s", owner, reason);
}

static bool pass_fits(const xb_pass *p, xb_buf *why)
{
    if (p->struct_size < sizeof *p)
        return refuse(why, "a pass has struct_size %u, this host needs %zu", p->struct_size, sizeof *p);
    if (!name_fits("pass", p->name, why)) return false;
    if (!p->run) return refuse(why, "pass %s has no run function", p->name);
    if (!p->summary) return refuse(why, "pass %s has no summary", p->name);
    if ((unsigned)p->level > XB_LEVEL_CHIP) return refuse(why, "pass %s has level %d", p->name, (int)p->level);
    return services_fit(p->name, p->services, why) && options_fit(p->name, p->options, p->options_size, why);
}

static bool backend_fits(const xb_backend *b, xb_buf *why)
{
    if (b->struct_size < sizeof *b)
        return refuse(why, "a backend has struct_size %u, this host needs %zu", b->struct_size, sizeof *b);
    if (!name_fits("backend", b->name, why)) return false;
    if (!b->emit) return refuse(why, "backend %s has no emit function", b->name);
    if (!b->summary) return refuse(why, "backend %s has no summary", b->name);
    return services_fit(b->name, b->services, why) && options_fit(b->name, b->options, b->options_size, why);
}

static bool device_fits(const xb_device *d, xb_buf *why)
{
    if (d->struct_size < sizeof *d)
        return refuse(why, "a device has struct_size %u, this host needs %zu", d->struct_size, sizeof *d);
    if (!name_fits("device", d->name, why)) return false;
    if (!d->summary) return refuse(why, "device %s has no summary", d->name);
    if ((unsigned)d->domain > XB_DOMAIN_WEIGHT) return refuse(why, "device %s has domain %d", d->name, (int)d->domain);
    if (!d->program && !d->age && !d->read)
        return refuse(why, "device %s has no program, age or read function", d->name);
    if (d->read_moments && !d->read) return refuse(why, "device %s has moments of a read it does not do", d->name);
    return options_fit(d->name, d->options, d->options_size, why);
}

/* Each by itself, and no two of one name. */
static bool devices_fit(const xb_device *const *devices, xb_buf *why)
{
    for (const xb_device *const *d = devices; d && *d; d++) {
        if (!device_fits(*d, why)) return false;
        for (const xb_device *const *before = devices; before < d; before++)
            if (!strcmp((*before)->name, (*d)->name)) return refuse(why, "it offers device %s twice", (*d)->name);
    }
    return true;
}

bool xb_plugin_fits(const xb_plugin *p, xb_buf *why)
{
    if (!p) return refuse(why, "xbarc_plugin_query returned NULL");
    if (!header_fits(&p->abi, why)) return false;
    if (!name_fits("plugin", p->name, why)) return false;
    for (const xb_pass *const *pass = p->passes; pass && *pass; pass++)
        if (!pass_fits(*pass, why)) return false;
    for (const xb_backend *const *backend = p->backends; backend && *backend; backend++)
        if (!backend_fits(*backend, why)) return false;
    return devices_fit(p->devices, why);
}
