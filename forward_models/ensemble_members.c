/* ensemble_members.c: spectra of the members of an ensemble, kept in files until all are there.
 *
 * 1. one member
 * 2. parts: a file per member
 * 3. all of them
 */
#include "ensemble_members.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_analysis.h"
#include "meso_cells.h"
#include "meso_config.h"

enum { MAX_NAME = 4096 };
enum { MAX_COHERENT = 16 }; /* channels whose pairs are looked at */
static const char part_head[] = "member-";

/* What the steps below share. */
typedef struct maker {
  const meso_model *model;
  const meso_spikes *spikes;
  const meso_ensemble_options *options;
  meso_ensemble *ensemble;
  char key[65];             /* of what a part must have been made with */
  size_t n_done, n_all;
  meso_signals *own;        /* the model's LFP; NULL: not made yet */
} maker;

/* ---- 1. one member ------------------------------------------------------------------------ */

static meso_status set_params(const meso_model *model, const meso_analysis_ops *ops,
                              unsigned char *params, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_where where = {.file = model->path, .path = "analysis"};
  char text[3][32];
  (void) snprintf(text[0], sizeof text[0], "%.17g", model->analysis.discard_ms);
  (void) snprintf(text[1], sizeof text[1], "%lld", (long long) model->analysis.nperseg);
  (void) snprintf(text[2], sizeof text[2], "%.17g", model->analysis.overlap);
  const char *const set[][2] = {{"discard_ms", text[0]}, {"nperseg", text[1]},
                                {"overlap", text[2]}, {"measures", "magnitude_squared"}};
  for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
    if (meso_param_find(ops->params, set[i][0]) != NULL)
      MESO_TRY(meso_params_set(ops->params, params, set[i][0], set[i][1], &where, err));
cleanup:
  return status;
}

static meso_status analyse(const maker *mk, const char *name, const meso_signals *signals,
                           meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_ops *ops = meso_analysis_by_name(name);
  unsigned char *params = NULL;
  if (ops == NULL) MESO_FAIL(err, MESO_EBUG, "no analysis %s", name);
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_params_default(ops->params, params, err));
  MESO_TRY(set_params(mk->model, ops, params, err));
  MESO_TRY(ops->run(params, NULL, signals, mk->options->n_threads, result, err));
cleanup:
  if (ops != NULL && params != NULL) meso_params_clear(ops->params, params);
  free(params);
  return status;
}

/** Standard deviation of a channel after the discarded part; of its difference from another. */
static double deviation(const maker *mk, const meso_signal *s, const meso_signal *opt_other,
                        size_t channel)
{
  const size_t first = (size_t) ceil(mk->model->analysis.discard_ms * s->sampling_rate_Hz / 1000);
  double sum = 0, squares = 0, n = 0;
  for (size_t t = first; t < s->n_times; t++, n++) {
    const size_t at = t * s->n_channels + channel;
    const double x = s->data[at] - (opt_other != NULL ? opt_other->data[at] : 0);
    sum += x;
    squares += x * x;
  }
  return n > 0 ? sqrt(fmax(0, squares / n - sum / n * (sum / n))) : NAN;
}

static meso_status add_deviations(const maker *mk, const meso_signals *signals,
                                  meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  const meso_signal *own = meso_signals_find(mk->own, "lfp");
  meso_array *sd, *difference;
  MESO_TRY(meso_result_add(result, "/member/sd", lfp->units, 1, &lfp->n_channels, &sd, err));
  for (size_t c = 0; c < lfp->n_channels; c++) sd->data[c] = deviation(mk, lfp, NULL, c);
  MESO_TRY(meso_result_add(result, "/member/difference", "1", 1, &lfp->n_channels, &difference,
                           err));
  for (size_t c = 0; c < lfp->n_channels; c++)
    difference->data[c] = deviation(mk, lfp, own, c) / deviation(mk, own, NULL, c);
cleanup:
  return status;
}

