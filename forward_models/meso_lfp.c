/* meso_lfp.c: spikes and kernels to LFP.
 *
 * Population kernels: spikes are counted per step of the kernel and source population, then
 * convolved with the sum of the source's kernels by overlap-save. Every output sample is the mean
 * over the kernel steps of its interval (boxcar). Neuron kernels: meso_neuron_lfp.c. Sources are
 * independent and added in file order, so the number of threads does not change a bit.
 */
#include "meso_lfp.h"

#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lfp_contributions.h"
#include "lfp_pieces.h"
#include "lfp_validity.h"
#include "meso_kernel_means.h"
#include "meso_neuron_kernels.h"
#include "meso_output_filter.h"

#define NOT_FOUND ((size_t) -1)

static const size_t max_samples = (size_t) 1 << 40;

/* What a kernel file holds, checked. */
typedef struct kernel_view {
  bool by_neuron;                     /* kernels of single neurons; else of pathways: */
  size_t n_pathways;
  const double *data;
  const double *dipole_z;             /* (n_pathways, n_lags), or NULL */
  size_t n_rows;                      /* channels, and the moment if there is one */
  size_t n_moments;                   /* components of the dipole: 1 (z), 3, or 0 */
  char *const *source, *const *target; /* (n_pathways) populations; target may be NULL */
  size_t n_channels, n_lags;
  const double *channel_um;
  size_t n_populations;
  char *const *population;
  const double *size, *is_source;     /* (n_populations) */
  double dt_ms, sigma_S_per_m;
  const meso_attrs *attrs;
} kernel_view;

/* Sampling of the convolution. */
typedef struct grid {
  double start_ms, dt_ms;
  size_t factor;      /* kernel steps per output sample */
  size_t n_out;
  size_t block;       /* new steps per transform, a multiple of factor */
  size_t n_fft;
} grid;

typedef struct source_job {
  const char *name;                   /* borrowed from the kernels; NULL: all sources together */
  const meso_spike_population *spikes; /* NULL: silent */
  size_t first_neuron;                /* among all of the model */
  double *out;                        /* (n_out, n_channels), borrowed */
  double *moment;                     /* (n_out, n_moments), or NULL */
  double *kernel;                     /* (n_rows, n_lags), summed over pathways */
  meso_status status;
} source_job;

typedef struct transform { fftw_plan forward, inverse; } transform;

/* Buffers of one source. */
typedef struct work {
  double *counts, *time;
  fftw_complex *spectrum, *product, *kernel;
} work;

/* ---- input -------------------------------------------------------------------------------- */

static meso_status view_populations(const meso_result *kernels, kernel_view *view, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *name = meso_result_find(kernels, "/populations/name");
  const meso_array *size = meso_result_find(kernels, "/populations/size");
  const meso_array *is_source = meso_result_find(kernels, "/populations/is_source");
  if (name == NULL || name->text == NULL || size == NULL || size->data == NULL ||
      is_source == NULL || is_source->data == NULL ||
      meso_array_count(size) != meso_array_count(name) ||
      meso_array_count(is_source) != meso_array_count(name))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /populations/name, size and is_source must be there "
              "and agree");
  view->n_populations = meso_array_count(name);
  view->population = name->text;
  view->size = size->data;
  view->is_source = is_source->data;
cleanup:
  return status;
}

static meso_status view_dipole(const meso_result *kernels, kernel_view *view, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *dipole = meso_result_find(kernels, "/kernels/dipole_z");
  if (dipole == NULL) return MESO_OK;
  const size_t n = view->n_pathways * view->n_lags;
  if (dipole->data == NULL || dipole->n_dims != 2 || meso_array_count(dipole) != n)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: shapes of data and dipole_z disagree");
  for (size_t i = 0; i < n; i++)
    if (!isfinite(dipole->data[i]))
      MESO_FAIL(err, MESO_EFORMAT, "kernel file: non-finite dipole_z");
  view->dipole_z = dipole->data;
  view->n_moments = 1;
  view->n_rows = view->n_channels + 1;
cleanup:
  return status;
}

static meso_status view_pathways(const meso_result *kernels, kernel_view *view, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *data = meso_result_find(kernels, "/kernels/data");
  const meso_array *source = meso_result_find(kernels, "/kernels/source");
  if (data == NULL || data->data == NULL || data->n_dims != 3 || source == NULL
      || source->text == NULL || meso_array_count(source) != data->dims[0])
    MESO_FAIL(err, MESO_EFORMAT, "not a kernel file: /kernels/data or source missing or bad");
  view->n_pathways = data->dims[0];
  view->n_channels = data->dims[1];
  view->n_lags = data->dims[2];
  view->data = data->data;
  view->n_rows = view->n_channels;
  view->source = source->text;
  const meso_array *target = meso_result_find(kernels, "/kernels/population");
  if (target != NULL && target->text != NULL && meso_array_count(target) == view->n_pathways)
    view->target = target->text;
  for (size_t i = 0; i < meso_array_count(data); i++)
    if (!isfinite(view->data[i])) MESO_FAIL(err, MESO_EFORMAT, "kernel file: non-finite kernel");
  MESO_TRY(view_dipole(kernels, view, err));
cleanup:
  return status;
}

