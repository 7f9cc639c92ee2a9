/* vec.h: growable arrays. xb_vec(int) v = {0}; xb_push(&v, 3); v.data[0]; xb_vec_free(&v); */
#ifndef XB_BASE_VEC_H
#define XB_BASE_VEC_H

#include "base/mem.h"

#define xb_vec(T)                                                                                                      \
    struct {                                                                                                           \
        T *data;                                                                                                       \
        size_t n, cap;                                                                                                 \
    }

/* Room for one more; evaluates v several times. */
#define xb_vec_reserve(v, want)                                                                                        \
    do {                                                                                                               \
        if ((v)->cap < (want)) {                                                                                       \
            size_t xb_cap_ = (v)->cap ? (v)->cap * 2 : 8;                                                              \
            if (xb_cap_ < (want)) xb_cap_ = (want);                                                                    \
            (v)->data = xb_realloc((v)->data, xb_cap_, sizeof *(v)->data);                                             \
            (v)->cap = xb_cap_;                                                                                        \
        }                                                                                                              \
    } while (0)
#define xb_push(v, ...)                                                                                                \
    do {                                                                                                               \
        xb_vec_reserve(v, (v)->n + 1);                                                                                 \
        (v)->data[(v)->n++] = (__VA_ARGS__);                                                                           \
    } while (0)
#define xb_vec_free(v) (free((v)->data), (v)->data = NULL, (v)->n = (v)->cap = 0)

#endif
