/* an_spike_coherence.c: coherence of spikes: of the rates of populations, or of single trains.
 *
 * Counts in bins of bin_ms (rule in meso_binning.h) over the bin width, spikes/s, of a population
 * per neuron; all pairs as those of fields (coherence_estimate.c), with the same bias, thresholds
 * and debiased values. Two Poisson trains of rates a and b that have spikes of a common one of rate
 * c in them are coherent with c^2 / ((a + c) (b + c)) at every frequency that bins resolve.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coherence_estimate.h"
#include "meso_trains.h"

enum units_of { OF_POPULATIONS, OF_NEURONS };

typedef struct spike_coherence_params {
  coherence_params own;
  meso_trains_params trains;
  double bin_ms;
  int of;
} spike_coherence_params;

/* The interval's discard_ms stands for that of the spectral rows. */
static const meso_param spike_coherence_rows[] = {
  MESO_SPECTRAL_SHAPE_ROWS(spike_coherence_params, own.spectral),
  COHERENCE_MEASURE_ROWS(spike_coherence_params, own),
  MESO_TRAINS_ROWS(spike_coherence_params, trains, "0"),
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "1", .offset = offsetof(spike_coherence_params, bin_ms), .help = "bin width"},
  {.key = "of", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "populations|neurons",
   .default_text = "populations", .offset = offsetof(spike_coherence_params, of),
   .help = "what a channel is: a population's rate, or a neuron's (choose few: max_neurons)"},
  {.key = NULL}
};

/* Channel of a train. */
static size_t channel_of(const spike_coherence_params *p, const meso_trains *t, size_t train)
{
  return p->of == OF_NEURONS ? train : meso_trains_population(t, train);
}

static meso_status check(const spike_coherence_params *p, const meso_bins *bins, size_t n,
                         meso_err *err)
{
  meso_status status = MESO_OK;
  const double need_GB = 8e-9 * (double) bins->n * (double) n;
  if (n < 2)
    MESO_FAIL(err, MESO_EINVAL, "spike_coherence: %zu %s: coherence needs two%s", n,
              p->of == OF_NEURONS ? "neuron" : "population",
              p->of == OF_NEURONS ? "" : " (of = neurons takes single trains)");
  if (need_GB > p->own.memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "rates of %zu channels in %lld bins need %.3g GB, allowed are "
              "memory_limit_GB = %g GB: set max_neurons or populations, or wider bins (bin_ms)", n,
              (long long) bins->n, need_GB, p->own.memory_limit_GB);
cleanup:
  return status;
}

/* Places of neurons, if all have one. */
static meso_status add_places(const meso_trains *t, const meso_spikes *spikes, meso_signal *s,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t k = 0; k < t->n_populations; k++)
    if (spikes->population[t->selected[k]].position_um == NULL) return MESO_OK;
  MESO_ALLOC(err, s->position_um, 3 * t->n);
  for (size_t i = 0; i < t->n; i++) {
    const size_t at = t->selected[meso_trains_population(t, i)];
    memcpy(s->position_um + 3 * i, spikes->population[at].position_um + 3 * (size_t) t->id[i],
           3 * sizeof *s->position_um);
  }
cleanup:
  return status;
}

/* Rates, spikes/s per neuron; *ret_silent: channels without any spike. */
static void fill(const spike_coherence_params *p, const meso_trains *t, const meso_bins *bins,
                 meso_signal *s, size_t *ret_silent)
{
  const double per_s = 1e3 / bins->width_ms;
  size_t n_silent = 0;
  for (size_t i = 0; i < t->n; i++) {
    const size_t c = channel_of(p, t, i), k = meso_trains_population(t, i);
    const double n = p->of == OF_NEURONS ? 1 : (double) (t->first_row[k + 1] - t->first_row[k]);
    for (size_t j = t->first[i]; j < t->first[i + 1]; j++) {
      const int64_t bin = meso_bins_index(bins, t->time_ms[j]);
      if (bin != MESO_BIN_NONE) s->data[(size_t) bin * s->n_channels + c] += per_s / n;
    }
  }
  for (size_t c = 0; c < s->n_channels; c++) {
    double sum = 0;
    for (size_t b = 0; b < s->n_times; b++) sum += s->data[b * s->n_channels + c];
    n_silent += !(sum > 0);
  }
  *ret_silent = n_silent;
}