/** Channel number i of those whose pairs are looked at: all, or some, evenly chosen. */
static size_t coherent_channel(size_t i, size_t n_channels)
{
  return n_channels <= MAX_COHERENT ? i : i * (n_channels - 1) / (MAX_COHERENT - 1);
}

/** Coherence of those; pairs name channels of the whole LFP. */
static meso_status analyse_coherence(const maker *mk, const meso_signals *signals,
                                     meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  const size_t C = lfp->n_channels, n = C < MAX_COHERENT ? C : MAX_COHERENT;
  meso_signals *some = NULL;
  meso_signal *to;
  if (C < 2) return MESO_OK;
  MESO_TRY(meso_signals_create(&some, err));
  MESO_TRY(meso_signals_add(some, "lfp", lfp->units, lfp->n_times, n, lfp->sampling_rate_Hz,
                            lfp->t_start_ms, &to, err));
  for (size_t t = 0; t < lfp->n_times; t++)
    for (size_t i = 0; i < n; i++)
      to->data[t * n + i] = lfp->data[t * C + coherent_channel(i, C)];
  MESO_TRY(analyse(mk, "coherence", some, result, err));
  meso_array *pairs = meso_result_find(result, "/coherence/pairs");
  for (size_t i = 0; pairs != NULL && i < meso_array_count(pairs); i++)
    pairs->data[i] = (double) coherent_channel((size_t) pairs->data[i], C);
cleanup:
  meso_signals_destroy(some);
  return status;
}

/** How far all is, of the part that a member is. */
typedef struct nested { const maker *mk; } nested;

static bool update_nested(void *user, const char *what, double fraction)
{
  const maker *mk = ((const nested *) user)->mk;
  (void) what;
  return meso_progress_report(mk->options->progress, "ensemble",
                              ((double) mk->n_done + fraction) / (double) mk->n_all);
}

static meso_status make_own(maker *mk, meso_err *err)
{
  nested n = {mk};
  const meso_progress progress = {.update = update_nested, .user = &n};
  if (mk->own != NULL) return MESO_OK;
  return meso_ensemble_lfp(mk->ensemble, MESO_FACTOR_NONE, 0, mk->spikes, &progress, &mk->own,
                           err);
}

static meso_status make_member(maker *mk, meso_ensemble_factor factor, size_t member,
                               meso_result **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  nested n = {mk};
  const meso_progress progress = {.update = update_nested, .user = &n};
  const char *const key[] = {mk->key};
  meso_signals *signals = NULL;
  meso_result *result = NULL;
  MESO_TRY(make_own(mk, err));
  if (factor != MESO_FACTOR_NONE)
    MESO_TRY(meso_ensemble_lfp(mk->ensemble, factor, member, mk->spikes, &progress, &signals,
                               err));
  const meso_signals *lfp = signals != NULL ? signals : mk->own;
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(analyse(mk, "spectrum", lfp, result, err));
  MESO_TRY(analyse_coherence(mk, lfp, result, err));
  MESO_TRY(add_deviations(mk, lfp, result, err));
  MESO_TRY(meso_result_add_text(result, "/member/key", 1, key, err));
  *ret = result;
  result = NULL;
cleanup:
  meso_signals_destroy(signals);
  meso_result_destroy(result);
  return status;
}

/* ---- 2. parts ----------------------------------------------------------------------------- */

