/* su_poisson.c: the spikes of each train at independent random times: a Poisson train, given the
 * number of its spikes. With bin_ms the rate is that of the train's population in bins, times what
 * the train fires beside it: for stimuli and other slow changes that all share. */
#include <math.h>
#include <stdlib.h>

#include "meso_surrogate.h"

typedef struct poisson_params { double bin_ms; } poisson_params;

static const meso_param poisson_rows[] = {
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(poisson_params, bin_ms),
   .help = "bin of the population's rate, which all its trains follow; 0: constant rates"},
  {.key = NULL}
};

/* Rates of all populations. */
typedef struct profile {
  size_t n_bins;
  double bin_ms;
  double *cumulative;  /* (population, n_bins): share of the population's spikes up to a bin */
} profile;

/** The last bin may be shorter. */
static meso_status make_profile(const meso_spikes *in, double bin_ms, profile *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const double length = in->t_stop_ms - in->t_start_ms;
  const double n = bin_ms > 0 ? fmax(1, ceil(length / bin_ms - 1e-9)) : 1;
  if (!(n * (double) in->n_populations <= 1e8))
    MESO_FAIL(err, MESO_ERANGE, "bin_ms %g ms: too many bins in %g ms", bin_ms, length);
  p->n_bins = (size_t) n;
  p->bin_ms = bin_ms > 0 ? bin_ms : length;
  MESO_ALLOC(err, p->cumulative, in->n_populations * p->n_bins);
  for (size_t i = 0; i < in->n_populations; i++) {
    const meso_spike_population *q = &in->population[i];
    double *of = p->cumulative + i * p->n_bins, sum = 0;
    for (size_t s = 0; s < q->n_spikes; s++) {
      const double at = floor((q->time_ms[s] - in->t_start_ms) / p->bin_ms);
      of[at < n ? (size_t) fmax(0, at) : p->n_bins - 1]++;
    }
    for (size_t b = 0; b < p->n_bins; b++) of[b] = sum += of[b] / (double) q->n_spikes;
  }
cleanup:
  return status;
}

static meso_status change(const void *params, meso_surrogate_train *train,
                          meso_surrogate_rng *rng, meso_err *err)
{
  const profile *p = params;
  const double *of = p->cumulative + rng->population * p->n_bins;
  (void) err;
  for (size_t k = 0; k < train->n; k++) {
    const double u = meso_surrogate_uniform(rng);
    size_t low = 0, high = p->n_bins - 1; /* the first bin whose cumulative share reaches u */
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (of[middle] < u) low = middle + 1;
      else high = middle;
    }
    const double start = train->start_ms + (double) low * p->bin_ms;
    const double width = fmin(p->bin_ms, train->stop_ms - start);
    train->time_ms[k] = fmin(start + width * meso_surrogate_uniform(rng), train->stop_ms);
  }
  return MESO_OK;
}

static meso_status poisson(const void *params, const meso_spikes *in, meso_surrogate_draw draw,
                           meso_spikes **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  profile p = {0};
  MESO_TRY(make_profile(in, ((const poisson_params *) params)->bin_ms, &p, err));
  MESO_TRY(meso_surrogate_trains(in, draw, change, &p, ret, err));
cleanup:
  free(p.cumulative);
  return status;
}

const meso_surrogate_ops meso_su_poisson = {
  .name = "poisson",
  .summary = "Poisson trains of the same counts: keeps rates, destroys all else",
  .input = MESO_INPUT_SPIKES, .params = poisson_rows, .params_size = sizeof(poisson_params),
  .spikes = poisson
};