static meso_status view_neurons(const meso_result *kernels, const meso_array *coefficient,
                                kernel_view *view, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *lag = meso_result_find(kernels, "/kernels/lag_ms");
  double n_neurons = 0;
  for (size_t i = 0; i < view->n_populations; i++) n_neurons += view->size[i];
  if (coefficient->n_dims != 3 || lag == NULL || (double) coefficient->dims[0] != n_neurons)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /kernels/coefficient is not (neuron, function, "
              "channel) for the %.0f neurons of /populations", n_neurons);
  view->by_neuron = true;
  view->n_moments = meso_result_find(kernels, "/kernels/dipole") != NULL ? 3 : 0;
  view->n_channels = coefficient->dims[2];
  view->n_lags = meso_array_count(lag);
cleanup:
  return status;
}

static meso_status view_kernels(const meso_result *kernels, kernel_view *view, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *coefficient = meso_result_find(kernels, "/kernels/coefficient");
  const meso_array *channel = meso_result_find(kernels, "/kernels/channel_um");
  view->attrs = meso_result_find_group(kernels, "/kernels");
  MESO_TRY(view_populations(kernels, view, err));
  if (coefficient != NULL) MESO_TRY(view_neurons(kernels, coefficient, view, err));
  else MESO_TRY(view_pathways(kernels, view, err));
  if (channel == NULL || channel->data == NULL || view->attrs == NULL || view->n_channels == 0
      || view->n_lags == 0 || meso_array_count(channel) != 3 * view->n_channels)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /kernels/channel_um is missing or does not fit");
  view->channel_um = channel->data;
  view->dt_ms = meso_attrs_number(view->attrs, "kernel_dt_ms", NAN);
  view->sigma_S_per_m = meso_attrs_number(view->attrs, "sigma_S_per_m", NAN);
  if (!(view->dt_ms > 0 && isfinite(view->dt_ms) && view->sigma_S_per_m > 0))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: kernel_dt_ms or sigma_S_per_m missing or bad");
cleanup:
  return status;
}

static meso_status make_grid(const kernel_view *view, const meso_spikes *spikes,
                             double output_rate_Hz, grid *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const double factor = 1000 / (output_rate_Hz * view->dt_ms);
  if (!(output_rate_Hz > 0 && factor >= 1 - 1e-9 && factor < 1e6
        && fabs(factor - round(factor)) < 1e-6 * factor))
    MESO_FAIL(err, MESO_EINVAL, "output_rate_Hz %g: the output interval must be a whole number of "
              "kernel steps of %g ms", output_rate_Hz, view->dt_ms);
  const double n_out = floor((spikes->t_stop_ms - spikes->t_start_ms) * output_rate_Hz / 1000
                             + 1e-6);
  if (!(n_out >= 1 && n_out * (double) view->n_channels < (double) max_samples))
    MESO_FAIL(err, MESO_EINVAL, "spikes from %g to %g ms give no sample at %g Hz, or too many",
              spikes->t_start_ms, spikes->t_stop_ms, output_rate_Hz);
  if (view->by_neuron && round(factor) != meso_attrs_number(view->attrs, "output_step", 0))
    MESO_FAIL(err, MESO_EINVAL, "output_rate_Hz %g: the neuron kernels hold the filter for %g Hz",
              output_rate_Hz,
              1000 / (view->dt_ms * meso_attrs_number(view->attrs, "output_step", NAN)));
  g->start_ms = spikes->t_start_ms;
  g->dt_ms = view->dt_ms;
  g->factor = (size_t) llround(factor);
  g->n_out = (size_t) n_out;
  g->n_fft = 4096;
  while (g->n_fft < 4 * (view->n_lags + g->factor)) g->n_fft *= 2;
  g->block = (g->n_fft - view->n_lags + 1) / g->factor * g->factor;
cleanup:
  return status;
}

static size_t find_job(const source_job *job, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(job[i].name, name) == 0) return i;
  return NOT_FOUND;
}

/* Spikes and kernels must be of one model: same names, same sizes. Only sources may be missing. */
static meso_status check_populations(const kernel_view *view, const meso_spikes *spikes,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    size_t k = 0;
    while (k < view->n_populations && strcmp(view->population[k], p->name) != 0) k++;
    if (k == view->n_populations)
      MESO_FAIL(err, MESO_ENOTFOUND, "the kernels know no population '%s', which the spikes have",
                p->name);
    if ((double) p->size != view->size[k])
      MESO_FAIL(err, MESO_EINVAL, "population '%s' has %llu neurons in the spikes, %.0f in the "
                "kernels", p->name, (unsigned long long) p->size, view->size[k]);
  }
  for (size_t k = 0; k < view->n_populations; k++)
    if (view->is_source[k] == 0 && meso_spikes_find(spikes, view->population[k]) == NOT_FOUND)
      MESO_FAIL(err, MESO_ENOTFOUND, "the kernels need spikes of population '%s', which the spikes "
                "do not have", view->population[k]);
