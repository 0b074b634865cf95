/* meso_hrf.c: convolution of a drive with response functions, and the double gamma.
 *
 * 1. convolution
 * 2. difference of two gamma densities
 */
#include "meso_hrf.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "forward_output.h"

static const size_t slab_values = (size_t) 1 << 22; /* of the drive: 32 MiB */
enum { CHANNELS = 64 }; /* that are summed together, in registers and first-level cache */

/* ---- 1. convolution ----------------------------------------------------------------------- */

/* Output sample k sees the drive's intervals 0 .. end - 1, the last of them `late` (of an interval)
 * before its end. late is rounded, so that it depends on k alone and equal phases share weights. */
typedef struct phase { size_t end; double late; } phase;

static phase phase_of(size_t k, double samples_per_TR)
{
  const double at = (double) k * samples_per_TR, end = ceil(at - 1e-6);
  return (phase) {(size_t) end, round(fmax(0, end - at) * 1e6) * 1e-6};
}

/* weight[m * n_regions + r]: integral of h over [m dt - late, (m + 1) dt - late]. */
static void fill_weights(const meso_hrf *h, double dt_s, double late, size_t n, double *weight)
{
  for (size_t r = 0; r < h->n_regions; r++) {
    double before = 0;
    for (size_t m = 0; m < n; m++) {
      const double after = h->integral(h->context, r, ((double) (m + 1) - late) * dt_s);
      weight[m * h->n_regions + r] = after - before;
      before = after;
    }
  }
}

/* Adds rows[first .. first + n - 1] to output row y, which sees intervals up to end - 1. */
static void add_slab(const double *rows, size_t n_channels, size_t first, size_t n, size_t end,
                     const double *weight, size_t n_weights, size_t n_regions, double *y)
{
  const size_t oldest = end > n_weights ? end - n_weights : 0;
  const size_t from = first > oldest ? first : oldest;
  const size_t stop = first + n < end ? first + n : end;
  for (size_t c0 = 0; c0 < n_channels; c0 += CHANNELS) {
    const size_t c1 = c0 + CHANNELS < n_channels ? c0 + CHANNELS : n_channels;
    for (size_t i = from; i < stop; i++) {
      const double *z = rows + (i - first) * n_channels;
      const double *w = weight + (end - 1 - i) * n_regions;
      if (n_regions == 1) for (size_t c = c0; c < c1; c++) y[c] += w[0] * z[c];
      else for (size_t c = c0; c < c1; c++) y[c] += w[c] * z[c];
    }
  }
}

/* Samples of the output that see a slab; each thread keeps the weights of its last phase. */
static meso_status convolve_slab(const meso_hrf *h, const meso_series *in, double samples_per_TR,
                                 const double *rows, size_t first, size_t n, size_t n_weights,
                                 int n_threads, meso_signal *bold, meso_err *err)
{
  meso_status status = MESO_OK;
  bool no_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *weight = meso_calloc(n_weights, h->n_regions * sizeof *weight);
    double late = -1;
#pragma omp for schedule(static)
    for (size_t k = 0; k < bold->n_times; k++) {
      const phase p = phase_of(k, samples_per_TR);
      if (weight == NULL || p.end <= first || p.end > first + n + n_weights) continue;
      if (fabs(p.late - late) > 0) {
        fill_weights(h, 1 / in->sampling_rate_Hz, p.late, n_weights, weight);
        late = p.late;
      }
      add_slab(rows, in->n_channels, first, n, p.end, weight, n_weights, h->n_regions,
               bold->data + k * bold->n_channels);
    }
#pragma omp critical
    no_memory = no_memory || weight == NULL;
    free(weight);
  }
  if (no_memory)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a response function of %zu samples", n_weights);
cleanup:
  return status;
}

