/* elf.h: is a file whole enough for the dynamic loader? It maps what the headers promise and trusts them. */
#ifndef XB_PLUG_ELF_H
#define XB_PLUG_ELF_H

#include <stddef.h>

/* NULL when the bytes are a shared object of this machine with all its segments and sections inside; else why not. */
const char *xb_elf_refusal(const void *bytes, size_t n);

#endif