cleanup:
  return status;
}

/* One job per source population with any kernel, with its pathways' kernels summed: all of them, or
 * those onto one target. spikes may be NULL. */
static meso_status list_jobs(const kernel_view *view, const meso_spikes *spikes,
                             const char *only_onto, source_job *job, size_t *n_jobs,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = view->n_channels * view->n_lags;
  for (size_t p = 0; p < view->n_pathways; p++) {
    if (only_onto != NULL && strcmp(view->target[p], only_onto) != 0) continue;
    size_t i = find_job(job, *n_jobs, view->source[p]);
    if (i == NOT_FOUND) {
      i = (*n_jobs)++;
      job[i].name = view->source[p];
      const size_t at = spikes != NULL ? meso_spikes_find(spikes, job[i].name) : NOT_FOUND;
      if (at != NOT_FOUND) job[i].spikes = &spikes->population[at];
      MESO_ALLOC(err, job[i].kernel, view->n_rows * view->n_lags);
    }
    for (size_t k = 0; k < size; k++) job[i].kernel[k] += view->data[p * size + k];
    for (size_t k = 0; view->dipole_z != NULL && k < view->n_lags; k++)
      job[i].kernel[size + k] += view->dipole_z[p * view->n_lags + k];
  }
cleanup:
  return status;
}

/** One job per population. */
static void list_neurons(const kernel_view *view, const meso_spikes *spikes,
                                source_job *job, size_t *n_jobs)
{
  size_t first = 0;
  for (size_t p = 0; p < view->n_populations; p++) {
    const size_t at = meso_spikes_find(spikes, view->population[p]);
    job[p] = (source_job) {.name = view->population[p], .first_neuron = first,
                           .spikes = at != NOT_FOUND ? &spikes->population[at] : NULL};
    first += (size_t) view->size[p];
  }
  *n_jobs = view->n_populations;
}

/* ---- convolution -------------------------------------------------------------------------- */

static void work_clear(work *w)
{
  fftw_free(w->counts);
  fftw_free(w->time);
  fftw_free(w->spectrum);
  fftw_free(w->product);
  fftw_free(w->kernel);
}

static meso_status work_create(const kernel_view *view, const grid *g, work *w)
{
  const size_t n_freq = g->n_fft / 2 + 1;
  w->counts = fftw_alloc_real(g->n_fft);
  w->time = fftw_alloc_real(g->n_fft);
  w->spectrum = fftw_alloc_complex(n_freq);
  w->product = fftw_alloc_complex(n_freq);
  w->kernel = fftw_alloc_complex(n_freq * view->n_rows);
  return w->counts != NULL && w->time != NULL && w->spectrum != NULL && w->product != NULL
    && w->kernel != NULL ? MESO_OK : MESO_ENOMEM;
}

