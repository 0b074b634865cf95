/* meso_io_explicit.c: explicit populations: /morphology/<name>/{segments, nodes, sections} (or
 * these groups at the root: one cell type), cell/morphology, soma_position, rotation or rotation_z,
 * synapse_events, probe_xyz, csd_z, and the parameters as root attributes.
 *
 * 1. columns   2. cell types   3. cells   4. events   5. the file   6. writing
 */
#include "meso_io_explicit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"

#define ANY_ROWS ((size_t) -1)

/* ---- 1. columns --------------------------------------------------------------------------- */

/* A dataset of n rows with so many numbers each, and what they may be. */
typedef struct column {
  const char *name;
  size_t width;      /* 1: a vector */
  bool whole;        /* whole numbers */
  double low, high;  /* inclusive */
} column;

/* Index of a row among others. */
static column index_column(const char *name, double low, size_t n)
{
  return (column) {name, 1, true, low, (double) n - 1};
}

static const double largest = 1e12;

static column number_column(const char *name, size_t width)
{
  return (column) {name, width, false, -largest, largest};
}

static meso_status check_values(const meso_h5_file *f, const char *path, const column *c, size_t n,
                                const double *x, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < n * c->width; i++)
    if (!(x[i] >= c->low && x[i] <= c->high) || (c->whole && x[i] != floor(x[i])))
      MESO_FAIL(err, MESO_ERANGE, "%s: %s: row %zu is %g; must be a %snumber from %g to %g",
                f->path, path, i / c->width, x[i], c->whole ? "whole " : "", c->low, c->high);
cleanup:
  return status;
}

/* Reads group/name. n: rows that must be there, or ANY_ROWS, which is replaced. */
static meso_status read_column(const meso_h5_file *f, const char *group, const column *c, size_t *n,
                               double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d = {.id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID};
  char path[512];
  double *x = NULL;
  (void) snprintf(path, sizeof path, "%s/%s", group, c->name);
  MESO_TRY(meso_h5_dataset_open(f, f->id, path, &d, err));
  size_t width = 1;
  for (size_t k = 1; k < d.n_dims; k++) width *= d.dims[k];
  if (d.n_dims == 0 || width != c->width || (d.n_dims == 1) != (c->width == 1))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be rows of %zu numbers", f->path, path, c->width);
  if (*n == ANY_ROWS) *n = d.dims[0];
  if (d.dims[0] != *n)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu rows, %zu expected", f->path, path, d.dims[0], *n);
  MESO_ALLOC(err, x, d.count);
  MESO_TRY(meso_h5_get_doubles(f, path, &d, x, err));
  MESO_TRY(check_values(f, path, c, *n, x, err));
  *ret = x;
  x = NULL;
cleanup:
  meso_h5_dataset_close(&d);
  free(x);
  return status;
}

static bool has(const meso_h5_file *f, const char *group, const char *name)
{
  char path[512];
  (void) snprintf(path, sizeof path, "%s/%s", group, name);
  return meso_h5_has(f->id, path);
}

/* As read_column, into an array of sizes; -1 becomes MESO_NO_PARENT. */
static meso_status read_indices(const meso_h5_file *f, const char *group, const column *c,
                                size_t n, size_t *to, meso_err *err)
{
  meso_status status = MESO_OK;
  double *x = NULL;
  MESO_TRY(read_column(f, group, c, &n, &x, err));
  for (size_t i = 0; i < n; i++) to[i] = x[i] < 0 ? MESO_NO_PARENT : (size_t) x[i];
cleanup:
  free(x);
  return status;
}

/* As read_column, into an array with a stride. */
static meso_status read_into(const meso_h5_file *f, const char *group, const column *c, size_t n,
                             double *to, meso_err *err)
{
  meso_status status = MESO_OK;
  double *x = NULL;
  MESO_TRY(read_column(f, group, c, &n, &x, err));
  memcpy(to, x, n * c->width * sizeof *x);
cleanup:
  free(x);
  return status;
}

/* ---- 2. cell types ------------------------------------------------------------------------ */

