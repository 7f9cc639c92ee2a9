/* vector.h: for loops over whole tensors that run every step. */
#ifndef XB_NN_TRAIN_VECTOR_H
#define XB_NN_TRAIN_VECTOR_H

/* The function's loops are done several numbers at a time (clang does so anyway). No result depends on it. */
#if defined __GNUC__ && !defined __clang__
#define XB_VECTOR __attribute__((optimize("O3", "no-trapping-math", "fp-contract=off")))
#else
#define XB_VECTOR
#endif

#endif
