/* fm_stephan2007.c: balloon states with the output equation of Stephan et al. (2007):
 * k1 = 4.3 theta0 E0 TE, k2 = epsilon r0 E0 TE, k3 = 1 - epsilon. The defaults of theta0, r0 and TE
 * are those of 1.5 T; other field strengths need their own. */
#include "meso_balloon.h"
#include "meso_forward.h"

typedef struct stephan2007_params {
  meso_balloon_params balloon;
  double epsilon, theta0_Hz, r0_per_s, TE_s;
} stephan2007_params;

static const meso_param stephan2007_rows[] = {
  MESO_BALLOON_ROWS(stephan2007_params, balloon),
  {.key = "epsilon", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 10,
   .default_text = "1", .offset = offsetof(stephan2007_params, epsilon),
   .help = "ratio of intra- to extravascular signal"},
  {.key = "theta0_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e4,
   .default_text = "40.3", .offset = offsetof(stephan2007_params, theta0_Hz),
   .help = "frequency offset at the vessel surface (1.5 T)"},
  {.key = "r0_per_s", .type = MESO_PARAM_DOUBLE, .unit = "1/s", .min = 0, .max = 1e4,
   .default_text = "25", .offset = offsetof(stephan2007_params, r0_per_s),
   .help = "slope of intravascular relaxation with extraction (1.5 T)"},
  {.key = "TE_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1, .min_open = true,
   .default_text = "0.04", .offset = offsetof(stephan2007_params, TE_s), .help = "echo time"},
  {.key = NULL}
};

static meso_status stephan2007_apply(const void *params, const meso_signal *in, double TR_s,
                                     meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const stephan2007_params *p = params;
  const double E0_TE_s = p->balloon.E0 * p->TE_s;
  const meso_balloon_output output = {.k1 = 4.3 * p->theta0_Hz * E0_TE_s,
                                      .k2 = p->epsilon * p->r0_per_s * E0_TE_s,
                                      .k3 = 1 - p->epsilon};
  MESO_TRY(meso_balloon_apply("stephan2007", &p->balloon, &output, in, TR_s, out, err));
  meso_attrs *a = &out->signal[out->n - 1].attrs;
  MESO_TRY(meso_attrs_set_number(a, "epsilon", p->epsilon, err));
  MESO_TRY(meso_attrs_set_number(a, "theta0_Hz", p->theta0_Hz, err));
  MESO_TRY(meso_attrs_set_number(a, "r0_per_s", p->r0_per_s, err));
  MESO_TRY(meso_attrs_set_number(a, "TE_s", p->TE_s, err));
cleanup:
  return status;
}

const meso_forward_ops meso_fm_stephan2007 = {
  .name = "stephan2007", .summary = "balloon model with the output equation of Stephan et al. 2007",
  .unit_in = "1", .unit_out = "1", .linear = false,
  .params = stephan2007_rows, .params_size = sizeof(stephan2007_params), .apply = stephan2007_apply
};
