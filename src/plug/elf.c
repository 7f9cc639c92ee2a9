#include "plug/elf.h"
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char other[] = "not a shared object for this machine", cut[] = "the file is cut short";

/* The header of the running program, from the linker: what this machine's objects look like. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static bool is_inside(uint64_t at, uint64_t size, size_t n)
{
    return at <= n && size <= n - at;
}

static bool fits_machine(const ElfW(Ehdr) * h)
{
    const ElfW(Ehdr) *own = &__ehdr_start;
    return h->e_ident[EI_CLASS] == own->e_ident[EI_CLASS] && h->e_ident[EI_DATA] == own->e_ident[EI_DATA] &&
           h->e_machine == own->e_machine && h->e_type == ET_DYN && h->e_phentsize == sizeof(ElfW(Phdr)) && h->e_phnum;
}

/* PT_LOAD is what gets mapped, PT_DYNAMIC what is read first. */
static const char *segments_refusal(const ElfW(Ehdr) * h, const unsigned char *bytes, size_t n)
{
    bool load = false, dynamic = false;
    for (size_t i = 0; i < h->e_phnum; i++) {
        ElfW(Phdr) p;
        memcpy(&p, bytes + h->e_phoff + i * sizeof p, sizeof p);
        if (p.p_type != PT_LOAD && p.p_type != PT_DYNAMIC) continue;
        if (!is_inside(p.p_offset, p.p_filesz, n)) return cut;
        load |= p.p_type == PT_LOAD;
        dynamic |= p.p_type == PT_DYNAMIC;
    }
    return load && dynamic ? NULL : other;
}

const char *xb_elf_refusal(const void *bytes, size_t n)
{
    ElfW(Ehdr) h;
    if (n < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0) return n ? other : cut;
    if (n < sizeof h) return cut;
    memcpy(&h, bytes, sizeof h);
    if (!fits_machine(&h)) return other;
    if (!is_inside(h.e_phoff, (uint64_t)h.e_phnum * sizeof(ElfW(Phdr)), n)) return cut;
    if (!is_inside(h.e_shoff, (uint64_t)h.e_shnum * h.e_shentsize, n)) return cut;
    return segments_refusal(&h, bytes, n);
}
