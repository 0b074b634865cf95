/* format_nix.c: signals of NIX files (nix.h), read only: each array of one or two dimensions that
 * is sampled along one of them. Neo writes a channel an array, NAME.0, NAME.1, ...: those become
 * one signal. Potentials become mV, other units stay. Values are those of the array's polynomial,
 * sum_k c_k (x - expansion_origin)^k. Arrays that cannot be read are left out, with a warning. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_table.h"
#include "nix.h"

enum { MOST_SIGNALS = 4096, MOST_ARRAYS = 1 << 20 };

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

/* ---- signals -------------------------------------------------------------------------------- */

/* An array; one of several channels is STEM.NUMBER. */
typedef struct source {
  char *array;
  int dimension;        /* the sampled one */
  size_t n_stem;        /* of characters; all if it is no channel */
  unsigned long number;
} source;

typedef struct reader {
  const char *path;
  size_t n, room;
  source *source;
  meso_signals *signals;
  h5_left_out left_out;
} reader;

static void reader_clear(reader *r)
{
  for (size_t i = 0; i < r->n; i++) free(r->source[i].array);
  free(r->source);
  meso_signals_destroy(r->signals);
}

/* Neo's channels end in ".0", ".1", ... */
static void find_stem(const char *path, source *x)
{
  const size_t n = strlen(x->array);
  size_t stem = n;
  while (stem > 0 && isdigit((unsigned char) x->array[stem - 1])) stem--;
  x->n_stem = n;
  if (stem == n || n - stem > 9 || stem < 2 || x->array[stem - 1] != '.' || x->dimension != 1 ||
      !h5_says(path, x->array, "type", "neo.analogsignal")) return;
  x->n_stem = stem - 1;
  x->number = strtoul(x->array + stem, NULL, 10);
}

static meso_status visit(void *user, const char *array, meso_err *err)
{
  meso_status status = MESO_OK;
  reader *r = user;
  source x = {.dimension = sampled_dimension(r->path, array)};
  /* waveforms and images have more dimensions */
  if (x.dimension == 0 || h5_says(r->path, array, "type", "neo.waveforms") ||
      h5_says(r->path, array, "type", "neo.imagesequence"))
    return MESO_OK;
  if (r->n == MOST_ARRAYS)
    MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d sampled arrays", r->path, (int) MOST_ARRAYS);
  if (r->n == r->room) {
    source *more = meso_realloc(r->source, 2 * r->room + 16, sizeof *more);
    if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a list of arrays");
    r->source = more;
    r->room = 2 * r->room + 16;
  }
  MESO_STRDUP(err, x.array, array);
  find_stem(r->path, &x);
  r->source[r->n++] = x;
cleanup:
  return status;
}

static bool have_one_stem(const source *a, const source *b)
{
  return a->n_stem == b->n_stem && memcmp(a->array, b->array, a->n_stem) == 0;
}

/* By stem, and the channels of one signal by number. */
static int compare_sources(const void *one, const void *other)
{
  const source *a = one, *b = other;
  const size_t n = a->n_stem < b->n_stem ? a->n_stem : b->n_stem;
  const int by_stem = memcmp(a->array, b->array, n);
  if (by_stem != 0) return by_stem;
  if (a->n_stem != b->n_stem) return a->n_stem < b->n_stem ? -1 : 1;
  if (a->number != b->number) return a->number < b->number ? -1 : 1;
  return strcmp(a->array, b->array);
}

/* A name that no other signal has: "lfp", "lfp_2", ... (of segments). */
static void choose_name(const reader *r, const char *name, char out[H5_MOST_PATH])
{
  const size_t n = strlen(name);
  size_t number = 1; /* so many begin with this name: the next number is likely to be free */
  for (size_t i = 0; i < r->signals->n; i++)
    number += strncmp(r->signals->signal[i].name, name, n) == 0;
  (void) snprintf(out, H5_MOST_PATH, "%s", name);
  for (; meso_signals_find(r->signals, out) != NULL; number++)
    (void) snprintf(out, H5_MOST_PATH, "%.*s_%zu", H5_MOST_PATH - 32, name, number);
}

/* The next channel must be sampled as the first one. */
static meso_status check_channel(const reader *r, const sampled *x, const char *array,
                                 const meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  if (x->n_times != s->n_times || x->n_channels != 1 || strcmp(x->unit, s->units) != 0 ||
      fabs(x->rate_Hz - s->sampling_rate_Hz) > 0 || fabs(x->start_ms - s->t_start_ms) > 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: %zu x %zu samples in %s at %g Hz from %g ms, its first "
              "channel %zu x 1 in %s at %g Hz from %g ms", r->path, array, x->n_times,
              x->n_channels, x->unit, x->rate_Hz, x->start_ms, s->n_times, s->units,
              s->sampling_rate_Hz, s->t_start_ms);
cleanup:
  return status;
}