/* Sections: their segments follow each other, in the order of sections. */
static meso_status read_sections(const meso_h5_file *f, const char *group, meso_morphology *m,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const column nseg = index_column("sections/nseg", 1, m->n_segments + 1);
  const column parent = index_column("sections/parent", -1, m->n_sections);
  size_t next = 0;
  MESO_TRY(read_indices(f, group, &nseg, m->n_sections, m->section_nseg, err));
  MESO_TRY(read_indices(f, group, &parent, m->n_sections, m->section_parent, err));
  for (size_t s = 0; s < m->n_sections; s++) {
    m->section_first[s] = next;
    next += m->section_nseg[s] <= m->n_segments - next ? m->section_nseg[s] : m->n_segments;
    if (next > m->n_segments) break;
    for (size_t j = m->section_first[s]; j < next; j++) m->segment_section[j] = s;
  }
  if (next != m->n_segments)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s/sections/nseg does not sum to the %zu segments", f->path,
              group, m->n_segments);
cleanup:
  return status;
}

/* Type of each section: that of its first segment; without segments/type dendrite, soma first. */
static meso_status read_section_types(const meso_h5_file *f, const char *group, meso_morphology *m,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  const column type = {"segments/type", 1, true, MESO_SECTION_SOMA, MESO_SECTION_APIC};
  size_t count[MESO_SECTION_APIC + 1] = {0};
  double *x = NULL;
  if (has(f, group, type.name)) {
    size_t n = m->n_segments;
    MESO_TRY(read_column(f, group, &type, &n, &x, err));
  }
  for (size_t s = 0; s < m->n_sections; s++) {
    m->section_type[s] = x != NULL ? (int) x[m->section_first[s]]
                         : s == 0 ? MESO_SECTION_SOMA : MESO_SECTION_DEND;
    m->section_index[s] = count[m->section_type[s]]++;
  }
cleanup:
  free(x);
  return status;
}

/* x, y and z are (segment, 2): start and end. */
static meso_status read_ends(const meso_h5_file *f, const char *group, meso_morphology *m,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const name[3] = {"segments/x", "segments/y", "segments/z"};
  double *x = NULL;
  for (size_t k = 0; k < 3; k++) {
    const column ends = number_column(name[k], 2);
    size_t n = m->n_segments;
    free(x);
    x = NULL;
    MESO_TRY(read_column(f, group, &ends, &n, &x, err));
    for (size_t j = 0; j < n; j++) {
      m->start_um[3 * j + k] = x[2 * j];
      m->end_um[3 * j + k] = x[2 * j + 1];
    }
  }
cleanup:
  free(x);
  return status;
}

static meso_status count_rows(const meso_h5_file *f, const char *group, const char *name, size_t *n,
                              meso_err *err)
{
  double *x = NULL;
  const column any = number_column(name, 1);
  *n = ANY_ROWS;
  const meso_status status = read_column(f, group, &any, n, &x, err);
  free(x);
  return status;
}

static meso_status read_morphology(const meso_h5_file *f, const char *group,
                                   meso_morphology **ret_morphology, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_morphology *m = NULL;
  size_t n_segments, n_nodes, n_sections;
  MESO_TRY(count_rows(f, group, "segments/area", &n_segments, err));
  MESO_TRY(count_rows(f, group, "nodes/parent", &n_nodes, err));
  MESO_TRY(count_rows(f, group, "sections/nseg", &n_sections, err));
  if (n_segments == 0 || n_nodes != n_segments + n_sections)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: %zu nodes; expected one for each of %zu segments and one "
              "for the end of each of %zu sections", f->path, group, n_nodes, n_segments,
              n_sections);
  MESO_TRY(meso_morphology_create(n_sections, n_segments, &m, err));
  const column parent = index_column("nodes/parent", -1, n_nodes);
  const column ri = number_column("nodes/ri", 1), area = number_column("segments/area", 1),
               diam = number_column("segments/diam", 1),
               length = number_column("segments/length", 1);
  MESO_TRY(read_indices(f, group, &parent, n_nodes, m->node_parent, err));
  MESO_TRY(read_into(f, group, &ri, n_nodes, m->ri_MOhm, err));
  MESO_TRY(read_into(f, group, &area, n_segments, m->area_um2, err));
  MESO_TRY(read_into(f, group, &diam, n_segments, m->diam_um, err));
  MESO_TRY(read_into(f, group, &length, n_segments, m->length_um, err));
  MESO_TRY(read_ends(f, group, m, err));
  MESO_TRY(read_sections(f, group, m, err));
  MESO_TRY(read_section_types(f, group, m, err));
  status = meso_morphology_sort_nodes(m, err);
  if (status != MESO_OK)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s/nodes/parent: not a tree whose root is node 0", f->path,
              group);
  *ret_morphology = m;
  m = NULL;
