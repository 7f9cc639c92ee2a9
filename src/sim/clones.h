/* clones.h: plain loops that are compiled for several kinds of processors; the same operations on each, so the same
 * numbers. */
#ifndef XB_SIM_CLONES_H
#define XB_SIM_CLONES_H

#if defined __GNUC__ && !defined __clang__
#if defined __x86_64__
#define XB_CLONES                                                                                                      \
    __attribute__((target_clones("avx512f", "avx2", "default"),                                                        \
                   optimize("O3", "no-trapping-math", "no-math-errno", "fp-contract=off")))
#else
#define XB_CLONES __attribute__((optimize("O3", "no-trapping-math", "no-math-errno", "fp-contract=off")))
#endif
#else
#define XB_CLONES
#endif
#define XB_IN_CLONES static inline __attribute__((always_inline)) /* into every clone */

#endif
