/* meso_kernel.c: population kernels from parameters. */
#include "meso_kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MULTAPSES = 99 };

static double truncated_density(const meso_truncated_normal *d, double x)
{
  const double t = (x - d->loc) / d->scale;
  return t >= d->low && t <= d->high ? exp(-t * t / 2) : 0;
}

static double mean_multapses(const meso_truncated_normal *d)
{
  double sum = 0, norm = 0;
  for (int k = 1; k <= MAX_MULTAPSES; k++) {
    const double p = truncated_density(d, k);
    sum += k * p;
    norm += p;
  }
  return sum / norm;
}

/* Integral over time of a synapse's unit response (ms). */
static double synapse_area_ms(const meso_kernel_synapse *s)
{
  if (!(s->tau_rise_ms > 0)) return s->tau_ms;
  return (s->tau_ms - s->tau_rise_ms) * meso_biexponential_norm(s->tau_rise_ms, s->tau_ms);
}

static double in_degree(const meso_kernel_source *source)
{
  return source->probability * source->size * mean_multapses(&source->multapses);
}

/* Share of the source's synapses on each segment: area times depth profile. */
static meso_status place_synapses(const meso_morphology *m, const meso_kernel_params *params,
                                  const meso_kernel_source *source, double *probability,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  double sum = 0;
  for (size_t j = 0; j < m->n_segments; j++) {
    probability[j] = 0;
    if ((source->section_types >> m->section_type[m->segment_section[j]] & 1) == 0) continue;
    for (size_t k = 0; k < source->n_modes; k++) {
      const meso_depth_mode *mode = &source->mode[k];
      const double scale = hypot(mode->scale_um, params->soma_sd_um);
      const double t = (meso_morphology_z_um(m, j) - mode->loc_um) / scale;
      probability[j] += mode->weight * exp(-t * t / 2) / scale;
    }
    probability[j] *= m->area_um2[j];
    sum += probability[j];
  }
  if (!(sum > 0)) MESO_FAIL(err, MESO_EINVAL, "no segment can carry the synapses of a source");
  for (size_t j = 0; j < m->n_segments; j++) probability[j] /= sum;
cleanup:
  return status;
}

/* Leak with the mean conductances of all synapses. */
static meso_status effective_leak(const meso_morphology *m, const meso_kernel_params *params,
                                  double *g_pas, meso_err *err)
{
  meso_status status = MESO_OK;
  double *probability = NULL, area = 0;
  MESO_ALLOC(err, probability, m->n_segments);
  for (size_t j = 0; j < m->n_segments; j++) area += m->area_um2[j];
  for (size_t j = 0; j < m->n_segments; j++) {
    g_pas[j] = params->g_pas_S_per_cm2;
    if (params->effective_leak)
      g_pas[j] += 0.1 * params->n_external / area * fabs(params->external.weight)
        * synapse_area_ms(&params->external) * params->external_rate_Hz;
  }
  for (size_t i = 0; i < params->n_sources && params->effective_leak; i++) {
    const meso_kernel_source *source = &params->source[i];
    MESO_TRY(place_synapses(m, params, source, probability, err));
    for (size_t j = 0; j < m->n_segments; j++)
      g_pas[j] += 0.1 * probability[j] * in_degree(source) * fabs(source->synapse.weight)
        * synapse_area_ms(&source->synapse) * source->rate_Hz / m->area_um2[j];
  }
cleanup:
  free(probability);
  return status;
}

meso_status meso_kernel_response(const meso_morphology *morphology, const meso_cable *cable,
                                 const meso_kernel_synapse *synapse, const double *weight_nA,
                                 double time_ms, size_t n_channels, const double *matrix,
                                 double *response, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = morphology->n_segments, width = cable->n_steps + 1;
  meso_cable_event *event = NULL;
  double *imem = NULL;
  size_t n_events = 0;
  if (n > (size_t) -1 / 16 / width) MESO_FAIL(err, MESO_ENOMEM, "kernel too long");
  MESO_ALLOC(err, event, n);
  MESO_ALLOC(err, imem, n * width);
  for (size_t j = 0; j < n; j++)
    if (weight_nA[j] != 0)
      event[n_events++] = (meso_cable_event) {j, synapse->tau_rise_ms, synapse->tau_ms,
                                              weight_nA[j], time_ms};
  MESO_TRY(meso_cable_run(morphology, cable, n_events, event, imem, NULL, err));
  memset(response, 0, n_channels * width * sizeof *response);
  for (size_t c = 0; c < n_channels; c++)
    for (size_t j = 0; j < n; j++) {
      const double gain = matrix[c * n + j];
      for (size_t k = 0; k < width; k++) response[c * width + k] += gain * imem[j * width + k];
    }
cleanup:
  free(event);
  free(imem);
  return status;
}

/* Delay density on the lags, normalised. */
static meso_status delay_weights(const meso_truncated_normal *delay, meso_kernel *kernel,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  double sum = 0;
  for (size_t k = 0; k < kernel->n_lags; k++)
    sum += kernel->delay_weight[k] = truncated_density(delay, kernel->lag_ms[k]);
  if (!(sum > 0)) MESO_FAIL(err, MESO_EINVAL, "the delay lies outside the kernel's lags");
  for (size_t k = 0; k < kernel->n_lags; k++) kernel->delay_weight[k] /= sum;
cleanup:
  return status;
}

