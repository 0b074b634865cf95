/* format_nix_spikes.c: spike trains of NIX files (nix.h), read only: those of Neo's segments, tags
 * of type neo.spiketrain with their times at `positions`; in a file without any, each array with a
 * range dimension that is made of its own values. One segment, or none, is the population "units";
 * several are a population each, with a warning, since each has its own times. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_table.h"
#include "nix.h"

enum { MOST_TRAINS = 1000000, MOST_SEGMENTS = 10000 };

typedef struct train { size_t segment, n; double *time_ms; } train;

typedef struct reader {
  const char *path;
  size_t n, room, n_segments;
  train *train;
  char *name[MOST_SEGMENTS];       /* of the segments that have trains */
  double start_ms, stop_ms;        /* that the file says; infinite without */
} reader;

static void clear(reader *r)
{
  for (size_t i = 0; i < r->n; i++) free(r->train[i].time_ms);
  for (size_t k = 0; k < r->n_segments; k++) free(r->name[k]);
  free(r->train);
}

/* Appends a train, which takes over its times. */
static meso_status append(reader *r, const train *x, meso_err *err)
{
  meso_status status = MESO_OK;
  if (r->n == MOST_TRAINS)
    MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d spike trains", r->path, (int) MOST_TRAINS);
  if (r->n == r->room) {
    train *more = meso_realloc(r->train, 2 * r->room + 16, sizeof *more);
    if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate spike trains");
    r->train = more;
    r->room = 2 * r->room + 16;
  }
  r->train[r->n++] = *x;
cleanup:
  return status;
}

/* The times that an array holds, in ms. */
static meso_status add_times(reader *r, const char *array, size_t segment, meso_err *err)
{
  meso_status status = MESO_OK;
  h5_table data = {.n_dims = 0};
  char *unit = NULL;
  MESO_TRY(h5_table_read(r->path, array, "data", true, &data, err));
  MESO_TRY(nix_unit(r->path, array, &unit, err));
  const double ms = nix_ms_of(unit);
  if (data.n_dims != 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s/data must be a list of times", r->path, array);
  if (!(ms > 0))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: unit = %.40s: must be one of time", r->path, array, unit);
  for (size_t k = 0; k < data.n; k++) {
    data.v[k] *= ms;
    if (!isfinite(data.v[k]))
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s: spike %zu is at %g ms", r->path, array, k, data.v[k]);
  }
  MESO_TRY(append(r, &(train) {segment, data.n, data.v}, err));
  data.v = NULL;
cleanup:
  free(data.v);
  free(unit);
  return status;
}

/* A time among the metadata of a train, in ms. */
static double property_ms(const reader *r, const char *tag, const char *name, double otherwise)
{
  char group[H5_MOST_PATH + 32], at[H5_MOST_PATH + 64], *unit = NULL;
  h5_table t = {.n_dims = 0};
  double ms = otherwise;
  (void) snprintf(group, sizeof group, "%s/metadata/properties", tag);
  (void) snprintf(at, sizeof at, "%s/%s", group, name);
  if (h5_table_read(r->path, group, name, true, &t, NULL) == MESO_OK && t.n == 1 &&
      nix_unit(r->path, at, &unit, NULL) == MESO_OK && nix_ms_of(unit) > 0 && isfinite(t.v[0]))
    ms = nix_ms_of(unit) * t.v[0];
  free(t.v);
  free(unit);
  return ms;
}

/* The trains of one of Neo's segments. */
static meso_status visit_group(void *user, const char *group, meso_err *err)
{
  meso_status status = MESO_OK;
  reader *r = user;
  char tags[H5_MOST_PATH + 16], **names = NULL;
  size_t n = 0;
  const size_t before = r->n;
  if (!h5_says(r->path, group, "type", "neo.segment")) return MESO_OK;
  if (r->n_segments == MOST_SEGMENTS)
    MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d segments", r->path, (int) MOST_SEGMENTS);
  (void) snprintf(tags, sizeof tags, "%s/multi_tags", group);
  status = meso_h5_read_groups(r->path, tags, &names, &n, err);
  if (status == MESO_ENOTFOUND) return MESO_OK;
  MESO_TRY(status);
  for (size_t k = 0; k < n; k++) {
    char tag[H5_MOST_PATH], positions[H5_MOST_PATH + 16];
    if (snprintf(tag, sizeof tag, "%s/%s", tags, names[k]) >= (int) sizeof tag) continue;
    if (!h5_says(r->path, tag, "type", "neo.spiketrain")) continue;
    (void) snprintf(positions, sizeof positions, "%s/positions", tag);
    MESO_TRY(add_times(r, positions, r->n_segments, err));
    r->start_ms = fmin(r->start_ms, property_ms(r, tag, "t_start", INFINITY));
    r->stop_ms = fmax(r->stop_ms, property_ms(r, tag, "t_stop", -INFINITY));
  }
  if (r->n > before) MESO_TRY(nix_name(r->path, group, &r->name[r->n_segments++], err));
cleanup:
  meso_names_free(names, n);
  return status;
}

/* An array whose values are the ticks of its own dimension. */
static meso_status visit_array(void *user, const char *array, meso_err *err)
{
  reader *r = user;
  char at[H5_MOST_PATH + 32];
  h5_table ticks = {.n_dims = 0};
  (void) snprintf(at, sizeof at, "%s/dimensions/1", array);
  if (!h5_says(r->path, at, "dimension_type", "range")) return MESO_OK;
  const bool has_ticks = h5_table_read(r->path, at, "ticks", true, &ticks, NULL) == MESO_OK;
  free(ticks.v);
  return has_ticks ? MESO_OK : add_times(r, array, 0, err);
}

/* ---- spikes --------------------------------------------------------------------------------- */

static meso_status fill_population(const reader *r, size_t segment, meso_spike_population *p,
                                   meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_STRDUP(err, p->name, r->n_segments > 1 ? r->name[segment] : "units");
  for (size_t i = 0; i < r->n; i++)
    if (r->train[i].segment == segment) p->n_spikes += r->train[i].n;
  MESO_ALLOC(err, p->time_ms, p->n_spikes);
  MESO_ALLOC(err, p->id, p->n_spikes);
  for (size_t i = 0, at = 0; i < r->n; i++) {
    const train *x = &r->train[i];
    if (x->segment != segment) continue;
    for (size_t k = 0; k < x->n; k++, at++) {
      p->time_ms[at] = x->time_ms[k];
      p->id[at] = (uint32_t) p->size;
      spikes->t_start_ms = fmin(spikes->t_start_ms, x->time_ms[k]);
      spikes->t_stop_ms = fmax(spikes->t_stop_ms, x->time_ms[k]);
    }
    p->size++;
  }
  MESO_TRY(meso_spikes_sort(p, err));
cleanup:
  return status;
}

/* Whether one of the first n populations has this name. */
static bool is_taken(const meso_spikes *spikes, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(spikes->population[i].name, name) == 0) return true;
  return false;
}