static meso_status add_labels(const spike_coherence_params *p, const meso_trains *t,
                              const meso_spikes *spikes, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const char **name = NULL;
  if (p->of == OF_NEURONS) {
    MESO_TRY(meso_trains_add_labels(t, spikes, "/spike_coherence", result, err));
    goto cleanup;
  }
  MESO_ALLOC(err, name, t->n_populations);
  for (size_t k = 0; k < t->n_populations; k++) name[k] = spikes->population[t->selected[k]].name;
  MESO_TRY(meso_result_add_text(result, "/spike_coherence/labels", t->n_populations, name, err));
cleanup:
  free(name);
  return status;
}

static meso_status describe(const spike_coherence_params *p, const meso_trains *t, size_t n,
                            size_t n_silent, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[160];
  meso_attrs *a = meso_result_group_attrs(result, "/spike_coherence");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(a, "bin_ms", p->bin_ms, err));
  MESO_TRY(meso_attrs_set_text(a, "of", p->of == OF_NEURONS ? "neurons" : "populations", err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, t, a, err));
  if (n_silent == 0 || meso_attrs_text(a, "undefined") != NULL) goto cleanup;
  (void) snprintf(text, sizeof text, "%zu of %zu %s have no spike, and no coherence with any other",
                  n_silent, n, p->of == OF_NEURONS ? "neurons" : "populations");
  MESO_TRY(meso_attrs_set_text(a, "undefined", text, err));
cleanup:
  return status;
}

static meso_status spike_coherence_run(const void *params, const meso_spikes *spikes,
                                       const meso_signals *signals, int n_threads,
                                       meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const spike_coherence_params *p = params;
  meso_spectral_plan *plan = NULL;
  meso_trains t = {.n = 0};
  meso_signals *rates = NULL;
  meso_signal *s = NULL;
  meso_bins bins;
  size_t n_silent = 0;
  (void) signals;
  MESO_TRY(meso_trains_make(&p->trains, spikes, &t, err));
  MESO_TRY(meso_bins_make(&t.interval, p->bin_ms, &bins, err));
  const size_t n = p->of == OF_NEURONS ? t.n : t.n_populations;
  MESO_TRY(check(p, &bins, n, err));
  MESO_TRY(meso_spectral_plan_create(&p->own.spectral, (size_t) bins.n, 1e3 / p->bin_ms, &plan,
                                     err));
  MESO_TRY(meso_signals_create(&rates, err));
  MESO_TRY(meso_signals_add(rates, "spikes", "spikes/s", (size_t) bins.n, n, 1e3 / p->bin_ms,
                            bins.t_start_ms, &s, err));
  fill(p, &t, &bins, s, &n_silent);
  if (p->of == OF_NEURONS) MESO_TRY(add_places(&t, spikes, s, err));
  MESO_TRY(add_labels(p, &t, spikes, result, err));
  MESO_TRY(coherence_estimate(&p->own, s, plan, "/spike_coherence", n_threads, result, err));
  MESO_TRY(describe(p, &t, n, n_silent, result, err));
cleanup:
  meso_signals_destroy(rates);
  meso_spectral_plan_destroy(plan);
  meso_trains_clear(&t);
  return status;
}

const meso_analysis_ops meso_an_spike_coherence = {
  .name = "spike_coherence",
  .summary = "coherence and cross-spectra of population rates or single spike trains, all pairs",
  .input = MESO_INPUT_SPIKES, .params = spike_coherence_rows,
  .params_size = sizeof(spike_coherence_params), .run = spike_coherence_run,
  .takes = "spikes of two populations, or of two neurons",
  .formulas = coherence_formulas,
  .axes = coherence_axes
};
