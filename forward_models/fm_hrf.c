/* fm_hrf.c: linear response with the canonical haemodynamic response function, a difference of two
 * gamma densities g(t; shape, scale):
 *   h(t) = g(t; delay/dispersion, dispersion)
 *          - g(t; undershoot_delay/undershoot_dispersion, undershoot_dispersion) / ratio
 *   y(t) = amplitude sum_i z_i integral of h over the i-th hold interval, seen from t
 * The integral over each interval is exact (incomplete gamma functions), so the result does not
 * depend on a kernel grid.
 * normalisation: area (integral of h is 1), peak (largest h is 1 /s), none.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "meso_balloon.h"
#include "meso_forward.h"

typedef struct hrf_params {
  double delay_s, undershoot_delay_s, dispersion_s, undershoot_dispersion_s, ratio, amplitude;
  int normalisation;
} hrf_params;

#define HRF_ROW(k, lowest, u, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = (lowest), .max = 1e3, .min_open = true, \
   .default_text = standard, .offset = offsetof(hrf_params, k), .help = text}

static const meso_param hrf_rows[] = {
  HRF_ROW(delay_s, 0, "s", "6", "delay of the response (SPM canonical)"),
  HRF_ROW(undershoot_delay_s, 0, "s", "16", "delay of the undershoot (SPM canonical)"),
  HRF_ROW(dispersion_s, 0, "s", "1", "dispersion of the response (SPM canonical)"),
  HRF_ROW(undershoot_dispersion_s, 0, "s", "1", "dispersion of the undershoot (SPM canonical)"),
  HRF_ROW(ratio, 1, "1", "6", "response over undershoot (SPM canonical)"),
  HRF_ROW(amplitude, -1e3, "1", "1", "factor of the result"),
  {.key = "normalisation", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "area|peak|none",
   .default_text = "area", .offset = offsetof(hrf_params, normalisation),
   .help = "integral of the response is 1, its peak is 1 /s, or as the densities give it"},
  {.key = NULL}
};

static double shape_of(double delay_s, double dispersion_s) { return delay_s / dispersion_s; }

/* Integral of h from 0 to t. */
static double hrf_integral(const hrf_params *p, double t)
{
  if (!(t > 0)) return 0;
  return gsl_cdf_gamma_P(t, shape_of(p->delay_s, p->dispersion_s), p->dispersion_s) -
         gsl_cdf_gamma_P(t, shape_of(p->undershoot_delay_s, p->undershoot_dispersion_s),
                         p->undershoot_dispersion_s) / p->ratio;
}

static double hrf_at(const hrf_params *p, double t)
{
  return gsl_ran_gamma_pdf(t, shape_of(p->delay_s, p->dispersion_s), p->dispersion_s) -
         gsl_ran_gamma_pdf(t, shape_of(p->undershoot_delay_s, p->undershoot_dispersion_s),
                           p->undershoot_dispersion_s) / p->ratio;
}

static double hrf_scale(const hrf_params *p)
{
  if (p->normalisation == 0) return p->amplitude / (1 - 1 / p->ratio);
  if (p->normalisation == 2) return p->amplitude;
  double peak = 0;
  for (int i = 1; i <= 30000; i++) peak = fmax(peak, hrf_at(p, i * 1e-4 * p->delay_s));
  return p->amplitude / peak;
}

/* Time after which the rest of h is below rounding. */
static double hrf_length_s(const hrf_params *p)
{
  const double a = gsl_cdf_gamma_Qinv(1e-16, shape_of(p->delay_s, p->dispersion_s),
                                      p->dispersion_s);
  const double b = gsl_cdf_gamma_Qinv(1e-16, shape_of(p->undershoot_delay_s,
                                                      p->undershoot_dispersion_s),
                                      p->undershoot_dispersion_s);
  return fmax(a, b);
}

/* weight[m]: integral of h over [m dt - late, (m + 1) dt - late], m = 0 .. n - 1. */
static void fill_weights(const hrf_params *p, double dt_s, double late_s, double scale, size_t n,
                         double *weight)
{
  double before = hrf_integral(p, -late_s);
  for (size_t m = 0; m < n; m++) {
    const double after = hrf_integral(p, (double) (m + 1) * dt_s - late_s);
    weight[m] = scale * (after - before);
    before = after;
  }
}

static meso_status convolve(const hrf_params *p, const meso_signal *in, double TR_s,
                            meso_signal *bold, meso_err *err)
{
  meso_status status = MESO_OK;
  double *weight = NULL, late_of_weights = -1;
  const double dt_s = 1 / in->sampling_rate_Hz, scale = hrf_scale(p);
  const size_t n = (size_t) ceil(hrf_length_s(p) / dt_s) + 1, n_channels = in->n_channels;
  MESO_ALLOC(err, weight, n);
  for (size_t k = 0; k < bold->n_times; k++) {
    const double samples = (double) k * TR_s * in->sampling_rate_Hz;
    const size_t end = (size_t) ceil(samples - 1e-6); /* intervals that began before */
    const double late_s = fmax(0, ((double) end - samples) * dt_s);
    const double late = late_s < 1e-6 * dt_s ? 0 : late_s;
    if (fabs(late - late_of_weights) > 1e-9 * dt_s) {
      fill_weights(p, dt_s, late, scale, n, weight);
      late_of_weights = late;
    }
    for (size_t m = 0; m < n && m < end; m++) {
      if (end - 1 - m >= in->n_times) continue;
      for (size_t c = 0; c < n_channels; c++)
        bold->data[k * n_channels + c] += weight[m] * in->data[(end - 1 - m) * n_channels + c];
    }
  }
cleanup:
  free(weight);
  return status;
}

static meso_status hrf_apply(const void *params, const meso_signal *in, double TR_s,
                             meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const hrf_params *p = params;
  static const char *const normalisation[] = {"area", "peak", "none"};
  meso_signal *bold = NULL;
  MESO_TRY(meso_bold_add("hrf", in, TR_s, out, &bold, err));
  MESO_TRY(convolve(p, in, TR_s, bold, err));
  for (const meso_param *row = hrf_rows; row->key != NULL; row++)
    if (row->type == MESO_PARAM_DOUBLE)
      MESO_TRY(meso_attrs_set_number(&bold->attrs, row->key,
                                     *(const double *) ((const char *) params + row->offset), err));
  MESO_TRY(meso_attrs_set_text(&bold->attrs, "normalisation", normalisation[p->normalisation],
                               err));
cleanup:
  return status;
}

const meso_forward_ops meso_fm_hrf = {
  .name = "hrf", .summary = "linear canonical response function, difference of two gamma densities",
  .unit_in = "1", .unit_out = "1", .linear = true,
  .params = hrf_rows, .params_size = sizeof(hrf_params), .apply = hrf_apply
};