/* Names that are taken get a number. */
static meso_status number_names(meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t k = 1; k < spikes->n_populations; k++) {
    char **name = &spikes->population[k].name, text[H5_MOST_PATH];
    if (!is_taken(spikes, k, *name)) continue;
    size_t number = k + 1;
    do (void) snprintf(text, sizeof text, "%.*s_%zu", H5_MOST_PATH - 32, *name, number++);
    while (is_taken(spikes, k, text));
    free(*name);
    MESO_STRDUP(err, *name, text);
  }
cleanup:
  return status;
}

static meso_status read_spikes(const meso_format_input *input, meso_spikes **ret_spikes,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  reader *r = NULL;
  *ret_spikes = NULL;
  MESO_ALLOC(err, r, 1);
  *r = (reader) {.path = input->path, .start_ms = INFINITY, .stop_ms = -INFINITY};
  MESO_TRY(nix_check(input->path, err));
  MESO_TRY(nix_each(input->path, "groups", visit_group, r, err));
  if (r->n == 0) MESO_TRY(nix_each(input->path, "data_arrays", visit_array, r, err));
  if (r->n == 0) MESO_FAIL(err, MESO_ENOTFOUND, "%s: holds no spike trains", input->path);
  const size_t n_populations = r->n_segments > 1 ? r->n_segments : 1;
  MESO_TRY(meso_spikes_create(n_populations, &spikes, err));
  spikes->t_start_ms = isfinite(r->start_ms) ? r->start_ms : 0;
  spikes->t_stop_ms = fmax(spikes->t_start_ms, r->stop_ms);
  for (size_t k = 0; k < n_populations; k++)
    MESO_TRY(fill_population(r, k, &spikes->population[k], spikes, err));
  MESO_TRY(number_names(spikes, err));
  if (r->n_segments > 1)
    MESO_TRY(meso_attrs_warn(&spikes->attrs, "each segment is a population, with times of its own",
                             err));
  if (!isfinite(r->stop_ms)) MESO_TRY(mesoi_format_warn_of_end(spikes, err));
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  if (r != NULL) clear(r);
  free(r);
  return status;
}

const meso_format meso_format_nix_spikes = {
  .name = "nix-spikes", .summary = "spike trains of NIX, as of Neo's NixIO, read only",
  .ending = ".nix", .content = MESO_CONTENT_SPIKES, .read_spikes = read_spikes,
};
