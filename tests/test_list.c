/* test_list.c: synapses that a file lists, as CSV and as HDF5: they are what the file says, and a
 * list of all pairs is the rule all_to_all. What makes no sense is refused with its line. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hdf5.h>

#include "meso_engine.h"
#include "meso_test.h"
#include "meso_wiring.h"

static char folder[32];

static void enter(void)
{
  strcpy(folder, "test_list_XXXXXX");
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static const char *in_folder(const char *name)
{
  static char path[4][128];
  static int turn;
  char *p = path[turn++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", folder, name);
  return p;
}

static void leave(void)
{
  static const char *const name[] = {"m.yaml", "list.csv", "list.h5"};
  for (size_t i = 0; i < sizeof name / sizeof *name; i++) (void) remove(in_folder(name[i]));
  CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void put(const char *name, const char *text)
{
  FILE *f = fopen(in_folder(name), "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
}

/** A: 6 inhibitory neurons, B: 5 excitatory ones, one projection. */
static meso_model *try_model(const char *head, const char *projection, meso_err *err)
{
  char text[1024];
  meso_model *m = NULL;
  const char *simulation = strstr(head, "simulation") ? "" : "simulation: {duration_ms: 200}\n";
  snprintf(text, sizeof text, "name: t\n%s%s\npopulations:\n"
           "  - {name: A, size: 6, type: inhibitory, K_ext: 2500}\n"
           "  - {name: B, size: 5, type: excitatory, K_ext: 2500}\n"
           "projections:\n  - {%s}\n", simulation, head, projection);
  put("m.yaml", text);
  const meso_status st = meso_model_read(in_folder("m.yaml"), 0, NULL, &m, err);
  CU_ASSERT_EQUAL(st == MESO_OK, m != NULL);
  CU_ASSERT(st == MESO_OK || meso_status_exit_code(st) == 3);
  return m;
}

static meso_model *make_model(const char *projection)
{
  meso_err err = {0};
  meso_model *m = try_model("", projection, &err);
  if (m == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(m);
  return m;
}

typedef struct synapse { uint32_t source, target; double weight_pA, delay_ms; } synapse;

/** All synapses of the only projection, by target. Returns their number. */
static size_t draw_all(const meso_model *m, synapse *to, size_t most, double *step_pA)
{
  meso_wiring *w = NULL;
  meso_wiring_row row;
  meso_err err = {0};
  size_t n = 0;
  const meso_status st = meso_wiring_create(m, &w, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &row, &err), MESO_OK);
  const meso_wiring_projection *q = &w->projection[0];
  for (uint32_t i = 0; i < q->n_targets; i++)
    for (uint32_t k = 0; k < q->in_degree[i]; k++, n++) {
      uint32_t source;
      uint16_t code;
      uint8_t delay;
      CU_ASSERT_FATAL(n < most);
      meso_wiring_draw(w, &row, 0, i, k, 1, &source, &code, &delay);
      to[n] = (synapse) {source, i, q->weight_of_code[code] * w->weight_step_pA, 0.1 * delay};
    }
  *step_pA = w->weight_step_pA;
  meso_wiring_row_clear(&row);
  meso_wiring_destroy(w);
  return n;
}

static const synapse listed[] = { /* by target, as draw_all has them; with a multapse */
  {3, 0, -50, 1.5}, {0, 0, -12.25, 0.1}, {3, 0, -50.5, 2}, {5, 1, 0, 25.5}, {1, 3, -701.3, 0.7},
  {2, 3, -1, 1.5}, {2, 4, -33.3, 3}};
enum { N_LISTED = sizeof listed / sizeof *listed };
/* The same, in another order of targets, with what a CSV file may have. */
static const char csv[] = "# synapses\r\n weight_pA, source,target ,delay_ms\n\n-701.3,1,3,0.7\n"
  "-50,3,0,1.5\n -1 , 2, 3, 1.5\n-12.25,0,0,0.1\n-50.5,3,0,2\n# last ones\n0,5,1,25.5\n-33.3,2,4,3";

