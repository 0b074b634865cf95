/* fm_hrf_file.c: linear response with response functions from a text file. A line holds a time
 * (s) and the value (1/s) of one response for all regions or of one for each; columns are
 * separated by commas, tabs or blanks; a first line of names and lines that begin with # are
 * passed over. Between the times h is linear, outside of them 0. */
#include <math.h>
#include <stdlib.h>

#include "meso_hrf.h"
#include "meso_text_table.h"

typedef struct file_params { char *file; double amplitude; int normalisation; } file_params;

static const meso_param rows[] = {
  {.key = "file", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(file_params, file),
   .help = "text: time (s), response (1/s) of all regions or of each"},
  {.key = "amplitude", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = -1e6, .max = 1e6,
   .default_text = "1", .offset = offsetof(file_params, amplitude),
   .help = "factor of the result"},
  {.key = "normalisation", .type = MESO_PARAM_CHOICE, .unit = "",
   .choices = MESO_HRF_NORMALISATIONS, .default_text = "area",
   .offset = offsetof(file_params, normalisation), .help = MESO_HRF_NORMALISATION_HELP},
  {.key = NULL}
};

/* value, sum: (region, time); sum: integral up to that time. */
typedef struct table { size_t n, n_regions; double *time_s, *value, *sum; } table;

static double integral(const void *context, size_t region, double t_s)
{
  const table *h = context;
  const double *value = h->value + region * h->n, *sum = h->sum + region * h->n;
  if (!(t_s > h->time_s[0])) return 0;
  if (t_s >= h->time_s[h->n - 1]) return sum[h->n - 1];
  size_t low = 0, high = h->n - 1; /* time[low] <= t < time[high] */
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    *(h->time_s[middle] <= t_s ? &low : &high) = middle;
  }
  const double x = t_s - h->time_s[low], width = h->time_s[high] - h->time_s[low];
  return sum[low] + x * (value[low] + 0.5 * x / width * (value[high] - value[low]));
}

/* Times ascend from 0 or later, and there is a value for each. */
static meso_status check_times(const char *path, const meso_text_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  if (t->n_rows < 2) MESO_FAIL(err, MESO_EFORMAT, "%s: fewer than two rows", path);
  if (t->n_columns < 2)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: %zu columns; needed: a time (s), and a value (1/s) for "
              "all regions or for each", path, t->line[0], t->n_columns);
  if (t->data[0] < 0) MESO_FAIL(err, MESO_EINVAL, "%s: begins at %g s, before 0", path, t->data[0]);
  for (size_t i = 1; i < t->n_rows; i++) {
    const double now = t->data[i * t->n_columns], before = t->data[(i - 1) * t->n_columns];
    if (!(now > before))
      MESO_FAIL(err, MESO_EINVAL, "%s:%zu: time %g s does not come after %g s", path, t->line[i],
                now, before);
  }
cleanup:
  return status;
}

/* Integrals and normalisation of one region. */
static meso_status finish(const char *path, const file_params *p, table *h, size_t region,
                          meso_err *err)
{
  meso_status status = MESO_OK;
  double *value = h->value + region * h->n, *sum = h->sum + region * h->n, peak = value[0];
  for (size_t i = 1; i < h->n; i++) {
    sum[i] = sum[i - 1] + 0.5 * (value[i] + value[i - 1]) * (h->time_s[i] - h->time_s[i - 1]);
    peak = fmax(peak, value[i]);
  }
  const double norm[] = {[MESO_HRF_AREA] = sum[h->n - 1], [MESO_HRF_PEAK] = peak,
                         [MESO_HRF_NONE] = 1};
  if (!(norm[p->normalisation] > 0))
    MESO_FAIL(err, MESO_EINVAL, "%s: response of region %zu has %s %g: it cannot be normalised to "
              "1 (normalisation = none leaves it as it is)", path, region,
              p->normalisation == MESO_HRF_AREA ? "the area" : "the peak", norm[p->normalisation]);
  for (size_t i = 0; i < h->n; i++) {
    value[i] *= p->amplitude / norm[p->normalisation];
    sum[i] *= p->amplitude / norm[p->normalisation];
  }
cleanup:
  return status;
}

static meso_status read_table(const file_params *p, table *h, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_text_table t = {0};
  if (p->file[0] == '\0')
    MESO_FAIL(err, MESO_EINVAL, "hrf_file: needs a file with the response function: "
              "--set file=NAME, or in a model file bold.parameters: \"file=NAME\"");
  MESO_TRY(meso_text_table_read(p->file, &t, err));
  MESO_TRY(check_times(p->file, &t, err));
  h->n = t.n_rows;
  h->n_regions = t.n_columns - 1;
  MESO_ALLOC(err, h->time_s, h->n);
  MESO_ALLOC(err, h->value, h->n * h->n_regions);
  MESO_ALLOC(err, h->sum, h->n * h->n_regions);
  for (size_t i = 0; i < h->n; i++) {
    h->time_s[i] = t.data[i * t.n_columns];
    for (size_t r = 0; r < h->n_regions; r++)
      h->value[r * h->n + i] = t.data[i * t.n_columns + 1 + r];
  }
  for (size_t r = 0; r < h->n_regions; r++) MESO_TRY(finish(p->file, p, h, r, err));
cleanup:
  meso_text_table_clear(&t);
  return status;
}

static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads,
                         meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  table h = {0};
  MESO_TRY(read_table(params, &h, err));
  const meso_hrf hrf = {.integral = integral, .context = &h, .n_regions = h.n_regions,
                        .length_s = h.time_s[h.n - 1]};
  MESO_TRY(meso_hrf_convolve("hrf_file", rows, params, &hrf, in, TR_s, n_threads, out, err));
cleanup:
  free(h.time_s);
  free(h.value);
  free(h.sum);
  return status;
}

const meso_forward_ops meso_fm_hrf_file = {
  .name = "hrf_file", .summary = "linear response functions from a text file, one or per region",
  .unit_in = "1", .unit_out = "1", .linear = true, .scale_free = true,
  .needs_file = true,
  .params = rows, .params_size = sizeof(file_params), .apply = apply
};
