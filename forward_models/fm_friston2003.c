/* fm_friston2003.c: balloon model with the output equation k1 = 7 E0, k2 = 2, k3 = 2 E0 - 0.2 and
 * the parameters of Friston, Harrison and Penny (2003). */
#include "meso_balloon.h"
#include "meso_forward.h"

typedef struct friston2003_params { meso_balloon_params balloon; } friston2003_params;

static const meso_param friston2003_rows[] = {
  MESO_BALLOON_ROWS(friston2003_params, balloon),
  {.key = NULL}
};

static meso_status friston2003_apply(const void *params, const meso_signal *in, double TR_s,
                                     meso_signals *out, meso_err *err)
{
  const friston2003_params *p = params;
  const double E0 = p->balloon.E0;
  const meso_balloon_output output = {.k1 = 7 * E0, .k2 = 2, .k3 = 2 * E0 - 0.2};
  return meso_balloon_apply("friston2003", &p->balloon, &output, in, TR_s, out, err);
}

const meso_forward_ops meso_fm_friston2003 = {
  .name = "friston2003", .summary = "balloon model (Friston, Harrison and Penny 2003)",
  .unit_in = "1", .unit_out = "1", .linear = false,
  .params = friston2003_rows, .params_size = sizeof(friston2003_params), .apply = friston2003_apply
};