cleanup:
  meso_morphology_destroy(m);
  return status;
}

/* Attribute of the type's group, else of the root. */
static meso_status read_parameter(const meso_h5_file *f, const char *group, const char *name,
                                  double *value, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t at = H5I_INVALID_HID;
  bool found = false;
  if (group[0] != '\0') {
    MESO_H5R(f, err, group, at = H5Oopen(f->id, group, H5P_DEFAULT));
    found = meso_h5_attr_number(at, name, value);
  }
  if (!found && !meso_h5_attr_number(f->id, name, value))
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: attribute %s is missing, or not a number", f->path, name);
cleanup:
  if (at >= 0) (void) H5Oclose(at);
  return status;
}

static meso_status read_type(const meso_h5_file *f, const char *group, const char *name,
                             meso_explicit *p, size_t k, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_morphology *m = NULL;
  double cm, g_pas = 0, e_pas;
  const column leak = number_column("segments/g_pas", 1);
  MESO_TRY(read_parameter(f, group, "cm", &cm, err));
  MESO_TRY(read_parameter(f, group, "e_pas", &e_pas, err));
  if (!has(f, group, leak.name)) MESO_TRY(read_parameter(f, group, "g_pas", &g_pas, err));
  MESO_TRY(read_morphology(f, group, &m, err));
  MESO_TRY(meso_explicit_set_type(p, k, name[0] != '\0' ? name : "cell", m, cm, g_pas, e_pas, err));
  if (has(f, group, leak.name))
    MESO_TRY(read_into(f, group, &leak, m->n_segments, p->type[k].g_pas_S_per_cm2, err));
cleanup:
  return status;
}

/* Names of the cell types: the groups of /morphology, or one without a name. */
static meso_status list_types(const meso_h5_file *f, char ***ret_names, size_t *ret_n,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  if (!meso_h5_has(f->id, "morphology")) {
    MESO_ALLOC(err, *ret_names, 1);
    *ret_n = 1;
    MESO_STRDUP(err, (*ret_names)[0], "");
    return MESO_OK;
  }
  group = H5Gopen2(f->id, "morphology", H5P_DEFAULT);
  if (group < 0) MESO_FAIL(err, MESO_EFORMAT, "%s: /morphology is not a group", f->path);
  MESO_TRY(meso_h5_subgroups(f, group, true, ret_names, ret_n, err));
  if (*ret_n == 0) MESO_FAIL(err, MESO_EFORMAT, "%s: /morphology holds no cell type", f->path);
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

static meso_status read_types(const meso_h5_file *f, char *const *names, meso_explicit *p,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t k = 0; k < p->n_types; k++) {
    char group[400] = "";
    if (strlen(names[k]) > 300)
      MESO_FAIL(err, MESO_EFORMAT, "%s: the name of a cell type is longer than 300 bytes", f->path);
    if (names[k][0] != '\0') (void) snprintf(group, sizeof group, "/morphology/%s", names[k]);
    MESO_TRY(read_type(f, group, names[k], p, k, err));
  }
cleanup:
  return status;
}

/* ---- 3. cells ----------------------------------------------------------------------------- */

static size_t find_type(const meso_explicit *p, const char *name)
{
  for (size_t k = 0; k < p->n_types; k++)
    if (strcmp(p->type[k].name, name) == 0) return k;
  return p->n_types;
}

