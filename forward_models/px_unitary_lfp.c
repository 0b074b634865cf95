/* px_unitary_lfp.c: unitary LFP kernels. Telenczuk, Telenczuk, Destexhe 2020, J. Neurosci. Methods
 * 344:108871, doi 10.1016/j.jneumeth.2020.108871. A spike at t_s of a neuron at the horizontal
 * distance d from a contact, which is h above its soma, gives
 *   u(t) = A(h) exp(-d / lambda) exp(-(t - t_s - D - d / v)^2 / (2 s^2))
 * Amplitudes, lengths and times are the paper's (its published demonstrations exchange excitatory
 * and inhibitory ones, and take d / v in seconds); between the four heights A is linear, from the
 * outer ones it falls to 0 within 200 um. The potential in mV follows without a fit. Measured in
 * the human temporal cortex and the hippocampus, not in this column.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_cells.h"
#include "meso_proxy.h"
#include "meso_space.h"
#include "meso_wiring.h"

#define NOT_FOUND ((size_t) -1)

static const double lambda_um = 200, speed_um_per_ms = 200, delay_ms = 10.4;
static const double sd_ms[2] = {[MESO_EXCITATORY] = 3.15, [MESO_INHIBITORY] = 2.1};
enum { N_HEIGHTS = 6, REACH = 4 }; /* standard deviations */
static const double height_um[N_HEIGHTS] = {-600, -400, 0, 400, 800, 1000};
static const double amplitude_uV[2][N_HEIGHTS] = {
  [MESO_EXCITATORY] = {0, -0.16, 0.48, 0.24, -0.08, 0},
  [MESO_INHIBITORY] = {0, -0.2, 3, -1.2, 0.3, 0}};

static double amplitude_mV(int sign, double h_um)
{
  const double *A = amplitude_uV[sign];
  for (size_t i = 0; i + 1 < N_HEIGHTS; i++)
    if (h_um >= height_um[i] && h_um < height_um[i + 1])
      return 1e-3 * (A[i] + (A[i + 1] - A[i]) * (h_um - height_um[i])
                     / (height_um[i + 1] - height_um[i]));
  return 0;
}

/* Somata of a population, (size, 3). */
static meso_status place_somata(const meso_model *m, const meso_wiring *wiring, size_t population,
                                double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cell_shape *shape = NULL;
  const double *xyz = wiring->xyz_um[population];
  MESO_ALLOC(err, *ret, 3 * (size_t) m->population[population].size);
  MESO_ALLOC(err, shape, m->n_cell_types); /* places need their depths only */
  for (size_t y = 0; y < m->n_cell_types; y++)
    shape[y].soma_z_um = meso_space_depth_um(m, m->cell_type[y].population);
  for (uint32_t i = 0; i < (uint32_t) m->population[population].size; i++) {
    meso_cell cell;
    meso_cell_place(m, shape, population, i, xyz != NULL ? xyz + 3 * (size_t) i : NULL, &cell);
    memcpy(*ret + 3 * (size_t) i, cell.soma_um, sizeof cell.soma_um);
  }
cleanup:
  free(shape);
  return status;
}

static long reach_of(const meso_proxy_input *in, int sign)
{
  return lround(REACH * sd_ms[sign] / in->dt_ms);
}

/** Adds the amplitudes of a population's spikes at the steps of their peaks, from `reach` before
 *  the record to as many after it: what is left of those shows at its ends. */
static void add_peaks(const meso_proxy_input *in, const meso_spike_population *spikes, int sign,
                      const double *soma_um, const double *contact_um, double *peak)
{
  const double reach = (double) reach_of(in, sign), n = (double) in->n_steps + 2 * reach;
  for (size_t s = 0; s < spikes->n_spikes; s++) {
    const double *at = soma_um + 3 * (size_t) spikes->id[s];
    const double d = hypot(at[0] - contact_um[0], at[1] - contact_um[1]);
    const double step = rint((spikes->time_ms[s] - in->start_ms + delay_ms + d / speed_um_per_ms)
                             / in->dt_ms) + reach;
    if (step >= 0 && step < n)
      peak[(size_t) step] += amplitude_mV(sign, contact_um[2] - at[2]) * exp(-d / lambda_um);
  }
}

/** exp(-(t/sd)^2 / 2) at t = 0, dt, ... */
static meso_status make_gauss(const meso_proxy_input *in, int sign, double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const long n = reach_of(in, sign) + 1;
  MESO_ALLOC(err, *ret, (size_t) n);
  for (long t = 0; t < n; t++)
    (*ret)[t] = exp(-0.5 * pow((double) t * in->dt_ms / sd_ms[sign], 2));
cleanup:
  return status;
}

/** Adds the peaks' Gaussians, sampled. */
static void add_gaussians(const meso_proxy_input *in, int sign, const double *gauss,
                          const double *peak, size_t channel, meso_proxy_field *field)
{
  const long reach = reach_of(in, sign);
  for (size_t m = 0; m < field->n_times; m++) {
    const long t = (long) (m * field->factor);
    double sum = 0;
    for (long s = -reach; s <= reach; s++) sum += peak[t + s + reach] * gauss[labs(s)];
    field->mV[m * field->n_channels + channel] += sum;
  }
}

static meso_status unitary_lfp(const meso_proxy_input *in, meso_proxy_field *field, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = in->model;
  meso_wiring *wiring = NULL;
  double **soma_um = NULL, *peak = NULL, *gauss[2] = {NULL, NULL};
  MESO_TRY(meso_wiring_create(m, &wiring, err));
  MESO_ALLOC(err, soma_um, m->n_populations);
  const size_t most = in->n_steps + 2 * (size_t) reach_of(in, MESO_EXCITATORY); /* the longer one */
  MESO_ALLOC(err, peak, most);
  for (int sign = 0; sign < 2; sign++) MESO_TRY(make_gauss(in, sign, &gauss[sign], err));
  for (size_t y = 0; y < m->n_cell_types; y++)
    if (soma_um[m->cell_type[y].population] == NULL)
      MESO_TRY(place_somata(m, wiring, m->cell_type[y].population,
                            &soma_um[m->cell_type[y].population], err));
  for (size_t c = 0; c < field->n_channels; c++)
    for (int sign = 0; sign < 2; sign++) {
      memset(peak, 0, most * sizeof *peak);
      for (size_t p = 0; p < m->n_populations; p++) {
        const size_t at = meso_spikes_find(in->spikes, m->population[p].name);
        if (at != NOT_FOUND && soma_um[p] != NULL && m->population[p].sign == sign)
          add_peaks(in, &in->spikes->population[at], sign, soma_um[p], field->contact_um + 3 * c,
                    peak);
      }
      add_gaussians(in, sign, gauss[sign], peak, c, field);
    }
cleanup:
  for (size_t p = 0; soma_um != NULL && p < m->n_populations; p++) free(soma_um[p]);
  free(soma_um);
  free(gauss[0]);
  free(gauss[1]);
  free(peak);
  meso_wiring_destroy(wiring);
  return status;
}

const meso_proxy_ops meso_px_unitary_lfp = {
  .name = "unitary_lfp", .field = unitary_lfp,
  .summary = "one kernel for each neuron, by height and distance of the contact (Telenczuk et al. "
             "2020)"
};
