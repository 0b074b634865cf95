/* an_cross_correlogram.c: cross-correlograms of binned spike counts of all pairs.
 *
 * expected = N_i N_j / n is the mean border-corrected count of unrelated trains. mean_coefficient:
 * mean over the pairs of two populations, self-pairs left out. Coefficients of trains whose count
 * never varies are NaN. Only occupied bins are visited, and counts are integers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_trains.h"

static const meso_formula formulas[] = {
  {"counts", "sum_k x_i[k] x_j[k + l], x_i[k] the counts in n bins; lag l > 0: j fires after i",
   "Perkel, Gerstein & Moore 1967, Biophys. J. 7:419, doi 10.1016/S0006-3495(67)86597-4"},
  {"border_corrected", "counts n / (n - |l|)",
   "Perkel, Gerstein & Moore 1967, Biophys. J. 7:419, doi 10.1016/S0006-3495(67)86597-4"},
  {"coefficient",
   "(counts - N_i N_j / n) / sqrt(SS_i SS_j), N_i = sum x_i, SS_i = sum x_i^2 - N_i^2 / n",
   "Brody 1999, Neural Comput. 11:1537, doi 10.1162/089976699300016133 (normalised by "
   "the standard deviations)"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"counts,border_corrected,coefficient", "pairs,lag_ms"},
  {"expected", "pairs"},
  {"mean_coefficient", "lag_ms"},
  {NULL, NULL}
};

typedef struct cross_params {
  meso_trains_params trains;
  double bin_ms, max_lag_ms, memory_limit_GB;
} cross_params;

static const meso_param cross_rows[] = {
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "2", .offset = offsetof(cross_params, bin_ms), .help = "bin width"},
  {.key = "max_lag_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9,
   .default_text = "200", .offset = offsetof(cross_params, max_lag_ms),
   .help = "largest lag to either side"},
  MESO_TRAINS_ROWS(cross_params, trains, "20"),
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "4", .offset = offsetof(cross_params, memory_limit_GB),
   .help = "refuse results that need more memory"},
  {.key = NULL}
};

typedef struct place { int64_t bin; double count; } place;

typedef struct correlograms {
  meso_trains trains;
  meso_bins bins;
  int64_t most;            /* largest lag, bins */
  size_t n_lags, n_pairs;
  size_t *first;           /* n + 1: places of each train */
  place *place;            /* occupied bins, ascending */
  double *total, *spread;  /* N, SS */
  double *counts, *corrected, *coefficient; /* (pair, lag) */
  double *expected;        /* (pair) */
} correlograms;

static void clear(correlograms *c)
{
  meso_trains_clear(&c->trains);
  free(c->first); free(c->place); free(c->total); free(c->spread);
}

static meso_status make_places(correlograms *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_trains *t = &c->trains;
  size_t n = 0;
  MESO_ALLOC(err, c->first, t->n + 1);
  MESO_ALLOC(err, c->place, t->first[t->n]);
  MESO_ALLOC(err, c->total, t->n);
  MESO_ALLOC(err, c->spread, t->n);
  for (size_t i = 0; i < t->n; i++) {
    double squares = 0;
    for (size_t s = t->first[i]; s < t->first[i + 1]; s++) {
      const int64_t bin = meso_bins_index(&c->bins, t->time_ms[s]);
      if (bin == MESO_BIN_NONE) continue;
      if (n == c->first[i] || c->place[n - 1].bin != bin) c->place[n++] = (place) {bin, 0};
      c->place[n - 1].count++;
    }
    c->first[i + 1] = n;
    for (size_t k = c->first[i]; k < n; k++) {
      c->total[i] += c->place[k].count;
      squares += c->place[k].count * c->place[k].count;
    }
    c->spread[i] = squares - c->total[i] * c->total[i] / (double) c->bins.n;
  }
cleanup:
  return status;
}

static void correlate(const correlograms *c, size_t i, size_t j, size_t pair)
{
  double *counts = c->counts + pair * c->n_lags;
  size_t from = c->first[j];
  for (size_t a = c->first[i]; a < c->first[i + 1]; a++) {
    const int64_t bin = c->place[a].bin;
    while (from < c->first[j + 1] && c->place[from].bin < bin - c->most) from++;
    for (size_t b = from; b < c->first[j + 1] && c->place[b].bin <= bin + c->most; b++)
      counts[c->place[b].bin - bin + c->most] += c->place[a].count * c->place[b].count;
  }
  const double n = (double) c->bins.n, expected = c->total[i] * c->total[j] / n;
  const double scale = sqrt(c->spread[i]) * sqrt(c->spread[j]);
  const bool defined = c->spread[i] > 0 && c->spread[j] > 0;
  c->expected[pair] = expected;
  for (size_t l = 0; l < c->n_lags; l++) {
    const double lag = fabs((double) l - (double) c->most);
    c->corrected[pair * c->n_lags + l] = counts[l] * (n / (n - lag));
    c->coefficient[pair * c->n_lags + l] = defined ? (counts[l] - expected) / scale : NAN;
  }
}

