/* bold_source.c: what drives BOLD.
 *
 * 1. regions: layers and the column
 * 2. synaptic currents, by the layer of somata or of synapses
 * 3. rates, and what follows from them
 * 4. power of the LFP
 */
#include "bold_source.h"

#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- 1. regions --------------------------------------------------------------------------- */

static bool is_simulated(const meso_model *model, size_t p)
{
  return model->population[p].model != MESO_NEURON_POISSON;
}

/* Layers of somata in the order of the populations, or all layers of the model. */
typedef struct regions { size_t n; const char **name; } regions;

static size_t find_region(const regions *r, const char *name)
{
  for (size_t l = 0; l < r->n; l++)
    if (strcmp(r->name[l], name) == 0) return l;
  return (size_t) -1;
}

static meso_status regions_of_somata(const meso_model *model, regions *r, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, r->name, model->n_populations + 1);
  for (size_t p = 0; p < model->n_populations; p++)
    if (is_simulated(model, p) && find_region(r, model->population[p].layer) == (size_t) -1)
      r->name[r->n++] = model->population[p].layer;
cleanup:
  return status;
}

static meso_status regions_of_layers(const meso_model *model, regions *r, meso_err *err)
{
  meso_status status = MESO_OK;
  if (model->n_layers == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: this bold.drive needs the section layers", model->path);
  MESO_ALLOC(err, r->name, model->n_layers + 1);
  for (size_t l = 0; l < model->n_layers; l++) r->name[r->n++] = model->layer[l].name;
cleanup:
  return status;
}

/* The zeroed signal of a source; its last channel is the column. */
static meso_status add_signal(const bold_source *source, const regions *r,
                              const meso_signal *time, meso_signals *out, meso_signal **ret,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_signals_add(out, source->signal, source->units, time->n_times, r->n + 1,
                            time->sampling_rate_Hz, time->t_start_ms, ret, err));
  for (size_t l = 0; l < r->n; l++) MESO_TRY(meso_signal_set_label(*ret, l, r->name[l], err));
  MESO_TRY(meso_signal_set_label(*ret, r->n, "column", err));
  MESO_TRY(meso_attrs_set_text(&(*ret)->attrs, "drive", source->name, err));
cleanup:
  return status;
}

/* Adds weight times |column `from` of y| to channel `to` of x. */
static void add_magnitude(const meso_signal *y, size_t from, double weight, meso_signal *x,
                          size_t to)
{
  for (size_t t = 0; t < x->n_times; t++)
    x->data[t * x->n_channels + to] += weight * fabs(y->data[t * y->n_channels + from]);
}

/* ---- 2. currents -------------------------------------------------------------------------- */

static meso_status find_currents(const meso_model *model, const meso_signals *currents,
                                 const char *name, const meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *s = meso_signals_find(currents, name);
  if (s == NULL || s->n_channels != model->n_populations ||
      s->n_times != currents->signal[0].n_times)
    MESO_FAIL(err, MESO_EFORMAT, "the currents are not those of the model's populations");
  *ret = s;
cleanup:
  return status;
}

/* Mean current of the external input, which has no fluctuations in the data, into a channel. */
static void add_background(const meso_model *model, const meso_signal *ex, size_t p,
                           meso_signal *x, size_t channel)
{
  char key[160];
  if (!model->bold.include_background) return;
  (void) snprintf(key, sizeof key, "background_mean_pA.%s", model->population[p].name);
  const double mean_pA = fabs(meso_attrs_number(&ex->attrs, key, 0.0));
  for (size_t t = 0; t < x->n_times; t++) x->data[t * x->n_channels + channel] += mean_pA;
}

static meso_status make_current(const bold_source *source, const meso_model *model,
                                const meso_bold_inputs *inputs, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *y[2];
  meso_signal *x = NULL;
  regions r = {0};
  MESO_TRY(find_currents(model, inputs->currents, "I_ex", &y[0], err));
  MESO_TRY(find_currents(model, inputs->currents, "I_in", &y[1], err));
  MESO_TRY(regions_of_somata(model, &r, err));
  MESO_TRY(add_signal(source, &r, y[0], out, &x, err));
  for (size_t p = 0; p < model->n_populations; p++) {
    if (!is_simulated(model, p)) continue;
    const size_t channel[2] = {find_region(&r, model->population[p].layer), r.n};
    for (int i = 0; i < 4; i++) add_magnitude(y[i % 2], p, 1, x, channel[i / 2]);
    for (int i = 0; i < 2; i++) add_background(model, y[0], p, x, channel[i]);
  }
cleanup:
  free(r.name);
  return status;
}

