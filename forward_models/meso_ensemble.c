/* meso_ensemble.c: members of an ensemble: models that differ from one in a few assumptions, and
 * their LFP.
 *
 * 1. numbers of a member
 * 2. models
 * 3. LFP
 */
#include "meso_ensemble.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "meso_external.h"
#include "meso_neuron_kernels.h"
#include "meso_rng.h"

const char *const meso_ensemble_factor_name[MESO_N_FACTORS] = {
  "synapses", "morphology", "rotation", "positions", "conductivity", "contacts", "all"};

/* What is drawn as quantiles. */
enum { SIGMA, SHIFT_X, SHIFT_Y, SHIFT_Z, N_QUANTILES };

struct meso_ensemble {
  const meso_model *model;
  size_t n, n_dirs;
  const char *const *dirs;
  int n_threads;
  double *normal;               /* (N_QUANTILES, n) standard normal quantiles in random order */
  /* the member at work */
  meso_model member;            /* a shallow copy, but for: */
  double *contact_um;           /* (n_contacts, 3) */
  meso_cell_type *cell_type;    /* (n_cell_types) with names in: */
  char **shape;                 /* (n_cell_types) own text, or NULL: the model's */
  /* what members have in common */
  meso_neuron_builder *builder; /* of the model's shapes; NULL: not yet */
  double *nominal;              /* the model's LFP of the spikes with the checksum, or NULL */
  char nominal_of[65];
};

/* ---- 1. numbers of a member --------------------------------------------------------------- */

/** 56 bits of a factor and a member, as a seed. */
static int64_t draw_seed(const meso_ensemble *e, meso_ensemble_factor factor, size_t member)
{
  const meso_rng_key key = meso_rng_key_make(e->model->simulation.seed, MESO_RNG_ENSEMBLE);
  uint32_t word[4];
  meso_rng_block(key, (const uint32_t[4]) {(uint32_t) member, (uint32_t) factor, 0, 0}, word);
  return (int64_t) (((uint64_t) (word[0] & 0xffffff) << 32 | word[1]) | 1);
}

/** The middles of n equally likely parts of the normal distribution, shuffled, with the variance
 *  of n - 1 degrees of freedom scaled to 1. */
static void draw_quantiles(const meso_ensemble *e, unsigned which, double *normal)
{
  const meso_rng_key key = meso_rng_key_make(e->model->simulation.seed, MESO_RNG_ENSEMBLE);
  const size_t n = e->n;
  double squares = 0;
  for (size_t i = 0; i < n; i++) {
    normal[i] = gsl_cdf_ugaussian_Pinv(((double) i + 0.5) / (double) n);
    squares += normal[i] * normal[i];
  }
  for (size_t i = 0; i < n; i++) normal[i] *= sqrt((double) (n - 1) / squares);
  for (size_t i = n - 1; i > 0; i--) {
    uint32_t word[4];
    meso_rng_block(key, (const uint32_t[4]) {(uint32_t) i, which, 1, 0}, word);
    const size_t j = (size_t) (((uint64_t) word[0] * (i + 1)) >> 32);
    const double kept = normal[i];
    normal[i] = normal[j];
    normal[j] = kept;
  }
}

/** exp of a normal number, with mean 1 and the model's standard deviation. */
static double sigma_factor(const meso_ensemble *e, size_t member)
{
  const double rel = e->model->lfp.ensemble_sigma_rel_sd, s2 = log1p(rel * rel);
  return exp(sqrt(s2) * e->normal[SIGMA * e->n + member] - s2 / 2);
}

/* ---- 2. models ---------------------------------------------------------------------------- */

static bool varies(meso_ensemble_factor factor, meso_ensemble_factor what)
{
  return factor == what || factor == MESO_FACTOR_ALL;
}

