/* an_spectrum.c: spectral density of every channel of a signal (meso_spectral.h). */
#include <fftw3.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_spectral.h"

typedef struct spectrum_params {
  meso_spectral_params spectral;
  char *signal;
} spectrum_params;

static const meso_param spectrum_rows[] = {
  MESO_SPECTRAL_ROWS(spectrum_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(spectrum_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = NULL}
};

static meso_status densities(const meso_spectral_plan *plan, const meso_signal *signal,
                             int n_threads, double *psd, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_frequencies(plan);
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(plan);
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < signal->n_channels; c++)
      if (workspace != NULL)
        meso_spectral_density(plan, signal->data + c, signal->n_channels, workspace, psd + c * n);
    if (workspace == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

static meso_status add_channels(const meso_signal *signal, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  const size_t dims[2] = {signal->n_channels, 3};
  if (signal->label != NULL)
    MESO_TRY(meso_result_add_text(result, "/spectrum/labels", signal->n_channels,
                                  (const char *const *) signal->label, err));
  if (signal->position_um != NULL) {
    MESO_TRY(meso_result_add(result, "/spectrum/positions", "um", 2, dims, &array, err));
    for (size_t i = 0; i < 3 * dims[0]; i++) array->data[i] = signal->position_um[i];
  }
cleanup:
  return status;
}

static meso_status spectrum_run(const void *params, const meso_spikes *spikes,
                                const meso_signals *signals, int n_threads, meso_result *result,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const spectrum_params *p = params;
  meso_signal signal = {0};
  meso_spectral_plan *plan = NULL;
  meso_array *array = NULL;
  char units[128];
  (void) spikes;
  MESO_TRY(meso_signal_select(signals, p->signal, p->spectral.discard_ms, &signal, err));
  MESO_TRY(meso_spectral_plan_create(&p->spectral, signal.n_times, signal.sampling_rate_Hz, &plan,
                                     err));
  const size_t dims[2] = {signal.n_channels, meso_spectral_n_frequencies(plan)};
  MESO_TRY(meso_result_add(result, "/spectrum/frequency_Hz", "Hz", 1, &dims[1], &array, err));
  meso_spectral_frequencies(plan, array->data);
  meso_spectral_density_units(signal.units, units, sizeof units);
  MESO_TRY(meso_result_add(result, "/spectrum/psd", units, 2, dims, &array, err));
  MESO_TRY(densities(plan, &signal, n_threads, array->data, err));
  MESO_TRY(add_channels(&signal, result, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/spectrum");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "signal", signal.name, err));
  MESO_TRY(meso_spectral_set_attributes(plan, attrs, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_spectrum = {
  .name = "spectrum", .summary = "spectral density of signals (Welch or multitaper)",
  .input = MESO_INPUT_SIGNALS, .params = spectrum_rows, .params_size = sizeof(spectrum_params),
  .run = spectrum_run
};