/* Index in the model of a region that is a layer. */
static size_t layer_of(const meso_model *model, const regions *r, size_t region)
{
  size_t l = 0;
  while (l + 1 < model->n_layers && strcmp(model->layer[l].name, r->name[region]) != 0) l++;
  return l;
}

/* Where along depth the synapses from population s onto population p lie: part[layer], which sums
 * to 1. Without cell types all lie in the layer of the somata. */
static void find_parts(const meso_model *model, const regions *r, size_t s, size_t p, double *part)
{
  double sum = 0;
  for (size_t l = 0; l < r->n; l++) part[l] = 0;
  for (size_t c = 0; c < model->n_cell_types; c++) {
    const meso_cell_type *type = &model->cell_type[c];
    if (type->population != p) continue;
    for (size_t l = 0; l < r->n; l++) {
      const size_t layer = layer_of(model, r, l);
      const double w = type->share[s] * type->layer_share[s * model->n_layers + layer];
      part[l] += w;
      sum += w;
    }
  }
  const size_t own = find_region(r, model->population[p].layer);
  if (!(sum > 0) && own != (size_t) -1) part[own] = sum = 1;
  for (size_t l = 0; l < r->n && sum > 0; l++) part[l] /= sum;
}

/* Layers with synapses. */
static meso_status regions_of_synapses(const meso_model *model, regions *r, meso_err *err)
{
  meso_status status = MESO_OK;
  double *part = NULL;
  bool *used = NULL;
  size_t n = 0;
  MESO_TRY(regions_of_layers(model, r, err));
  MESO_ALLOC(err, part, r->n);
  MESO_ALLOC(err, used, r->n);
  for (size_t i = 0; i < model->n_projections; i++) {
    find_parts(model, r, model->projection[i].source, model->projection[i].target, part);
    for (size_t l = 0; l < r->n; l++) used[l] = used[l] || part[l] > 0;
  }
  for (size_t l = 0; l < r->n; l++)
    if (used[l]) r->name[n++] = r->name[l];
  r->n = n;
cleanup:
  free(part);
  free(used);
  return status;
}

static meso_status make_synapse_depth(const bold_source *source, const meso_model *model,
                                      const meso_bold_inputs *inputs, meso_signals *out,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *ex = NULL, *y = NULL;
  meso_signal *x = NULL;
  regions r = {0};
  double *part = NULL;
  MESO_TRY(find_currents(model, inputs->currents, "I_ex", &ex, err));
  MESO_TRY(regions_of_synapses(model, &r, err));
  MESO_ALLOC(err, part, r.n);
  MESO_TRY(add_signal(source, &r, ex, out, &x, err));
  for (size_t s = 0; s < model->n_populations; s++) {
    char name[160];
    (void) snprintf(name, sizeof name, "from_%s", model->population[s].name);
    MESO_TRY(find_currents(model, inputs->currents, name, &y, err));
    for (size_t p = 0; p < model->n_populations; p++) {
      if (!is_simulated(model, p)) continue;
      find_parts(model, &r, s, p, part);
      for (size_t l = 0; l < r.n; l++)
        if (part[l] > 0) add_magnitude(y, p, part[l], x, l);
      add_magnitude(y, p, 1, x, r.n);
    }
  }
  for (size_t p = 0; p < model->n_populations; p++) {
    const size_t own = find_region(&r, model->population[p].layer);
    if (!is_simulated(model, p)) continue;
    if (own != (size_t) -1) add_background(model, ex, p, x, own);
    add_background(model, ex, p, x, r.n);
  }
cleanup:
  free(r.name);
  free(part);
  return status;
}

/* ---- 3. rates ----------------------------------------------------------------------------- */