/* cell/morphology: names of types, or their numbers in the order of names. */
static meso_status read_cell_types(const meso_h5_file *f, meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char dataset[] = "cell/morphology";
  meso_h5_dataset d = {.id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID};
  char **text = NULL;
  double *x = NULL;
  if (p->n_types == 1 && !meso_h5_has(f->id, dataset)) return MESO_OK;
  MESO_TRY(meso_h5_dataset_open(f, f->id, dataset, &d, err));
  if (d.class_of != H5T_STRING) {
    const column c = index_column(dataset, 0, p->n_types);
    size_t n = p->n_cells;
    MESO_TRY(read_column(f, "", &c, &n, &x, err));
    for (size_t i = 0; i < n; i++) p->cell[i].type = (uint32_t) x[i];
    goto cleanup;
  }
  if (d.count != p->n_cells)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu rows, %zu expected", f->path, dataset, d.count,
              p->n_cells);
  MESO_ALLOC(err, text, d.count);
  MESO_TRY(meso_h5_get_strings(f, dataset, &d, text, err));
  for (size_t i = 0; i < p->n_cells; i++) {
    p->cell[i].type = (uint32_t) find_type(p, text[i]);
    if (p->cell[i].type == p->n_types)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: cell %zu is of type '%.80s', which /morphology lacks",
                f->path, i, text[i]);
  }
cleanup:
  if (text != NULL) meso_names_free(text, d.count);
  meso_h5_dataset_close(&d);
  free(x);
  return status;
}

static meso_status read_cells(const meso_h5_file *f, meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const column place = number_column("soma_position", 3), matrix = number_column("rotation", 9),
               angle = number_column("rotation_z", 1);
  double *at = NULL, *turn = NULL;
  size_t n = p->n_cells;
  MESO_TRY(read_column(f, "", &place, &n, &at, err));
  for (size_t i = 0; i < n; i++) memcpy(p->cell[i].soma_um, at + 3 * i, 3 * sizeof *at);
  if (has(f, "", matrix.name) && has(f, "", angle.name))
    MESO_FAIL(err, MESO_EFORMAT, "%s: both rotation and rotation_z: give one", f->path);
  if (has(f, "", matrix.name)) {
    MESO_TRY(read_column(f, "", &matrix, &n, &turn, err));
    for (size_t i = 0; i < n; i++) memcpy(p->cell[i].rotation, turn + 9 * i, 9 * sizeof *turn);
  } else if (has(f, "", angle.name)) {
    MESO_TRY(read_column(f, "", &angle, &n, &turn, err));
    for (size_t i = 0; i < n; i++) meso_rotation_z(turn[i], p->cell[i].rotation);
  }
  MESO_TRY(read_cell_types(f, p, err));
cleanup:
  free(at);
  free(turn);
  return status;
}

/* ---- 4. events ---------------------------------------------------------------------------- */

typedef struct event_columns {
  uint32_t *cell;
  meso_explicit_event *event;
  meso_synapse_kind *kind; /* MESO_EXPLICIT_MAX_KINDS */
  size_t n_kinds;
} event_columns;

static size_t find_kind(event_columns *c, meso_synapse_kind kind)
{
  size_t k = 0;
  while (k < c->n_kinds && (c->kind[k].tau_ms != kind.tau_ms
                            || c->kind[k].tau_rise_ms != kind.tau_rise_ms)) k++;
  if (k == c->n_kinds && k < MESO_EXPLICIT_MAX_KINDS) c->kind[c->n_kinds++] = kind;
  return k;
}

/* tau and tau_rise of each event, else the attributes tau_syn and tau_rise (0 without one). */
static meso_status read_kinds(const meso_h5_file *f, size_t n, event_columns *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const column names[2] = {number_column("tau", 1), number_column("tau_rise", 1)};
  double *x[2] = {NULL, NULL}, all[2] = {0, 0};
  MESO_ALLOC(err, c->kind, MESO_EXPLICIT_MAX_KINDS);
  for (size_t i = 0; i < 2; i++) {
    if (has(f, "/synapse_events", names[i].name))
      MESO_TRY(read_column(f, "/synapse_events", &names[i], &n, &x[i], err));
    else if (!meso_h5_attr_number(f->id, i == 0 ? "tau_syn" : "tau_rise", &all[i]) && i == 0)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: neither synapse_events/tau nor the attribute tau_syn",
                f->path);
  }
  for (size_t e = 0; e < n; e++) {
    const meso_synapse_kind kind = {x[0] != NULL ? x[0][e] : all[0],
                                    x[1] != NULL ? x[1][e] : all[1]};
    const size_t k = find_kind(c, kind);
    if (k == MESO_EXPLICIT_MAX_KINDS)
      MESO_FAIL(err, MESO_ERANGE, "%s: synapse_events: more than %d time courses", f->path,
                MESO_EXPLICIT_MAX_KINDS);
    c->event[e].kind = (uint8_t) k;
  }