/* Delayed response, relative to its value at the spike, zero before. */
static void shape_channel(meso_kernel *kernel, const double *response, size_t n_times,
                          size_t at_spike, double *channel)
{
  const size_t half = kernel->n_lags / 2;
  double at_zero = 0;
  for (size_t i = half; i < kernel->n_lags; i++) {
    const size_t time = at_spike + i - half;
    double sum = 0;
    for (size_t k = 0; k < kernel->n_lags; k++)
      if (kernel->delay_weight[k] != 0 && time + half >= k && time + half - k < n_times)
        sum += kernel->delay_weight[k] * response[time + half - k];
    if (i == half) at_zero = sum;
    channel[i] = sum - at_zero;
  }
}

static meso_status kernel_create(const meso_morphology *m, const meso_kernel_params *params,
                                 size_t n_channels, meso_kernel **ret_kernel, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_kernel *kernel = NULL;
  const double half = floor(params->duration_ms / params->dt_ms + 1e-9);
  if (!(params->dt_ms > 0 && half >= 1 && half < 1e6
        && params->spike_time_ms >= params->duration_ms && params->spike_time_ms < 1e6))
    MESO_FAIL(err, MESO_EINVAL, "kernel: dt %g ms, duration %g ms, spike time %g ms",
              params->dt_ms, params->duration_ms, params->spike_time_ms);
  MESO_ALLOC(err, kernel, 1);
  kernel->n_channels = n_channels;
  kernel->n_lags = 2 * (size_t) half + 1;
  kernel->n_segments = m->n_segments;
  MESO_ALLOC(err, kernel->lag_ms, kernel->n_lags);
  MESO_ALLOC(err, kernel->delay_weight, kernel->n_lags);
  MESO_ALLOC(err, kernel->data, n_channels * kernel->n_lags);
  MESO_ALLOC(err, kernel->segment_probability, m->n_segments);
  MESO_ALLOC(err, kernel->weight_nA, m->n_segments);
  MESO_ALLOC(err, kernel->g_pas_S_per_cm2, m->n_segments);
  for (size_t k = 0; k < kernel->n_lags; k++)
    kernel->lag_ms[k] = params->dt_ms * ((double) k - half);
  *ret_kernel = kernel;
  kernel = NULL;
cleanup:
  meso_kernel_destroy(kernel);
  return status;
}

meso_status meso_kernel_compute(const meso_morphology *morphology,
                                const meso_kernel_params *params, size_t source,
                                size_t n_channels, const double *matrix,
                                meso_kernel **ret_kernel, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = morphology;
  meso_kernel *kernel = NULL;
  double *response = NULL;
  if (source >= params->n_sources) MESO_FAIL(err, MESO_EINVAL, "no source %zu", source);
  const meso_kernel_source *from = &params->source[source];
  const meso_kernel_synapse *synapse = &from->synapse;
  MESO_TRY(kernel_create(m, params, n_channels, &kernel, err));
  MESO_TRY(delay_weights(&from->delay_ms, kernel, err));
  MESO_TRY(place_synapses(m, params, from, kernel->segment_probability, err));
  MESO_TRY(effective_leak(m, params, kernel->g_pas_S_per_cm2, err));
  kernel->mean_multapses = mean_multapses(&from->multapses);
  kernel->k_in = in_degree(from);
  kernel->k_out = kernel->k_in * params->target_size / from->size;
  const double weight = params->conductance_based
    ? -synapse->weight * (params->V_rest_mV - synapse->reversal_mV) : synapse->weight;
  for (size_t j = 0; j < m->n_segments; j++)
    kernel->weight_nA[j] = weight * kernel->segment_probability[j] * kernel->k_out;
  const size_t at_spike = (size_t) llround(params->spike_time_ms / params->dt_ms);
  const meso_cable cable = {params->cm_uF_per_cm2, params->e_pas_mV, kernel->g_pas_S_per_cm2,
                            params->dt_ms, at_spike + kernel->n_lags / 2};
  MESO_ALLOC(err, response, n_channels * (cable.n_steps + 1));
  MESO_TRY(meso_kernel_response(m, &cable, synapse, kernel->weight_nA, params->spike_time_ms,
                                n_channels, matrix, response, err));
  for (size_t c = 0; c < n_channels; c++)
    shape_channel(kernel, response + c * (cable.n_steps + 1), cable.n_steps + 1, at_spike,
                  kernel->data + c * kernel->n_lags);
  *ret_kernel = kernel;
  kernel = NULL;
cleanup:
  meso_kernel_destroy(kernel);
  free(response);
  return status;
}

void meso_kernel_destroy(meso_kernel *kernel)
{
  if (kernel == NULL) return;
  free(kernel->lag_ms);
  free(kernel->data);
  free(kernel->segment_probability);
  free(kernel->weight_nA);
  free(kernel->g_pas_S_per_cm2);
  free(kernel->delay_weight);
  free(kernel);
}
