/* test_explicit.c: explicit populations: round trip through a file, files in the layout of other
 * tools, hostile files. */
#include <hdf5.h>
#include <string.h>
#include <unistd.h>

#include "explicit_population.h"
#include "meso_io_explicit.h"

static const char reference[] = "tests/reference/lfp/population_reference.h5";

/* ---- round trip --------------------------------------------------------------------------- */

static void same_doubles(size_t n, const double *a, const double *b)
{
  MESO_CHECK_EACH(i, n, a[i] == b[i]);
}

static void same_type(const meso_explicit_type *a, const meso_explicit_type *b)
{
  const meso_morphology *m = a->morphology, *k = b->morphology;
  const size_t n = m->n_segments;
  CU_ASSERT_STRING_EQUAL(a->name, b->name);
  CU_ASSERT(a->cm_uF_per_cm2 == b->cm_uF_per_cm2 && a->e_pas_mV == b->e_pas_mV);
  CU_ASSERT_FATAL(n == k->n_segments && m->n_sections == k->n_sections);
  same_doubles(n, a->g_pas_S_per_cm2, b->g_pas_S_per_cm2);
  same_doubles(n, m->area_um2, k->area_um2);
  same_doubles(n, m->diam_um, k->diam_um);
  same_doubles(n, m->length_um, k->length_um);
  same_doubles(3 * n, m->start_um, k->start_um);
  same_doubles(3 * n, m->end_um, k->end_um);
  same_doubles(m->n_nodes, m->ri_MOhm, k->ri_MOhm);
  MESO_CHECK_EACH(j, m->n_nodes, m->node_parent[j] == k->node_parent[j]);
  MESO_CHECK_EACH(j, n, m->segment_section[j] == k->segment_section[j]);
  MESO_CHECK_EACH(s, m->n_sections, m->section_parent[s] == k->section_parent[s]
                  && m->section_first[s] == k->section_first[s]
                  && m->section_nseg[s] == k->section_nseg[s]
                  && m->section_type[s] == k->section_type[s]
                  && m->section_index[s] == k->section_index[s]);
}

static bool same_event(const meso_explicit *p, const meso_explicit_event *a,
                       const meso_explicit *q, const meso_explicit_event *b)
{
  return a->weight_nA == b->weight_nA && a->step == b->step && a->segment == b->segment
    && p->kind[a->kind].tau_ms == q->kind[b->kind].tau_ms
    && p->kind[a->kind].tau_rise_ms == q->kind[b->kind].tau_rise_ms;
}