static void write_h5(const char *name, size_t n, const double *values, const char *file, int first)
{
  const hid_t f = first ? H5Fcreate(file, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)
                        : H5Fopen(file, H5F_ACC_RDWR, H5P_DEFAULT);
  const hsize_t dims = n;
  const hid_t space = H5Screate_simple(1, &dims, NULL);
  const hid_t set = H5Dcreate2(f, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT,
                               H5P_DEFAULT);
  CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(f);
}

static void synapses_are_those_of_the_file(void)
{
  enter();
  put("list.csv", csv);
  double column[4][N_LISTED];
  for (int i = 0; i < N_LISTED; i++) {
    column[0][i] = listed[i].source, column[1][i] = listed[i].target;
    column[2][i] = listed[i].weight_pA, column[3][i] = listed[i].delay_ms;
  }
  static const char *const name[] = {"source", "target", "weight_pA", "delay_ms"};
  for (int c = 0; c < 4; c++)
    write_h5(name[c], N_LISTED, column[c], in_folder("list.h5"), c == 0);
  for (int h5 = 0; h5 < 2; h5++) {
    synapse drawn[N_LISTED];
    double step_pA = 0, sum = 0;
    meso_model *m = make_model(h5 ? "source: A, target: B, rule: list, file: list.h5"
                                  : "source: A, target: B, rule: list, file: list.csv");
    const meso_projection *p = &m->projection[0];
    CU_ASSERT_EQUAL(p->n_synapses, N_LISTED);
    CU_ASSERT_EQUAL_FATAL(draw_all(m, drawn, N_LISTED, &step_pA), N_LISTED);
    CU_ASSERT(step_pA > 0 && step_pA <= 701.3 / 16383);
    for (int i = 0; i < N_LISTED; i++) {
      CU_ASSERT_EQUAL(drawn[i].source, listed[i].source);
      CU_ASSERT_EQUAL(drawn[i].target, listed[i].target);
      MESO_CHECK_CLOSE(listed[i].weight_pA, drawn[i].weight_pA, 0, 0.5001 * step_pA);
      MESO_CHECK_CLOSE(listed[i].delay_ms, drawn[i].delay_ms, 0, 1e-9);
      sum += listed[i].weight_pA;
    }
    MESO_CHECK_CLOSE(sum / N_LISTED, p->weight_pA, 1e-12, 0);
    MESO_CHECK_CLOSE(2 / 7., meso_wiring_delay_share(m, p, 7), 1e-12, 0);
    MESO_CHECK_CLOSE(4 / 7., meso_wiring_delay_share(m, p, 15), 1e-12, 0);
    MESO_CHECK_CLOSE(1, meso_wiring_delay_share(m, p, 255), 1e-12, 0);
    meso_model_destroy(m);
  }
  leave();
}

static meso_spikes *run(const meso_model *m, int n_threads)
{
  meso_err err = {0};
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(m, n_threads, NULL, &s, NULL, &err), MESO_OK);
  return s;
}

static bool equal(const meso_spikes *a, const meso_spikes *b)
{
  bool same = a->n_populations == b->n_populations;
  for (size_t p = 0; same && p < a->n_populations; p++) {
    const meso_spike_population *x = &a->population[p], *y = &b->population[p];
    same = x->n_spikes == y->n_spikes &&
           memcmp(x->time_ms, y->time_ms, x->n_spikes * sizeof *x->time_ms) == 0 &&
           memcmp(x->id, y->id, x->n_spikes * sizeof *x->id) == 0;
  }
  return same;
}

/** Without weights and delays in the file these are drawn as for other rules: a list of all pairs
 *  gives the spikes of all_to_all, for any number of threads. */
static void all_pairs_are_all_to_all(void)
{
  enter();
  char text[1024] = "source,target\n";
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 6; j++)
      snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d\n", j, i);
  put("list.csv", text);
  meso_model *all = make_model("source: A, target: B, PSP_mV: -0.5, rule: all_to_all");
  meso_spikes *wanted = run(all, 1);
  CU_ASSERT(wanted->population[0].n_spikes > 10 && wanted->population[1].n_spikes > 10);
  meso_model *m = make_model("source: A, target: B, PSP_mV: -0.5, rule: list, file: list.csv");
  for (int n_threads = 1; n_threads <= 7; n_threads += n_threads == 3 ? 4 : 1) {
    meso_spikes *s = run(m, n_threads);
    CU_ASSERT(equal(wanted, s));
    meso_spikes_destroy(s);
  }
  meso_spikes_destroy(wanted);
  meso_model_destroy(m);
  meso_model_destroy(all);
  leave();
}

