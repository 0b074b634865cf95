/* meso_contrast.c: distances of samples, resampling, band means. */
#include "meso_contrast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_order.h"
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

/* What draws are for: resampling a, resampling b, splitting the pool, ordering a matrix. */
enum purpose { OF_A, OF_B, OF_SPLIT, OF_ORDER };

/* A stream of indices, four from each block of random words. */
typedef struct draws {
  meso_rng_key key;
  uint32_t counter[4], word[4], left;
} draws;

static draws draws_of(const contrast *c, uint32_t resample, enum purpose purpose)
{
  return (draws) {.key = meso_rng_key_make(c->p->seed, MESO_RNG_RESAMPLING),
                  .counter = {0, resample, c->item, purpose}};
}

/* An index below n; the share of one differs from another's by n / 2^32 at most. */
static size_t draw(draws *d, size_t n)
{
  if (d->left == 0) {
    meso_rng_block(d->key, d->counter, d->word);
    d->counter[0]++;
    d->left = 4;
  }
  return (size_t) ((uint64_t) d->word[--d->left] * n >> 32);
}

static meso_attrs *attributes(const contrast *c, const char *path)
{
  char text[640];
  snprintf(text, sizeof text, "/comparison%s", path);
  return meso_result_group_attrs(c->result, text);
}

/* A distance, at most `most`, and its interval. The three distances are norms of F_a - F_b, so that
 * a distance is off by at most the norm of the error of F_a - F_b, whose quantile the bootstrap
 * gives: off, as many values as resamples; those that are not defined do not count. (Quantiles of
 * the resamples' own distances will not do: chance makes distances larger, and makes those of
 * resamples larger once more, so that they may all lie above the distance.) */
static meso_status put_interval(const contrast *c, meso_attrs *attrs, const char *name,
                                double value, double most, double *off, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0;
  char key[96];
  for (int64_t r = 0; r < c->p->resamples; r++)
    if (isfinite(off[r])) off[n++] = off[r];
  meso_order_sort(n, off);
  const double reach = meso_order_quantile(n, off, c->p->confidence);
  MESO_TRY(meso_attrs_set_number(attrs, name, value, err));
  (void) snprintf(key, sizeof key, "%s_low", name);
  MESO_TRY(meso_attrs_set_number(attrs, key, isnan(reach) ? NAN : fmax(0, value - reach), err));
  (void) snprintf(key, sizeof key, "%s_high", name);
  MESO_TRY(meso_attrs_set_number(attrs, key, isnan(reach) ? NAN : fmin(most, value + reach), err));
cleanup:
  return status;
}

/* ---- samples -------------------------------------------------------------------------------- */

/* Values, each of one unit i (a neuron, a channel), or of a pair of them. Pairs share units, so it
 * is units that are drawn again, and a pair counts as often as both were drawn. */
typedef struct value { double x; uint32_t i, j; } value;
typedef struct sample { size_t n, n_units; bool paired; value *v; } sample;

static int by_value(const void *a, const void *b)
{
  const value *x = a, *y = b;
  return x->x != y->x ? (x->x > y->x) - (x->x < y->x) : x->i != y->i ? (x->i > y->i) - (x->i < y->i)
       : (x->j > y->j) - (x->j < y->j);
}

/* How often each unit is drawn in a resample. */
static void draw_units(const contrast *c, const sample *s, uint32_t resample, enum purpose of,
                       uint32_t *times)
{
  draws d = draws_of(c, resample, of);
  memset(times, 0, s->n_units * sizeof *times);
  for (size_t k = 0; k < s->n_units; k++) times[draw(&d, s->n_units)]++;
}

static uint32_t times_of(const sample *s, const uint32_t *times, size_t k)
{
  return s->paired ? times[s->v[k].i] * times[s->v[k].j] : times[s->v[k].i];
}

/* Pairs of units of the values of an array, from the array beside it that lists them; false if
 * there is none. */
