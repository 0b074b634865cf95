/* plain_cell.h: the LFP of single cells by integrating their cables, the slow and plain way. */
#ifndef PLAIN_CELL_H
#define PLAIN_CELL_H

#include <math.h>
#include <stdlib.h>

#include "meso_cable.h"
#include "meso_cells.h"
#include "meso_model.h"
#include "meso_test.h"

/* Line source by the difference of asinh, soma as a point; mV/nA. */
static inline double plain_potential(const double *start, const double *end, double diam,
                                     const double *at, bool point, double sigma)
{
  double D2 = 0, h = 0, q2 = 0, r2 = 0;
  for (int k = 0; k < 3; k++) {
    const double p = end[k] - start[k], q = at[k] - end[k];
    const double middle = at[k] - (start[k] + end[k]) / 2;
    D2 += p * p;
    h += q * p;
    q2 += q * q;
    r2 += middle * middle;
  }
  const double D = sqrt(D2);
  if (point) return 1 / (4 * M_PI * sigma * fmax(sqrt(r2), diam / 2));
  h /= D;
  const double rho = fmax(sqrt(fabs(q2 - h * h)), diam / 2);
  return (asinh((h + D) / rho) - asinh(h / rho)) / (4 * M_PI * sigma * D);
}

/* LFP of one cell's events at steps 0 to n_steps (step, channel), unfiltered, added to out. */
static inline void plain_cell_lfp(const meso_model *m, const meso_cell_shape *shape,
                                  const meso_cell *cell, size_t n_events,
                                  const meso_cable_event *event, size_t n_steps, double *out)
{
  const meso_morphology *mo = shape->morphology;
  const size_t n = mo->n_segments, n_channels = m->probe.contacts.n;
  double *imem = meso_calloc(n * (n_steps + 1), sizeof *imem);
  double *g_pas = meso_calloc(n, sizeof *g_pas), *ends = meso_calloc(6 * n, sizeof *ends);
  for (size_t j = 0; j < n; j++) g_pas[j] = m->lfp.cm_uF_per_cm2 * 1e-3 / m->lfp.tau_m_ms;
  const meso_cable cable = {m->lfp.cm_uF_per_cm2, 0, g_pas, m->simulation.dt_ms, n_steps};
  CU_ASSERT_FATAL(meso_cable_run(mo, &cable, n_events, event, imem, NULL, NULL) == MESO_OK);
  meso_cell_segments(shape, cell, ends, ends + 3 * n);
  for (size_t c = 0; c < n_channels; c++) {
    const double *at = m->probe.contacts.xyz_um + 3 * c;
    for (size_t j = 0; j < n; j++) {
      const double phi = plain_potential(ends + 3 * j, ends + 3 * n + 3 * j, mo->diam_um[j], at,
                                         j == 0, m->probe.sigma_S_per_m);
      for (size_t t = 0; t <= n_steps; t++)
        out[t * n_channels + c] += phi * imem[j * (n_steps + 1) + t];
    }
  }
  free(imem);
  free(g_pas);
  free(ends);
}

#endif
