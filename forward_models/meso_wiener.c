/* meso_wiener.c: filters from rates to signals, by cross-spectra. */
#include "meso_wiener.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fftw3.h>

enum { M = MESO_WIENER_SEGMENT, F = M + 1 }; /* segments are padded to 2 M */
static const double floor_share = 1e-9; /* of the largest power: beyond the filter there is none */

typedef struct wiener {
  size_t n, n_channels, n_fit;
  const double *rate, *signal;
  double mean_rate;
  fftw_plan forward, inverse;      /* of length 2 M */
} wiener;

/* Scratch of a thread. */
typedef struct scratch {
  double *time;                    /* (2 M) */
  fftw_complex *x, *y, *cross;     /* (F) */
  double *power;                   /* (F) */
} scratch;

static meso_status make_plans(wiener *w, meso_err *err)
{
  meso_status status = MESO_OK;
  double *time = fftw_alloc_real(2 * M);
  fftw_complex *x = fftw_alloc_complex(F);
  if (time == NULL || x == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
#pragma omp critical(meso_fftw_planner) /* FFTW's planner is not thread-safe */
  {
    w->forward = fftw_plan_dft_r2c_1d(2 * M, time, x, FFTW_ESTIMATE);
    w->inverse = fftw_plan_dft_c2r_1d(2 * M, x, time, FFTW_ESTIMATE);
  }
  if (w->forward == NULL || w->inverse == NULL) MESO_FAIL(err, MESO_EBUG, "no transform");
cleanup:
  fftw_free(time);
  fftw_free(x);
  return status;
}

static void transform_segment(const wiener *w, const double *from, size_t stride, double mean,
                              double *time, fftw_complex *to)
{
  memset(time, 0, 2 * M * sizeof *time);
  for (size_t t = 0; t < M; t++)
    time[t] = (from[t * stride] - mean) * (0.5 - 0.5 * cos(2 * M_PI * (double) t / M));
  fftw_execute_dft_r2c(w->forward, time, to);
}

/** Cross- and power spectra of a channel over the samples that are fitted. */
static void estimate(const wiener *w, size_t c, double mean, scratch *s)
{
  memset(s->cross, 0, F * sizeof *s->cross);
  memset(s->power, 0, F * sizeof *s->power);
  for (size_t t = 0; t + M <= w->n_fit; t += M / 2) {
    transform_segment(w, w->rate + t, 1, w->mean_rate, s->time, s->x);
    transform_segment(w, w->signal + t * w->n_channels + c, w->n_channels, mean, s->time, s->y);
    for (size_t f = 0; f < F; f++) { /* y conj x */
      s->cross[f][0] += s->y[f][0] * s->x[f][0] + s->y[f][1] * s->x[f][1];
      s->cross[f][1] += s->y[f][1] * s->x[f][0] - s->y[f][0] * s->x[f][1];
      s->power[f] += s->x[f][0] * s->x[f][0] + s->x[f][1] * s->x[f][1];
    }
  }
}

/** Their ratio as a filter of lags -M/2 ... M/2 - 1, as a transform of lags 0 ... M - 1. */
static void make_filter(const wiener *w, scratch *s)
{
  double most = 0;
  for (size_t f = 0; f < F; f++) most = fmax(most, s->power[f]);
  for (size_t f = 0; f < F; f++) {
    const double power = s->power[f] + floor_share * most;
    s->x[f][0] = most > 0 ? s->cross[f][0] / power / (2 * M) : 0;
    s->x[f][1] = most > 0 ? s->cross[f][1] / power / (2 * M) : 0;
  }
  fftw_execute_dft_c2r(w->inverse, s->x, s->time);
  double tap[M];
  for (size_t q = 0; q < M; q++)
    tap[q] = s->time[(q + 2 * M - M / 2) % (2 * M)] / (2 * M); /* the next inverse's factor */
  memset(s->time, 0, 2 * M * sizeof *s->time);
  memcpy(s->time, tap, sizeof tap);
  fftw_execute_dft_r2c(w->forward, s->time, s->y);
}

/** Adds the filtered rate to a channel, in blocks of M samples by overlap-save. */
static void apply(const wiener *w, size_t c, double mean, scratch *s, double *out)
{
  for (size_t from = 0; from < w->n; from += M) {
    for (size_t t = 0; t < 2 * M; t++) { /* rates of samples from - M/2 + 1 ... */
      const long at = (long) (from + t) - M / 2 + 1;
      s->time[t] = at >= 0 && at < (long) w->n ? w->rate[at] - w->mean_rate : 0;
    }
    fftw_execute_dft_r2c(w->forward, s->time, s->x);
    for (size_t f = 0; f < F; f++) {
      const double a = s->x[f][0], b = s->x[f][1];
      s->x[f][0] = a * s->y[f][0] - b * s->y[f][1];
      s->x[f][1] = a * s->y[f][1] + b * s->y[f][0];
    }
    fftw_execute_dft_c2r(w->inverse, s->x, s->time);
    for (size_t t = 0; t < M && from + t < w->n; t++)
      out[(from + t) * w->n_channels + c] += s->time[M - 1 + t] + mean;
  }
}

static void do_channel(const wiener *w, size_t c, scratch *s, double *out)
{
  double mean = 0;
  for (size_t t = 0; t < w->n_fit; t++)
    mean += w->signal[t * w->n_channels + c] / (double) w->n_fit;
  estimate(w, c, mean, s);
  make_filter(w, s);
  apply(w, c, mean, s, out);
}

static meso_status do_all(const wiener *w, int n_threads, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  bool short_of_memory = false;
  (void) n_threads; /* unused without OpenMP */
#pragma omp parallel num_threads(n_threads > 0 ? n_threads : 1)
  {
    scratch s = {fftw_alloc_real(2 * M), fftw_alloc_complex(F), fftw_alloc_complex(F),
                 fftw_alloc_complex(F), fftw_alloc_real(F)};
    const bool ready = s.time != NULL && s.x != NULL && s.y != NULL && s.cross != NULL
      && s.power != NULL;
#pragma omp for schedule(static)
    for (size_t c = 0; c < w->n_channels; c++)
      if (ready) do_channel(w, c, &s, out);
    if (!ready) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(s.time);
    fftw_free(s.x);
    fftw_free(s.y);
    fftw_free(s.cross);
    fftw_free(s.power);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

meso_status meso_wiener_add(size_t n, const double *rate, size_t n_channels, const double *signal,
                            size_t n_fit, int n_threads, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  wiener w = {.n = n, .n_channels = n_channels, .n_fit = n_fit, .rate = rate, .signal = signal};
  if (n_fit < M || n_fit > n)
    MESO_FAIL(err, MESO_EINVAL, "Wiener kernel: %zu of %zu samples to fit, at least %d are needed",
              n_fit, n, M);
  for (size_t t = 0; t < n_fit; t++) w.mean_rate += rate[t] / (double) n_fit;
  MESO_TRY(make_plans(&w, err));
  MESO_TRY(do_all(&w, n_threads, out, err));
cleanup:
#pragma omp critical(meso_fftw_planner)
  {
    if (w.forward != NULL) fftw_destroy_plan(w.forward);
    if (w.inverse != NULL) fftw_destroy_plan(w.inverse);
  }
  return status;
}
