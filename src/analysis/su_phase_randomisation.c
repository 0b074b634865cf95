/* su_phase_randomisation.c: Fourier phases of each channel over the whole recording become random
 * (Theiler et al. 1992, Physica D 58:77); amplitudes, so spectra, stay. With `common` the same
 * random phase is added in all channels, which keeps cross-spectra too (Prichard & Theiler 1994,
 * Phys. Rev. Lett. 73:951). */
#include <fftw3.h>
#include <math.h>

#include "meso_surrogate.h"

typedef struct phase_params { bool common; } phase_params;

static const meso_param phase_rows[] = {
  {.key = "common", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(phase_params, common), .help = "the same phases for all channels"},
  {.key = NULL}
};

/* Adds a random phase to all coefficients but that of 0 and, n even, that of half the rate. */
static void turn(size_t n, fftw_complex *z, meso_surrogate_rng *rng)
{
  for (size_t k = 1; 2 * k < n; k++) {
    const double angle = 2 * M_PI * meso_surrogate_uniform(rng), re = z[k][0], im = z[k][1];
    z[k][0] = re * cos(angle) - im * sin(angle);
    z[k][1] = re * sin(angle) + im * cos(angle);
  }
}

static meso_status randomise(const phase_params *p, meso_signal *s, uint32_t index,
                             meso_surrogate_draw draw, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n_times;
  fftw_plan forward = NULL, back = NULL;
  double *x = fftw_malloc((n + 2) * sizeof *x);
  if (x == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", n);
  if (n > INT32_MAX) MESO_FAIL(err, MESO_ERANGE, "%zu samples are too many", n);
#pragma omp critical(meso_fftw_planner)
  {
    forward = fftw_plan_dft_r2c_1d((int) n, x, (fftw_complex *) x, FFTW_ESTIMATE);
    back = fftw_plan_dft_c2r_1d((int) n, (fftw_complex *) x, x, FFTW_ESTIMATE);
  }
  if (forward == NULL || back == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot plan a transform of %zu", n);
  for (size_t c = 0; c < s->n_channels; c++) {
    meso_surrogate_rng rng = {draw, p->common ? 0 : (uint32_t) c, index, 0};
    for (size_t t = 0; t < n; t++) x[t] = s->data[t * s->n_channels + c];
    fftw_execute(forward);
    turn(n, (fftw_complex *) x, &rng);
    fftw_execute(back);
    for (size_t t = 0; t < n; t++) s->data[t * s->n_channels + c] = x[t] / (double) n;
  }
cleanup:
#pragma omp critical(meso_fftw_planner)
  {
    if (forward != NULL) fftw_destroy_plan(forward);
    if (back != NULL) fftw_destroy_plan(back);
  }
  fftw_free(x);
  return status;
}

static meso_status phase_randomisation(const void *params, const meso_signals *in,
                                       meso_surrogate_draw draw, meso_signals **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *out = NULL;
  MESO_TRY(meso_surrogate_copy(in, &out, err));
  for (size_t i = 0; i < out->n; i++)
    if (out->signal[i].n_times > 0)
      MESO_TRY(randomise(params, &out->signal[i], (uint32_t) i, draw, err));
  *ret = out;
  out = NULL;
cleanup:
  meso_signals_destroy(out);
  return status;
}

const meso_surrogate_ops meso_su_phase_randomisation = {
  .name = "phase_randomisation",
  .summary = "random Fourier phases of each channel: keeps spectra, destroys relations",
  .input = MESO_INPUT_SIGNALS, .params = phase_rows, .params_size = sizeof(phase_params),
  .signals = phase_randomisation
};
