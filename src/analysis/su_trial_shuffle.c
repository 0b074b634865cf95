/* su_trial_shuffle.c: each train's trials, consecutive windows of trial_ms, in random order; what
 * comes after the last whole trial stays. */
#include <math.h>
#include <stdlib.h>

#include "meso_surrogate.h"

typedef struct trial_params { double trial_ms; } trial_params;

static const meso_param trial_rows[] = {
  {.key = "trial_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .min_open = true, .default_text = "1000", .offset = offsetof(trial_params, trial_ms),
   .help = "length of a trial"},
  {.key = NULL}
};

static meso_status change(const void *params, meso_surrogate_train *train,
                          meso_surrogate_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  const trial_params *p = params;
  const double n = floor((train->stop_ms - train->start_ms) / p->trial_ms + 1e-8);
  double *order = NULL;
  if (!(n >= 2 && n <= 1e8))
    MESO_FAIL(err, MESO_ERANGE, "trial_ms %g ms: the recording has %g such trials; it takes 2 to "
              "1e8", p->trial_ms, n);
  MESO_ALLOC(err, order, (size_t) n);
  for (size_t i = 0; i < (size_t) n; i++) order[i] = (double) i;
  meso_surrogate_shuffle(rng, (size_t) n, order);
  for (size_t k = 0; k < train->n; k++) {
    const double trial = floor((train->time_ms[k] - train->start_ms) / p->trial_ms);
    if (!(trial < n)) continue;
    const double moved = train->time_ms[k] + (order[(size_t) trial] - trial) * p->trial_ms;
    train->time_ms[k] = fmax(train->start_ms, fmin(moved, train->stop_ms));
  }
cleanup:
  free(order);
  return status;
}

static meso_status trial_shuffle(const void *params, const meso_spikes *in,
                                 meso_surrogate_draw draw, meso_spikes **ret, meso_err *err)
{
  return meso_surrogate_trains(in, draw, change, params, ret, err);
}

const meso_surrogate_ops meso_su_trial_shuffle = {
  .name = "trial_shuffle",
  .summary = "permutes each train's trials: keeps what is locked to them, destroys the rest",
  .input = MESO_INPUT_SPIKES, .params = trial_rows, .params_size = sizeof(trial_params),
  .spikes = trial_shuffle
};
