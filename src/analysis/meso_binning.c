/* meso_binning.c: intervals, bins of equal width and the choice of populations. */
#include "meso_binning.h"

#include <stdlib.h>
#include <string.h>

meso_status meso_interval_find(const meso_interval_params *params, const meso_spikes *spikes,
                               meso_interval *interval, meso_err *err)
{
  meso_status status = MESO_OK;
  const double start_ms = fmax(spikes->t_start_ms + params->discard_ms, params->t_start_ms);
  const double stop_ms = fmin(spikes->t_stop_ms, params->t_stop_ms);
  if (!(start_ms < stop_ms))
    MESO_FAIL(err, MESO_ERANGE, "nothing is left between %g ms and %g ms of the recording from %g "
              "to %g ms (discard_ms %g)", start_ms, stop_ms, spikes->t_start_ms,
              spikes->t_stop_ms, params->discard_ms);
  *interval = (meso_interval) {.start_ms = start_ms, .stop_ms = stop_ms,
                               .is_cut = stop_ms < spikes->t_stop_ms};
cleanup:
  return status;
}

meso_status meso_interval_set_attributes(const meso_interval_params *params,
                                         const meso_interval *interval, meso_attrs *attrs,
                                         meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_attrs_set_number(attrs, "t_start_ms", interval->start_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "t_stop_ms", interval->stop_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "discard_ms", params->discard_ms, err));
cleanup:
  return status;
}

meso_status meso_bins_make(const meso_interval *interval, double width_ms, meso_bins *bins,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  const double length_ms = interval->stop_ms - interval->start_ms;
  if (!(width_ms > 0)) MESO_FAIL(err, MESO_ERANGE, "bin width %g ms: must be > 0 ms", width_ms);
  const double n = floor(length_ms / width_ms + 1e-8);
  if (!(n <= MESO_BIN_MAX))
    MESO_FAIL(err, MESO_ERANGE, "%g ms in bins of %g ms: more than %g bins", length_ms, width_ms,
              MESO_BIN_MAX);
  bins->t_start_ms = interval->start_ms;
  bins->width_ms = width_ms;
  bins->n = n > 0 ? (int64_t) n : 0;
cleanup:
  return status;
}

/* Adds the population called name (n_name characters) to the selection. */
static meso_status select_one(const meso_spikes *spikes, const char *name, size_t n_name,
                              size_t *index, size_t *n, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t found = spikes->n_populations;
  for (size_t p = 0; p < spikes->n_populations && found == spikes->n_populations; p++)
    if (strlen(spikes->population[p].name) == n_name &&
        memcmp(spikes->population[p].name, name, n_name) == 0)
      found = p;
  if (found == spikes->n_populations)
    MESO_FAIL(err, MESO_ENOTFOUND, "populations: no population '%.*s' in the spikes",
              (int) (n_name < 200 ? n_name : 200), name);
  for (size_t i = 0; i < *n; i++)
    if (index[i] == found)
      MESO_FAIL(err, MESO_EINVAL, "populations: '%s' is named twice",
                spikes->population[found].name);
  index[(*n)++] = found;
cleanup:
  return status;
}

meso_status meso_populations_select(const meso_spikes *spikes, const char *list,
                                    size_t **ret_index, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *index = NULL, n = 0;
  MESO_ALLOC(err, index, spikes->n_populations);
  if (list == NULL || list[strspn(list, " ,")] == '\0') {
    for (; n < spikes->n_populations; n++) index[n] = n;
  } else {
    for (const char *c = list; *(c += strspn(c, " ,")) != '\0';) {
      size_t length = strcspn(c, ",");
      const char *next = c + length;
      while (length > 0 && c[length - 1] == ' ') length--;
      MESO_TRY(select_one(spikes, c, length, index, &n, err));
      c = next;
    }
  }
  *ret_index = index;
  *ret_n = n;
  index = NULL;
cleanup:
  free(index);
  return status;
}
