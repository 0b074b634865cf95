/* null_tally.c: the smallest n_tails draws of each number, and of its negative. */
#include "null_tally.h"

#include <math.h>
#include <stdlib.h>

meso_status null_tally_init(null_tally *t, size_t n, size_t n_draws, double alpha, meso_err *err)
{
  meso_status status = MESO_OK;
  *t = (null_tally) {.n = n, .n_draws = n_draws};
  t->n_tails = (size_t) floor((double) (n_draws + 1) * alpha / 2 + 1e-9);
  MESO_ALLOC(err, t->sum, n);
  MESO_ALLOC(err, t->high, n);
  MESO_ALLOC(err, t->low, n);
  for (int side = 0; side < 2; side++) MESO_ALLOC(err, t->tail[side], n * t->n_tails);
cleanup:
  return status;
}

void null_tally_clear(null_tally *t)
{
  free(t->sum);
  free(t->high);
  free(t->low);
  free(t->tail[0]);
  free(t->tail[1]);
  *t = (null_tally) {0};
}

/** Sorts a number into the n smallest so far; the last of them falls out once there are n. */
static void put(double *tail, size_t n_held, size_t n, double x)
{
  size_t at = n_held < n ? n_held : n;
  if (at == n && (n == 0 || !(x < tail[n - 1]))) return;
  if (at == n) at--;
  for (; at > 0 && tail[at - 1] > x; at--) tail[at] = tail[at - 1];
  tail[at] = x;
}

void null_tally_add(null_tally *t, const double *observed, size_t n_more,
                    const double *const *draw, int n_threads)
{
  (void) n_threads; /* unused without OpenMP */
#pragma omp parallel for schedule(static) num_threads(n_threads > 0 ? n_threads : 1)
  for (size_t i = 0; i < t->n; i++)
    for (size_t k = 0; k < n_more; k++) {
      const double x = draw[k][i];
      t->sum[i] += x;
      t->high[i] += x >= observed[i];
      t->low[i] += x <= observed[i];
      put(t->tail[0] + i * t->n_tails, t->n_added + k, t->n_tails, x);
      put(t->tail[1] + i * t->n_tails, t->n_added + k, t->n_tails, -x);
    }
  t->n_added += n_more;
}

null_verdict null_tally_verdict(const null_tally *t, size_t i, double observed)
{
  const double n = (double) t->n_added, mean = t->sum[i] / n;
  null_verdict v = {NAN, NAN, NAN, NAN};
  if (t->n_added == 0 || isnan(mean)) return v;
  v.mean = mean;
  if (t->n_tails > 0 && t->n_added == t->n_draws) {
    v.low = t->tail[0][(i + 1) * t->n_tails - 1];
    v.high = -t->tail[1][(i + 1) * t->n_tails - 1];
  }
  if (!isnan(observed))
    v.p = fmin(1, 2 * (1 + fmin(t->high[i], t->low[i])) / (1 + n));
  return v;
}
