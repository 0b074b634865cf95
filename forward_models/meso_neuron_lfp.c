/* meso_neuron_lfp.c: spikes and neuron kernels to LFP.
 *
 * Time goes by in bins of one output interval. The coefficients of a bin's spikes are added up by
 * their phase in it, the phases are turned into amplitudes of functions at the output's rate, and
 * amplitudes times functions are the samples. Blocks of samples are independent, and each adds
 * the spikes of a bin population by population in their order, whoever does it.
 */
#include "meso_neuron_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lfp_loops.h"
#include "meso_basis.h"
#include "meso_isa.h"

MESO_ISA_CHOICE(lfp_loops)

enum { BLOCK = 512 };          /* output samples */
enum { FEW_COARSE = 64, MAX_FACTOR = 10000 };
static const double coarse_tolerance = 1e-6; /* rms that functions at the output's rate lose */

/* ---- input -------------------------------------------------------------------------------- */

static const meso_array *find_numbers(const meso_result *result, const char *path, size_t n_dims)
{
  const meso_array *a = meso_result_find(result, path);
  return a != NULL && a->data != NULL && a->n_dims == n_dims ? a : NULL;
}

static meso_status check_finite(const meso_array *a, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < meso_array_count(a); i++)
    if (!(fabs(a->data[i]) <= 1e30))
      MESO_FAIL(err, MESO_EFORMAT, "kernel file: %s holds %g", a->path, a->data[i]);
cleanup:
  return status;
}

/** Coefficients in blocks of rows, padded with zeros, from row `first` on. */
static void load_rows(const meso_array *a, size_t first, meso_neuron_kernels *k)
{
  const size_t F = a->dims[1], n_rows = a->dims[2], size = k->n_functions * LFP_LANES;
  for (size_t i = 0; i < k->n_neurons * F; i++)
    for (size_t c = 0; c < n_rows; c++) {
      const size_t row = first + c;
      float *neuron = k->coefficient + (row / LFP_LANES * k->n_neurons + i / F) * size;
      neuron[i % F * LFP_LANES + row % LFP_LANES] = (float) a->data[i * n_rows + c];
    }
}

static meso_status load_coefficients(const meso_array *coefficient, const meso_array *dipole,
                                     meso_neuron_kernels *k, meso_err *err)
{
  meso_status status = MESO_OK;
  k->n_rows = k->n_channels + (dipole != NULL ? 3 : 0);
  k->n_blocks = (k->n_rows + LFP_LANES - 1) / LFP_LANES;
  MESO_TRY(check_finite(coefficient, err));
  if (dipole != NULL) MESO_TRY(check_finite(dipole, err));
  MESO_ALLOC_ALIGNED(err, k->coefficient,
                     k->n_blocks * k->n_neurons * k->n_functions * LFP_LANES);
  load_rows(coefficient, 0, k);
  if (dipole != NULL) load_rows(dipole, k->n_channels, k);
cleanup:
  return status;
}

/** Functions at the output's rate: row (phase p, function f) at lag l is B_f(factor l - p). */
static void sample_phases(const meso_neuron_kernels *k, const meso_array *function, long first,
                          double *row)
{
  const size_t F = function->dims[0], n = function->dims[1];
  for (size_t p = 0; p < k->factor; p++)
    for (size_t f = 0; f < F; f++)
      for (size_t l = 0; l < k->n_lags; l++) {
        const long at = ((long) l + k->first_lag) * (long) k->factor - (long) p - first;
        row[(p * F + f) * k->n_lags + l] =
          at >= 0 && at < (long) n ? function->data[f * n + (size_t) at] : 0;
      }
}

