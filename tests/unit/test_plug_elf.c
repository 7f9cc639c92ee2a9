/* What the dynamic loader must not see: libc itself, cut at many places and with lying headers. */
#include "base/file.h"
#include "plug/elf.h"
#include "suite.h"
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *whole;
static size_t size;

static void set_up(void)
{
    Dl_info info;
    void *symbol = dlsym(RTLD_DEFAULT, "qsort");
    ck_assert(symbol && dladdr(symbol, &info) != 0);
    whole = xb_read_file(NULL, info.dli_fname, (size_t)64 << 20, &size);
    ck_assert_ptr_nonnull(whole);
}

static void tear_down(void)
{
    free(whole);
}

static const char *refusal_of(const char *bytes, size_t n)
{
    char *exact = malloc(n ? n : 1); /* so that reading too far is seen */
    memcpy(exact, bytes, n);
    const char *why = xb_elf_refusal(exact, n);
    free(exact);
    return why;
}

START_TEST(a_whole_one_passes)
{
    const char *why = refusal_of(whole, size);
    ck_assert_msg(!why, "%s", why);
}
END_TEST

START_TEST(every_cut_is_seen)
{
    for (size_t n = 0; n < size; n += n < 2000 ? 1 : size / 97) {
        const char *why = refusal_of(whole, n);
        ck_assert_msg(why != NULL, "cut at %zu of %zu", n, size);
        if (n == 0 || n >= SELFMAG) ck_assert_str_eq(why, "the file is cut short");
    }
    ck_assert_str_eq(refusal_of(whole, size - 1), "the file is cut short");
}
END_TEST

START_TEST(other_machines_are_refused)
{
    ElfW(Ehdr) good, h;
    memcpy(&good, whole, sizeof good);
    for (int field = 0; field < 6; field++) {
        h = good;
        if (field == 0) h.e_machine ^= 1;
        if (field == 1) h.e_type = ET_REL;
        if (field == 2) h.e_ident[EI_CLASS] ^= 3;
        if (field == 3) h.e_ident[EI_DATA] ^= 3;
        if (field == 4) h.e_phentsize = 1;
        if (field == 5) h.e_phnum = 0;
        memcpy(whole, &h, sizeof h);
        const char *why = refusal_of(whole, size);
        ck_assert_msg(why && !strcmp(why, "not a shared object for this machine"), "field %d: %s", field,
                      why ? why : "");
    }
    ck_assert_str_eq(refusal_of("this is text", 12), "not a shared object for this machine");
}
END_TEST

static const char *with_header(size_t at, const void *header, size_t n)
{
    char *saved = malloc(n);
    memcpy(saved, whole + at, n);
    memcpy(whole + at, header, n);
    const char *why = refusal_of(whole, size);
    memcpy(whole + at, saved, n);
    free(saved);
    return why ? why : "passed";
}

START_TEST(lying_headers_are_refused)
{
    ElfW(Ehdr) h;
    memcpy(&h, whole, sizeof h);
    for (int field = 0; field < 3; field++) {
        ElfW(Ehdr) bad = h;
        if (field == 0) bad.e_phoff = (ElfW(Off)) - 64; /* offset + size wraps */
        if (field == 1) bad.e_shoff = (ElfW(Off)) - 64;
        if (field == 2) bad.e_shnum = 0xffff, bad.e_shentsize = 0xffff;
        ck_assert_str_eq(with_header(0, &bad, sizeof bad), "the file is cut short");
    }
    int seen = 0;
    for (size_t i = 0; i < h.e_phnum; i++) {
        ElfW(Phdr) p, bad;
        size_t at = h.e_phoff + i * sizeof p;
        memcpy(&p, whole + at, sizeof p);
        if (p.p_type != PT_LOAD && p.p_type != PT_DYNAMIC) continue;
        seen++;
        bad = p, bad.p_filesz = size + 1;
        ck_assert_str_eq(with_header(at, &bad, sizeof bad), "the file is cut short");
        bad = p, bad.p_offset = (ElfW(Off)) - 1, bad.p_filesz = 2;
        ck_assert_str_eq(with_header(at, &bad, sizeof bad), "the file is cut short");
        bad = p, bad.p_type = PT_NULL;
        if (p.p_type == PT_DYNAMIC)
            ck_assert_str_eq(with_header(at, &bad, sizeof bad), "not a shared object for this machine");
    }
    ck_assert_int_ge(seen, 2);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("elf");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_whole_one_passes);
    tcase_add_test(t, every_cut_is_seen);
    tcase_add_test(t, other_machines_are_refused);
    tcase_add_test(t, lying_headers_are_refused);
    return run_case("plug_elf", t);
}