/* A new signal of one array, or with room for so many arrays of a channel each. */
static meso_status begin_signal(reader *r, const sampled *x, const char *array, size_t n_arrays,
                                meso_signal **ret_s, meso_err *err)
{
  meso_status status = MESO_OK;
  char *name = NULL, own_name[H5_MOST_PATH];
  if (n_arrays > 1 && x->n_channels > 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu columns and is one of %zu channels", r->path,
              array, x->n_channels, n_arrays);
  if (r->signals->n == MOST_SIGNALS)
    MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d signals", r->path, (int) MOST_SIGNALS);
  MESO_TRY(nix_name(r->path, array, &name, err));
  choose_name(r, name, own_name);
  MESO_TRY(meso_signals_add(r->signals, own_name, x->unit, x->n_times,
                            n_arrays > 1 ? n_arrays : x->n_channels, x->rate_Hz, x->start_ms,
                            ret_s, err));
cleanup:
  free(name);
  return status;
}

/* Puts an array into a signal, which begins with it if there is none yet. */
static meso_status take_array(reader *r, const source *from, size_t n_arrays, size_t channel,
                              meso_signal **s, meso_err *err)
{
  meso_status status = MESO_OK;
  sampled x = {.value = NULL};
  MESO_TRY(read_array(r->path, from->array, from->dimension, &x, err));
  if (*s == NULL) MESO_TRY(begin_signal(r, &x, from->array, n_arrays, s, err));
  else MESO_TRY(check_channel(r, &x, from->array, *s, err));
  for (size_t t = 0; t < x.n_times; t++)
    for (size_t c = 0; c < x.n_channels; c++)
      (*s)->data[t * (*s)->n_channels + channel + c] = x.value[t * x.n_channels + c];
cleanup:
  sampled_clear(&x);
  return status;
}

/* Channels that are not numbered from 0 without a gap are named by their numbers. */
static meso_status name_channels(reader *r, const source *from, const size_t *taken,
                                 meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const unsigned long last = from[taken[s->n_channels - 1]].number;
  char text[512], number[32];
  if (last + 1 == s->n_channels) return MESO_OK;
  (void) snprintf(text, sizeof text, "%.300s: %zu channels, numbered up to %lu: some are missing; "
                  "their labels are their numbers", s->name, s->n_channels, last);
  MESO_TRY(meso_attrs_warn(&r->signals->attrs, text, err));
  for (size_t c = 0; c < s->n_channels; c++) {
    (void) snprintf(number, sizeof number, "%lu", from[taken[c]].number);
    MESO_TRY(meso_signal_set_label(s, c, number, err));
  }
cleanup:
  return status;
}

/* A signal of n arrays, of a channel each if there are several; what cannot be read is left out. */
static meso_status add_signal(reader *r, const source *from, size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *s = NULL;
  size_t n_taken = 0, *taken = NULL;
  MESO_ALLOC(err, taken, n);
  for (size_t i = 0; i < n; i++) {
    meso_err why = {.status = MESO_OK};
    status = take_array(r, &from[i], n, n_taken, &s, &why);
    if (status == MESO_OK) taken[n_taken++] = i;
    else if (!h5_leave_out(&r->left_out, &why)) MESO_FAIL(err, status, "%s", why.msg);
    status = MESO_OK;
  }
  if (s == NULL || n == 1) goto cleanup;
  for (size_t t = 0; n_taken < n && t < s->n_times; t++) /* closes the gaps */
    memmove(s->data + t * n_taken, s->data + t * n, n_taken * sizeof *s->data);
  s->n_channels = n_taken;
  MESO_TRY(name_channels(r, from, taken, s, err));
cleanup:
  free(taken);
  return status;
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
  if (r.n > 0) qsort(r.source, r.n, sizeof *r.source, compare_sources);
  for (size_t i = 0, next; i < r.n; i = next) {
    for (next = i + 1; next < r.n && have_one_stem(&r.source[i], &r.source[next]);) next++;
    MESO_TRY(add_signal(&r, &r.source[i], next - i, err));
  }
  if (r.signals->n == 0 && r.left_out.n > 0)
    MESO_FAIL(err, r.left_out.why.status, "%s", r.left_out.why.msg);
  if (r.signals->n == 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: holds no array with a sampled dimension; --to spikes takes "
              "its spike trains", input->path);
  MESO_TRY(h5_warn_left_out(&r.left_out, "arrays", &r.signals->attrs, err));
  *ret_signals = r.signals;
  r.signals = NULL;
cleanup:
  reader_clear(&r);
  return status;
}

const meso_format meso_format_nix = {
  .name = "nix", .summary = "signals of NIX, as of Neo's NixIO, read only", .ending = ".nix",
  .content = MESO_CONTENT_SIGNALS, .read_signals = read_signals,
};
