/* format_nix.c: signals of NIX files (nix.h), read only: each array of one or two dimensions that
 * is sampled along one of them. Neo writes a channel an array, NAME.0, NAME.1, ...: those become
 * one signal. Potentials become mV, other units stay. Values are those of the array's polynomial,
 * sum_k c_k (x - expansion_origin)^k. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_table.h"
#include "nix.h"

enum { MOST_SIGNALS = 4096, MOST_CHANNELS = 65536 };

typedef struct reader {
  const char *path;
  meso_signals *signals;
} reader;

/* An array as (time, channel). */
typedef struct sampled {
  size_t n_times, n_channels;
  double rate_Hz, start_ms, *value;
  char *unit;
} sampled;

static void sampled_clear(sampled *x)
{
  free(x->value);
  free(x->unit);
  *x = (sampled) {.value = NULL};
}

/* The sampled dimension of an array, from 1; 0 if it has none. */
static int sampled_dimension(const char *path, const char *array)
{
  for (int d = 1; d <= 2; d++) {
    char at[H5_MOST_PATH];
    if (snprintf(at, sizeof at, "%s/dimensions/%d", array, d) >= (int) sizeof at) return 0;
    if (h5_says(path, at, "dimension_type", "sample")) return d;
  }
  return 0;
}

static meso_status read_time(const char *path, const char *array, int dimension, sampled *x,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  char name[32], at[H5_MOST_PATH + 32], *unit = NULL;
  (void) snprintf(name, sizeof name, "dimensions/%d", dimension);
  (void) snprintf(at, sizeof at, "%s/%s", array, name);
  MESO_TRY(nix_unit(path, at, &unit, err));
  const double ms = nix_ms_of(unit[0] != '\0' ? unit : "s");
  const double step_ms = ms * h5_number(path, array, name, "sampling_interval", NAN);
  x->start_ms = ms * h5_number(path, array, name, "offset", 0);
  x->rate_Hz = 1e3 / step_ms;
  if (!(ms > 0))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: unit = %.40s: must be one of time", path, at, unit);
  if (!(step_ms > 0 && isfinite(x->rate_Hz) && isfinite(x->start_ms)))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: sampling_interval %g ms, offset %g ms: must be an "
              "interval above 0 and a time", path, at, step_ms, x->start_ms);
cleanup:
  free(unit);
  return status;
}

/* Values in mV, or in their unit: x becomes its polynomial. */
static meso_status convert(const char *path, const char *array, sampled *x, meso_err *err)
{
  meso_status status = MESO_OK;
  h5_table c = {.n_dims = 0};
  const size_t n = x->n_times * x->n_channels;
  double origin = 0;
  if (meso_h5_read_number(path, array, "expansion_origin", &origin, NULL) != MESO_OK) origin = 0;
  MESO_TRY(h5_table_read(path, array, "polynom_coefficients", false, &c, err));
  MESO_TRY(nix_unit(path, array, &x->unit, err));
  const double mV = nix_mV_of(x->unit), factor = mV > 0 ? mV : 1;
  for (size_t i = 0; i < n; i++) {
    double y = c.n > 0 ? 0 : x->value[i];
    for (size_t k = c.n; k-- > 0;) y = y * (x->value[i] - origin) + c.v[k];
    x->value[i] = factor * y;
  }
  if (mV > 0) {
    free(x->unit);
    MESO_STRDUP(err, x->unit, "mV");
  }
cleanup:
  free(c.v);
  return status;
}

static meso_status read_array(const char *path, const char *array, int dimension, sampled *x,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  h5_table data = {.n_dims = 0};
  *x = (sampled) {.value = NULL};
  MESO_TRY(h5_table_read(path, array, "data", true, &data, err));
  if (data.n == 0 || data.n_dims < 1 || data.n_dims > 2 || (size_t) dimension > data.n_dims)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s/data is empty, or has no sampled dimension %d", path,
              array, dimension);
  x->n_times = data.dims[dimension - 1];
  x->n_channels = data.n / x->n_times;
  MESO_ALLOC(err, x->value, data.n);
  for (size_t t = 0; t < x->n_times; t++)
    for (size_t c = 0; c < x->n_channels; c++)
      x->value[t * x->n_channels + c] = data.v[dimension == 1 ? t * x->n_channels + c
                                                              : c * x->n_times + t];
  MESO_TRY(read_time(path, array, dimension, x, err));
  MESO_TRY(convert(path, array, x, err));
cleanup:
  free(data.v);
  return status;
}

/* Length of an array's path without ".0", ".1", ... of a channel; the whole length without one. */
static size_t length_of_stem(const char *array)
{
  size_t n = strlen(array);
  while (n > 0 && isdigit((unsigned char) array[n - 1])) n--;
  return array[n] != '\0' && n > 1 && array[n - 1] == '.' ? n - 1 : strlen(array);
}