/** The shape that stands for a type: one of the list "own, alternatives". */
static const char *choose_shape(const meso_ensemble *e, size_t type, size_t member)
{
  const meso_cell_type *t = &e->model->cell_type[type];
  const meso_rng_key key = meso_rng_key_make(e->model->simulation.seed, MESO_RNG_ENSEMBLE);
  uint32_t word[4];
  size_t n = 1;
  for (const char *c = t->alternatives; *(c += strspn(c, " ,")) != '\0'; c += strcspn(c, " ,")) n++;
  meso_rng_block(key, (const uint32_t[4]) {(uint32_t) member, (uint32_t) type, 2, 0}, word);
  size_t left = (size_t) (((uint64_t) word[0] * n) >> 32);
  if (left == 0) return t->morphology;
  const char *c = t->alternatives + strspn(t->alternatives, " ,");
  for (; left > 1; left--) {
    c += strcspn(c, " ,");
    c += strspn(c, " ,");
  }
  const size_t length = strcspn(c, " ,");
  memcpy(e->shape[type], c, length);
  e->shape[type][length] = '\0';
  return e->shape[type];
}

const meso_model *meso_ensemble_member(meso_ensemble *e, meso_ensemble_factor factor,
                                       size_t member)
{
  const meso_model *of = e->model;
  const struct { meso_ensemble_factor factor; int64_t *seed; } draw[] = {
    {MESO_FACTOR_SYNAPSES, &e->member.lfp.draws.synapse},
    {MESO_FACTOR_MORPHOLOGY, &e->member.lfp.draws.type},
    {MESO_FACTOR_ROTATION, &e->member.lfp.draws.rotation},
    {MESO_FACTOR_POSITIONS, &e->member.lfp.draws.place}};
  e->member = *of;
  e->member.probe.contacts.xyz_um = e->contact_um;
  e->member.cell_type = e->cell_type;
  for (size_t i = 0; i < sizeof draw / sizeof draw[0]; i++)
    if (varies(factor, draw[i].factor)) *draw[i].seed = draw_seed(e, draw[i].factor, member);
  for (size_t y = 0; y < of->n_cell_types; y++) {
    e->cell_type[y] = of->cell_type[y];
    if (varies(factor, MESO_FACTOR_MORPHOLOGY))
      e->cell_type[y].morphology = (char *) choose_shape(e, y, member);
  }
  for (size_t i = 0; i < 3 * of->probe.contacts.n; i++)
    e->contact_um[i] = of->probe.contacts.xyz_um[i]
      + (varies(factor, MESO_FACTOR_CONTACTS) ? of->lfp.ensemble_shift_um
         * e->normal[(SHIFT_X + i % 3) * e->n + member] : 0);
  if (varies(factor, MESO_FACTOR_CONDUCTIVITY))
    e->member.probe.sigma_S_per_m *= sigma_factor(e, member);
  return &e->member;
}

static bool has_other_shapes(const meso_ensemble *e)
{
  for (size_t y = 0; y < e->model->n_cell_types; y++)
    if (strcmp(e->member.cell_type[y].morphology, e->model->cell_type[y].morphology) != 0)
      return true;
  return false;
}

meso_status meso_ensemble_create(const meso_model *model, size_t n_dirs,
                                 const char *const *morphology_dirs, size_t n, int n_threads,
                                 meso_ensemble **ret_ensemble, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_ensemble *e = NULL;
  if (model->lfp.method != MESO_LFP_NEURON)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.method = population: must be neuron for an ensemble",
              model->path);
  if (n < 2) MESO_FAIL(err, MESO_EINVAL, "an ensemble needs at least 2 members, not %zu", n);
  MESO_ALLOC(err, e, 1);
  *e = (meso_ensemble) {.model = model, .n = n, .n_dirs = n_dirs, .dirs = morphology_dirs,
                        .n_threads = n_threads};
  MESO_ALLOC(err, e->normal, N_QUANTILES * n);
  for (unsigned q = 0; q < N_QUANTILES; q++) draw_quantiles(e, q, e->normal + q * n);
  MESO_ALLOC(err, e->contact_um, 3 * model->probe.contacts.n);
  MESO_ALLOC(err, e->cell_type, model->n_cell_types);
  MESO_ALLOC(err, e->shape, model->n_cell_types);
  for (size_t y = 0; y < model->n_cell_types; y++)
    MESO_ALLOC(err, e->shape[y], strlen(model->cell_type[y].alternatives) + 1);
  *ret_ensemble = e;
  e = NULL;
