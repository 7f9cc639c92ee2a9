/* hooks.h: the members of xb_train_api that a running trainer answers; see include/xbarc/train.h for each. */
#ifndef XB_NN_TRAIN_HOOKS_H
#define XB_NN_TRAIN_HOOKS_H

#include "nn/train/trainer.h"

xb_graph *xb_trainer_graph(xb_trainer *t);
int64_t xb_trainer_step_done(const xb_trainer *t);
int64_t xb_trainer_steps(const xb_trainer *t);
int64_t xb_trainer_epoch(const xb_trainer *t);
double xb_trainer_rate(const xb_trainer *t);
double xb_trainer_loss(const xb_trainer *t);
const xb_measure *xb_trainer_holdout(const xb_trainer *t);
void *xb_trainer_state(xb_trainer *t);
size_t xb_trainer_params(xb_trainer *t, xb_param ***list);
xb_param *xb_trainer_param(xb_trainer *t, xb_value v);

void xb_trainer_set_mask(xb_trainer *t, xb_value v, const uint8_t *mask);
void xb_trainer_freeze(xb_trainer *t, xb_value v, bool frozen);
void xb_trainer_set_factors(xb_trainer *t, xb_value v, double rate, double decay);
int xb_trainer_tie(xb_trainer *t, xb_value v, size_t at, xb_value from, size_t from_at, size_t n, float gain);
void xb_trainer_untie(xb_trainer *t, xb_value v);

int xb_trainer_select(xb_trainer *t, xb_value v, int axis, const int64_t *keep, size_t n);
int xb_trainer_append(xb_trainer *t, xb_value v, int axis, int64_t count, const float *data);
int xb_trainer_rotate(xb_trainer *t, xb_op op, const float *q, int64_t k);
int xb_trainer_factor(xb_trainer *t, xb_op op, const float *u, const float *v, int64_t k, xb_op *first, xb_op *second);
int xb_trainer_split_op(xb_trainer *t, xb_op op, int64_t at, xb_op *first, xb_op *second);
int xb_trainer_merge(xb_trainer *t, xb_op first, xb_op second, xb_op *op);
int xb_trainer_remove_units(xb_trainer *t, xb_op op, const int64_t *units, size_t n, bool fold);
int xb_trainer_snapshot(xb_trainer *t);
int xb_trainer_rollback(xb_trainer *t, int snapshot);
void xb_trainer_forget(xb_trainer *t, int snapshot);

#endif