static meso_status make(const cross_params *p, const meso_spikes *spikes, correlograms *c,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_trains_make(&p->trains, spikes, &c->trains, err));
  MESO_TRY(meso_bins_make(&c->trains.interval, p->bin_ms, &c->bins, err));
  const double lags = floor(p->max_lag_ms / p->bin_ms + 1e-8);
  if (!(lags < (double) c->bins.n))
    MESO_FAIL(err, MESO_ERANGE, "max_lag_ms %g ms: the interval has only %lld bins of %g ms",
              p->max_lag_ms, (long long) c->bins.n, p->bin_ms);
  c->most = (int64_t) lags;
  c->n_lags = 2 * (size_t) c->most + 1;
  c->n_pairs = c->trains.n > 0 ? c->trains.n * (c->trains.n - 1) / 2 : 0;
  const double need_GB = 24e-9 * (double) c->n_pairs * (double) c->n_lags;
  if (need_GB > p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "cross-correlograms of %zu pairs at %zu lags need %.3g GB, allowed "
              "are memory_limit_GB = %g GB: choose fewer populations or lower max_neurons",
              c->n_pairs, c->n_lags, need_GB, p->memory_limit_GB);
  MESO_TRY(make_places(c, err));
cleanup:
  return status;
}

static meso_status add_arrays(correlograms *c, double bin_ms, const meso_spikes *spikes,
                              meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[2] = {c->n_pairs, c->n_lags};
  double *lag = NULL;
  MESO_TRY(meso_trains_add_labels(&c->trains, spikes, "/cross_correlogram", result, err));
  MESO_TRY(meso_trains_add_pairs(&c->trains, spikes, "/cross_correlogram", result, err));
  MESO_TRY(meso_result_add_in(result, "/cross_correlogram", "lag_ms", "ms", 1, &c->n_lags, &lag,
                              err));
  for (size_t l = 0; l < c->n_lags; l++) lag[l] = ((double) l - (double) c->most) * bin_ms;
  MESO_TRY(meso_result_add_in(result, "/cross_correlogram", "counts", "count", 2, dims, &c->counts,
                              err));
  MESO_TRY(meso_result_add_in(result, "/cross_correlogram", "border_corrected", "count", 2, dims,
                              &c->corrected, err));
  MESO_TRY(meso_result_add_in(result, "/cross_correlogram", "coefficient", "1", 2, dims,
                              &c->coefficient, err));
  MESO_TRY(meso_result_add_in(result, "/cross_correlogram", "expected", "count", 1, dims,
                              &c->expected, err));
cleanup:
  return status;
}

/* Mean coefficient over the pairs of every two populations; of pairs within one, also mirrored, as
 * which neuron comes first means nothing. */
static meso_status add_means(const correlograms *c, const meso_spikes *spikes, meso_result *result,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_trains *t = &c->trains;
  for (size_t a = 0; a < t->n_populations; a++)
    for (size_t b = a; b < t->n_populations; b++) {
      char name[300], path[400];
      double *mean = NULL, n = 0;
      meso_trains_pair_name(t, spikes, a, b, name, sizeof name);
      snprintf(path, sizeof path, "%s/mean_coefficient", name);
      MESO_TRY(meso_result_add_in(result, "/cross_correlogram", path, "1", 1, &c->n_lags, &mean,
                                  err));
      for (size_t i = t->first_row[a]; i < t->first_row[a + 1]; i++)
        for (size_t j = a == b ? i + 1 : t->first_row[b]; j < t->first_row[b + 1]; j++) {
          const size_t pair = i * (2 * t->n - i - 1) / 2 + (j - i - 1);
          const double *x = c->coefficient + pair * c->n_lags;
          if (isnan(x[0])) continue;
          n++;
          for (size_t l = 0; l < c->n_lags; l++)
            mean[l] += a == b ? 0.5 * (x[l] + x[c->n_lags - 1 - l]) : x[l];
        }
      for (size_t l = 0; l < c->n_lags; l++) mean[l] = n > 0 ? mean[l] / n : NAN;
      snprintf(path, sizeof path, "/cross_correlogram/%s", name);
      meso_attrs *attrs = meso_result_group_attrs(result, path);
      if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
      MESO_TRY(meso_attrs_set_number(attrs, "n_pairs", n, err));
    }
cleanup:
  return status;
}

static meso_status cross_run(const void *params, const meso_spikes *spikes,
                             const meso_signals *signals, int n_threads, meso_result *result,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const cross_params *p = params;
  correlograms c = {.n_lags = 0};
  (void) signals;
  MESO_TRY(make(p, spikes, &c, err));
  MESO_TRY(add_arrays(&c, p->bin_ms, spikes, result, err));
  const size_t n = c.trains.n;
#pragma omp parallel for schedule(dynamic, 4) num_threads(n_threads)
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) correlate(&c, i, j, i * (2 * n - i - 1) / 2 + (j - i - 1));
  MESO_TRY(add_means(&c, spikes, result, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/cross_correlogram");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(attrs, "bin_ms", p->bin_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_bins", (double) c.bins.n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "max_lag_ms", p->max_lag_ms, err));
  MESO_TRY(meso_attrs_set_text(attrs, "lag", "positive: the second neuron of a pair fires later",
                               err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, &c.trains, attrs, err));
cleanup:
  clear(&c);
  return status;
}

const meso_analysis_ops meso_an_cross_correlogram = {
  .name = "cross_correlogram", .summary = "cross-correlograms of spike trains, all pairs",
  .input = MESO_INPUT_SPIKES, .params = cross_rows, .params_size = sizeof(cross_params),
  .run = cross_run,
  .takes = "spikes",
  .formulas = formulas,
  .axes = axes
};