/* Rate of each population (Hz per neuron) in the bins of the currents; caller frees. */
static meso_status make_rates(const meso_model *model, const meso_bold_inputs *inputs,
                              const meso_signal *time, double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t P = model->n_populations;
  double *rate = NULL;
  if (time->n_times > SIZE_MAX / sizeof *rate / P)
    MESO_FAIL(err, MESO_ENOMEM, "rates of %zu populations in %zu bins are too many", P,
              time->n_times);
  MESO_ALLOC(err, rate, time->n_times * P);
  for (size_t p = 0; p < P; p++) {
    const size_t at = meso_spikes_find(inputs->spikes, model->population[p].name);
    if (at == (size_t) -1) continue; /* a silent source */
    const meso_spike_population *s = &inputs->spikes->population[at];
    const double one_Hz = time->sampling_rate_Hz / (double) model->population[p].size;
    for (size_t i = 0; i < s->n_spikes; i++) {
      const double k = floor((s->time_ms[i] - time->t_start_ms) * 1e-3 * time->sampling_rate_Hz
                             + 1e-8);
      if (k >= 0 && k < (double) time->n_times) rate[(size_t) k * P + p] += one_Hz;
    }
  }
  *ret = rate;
  rate = NULL;
cleanup:
  free(rate);
  return status;
}

/* x = mean over the neurons of a region of y (time, population); excitatory: of those alone. */
static void average(const meso_model *model, const regions *r, const double *y, bool excitatory,
                    meso_signal *x)
{
  const size_t P = model->n_populations;
  for (size_t l = 0; l <= r->n; l++) {
    double n = 0;
    for (size_t p = 0; p < P; p++) {
      const meso_population *pop = &model->population[p];
      const bool counts = is_simulated(model, p) && (!excitatory || pop->sign == MESO_EXCITATORY)
                          && (l == r->n || strcmp(pop->layer, r->name[l]) == 0);
      if (!counts) continue;
      n += (double) pop->size;
      for (size_t t = 0; t < x->n_times; t++)
        x->data[t * x->n_channels + l] += (double) pop->size * y[t * P + p];
    }
    for (size_t t = 0; n > 0 && t < x->n_times; t++) x->data[t * x->n_channels + l] /= n;
  }
}

/* The signal of a source that averages something over neurons; y may be changed by `change`. */
static meso_status make_average(const bold_source *source, const meso_model *model,
                                const meso_bold_inputs *inputs, bool excitatory,
                                meso_status (*change)(const meso_model *model,
                                                      const meso_signal *time, double *y,
                                                      meso_err *err),
                                meso_signals *out, meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *time = NULL;
  double *y = NULL;
  regions r = {0};
  MESO_TRY(find_currents(model, inputs->currents, "I_ex", &time, err));
  MESO_TRY(make_rates(model, inputs, time, &y, err));
  if (change != NULL) MESO_TRY(change(model, time, y, err));
  MESO_TRY(regions_of_somata(model, &r, err));
  MESO_TRY(add_signal(source, &r, time, out, ret, err));
  average(model, &r, y, excitatory, *ret);
cleanup:
  free(r.name);
  free(y);
  return status;
}

static meso_status make_rate(const bold_source *source, const meso_model *model,
                             const meso_bold_inputs *inputs, meso_signals *out, meso_err *err)
{
  meso_signal *x = NULL;
  return make_average(source, model, inputs, false, NULL, out, &x, err);
}

static meso_status make_excitatory_rate(const bold_source *source, const meso_model *model,
                                        const meso_bold_inputs *inputs, meso_signals *out,
                                        meso_err *err)
{
  meso_signal *x = NULL;
  return make_average(source, model, inputs, true, NULL, out, &x, err);
}

/* Rates become the mean current of a neuron: sum over sources of |W| K rate through the synapse,
 * without delays: Schmidt et al. 2018, doi 10.1371/journal.pcbi.1006359. Their filter is cut at
 * 20 ms and shifted by 10 ms, which is not done here. */
static meso_status rates_to_input(const meso_model *model, const meso_signal *time, double *y,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t P = model->n_populations;
  double *weight = NULL, *row = NULL, *filtered = NULL;
  MESO_ALLOC(err, weight, P * P);
  MESO_ALLOC(err, row, P);
  MESO_ALLOC(err, filtered, P);
  for (size_t i = 0; i < model->n_projections; i++) {
    const meso_projection *c = &model->projection[i];
    const double K = (double) c->n_synapses / (double) model->population[c->target].size;
    weight[c->target * P + c->source] += fabs(c->weight_pA) * K;
  }
  for (size_t t = 0; t < time->n_times; t++) {
    memcpy(row, y + t * P, P * sizeof *row);
    for (size_t p = 0; p < P; p++) {
      const double decay = exp(-1e3 / time->sampling_rate_Hz
                               / model->population[p].neuron.tau_syn_ex_ms);
      double x = 0;
      for (size_t s = 0; s < P; s++) x += weight[p * P + s] * row[s];
      x *= 1e-3 * model->population[p].synapse[MESO_EXCITATORY].charge; /* of a weight of 1 */
      filtered[p] = decay * filtered[p] + (1 - decay) * x;
      y[t * P + p] = filtered[p];
    }
  }
cleanup:
  free(weight);
  free(row);
  free(filtered);
  return status;
}