static void test_round_trip(void)
{
  char path[64];
  meso_err err = {0};
  meso_explicit *p = small_population(11), *q = NULL;
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  p->type[1].g_pas_S_per_cm2[2] = 3e-4;
  explicit_path(path);
  CU_ASSERT_EQUAL_FATAL(meso_explicit_write(path, p, &(meso_provenance) {0}, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_explicit_read(path, &q, &err), MESO_OK);
  CU_ASSERT_FATAL(q->n_types == p->n_types && q->n_cells == p->n_cells);
  CU_ASSERT(q->n_steps == p->n_steps && q->dt_ms == p->dt_ms);
  CU_ASSERT(q->sigma_S_per_m == p->sigma_S_per_m && q->box_radius_um == p->box_radius_um);
  CU_ASSERT_STRING_EQUAL(q->method, p->method);
  CU_ASSERT_FATAL(q->n_contacts == p->n_contacts && q->n_boxes == p->n_boxes);
  same_doubles(3 * p->n_contacts, p->contact_um, q->contact_um);
  same_doubles(2 * p->n_boxes, p->box_z_um, q->box_z_um);
  for (size_t k = 0; k < p->n_types; k++) same_type(&p->type[k], &q->type[k]);
  MESO_CHECK_EACH(i, p->n_cells, p->cell[i].type == q->cell[i].type);
  for (size_t i = 0; i < p->n_cells; i++) {
    same_doubles(3, p->cell[i].soma_um, q->cell[i].soma_um);
    same_doubles(9, p->cell[i].rotation, q->cell[i].rotation);
  }
  MESO_CHECK_EACH(i, p->n_cells + 1, p->event_first[i] == q->event_first[i]);
  MESO_CHECK_EACH(e, p->event_first[p->n_cells], same_event(p, &p->event[e], q, &q->event[e]));
  meso_explicit_destroy(q);
  meso_explicit_destroy(p);
  unlink(path);
}

/* Events on demand end up in the file as held ones do. */
static meso_status events_of_held(void *user, size_t cell, meso_event_list *list, meso_err *err)
{
  const meso_explicit *held = user;
  const size_t n = held->event_first[cell + 1] - held->event_first[cell];
  meso_explicit_event *to;
  const meso_status status = meso_event_list_extend(list, n, &to, err);
  if (status == MESO_OK && n > 0)
    memcpy(to, held->event + held->event_first[cell], n * sizeof *to);
  return status;
}

static void test_events_on_demand(void)
{
  char path[2][64], digest[2][65];
  meso_explicit *p = small_population(9), *held = small_population(9);
  for (int k = 0; k < 2; k++) {
    explicit_path(path[k]);
    CU_ASSERT_FATAL(meso_explicit_write(path[k], p, &(meso_provenance) {0}, NULL) == MESO_OK);
    CU_ASSERT(meso_file_digest(path[k], digest[k], NULL) == MESO_OK);
    p->events_of = events_of_held;
    p->events_user = held;
    unlink(path[k]);
  }
  CU_ASSERT_STRING_EQUAL(digest[0], digest[1]);
  meso_explicit_destroy(p);
  meso_explicit_destroy(held);
}

/* ---- other layouts ------------------------------------------------------------------------ */

static void test_reference_layout(void)
{
  meso_explicit *p = NULL;
  meso_err err = {0};
  const meso_status status = meso_explicit_read(meso_test_path(reference), &p, &err);
  if (status != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_FATAL(status == MESO_OK);
  CU_ASSERT(p->n_types == 1 && p->n_cells == 100 && p->n_kinds == 1 && p->n_steps == 2000);
  CU_ASSERT(p->kind[0].tau_ms == 0.5 && p->kind[0].tau_rise_ms == 0);
  CU_ASSERT(p->n_contacts == 16 && p->n_boxes == 16 && p->box_radius_um == 564.19);
  meso_morphology *m = reference_cell("pyramid_l5");
  if (m != NULL) {
    CU_ASSERT_FATAL(m->n_segments == p->type[0].morphology->n_segments);
    MESO_CHECK_WORST(j, m->n_segments, fabs(m->area_um2[j] - p->type[0].morphology->area_um2[j]),
                     1e-9);
    MESO_CHECK_EACH(s, m->n_sections,
                    m->section_type[s] == p->type[0].morphology->section_type[s]
                    && m->section_index[s] == p->type[0].morphology->section_index[s]);
  }
  meso_morphology_destroy(m);
  meso_explicit_destroy(p);
}

/* The soma ends where it should, the distances within the cell stay. */
static void test_place(void)
{
  meso_explicit *p = small_population(3);
  const meso_morphology *m = p->type[1].morphology; /* has a width */
  double *start = calloc(3 * m->n_segments, sizeof *start);
  double *end = calloc(3 * m->n_segments, sizeof *end);
  p->cell[0] = (meso_explicit_cell) {.type = 1, .soma_um = {10, 20, -30}};
  meso_rotation_z(M_PI / 2, p->cell[0].rotation);
  meso_explicit_place(p, 0, start, end);
  const size_t tip = m->n_segments - 1;
  for (size_t k = 0; k < 3; k++)
    MESO_CHECK_CLOSE(p->cell[0].soma_um[k], (start[k] + end[k]) / 2, 1e-14, 1e-12);
  const double *before = m->end_um + 3 * tip;
  const double x = before[0] - (m->start_um[0] + m->end_um[0]) / 2;
  const double y = before[1] - (m->start_um[1] + m->end_um[1]) / 2;
  CU_ASSERT(fabs(x) > 10 || fabs(y) > 10);
  MESO_CHECK_CLOSE(10 - y, end[3 * tip], 1e-12, 1e-9);
  MESO_CHECK_CLOSE(20 + x, end[3 * tip + 1], 1e-12, 1e-9);
  free(start);
  free(end);
  meso_explicit_destroy(p);
}

/* ---- hostile files ------------------------------------------------------------------------ */

/* One change to a good file: an attribute, one element of a dataset, or an object that goes. */
typedef struct damage {
  const char *object, *attribute;
  size_t element;
  double value;
  const char *word;     /* must be in the message */
} damage;

static void set_element(hid_t file, const damage *d)
{
  const hid_t dset = H5Dopen2(file, d->object, H5P_DEFAULT), space = H5Dget_space(dset);
  const size_t n = (size_t) H5Sget_simple_extent_npoints(space);
  double *x = calloc(n, sizeof *x);
  CU_ASSERT_FATAL(d->element < n);
  CU_ASSERT(H5Dread(dset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
  x[d->element] = d->value;
  CU_ASSERT(H5Dwrite(dset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
  free(x);
  (void) H5Sclose(space);
  (void) H5Dclose(dset);
}

static void apply(const char *path, const damage *d)
{
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  CU_ASSERT_FATAL(file >= 0);
  if (d->attribute != NULL) {
    const hid_t at = H5Oopen(file, d->object, H5P_DEFAULT);
    const hid_t attr = H5Aopen(at, d->attribute, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(attr, H5T_NATIVE_DOUBLE, &d->value) >= 0);
    (void) H5Aclose(attr);
    (void) H5Oclose(at);
  } else if (d->element == SIZE_MAX) {
    CU_ASSERT(H5Ldelete(file, d->object, H5P_DEFAULT) >= 0);
  } else {
    set_element(file, d);
  }
  CU_ASSERT(H5Fclose(file) >= 0);
}

#define GONE SIZE_MAX
#define Y "/morphology/y_branch/"
static const damage damages[] = {
  {"/", "dt", 0, 0, "dt"},
  {"/", "dt", 0, NAN, "dt"},
  {"/", "tstop", 0, 12.345, "tstop"},
  {"/", "tstop", 0, 1e15, "tstop"},
  {"/", "tstop", 0, -1, "tstop"},
  {"/", "sigma", 0, 0, "sigma"},
  {"/", "sigma", 0, INFINITY, "sigma"},
  {"/", "radius", 0, -3, "radius"},
  {"/morphology/y_branch", "cm", 0, -1, "cm"},
  {"/morphology/y_branch", "e_pas", 0, NAN, "e_pas"},
  {"/soma_position", NULL, 4, NAN, "soma_position: row 1"},
  {"/soma_position", NULL, 4, 1e9, "soma"},
  {"/soma_position", NULL, GONE, 0, "soma_position"},
  {"/rotation", NULL, 0, 2, "orthogonal"},
  {"/morphology", NULL, GONE, 0, "attribute cm"},
  {"/cell", NULL, GONE, 0, "cell/morphology"},
  {Y "nodes", NULL, GONE, 0, "nodes/parent"},
  {Y "segments/area", NULL, 3, 0, "segment 3"},
  {Y "segments/area", NULL, 3, NAN, "area: row 3"},
  {Y "segments/diam", NULL, 1, -1, "segment 1"},
  {Y "segments/length", NULL, 0, 0, "segment 0"},
  {Y "segments/x", NULL, 3, 1e9, "beyond"},
  {Y "segments/g_pas", NULL, 2, -1e-9, "leak of segment 2"},
  {Y "segments/type", NULL, 2, 9, "type: row 2"},
  {Y "nodes/parent", NULL, 4, 4, "not a tree"},
  {Y "nodes/parent", NULL, 4, -1, "not a tree"},
  {Y "nodes/parent", NULL, 4, 1e6, "parent: row 4"},
  {Y "nodes/parent", NULL, 0, 1, "not a tree"},
  {Y "nodes/ri", NULL, 4, 0, "axial resistance of node 4"},
  {Y "sections/nseg", NULL, 1, 1e5, "nseg"},
  {Y "sections/nseg", NULL, 1, 0, "nseg: row 1"},
  {"/synapse_events/cell", NULL, 7, 99, "cell: row 7"},
  {"/synapse_events/cell", NULL, 7, -1, "cell: row 7"},
  {"/synapse_events/segment", NULL, 7, 1e5, "segment 100000 of"},
  {"/synapse_events/segment", NULL, 7, -3, "segment: row 7"},
  {"/synapse_events/step", NULL, 7, -2, "step: row 7"},
  {"/synapse_events/weight", NULL, 7, NAN, "weight: row 7"},
  {"/synapse_events/weight", NULL, 7, 1e10, "weight"},
  {"/synapse_events/tau", NULL, 7, 0, "tau"},
  {"/synapse_events/tau_rise", NULL, 7, 1e4, "rise"},
  {"/synapse_events/tau", NULL, GONE, 0, "tau_syn"},
  {"/synapse_events/segment", NULL, GONE, 0, "segment"},
  {"/probe_xyz", NULL, 2, NAN, "probe_xyz: row 0"},
  {"/csd_z", NULL, 0, 500, "box 0"},
};

static void test_hostile_files(void)
{
  meso_explicit *p = small_population(9);
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
    char path[64];
    meso_explicit *q = NULL;
    meso_err err = {0};
    explicit_path(path);
    CU_ASSERT_FATAL(meso_explicit_write(path, p, &(meso_provenance) {0}, NULL) == MESO_OK);
    apply(path, &damages[i]);
    const meso_status status = meso_explicit_read(path, &q, &err);
    const bool answered = meso_status_exit_code(status) == 3
      && strstr(err.msg, damages[i].word) != NULL && strstr(err.msg, path) != NULL
      && strchr(err.msg, '\n') == NULL && q == NULL;
    if (!answered) printf("# damage %zu: status %d '%s'\n", i, (int) status, err.msg);
    CU_ASSERT(answered);
    meso_explicit_destroy(q);
    unlink(path);
  }
  meso_explicit_destroy(p);
}

/* What cannot come from a file. */
static void test_bad_populations(void)
{
  meso_explicit *p = small_population(9);
  meso_err err = {0};
  const uint32_t cell = 9;
  CU_ASSERT(meso_explicit_set_events(p, 1, &cell, p->event, &err) == MESO_EINVAL);
  p->cell[3].type = 3;
  CU_ASSERT(meso_explicit_check(p, &err) == MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "cell 3"));
  p->cell[3].type = 0;
  CU_ASSERT(meso_explicit_check(p, &err) == MESO_OK);
  for (size_t k = 0; k < 9; k++) p->cell[2].rotation[k] *= -1;
  CU_ASSERT(meso_explicit_check(p, &err) == MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "cell 2: its rotation is a reflection"));
  for (size_t k = 0; k < 9; k++) p->cell[2].rotation[k] *= -1;
  p->event[5].kind = 200;
  CU_ASSERT(meso_explicit_check(p, &err) == MESO_EINVAL);
  meso_explicit_destroy(p);
  CU_ASSERT(meso_explicit_create(1, 1, 257, &p, &err) == MESO_ERANGE);
  CU_ASSERT(meso_explicit_create(2, 1, 1, &p, &err) == MESO_OK);
  CU_ASSERT(meso_explicit_check(p, &err) == MESO_EINVAL); /* types never filled in */
  meso_explicit_destroy(p);
  meso_explicit_destroy(NULL);
}

int main(void)
{
  static const meso_test tests[] = {
    {"round trip", test_round_trip},
    {"events on demand", test_events_on_demand},
    {"reference layout", test_reference_layout},
    {"places", test_place},
    {"hostile files", test_hostile_files},
    {"bad populations", test_bad_populations},
    {NULL, NULL}};
  return meso_test_main("explicit", tests);
}
