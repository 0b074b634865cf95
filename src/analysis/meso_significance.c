/* meso_significance.c: an analysis of a recording against the same analysis of its surrogates. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_fdr.h"
#include "meso_surrogate.h"

/* What surrogates said about one array. */
typedef struct tally {
  const meso_array *observed;  /* NULL: text, left out */
  size_t n;
  bool differs;                /* some surrogate's values differ: not an axis */
  double *sum, *squares, *high, *low;
} tally;

static void tallies_free(size_t n, tally *t)
{
  for (size_t i = 0; t != NULL && i < n; i++) {
    free(t[i].sum);
    free(t[i].squares);
    free(t[i].high);
    free(t[i].low);
  }
  free(t);
}

static meso_status tallies_make(const meso_result *observed, tally **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  tally *t = NULL;
  MESO_ALLOC(err, t, observed->n);
  *ret = t;
  for (size_t i = 0; i < observed->n; i++) {
    if (observed->array[i].data == NULL) continue;
    t[i].observed = &observed->array[i];
    t[i].n = meso_array_count(t[i].observed);
    MESO_ALLOC(err, t[i].sum, t[i].n);
    MESO_ALLOC(err, t[i].squares, t[i].n);
    MESO_ALLOC(err, t[i].high, t[i].n);
    MESO_ALLOC(err, t[i].low, t[i].n);
  }
cleanup:
  return status;
}

/* NaN anywhere makes sums NaN, and with them the p value. */
static void add(tally *t, const meso_array *surrogate)
{
  for (size_t k = 0; k < t->n; k++) {
    const double x = t->observed->data[k], s = surrogate->data[k];
    t->differs = t->differs || s != x;
    t->sum[k] += s;
    t->squares[k] += s * s;
    t->high[k] += s >= x;
    t->low[k] += s <= x;
  }
}

static bool same_shape(const meso_array *a, const meso_array *b)
{
  return b != NULL && b->data != NULL && a->n_dims == b->n_dims
         && memcmp(a->dims, b->dims, a->n_dims * sizeof *a->dims) == 0;
}

static meso_status one_surrogate(const meso_significance_request *q, uint32_t number, size_t n,
                                 tally *t, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  meso_signals *signals = NULL;
  meso_result *result = NULL;
  const meso_surrogate_draw draw = {q->seed, number};
  MESO_TRY(meso_result_create(&result, err));
  if (q->surrogate->input == MESO_INPUT_SPIKES)
    MESO_TRY(q->surrogate->spikes(q->surrogate_params, q->spikes, draw, &spikes, err));
  else
    MESO_TRY(q->surrogate->signals(q->surrogate_params, q->signals, draw, &signals, err));
  MESO_TRY(q->analysis->run(q->analysis_params, spikes != NULL ? spikes : q->spikes,
                            signals != NULL ? signals : q->signals, q->n_threads, result, err));
  for (size_t i = 0; i < n; i++) {
    if (t[i].observed == NULL) continue;
    const meso_array *array = meso_result_find(result, t[i].observed->path);
    if (same_shape(t[i].observed, array)) add(&t[i], array);
    else t[i].observed = NULL; /* its extent follows the data: nothing to compare one by one */
  }
cleanup:
  meso_spikes_destroy(spikes);
  meso_signals_destroy(signals);
  meso_result_destroy(result);
  return status;
}

static meso_status copy_observed(const meso_result *observed, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < observed->n; i++) {
    const meso_array *from = &observed->array[i];
    meso_array *to = NULL;
    if (from->text != NULL) {
      MESO_TRY(meso_result_add_text(result, from->path, meso_array_count(from),
                                    (const char *const *) from->text, err));
      continue;
    }
    MESO_TRY(meso_result_add(result, from->path, from->units, from->n_dims, from->dims, &to, err));
    memcpy(to->data, from->data, meso_array_count(from) * sizeof *to->data);
    MESO_TRY(meso_attrs_copy(&to->attrs, &from->attrs, err));
  }
  for (size_t i = 0; i < observed->n_groups; i++) {
    meso_attrs *attrs = meso_result_group_attrs(result, observed->group[i].path);
    if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
    MESO_TRY(meso_attrs_copy(attrs, &observed->group[i].attrs, err));
  }
cleanup:
  return status;
}

enum { MEAN, SD, P_HIGH, P_LOW, P, N_OUT };