cleanup:
  meso_ensemble_destroy(e);
  return status;
}

void meso_ensemble_destroy(meso_ensemble *e)
{
  if (e == NULL) return;
  for (size_t y = 0; e->shape != NULL && y < e->model->n_cell_types; y++) free(e->shape[y]);
  meso_neuron_builder_destroy(e->builder);
  free(e->shape);
  free(e->cell_type);
  free(e->contact_um);
  free(e->normal);
  free(e->nominal);
  free(e);
}

/* ---- 3. LFP ------------------------------------------------------------------------------- */

/** Spikes through kernels that were built for the model. */
static meso_status apply(const meso_ensemble *e, const meso_result *kernels,
                         const meso_spikes *spikes, meso_signal *lfp, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_neuron_kernels k = {0};
  meso_neuron_trains *trains = NULL;
  size_t n = 0;
  MESO_ALLOC(err, trains, e->model->n_populations);
  MESO_TRY(meso_neuron_kernels_load(kernels, &k, err));
  for (size_t p = 0; p < e->model->n_populations; p++) {
    const meso_population *q = &e->model->population[p];
    const size_t at = meso_spikes_find(spikes, q->name);
    if (at == (size_t) -1 && q->model == MESO_NEURON_POISSON) continue;
    if (at == (size_t) -1 || spikes->population[at].size != (uint64_t) q->size)
      MESO_FAIL(err, MESO_EINVAL, "the spikes have no population '%s' of %lld neurons, as the "
                "model has", q->name, (long long) q->size);
    trains[n++] = (meso_neuron_trains) {&spikes->population[at], (size_t) q->first_neuron};
  }
  MESO_TRY(meso_neuron_kernels_apply_all(&k, n, trains, spikes->t_start_ms, lfp->n_times,
                                         e->n_threads, lfp->data, NULL, err));
cleanup:
  free(trains);
  meso_neuron_kernels_clear(&k);
  return status;
}

/** Kernels of a member; those with the model's shapes share what is made first. */
static meso_status build(meso_ensemble *e, const meso_model *member,
                         const meso_progress *progress, meso_result **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *kernels = NULL;
  meso_neuron_builder *own = NULL;
  const bool is_other = has_other_shapes(e);
  MESO_TRY(meso_result_create(&kernels, err));
  if (is_other || e->builder == NULL)
    MESO_TRY(meso_neuron_builder_create(is_other ? member : e->model, e->n_dirs, e->dirs,
                                        e->n_threads, is_other ? &own : &e->builder, err));
  MESO_TRY(meso_neuron_builder_run(is_other ? own : e->builder, member, progress, kernels, err));
  *ret = kernels;
  kernels = NULL;
cleanup:
  meso_neuron_builder_destroy(own);
  meso_result_destroy(kernels);
  return status;
}

static meso_status add_signal(const meso_ensemble *e, const meso_spikes *spikes,
                              meso_signals *signals, meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_points *contacts = &e->model->probe.contacts;
  const double rate_Hz = e->model->lfp.output_rate_Hz;
  const double n = floor((spikes->t_stop_ms - spikes->t_start_ms) * rate_Hz / 1000 + 1e-6);
  if (!(n >= 1 && n * (double) contacts->n < 0x1p40))
    MESO_FAIL(err, MESO_EINVAL, "spikes from %g to %g ms give no sample at %g Hz, or too many",
              spikes->t_start_ms, spikes->t_stop_ms, rate_Hz);
  MESO_TRY(meso_signals_add(signals, "lfp", "mV", (size_t) n, contacts->n, rate_Hz,
                            spikes->t_start_ms, ret, err));
  MESO_ALLOC(err, (*ret)->position_um, 3 * contacts->n);
  memcpy((*ret)->position_um, contacts->xyz_um, 3 * contacts->n * sizeof(double));
cleanup:
  return status;
}

