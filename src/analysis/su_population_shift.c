/* su_population_shift.c: all trains of a population are shifted together by a random time, the end
 * going to the start; every population by its own. Relations within populations stay, those
 * between populations go. */
#include <math.h>

#include "meso_surrogate.h"

typedef struct shift_params { char unused; } shift_params;

static const meso_param shift_rows[] = {{.key = NULL}};

static meso_status change(const void *params, meso_surrogate_train *train,
                          meso_surrogate_rng *rng, meso_err *err)
{
  meso_surrogate_rng of_population = {rng->draw, UINT32_MAX, rng->population, 0};
  const double length = train->stop_ms - train->start_ms;
  const double shift = length * meso_surrogate_uniform(&of_population);
  (void) params;
  (void) err;
  for (size_t k = 0; k < train->n; k++) {
    const double wrapped = fmod(train->time_ms[k] - train->start_ms + shift, length);
    train->time_ms[k] = fmin(train->start_ms + wrapped, train->stop_ms);
  }
  return MESO_OK;
}

static meso_status population_shift(const void *params, const meso_spikes *in,
                                    meso_surrogate_draw draw, meso_spikes **ret, meso_err *err)
{
  return meso_surrogate_trains(in, draw, change, params, ret, err);
}

const meso_surrogate_ops meso_su_population_shift = {
  .name = "population_shift",
  .summary = "shifts each population as one: keeps relations within, destroys those between",
  .input = MESO_INPUT_SPIKES, .params = shift_rows, .params_size = sizeof(shift_params),
  .spikes = population_shift
};
