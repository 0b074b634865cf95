/* meso_kernel.c: population kernels: cable, probe, delays. */
#include "meso_kernel.h"

#include <stdlib.h>
#include <string.h>

/* Membrane currents of the cell when all synapses release at time 0: (n_segments, n_lags). */
static meso_status membrane_currents(const meso_morphology *m, const meso_cable *cable,
                                     const meso_kernel_input *input, double *imem_nA,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cable_event *event = NULL;
  size_t n_events = 0;
  MESO_ALLOC(err, event, m->n_segments);
  for (size_t j = 0; j < m->n_segments; j++)
    if (input->weight_nA[j] != 0)
      event[n_events++] = (meso_cable_event) {j, input->tau_rise_ms, input->tau_ms,
                                              input->weight_nA[j], 0};
  MESO_TRY(meso_cable_run(m, cable, n_events, event, imem_nA, NULL, err));
cleanup:
  free(event);
  return status;
}

/* What one channel measures of the currents. */
static void measure(const double *gain, const double *imem_nA, size_t n_segments, size_t n_lags,
                    double *response)
{
  memset(response, 0, n_lags * sizeof *response);
  for (size_t j = 0; j < n_segments; j++)
    for (size_t k = 0; k < n_lags; k++) response[k] += gain[j] * imem_nA[j * n_lags + k];
}

static void delay_response(const double *share, const double *response, size_t n_lags,
                           double *delayed)
{
  memset(delayed, 0, n_lags * sizeof *delayed);
  for (size_t d = 0; d < n_lags; d++) {
    if (!(share[d] > 0)) continue;
    for (size_t k = d; k < n_lags; k++) delayed[k] += share[d] * response[k - d];
  }
}

meso_status meso_kernel_compute(const meso_morphology *morphology, const meso_cable *cable,
                                const meso_kernel_input *input, size_t n_channels,
                                const double *matrix, double *data, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = morphology->n_segments, n_lags = cable->n_steps + 1;
  double *imem_nA = NULL, *response = NULL;
  if (n > (size_t) -1 / 16 / n_lags) MESO_FAIL(err, MESO_ENOMEM, "kernel too long");
  MESO_ALLOC(err, imem_nA, n * n_lags);
  MESO_ALLOC(err, response, n_lags);
  MESO_TRY(membrane_currents(morphology, cable, input, imem_nA, err));
  for (size_t c = 0; c < n_channels; c++) {
    measure(matrix + c * n, imem_nA, n, n_lags, response);
    delay_response(input->delay_share, response, n_lags, data + c * n_lags);
  }
cleanup:
  free(imem_nA);
  free(response);
  return status;
}