static meso_status transform_create(const grid *g, transform *t, meso_err *err)
{
  meso_status status = MESO_OK;
  double *real = fftw_alloc_real(g->n_fft);
  fftw_complex *complex_ = fftw_alloc_complex(g->n_fft / 2 + 1);
  if (real == NULL || complex_ == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
#pragma omp critical(meso_fftw_planner) /* FFTW's planner is not thread-safe */
  {
    t->forward = fftw_plan_dft_r2c_1d((int) g->n_fft, real, complex_, FFTW_ESTIMATE);
    t->inverse = fftw_plan_dft_c2r_1d((int) g->n_fft, complex_, real, FFTW_ESTIMATE);
  }
  if (t->forward == NULL || t->inverse == NULL)
    MESO_FAIL(err, MESO_EBUG, "no transform of length %zu", g->n_fft);
cleanup:
  fftw_free(real);
  fftw_free(complex_);
  return status;
}

/* Spectra of every row's kernel, with the factors of the inverse and of the mean. */
static void transform_kernel(const kernel_view *view, const grid *g, const transform *t,
                             const double *kernel, work *w)
{
  const size_t n_freq = g->n_fft / 2 + 1;
  const double scale = 1 / ((double) g->n_fft * (double) g->factor);
  for (size_t c = 0; c < view->n_rows; c++) {
    memset(w->time, 0, g->n_fft * sizeof *w->time);
    for (size_t k = 0; k < view->n_lags; k++) w->time[k] = kernel[c * view->n_lags + k] * scale;
    fftw_execute_dft_r2c(t->forward, w->time, w->kernel + c * n_freq);
  }
}

/* Step of the kernel's grid that a spike falls on. */
static double spike_step(const grid *g, double time_ms)
{
  return floor((time_ms - g->start_ms) / g->dt_ms + 0.5);
}

/* Counts of the steps [first - history, first - history + n_fft); returns how many spikes. first
 *  and next move on with the blocks: next is the first spike that may lie in the window. */
static size_t count_window(const grid *g, const meso_spike_population *spikes, double window_start,
                           size_t *next, double *counts)
{
  size_t n = 0;
  memset(counts, 0, g->n_fft * sizeof *counts);
  while (*next < spikes->n_spikes && spike_step(g, spikes->time_ms[*next]) < window_start)
    (*next)++;
  for (size_t i = *next; i < spikes->n_spikes; i++) {
    const double at = spike_step(g, spikes->time_ms[i]) - window_start;
    if (!(at < (double) g->n_fft)) break;
    counts[(size_t) at]++;
    n++;
  }
  return n;
}

/* Adds one block to the output: transform, multiply, back, mean over each output interval. */
static void convolve_block(const kernel_view *view, const grid *g, const transform *t, work *w,
                           size_t block_start, const source_job *job)
{
  const size_t n_freq = g->n_fft / 2 + 1;
  fftw_execute_dft_r2c(t->forward, w->counts, w->spectrum);
  for (size_t c = 0; c < view->n_rows; c++) {
    const bool is_moment = c == view->n_channels;
    double *out = is_moment ? job->moment : job->out + c;
    const size_t stride = is_moment ? 1 : view->n_channels;
    const fftw_complex *kernel = (const fftw_complex *) w->kernel + c * n_freq;
    for (size_t f = 0; f < n_freq; f++) {
      const double a = w->spectrum[f][0], b = w->spectrum[f][1];
      w->product[f][0] = a * kernel[f][0] - b * kernel[f][1];
      w->product[f][1] = a * kernel[f][1] + b * kernel[f][0];
    }
    fftw_execute_dft_c2r(t->inverse, w->product, w->time);
    for (size_t i = 0; i < g->block / g->factor && block_start / g->factor + i < g->n_out; i++) {
      double sum = 0;
      for (size_t k = 0; k < g->factor; k++)
        sum += w->time[view->n_lags - 1 + i * g->factor + k];
      out[(block_start / g->factor + i) * stride] = sum;
    }
  }
}

static meso_status convolve_source(const kernel_view *view, const grid *g, const transform *t,
                                   source_job *job)
{
  work w = {0};
  if (job->spikes == NULL || job->spikes->n_spikes == 0) return MESO_OK;
  const meso_status status = work_create(view, g, &w);
  if (status == MESO_OK) {
    size_t next = 0;
    transform_kernel(view, g, t, job->kernel, &w);
    for (size_t start = 0; start < g->n_out * g->factor; start += g->block) {
      const double window_start = (double) start - (double) (view->n_lags - 1);
      if (count_window(g, job->spikes, window_start, &next, w.counts) > 0)
        convolve_block(view, g, t, &w, start, job);
    }
  }
  work_clear(&w);
  return status;
}

static meso_status convolve_all(const kernel_view *view, const grid *g, source_job *job,
                                size_t n_jobs, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  transform t = {0};
  (void) n_threads; /* unused without OpenMP */
  MESO_TRY(transform_create(g, &t, err));
#pragma omp parallel for schedule(dynamic) num_threads(n_threads > 0 ? n_threads : 1)
  for (size_t i = 0; i < n_jobs; i++) job[i].status = convolve_source(view, g, &t, &job[i]);
  for (size_t i = 0; i < n_jobs; i++)
    if (job[i].status != MESO_OK)
      MESO_FAIL(err, job[i].status, "cannot allocate the convolution of '%s'", job[i].name);
cleanup:
#pragma omp critical(meso_fftw_planner)
  {
    if (t.forward != NULL) fftw_destroy_plan(t.forward);
    if (t.inverse != NULL) fftw_destroy_plan(t.inverse);
  }
  return status;
}

/* What signals are made of. */
typedef struct task {
  const meso_result *kernels;
  kernel_view view;
  grid grid;
  const meso_neuron_kernels *neurons; /* loaded kernels of neurons; NULL: of pathways */
  bool approximates;                  /* also what population rates alone give */
  const meso_spikes *spikes;
  int n_threads;
} task;

/* Whether sources go through the kernels in one pass: nobody wants them apart, nor the Wiener
 * kernels that are made of them. */
static bool is_joint(const task *k)
{
  const int parts = lfp_contributions_of(k->kernels);
  return k->view.by_neuron && (parts == MESO_CONTRIBUTIONS_NONE
                               || parts == MESO_CONTRIBUTIONS_TARGET)
    && meso_result_find(k->kernels, "/kernels/mean") == NULL;
}

static meso_status apply_joint(const task *k, const source_job *job, meso_err *err)
{
  meso_status status = MESO_OK;
  const kernel_view *view = &k->view;
  meso_neuron_trains *trains = NULL;
  MESO_ALLOC(err, trains, view->n_populations);
  const size_t n = meso_neuron_trains_list(k->spikes, view->n_populations, view->population,
                                           view->size, trains);
  MESO_TRY(meso_neuron_kernels_apply_all(k->neurons, n, trains, k->grid.start_ms, k->grid.n_out,
                                         k->n_threads, job->out, job->moment, err));
cleanup:
  free(trains);
  return status;
}

static meso_status apply_neurons(const task *k, const source_job *job, size_t n_jobs,
                                 meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const grid *g = &k->grid;
  if (is_joint(k)) MESO_TRY(apply_joint(k, job, err));
  for (size_t i = 0; i < n_jobs; i++)
    if (job[i].spikes != NULL)
      MESO_TRY(meso_neuron_kernels_apply(k->neurons, job[i].spikes, job[i].first_neuron,
                                         g->start_ms, g->n_out, k->n_threads, job[i].out,
                                         job[i].moment, err));
  if (lfp_contributions_by_target(k->kernels))
    MESO_TRY(lfp_contributions_onto(k->kernels, k->neurons, k->spikes, k->n_threads, signals,
                                    err));
  if (k->approximates)
    MESO_TRY(meso_kernel_means_apply(k->kernels, k->neurons, k->view.n_populations,
                                     k->view.population, k->view.size, k->spikes, k->n_threads,
                                     signals, err));
cleanup:
  return status;
}

/* ---- output ------------------------------------------------------------------------------- */

static meso_status add_signal(const kernel_view *view, const grid *g, const char *name,
                              meso_signals *signals, meso_signal **ret_signal, meso_err *err)
{
  meso_status status = MESO_OK;
  const double rate_Hz = 1000 / (g->dt_ms * (double) g->factor);
  MESO_TRY(meso_signals_add(signals, name, "mV", g->n_out, view->n_channels, rate_Hz, g->start_ms,
                            ret_signal, err));
  MESO_ALLOC(err, (*ret_signal)->position_um, 3 * view->n_channels);
  memcpy((*ret_signal)->position_um, view->channel_um, 3 * view->n_channels * sizeof(double));
cleanup:
  return status;
}

/* Share of the excitatory charge that external input carries, at the rates of the spikes. */
static meso_status describe_charge(const meso_result *kernels, const kernel_view *view,
                                   const meso_spikes *spikes, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *external = meso_result_find(kernels, "/charge/external");
  const meso_array *per_spike = meso_result_find(kernels, "/charge/per_spike");
  const size_t n = view->n_populations;
  const double seconds = (spikes->t_stop_ms - spikes->t_start_ms) / 1000;
  double outside = 0, all = 0;
  if (external == NULL || external->data == NULL || meso_array_count(external) != n ||
      per_spike == NULL || per_spike->data == NULL || meso_array_count(per_spike) != n * n)
    return MESO_OK;
  for (size_t y = 0; y < n; y++) {
    char key[512];
    double internal = 0;
    if (view->is_source[y] != 0) continue;
    for (size_t x = 0; x < n; x++) {
      const size_t at = meso_spikes_find(spikes, view->population[x]);
      if (at == NOT_FOUND || !(view->size[x] > 0)) continue;
      internal += per_spike->data[y * n + x] * (double) spikes->population[at].n_spikes
        / view->size[x] / seconds;
    }
    (void) snprintf(key, sizeof key, "excitatory_external_share.%s", view->population[y]);
    outside += external->data[y] * view->size[y];
    all += (external->data[y] + internal) * view->size[y];
    if (external->data[y] + internal > 0)
      MESO_TRY(meso_attrs_set_number(attrs, key, external->data[y] / (external->data[y] + internal),
                                     err));
  }
  if (all > 0)
    MESO_TRY(meso_attrs_set_number(attrs, "excitatory_external_share", outside / all, err));
cleanup:
  return status;
}

/* Sources of the model that the spikes lack. */
static meso_status describe_silent(const kernel_view *view, const meso_spikes *spikes,
                                   meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[1024] = "";
  size_t n = 0;
  for (size_t k = 0; k < view->n_populations && n + 70 < sizeof text; k++)
    if (meso_spikes_find(spikes, view->population[k]) == NOT_FOUND)
      n += (size_t) snprintf(text + n, sizeof text - n, "%s%.60s", n > 0 ? "," : "",
                             view->population[k]);
  if (n > 0) MESO_TRY(meso_attrs_set_text(attrs, "silent_sources", text, err));
cleanup:
  return status;
}

static meso_status describe(const kernel_view *view, const grid *g, size_t n_spikes,
                            meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  const double rate_Hz = 1000 / (g->dt_ms * (double) g->factor);
  char text[512];
  MESO_TRY(meso_attrs_copy(attrs, view->attrs, err));
  MESO_TRY(meso_attrs_set_text(attrs, "doc", view->by_neuron
                               ? "kernels of single neurons, from their own synapses, passive cells"
                               : "population kernels convolved with spike counts; "
                               "mean over the column's wiring, passive cells", err));
  if (view->by_neuron)
    (void) snprintf(text, sizeof text, "sample k is at t_start + k / rate, after the filter");
  else
    (void) snprintf(text, sizeof text, "sample k is the mean over %zu steps of %g ms from t_start "
                    "+ k / rate on (boxcar, half an interval late; gain sinc(f / rate))",
                    g->factor, g->dt_ms);
  MESO_TRY(meso_attrs_set_text(attrs, "decimation", text, err));
  if (!view->by_neuron)
    MESO_TRY(lfp_validity_describe(1000 / ((double) view->n_lags * g->dt_ms), 0.3 * rate_Hz,
                                   "below, slow drifts beyond the kernel are missing; above, the "
                                   "mean over the output interval attenuates", attrs, err));
  else if (g->factor > 1)
    MESO_TRY(lfp_validity_describe(0, MESO_OUTPUT_PASS * rate_Hz / 2, "above, the filter "
                                   "attenuates", attrs, err));
  else MESO_TRY(lfp_validity_describe_steps(g->dt_ms, attrs, err));
  if (n_spikes == 0)
    MESO_TRY(meso_attrs_set_text(attrs, "note", "all zero: the spikes are empty", err));
cleanup:
  return status;
}

/* Spacing of contacts that stand evenly above each other, else 0. */
static double contact_step_um(const kernel_view *view)
{
  const double *x = view->channel_um;
  const double step = view->n_channels > 2 ? x[5] - x[2] : 0;
  for (size_t c = 1; c < view->n_channels; c++)
    if (fabs(x[3 * c + 2] - x[3 * c - 1] - step) > 1e-6 * fabs(step) || x[3 * c] != x[0] ||
        x[3 * c + 1] != x[1])
      return 0;
  return fabs(step);
}

/* -sigma d2phi/dz2 of the inner contacts; S/m mV/um^2 = 1e6 uA/mm^3. */
static meso_status add_csd(const kernel_view *view, meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const double step = contact_step_um(view);
  const size_t n = view->n_channels;
  meso_signal *csd;
  if (!(step > 0)) return MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  MESO_TRY(meso_signals_add(signals, "csd", "uA/mm^3", lfp->n_times, n - 2, lfp->sampling_rate_Hz,
                            lfp->t_start_ms, &csd, err));
  lfp = meso_signals_find(signals, "lfp");
  const double scale = -view->sigma_S_per_m / (step * step) * 1e6;
  for (size_t t = 0; t < lfp->n_times; t++)
    for (size_t c = 1; c + 1 < n; c++) {
      const double *phi = lfp->data + t * n + c;
      csd->data[t * (n - 2) + c - 1] = scale * (phi[-1] - 2 * phi[0] + phi[1]);
    }
  MESO_ALLOC(err, csd->position_um, 3 * (n - 2));
  memcpy(csd->position_um, view->channel_um + 3, 3 * (n - 2) * sizeof(double));
  MESO_TRY(meso_attrs_set_text(&csd->attrs, "doc", "standard estimate of current source density "
                               "from the LFP: -sigma d2phi/dz2 at the inner contacts; sources "
                               "positive", err));
  MESO_TRY(meso_attrs_set_number(&csd->attrs, "sigma_S_per_m", view->sigma_S_per_m, err));
  MESO_TRY(meso_attrs_set_number(&csd->attrs, "contact_step_um", step, err));
cleanup:
  return status;
}

/* Signals "lfp" and, of jobs that are not of all sources, "lfp_from_X"; the jobs borrow their
 * data. */
static meso_status add_signals(const kernel_view *view, const grid *g, source_job *job,
                               size_t n_jobs, meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  char name[512];
  meso_signal *signal;
  MESO_TRY(add_signal(view, g, "lfp", signals, &signal, err));
  for (size_t i = 0; i < n_jobs; i++) {
    (void) snprintf(name, sizeof name, "lfp_from_%s", job[i].name != NULL ? job[i].name : "");
    if (job[i].name != NULL) MESO_TRY(add_signal(view, g, name, signals, &signal, err));
    job[i].out = signal->data;
    if (view->n_moments > 0) MESO_ALLOC(err, job[i].moment, view->n_moments * g->n_out);
  }
cleanup:
  return status;
}

/* The moment. Pathways have none along x and y: cells are turned about z at random. */
static meso_status add_dipole(const kernel_view *view, const grid *g, const source_job *job,
                              size_t n_jobs, const meso_signal *lfp, meso_signals *signals,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const axis[3] = {"x", "y", "z"};
  meso_signal *dipole;
  MESO_TRY(meso_signals_add(signals, "dipole", "nA um", g->n_out, 3, lfp->sampling_rate_Hz,
                            lfp->t_start_ms, &dipole, err));
  for (size_t i = 0; i < n_jobs; i++)
    for (size_t t = 0; t < g->n_out * view->n_moments; t++)
      dipole->data[view->n_moments == 1 ? 3 * t + 2 : t] += job[i].moment[t];
  for (size_t k = 0; k < 3; k++) MESO_TRY(meso_signal_set_label(dipole, k, axis[k], err));
  MESO_TRY(meso_attrs_set_text(&dipole->attrs, "doc", view->n_moments == 1
                               ? "current dipole moment of the column; x and y cancel in the mean "
                               "over cells" : "current dipole moment of all cells", err));
cleanup:
  return status;
}

static void add_up(const kernel_view *view, const grid *g, const source_job *job, size_t n_jobs,
                   meso_signal *total)
{
  for (size_t i = 0; i < n_jobs; i++)
    for (size_t k = 0; k < g->n_out * view->n_channels; k++) total->data[k] += job[i].out[k];
}

/* What the cells of one population make, from pathway kernels. */
static meso_status convolve_target(const kernel_view *view, const grid *g, const char *target,
                                   const meso_spikes *spikes, int n_threads,
                                   meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  kernel_view potentials = *view;
  source_job *job = NULL;
  size_t n_jobs = 0;
  meso_signal *signal;
  potentials.dipole_z = NULL;
  potentials.n_moments = 0;
  potentials.n_rows = view->n_channels;
  MESO_ALLOC(err, job, view->n_pathways);
  MESO_TRY(list_jobs(&potentials, spikes, target, job, &n_jobs, err));
  for (size_t i = 0; i < n_jobs; i++) MESO_ALLOC(err, job[i].out, g->n_out * view->n_channels);
  MESO_TRY(convolve_all(&potentials, g, job, n_jobs, n_threads, err));
  MESO_TRY(lfp_contributions_add(signals, target, &signal, err));
  add_up(view, g, job, n_jobs, signal);
cleanup:
  for (size_t i = 0; i < n_jobs; i++) {
    free(job[i].kernel);
    free(job[i].out);
  }
  free(job);
  return status;
}

static meso_status convolve_targets(const kernel_view *view, const grid *g,
                                    const meso_spikes *spikes, int n_threads,
                                    meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  if (view->target == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /kernels/population is missing or does not fit");
  for (size_t p = 0; p < view->n_pathways; p++) {
    size_t first = 0;
    while (strcmp(view->target[first], view->target[p]) != 0) first++;
    if (first == p)
      MESO_TRY(convolve_target(view, g, view->target[p], spikes, n_threads, signals, err));
  }
cleanup:
  return status;
}

/** All that a file says of "lfp". */
static meso_status describe_lfp(const task *k, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n_spikes = 0;
  for (size_t i = 0; i < k->spikes->n_populations; i++)
    n_spikes += k->spikes->population[i].n_spikes;
  MESO_TRY(describe(&k->view, &k->grid, n_spikes, attrs, err));
  MESO_TRY(describe_charge(k->kernels, &k->view, k->spikes, attrs, err));
  MESO_TRY(describe_silent(&k->view, k->spikes, attrs, err));
cleanup:
  return status;
}

static meso_status make_signals(const task *k, meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const kernel_view *view = &k->view;
  const grid *g = &k->grid;
  source_job *job = NULL;
  meso_signals *signals = NULL;
  size_t n_jobs = 0;
  MESO_TRY(check_populations(view, k->spikes, err));
  MESO_ALLOC(err, job, view->by_neuron ? view->n_populations : view->n_pathways);
  if (is_joint(k)) job[n_jobs++] = (source_job) {.name = NULL};
  else if (view->by_neuron) list_neurons(view, k->spikes, job, &n_jobs);
  else MESO_TRY(list_jobs(view, k->spikes, NULL, job, &n_jobs, err));
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(add_signals(view, g, job, n_jobs, signals, err));
  if (view->by_neuron) MESO_TRY(apply_neurons(k, job, n_jobs, signals, err));
  else MESO_TRY(convolve_all(view, g, job, n_jobs, k->n_threads, err));
  meso_signal *lfp = meso_signals_find(signals, "lfp");
  if (!is_joint(k)) add_up(view, g, job, n_jobs, lfp);
  if (!view->by_neuron && lfp_contributions_by_target(k->kernels)) {
    MESO_TRY(convolve_targets(view, g, k->spikes, k->n_threads, signals, err));
    lfp = meso_signals_find(signals, "lfp");
  }
  MESO_TRY(describe_lfp(k, &lfp->attrs, err));
  if (view->n_moments > 0) MESO_TRY(add_dipole(view, g, job, n_jobs, lfp, signals, err));
  MESO_TRY(add_csd(view, signals, err));
  MESO_TRY(lfp_contributions_finish(k->kernels, signals, err));
  *ret_signals = signals;
  signals = NULL;
cleanup:
  for (size_t i = 0; i < n_jobs; i++) {
    free(job[i].kernel);
    free(job[i].moment);
  }
  free(job);
  meso_signals_destroy(signals);
  return status;
}

meso_status meso_lfp_from_kernels(const meso_result *kernels, const meso_spikes *spikes,
                                  double output_rate_Hz, int n_threads, meso_signals **ret_lfp,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  task k = {.kernels = kernels, .approximates = true, .spikes = spikes, .n_threads = n_threads};
  meso_neuron_kernels neurons = {0};
  MESO_TRY(view_kernels(kernels, &k.view, err));
  MESO_TRY(make_grid(&k.view, spikes, output_rate_Hz, &k.grid, err));
  if (k.view.by_neuron) MESO_TRY(meso_neuron_kernels_load(kernels, &neurons, err));
  k.neurons = &neurons;
  MESO_TRY(make_signals(&k, ret_lfp, err));
cleanup:
  meso_neuron_kernels_clear(&neurons);
  return status;
}

meso_status lfp_piece_count(const meso_result *kernels, const meso_spikes *spikes,
                            double output_rate_Hz, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  kernel_view view = {0};
  grid g = {0};
  MESO_TRY(view_kernels(kernels, &view, err));
  if (!view.by_neuron)
    MESO_FAIL(err, MESO_EINVAL, "these are kernels of pathways; only those of neurons (lfp.method "
              "= neuron) can be applied while spikes come");
  MESO_TRY(make_grid(&view, spikes, output_rate_Hz, &g, err));
  MESO_TRY(check_populations(&view, spikes, err));
  *ret_n = g.n_out;
cleanup:
  return status;
}

meso_status lfp_piece_make(const meso_result *kernels, const meso_neuron_kernels *neurons,
                           const meso_spikes *spikes, double output_rate_Hz, bool with_samples,
                           int n_threads, meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  task k = {.kernels = kernels, .neurons = neurons, .spikes = spikes, .n_threads = n_threads};
  MESO_TRY(view_kernels(kernels, &k.view, err));
  MESO_TRY(make_grid(&k.view, spikes, output_rate_Hz, &k.grid, err));
  if (!with_samples) k.grid.n_out = 0;
  MESO_TRY(make_signals(&k, ret_signals, err));
cleanup:
  return status;
}

static meso_status add_taps(const kernel_view *view, const source_job *job, meso_signals *signals,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = view->n_channels;
  char name[512];
  meso_signal *taps;
  (void) snprintf(name, sizeof name, "taps_%s", job->name);
  MESO_TRY(meso_signals_add(signals, name, "mV", view->n_lags, n, 1000 / view->dt_ms, 0, &taps,
                            err));
  for (size_t t = 0; t < view->n_lags; t++)
    for (size_t c = 0; c < n; c++) taps->data[t * n + c] = job->kernel[c * view->n_lags + t];
  MESO_ALLOC(err, taps->position_um, 3 * n);
  memcpy(taps->position_um, view->channel_um, 3 * n * sizeof(double));
cleanup:
  return status;
}

meso_status meso_lfp_taps(const meso_result *kernels, meso_signals **ret_taps, meso_err *err)
{
  meso_status status = MESO_OK;
  kernel_view view = {0};
  source_job *job = NULL;
  size_t n_jobs = 0;
  meso_signals *signals = NULL;
  MESO_TRY(view_kernels(kernels, &view, err));
  if (view.by_neuron)
    MESO_FAIL(err, MESO_EINVAL, "these are kernels of single neurons; filters of populations are "
              "made from kernels with lfp.method = population");
  MESO_ALLOC(err, job, view.n_pathways);
  MESO_TRY(list_jobs(&view, NULL, NULL, job, &n_jobs, err));
  if (n_jobs == 0) MESO_FAIL(err, MESO_EFORMAT, "there is no kernel");
  MESO_TRY(meso_signals_create(&signals, err));
  for (size_t i = 0; i < n_jobs; i++) MESO_TRY(add_taps(&view, &job[i], signals, err));
  *ret_taps = signals;
  signals = NULL;
cleanup:
  for (size_t i = 0; i < n_jobs; i++) free(job[i].kernel);
  free(job);
  meso_signals_destroy(signals);
  return status;
}

double meso_lfp_largest_field_V_per_m(const meso_signal *lfp)
{
  double largest = 0;
  for (size_t c = 1; c < lfp->n_channels && lfp->position_um != NULL; c++) {
    const double *x = lfp->position_um + 3 * c;
    const double distance_um = hypot(hypot(x[0] - x[-3], x[1] - x[-2]), x[2] - x[-1]);
    if (!(distance_um > 0)) continue;
    for (size_t t = 0; t < lfp->n_times; t++) {
      const double *phi_mV = lfp->data + t * lfp->n_channels + c;
      largest = fmax(largest, 1e3 * fabs(phi_mV[0] - phi_mV[-1]) / distance_um);
    }
  }
  return largest;
}