static bool take_listed(const meso_result *r, const meso_array *x, sample *s)
{
  char path[600];
  const char *slash = strrchr(x->path, '/');
  snprintf(path, sizeof path, "%.*s/pairs", (int) (slash - x->path), x->path);
  const meso_array *pairs = meso_result_find(r, path);
  if (pairs == NULL || pairs->data == NULL || pairs->n_dims != 2 || pairs->dims[1] != 2
      || pairs->dims[0] != x->dims[0]) return false;
  for (size_t k = 0; k < x->dims[0]; k++) {
    const double i = pairs->data[2 * k], j = pairs->data[2 * k + 1];
    if (!(i >= 0 && i < UINT32_MAX && j >= 0 && j < UINT32_MAX)) return false;
    s->v[k].i = (uint32_t) i;
    s->v[k].j = (uint32_t) j;
    if (s->v[k].i >= s->n_units) s->n_units = (size_t) s->v[k].i + 1;
    if (s->v[k].j >= s->n_units) s->n_units = (size_t) s->v[k].j + 1;
  }
  return s->n_units <= 2 * x->dims[0]; /* else numbers are not those of units here */
}

/* Rows of an array: their units. */
static meso_status take_rows(const meso_result *r, const meso_array *x, sample *s, meso_err *err)
{
  meso_status status = MESO_OK;
  *s = (sample) {.n = x->dims[0]};
  MESO_ALLOC(err, s->v, s->n);
  s->paired = take_listed(r, x, s);
  if (s->paired) goto cleanup;
  s->n_units = s->n;
  for (size_t k = 0; k < s->n; k++) s->v[k] = (value) {.i = (uint32_t) k};
cleanup:
  return status;
}

static void number_units(sample *s)
{
  for (size_t k = 0; k < s->n && !s->paired; k++) s->v[k].i = (uint32_t) k;
  if (!s->paired) s->n_units = s->n;
}

/* Finite values of an array, of a square matrix those above the diagonal, ascending. */
static meso_status collect(const meso_result *r, const meso_array *x, sample *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_array_count(x), width = x->n_dims == 2 ? x->dims[1] : 0;
  size_t kept = 0;
  if (width == 0) {
    MESO_TRY(take_rows(r, x, s, err));
    for (size_t k = 0; k < n; k++) s->v[k].x = x->data[k];
    for (size_t k = 0; k < n; k++)
      if (isfinite(s->v[k].x)) s->v[kept++] = s->v[k];
  } else {
    *s = (sample) {.n_units = width, .paired = true};
    MESO_ALLOC(err, s->v, width * (width - 1) / 2 + 1);
    for (size_t i = 0; i < x->dims[0] && i < width; i++)
      for (size_t j = i + 1; j < width; j++)
        if (isfinite(x->data[i * width + j]))
          s->v[kept++] = (value) {x->data[i * width + j], (uint32_t) i, (uint32_t) j};
  }
  s->n = kept;
  qsort(s->v, s->n, sizeof *s->v, by_value);
  number_units(s);
cleanup:
  return status;
}

/* ---- distributions -------------------------------------------------------------------------- */

/* Both samples in one ascending row: value k of it is value `of` of sample `side`; gap: F_a - F_b
 * from there on. */
typedef struct pool {
  size_t n;
  struct pooled { double x, gap; uint32_t of; uint8_t side; } *v;
} pool;

static meso_status make_pool(const sample *s, pool *p, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t i = 0, j = 0;
  p->n = s[0].n + s[1].n;
  MESO_ALLOC(err, p->v, p->n);
  for (size_t k = 0; k < p->n; k++) {
    const bool first = j == s[1].n || (i < s[0].n && s[0].v[i].x <= s[1].v[j].x);
    p->v[k] = first ? (struct pooled) {s[0].v[i].x, 0, (uint32_t) i, 0}
                    : (struct pooled) {s[1].v[j].x, 0, (uint32_t) j, 1};
    if (first) i++;
    else j++;
    p->v[k].gap = (double) i / (double) s[0].n - (double) j / (double) s[1].n;
  }
cleanup:
  return status;
}