static meso_status make_multi_area(const bold_source *source, const meso_model *model,
                                   const meso_bold_inputs *inputs, meso_signals *out,
                                   meso_err *err)
{
  meso_signal *x = NULL;
  return make_average(source, model, inputs, false, rates_to_input, out, &x, err);
}

/* Mean of a channel over the baseline as far as it is recorded, over everything if it is not. */
static double baseline_mean(const meso_bold_params *b, const meso_signal *x, size_t channel)
{
  const double n = (double) x->n_times;
  double first = fmin(n, ceil(b->baseline_start_s * x->sampling_rate_Hz - 1e-9));
  double stop = fmin(n, ceil(b->baseline_stop_s * x->sampling_rate_Hz - 1e-9));
  double sum = 0;
  if (!(first < stop)) {
    first = 0;
    stop = n;
  }
  for (size_t t = (size_t) first; t < (size_t) stop; t++)
    sum += x->data[t * x->n_channels + channel];
  return sum / (stop - first);
}

/* Open fraction of slow channels, which saturates: dS/dt = -S/tau + (1 - S) gamma r with the rate r
 * of excitatory neurons, tau 0.1 s, gamma 0.641 (Deco et al. 2013, doi
 * 10.1523/JNEUROSCI.1091-13.2013); exact for a rate that is constant in a bin. It starts
 * where the mean rate of the baseline keeps it: closed channels would open over tau, and that is a
 * step of the drive that the network did not make. */
static meso_status make_gating(const bold_source *source, const meso_model *model,
                               const meso_bold_inputs *inputs, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const double tau_s = 0.1, gamma = 0.641;
  meso_signal *x = NULL;
  MESO_TRY(make_average(source, model, inputs, true, NULL, out, &x, err));
  for (size_t c = 0; c < x->n_channels; c++) {
    const double r0_Hz = baseline_mean(&model->bold, x, c);
    double S = gamma * r0_Hz / (1 / tau_s + gamma * r0_Hz);
    for (size_t t = 0; t < x->n_times; t++) {
      double *r = &x->data[t * x->n_channels + c];
      const double per_s = 1 / tau_s + gamma * *r, limit = gamma * *r / per_s;
      S = limit + (S - limit) * exp(-per_s / x->sampling_rate_Hz);
      *r = S;
    }
  }
cleanup:
  return status;
}

/* ---- 4. LFP power ------------------------------------------------------------------------- */

/* Adds weight times the power of the analytic signal of contact c in the band to a channel. The
 * band is cut from the spectrum of the whole recording, so its ends feel each other. */
static void add_power(const meso_bold_params *b, const meso_signal *lfp, size_t c, double weight,
                      fftw_plan plan[2], fftw_complex *z, meso_signal *x, const size_t channel[2])
{
  const size_t n = lfp->n_times;
  for (size_t t = 0; t < n; t++) z[t] = lfp->data[t * lfp->n_channels + c];
  fftw_execute(plan[0]);
  for (size_t k = 0; k < n; k++) {
    const double f_Hz = (double) k * lfp->sampling_rate_Hz / (double) n;
    const bool passes = 2 * k < n && f_Hz >= b->band_low_Hz && f_Hz < b->band_high_Hz;
    z[k] *= passes ? 2 / (double) n : 0;
  }
  fftw_execute(plan[1]);
  for (size_t t = 0; t < n; t++) {
    const double power = weight * 0.5 * (creal(z[t]) * creal(z[t]) + cimag(z[t]) * cimag(z[t]));
    for (int i = 0; i < 2; i++) x->data[t * x->n_channels + channel[i]] += power;
  }
}

static size_t layer_at(const meso_model *model, double z_um)
{
  size_t l = 0;
  while (l < model->n_layers &&
         !(z_um <= model->layer[l].z_top_um && z_um > model->layer[l].z_bottom_um)) l++;
  return l;
}

