/* explicit_probe.c: the probe of an explicit population. */
#include "explicit_probe.h"

#include <stdlib.h>
#include <string.h>

enum { DIPOLE_CHANNELS = 3 };

/* Boxes may differ in height, so each has a conductor. Segments are cut as LFPykit cuts them. */
static meso_status make_boxes(explicit_probe *probe, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = probe->population;
  MESO_ALLOC(err, probe->box, p->n_boxes);
  MESO_ALLOC(err, probe->box_um, 3 * p->n_boxes);
  for (size_t b = 0; b < p->n_boxes; b++) {
    const double *z = p->box_z_um + 2 * b;
    probe->box_um[3 * b + 2] = (z[0] + z[1]) / 2;
    MESO_TRY(meso_conductor_parse("laminar_csd share=peer", &probe->box[b], err));
    MESO_TRY(meso_conductor_set(probe->box[b], "radius_um", p->box_radius_um, err));
    MESO_TRY(meso_conductor_set(probe->box[b], "height_um", z[1] - z[0], err));
  }
cleanup:
  return status;
}

meso_status explicit_probe_init(const meso_explicit *p, explicit_probe *probe, meso_err *err)
{
  meso_status status = MESO_OK;
  *probe = (explicit_probe) {.population = p,
                             .n_channels = p->n_contacts + p->n_boxes + DIPOLE_CHANNELS};
  MESO_TRY(make_boxes(probe, err));
  MESO_TRY(meso_conductor_parse(p->method, &probe->medium, err));
  if (meso_conductor_has(probe->medium, "sigma_S_per_m")) /* else its text has several */
    MESO_TRY(meso_conductor_set(probe->medium, "sigma_S_per_m", p->sigma_S_per_m, err));
  MESO_TRY(meso_conductor_create("dipole", NULL, &probe->dipole, err));
  if (meso_conductor_n_channels(probe->medium, 1) != 1
      || strcmp(meso_conductor_unit(probe->medium), "mV") != 0)
    MESO_FAIL(err, MESO_EINVAL, "conductor '%s' does not give the potential at each contact",
              p->method);
cleanup:
  return status;
}

void explicit_probe_clear(explicit_probe *probe)
{
  for (size_t b = 0; probe->box != NULL && b < probe->population->n_boxes; b++)
    meso_conductor_destroy(probe->box[b]);
  free(probe->box);
  free(probe->box_um);
  meso_conductor_destroy(probe->medium);
  meso_conductor_destroy(probe->dipole);
}

meso_status explicit_probe_matrix(const explicit_probe *probe, size_t cell, double *start_um,
                                  double *end_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = probe->population;
  const meso_morphology *m = p->type[p->cell[cell].type].morphology;
  const meso_segments segments = {.n = m->n_segments, .start_um = start_um, .end_um = end_um,
                                  .diam_um = m->diam_um, .length_um = m->length_um};
  meso_explicit_place(p, cell, start_um, end_um);
  if (p->n_contacts > 0)
    MESO_TRY(meso_conductor_matrix(probe->medium, &segments, p->n_contacts, p->contact_um, matrix,
                                   err));
  matrix += p->n_contacts * m->n_segments;
  for (size_t b = 0; b < p->n_boxes; b++, matrix += m->n_segments)
    MESO_TRY(meso_conductor_matrix(probe->box[b], &segments, 1, probe->box_um + 3 * b, matrix,
                                   err));
  MESO_TRY(meso_conductor_matrix(probe->dipole, &segments, 0, NULL, matrix, err));
cleanup:
  return status;
}

/* ---- signals ------------------------------------------------------------------------------ */

/* What all signals have in common. */
typedef struct common {
  const explicit_probe *probe;
  const double *data;
  size_t width;
  double t_start_ms;
  meso_status (*describe)(const void *user, meso_signal *signal, meso_err *err);
  const void *user;
} common;

/* Signal of the channels first ... first + n - 1. */
static meso_status add_signal(const common *c, meso_signals *signals, const char *name,
                              const char *units, size_t first, size_t n, meso_signal **ret,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = c->probe->population;
  meso_signal *s;
  MESO_TRY(meso_signals_add(signals, name, units, p->n_steps + 1, n, 1000 / p->dt_ms,
                            c->t_start_ms, &s, err));
  for (size_t t = 0; t <= p->n_steps; t++)
    memcpy(s->data + t * n, c->data + t * c->width + first, n * sizeof *s->data);
  MESO_TRY(meso_attrs_set_number(&s->attrs, "dt_ms", p->dt_ms, err));
  MESO_TRY(meso_attrs_set_number(&s->attrs, "n_cells", (double) p->n_cells, err));
  MESO_TRY(meso_attrs_set_text(&s->attrs, "connectivity", "explicit: the synaptic events that are "
                               "given", err));
  MESO_TRY(c->describe(c->user, s, err));
  *ret = s;
cleanup:
  return status;
}

static meso_status add_all(const common *c, meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = c->probe->population;
  static const char *const axis[] = {"x", "y", "z"};
  meso_signal *s;
  if (p->n_contacts > 0) {
    MESO_TRY(add_signal(c, signals, "lfp", "mV", 0, p->n_contacts, &s, err));
    MESO_ALLOC(err, s->position_um, 3 * p->n_contacts);
    memcpy(s->position_um, p->contact_um, 3 * p->n_contacts * sizeof(double));
    MESO_TRY(meso_attrs_set_text(&s->attrs, "conductor", p->method, err));
    MESO_TRY(meso_attrs_set_number(&s->attrs, "sigma_S_per_m", p->sigma_S_per_m, err));
  }
  if (p->n_boxes > 0) {
    MESO_TRY(add_signal(c, signals, "csd", meso_conductor_unit(c->probe->box[0]), p->n_contacts,
                        p->n_boxes, &s, err));
    MESO_ALLOC(err, s->position_um, 3 * p->n_boxes);
    memcpy(s->position_um, c->probe->box_um, 3 * p->n_boxes * sizeof(double));
    MESO_TRY(meso_attrs_set_number(&s->attrs, "radius_um", p->box_radius_um, err));
  }
  MESO_TRY(add_signal(c, signals, "dipole", "nA um", p->n_contacts + p->n_boxes, DIPOLE_CHANNELS,
                      &s, err));
  for (size_t k = 0; k < DIPOLE_CHANNELS; k++)
    MESO_TRY(meso_signal_set_label(s, k, axis[k], err));
cleanup:
  return status;
}

meso_status explicit_probe_signals(const explicit_probe *probe, const double *data, size_t width,
                                   double t_start_ms,
                                   meso_status (*describe)(const void *user, meso_signal *signal,
                                                           meso_err *err),
                                   const void *user, meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const common c = {probe, data, width, t_start_ms, describe, user};
  meso_signals *signals = NULL;
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(add_all(&c, signals, err));
  *ret_signals = signals;
  signals = NULL;
cleanup:
  meso_signals_destroy(signals);
  return status;
}