/* Distances of the weighted samples; side and weight of every pooled value. NaN if one is empty.
 * from_pool: norms of how far the weighted F_a - F_b is from the pool's, in place of distances. */
static meso_distances weighted_distances(const pool *p, const uint8_t *side,
                                         const uint32_t *weight, bool from_pool)
{
  meso_distances d = {0, 0, 0};
  double total[2] = {0, 0}, sum[2] = {0, 0}, squares = 0;
  for (size_t k = 0; k < p->n; k++) total[side[k]] += weight[k];
  if (!(total[0] > 0 && total[1] > 0)) return (meso_distances) {NAN, NAN, NAN};
  const double share[2] = {1 / total[0], 1 / total[1]};
  for (size_t k = 0; k < p->n; k++) {
    sum[side[k]] += weight[k];
    if (k + 1 < p->n && p->v[k + 1].x == p->v[k].x) continue;
    const double own = sum[0] * share[0] - sum[1] * share[1];
    const double gap = fabs(own - (from_pool ? p->v[k].gap : 0));
    const double step = k + 1 < p->n ? p->v[k + 1].x - p->v[k].x : 0;
    d.ks = fmax(d.ks, gap);
    d.wasserstein += gap * step;
    squares += gap * gap * step;
  }
  d.energy = sqrt(2 * squares);
  return d;
}

/* Room of one thread. */
typedef struct room { uint32_t *times[2], *weight; uint8_t *side; } room;

static bool room_make(const sample *s, const pool *p, room *r)
{
  *r = (room) {.weight = meso_calloc(p->n, sizeof *r->weight),
               .side = meso_calloc(p->n, sizeof *r->side)};
  for (int k = 0; k < 2; k++) r->times[k] = meso_calloc(s[k].n_units, sizeof *r->times[k]);
  return r->weight != NULL && r->side != NULL && r->times[0] != NULL && r->times[1] != NULL;
}

static void room_clear(room *r)
{
  free(r->times[0]);
  free(r->times[1]);
  free(r->weight);
  free(r->side);
}

/* How far a resample's F_a - F_b is from that of the samples. */
static meso_distances bootstrap(const contrast *c, const sample *s, const pool *p,
                                uint32_t resample, room *r)
{
  for (int k = 0; k < 2; k++)
    draw_units(c, &s[k], resample, k == 0 ? OF_A : OF_B, r->times[k]);
  for (size_t k = 0; k < p->n; k++) {
    r->side[k] = p->v[k].side;
    r->weight[k] = times_of(&s[r->side[k]], r->times[r->side[k]], p->v[k].of);
  }
  return weighted_distances(p, r->side, r->weight, true);
}

/* Energy distance of a random split: each value in turn goes to a with the share of places left. */
static double split(const contrast *c, const sample *s, const pool *p, uint32_t resample, room *r)
{
  draws d = draws_of(c, resample, OF_SPLIT);
  size_t left = s[0].n;
  for (size_t k = 0; k < p->n; k++) {
    r->side[k] = draw(&d, p->n - k) >= left;
    left -= r->side[k] == 0;
    r->weight[k] = 1;
  }
  return weighted_distances(p, r->side, r->weight, false).energy;
}

/* How far all resamples are off, into out (3, resamples), and how many splits are as far apart as
 * the samples; splits are made only of values that do not share units. */