static meso_status make_key(maker *mk, size_t n, size_t n_dirs, const char *const *dirs,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_provenance *p = mk->options->provenance;
  char *model = meso_model_canonical(mk->model, MESO_SECTION_NETWORK | MESO_SECTION_LFP
                                                | MESO_SECTION_ANALYSIS), *all = NULL;
  const size_t n_inputs = p != NULL ? p->n_inputs : 0;
  char shapes[65];
  if (model == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
  MESO_TRY(meso_cell_shapes_digest(mk->model, n_dirs, dirs, true, shapes, err));
  const size_t room = strlen(model) + sizeof PACKAGE_VERSION + 128 + 65 * n_inputs;
  MESO_ALLOC(err, all, room);
  size_t used =
    (size_t) snprintf(all, room, "%s %zu %s\n%s", PACKAGE_VERSION, n, shapes, model);
  for (size_t i = 0; i < n_inputs; i++)
    used += (size_t) snprintf(all + used, room - used, "%s\n", p->input_sha256[i]);
  meso_sha256_bytes(all, used, mk->key);
cleanup:
  free(model);
  free(all);
  return status;
}

/** "FOLDER/member-rotation-3.h5", "FOLDER/member-own.h5". */
static void part_path(const maker *mk, meso_ensemble_factor factor, size_t member,
                      char path[MAX_NAME])
{
  if (factor == MESO_FACTOR_NONE)
    (void) snprintf(path, MAX_NAME, "%s/%sown.h5", mk->options->parts, part_head);
  else
    (void) snprintf(path, MAX_NAME, "%s/%s%s-%zu.h5", mk->options->parts, part_head,
                    meso_ensemble_factor_name[factor], member + 1);
}

/** A part that fits, or NULL. */
static meso_result *read_part(const maker *mk, const char *path)
{
  meso_result *part = NULL;
  if (access(path, R_OK) != 0 || meso_result_read(path, &part, NULL) != MESO_OK) return NULL;
  const meso_array *key = meso_result_find(part, "/member/key");
  if (key != NULL && key->text != NULL && meso_array_count(key) == 1
      && strcmp(key->text[0], mk->key) == 0)
    return part;
  meso_result_destroy(part);
  return NULL;
}

static meso_status get_member(maker *mk, meso_ensemble_factor factor, size_t member,
                              meso_result **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[MAX_NAME] = "";
  const bool keeps = mk->options->parts != NULL;
  if (keeps) part_path(mk, factor, member, path);
  *ret = keeps ? read_part(mk, path) : NULL;
  if (*ret != NULL) return MESO_OK;
  MESO_TRY(make_member(mk, factor, member, ret, err));
  if (keeps)
    MESO_TRY(meso_result_write(path, "ensemble_member", *ret, mk->options->provenance, err));
cleanup:
  return status;
}

void meso_ensemble_parts_remove(const char *folder)
{
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
    if (strncmp(d->d_name, part_head, sizeof part_head - 1) == 0)
      (void) unlinkat(dirfd(dir), d->d_name, 0);
  (void) closedir(dir);
  (void) rmdir(folder);
}

/* ---- 3. all of them ----------------------------------------------------------------------- */

static const double *numbers(const meso_result *part, const char *path, size_t n)
{
  const meso_array *a = meso_result_find(part, path);
  return a != NULL && a->data != NULL && meso_array_count(a) == n ? a->data : NULL;
}

/** Takes the shapes from the model's own part. */
static meso_status size_members(const meso_result *own, ensemble_members *m, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *f = meso_result_find(own, "/spectrum/frequency_Hz");
  const meso_array *psd = meso_result_find(own, "/spectrum/psd");
  const meso_array *pairs = meso_result_find(own, "/coherence/pairs");
  if (f == NULL || f->data == NULL || psd == NULL || psd->n_dims != 2
      || psd->dims[1] != meso_array_count(f))
    MESO_FAIL(err, MESO_EFORMAT, "ensemble: a member without spectra");
  m->n_channels = psd->dims[0];
  m->n_frequencies = psd->dims[1];
  m->n_pairs = pairs != NULL && pairs->data != NULL ? pairs->dims[0] : 0;
  const size_t F = m->n_frequencies, members = MESO_N_FACTORS * m->n;
  MESO_ALLOC(err, m->frequency_Hz, F);
  memcpy(m->frequency_Hz, f->data, F * sizeof *f->data);
  MESO_ALLOC(err, m->pair, 2 * m->n_pairs);
  for (size_t i = 0; i < 2 * m->n_pairs; i++) m->pair[i] = pairs->data[i];
  MESO_ALLOC(err, m->psd, members * m->n_channels * F);
  MESO_ALLOC(err, m->coherence, members * m->n_pairs * F);
  MESO_ALLOC(err, m->own_psd, m->n_channels * F);
  MESO_ALLOC(err, m->own_coherence, m->n_pairs * F);
  MESO_ALLOC(err, m->sd, members * m->n_channels);
  MESO_ALLOC(err, m->difference, members * m->n_channels);
  MESO_ALLOC(err, m->own_sd, m->n_channels);
  MESO_STRDUP(err, m->units, psd->units);
cleanup:
  return status;
}

/** Copies a part to where it belongs. @param difference  NULL: not wanted */
static meso_status copy_part(const ensemble_members *m, const meso_result *part, double *psd,
                             double *coherence, double *sd, double *difference, meso_err *err)
{
  meso_status status = MESO_OK;
  const struct { const char *path; double *to; size_t n; } row[] = {
    {"/spectrum/psd", psd, m->n_channels * m->n_frequencies},
    {"/coherence/magnitude_squared", coherence, m->n_pairs * m->n_frequencies},
    {"/member/sd", sd, m->n_channels}, {"/member/difference", difference, m->n_channels}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    if (row[i].to == NULL || row[i].n == 0) continue;
    const double *from = numbers(part, row[i].path, row[i].n);
    if (from == NULL) MESO_FAIL(err, MESO_EFORMAT, "ensemble: a member without %s", row[i].path);
    memcpy(row[i].to, from, row[i].n * sizeof *from);
  }
cleanup:
  return status;
}

static meso_status collect(maker *mk, ensemble_members *m, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = m->n_channels, F = m->n_frequencies;
  meso_result *part = NULL;
  for (size_t k = 0; k < MESO_N_FACTORS * m->n; k++) {
    mk->n_done = k + 1;
    MESO_TRY(meso_progress_step(mk->options->progress, "ensemble",
                                (double) mk->n_done / (double) mk->n_all, err));
    MESO_TRY(get_member(mk, (meso_ensemble_factor) (k / m->n), k % m->n, &part, err));
    MESO_TRY(copy_part(m, part, m->psd + k * C * F, m->coherence + k * m->n_pairs * F,
                       m->sd + k * C, m->difference + k * C, err));
    meso_result_destroy(part);
    part = NULL;
  }
cleanup:
  meso_result_destroy(part);
  return status;
}

meso_status ensemble_members_make(const meso_model *model, size_t n_dirs, const char *const *dirs,
                                  size_t n, const meso_spikes *spikes,
                                  const meso_ensemble_options *options, ensemble_members *m,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  maker mk = {.model = model, .spikes = spikes, .options = options,
              .n_all = MESO_N_FACTORS * n + 1};
  meso_result *own = NULL;
  *m = (ensemble_members) {.n = n};
  MESO_TRY(meso_ensemble_create(model, n_dirs, dirs, n, options->n_threads, &mk.ensemble, err));
  MESO_TRY(make_key(&mk, n, n_dirs, dirs, err));
  if (options->parts != NULL && mkdir(options->parts, 0777) != 0 && errno != EEXIST)
    MESO_FAIL(err, MESO_EIO, "%s: cannot make this folder: %s", options->parts, strerror(errno));
  MESO_TRY(get_member(&mk, MESO_FACTOR_NONE, 0, &own, err));
  MESO_TRY(size_members(own, m, err));
  MESO_TRY(copy_part(m, own, m->own_psd, m->own_coherence, m->own_sd, NULL, err));
  MESO_TRY(collect(&mk, m, err));
cleanup:
  meso_result_destroy(own);
  meso_signals_destroy(mk.own);
  meso_ensemble_destroy(mk.ensemble);
  return status;
}

void ensemble_members_clear(ensemble_members *m)
{
  free(m->frequency_Hz);
  free(m->pair);
  free(m->psd);
  free(m->coherence);
  free(m->own_psd);
  free(m->own_coherence);
  free(m->sd);
  free(m->difference);
  free(m->own_sd);
  free(m->units);
  *m = (ensemble_members) {0};
}