static meso_status make_coarse(const meso_array *function, long first, meso_neuron_kernels *k,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t F = function->dims[0], n_rows = k->factor * F;
  const long last = first + (long) function->dims[1] - 1;
  const long q = (long) k->factor;
  double *row = NULL, *vector = NULL;
  size_t G = 0;
  k->first_lag = first >= 0 ? first / q : -((-first + q - 1) / q);
  k->n_lags = (size_t) ((last + q - 1) / q + 1 - k->first_lag);
  MESO_ALLOC(err, row, n_rows * k->n_lags);
  sample_phases(k, function, first, row);
  MESO_TRY(meso_directions_within(n_rows, k->n_lags, row, coarse_tolerance, FEW_COARSE, n_rows,
                                  &G, &vector, err));
  k->n_coarse = (G + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL;
  MESO_ALLOC_ALIGNED(err, k->coarse, k->n_lags * k->n_coarse);
  MESO_ALLOC_ALIGNED(err, k->phase, k->factor * k->n_functions * k->n_coarse);
  for (size_t g = 0; g < G; g++) {
    const double *v = vector + g * k->n_lags;
    for (size_t l = 0; l < k->n_lags; l++) k->coarse[l * k->n_coarse + g] = (float) v[l];
    for (size_t i = 0; i < n_rows; i++) {
      double along = 0;
      for (size_t l = 0; l < k->n_lags; l++) along += row[i * k->n_lags + l] * v[l];
      k->phase[(i / F * k->n_functions + i % F) * k->n_coarse + g] = (float) along;
    }
  }
cleanup:
  free(row);
  free(vector);
  return status;
}

meso_status meso_neuron_kernels_load(const meso_result *result, meso_neuron_kernels *k,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *coefficient = find_numbers(result, "/kernels/coefficient", 3);
  const meso_array *dipole = find_numbers(result, "/kernels/dipole", 3);
  const meso_array *function = find_numbers(result, "/kernels/function", 2);
  const meso_array *lag = find_numbers(result, "/kernels/lag_ms", 1);
  const meso_attrs *attrs = meso_result_find_group(result, "/kernels");
  *k = (meso_neuron_kernels) {0};
  if (coefficient == NULL || function == NULL || lag == NULL || attrs == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /kernels/coefficient, function or lag_ms missing");
  const size_t F = coefficient->dims[1];
  k->n_neurons = coefficient->dims[0];
  k->n_channels = coefficient->dims[2];
  if (k->n_neurons == 0 || k->n_channels == 0 || F == 0 || F > 1024 || lag->dims[0] == 0
      || lag->dims[0] > 1000000 || function->dims[0] != F || function->dims[1] != lag->dims[0])
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: shapes of coefficient, function and lag_ms "
              "disagree");
  if (dipole != NULL && (dipole->dims[0] != k->n_neurons || dipole->dims[1] != F
                         || dipole->dims[2] != 3))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /kernels/dipole does not fit the coefficients");
  k->dt_ms = meso_attrs_number(attrs, "kernel_dt_ms", NAN);
  const double first = lag->data[0] / k->dt_ms;
  const double factor = meso_attrs_number(attrs, "output_step", NAN);
  if (!(k->dt_ms > 0 && fabs(first) < 1e6 && fabs(first - round(first)) < 1e-3 && factor >= 1
        && factor <= MAX_FACTOR && factor == round(factor)))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: kernel_dt_ms, output_step or lag_ms missing or bad");
  k->factor = (size_t) factor;
  k->n_functions = (F + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL;
  MESO_TRY(check_finite(function, err));
  MESO_TRY(load_coefficients(coefficient, dipole, k, err));
  MESO_TRY(make_coarse(function, lround(first), k, err));
cleanup:
  if (status != MESO_OK) meso_neuron_kernels_clear(k);
  return status;
}

meso_status meso_neuron_kernels_load_onto(const meso_result *result,
                                          const meso_neuron_kernels *kernels,
                                          const char *population, meso_neuron_kernels *part,
                                          meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *all = find_numbers(result, "/kernels/coefficient", 3);
  char path[128];
  (void) snprintf(path, sizeof path, MESO_KERNELS_ONTO "%s", population);
  const meso_array *own = find_numbers(result, path, 3);
  if (all == NULL || own == NULL || memcmp(all->dims, own->dims, 3 * sizeof *all->dims) != 0)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: %s is missing or does not fit the coefficients",
              path);
  MESO_TRY(check_finite(own, err));
  *part = *kernels;
  part->n_rows = part->n_channels;
  part->n_blocks = (part->n_rows + LFP_LANES - 1) / LFP_LANES;
  part->coefficient = NULL;
  MESO_ALLOC_ALIGNED(err, part->coefficient,
                     part->n_blocks * part->n_neurons * part->n_functions * LFP_LANES);
  load_rows(own, 0, part);
cleanup:
  return status;
}

void meso_neuron_kernels_clear(meso_neuron_kernels *k)
{
  free(k->coefficient);
  free(k->phase);
  free(k->coarse);
  *k = (meso_neuron_kernels) {0};
}

/* ---- spikes to samples -------------------------------------------------------------------- */

typedef struct job {
  const meso_neuron_kernels *kernels;
  const lfp_loops *loops;
  size_t n_trains;
  const meso_neuron_trains *trains;
  size_t n_out;
  double start_ms;
  double *out;
  double *moment;    /* or NULL */
} job;

/* Scratch of a thread. */
typedef struct work {
  float *sums;       /* (factor, n_functions, LFP_LANES) by phase, cleared after use */
  uint8_t *used;     /* (factor) */
  float *amplitude;  /* (bins, n_coarse, LFP_LANES) */
  size_t *next;      /* (n_trains) first spike that may be in a bin */
} work;

static double step_of(const job *j, const meso_spike_population *p, size_t spike)
{
  return rint((p->time_ms[spike] - j->start_ms) / j->kernels->dt_ms);
}

/** First spike at or after a step. */
static size_t find_spike(const job *j, const meso_spike_population *p, double step)
{
  size_t low = 0, high = p->n_spikes;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (step_of(j, p, middle) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds up the coefficients of a bin's spikes, by phase. *spike: the first that may be in it.
 *  @return whether there are any */
static bool deposit(const job *j, size_t block, long bin, const meso_neuron_trains *trains,
                    size_t *spike, work *w)
{
  const meso_neuron_kernels *k = j->kernels;
  const meso_spike_population *p = trains->spikes;
  const size_t size = k->n_functions * LFP_LANES, first = *spike;
  const float *coefficient =
    k->coefficient + (block * k->n_neurons + trains->first_neuron) * size;
  const uint32_t *id = p->id;
  for (; *spike < p->n_spikes; (*spike)++) {
    const double phase = step_of(j, p, *spike) - (double) bin * (double) k->factor;
    if (phase >= (double) k->factor) break;
    if (*spike + 8 < p->n_spikes)
      for (size_t line = 0; line < size; line += LFP_LANES)
        __builtin_prefetch(coefficient + id[*spike + 8] * size + line, 0, 3);
    j->loops->add(size, coefficient + id[*spike] * size, w->sums + (size_t) phase * size);
    w->used[(size_t) phase] = 1;
  }
  return *spike > first;
}

/** Output samples [m0, m1) of a block of channels. */
static void do_block(const job *j, size_t block, size_t m0, size_t m1, work *w)
{
  const meso_neuron_kernels *k = j->kernels;
  const size_t size = k->n_coarse * LFP_LANES;
  const long first = (long) m0 - k->first_lag - (long) k->n_lags + 1; /* bin that reaches m0 */
  const size_t n_bins = m1 - m0 + k->n_lags - 1;
  bool any = false;
  for (size_t i = 0; i < j->n_trains; i++)
    w->next[i] = find_spike(j, j->trains[i].spikes, (double) first * (double) k->factor);
  memset(w->amplitude, 0, n_bins * size * sizeof *w->amplitude);
  for (size_t b = 0; b < n_bins; b++) {
    bool some = false;
    for (size_t i = 0; i < j->n_trains; i++)
      some |= deposit(j, block, first + (long) b, &j->trains[i], &w->next[i], w);
    if (!some) continue;
    any = true;
    j->loops->shift(w->sums, w->used, k->factor, k->n_functions, k->phase, k->n_coarse,
                    w->amplitude + b * size);
  }
  for (size_t m = m0; any && m < m1; m++) {
    double sum[LFP_LANES] = {0};
    j->loops->convolve(w->amplitude + (m - m0) * size, k->n_lags, k->n_coarse,
                       k->coarse + (k->n_lags - 1) * k->n_coarse, sum);
    for (size_t c = 0; c < LFP_LANES && block * LFP_LANES + c < k->n_rows; c++) {
      const size_t row = block * LFP_LANES + c;
      if (row < k->n_channels) j->out[m * k->n_channels + row] += sum[c];
      else if (j->moment != NULL) j->moment[3 * m + row - k->n_channels] += sum[c];
    }
  }
}

static bool work_create(const meso_neuron_kernels *k, size_t n_trains, work *w)
{
  w->next = meso_calloc(n_trains, sizeof *w->next);
  w->sums = meso_aligned_calloc(k->factor * k->n_functions, LFP_LANES * sizeof *w->sums);
  w->used = meso_calloc(k->factor, 1);
  w->amplitude = meso_aligned_alloc((BLOCK + k->n_lags) * k->n_coarse,
                                    LFP_LANES * sizeof *w->amplitude);
  return w->next != NULL && w->sums != NULL && w->used != NULL && w->amplitude != NULL;
}

static void work_clear(work *w)
{
  free(w->sums);
  free(w->used);
  free(w->amplitude);
  free(w->next);
}

size_t meso_neuron_trains_list(const meso_spikes *spikes, size_t n, char *const *name,
                               const double *size, meso_neuron_trains *trains)
{
  size_t n_found = 0, first = 0;
  for (size_t p = 0; p < n; first += (size_t) size[p++]) {
    const size_t at = meso_spikes_find(spikes, name[p]);
    if (at != (size_t) -1)
      trains[n_found++] = (meso_neuron_trains) {&spikes->population[at], first};
  }
  return n_found;
}

meso_status meso_neuron_kernels_apply_all(const meso_neuron_kernels *kernels, size_t n,
                                          const meso_neuron_trains *trains, double start_ms,
                                          size_t n_out, int n_threads, double *out,
                                          double *opt_moment, meso_err *err)
{
  meso_status status = MESO_OK;
  const job j = {.kernels = kernels, .loops = lfp_loops_choose(NULL), .n_trains = n,
                 .trains = trains, .n_out = n_out, .start_ms = start_ms, .out = out,
                 .moment = opt_moment};
  const size_t n_blocks = (n_out + BLOCK - 1) / BLOCK;
  for (size_t i = 0; i < n; i++)
    if (trains[i].spikes->size > kernels->n_neurons
        || trains[i].first_neuron > kernels->n_neurons - trains[i].spikes->size)
      MESO_FAIL(err, MESO_EINVAL, "the kernels are of fewer neurons than population '%s' has",
                trains[i].spikes->name);
#pragma omp parallel num_threads(n_threads > 0 ? n_threads : 1)
  {
    work w = {0};
    const bool ready = work_create(kernels, n, &w);
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < n_blocks * kernels->n_blocks; i++) {
      const size_t m0 = i / kernels->n_blocks * BLOCK;
      if (ready)
        do_block(&j, i % kernels->n_blocks, m0, m0 + BLOCK < n_out ? m0 + BLOCK : n_out, &w);
    }
    if (!ready) {
#pragma omp critical(meso_neuron_lfp)
      status = meso_err_set(err, MESO_ENOMEM, __FILE__, __LINE__, "cannot allocate amplitudes");
    }
    work_clear(&w);
  }
cleanup:
  return status;
}

meso_status meso_neuron_kernels_apply(const meso_neuron_kernels *kernels,
                                      const meso_spike_population *spikes, size_t first_neuron,
                                      double start_ms, size_t n_out, int n_threads, double *out,
                                      double *opt_moment, meso_err *err)
{
  const meso_neuron_trains trains = {spikes, first_neuron};
  return meso_neuron_kernels_apply_all(kernels, 1, &trains, start_ms, n_out, n_threads, out,
                                       opt_moment, err);
}