static meso_status resample(const contrast *c, const sample *s, const pool *p, double energy,
                            double *out, size_t *ret_as_far, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t R = (size_t) c->p->resamples;
  const bool splits = !s[0].paired && !s[1].paired;
  bool short_of_memory = false;
  size_t as_far = 0;
#pragma omp parallel num_threads(c->p->n_threads > 0 ? c->p->n_threads : 1) reduction(+ : as_far)
  {
    room r;
    const bool fine = room_make(s, p, &r);
#pragma omp for schedule(dynamic, 8)
    for (size_t k = 0; k < R; k++) {
      if (!fine) continue;
      const meso_distances d = bootstrap(c, s, p, (uint32_t) k, &r);
      out[k] = d.ks;
      out[R + k] = d.wasserstein;
      out[2 * R + k] = d.energy;
      as_far += splits && split(c, s, p, (uint32_t) k, &r) >= energy * (1 - 1e-12);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    room_clear(&r);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate resamples");
  *ret_as_far = as_far;
cleanup:
  return status;
}

static double median(const sample *s)
{
  if (s->n == 0) return NAN;
  return 0.5 * (s->v[(s->n - 1) / 2].x + s->v[s->n / 2].x);
}

static meso_status write_distances(const contrast *c, const char *path, const sample *s,
                                   meso_err *err)
{
  static const char *const name[3] = {"ks", "wasserstein", "energy"};
  meso_status status = MESO_OK;
  const size_t R = (size_t) c->p->resamples;
  const bool paired = s[0].paired || s[1].paired;
  pool p = {.n = 0};
  double *out = NULL;
  size_t as_far = 0;
  room r = {.side = NULL};
  meso_attrs *attrs = attributes(c, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_ALLOC(err, out, 3 * R);
  MESO_TRY(make_pool(s, &p, err));
  if (!room_make(s, &p, &r)) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate resamples");
  for (size_t k = 0; k < p.n; k++) {
    r.side[k] = p.v[k].side;
    r.weight[k] = 1;
  }
  const meso_distances d = weighted_distances(&p, r.side, r.weight, false);
  const double distance[3] = {d.ks, d.wasserstein, d.energy}, most[3] = {1, INFINITY, INFINITY};
  const bool both = s[0].n > 0 && s[1].n > 0;
  for (size_t k = 0; k < 3 * R && !both; k++) out[k] = NAN;
  if (both) MESO_TRY(resample(c, s, &p, d.energy, out, &as_far, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_a", (double) s[0].n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_b", (double) s[1].n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "median_a", median(&s[0]), err));
  MESO_TRY(meso_attrs_set_number(attrs, "median_b", median(&s[1]), err));
  for (size_t k = 0; k < 3; k++)
    MESO_TRY(put_interval(c, attrs, name[k], distance[k], most[k], out + k * R, err));
  const double ks_p = paired ? NAN : meso_ks_p(d.ks, s[0].n, s[1].n);
  const double p_energy = both && !paired ? (1 + (double) as_far) / (1 + (double) R) : NAN;
  MESO_TRY(meso_attrs_set_number(attrs, "ks_p", ks_p, err));
  MESO_TRY(meso_attrs_set_number(attrs, "p_energy", p_energy, err));
  if (paired)
    MESO_TRY(meso_attrs_set_text(attrs, "undefined", "values are of pairs, which share neurons or "
                                 "channels: intervals draw these, and p values, which take values "
                                 "as independent, are NaN", err));
  else if (!both)
    MESO_TRY(meso_attrs_set_text(attrs, "undefined", "one of the two has no defined value", err));
cleanup:
  room_clear(&r);
  free(p.v);
  free(out);
  return status;
}

static meso_status contrast_distribution(contrast *c, const meso_array *a, const meso_array *b,
                                         meso_err *err)
{
  meso_status status = MESO_OK;
  sample s[2] = {{.n = 0}, {.n = 0}};
  MESO_TRY(collect(c->a, a, &s[0], err));
  MESO_TRY(collect(c->b, b, &s[1], err));
  MESO_TRY(write_distances(c, a->path, s, err));
cleanup:
  free(s[0].v);
  free(s[1].v);
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

static void shuffle(const contrast *c, uint32_t resample, size_t n, size_t *order)
{
  draws d = draws_of(c, resample, OF_ORDER);
  for (size_t i = 0; i < n; i++) order[i] = i;
  for (size_t i = 0; i + 1 < n; i++) { /* Fisher & Yates */
    const size_t j = i + draw(&d, n - i), other = order[i];
    order[i] = order[j];
    order[j] = other;
  }
}

static meso_status contrast_matrix(contrast *c, const meso_array *a, const meso_array *b,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = a->dims[0];
  size_t *own = NULL, as_large = 0;
  bool short_of_memory = false;
  meso_attrs *attrs = attributes(c, a->path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", a->path);
  MESO_ALLOC(err, own, n);
  for (size_t i = 0; i < n; i++) own[i] = i;
  const double r = triangle_correlation(n, a->data, b->data, own);
#pragma omp parallel num_threads(c->p->n_threads > 0 ? c->p->n_threads : 1) reduction(+ : as_large)
  {
    size_t *order = meso_calloc(n, sizeof *order);
#pragma omp for schedule(dynamic, 8)
    for (int64_t k = 0; k < c->p->resamples; k++) {
      if (order == NULL) continue;
      shuffle(c, (uint32_t) k, n, order);
      as_large += triangle_correlation(n, a->data, b->data, order) >= r;
    }
    if (order == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    free(order);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate permutations");
  MESO_TRY(meso_attrs_set_number(attrs, "matrix_correlation", r, err));
  MESO_TRY(meso_attrs_set_number(attrs, "p_matrix", isnan(r) ? NAN : (1 + (double) as_large) /
                                 (1 + (double) c->p->resamples), err));
cleanup:
  free(own);
  return status;
}

/* ---- curves --------------------------------------------------------------------------------- */

/* Means over a band of every row; NaN where a row has none. mean: (row, band). */
static void band_means(const contrast *c, const meso_array *x, const double *f_Hz, double *mean)
{
  const size_t n = x->dims[0], n_f = x->dims[1], n_bands = c->p->n_bands;
  for (size_t i = 0; i < n * n_bands; i++) {
    const double low = c->p->band_edge_Hz[i % n_bands], high = c->p->band_edge_Hz[i % n_bands + 1];
    const double *row = x->data + i / n_bands * n_f;
    double sum = 0, count = 0;
    for (size_t k = 0; k < n_f; k++) {
      if (!(f_Hz[k] >= low && f_Hz[k] < high) || !isfinite(row[k])) continue;
      sum += row[k];
      count++;
    }
    mean[i] = count > 0 ? sum / count : NAN;
  }
}

/* Means over the rows that are defined, each as often as its units were drawn; times NULL: once. */
static void mean_of(size_t n_bands, const sample *s, const double *row, const uint32_t *times,
                    double *mean)
{
  for (size_t b = 0; b < n_bands; b++) {
    double sum = 0, count = 0;
    for (size_t k = 0; k < s->n; k++) {
      const double v = row[k * n_bands + b];
      const double w = times != NULL ? times_of(s, times, k) : 1;
      if (!isfinite(v) || w == 0) continue;
      sum += w * v;
      count += w;
    }
    mean[b] = count > 0 ? sum / count : NAN;
  }
}

enum { MEAN_A, MEAN_B, DIFFERENCE, DIFFERENCE_LOW, DIFFERENCE_HIGH, N_CURVES };

/* Two samples of rows, their band means, and what is said of them. */
typedef struct curves {
  sample s[2];
  double *row[2];          /* (row, band) */
  bool log_ratio;
  double *out[N_CURVES];   /* (band) */
} curves;

static double difference(const curves *u, double a, double b)
{
  return u->log_ratio ? log10(a / b) : a - b;
}

/* Differences of all resamples: (resample, band). */
static meso_status resample_curves(const contrast *c, const curves *u, double *all, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_bands = c->p->n_bands;
  bool short_of_memory = false;
#pragma omp parallel num_threads(c->p->n_threads > 0 ? c->p->n_threads : 1)
  {
    uint32_t *times[2];
    double *mean = meso_calloc(2 * n_bands, sizeof *mean);
    for (int k = 0; k < 2; k++) times[k] = meso_calloc(u->s[k].n_units, sizeof *times[k]);
    const bool fine = mean != NULL && times[0] != NULL && times[1] != NULL;
#pragma omp for schedule(dynamic, 8)
    for (int64_t r = 0; r < c->p->resamples; r++) {
      for (int k = 0; k < 2 && fine; k++) {
        draw_units(c, &u->s[k], (uint32_t) r, k == 0 ? OF_A : OF_B, times[k]);
        mean_of(n_bands, &u->s[k], u->row[k], times[k], mean + (size_t) k * n_bands);
      }
      for (size_t b = 0; b < n_bands && fine; b++)
        all[(size_t) r * n_bands + b] = difference(u, mean[b], mean[n_bands + b]);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    free(mean);
    free(times[0]);
    free(times[1]);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate resamples");
cleanup:
  return status;
}

static meso_status write_curves(const contrast *c, const curves *u, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_bands = c->p->n_bands, R = (size_t) c->p->resamples;
  double *all = NULL, *column = NULL;
  MESO_ALLOC(err, all, R * n_bands);
  MESO_ALLOC(err, column, R);
  for (int k = 0; k < 2; k++) mean_of(n_bands, &u->s[k], u->row[k], NULL, u->out[MEAN_A + k]);
  MESO_TRY(resample_curves(c, u, all, err));
  for (size_t b = 0; b < n_bands; b++) {
    size_t n = 0;
    for (size_t r = 0; r < R; r++)
      if (isfinite(all[r * n_bands + b])) column[n++] = all[r * n_bands + b];
    meso_order_sort(n, column);
    u->out[DIFFERENCE][b] = difference(u, u->out[MEAN_A][b], u->out[MEAN_B][b]);
    u->out[DIFFERENCE_LOW][b] = meso_order_quantile(n, column, 0.5 - 0.5 * c->p->confidence);
    u->out[DIFFERENCE_HIGH][b] = meso_order_quantile(n, column, 0.5 + 0.5 * c->p->confidence);
  }
cleanup:
  free(all);
  free(column);
  return status;
}

static meso_status add_curves(const contrast *c, const meso_array *a, curves *u, meso_err *err)
{
  static const char *const name[N_CURVES] = {"mean_a", "mean_b", "difference", "difference_low",
                                             "difference_high"};
  meso_status status = MESO_OK;
  char path[640];
  snprintf(path, sizeof path, "/comparison%s/band_edges_Hz", a->path);
  MESO_TRY(meso_result_add_vector(c->result, path, "Hz", c->p->n_bands + 1, c->p->band_edge_Hz,
                                  err));
  for (int k = 0; k < N_CURVES; k++) {
    meso_array *array = NULL;
    snprintf(path, sizeof path, "/comparison%s/%s", a->path, name[k]);
    const bool in_units = k < DIFFERENCE || !u->log_ratio;
    MESO_TRY(meso_result_add(c->result, path, in_units ? a->units : "log10", 1, &c->p->n_bands,
                             &array, err));
    u->out[k] = array->data;
  }
cleanup:
  return status;
}

static meso_status contrast_curve(contrast *c, const meso_array *a, const meso_array *b,
                                  const meso_array *f_a, const meso_array *f_b, bool log_ratio,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  curves u = {.log_ratio = log_ratio};
  MESO_TRY(take_rows(c->a, a, &u.s[0], err));
  MESO_TRY(take_rows(c->b, b, &u.s[1], err));
  MESO_ALLOC(err, u.row[0], a->dims[0] * c->p->n_bands);
  MESO_ALLOC(err, u.row[1], b->dims[0] * c->p->n_bands);
  band_means(c, a, f_a->data, u.row[0]);
  band_means(c, b, f_b->data, u.row[1]);
  MESO_TRY(add_curves(c, a, &u, err));
  MESO_TRY(write_curves(c, &u, err));
cleanup:
  for (int k = 0; k < 2; k++) {
    free(u.s[k].v);
    free(u.row[k]);
  }
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
    MESO_FAIL(err, MESO_EINVAL, "the two analyses have nothing in common that can be compared: "
              "compared are statistics, correlation, sttc, spectrum, population_spectrum, "
              "spike_spectrum and coherence, each with its like");
  MESO_TRY(note_differences(&c, err));
cleanup:
  return status;
}