cleanup:
  free(x[0]);
  free(x[1]);
  return status;
}

/* Arrival: the dataset step, else time (ms), which snaps to the nearest step. */
static meso_status read_steps(const meso_h5_file *f, size_t n, double dt_ms, event_columns *c,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const bool in_steps = has(f, "/synapse_events", "step");
  const column step = {"step", 1, true, 0, MESO_EXPLICIT_MAX_STEPS};
  const column time = {"time", 1, false, 0, dt_ms * MESO_EXPLICIT_MAX_STEPS};
  double *x = NULL;
  MESO_TRY(read_column(f, "/synapse_events", in_steps ? &step : &time, &n, &x, err));
  for (size_t e = 0; e < n; e++)
    c->event[e].step = (uint32_t) (in_steps ? x[e] : fmax(ceil(x[e] / dt_ms - 0.5 - 1e-9), 0));
cleanup:
  free(x);
  return status;
}

static meso_status read_event_columns(const meso_h5_file *f, const meso_explicit *p, size_t *ret_n,
                                      event_columns *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const column cell = index_column("cell", 0, p->n_cells);
  const column segment = index_column("segment", 0, (size_t) 1 << 24);
  const column weight = number_column("weight", 1);
  size_t n = ANY_ROWS;
  double *x = NULL;
  MESO_TRY(read_column(f, "/synapse_events", &cell, &n, &x, err));
  MESO_ALLOC(err, c->cell, n);
  MESO_ALLOC(err, c->event, n);
  for (size_t e = 0; e < n; e++) c->cell[e] = (uint32_t) x[e];
  free(x);
  x = NULL;
  MESO_TRY(read_column(f, "/synapse_events", &segment, &n, &x, err));
  for (size_t e = 0; e < n; e++) c->event[e].segment = (uint32_t) x[e] & 0xffffffu;
  free(x);
  x = NULL;
  MESO_TRY(read_column(f, "/synapse_events", &weight, &n, &x, err));
  for (size_t e = 0; e < n; e++) c->event[e].weight_nA = x[e];
  MESO_TRY(read_steps(f, n, p->dt_ms, c, err));
  MESO_TRY(read_kinds(f, n, c, err));
  *ret_n = n;
cleanup:
  free(x);
  return status;
}

static meso_status read_events(const meso_h5_file *f, meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  event_columns c = {.cell = NULL};
  size_t n = 0;
  if (meso_h5_has(f->id, "synapse_events")) MESO_TRY(read_event_columns(f, p, &n, &c, err));
  MESO_TRY(meso_explicit_set_events(p, n, c.cell, c.event, err));
  free(p->kind);
  p->kind = c.kind;
  p->n_kinds = c.n_kinds;
  c.kind = NULL;
cleanup:
  free(c.cell);
  free(c.event);
  free(c.kind);
  return status;
}

/* ---- 5. the file -------------------------------------------------------------------------- */

static meso_status read_clock(const meso_h5_file *f, meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  double tstop;
  MESO_TRY(read_parameter(f, "", "dt", &p->dt_ms, err));
  MESO_TRY(read_parameter(f, "", "tstop", &tstop, err));
  MESO_TRY(read_parameter(f, "", "sigma", &p->sigma_S_per_m, err));
  const double steps = round(tstop / p->dt_ms);
  if (!(p->dt_ms > 0 && steps >= 0 && steps <= MESO_EXPLICIT_MAX_STEPS
        && fabs(steps * p->dt_ms - tstop) <= 1e-6 * p->dt_ms))
    MESO_FAIL(err, MESO_EINVAL, "%s: tstop %g ms must be a whole number of steps dt of %g ms, at "
              "most %d", f->path, tstop, p->dt_ms, MESO_EXPLICIT_MAX_STEPS);
  p->n_steps = (size_t) steps;
cleanup:
  return status;
}

