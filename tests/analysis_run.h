/* analysis_run.h: runs a registered analysis from a test. */
#ifndef ANALYSIS_RUN_H
#define ANALYSIS_RUN_H

#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_test.h"

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
  st = ops->run(params, spikes, signals, n_threads, *ret_result, err);
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

#endif