/** More values than codes: no weight is farther off than half the distance of two codes. */
static void many_weights_are_spaced_evenly(void)
{
  enum { N = 5000 };
  static synapse drawn[N];
  enter();
  FILE *f = fopen(in_folder("list.csv"), "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs("source,target,weight_pA\n", f);
  for (int i = 0; i < N; i++) fprintf(f, "%d,0,%.6f\n", i % 6, -100 - 0.08 * i);
  fclose(f);
  meso_model *m = make_model("source: A, target: B, rule: list, file: list.csv");
  double step_pA = 0, worst = 0, sum = 0;
  CU_ASSERT_EQUAL_FATAL(draw_all(m, drawn, N, &step_pA), N);
  for (int i = 0; i < N; i++) {
    worst = fmax(worst, fabs(drawn[i].weight_pA - (-100 - 0.08 * i)));
    sum += drawn[i].weight_pA;
  }
  printf("# farthest off %.4f pA, step %.4f pA\n", worst, step_pA);
  CU_ASSERT(worst <= 0.5 * 400 / 1023 + step_pA);
  MESO_CHECK_CLOSE(-100 - 0.08 * (N - 1) / 2, sum / N, 1e-4, 0);
  meso_model_destroy(m);
  leave();
}

/** What a stage depends on knows the contents of the file. */
static void canonical_text_knows_the_file(void)
{
  enter();
  char *text[2];
  for (int i = 0; i < 2; i++) {
    put("list.csv", i == 0 ? "source,target\n1,2\n" : "source,target\n1,3\n");
    meso_model *m = make_model("source: A, target: B, rule: list, file: list.csv");
    text[i] = meso_model_canonical(m, MESO_SECTION_NETWORK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text[i]);
    CU_ASSERT_PTR_NOT_NULL(strstr(text[i], "projections.A->B.file = list.csv\n"));
    meso_model_destroy(m);
  }
  CU_ASSERT(strcmp(text[0], text[1]) != 0);
  free(text[0]);
  free(text[1]);
  leave();
}

static void nonsense_is_refused(void)
{
  static const struct { const char *csv, *message; } cases[] = {
    {"source,target\n1,2\n6,2\n", "list.csv:3: source = 6: must be a whole number from 0 to 5"},
    {"source,target\n1,5\n", "list.csv:2: target = 5: must be a whole number from 0 to 4"},
    {"source,target\n1.5,2\n", "list.csv:2: source = 1.5: must be a whole number"},
    {"source,target\n-1,2\n", "list.csv:2: source = -1: must be a whole number"},
    {"source,target\n1,nan\n", "list.csv:2: field 2, \"nan\", must be a finite number"},
    {"source,target\n1,x\n", "list.csv:2: field 2, \"x\", must be a finite number"},
    {"source,target\n1\n", "list.csv:2: must have 2 numbers with commas between them"},
    {"source,target\n1,2,3\n", "list.csv:2: must have 2 numbers with commas between them"},
    {"source,target\n1,\n", "list.csv:2: field 2, \"\", must be a finite number"},
    {"source\n1\n", "list.csv: column target is missing"},
    {"", "list.csv: column source is missing"},
    {"# nothing\n", "list.csv: column source is missing"},
    {"source,target,wight_pA\n", "list.csv:1: column wight_pA is not known; known are source "
     "target weight_pA delay_ms"},
    {"source,target,source\n", "list.csv:1: column source is there twice"},
    {"source target\n", "list.csv:1: names of columns must have commas between them"},
    {"source,target,weight_pA\n1,2,3\n", "list.csv:2: weight_pA = 3: must be -1e9 pA to 0 pA from "
     "an inhibitory population"},
    {"source,target,delay_ms\n1,2,0.04\n", "list.csv:2: delay_ms = 0.04: must be 0.1 ms to "},
    {"source,target,delay_ms\n1,2,25.6\n", "list.csv:2: delay_ms = 25.6: must be 0.1 ms to 25.5"},
  };
  enter();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    meso_err err = {0};
    put("list.csv", cases[i].csv);
    CU_ASSERT_PTR_NULL(try_model("", "source: A, target: B, rule: list, file: list.csv", &err));
    if (strstr(err.msg, cases[i].message) == NULL)
      printf("# got  %s\n# want %s\n", err.msg, cases[i].message);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cases[i].message));
  }
  leave();
}

