/* meso_cell_probe.c: what contacts see of a model's cells. */
#include "meso_cell_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usual[] = "root_as_point";

meso_status meso_cell_probe_text(const meso_model *model, char **ret_text, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const shape[] = {[MESO_CONTACT_CIRCLE] = "circle",
                                      [MESO_CONTACT_SQUARE] = "square"};
  const meso_probe_params *p = &model->probe;
  const size_t room = strlen(model->lfp.conductor) + 300;
  char *text = NULL;
  MESO_ALLOC(err, text, room);
  if (p->contact_shape == MESO_CONTACT_POINT)
    (void) snprintf(text, room, "%s", model->lfp.conductor);
  else
    (void) snprintf(text, room, "finite_contact shape=%s radius_um=%.17g side_um=%.17g "
                    "normal_x=%.17g normal_y=%.17g normal_z=%.17g, %s", shape[p->contact_shape],
                    p->contact_radius_um, p->contact_side_um, p->contact_normal.v[0],
                    p->contact_normal.v[1], p->contact_normal.v[2], model->lfp.conductor);
  *ret_text = text;
cleanup:
  return status;
}

meso_status meso_cell_probe_init(const meso_model *model, meso_cell_probe *probe, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  meso_err why = {0};
  *probe = (meso_cell_probe) {.loops = lfp_loops_choose(NULL),
                              .sigma_S_per_m = model->probe.sigma_S_per_m};
  MESO_TRY(meso_cell_probe_text(model, &text, err));
  if (strcmp(text, usual) == 0) goto cleanup;
  status = meso_conductor_parse(text, &probe->conductor, &why);
  if (status != MESO_OK)
    MESO_FAIL(err, status, "%s: lfp.conductor = '%s': %s", model->path, model->lfp.conductor,
              why.msg);
  if (meso_conductor_n_channels(probe->conductor, 2) != 2
      || strcmp(meso_conductor_unit(probe->conductor), "mV") != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.conductor = '%s': does not give the potential at each "
              "contact", model->path, model->lfp.conductor);
  if (meso_conductor_has(probe->conductor, "sigma_S_per_m"))
    MESO_TRY(meso_conductor_set(probe->conductor, "sigma_S_per_m", probe->sigma_S_per_m, err));
cleanup:
  free(text);
  return status;
}

void meso_cell_probe_clear(meso_cell_probe *probe)
{
  meso_conductor_destroy(probe->conductor);
  *probe = (meso_cell_probe) {0};
}

/* Ends of the segments, point by point; contacts; the matrix. */
size_t meso_cell_probe_work(size_t n_segments)
{
  return (6 + LFP_LANES) * n_segments + 3 * LFP_LANES;
}

meso_status meso_cell_probe_matrix(const meso_cell_probe *probe, const meso_cell_shape *shape,
                                   const lfp_segments *s, const double *contact_um, double *work,
                                   float *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n;
  double *start = work, *end = work + 3 * n, *at = work + 6 * n, *phi = at + 3 * LFP_LANES;
  if (probe->conductor == NULL) {
    probe->loops->potential(s, contact_um, probe->sigma_S_per_m, work, matrix);
    return MESO_OK;
  }
  for (size_t k = 0; k < 3; k++) {
    for (size_t j = 0; j < n; j++) {
      start[3 * j + k] = s->start_um[k][j];
      end[3 * j + k] = s->end_um[k][j];
    }
    for (size_t c = 0; c < LFP_LANES; c++) at[3 * c + k] = contact_um[k * LFP_LANES + c];
  }
  const meso_segments segments = {.n = n, .start_um = start, .end_um = end, .diam_um = s->diam_um,
                                  .length_um = shape->morphology->length_um};
  MESO_TRY(meso_conductor_matrix(probe->conductor, &segments, LFP_LANES, at, phi, err));
  for (size_t c = 0; c < LFP_LANES; c++) {
    double mean = 0;
    for (size_t j = 0; j < n; j++) mean += phi[c * n + j] / (double) n;
    for (size_t j = 0; j < n; j++) matrix[j * LFP_LANES + c] = (float) (phi[c * n + j] - mean);
  }
cleanup:
  return status;
}
