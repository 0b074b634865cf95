/* format_nwb_units.c: units of Neurodata Without Borders 2 (HDF5), read only: all of /units are one
 * population "units", in the order of the table. How long was recorded the file does not say: from
 * 0 to the last spike, with a warning. */
#include <math.h>
#include <stdlib.h>

#include "meso_format.h"

typedef struct units {
  const char *path;
  size_t n, n_spikes;
  double *time_s, *end; /* end: of each unit's spikes in time_s */
} units;

static meso_status read_vector(const char *path, const char *dataset, size_t *ret_n, double **ret,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n_dims = 0, dims[4] = {0};
  MESO_TRY(meso_h5_read_doubles(path, dataset, &n_dims, dims, ret, err));
  if (n_dims != 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a list of numbers", path, dataset);
  *ret_n = dims[0];
cleanup:
  return status;
}

static meso_status check(const units *u, meso_err *err)
{
  meso_status status = MESO_OK;
  double last = 0;
  if (u->n > UINT32_MAX) MESO_FAIL(err, MESO_EFORMAT, "%s: too many units", u->path);
  for (size_t i = 0; i < u->n; i++) {
    if (!(u->end[i] >= last && u->end[i] <= (double) u->n_spikes))
      MESO_FAIL(err, MESO_EFORMAT, "%s: /units/spike_times_index %zu is %g: must be %g to %zu",
                u->path, i, u->end[i], last, u->n_spikes);
    last = u->end[i];
  }
  if (last != (double) u->n_spikes)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /units/spike_times_index ends at %g of %zu spikes", u->path,
              last, u->n_spikes);
  for (size_t k = 0; k < u->n_spikes; k++)
    if (!(u->time_s[k] >= 0 && isfinite(u->time_s[k])))
      MESO_FAIL(err, MESO_EFORMAT, "%s: /units/spike_times %zu is %g s: must be a time from 0 on",
                u->path, k, u->time_s[k]);
cleanup:
  return status;
}

static meso_status fill(const units *u, meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spike_population *p = &spikes->population[0];
  MESO_STRDUP(err, p->name, "units");
  p->size = u->n;
  MESO_ALLOC(err, p->time_ms, u->n_spikes);
  MESO_ALLOC(err, p->id, u->n_spikes);
  p->n_spikes = u->n_spikes;
  for (size_t i = 0, k = 0; i < u->n; i++)
    for (; k < (size_t) u->end[i]; k++) {
      p->id[k] = (uint32_t) i;
      p->time_ms[k] = 1e3 * u->time_s[k];
      spikes->t_stop_ms = fmax(spikes->t_stop_ms, p->time_ms[k]);
    }
  MESO_TRY(meso_spikes_sort(p, err));
  MESO_TRY(mesoi_format_warn_of_end(spikes, err));
cleanup:
  return status;
}

static meso_status read_spikes(const meso_format_input *input, meso_spikes **ret_spikes,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  units u = {.path = input->path};
  *ret_spikes = NULL;
  MESO_TRY(read_vector(u.path, "/units/spike_times", &u.n_spikes, &u.time_s, err));
  status = read_vector(u.path, "/units/spike_times_index", &u.n, &u.end, err);
  if (status == MESO_ENOTFOUND)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /units/spike_times without /units/spike_times_index", u.path);
  MESO_TRY(status);
  MESO_TRY(check(&u, err));
  MESO_TRY(meso_spikes_create(1, &spikes, err));
  MESO_TRY(fill(&u, spikes, err));
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  free(u.time_s);
  free(u.end);
  meso_spikes_destroy(spikes);
  return status;
}

const meso_format meso_format_nwb_units = {
  .name = "nwb-units", .summary = "units of Neurodata Without Borders 2, read only",
  .ending = ".nwb", .content = MESO_CONTENT_SPIKES, .read_spikes = read_spikes,
};
