/* pair_summary.c: all pairs of neurons, summarised. */
#include "pair_summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_fit.h"

enum { MOST_DISTANCES = 4096 };

size_t pair_summary_index(const pair_summary *s, size_t a, size_t b)
{
  return a * (2 * s->n_populations - a + 1) / 2 + b - a;
}

void pair_summary_name(const pair_summary *s, size_t a, size_t b, char *text, size_t size)
{
  const char *A = s->spikes->population[s->selected[a]].name;
  const char *B = s->spikes->population[s->selected[b]].name;
  if (a == b) (void) snprintf(text, size, "%s", A);
  else (void) snprintf(text, size, "%s_x_%s", A, B);
}

bool pair_sums_make(const pair_summary *s, pair_sums *x)
{
  x->all = meso_calloc(s->n_pairs, sizeof *x->all);
  x->distance = meso_calloc(s->n_pairs * s->n_distances, sizeof *x->distance);
  x->histogram = meso_calloc(s->n_pairs * s->n_histogram, sizeof *x->histogram);
  return x->all != NULL && x->distance != NULL && x->histogram != NULL;
}

void pair_sums_clear(pair_sums *x)
{
  free(x->all);
  free(x->distance);
  free(x->histogram);
}

static void add_moments(size_t n, const pair_moments *from, pair_moments *to)
{
  for (size_t i = 0; i < n; i++) {
    to[i].n += from[i].n;
    to[i].sum += from[i].sum;
    to[i].squares += from[i].squares;
  }
}

void pair_sums_merge(const pair_summary *s, pair_sums *from, pair_sums *to)
{
  add_moments(s->n_pairs, from->all, to->all);
  add_moments(s->n_pairs * s->n_distances, from->distance, to->distance);
  for (size_t i = 0; i < s->n_pairs * s->n_histogram; i++) to->histogram[i] += from->histogram[i];
  memset(from->all, 0, s->n_pairs * sizeof *from->all);
  memset(from->distance, 0, s->n_pairs * s->n_distances * sizeof *from->distance);
  memset(from->histogram, 0, s->n_pairs * s->n_histogram * sizeof *from->histogram);
}

void pair_summary_count(const pair_summary *s, size_t i, size_t j, size_t n, size_t pair,
                        const double *r, pair_sums *x)
{
  const double half = 0.5 * (double) s->n_histogram;
  uint64_t *histogram = x->histogram + pair * s->n_histogram;
  pair_moments m = {0};
  for (size_t k = 0; k < n; k++) {
    if (isnan(r[k])) continue;
    const double bin = floor((r[k] + 1) * half);
    histogram[bin < 0 ? 0 : bin >= 2 * half ? s->n_histogram - 1 : (size_t) bin]++;
    m.n++;
    m.sum += r[k];
    m.squares += r[k] * r[k];
  }
  add_moments(1, &m, &x->all[pair]);
  if (s->n_distances == 0) return;
  const double *a = s->position_um + 3 * i, *b = s->position_um + 3 * j;
  for (size_t k = 0; k < n; k++, b += 3) {
    if (isnan(r[k])) continue;
    const double dx = a[0] - b[0], dy = a[1] - b[1], dz = a[2] - b[2];
    const size_t at = (size_t) (sqrt(dx * dx + dy * dy + dz * dz) / s->distance_bin_um);
    pair_moments *d = x->distance + pair * s->n_distances + (at < s->n_distances ? at : 0);
    d->n++;
    d->sum += r[k];
    d->squares += r[k] * r[k];
  }
}

/* Classes of distance up to the diagonal of the box that holds all neurons. */
static meso_status choose_distances(pair_summary *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const double *x = s->position_um;
  double diagonal2 = 0, bin_um = s->distance_bin_um;
  if (x == NULL) goto cleanup;
  for (size_t d = 0; d < 3; d++) {
    double low = x[d], high = x[d];
    for (size_t i = 0; i < s->n_rows; i++) {
      low = fmin(low, x[3 * i + d]);
      high = fmax(high, x[3 * i + d]);
    }
    diagonal2 += (high - low) * (high - low);
  }
  const double n = floor(sqrt(diagonal2) / bin_um) + 1;
  if (!(n <= MOST_DISTANCES))
    MESO_FAIL(err, MESO_ERANGE, "distance_bin_um %g um: neurons lie up to %g um apart, and there "
              "are at most %d classes", bin_um, sqrt(diagonal2), (int) MOST_DISTANCES);
  s->n_distances = (size_t) n;
cleanup:
  return status;
}

meso_status pair_summary_begin(pair_summary *s, meso_err *err)
{
  s->n_pairs = s->n_populations * (s->n_populations + 1) / 2;
  return choose_distances(s, err);
}