/* Layers that have contacts; contacts outside all layers are left out. */
static meso_status regions_of_contacts(const meso_model *model, const meso_signal *lfp, regions *r,
                                       size_t *n_contacts, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, r->name, model->n_layers + 1);
  for (size_t c = 0; c < lfp->n_channels; c++) {
    const size_t l = layer_at(model, lfp->position_um[3 * c + 2]);
    if (l < model->n_layers) n_contacts[l]++;
  }
  for (size_t l = 0; l < model->n_layers; l++)
    if (n_contacts[l] > 0) r->name[r->n++] = model->layer[l].name;
  if (r->n == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: no contact of the LFP lies in a layer", model->path);
cleanup:
  return status;
}

static meso_status make_lfp_power(const bold_source *source, const meso_model *model,
                                  const meso_bold_inputs *inputs, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(inputs->lfp, "lfp");
  regions r = {0};
  size_t *n_contacts = NULL, n_all = 0;
  fftw_complex *z = NULL;
  fftw_plan plan[2] = {NULL};
  meso_signal *x = NULL;
  if (lfp == NULL || lfp->position_um == NULL || lfp->n_times < 2 || lfp->n_times > INT32_MAX)
    MESO_FAIL(err, MESO_EINVAL, "bold.drive = lfp_power needs a signal \"lfp\" with positions");
  if (!(model->bold.band_high_Hz > model->bold.band_low_Hz))
    MESO_FAIL(err, MESO_EINVAL, "%s: bold.band_high_Hz = %g Hz: must be above band_low_Hz",
              model->path, model->bold.band_high_Hz);
  MESO_ALLOC(err, n_contacts, model->n_layers + 1);
  MESO_TRY(regions_of_contacts(model, lfp, &r, n_contacts, err));
  MESO_TRY(add_signal(source, &r, lfp, out, &x, err));
  MESO_ALLOC_ALIGNED(err, z, lfp->n_times);
  plan[0] = fftw_plan_dft_1d((int) lfp->n_times, z, z, FFTW_FORWARD, FFTW_ESTIMATE);
  plan[1] = fftw_plan_dft_1d((int) lfp->n_times, z, z, FFTW_BACKWARD, FFTW_ESTIMATE);
  if (plan[0] == NULL || plan[1] == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "no plan for a transform of %zu samples", lfp->n_times);
  for (size_t c = 0; c < lfp->n_channels; c++) {
    const size_t l = layer_at(model, lfp->position_um[3 * c + 2]);
    if (l == model->n_layers) continue;
    const size_t own = find_region(&r, model->layer[l].name);
    const size_t channel[2] = {own, r.n};
    add_power(&model->bold, lfp, c, 1, plan, z, x, channel);
    n_all++;
  }
  for (size_t i = 0; i < x->n_times * x->n_channels; i++) {
    const size_t c = i % x->n_channels;
    x->data[i] /= (double) (c == r.n ? n_all : n_contacts[layer_of(model, &r, c)]);
  }
cleanup:
  for (int i = 0; i < 2; i++)
    if (plan[i] != NULL) fftw_destroy_plan(plan[i]);
  free(z);
  free(n_contacts);
  free(r.name);
  return status;
}

const bold_source bold_sources[] = {
  {"synaptic_current", MESO_BOLD_NEEDS_CURRENTS, "current", "pA", make_current},
  {"synapse_depth", MESO_BOLD_NEEDS_CURRENTS, "current", "pA", make_synapse_depth},
  {"rate", MESO_BOLD_NEEDS_CURRENTS | MESO_BOLD_NEEDS_SPIKES, "rate", "Hz", make_rate},
  {"excitatory_rate", MESO_BOLD_NEEDS_CURRENTS | MESO_BOLD_NEEDS_SPIKES, "rate", "Hz",
   make_excitatory_rate},
  {"multi_area", MESO_BOLD_NEEDS_CURRENTS | MESO_BOLD_NEEDS_SPIKES, "input", "pA",
   make_multi_area},
  {"gating", MESO_BOLD_NEEDS_CURRENTS | MESO_BOLD_NEEDS_SPIKES, "gating", "1", make_gating},
  {"lfp_power", MESO_BOLD_NEEDS_LFP, "lfp_power", "mV^2", make_lfp_power},
  {NULL, 0, NULL, NULL, NULL}
};
