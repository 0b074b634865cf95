/* analysis_run.h: runs a registered analysis from a test, on data that are made here, and looks at
 * what it returns. */
#ifndef ANALYSIS_RUN_H
#define ANALYSIS_RUN_H

#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_rng.h"
#include "meso_test.h"

typedef const char *const options[]; /* key, value, ..., NULL */

/* Options are key, value, ..., NULL. The caller destroys the result, also after a failure. */
static inline meso_status run_raw(const meso_analysis_ops *ops, const char *const *set,
                                  const meso_spikes *spikes, const meso_signals *signals,
                                  int n_threads, meso_result **ret_result, meso_err *err)
{
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
  void *params = meso_calloc(1, ops->params_size);
  meso_status st = meso_params_default(ops->params, params, err);
  for (; st == MESO_OK && *set != NULL; set += 2)
    st = meso_params_set(ops->params, params, set[0], set[1], NULL, err);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_create(ret_result, err), MESO_OK);
  st = meso_analysis_run(ops, params, spikes, signals, n_threads, *ret_result, err);
  meso_params_clear(ops->params, params);
  free(params);
  return st;
}

/* The same for an analysis that must succeed. */
static inline meso_result *run(const char *name, const char *const *set, const meso_spikes *spikes,
                               const meso_signals *signals, int n_threads)
{
  meso_err err = {0};
  meso_result *result = NULL;
  const meso_status st = run_raw(meso_analysis_by_name(name), set, spikes, signals, n_threads,
                                 &result, &err);
  if (st != MESO_OK) printf("# %s: %s\n", name, err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return result;
}

/* ---- what it returns ---------------------------------------------------------------------- */

static inline const double *values(const meso_result *r, const char *path)
{
  const meso_array *a = meso_result_find(r, path);
  if (a == NULL) printf("# no %s\n", path);
  CU_ASSERT_PTR_NOT_NULL_FATAL(a);
  return a->data;
}

/* NaN if there is none. */
static inline double attribute(const meso_result *r, const char *path, const char *key)
{
  const meso_attrs *attrs = meso_result_find_group(r, path);
  return attrs != NULL ? meso_attrs_number(attrs, key, NAN) : NAN;
}

/* ---- data --------------------------------------------------------------------------------- */

/* The i-th number of a stream, uniform in (0, 1). */
static inline double draw_uniform(uint32_t seed, uint32_t stream, uint32_t i)
{
  uint32_t w[4];
  meso_rng_block(meso_rng_key_make(seed, MESO_RNG_TEST), (uint32_t[4]) {i, stream, 0, 0}, w);
  return meso_rng_uniform(w[0], w[1]);
}

/* The same, normal with variance 1. */
static inline double draw_normal(uint32_t seed, uint32_t stream, uint32_t i)
{
  uint32_t w[4];
  meso_rng_block(meso_rng_key_make(seed, MESO_RNG_TEST), (uint32_t[4]) {i, stream, 0, 0}, w);
  return sqrt(-2 * log(meso_rng_uniform(w[0], w[1]))) * cos(2 * M_PI * meso_rng_uniform(w[2],
                                                                                        w[3]));
}

/* A signal "lfp" in mV of zeros, and where its samples are. */
static inline meso_signals *signal_of(size_t n, size_t n_channels, double rate_Hz,
                                      double **ret_data)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", n, n_channels, rate_Hz, 0, &x, NULL), 0);
  *ret_data = x->data;
  return s;
}

/* Populations A, B, C, each of `size` neurons, without spikes. */
static inline meso_spikes *recording(size_t n_populations, uint64_t size, double t_stop_ms)
{
  static const char *const name[3] = {"A", "B", "C"};
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(n_populations, &s, NULL), MESO_OK);
  for (size_t p = 0; p < n_populations; p++) {
    s->population[p].name = meso_strdup(name[p]);
    s->population[p].size = size;
  }
  s->t_stop_ms = t_stop_ms;
  return s;
}

static inline void add_spike(meso_spike_population *p, uint32_t id, double time_ms)
{
  if (p->n_spikes % 1024 == 0) {
    p->time_ms = meso_realloc(p->time_ms, p->n_spikes + 1024, sizeof *p->time_ms);
    p->id = meso_realloc(p->id, p->n_spikes + 1024, sizeof *p->id);
  }
  CU_ASSERT_FATAL(p->time_ms != NULL && p->id != NULL);
  p->time_ms[p->n_spikes] = time_ms;
  p->id[p->n_spikes++] = id;
}

static inline void sort(meso_spikes *s)
{
  for (size_t p = 0; p < s->n_populations; p++)
    CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(&s->population[p], NULL), MESO_OK);
}

#endif