static void impossible_lists_are_refused(void)
{
  static const struct { const char *head, *projection, *message; } cases[] = {
    {"", "rule: list", "m.yaml:8: projections.A->B.file: is missing; rule list needs it"},
    {"", "rule: list, file: ''", "m.yaml:8: projections.A->B.file = : must be the name of a file"},
    {"", "rule: list, file: no.csv", "no.csv"},
    {"", "rule: list, file: list.csv, allow_multapses: false",
     "m.yaml:8: projections.A->B.allow_multapses = false: does not go with rule list"},
    {"", "rule: list, file: list.csv, indegree: 3",
     "A->B.indegree = 3: rule list does not take it"},
    {"", "rule: all_to_all, file: list.csv",
     "A->B.file = list.csv: rule all_to_all does not take it"},
    {"scaling: {K: 0.5}", "rule: list, file: list.csv",
     "m.yaml:8: projections.A->B.rule = list: cannot follow scaling.N or scaling.K"},
    {"scaling: {N: 2}", "rule: list, file: list.csv", "A->B.rule = list: cannot follow scaling"},
    {"", "rule: list, file: list.csv, mask_radius_um: 5",
     "A->B.mask_radius_um = 5: rule list says itself who is connected"},
  };
  enter();
  put("list.csv", "source,target\n1,2\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    meso_err err = {0};
    char projection[200];
    snprintf(projection, sizeof projection, "source: A, target: B, %s", cases[i].projection);
    CU_ASSERT_PTR_NULL(try_model(cases[i].head, projection, &err));
    if (strstr(err.msg, cases[i].message) == NULL)
      printf("# got  %s\n# want %s\n", err.msg, cases[i].message);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cases[i].message));
  }
  leave();
}

/** A list may be empty. */
static void nothing_is_listed(void)
{
  synapse drawn[1];
  double step_pA = 0;
  enter();
  put("list.csv", "source,target,weight_pA,delay_ms\n");
  meso_model *m = make_model("source: A, target: B, rule: list, file: list.csv");
  CU_ASSERT_EQUAL(draw_all(m, drawn, 1, &step_pA), 0);
  CU_ASSERT_EQUAL(m->n_synapses, 0);
  meso_spikes_destroy(run(m, 2));
  meso_model_destroy(m);
  leave();
}

/* ---- all synapses from an explicit network ------------------------------------------------- */

typedef struct network_file {
  const char *second;                /* name of the second population */
  double dt_ms, first[2], size[2], source[3], target[3], weight[3], delay_steps[3];
  const char *says;                  /* what is said of it; NULL: it is right */
} network_file;

