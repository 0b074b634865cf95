/* su_dither.c: every spike is moved by up to width_ms to either side, reflected at the ends of the
 * recording. Keeps rates on time scales longer than the width (Date, Bienenstock & Geman 1998). */
#include "meso_surrogate.h"

typedef struct dither_params { double width_ms; } dither_params;

static const meso_param dither_rows[] = {
  {.key = "width_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9,
   .min_open = true, .default_text = "15", .offset = offsetof(dither_params, width_ms),
   .help = "largest displacement"},
  {.key = NULL}
};

static meso_status change(const void *params, meso_surrogate_train *train,
                          meso_surrogate_rng *rng, meso_err *err)
{
  const dither_params *p = params;
  (void) err;
  for (size_t k = 0; k < train->n; k++) {
    double t = train->time_ms[k] + p->width_ms * (2 * meso_surrogate_uniform(rng) - 1);
    if (t < train->start_ms) t = 2 * train->start_ms - t;
    if (t > train->stop_ms) t = 2 * train->stop_ms - t;
    train->time_ms[k] = t < train->start_ms ? train->start_ms : t; /* wider than the recording */
  }
  return MESO_OK;
}

static meso_status dither(const void *params, const meso_spikes *in, meso_surrogate_draw draw,
                          meso_spikes **ret, meso_err *err)
{
  return meso_surrogate_trains(in, draw, change, params, ret, err);
}

const meso_surrogate_ops meso_su_dither = {
  .name = "dither", .summary = "moves each spike a little: keeps slow rates, destroys precise "
                               "timing",
  .input = MESO_INPUT_SPIKES, .params = dither_rows, .params_size = sizeof(dither_params),
  .spikes = dither
};