static meso_status read_probe(const meso_h5_file *f, meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const column contact = number_column("probe_xyz", 3), box = number_column("csd_z", 2);
  char *method = NULL;
  MESO_TRY(meso_h5_attr_text(f, f->id, "method", &method, err));
  if (method != NULL) {
    free(p->method);
    p->method = method;
  }
  if (has(f, "", contact.name)) {
    p->n_contacts = ANY_ROWS;
    MESO_TRY(read_column(f, "", &contact, &p->n_contacts, &p->contact_um, err));
  }
  if (has(f, "", box.name)) {
    p->n_boxes = ANY_ROWS;
    MESO_TRY(read_column(f, "", &box, &p->n_boxes, &p->box_z_um, err));
    MESO_TRY(read_parameter(f, "", "radius", &p->box_radius_um, err));
  }
cleanup:
  return status;
}

meso_status meso_explicit_read(const char *path, meso_explicit **ret_population, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  meso_explicit *p = NULL;
  char **names = NULL;
  size_t n_types = 0, n_cells = ANY_ROWS;
  double *at = NULL;
  const column place = number_column("soma_position", 3);
  *ret_population = NULL;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(list_types(&f, &names, &n_types, err));
  MESO_TRY(read_column(&f, "", &place, &n_cells, &at, err));
  MESO_TRY(meso_explicit_create(n_types, n_cells, 0, &p, err));
  MESO_TRY(read_clock(&f, p, err));
  MESO_TRY(read_types(&f, names, p, err));
  MESO_TRY(read_cells(&f, p, err));
  MESO_TRY(read_probe(&f, p, err));
  MESO_TRY(read_events(&f, p, err));
  meso_err why = {.status = MESO_OK};
  status = meso_explicit_check(p, &why);
  if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", path, why.msg);
  *ret_population = p;
  p = NULL;
cleanup:
  meso_explicit_destroy(p);
  meso_names_free(names, n_types);
  free(at);
  meso_h5_close(&f);
  return status;
}

/* ---- 6. writing --------------------------------------------------------------------------- */

typedef struct writer {
  meso_h5_file *f;
  hid_t group;
} writer;

static meso_status put(const writer *w, const char *name, const char *units, size_t n, size_t width,
                       const double *x, meso_err *err)
{
  const size_t dims[2] = {n, width};
  const meso_h5_block block = {.name = name, .units = units, .file_type = H5T_IEEE_F64LE,
                               .mem_type = H5T_NATIVE_DOUBLE, .n_dims = width == 1 ? 1 : 2,
                               .dims = dims, .data = x};
  return meso_h5_put(w->f, w->group, &block, NULL, err);
}

/* Whole numbers; MESO_NO_PARENT becomes -1. */
static meso_status put_indices(const writer *w, const char *name, size_t n, const size_t *x,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  int64_t *copy = NULL;
  MESO_ALLOC(err, copy, n);
  for (size_t i = 0; i < n; i++) copy[i] = x[i] == MESO_NO_PARENT ? -1 : (int64_t) x[i];
  const meso_h5_block block = {.name = name, .units = "1", .file_type = H5T_STD_I32LE,
                               .mem_type = H5T_NATIVE_INT64, .n_dims = 1, .dims = &n, .data = copy};
  MESO_TRY(meso_h5_put(w->f, w->group, &block, NULL, err));
cleanup:
  free(copy);
  return status;
}

static meso_status open_group(writer *w, const char *path, meso_err *err)
{
  if (w->group >= 0) (void) H5Gclose(w->group);
  return meso_h5_need_group(w->f, path, &w->group, err);
}

