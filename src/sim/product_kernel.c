/* product_kernel.c: which kernel this CPU runs. */
#include "sim/product_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct level {
    bool avx2, avx512, vnni;
} level;

/* What the CPU has, less what XBARC_SIM_KERNEL leaves out. */
static level level_here(void)
{
    level l = {false, false, false};
#ifdef __x86_64__
    const char *asked = getenv("XBARC_SIM_KERNEL");
    bool plain = asked && !strcmp(asked, "plain"), avx2 = asked && !strcmp(asked, "avx2");
    __builtin_cpu_init();
    l.avx2 = !plain && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    l.avx512 = l.avx2 && !avx2 && __builtin_cpu_supports("avx512f");
    l.vnni = l.avx512 && __builtin_cpu_supports("avx512vnni");
#endif
    return l;
}

const xb_kernel *xb_kernel_best(void)
{
    level l = level_here();
#ifdef __x86_64__
    if (l.avx512) return &xb_kernel_avx512;
    if (l.avx2) return &xb_kernel_avx2;
#endif
    (void)l;
    return &xb_kernel_plain;
}

const xb_kernel8 *xb_kernel8_best(bool small)
{
    level l = level_here();
#ifdef __x86_64__
    if (l.vnni) return &xb_kernel8_vnni;
    if (l.avx2) return small ? &xb_kernel8_small : &xb_kernel8_avx2;
#endif
    (void)l, (void)small;
    return &xb_kernel8_plain;
}

const char *xb_product_kernel(void)
{
    return xb_kernel_best()->name;
}
