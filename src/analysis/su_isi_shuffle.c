/* su_isi_shuffle.c: the intervals of each train in random order, from its first spike on. */
#include <math.h>

#include "meso_surrogate.h"

typedef struct isi_params { char unused; } isi_params;

static const meso_param isi_rows[] = {{.key = NULL}};

static meso_status change(const void *params, meso_surrogate_train *train,
                          meso_surrogate_rng *rng, meso_err *err)
{
  double *t = train->time_ms;
  const double last = t[train->n - 1];
  (void) params;
  (void) err;
  for (size_t k = train->n; k-- > 1;) t[k] -= t[k - 1];
  meso_surrogate_shuffle(rng, train->n - 1, t + 1);
  for (size_t k = 1; k < train->n; k++) t[k] = fmin(t[k] + t[k - 1], last);
  t[train->n - 1] = last; /* sums round */
  return MESO_OK;
}

static meso_status isi_shuffle(const void *params, const meso_spikes *in, meso_surrogate_draw draw,
                               meso_spikes **ret, meso_err *err)
{
  return meso_surrogate_trains(in, draw, change, params, ret, err);
}

const meso_surrogate_ops meso_su_isi_shuffle = {
  .name = "isi_shuffle",
  .summary = "permutes each train's intervals: keeps their distribution, destroys their order",
  .input = MESO_INPUT_SPIKES, .params = isi_rows, .params_size = sizeof(isi_params),
  .spikes = isi_shuffle
};