static meso_status write_segments(const writer *w, const meso_explicit_type *t, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const name[3] = {"x", "y", "z"};
  const meso_morphology *m = t->morphology;
  double *x = NULL;
  size_t *type = NULL;
  MESO_ALLOC(err, x, 2 * m->n_segments);
  MESO_ALLOC(err, type, m->n_segments);
  for (size_t k = 0; k < 3; k++) {
    for (size_t j = 0; j < m->n_segments; j++) {
      x[2 * j] = m->start_um[3 * j + k];
      x[2 * j + 1] = m->end_um[3 * j + k];
      type[j] = (size_t) m->section_type[m->segment_section[j]];
    }
    MESO_TRY(put(w, name[k], "um", m->n_segments, 2, x, err));
  }
  MESO_TRY(put(w, "area", "um2", m->n_segments, 1, m->area_um2, err));
  MESO_TRY(put(w, "diam", "um", m->n_segments, 1, m->diam_um, err));
  MESO_TRY(put(w, "length", "um", m->n_segments, 1, m->length_um, err));
  MESO_TRY(put(w, "g_pas", "S/cm2", m->n_segments, 1, t->g_pas_S_per_cm2, err));
  MESO_TRY(put_indices(w, "type", m->n_segments, type, err));
  MESO_TRY(put_indices(w, "section", m->n_segments, m->segment_section, err));
cleanup:
  free(x);
  free(type);
  return status;
}

static meso_status write_type(meso_h5_file *f, const meso_explicit_type *t, meso_err *err)
{
  meso_status status = MESO_OK;
  writer w = {f, H5I_INVALID_HID};
  char path[400];
  const meso_morphology *m = t->morphology;
  if (t->name[0] == '\0' || t->name[0] == '.' || strchr(t->name, '/') != NULL
      || strlen(t->name) > 300)
    MESO_FAIL(err, MESO_EINVAL, "%s: \"%.80s\" cannot be the name of a cell type", f->path,
              t->name);
  (void) snprintf(path, sizeof path, "morphology/%s", t->name);
  if (meso_h5_has(f->id, path))
    MESO_FAIL(err, MESO_EINVAL, "%s: two cell types are called '%s'", f->path, t->name);
  MESO_TRY(open_group(&w, path, err));
  MESO_TRY(meso_h5_put_number(f, w.group, "cm", t->cm_uF_per_cm2, err));
  MESO_TRY(meso_h5_put_number(f, w.group, "e_pas", t->e_pas_mV, err));
  (void) snprintf(path, sizeof path, "morphology/%s/segments", t->name);
  MESO_TRY(open_group(&w, path, err));
  MESO_TRY(write_segments(&w, t, err));
  (void) snprintf(path, sizeof path, "morphology/%s/nodes", t->name);
  MESO_TRY(open_group(&w, path, err));
  MESO_TRY(put_indices(&w, "parent", m->n_nodes, m->node_parent, err));
  MESO_TRY(put(&w, "ri", "MOhm", m->n_nodes, 1, m->ri_MOhm, err));
  (void) snprintf(path, sizeof path, "morphology/%s/sections", t->name);
  MESO_TRY(open_group(&w, path, err));
  MESO_TRY(put_indices(&w, "parent", m->n_sections, m->section_parent, err));
  MESO_TRY(put_indices(&w, "nseg", m->n_sections, m->section_nseg, err));
cleanup:
  if (w.group >= 0) (void) H5Gclose(w.group);
  return status;
}

static meso_status write_cells(const writer *root, const meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = p->n_cells, dims[3] = {n, 3, 3};
  writer w = {root->f, H5I_INVALID_HID};
  double *place = NULL, *matrix = NULL;
  char **type = NULL;
  MESO_ALLOC(err, place, 3 * n);
  MESO_ALLOC(err, matrix, 9 * n);
  MESO_ALLOC(err, type, n);
  for (size_t i = 0; i < n; i++) {
    memcpy(place + 3 * i, p->cell[i].soma_um, 3 * sizeof *place);
    memcpy(matrix + 9 * i, p->cell[i].rotation, 9 * sizeof *matrix);
    type[i] = p->type[p->cell[i].type].name; /* borrowed */
  }
  MESO_TRY(put(root, "soma_position", "um", n, 3, place, err));
  const meso_h5_block block = {.name = "rotation", .units = "1", .file_type = H5T_IEEE_F64LE,
                               .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 3, .dims = dims,
                               .data = matrix};
  MESO_TRY(meso_h5_put(root->f, root->group, &block, NULL, err));
  MESO_TRY(open_group(&w, "cell", err));
  MESO_TRY(meso_h5_put_strings(w.f, w.group, "morphology", 1, &n, type, NULL, err));
cleanup:
  if (w.group >= 0) (void) H5Gclose(w.group);
  free(place);
  free(matrix);
  free(type);
  return status;
}