static meso_status write_tally(const meso_significance_request *q, const tally *t,
                               meso_result *result, meso_err *err)
{
  static const char *const name[N_OUT] = {"mean", "standard_deviation", "p_high", "p_low", "p"};
  meso_status status = MESO_OK;
  const meso_array *x = t->observed;
  const double n = (double) q->n_surrogates;
  double *out[N_OUT] = {NULL}, fdr_p = 0, n_tests = 0;
  size_t n_significant = 0;
  char path[640];
  for (int k = 0; k < N_OUT; k++) {
    meso_array *array = NULL;
    snprintf(path, sizeof path, "/significance%s/%s", x->path, name[k]);
    MESO_TRY(meso_result_add(result, path, k < P_HIGH ? x->units : "1", x->n_dims, x->dims, &array,
                             err));
    out[k] = array->data;
  }
  for (size_t k = 0; k < t->n; k++) {
    const double mean = t->sum[k] / n;
    const bool defined = !isnan(x->data[k]) && !isnan(mean);
    out[MEAN][k] = mean;
    out[SD][k] = n > 1 ? sqrt(fmax(0, t->squares[k] - n * mean * mean) / (n - 1)) : NAN;
    out[P_HIGH][k] = defined ? (1 + t->high[k]) / (1 + n) : NAN;
    out[P_LOW][k] = defined ? (1 + t->low[k]) / (1 + n) : NAN;
    out[P][k] = defined ? fmin(1, 2 * fmin(out[P_HIGH][k], out[P_LOW][k])) : NAN;
    n_tests += defined;
  }
  MESO_TRY(meso_fdr(t->n, out[P], q->alpha, q->fdr_method, &fdr_p, &n_significant, err));
  snprintf(path, sizeof path, "/significance%s", x->path);
  meso_attrs *attrs = meso_result_group_attrs(result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_TRY(meso_attrs_set_number(attrs, "n_tests", n_tests, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fdr_p", fdr_p, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_significant", (double) n_significant, err));
cleanup:
  return status;
}

static meso_status set_attributes(const meso_significance_request *q, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  meso_attrs *attrs = meso_result_group_attrs(result, "/significance");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "analysis", q->analysis->name, err));
  MESO_TRY(meso_attrs_set_text(attrs, "surrogate", q->surrogate->name, err));
  MESO_TRY(meso_attrs_set_text(attrs, "summary", q->surrogate->summary, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_surrogates", (double) q->n_surrogates, err));
  MESO_TRY(meso_attrs_set_number(attrs, "seed", (double) q->seed, err));
  MESO_TRY(meso_attrs_set_number(attrs, "alpha", q->alpha, err));
  MESO_TRY(meso_attrs_set_text(attrs, "fdr_method", q->fdr_method == MESO_FDR_BY ?
                               "Benjamini-Yekutieli" : "Benjamini-Hochberg", err));
  for (const meso_param *row = q->surrogate->params; row->key != NULL; row++) {
    char *text = meso_param_format(row, q->surrogate_params);
    status = text != NULL ? meso_attrs_set_text(attrs, row->key, text, err) : MESO_ENOMEM;
    free(text);
    MESO_TRY(status);
  }
cleanup:
  return status;
}

meso_status meso_significance_run(const meso_significance_request *request, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_significance_request *q = request;
  meso_result *observed = NULL;
  tally *t = NULL;
  const bool of_spikes = q->surrogate->input == MESO_INPUT_SPIKES;
  if (!(of_spikes ? meso_analysis_takes_spikes(q->analysis)
                  : meso_analysis_takes_signals(q->analysis)))
    MESO_FAIL(err, MESO_EINVAL, "surrogate %s makes %s, which analysis %s does not take",
              q->surrogate->name, of_spikes ? "spikes" : "signals", q->analysis->name);
  MESO_TRY(meso_result_create(&observed, err));
  MESO_TRY(q->analysis->run(q->analysis_params, q->spikes, q->signals, q->n_threads, observed,
                            err));
  MESO_TRY(tallies_make(observed, &t, err));
  for (int64_t k = 0; k < q->n_surrogates; k++) {
    MESO_TRY(meso_progress_step(q->progress, "surrogates",
                                (double) k / (double) q->n_surrogates, err));
    MESO_TRY(one_surrogate(q, (uint32_t) k, observed->n, t, err));
  }
  MESO_TRY(copy_observed(observed, result, err));
  for (size_t i = 0; i < observed->n; i++)
    if (t[i].observed != NULL && t[i].differs) MESO_TRY(write_tally(q, &t[i], result, err));
  MESO_TRY(set_attributes(q, result, err));
cleanup:
  if (observed != NULL) tallies_free(observed->n, t);
  meso_result_destroy(observed);
  return status;
}