meso_status meso_hrf_convolve(const char *model, const meso_param *rows, const void *params,
                              const meso_hrf *hrf, const meso_series *in, double TR_s,
                              int n_threads, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_before = out->n;
  double *slab = NULL;
  meso_signal *bold = NULL;
  if (hrf->n_regions != 1 && hrf->n_regions != in->n_channels)
    MESO_FAIL(err, MESO_EINVAL, "%s: response functions of %zu regions, but the drive has %zu",
              model, hrf->n_regions, in->n_channels);
  MESO_TRY(forward_output_add("bold", "1", model, in, TR_s, out, &bold, err));
  const size_t n_weights = (size_t) ceil(hrf->length_s * in->sampling_rate_Hz) + 1;
  const size_t fits = slab_values / in->n_channels + 1;
  const size_t n_slab = fits < in->n_times ? fits : in->n_times;
  MESO_ALLOC_ALIGNED(err, slab, n_slab * in->n_channels);
  for (size_t first = 0; first < in->n_times; first += n_slab) {
    const size_t n = in->n_times - first < n_slab ? in->n_times - first : n_slab;
    MESO_TRY(meso_series_read(in, first, n, slab, err));
    MESO_TRY(convolve_slab(hrf, in, TR_s * in->sampling_rate_Hz, slab, first, n, n_weights,
                           n_threads, bold, err));
  }
  MESO_TRY(forward_describe(rows, params, &bold->attrs, err));
cleanup:
  if (status != MESO_OK) meso_signals_truncate(out, n_before);
  free(slab);
  return status;
}

/* ---- 2. double gamma ---------------------------------------------------------------------- */

static double shape_of(double delay_s, double dispersion_s) { return delay_s / dispersion_s; }

double meso_double_gamma_at(const meso_double_gamma *p, double t_s)
{
  if (!(t_s > 0)) return 0;
  return gsl_ran_gamma_pdf(t_s, shape_of(p->delay_s, p->dispersion_s), p->dispersion_s) -
         gsl_ran_gamma_pdf(t_s, shape_of(p->undershoot_delay_s, p->undershoot_dispersion_s),
                           p->undershoot_dispersion_s) / p->ratio;
}

static double integral_of(const meso_double_gamma *p, double t_s)
{
  if (!(t_s > 0)) return 0;
  return gsl_cdf_gamma_P(t_s, shape_of(p->delay_s, p->dispersion_s), p->dispersion_s) -
         gsl_cdf_gamma_P(t_s, shape_of(p->undershoot_delay_s, p->undershoot_dispersion_s),
                         p->undershoot_dispersion_s) / p->ratio;
}

static double scale_of(const meso_double_gamma *p)
{
  double peak = 0;
  if (p->normalisation == MESO_HRF_AREA) return p->amplitude / (1 - 1 / p->ratio);
  if (p->normalisation == MESO_HRF_NONE) return p->amplitude;
  for (int i = 1; i <= 30000; i++)
    peak = fmax(peak, meso_double_gamma_at(p, i * 1e-4 * p->delay_s));
  return p->amplitude / peak;
}

/* Time after which the rest of h is below rounding. */
static double length_of(const meso_double_gamma *p)
{
  const double a = gsl_cdf_gamma_Qinv(1e-16, shape_of(p->delay_s, p->dispersion_s),
                                      p->dispersion_s);
  const double b = gsl_cdf_gamma_Qinv(1e-16, shape_of(p->undershoot_delay_s,
                                                      p->undershoot_dispersion_s),
                                      p->undershoot_dispersion_s);
  return fmax(a, b);
}

typedef struct scaled_gamma { const meso_double_gamma *gamma; double scale; } scaled_gamma;

static double scaled_integral(const void *context, size_t region, double t_s)
{
  const scaled_gamma *g = context;
  (void) region;
  return g->scale * integral_of(g->gamma, t_s);
}

meso_status meso_double_gamma_apply(const char *model, const meso_param *rows,
                                    const meso_double_gamma *params, const meso_series *in,
                                    double TR_s, int n_threads, meso_signals *out, meso_err *err)
{
  const scaled_gamma g = {params, scale_of(params)};
  const meso_hrf hrf = {.integral = scaled_integral, .context = &g, .n_regions = 1,
                        .length_s = length_of(params)};
  return meso_hrf_convolve(model, rows, params, &hrf, in, TR_s, n_threads, out, err);
}
