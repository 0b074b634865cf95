/* an_sttc.c: spike time tiling coefficient of all pairs.
 *
 * "Within dt" is |t_i - t_j| <= dt + 1e-9 ms: a fixed window, whatever the time (Elephant's grows
 * with it), wide enough for times on a decimal grid. A term whose P T is 1 counts 1. NaN where a
 * train is empty. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_trains.h"

static const meso_formula formulas[] = {
  {"value", "((P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A)) / 2, T_A: share of the "
   "time within dt of a spike of A, P_A: share of A's spikes within dt of one of B",
   "Cutts & Eglen 2014, J. Neurosci. 34:14288, doi 10.1523/JNEUROSCI.2767-14.2014"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"value", "pairs"},
  {NULL, NULL}
};

#define GRID_MS 1e-9

typedef struct sttc_params {
  meso_trains_params trains;
  double dt_ms;
} sttc_params;

static const meso_param sttc_rows[] = {
  {.key = "dt_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "5", .offset = offsetof(sttc_params, dt_ms),
   .help = "half width of the window of coincidence"},
  MESO_TRAINS_ROWS(sttc_params, trains, "200"),
  {.key = NULL}
};

/* Share of the interval that lies within dt of a spike. */
static double tiled(const meso_trains *t, size_t train, double dt_ms)
{
  const double start = t->interval.start_ms, stop = t->interval.stop_ms;
  double sum = 0, end = start;
  for (size_t s = t->first[train]; s < t->first[train + 1]; s++) {
    const double low = fmax(t->time_ms[s] - dt_ms, end), high = fmin(t->time_ms[s] + dt_ms, stop);
    if (high <= low) continue;
    sum += high - low;
    end = high;
  }
  return sum / (stop - start);
}

/* Share of a's spikes that lie within dt of a spike of b; both ascend. */
static double near(const meso_trains *t, size_t a, size_t b, double dt_ms)
{
  const double reach = dt_ms + GRID_MS;
  size_t k = t->first[b], n = 0;
  for (size_t s = t->first[a]; s < t->first[a + 1]; s++) {
    while (k < t->first[b + 1] && t->time_ms[k] < t->time_ms[s] - reach) k++;
    n += k < t->first[b + 1] && t->time_ms[k] <= t->time_ms[s] + reach;
  }
  return (double) n / (double) meso_trains_count(t, a);
}

static double term(double p, double t) { return p * t < 1 ? (p - t) / (1 - p * t) : 1; }

static void all_pairs(const meso_trains *t, const sttc_params *p, const double *share,
                      int n_threads, double *value)
{
#pragma omp parallel for schedule(dynamic, 4) num_threads(n_threads)
  for (size_t i = 0; i < t->n; i++)
    for (size_t j = i + 1; j < t->n; j++) {
      double *v = value + i * (2 * t->n - i - 1) / 2 + (j - i - 1);
      *v = NAN;
      if (meso_trains_count(t, i) == 0 || meso_trains_count(t, j) == 0) continue;
      *v = 0.5 * (term(near(t, i, j, p->dt_ms), share[j]) + term(near(t, j, i, p->dt_ms),
         share[i]));
    }
}

/* Mean and standard deviation over the defined pairs of every two populations. */
static meso_status summarise(const meso_trains *t, const meso_spikes *spikes, const double *value,
                             meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t a = 0; a < t->n_populations; a++)
    for (size_t b = a; b < t->n_populations; b++) {
      char name[400], path[500];
      double n = 0, sum = 0, squares = 0;
      for (size_t i = t->first_row[a]; i < t->first_row[a + 1]; i++)
        for (size_t j = a == b ? i + 1 : t->first_row[b]; j < t->first_row[b + 1]; j++) {
          const double v = value[i * (2 * t->n - i - 1) / 2 + (j - i - 1)];
          if (isnan(v)) continue;
          n++;
          sum += v;
          squares += v * v;
        }
      meso_trains_pair_name(t, spikes, a, b, name, sizeof name);
      snprintf(path, sizeof path, "/sttc/%s", name);
      meso_attrs *attrs = meso_result_group_attrs(result, path);
      if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
      const double mean = n > 0 ? sum / n : NAN;
      MESO_TRY(meso_attrs_set_number(attrs, "n_pairs", n, err));
      MESO_TRY(meso_attrs_set_number(attrs, "mean", mean, err));
      MESO_TRY(meso_attrs_set_number(attrs, "standard_deviation",
                                     sqrt(fmax(0, squares / n - mean * mean)), err));
    }
cleanup:
  return status;
}

static meso_status sttc_run(const void *params, const meso_spikes *spikes,
                            const meso_signals *signals, int n_threads, meso_result *result,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const sttc_params *p = params;
  meso_trains t = {.n = 0};
  meso_array *value = NULL;
  double *share = NULL;
  (void) signals;
  MESO_TRY(meso_trains_make(&p->trains, spikes, &t, err));
  MESO_TRY(meso_trains_add_labels(&t, spikes, "/sttc", result, err));
  MESO_TRY(meso_trains_add_pairs(&t, spikes, "/sttc", result, err));
  const size_t n_pairs = t.n > 0 ? t.n * (t.n - 1) / 2 : 0;
  MESO_TRY(meso_result_add(result, "/sttc/value", "1", 1, &n_pairs, &value, err));
  MESO_ALLOC(err, share, t.n);
  for (size_t i = 0; i < t.n; i++) share[i] = tiled(&t, i, p->dt_ms);
  all_pairs(&t, p, share, n_threads, value->data);
  double *v = value->data;
  MESO_TRY(summarise(&t, spikes, v, result, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/sttc");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(attrs, "dt_ms", p->dt_ms, err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, &t, attrs, err));
cleanup:
  free(share);
  meso_trains_clear(&t);
  return status;
}

const meso_analysis_ops meso_an_sttc = {
  .name = "sttc", .summary = "spike time tiling coefficient of all pairs",
  .input = MESO_INPUT_SPIKES, .params = sttc_rows, .params_size = sizeof(sttc_params),
  .run = sttc_run,
  .takes = "spikes",
  .formulas = formulas,
  .axes = axes
};