static void put_vector(hid_t f, const char *name, size_t n, const double *values)
{
  const hsize_t dims = n;
  const hid_t space = H5Screate_simple(1, &dims, NULL), links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t set = H5Dcreate2(f, name, H5T_NATIVE_DOUBLE, space, links, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(set);
  H5Pclose(links);
  H5Sclose(space);
}

static void put_network(const network_file *w)
{
  const hsize_t dims = 2;
  const char *const name[] = {"A", w->second};
  const hid_t f = H5Fcreate(in_folder("list.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put_vector(f, "connections/source", 3, w->source);
  put_vector(f, "connections/target", 3, w->target);
  put_vector(f, "connections/weight", 3, w->weight);
  put_vector(f, "connections/delay_steps", 3, w->delay_steps);
  put_vector(f, "populations/first", 2, w->first);
  put_vector(f, "populations/size", 2, w->size);
  const hid_t text = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &dims, NULL);
  H5Tset_size(text, H5T_VARIABLE);
  const hid_t set = H5Dcreate2(f, "populations/name", text, space, H5P_DEFAULT, H5P_DEFAULT,
                               H5P_DEFAULT);
  CU_ASSERT(H5Dwrite(set, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, name) >= 0);
  const hid_t one = H5Screate(H5S_SCALAR);
  const hid_t dt = H5Acreate2(f, "dt_ms", H5T_NATIVE_DOUBLE, one, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT(H5Awrite(dt, H5T_NATIVE_DOUBLE, &w->dt_ms) >= 0);
  H5Aclose(dt);
  H5Dclose(set);
  H5Sclose(one);
  H5Sclose(space);
  H5Tclose(text);
  H5Fclose(f);
}

/** A (6 neurons, inhibitory) to B (5) is the model's only projection; in the file B comes first. */
static void network_takes_the_place_of_rules(void)
{
  static const network_file files[] = {
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, NULL},
    {"B", 0.2, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "dt_ms = 0.2"},
    {"C", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "name: C is no"},
    {"A", 0.1, {5, 0}, {6, 6}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "A is there twi"},
    {"B", 0.1, {5, 0}, {6, 4}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "size: B has 4"},
    {"B", 0.1, {6, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "first: A begin"},
    {"B", 0.1, {5, 0}, {6, 5}, {11, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "0 is 11"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, -1}, {-2, -8, -1}, {3, 1, 255}, "2 is -1"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5.5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 255}, "1 is 5.5"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 9}, {-2, -8, -1}, {3, 1, 255}, "from A to A"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, 8, -1}, {3, 1, 255}, "entry 1 is 8"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, NAN, -1}, {3, 1, 255}, "1 is nan"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 0, 255}, "entry 1 is 0"},
    {"B", 0.1, {5, 0}, {6, 5}, {10, 5, 6}, {0, 4, 0}, {-2, -8, -1}, {3, 1, 256}, "2 is 256"}};
  static const synapse wanted[] = {{5, 0, -2, 0.3}, {1, 0, -1, 25.5}, {0, 4, -8, 0.1}};
  static const char head[] = "simulation: {duration_ms: 200, network_file: list.h5}";
  enter();
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
    meso_err err = {0};
    put_network(&files[k]);
    meso_model *m = try_model(head, "source: A, target: B, PSP_mV: -0.5, rule: all_to_all", &err);
    CU_ASSERT_EQUAL(m == NULL, files[k].says != NULL);
    if (m == NULL) {
      CU_ASSERT(strstr(err.msg, files[k].says) != NULL);
    } else {
      synapse drawn[3];
      double step_pA = 0;
      CU_ASSERT_EQUAL_FATAL(draw_all(m, drawn, 3, &step_pA), 3);
      for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(drawn[i].source, wanted[i].source);
        CU_ASSERT_EQUAL(drawn[i].target, wanted[i].target);
        CU_ASSERT_EQUAL(drawn[i].weight_pA, wanted[i].weight_pA);
        MESO_CHECK_CLOSE(wanted[i].delay_ms, drawn[i].delay_ms, 0, 1e-9);
      }
      CU_ASSERT_EQUAL(m->projection[0].n_synapses, 3);
      MESO_CHECK_CLOSE(-11 / 3., m->projection[0].weight_pA, 1e-12, 0);
      MESO_CHECK_CLOSE(25.9 / 3, m->projection[0].delay_mean_ms, 1e-12, 0);
    }
    meso_model_destroy(m);
  }
  leave();
}

int main(void)
{
  static const meso_test tests[] = {
    {"synapses_are_those_of_the_file", synapses_are_those_of_the_file},
    {"all_pairs_are_all_to_all", all_pairs_are_all_to_all},
    {"many_weights_are_spaced_evenly", many_weights_are_spaced_evenly},
    {"canonical_text_knows_the_file", canonical_text_knows_the_file},
    {"nonsense_is_refused", nonsense_is_refused},
    {"impossible_lists_are_refused", impossible_lists_are_refused},
    {"nothing_is_listed", nothing_is_listed},
    {"network_takes_the_place_of_rules", network_takes_the_place_of_rules},
    {NULL, NULL},
  };
  return meso_test_main("list", tests);
}