/* A name that no other signal has: "lfp", "lfp_2", ... (of segments). */
static void choose_name(const reader *r, const char *name, char out[H5_MOST_PATH])
{
  (void) snprintf(out, H5_MOST_PATH, "%s", name);
  for (int k = 2; meso_signals_find(r->signals, out) != NULL; k++)
    (void) snprintf(out, H5_MOST_PATH, "%.*s_%d", H5_MOST_PATH - 32, name, k);
}

/* The next channel must be sampled as the first one. */
static meso_status add_channel(const reader *r, const char *array, const sampled *first,
                               size_t channel, meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  sampled x = {.value = NULL};
  MESO_TRY(read_array(r->path, array, 1, &x, err));
  if (x.n_times != first->n_times || x.n_channels != 1 || strcmp(x.unit, first->unit) != 0 ||
      fabs(x.rate_Hz - first->rate_Hz) > 0 || fabs(x.start_ms - first->start_ms) > 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: %zu samples in %s at %g Hz from %g ms, its first channel "
              "%zu in %s at %g Hz from %g ms", r->path, array, x.n_times, x.unit, x.rate_Hz,
              x.start_ms, first->n_times, first->unit, first->rate_Hz, first->start_ms);
  for (size_t t = 0; t < x.n_times; t++) s->data[t * s->n_channels + channel] = x.value[t];
cleanup:
  sampled_clear(&x);
  return status;
}

/* How many arrays STEM.0, STEM.1, ... there are. */
static size_t count_channels(const char *path, const char *stem, size_t n_stem)
{
  size_t n = 0;
  for (; n < MOST_CHANNELS; n++) {
    char at[H5_MOST_PATH];
    if (snprintf(at, sizeof at, "%.*s.%zu", (int) n_stem, stem, n) >= (int) sizeof at) break;
    if (sampled_dimension(path, at) != 1) break;
  }
  return n;
}

static meso_status add_signal(reader *r, const char *array, int dimension, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_stem = length_of_stem(array);
  const size_t n_arrays = array[n_stem] != '\0' ? count_channels(r->path, array, n_stem) : 1;
  sampled first = {.value = NULL};
  meso_signal *s = NULL;
  char *name = NULL, at[H5_MOST_PATH];
  if (r->signals->n == MOST_SIGNALS)
    MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d signals", r->path, (int) MOST_SIGNALS);
  MESO_TRY(read_array(r->path, array, dimension, &first, err));
  MESO_TRY(nix_name(r->path, array, &name, err));
  choose_name(r, name, at);
  const size_t C = n_arrays > 1 ? n_arrays : first.n_channels;
  if (n_arrays > 1 && first.n_channels > 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu columns and is one of %zu channels", r->path,
              array, first.n_channels, n_arrays);
  MESO_TRY(meso_signals_add(r->signals, at, first.unit, first.n_times, C, first.rate_Hz,
                            first.start_ms, &s, err));
  for (size_t i = 0; i < first.n_times * first.n_channels; i++)
    s->data[i * C / first.n_channels] = first.value[i];
  for (size_t c = 1; c < n_arrays; c++) {
    (void) snprintf(at, sizeof at, "%.*s.%zu", (int) n_stem, array, c);
    MESO_TRY(add_channel(r, at, &first, c, s, err));
  }
cleanup:
  sampled_clear(&first);
  free(name);
  return status;
}

static meso_status visit(void *user, const char *array, meso_err *err)
{
  reader *r = user;
  const int dimension = sampled_dimension(r->path, array);
  const size_t n_stem = length_of_stem(array);
  char first[H5_MOST_PATH];
  /* waveforms and images have more dimensions */
  if (dimension == 0 || h5_says(r->path, array, "type", "neo.waveforms") ||
      h5_says(r->path, array, "type", "neo.imagesequence"))
    return MESO_OK;
  (void) snprintf(first, sizeof first, "%.*s.0", (int) n_stem, array);
  const bool is_later = array[n_stem] != '\0' && strcmp(array, first) != 0 &&
                        sampled_dimension(r->path, first) == 1;
  return is_later ? MESO_OK : add_signal(r, array, dimension, err);
}

static meso_status read_signals(const meso_format_input *input, meso_signals **ret_signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  reader r = {.path = input->path};
  *ret_signals = NULL;
  MESO_TRY(nix_check(input->path, err));
  MESO_TRY(meso_signals_create(&r.signals, err));
  MESO_TRY(nix_each(input->path, "data_arrays", visit, &r, err));
  if (r.signals->n == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: holds no array with a sampled dimension; --to spikes takes "
              "its spike trains", input->path);
  *ret_signals = r.signals;
  r.signals = NULL;
cleanup:
  meso_signals_destroy(r.signals);
  return status;
}

const meso_format meso_format_nix = {
  .name = "nix", .summary = "signals of NIX, as of Neo's NixIO, read only", .ending = ".nix",
  .content = MESO_CONTENT_SIGNALS, .read_signals = read_signals,
};