/** Builds and applies. */
static meso_status make_lfp(meso_ensemble *e, meso_ensemble_factor factor, size_t member,
                            const meso_spikes *spikes, const meso_progress *progress,
                            meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *kernels = NULL;
  meso_model with = *meso_ensemble_member(e, factor, member);
  with.probe.sigma_S_per_m = e->model->probe.sigma_S_per_m; /* which scales the LFP afterwards */
  MESO_TRY(build(e, &with, progress, &kernels, err));
  MESO_TRY(apply(e, kernels, spikes, meso_signals_find(signals, "lfp"), err));
  MESO_TRY(meso_external_apply(&with, NULL, e->n_dirs, e->dirs, e->n_threads, progress, signals,
                               err));
  meso_signals_truncate(signals, 1);
cleanup:
  meso_result_destroy(kernels);
  return status;
}

/** SHA-256 of what an LFP takes from spikes. */
static meso_status hash_spikes(const meso_spikes *spikes, char out[65], meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t line = 160;
  char *text = NULL;
  size_t n = 0;
  MESO_ALLOC(err, text, (spikes->n_populations + 1) * line);
  n += (size_t) snprintf(text, line, "%.17g %.17g\n", spikes->t_start_ms, spikes->t_stop_ms);
  for (size_t p = 0; p < spikes->n_populations; p++) {
    const meso_spike_population *q = &spikes->population[p];
    char times[65], ids[65];
    meso_sha256_bytes(q->time_ms, q->n_spikes * sizeof *q->time_ms, times);
    meso_sha256_bytes(q->id, q->n_spikes * sizeof *q->id, ids);
    n += (size_t) snprintf(text + n, line, "%s %s\n", times, ids);
  }
  meso_sha256_bytes(text, n, out);
cleanup:
  free(text);
  return status;
}

/** Keeps the model's own LFP, which conductivity scales. */
static meso_status find_nominal(meso_ensemble *e, const meso_spikes *spikes,
                                const meso_progress *progress, meso_signals *signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *lfp = meso_signals_find(signals, "lfp");
  const size_t n = lfp->n_times * lfp->n_channels;
  char of[65];
  MESO_TRY(hash_spikes(spikes, of, err));
  if (e->nominal == NULL || strcmp(of, e->nominal_of) != 0) {
    free(e->nominal);
    e->nominal = NULL;
    MESO_TRY(make_lfp(e, MESO_FACTOR_NONE, 0, spikes, progress, signals, err));
    lfp = meso_signals_find(signals, "lfp");
    MESO_ALLOC(err, e->nominal, n);
    memcpy(e->nominal, lfp->data, n * sizeof *lfp->data);
    memcpy(e->nominal_of, of, sizeof of);
  }
  memcpy(lfp->data, e->nominal, n * sizeof *lfp->data);
cleanup:
  return status;
}

meso_status meso_ensemble_lfp(meso_ensemble *e, meso_ensemble_factor factor, size_t member,
                              const meso_spikes *spikes, const meso_progress *progress,
                              meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *signals = NULL;
  meso_signal *lfp = NULL;
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(add_signal(e, spikes, signals, &lfp, err));
  if (factor == MESO_FACTOR_NONE || factor == MESO_FACTOR_CONDUCTIVITY)
    MESO_TRY(find_nominal(e, spikes, progress, signals, err));
  else
    MESO_TRY(make_lfp(e, factor, member, spikes, progress, signals, err));
  lfp = meso_signals_find(signals, "lfp");
  const double scale = factor == MESO_FACTOR_NONE ? 1 : varies(factor, MESO_FACTOR_CONDUCTIVITY)
                       ? 1 / sigma_factor(e, member) : 1;
  for (size_t i = 0; i < lfp->n_times * lfp->n_channels; i++) lfp->data[i] *= scale;
  *ret_signals = signals;
  signals = NULL;
cleanup:
  meso_signals_destroy(signals);
  return status;
}
