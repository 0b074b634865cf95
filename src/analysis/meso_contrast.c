/* meso_contrast.c: distances of samples, resampling, band means. */
#include "meso_contrast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_rng.h"

/* ---- distances ------------------------------------------------------------------------------ */

meso_distances meso_distances_of(size_t n_a, const double *a, size_t n_b, const double *b)
{
  meso_distances d = {0, 0, 0};
  size_t i = 0, j = 0;
  double last = 0, squares = 0;
  if (n_a == 0 || n_b == 0) return (meso_distances) {NAN, NAN, NAN};
  while (i < n_a || j < n_b) {
    const double x = j == n_b || (i < n_a && a[i] <= b[j]) ? a[i] : b[j];
    const double gap = (double) i / (double) n_a - (double) j / (double) n_b;
    if (i + j > 0) {
      d.wasserstein += fabs(gap) * (x - last);
      squares += gap * gap * (x - last);
    }
    while (i < n_a && a[i] == x) i++;
    while (j < n_b && b[j] == x) j++;
    d.ks = fmax(d.ks, fabs((double) i / (double) n_a - (double) j / (double) n_b));
    last = x;
  }
  d.energy = sqrt(2 * squares);
  return d;
}

double meso_ks_p(double ks, size_t n_a, size_t n_b)
{
  const double n = sqrt((double) n_a * (double) n_b / ((double) n_a + (double) n_b));
  const double l = (n + 0.12 + 0.11 / n) * ks;
  double sum = 0;
  if (isnan(l)) return NAN;
  if (l < 0.2) return 1; /* the series needs ever more terms there */
  for (int k = 1; k <= 100; k++)
    sum += (k % 2 == 1 ? 2 : -2) * exp(-2 * (double) (k * k) * l * l);
  return fmin(1, fmax(0, sum));
}

/* ---- resampling ----------------------------------------------------------------------------- */

typedef struct contrast {
  const meso_contrast_params *p;
  const meso_result *a, *b;
  meso_result *result;
  uint32_t item;       /* counts the arrays, so that each has draws of its own */
} contrast;

/* Draw k of resample r: an index below n. */
static size_t draw(const contrast *c, uint32_t r, uint32_t k, size_t n)
{
  const meso_rng_key key = meso_rng_key_make(c->p->seed, MESO_RNG_RESAMPLING);
  uint32_t w[4];
  meso_rng_block(key, (uint32_t[4]) {k, r, c->item, 0}, w);
  return (size_t) (meso_rng_uniform(w[0], w[1]) * (double) n);
}

static int ascending(const void *x, const void *y)
{
  const double a = *(const double *) x, b = *(const double *) y;
  return (a > b) - (a < b);
}

static void sort(size_t n, double *x) { qsort(x, n, sizeof *x, ascending); }

