/* loss.h: losses on logits and their gradients. */
#ifndef XB_NN_TRAIN_LOSS_H
#define XB_NN_TRAIN_LOSS_H

#include <xbarc/train.h>

/* Per row, with classes k, logits s, label y, teacher logits t (NULL: none), smoothing e, temperature T, weight a:
 *   cross-entropy: hard = -sum_k q_k log softmax(s)_k,  q = (1-e) [k = y] + e/K
 *   mse:           hard = mean_k (s_k - [k = y])^2
 *   distillation:  loss = (1-a) hard + a T^2 KL(softmax(t/T) || softmax(s/T))     (Hinton 2015)
 *                  with loss: mse instead a mean_k (s_k - t_k)^2
 * label < 0: no label, hard is 0 with weight 0 (loss = the teacher's part alone, whole weight).
 * Writes scale * d loss / d s to error; returns the sum of losses of the rows (not scaled); adds to *correct the rows
 * whose largest logit (lowest index on ties) is the label. In double; any non-finite logit gives a non-finite loss. */
double xb_loss(const xb_recipe *r, const float *logits, size_t rows, size_t classes, const int *label,
               const float *teacher, double scale, float *error, uint64_t *correct);

#endif
