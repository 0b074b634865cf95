/* forward_run.h: forward models on signals in memory, for tests. */
#ifndef FORWARD_RUN_H
#define FORWARD_RUN_H

#include <stdlib.h>
#include <string.h>

#include "meso_forward.h"
#include "meso_test.h"

static inline meso_signals *forward_container(void)
{
  meso_signals *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  return s;
}

static inline meso_signal *forward_drive(meso_signals *s, size_t n, size_t n_channels,
                                         double rate_Hz)
{
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "x", "nA", n, n_channels, rate_Hz, 0, &x, NULL), 0);
  return x;
}

/* sets: keys and values in turn, up to a NULL key; NULL: none. */
static inline meso_status forward_apply(const char *model, const char *const *sets,
                                        const meso_signal *in, double TR_s, int n_threads,
                                        meso_signals *out, meso_err *err)
{
  const meso_forward_ops *ops = meso_forward_by_name(model);
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
  void *params = meso_calloc(1, ops->params_size);
  meso_status status = meso_params_default(ops->params, params, err);
  for (; status == MESO_OK && sets != NULL && sets[0] != NULL; sets += 2)
    status = meso_params_set(ops->params, params, sets[0], sets[1], NULL, err);
  const meso_series series = meso_series_of_signal(in);
  if (status == MESO_OK) status = ops->apply(params, &series, TR_s, n_threads, out, err);
  meso_params_clear(ops->params, params);
  free(params);
  return status;
}

/* The response; it must succeed. Caller destroys. */
static inline meso_signals *forward_response(const char *model, const char *const *sets,
                                             const meso_signal *in, double TR_s, int n_threads)
{
  meso_err err = {0};
  meso_signals *out = forward_container();
  if (forward_apply(model, sets, in, TR_s, n_threads, out, &err) != MESO_OK)
    printf("# %s: %s\n", model, err.msg);
  CU_ASSERT_FATAL(out->n >= 1);
  CU_ASSERT_STRING_EQUAL(out->signal[0].name, "bold");
  return out;
}

/* Sets that let a model run on any drive: a file for those that need one. */
static inline const char *const *forward_needed_sets(const meso_forward_ops *ops)
{
  static const char *const sets[] = {"file", "forward_run.txt", NULL};
  static const char *const none[] = {NULL};
  if (!ops->needs_file) return none;
  FILE *f = fopen("forward_run.txt", "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fprintf(f, "time_s\th\n# a triangle\n0\t0\n2\t1\n8\t0\n");
  fclose(f);
  return sets;
}

#endif