/* All events cell by cell, held or made on demand. */
static meso_status gather_events(const meso_explicit *p, meso_event_list *all, size_t **ret_cell,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  meso_event_list one = {0};
  size_t *cell = NULL, *first = NULL;
  meso_explicit_event *to;
  MESO_ALLOC(err, first, p->n_cells + 1);
  for (size_t i = 0; i < p->n_cells; i++) {
    one.n = 0;
    if (p->events_of != NULL) {
      MESO_TRY(p->events_of(p->events_user, i, &one, err));
      MESO_TRY(meso_explicit_check_events(p, i, one.n, one.event, err));
    }
    const bool held = p->events_of == NULL && p->event_first != NULL;
    const size_t n = held ? p->event_first[i + 1] - p->event_first[i] : one.n;
    MESO_TRY(meso_event_list_extend(all, n, &to, err));
    if (n > 0) memcpy(to, held ? p->event + p->event_first[i] : one.event, n * sizeof *to);
    first[i + 1] = all->n;
  }
  MESO_ALLOC(err, cell, all->n);
  for (size_t i = 0; i < p->n_cells; i++)
    for (size_t e = first[i]; e < first[i + 1]; e++) cell[e] = i;
  *ret_cell = cell;
  cell = NULL;
cleanup:
  meso_event_list_clear(&one);
  free(cell);
  free(first);
  return status;
}

static meso_status write_events(const writer *w, const meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_event_list all = {0};
  size_t *index = NULL;
  double *x = NULL;
  MESO_TRY(gather_events(p, &all, &index, err));
  MESO_ALLOC(err, x, all.n);
  MESO_TRY(put_indices(w, "cell", all.n, index, err));
  for (size_t e = 0; e < all.n; e++) index[e] = all.event[e].segment;
  MESO_TRY(put_indices(w, "segment", all.n, index, err));
  for (size_t e = 0; e < all.n; e++) index[e] = all.event[e].step;
  MESO_TRY(put_indices(w, "step", all.n, index, err));
  for (size_t e = 0; e < all.n; e++) x[e] = all.event[e].weight_nA;
  MESO_TRY(put(w, "weight", "nA", all.n, 1, x, err));
  for (size_t e = 0; e < all.n; e++) x[e] = p->kind[all.event[e].kind].tau_ms;
  MESO_TRY(put(w, "tau", "ms", all.n, 1, x, err));
  for (size_t e = 0; e < all.n; e++) x[e] = p->kind[all.event[e].kind].tau_rise_ms;
  MESO_TRY(put(w, "tau_rise", "ms", all.n, 1, x, err));
cleanup:
  meso_event_list_clear(&all);
  free(index);
  free(x);
  return status;
}

static meso_status write_root(const writer *w, const meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const struct { const char *name; double value; } number[] = {
    {"dt", p->dt_ms}, {"tstop", (double) p->n_steps * p->dt_ms}, {"sigma", p->sigma_S_per_m},
    {"radius", p->box_radius_um},
  };
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_h5_put_number(w->f, w->group, number[i].name, number[i].value, err));
  MESO_TRY(meso_h5_put_text(w->f, w->group, "method", p->method, err));
  if (p->n_contacts > 0)
    MESO_TRY(put(w, "probe_xyz", "um", p->n_contacts, 3, p->contact_um, err));
  if (p->n_boxes > 0) MESO_TRY(put(w, "csd_z", "um", p->n_boxes, 2, p->box_z_um, err));
cleanup:
  return status;
}

meso_status meso_explicit_write(const char *path, const meso_explicit *p,
                                const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  writer w = {&f, H5I_INVALID_HID};
  MESO_TRY(meso_h5_create(&f, path, "population", provenance, err));
  MESO_TRY(open_group(&w, "/", err));
  MESO_TRY(write_root(&w, p, err));
  for (size_t k = 0; k < p->n_types; k++) MESO_TRY(write_type(&f, &p->type[k], err));
  MESO_TRY(write_cells(&w, p, err));
  MESO_TRY(open_group(&w, "synapse_events", err));
  MESO_TRY(write_events(&w, p, err));
cleanup:
  if (w.group >= 0) (void) H5Gclose(w.group);
  return meso_h5_finish(&f, status, err);
}