/* Quantile of n sorted values, linear between them. */
static double quantile(size_t n, const double *sorted, double q)
{
  if (n == 0) return NAN;
  const double at = q * (double) (n - 1);
  const size_t i = (size_t) at;
  return i + 1 < n ? sorted[i] + (at - (double) i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static meso_attrs *attributes(const contrast *c, const char *path)
{
  char text[640];
  snprintf(text, sizeof text, "/comparison%s", path);
  return meso_result_group_attrs(c->result, text);
}

static meso_status put_interval(meso_attrs *attrs, const char *name, double value, size_t n,
                                double *resampled, double confidence, meso_err *err)
{
  meso_status status = MESO_OK;
  char key[96];
  sort(n, resampled);
  MESO_TRY(meso_attrs_set_number(attrs, name, value, err));
  snprintf(key, sizeof key, "%s_low", name);
  MESO_TRY(meso_attrs_set_number(attrs, key, quantile(n, resampled, 0.5 - 0.5 * confidence), err));
  snprintf(key, sizeof key, "%s_high", name);
  MESO_TRY(meso_attrs_set_number(attrs, key, quantile(n, resampled, 0.5 + 0.5 * confidence), err));
cleanup:
  return status;
}

/* ---- distributions -------------------------------------------------------------------------- */

typedef struct sample { size_t n; double *x; } sample; /* ascending, finite */

/* Share of random splits of both samples together with an energy distance of at least `energy`. */
static double permutation_p(const contrast *c, const sample *s, double energy, double *pool)
{
  const size_t n_a = s[0].n, n = n_a + s[1].n, R = (size_t) c->p->resamples;
  size_t as_large = 0;
  for (size_t r = 0; r < R; r++) {
    memcpy(pool, s[0].x, n_a * sizeof *pool);
    memcpy(pool + n_a, s[1].x, s[1].n * sizeof *pool);
    for (size_t i = 0; i < n_a && i + 1 < n; i++) { /* Fisher & Yates, as far as needed */
      const size_t j = i + draw(c, (uint32_t) (R + r), (uint32_t) i, n - i);
      const double other = pool[i];
      pool[i] = pool[j];
      pool[j] = other;
    }
    sort(n_a, pool);
    sort(s[1].n, pool + n_a);
    as_large += meso_distances_of(n_a, pool, s[1].n, pool + n_a).energy >= energy * (1 - 1e-12);
  }
  return (1 + (double) as_large) / (1 + (double) R);
}

static meso_status write_distances(const contrast *c, const char *path, const sample *s,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t R = (size_t) c->p->resamples, n[2] = {s[0].n, s[1].n};
  const meso_distances d = meso_distances_of(n[0], s[0].x, n[1], s[1].x);
  double *room = NULL, *pool = NULL;
  meso_attrs *attrs = attributes(c, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_ALLOC(err, room, 3 * R);
  MESO_ALLOC(err, pool, n[0] + n[1]);
  for (size_t r = 0; r < R && n[0] > 0 && n[1] > 0; r++) {
    for (size_t k = 0; k < n[0]; k++) pool[k] = s[0].x[draw(c, (uint32_t) r, (uint32_t) k, n[0])];
    for (size_t k = 0; k < n[1]; k++)
      pool[n[0] + k] = s[1].x[draw(c, (uint32_t) r, (uint32_t) (n[0] + k), n[1])];
    sort(n[0], pool);
    sort(n[1], pool + n[0]);
    const meso_distances x = meso_distances_of(n[0], pool, n[1], pool + n[0]);
    room[r] = x.ks;
    room[R + r] = x.wasserstein;
    room[2 * R + r] = x.energy;
  }
  const size_t used = n[0] > 0 && n[1] > 0 ? R : 0;
  MESO_TRY(meso_attrs_set_number(attrs, "n_a", (double) n[0], err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_b", (double) n[1], err));
  MESO_TRY(meso_attrs_set_number(attrs, "median_a", quantile(n[0], s[0].x, 0.5), err));
  MESO_TRY(meso_attrs_set_number(attrs, "median_b", quantile(n[1], s[1].x, 0.5), err));
  MESO_TRY(put_interval(attrs, "ks", d.ks, used, room, c->p->confidence, err));
  MESO_TRY(put_interval(attrs, "wasserstein", d.wasserstein, used, room + R, c->p->confidence,
                        err));
  MESO_TRY(put_interval(attrs, "energy", d.energy, used, room + 2 * R, c->p->confidence, err));
  MESO_TRY(meso_attrs_set_number(attrs, "ks_p", meso_ks_p(d.ks, n[0], n[1]), err));
  MESO_TRY(meso_attrs_set_number(attrs, "p_energy",
                                 used > 0 ? permutation_p(c, s, d.energy, pool) : NAN, err));
cleanup:
  free(room);
  free(pool);
  return status;
}

/* Finite values of an array, of a square matrix those above the diagonal, ascending. */
static meso_status collect(const meso_array *x, sample *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_array_count(x), width = x->n_dims == 2 ? x->dims[1] : 0;
  MESO_ALLOC(err, s->x, n);
  for (size_t i = 0; i < n; i++)
    if (isfinite(x->data[i]) && (width == 0 || i % width > i / width)) s->x[s->n++] = x->data[i];
  sort(s->n, s->x);
cleanup:
  return status;
}

static meso_status contrast_distribution(contrast *c, const meso_array *a, const meso_array *b,
                                         meso_err *err)
{
  meso_status status = MESO_OK;
  sample s[2] = {{0, NULL}, {0, NULL}};
  MESO_TRY(collect(a, &s[0], err));
  MESO_TRY(collect(b, &s[1], err));
  MESO_TRY(write_distances(c, a->path, s, err));
cleanup:
  free(s[0].x);
  free(s[1].x);
  return status;
}

/* ---- matrices ------------------------------------------------------------------------------- */

/* Pearson's correlation of the upper triangles, rows and columns of b in the given order. */
static double triangle_correlation(size_t n, const double *a, const double *b, const size_t *order)
{
  double count = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) {
      const double u = a[i * n + j], v = b[order[i] * n + order[j]];
      if (!isfinite(u) || !isfinite(v)) continue;
      count++;
      x += u;
      y += v;
      xx += u * u;
      yy += v * v;
      xy += u * v;
    }
  return (xy - x * y / count) / sqrt((xx - x * x / count) * (yy - y * y / count));
}

static meso_status contrast_matrix(contrast *c, const meso_array *a, const meso_array *b,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = a->dims[0];
  size_t *order = NULL, as_large = 0;
  meso_attrs *attrs = attributes(c, a->path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", a->path);
  MESO_ALLOC(err, order, n);
  for (size_t i = 0; i < n; i++) order[i] = i;
  const double r = triangle_correlation(n, a->data, b->data, order);
  for (int64_t k = 0; k < c->p->resamples; k++) {
    for (size_t i = 0; i + 1 < n; i++) {
      const size_t j = i + draw(c, (uint32_t) k, (uint32_t) i, n - i), other = order[i];
      order[i] = order[j];
      order[j] = other;
    }
    as_large += triangle_correlation(n, a->data, b->data, order) >= r;
  }
  MESO_TRY(meso_attrs_set_number(attrs, "matrix_correlation", r, err));
  MESO_TRY(meso_attrs_set_number(attrs, "p_matrix", isnan(r) ? NAN : (1 + (double) as_large) /
                                 (1 + (double) c->p->resamples), err));
cleanup:
  free(order);
  return status;
}

/* ---- curves --------------------------------------------------------------------------------- */

/* Means over a band of every row; NaN where a row has none. */
static void band_means(const meso_array *x, const double *f_Hz, double low, double high,
                       double *mean)
{
  const size_t n = x->dims[0], n_f = x->dims[1];
  for (size_t i = 0; i < n; i++) {
    double sum = 0, count = 0;
    for (size_t k = 0; k < n_f; k++) {
      if (!(f_Hz[k] >= low && f_Hz[k] < high) || !isfinite(x->data[i * n_f + k])) continue;
      sum += x->data[i * n_f + k];
      count++;
    }
    mean[i] = count > 0 ? sum / count : NAN;
  }
}

/* Mean of the defined rows; of rows drawn with replacement if r >= 0. */
static double mean_of(const contrast *c, size_t n, const double *x, int64_t r, uint32_t from)
{
  double sum = 0, count = 0;
  for (size_t i = 0; i < n; i++) {
    const double v = x[r < 0 ? i : draw(c, (uint32_t) r, from + (uint32_t) i, n)];
    if (!isfinite(v)) continue;
    sum += v;
    count++;
  }
  return count > 0 ? sum / count : NAN;
}

enum { MEAN_A, MEAN_B, DIFFERENCE, DIFFERENCE_LOW, DIFFERENCE_HIGH, N_CURVES };

static void contrast_band(const contrast *c, const double *row_a, size_t n_a, const double *row_b,
                          size_t n_b, bool log_ratio, double *room, double *out[N_CURVES],
                          size_t band)
{
  const size_t R = (size_t) c->p->resamples;
  size_t n = 0;
  for (int64_t r = -1; r < (int64_t) R; r++) {
    const double a = mean_of(c, n_a, row_a, r, 0), b = mean_of(c, n_b, row_b, r, (uint32_t) n_a);
    const double difference = log_ratio ? log10(a / b) : a - b;
    if (r >= 0 && isfinite(difference)) room[n++] = difference;
    if (r >= 0) continue;
    out[MEAN_A][band] = a;
    out[MEAN_B][band] = b;
    out[DIFFERENCE][band] = difference;
  }
  sort(n, room);
  out[DIFFERENCE_LOW][band] = quantile(n, room, 0.5 - 0.5 * c->p->confidence);
  out[DIFFERENCE_HIGH][band] = quantile(n, room, 0.5 + 0.5 * c->p->confidence);
}

static meso_status contrast_curve(contrast *c, const meso_array *a, const meso_array *b,
                                  const meso_array *f_a, const meso_array *f_b, bool log_ratio,
                                  meso_err *err)
{
  static const char *const name[N_CURVES] = {"mean_a", "mean_b", "difference", "difference_low",
                                             "difference_high"};
  meso_status status = MESO_OK;
  const size_t n_bands = c->p->n_bands;
  double *out[N_CURVES] = {NULL}, *room = NULL, *row = NULL;
  char path[640];
  snprintf(path, sizeof path, "/comparison%s/band_edges_Hz", a->path);
  MESO_TRY(meso_result_add_vector(c->result, path, "Hz", n_bands + 1, c->p->band_edge_Hz, err));
  for (int k = 0; k < N_CURVES; k++) {
    meso_array *array = NULL;
    snprintf(path, sizeof path, "/comparison%s/%s", a->path, name[k]);
    MESO_TRY(meso_result_add(c->result, path, k < DIFFERENCE || !log_ratio ? a->units : "log10", 1,
                             &n_bands, &array, err));
    out[k] = array->data;
  }
  MESO_ALLOC(err, room, (size_t) c->p->resamples);
  MESO_ALLOC(err, row, a->dims[0] + b->dims[0]);
  for (size_t k = 0; k < n_bands; k++) {
    const double low = c->p->band_edge_Hz[k], high = c->p->band_edge_Hz[k + 1];
    band_means(a, f_a->data, low, high, row);
    band_means(b, f_b->data, low, high, row + a->dims[0]);
    contrast_band(c, row, a->dims[0], row + a->dims[0], b->dims[0], log_ratio, room, out, k);
  }
cleanup:
  free(room);
  free(row);
  return status;
}

/* ---- which arrays --------------------------------------------------------------------------- */

static const struct { const char *path, *frequency; bool log_ratio; } curve[] = {
  {"/spectrum/psd", "/spectrum/frequency_Hz", true},
  {"/population_spectrum/psd", "/population_spectrum/frequency_Hz", true},
  {"/spike_spectrum/psd", "/spike_spectrum/frequency_Hz", true},
  {"/coherence/magnitude_squared", "/coherence/frequency_Hz", false}};

static bool is_distribution(const meso_array *x)
{
  if (strcmp(x->path, "/sttc/value") == 0) return true;
  if (strcmp(x->path, "/correlation/coefficient") == 0) return x->n_dims == 2;
  return strncmp(x->path, "/statistics/", 12) == 0 && strchr(x->path + 12, '/') != NULL
         && x->n_dims == 1;
}

static bool is_curve(const meso_array *x, const meso_array *f)
{
  return x != NULL && f != NULL && x->data != NULL && f->data != NULL && x->n_dims == 2
         && x->dims[1] == meso_array_count(f);
}

static meso_status contrast_array(contrast *c, const meso_array *a, const meso_array *b,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  if (is_distribution(a) && is_distribution(b)) {
    MESO_TRY(contrast_distribution(c, a, b, err));
    if (a->n_dims == 2 && b->n_dims == 2 && a->dims[0] == a->dims[1] && a->dims[0] == b->dims[0]
        && b->dims[0] == b->dims[1])
      MESO_TRY(contrast_matrix(c, a, b, err));
  }
  for (size_t k = 0; k < sizeof curve / sizeof *curve; k++) {
    if (strcmp(a->path, curve[k].path) != 0) continue;
    const meso_array *f_a = meso_result_find(c->a, curve[k].frequency);
    const meso_array *f_b = meso_result_find(c->b, curve[k].frequency);
    if (!is_curve(a, f_a) || !is_curve(b, f_b)) continue;
    MESO_TRY(contrast_curve(c, a, b, f_a, f_b, curve[k].log_ratio, err));
  }
cleanup:
  return status;
}

/* Parameters of the estimators that are not the same. */
static meso_status note_differences(const contrast *c, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_attrs *attrs = meso_result_group_attrs(c->result, "/comparison");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  for (size_t i = 0; i < c->a->n_groups; i++) {
    const char *path = c->a->group[i].path;
    const meso_attrs *x = &c->a->group[i].attrs, *y = meso_result_find_group(c->b, path);
    for (size_t k = 0; y != NULL && k < x->n; k++) {
      static const char *const key[] = {"method", "nperseg", "overlap", "window", "detrend", "nw",
                                        "weights", "bin_ms", "dt_ms", "fano_window_ms",
                                        "sampling_rate_Hz"};
      bool counts = false;
      for (size_t m = 0; m < sizeof key / sizeof *key; m++)
        counts = counts || strcmp(x->v[k].key, key[m]) == 0;
      const meso_attr *other = meso_attrs_get(y, x->v[k].key);
      if (!counts || other == NULL) continue;
      const bool same = x->v[k].text != NULL && other->text != NULL
                        ? strcmp(x->v[k].text, other->text) == 0
                        : x->v[k].text == other->text && x->v[k].number == other->number;
      char name[600];
      snprintf(name, sizeof name, "differences_%s%s%s", path + 1, "_", x->v[k].key);
      if (!same) MESO_TRY(meso_attrs_set_text(attrs, name, "the two differ here", err));
    }
  }
  MESO_TRY(meso_attrs_set_number(attrs, "resamples", (double) c->p->resamples, err));
  MESO_TRY(meso_attrs_set_number(attrs, "seed", (double) c->p->seed, err));
  MESO_TRY(meso_attrs_set_number(attrs, "confidence", c->p->confidence, err));
cleanup:
  return status;
}

meso_status meso_contrast_run(const meso_contrast_params *params, const meso_result *a,
                              const meso_result *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  contrast c = {.p = params, .a = a, .b = b, .result = result};
  const size_t before = result->n + result->n_groups;
  for (size_t i = 0; i < a->n; i++) {
    const meso_array *other = meso_result_find(b, a->array[i].path);
    c.item = (uint32_t) i;
    if (other == NULL || other->data == NULL || a->array[i].data == NULL) continue;
    MESO_TRY(contrast_array(&c, &a->array[i], other, err));
  }
  if (result->n + result->n_groups == before)
    MESO_FAIL(err, MESO_EINVAL, "the two analyses have nothing in common that can be compared");
  MESO_TRY(note_differences(&c, err));
cleanup:
  return status;
}
