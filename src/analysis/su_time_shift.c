/* su_time_shift.c: each train as a whole is shifted by a random time, the end going to the start.
 * */
#include <math.h>

#include "meso_surrogate.h"

typedef struct shift_params { double range_ms; } shift_params;

static const meso_param shift_rows[] = {
  {.key = "range_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(shift_params, range_ms),
   .help = "largest shift to either side; 0: anywhere in the recording"},
  {.key = NULL}
};

static meso_status change(const void *params, meso_surrogate_train *train,
                          meso_surrogate_rng *rng, meso_err *err)
{
  const shift_params *p = params;
  const double length = train->stop_ms - train->start_ms, u = meso_surrogate_uniform(rng);
  const double shift = p->range_ms > 0 ? p->range_ms * (2 * u - 1) : length * u;
  (void) err;
  for (size_t k = 0; k < train->n; k++) {
    const double from_start = fmod(train->time_ms[k] - train->start_ms + shift, length);
    const double wrapped = from_start < 0 ? from_start + length : from_start;
    train->time_ms[k] = fmin(train->start_ms + wrapped, train->stop_ms);
  }
  return MESO_OK;
}

static meso_status time_shift(const void *params, const meso_spikes *in, meso_surrogate_draw draw,
                              meso_spikes **ret, meso_err *err)
{
  return meso_surrogate_trains(in, draw, change, params, ret, err);
}

const meso_surrogate_ops meso_su_time_shift = {
  .name = "time_shift",
  .summary = "shifts each train round the recording: keeps trains, destroys their relations",
  .input = MESO_INPUT_SPIKES, .params = shift_rows, .params_size = sizeof(shift_params),
  .spikes = time_shift
};