static meso_status add_vector(meso_result *result, const char *group, const char *name,
                              const char *units, size_t n, double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  char path[600];
  snprintf(path, sizeof path, "%s/%s", group, name);
  MESO_TRY(meso_result_add(result, path, units, 1, &n, &array, err));
  *ret = array->data;
cleanup:
  return status;
}

static double sd_of(const pair_moments *m)
{
  const double mean = m->sum / m->n;
  return m->n > 0 ? sqrt(fmax(0, m->squares / m->n - mean * mean)) : NAN;
}

/* Histogram and moments of one pair of populations. */
static meso_status write_pair(const pair_summary *s, const pair_sums *total, size_t a,
                              size_t b, const char *group, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n_histogram, pair = pair_summary_index(s, a, b);
  const pair_moments *m = &total->all[pair];
  double *histogram = NULL, *edges = NULL;
  MESO_TRY(add_vector(result, group, "histogram", "count", n, &histogram, err));
  MESO_TRY(add_vector(result, group, "bin_edges", "1", n + 1, &edges, err));
  for (size_t k = 0; k < n; k++) histogram[k] = (double) total->histogram[pair * n + k];
  for (size_t k = 0; k <= n; k++) edges[k] = (2.0 * (double) k - (double) n) / (double) n;
  meso_attrs *attrs = meso_result_group_attrs(result, group);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", group);
  if (a == b)
    MESO_TRY(meso_attrs_set_number(attrs, "n_neurons",
                                   (double) (s->first_row[a + 1] - s->first_row[a]), err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_pairs", m->n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "mean", m->n > 0 ? m->sum / m->n : NAN, err));
  MESO_TRY(meso_attrs_set_number(attrs, "standard_deviation", sd_of(m), err));
  if (!(m->n > 0))
    MESO_TRY(meso_attrs_set_text(attrs, "undefined", "no pair of neurons has a coefficient", err));
cleanup:
  return status;
}

/* Means by distance, with the spread of pairs, and a fitted a exp(-d / b) + c, weighted by numbers
 * of pairs. */
static meso_status write_distances(const pair_summary *s, const pair_moments *m, const char *group,
                                   meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n_distances;
  double *edges = NULL, *n_pairs = NULL, *mean = NULL, *sd = NULL, *centre = NULL;
  MESO_TRY(add_vector(result, group, "distance_edges_um", "um", n + 1, &edges, err));
  MESO_TRY(add_vector(result, group, "distance_n_pairs", "1", n, &n_pairs, err));
  MESO_TRY(add_vector(result, group, "distance_mean", "1", n, &mean, err));
  MESO_TRY(add_vector(result, group, "distance_standard_deviation", "1", n, &sd, err));
  MESO_ALLOC(err, centre, n);
  for (size_t k = 0; k <= n; k++) edges[k] = (double) k * s->distance_bin_um;
  for (size_t k = 0; k < n; k++) {
    centre[k] = 0.5 * (edges[k] + edges[k + 1]);
    n_pairs[k] = m[k].n;
    mean[k] = m[k].n > 0 ? m[k].sum / m[k].n : NAN;
    sd[k] = sd_of(&m[k]);
  }
  const meso_exponential fit = meso_fit_exponential(n, centre, mean, n_pairs);
  meso_attrs *attrs = meso_result_group_attrs(result, group);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", group);
  MESO_TRY(meso_attrs_set_text(attrs, "fit", "a exp(-d / b) + c, weighted by pairs", err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_a", fit.a, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_b_um", fit.b, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_c", fit.c, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_r_squared", fit.r_squared, err));
cleanup:
  free(centre);
  return status;
}

meso_status pair_summary_write(const pair_summary *s, const pair_sums *total, const char *group,
                               meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  pair_moments *all = NULL;
  char name[400], path[512];
  MESO_ALLOC(err, all, s->n_distances);
  for (size_t a = 0; a < s->n_populations; a++)
    for (size_t b = a; b < s->n_populations; b++) {
      const pair_moments *distance =
        total->distance + pair_summary_index(s, a, b) * s->n_distances;
      pair_summary_name(s, a, b, name, sizeof name);
      (void) snprintf(path, sizeof path, "%s/%s", group, name);
      MESO_TRY(write_pair(s, total, a, b, path, result, err));
      if (s->n_distances == 0) continue;
      MESO_TRY(write_distances(s, distance, path, result, err));
      add_moments(s->n_distances, distance, all);
    }
  (void) snprintf(path, sizeof path, "%s/all", group);
  if (s->n_distances > 0) MESO_TRY(write_distances(s, all, path, result, err));
cleanup:
  free(all);
  return status;
}
