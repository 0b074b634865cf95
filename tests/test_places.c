/* test_places.c: places in a box and from a file, and what depends on distance in three
 * dimensions. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_cdf.h>

#include "meso_engine.h"
#include "meso_space.h"
#include "meso_test.h"
#include "meso_wiring.h"

static char folder[32];

static void put(const char *name, const char *text)
{
  char path[64];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
}

static void enter(void)
{
  strcpy(folder, "test_places_XXXXXX");
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void leave(void)
{
  char path[64];
  snprintf(path, sizeof path, "%s/m.yaml", folder);
  (void) remove(path);
  snprintf(path, sizeof path, "%s/a.csv", folder);
  (void) remove(path);
  CU_ASSERT_EQUAL(rmdir(folder), 0);
}

/** A in layer U (middle -100 um), B in layer L (middle -350 um), one projection. */
static meso_model *try_model(const char *space, int n_A, const char *A, int n_B, const char *B,
                             const char *projection, meso_err *err)
{
  char text[1500], path[64];
  meso_model *m = NULL;
  snprintf(text, sizeof text, "name: t\nsimulation: {duration_ms: 100}\nspace: {%s}\nlayers:\n"
           "  - {name: U, z_top_um: 0, z_bottom_um: -200}\n"
           "  - {name: L, z_top_um: -200, z_bottom_um: -500}\npopulations:\n"
           "  - {name: A, layer: U, size: %d, type: inhibitory, K_ext: 2000, %s}\n"
           "  - {name: B, layer: L, size: %d, type: excitatory, K_ext: 2000, %s}\n"
           "projections:\n  - {source: A, target: B, %s}\n", space, n_A, A, n_B, B, projection);
  put("m.yaml", text);
  snprintf(path, sizeof path, "%s/m.yaml", folder);
  const meso_status st = meso_model_read(path, 0, NULL, &m, err);
  CU_ASSERT_EQUAL(st == MESO_OK, m != NULL);
  CU_ASSERT(st == MESO_OK || meso_status_exit_code(st) == 3);
  return m;
}

static meso_model *make_model(const char *space, int n_A, const char *A, int n_B, const char *B,
                              const char *projection)
{
  meso_err err = {0};
  meso_model *m = try_model(space, n_A, A, n_B, B, projection, &err);
  if (m == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(m);
  return m;
}

#define BOX "extent_x_um: 600, extent_y_um: 400, extent_z_um: 180"
#define NOTHING "n_synapses: 0"

/** Random places fill the box around the middle of the layer; a grid has cubes for cells. */
static void places_fill_the_box(void)
{
  enum { N = 30000, BINS = 6 };
  static double xyz[3 * N];
  static unsigned observed[BINS * BINS * BINS];
  enter();
  meso_model *m = make_model(BOX, N, "positions: random", 48, "positions: grid", NOTHING);
  meso_space_place(m, 0, xyz);
  for (int i = 0; i < N; i++) {
    const int x = (int) ((xyz[3 * i] / 600 + 0.5) * BINS);
    const int y = (int) ((xyz[3 * i + 1] / 400 + 0.5) * BINS);
    const int z = (int) (((xyz[3 * i + 2] + 100) / 180 + 0.5) * BINS);
    CU_ASSERT_FATAL(x >= 0 && x < BINS && y >= 0 && y < BINS && z >= 0 && z < BINS);
    observed[(x * BINS + y) * BINS + z]++;
  }
  double chi2 = 0;
  for (int b = 0; b < BINS * BINS * BINS; b++) {
    const double expected = (double) N / (BINS * BINS * BINS);
    chi2 += (observed[b] - expected) * (observed[b] - expected) / expected;
  }
  printf("# chi-square %.1f, 215 degrees of freedom\n", chi2);
  CU_ASSERT(gsl_cdf_chisq_Q(chi2, 215) > 1e-4);
  meso_space_place(m, 1, xyz);
  for (int i = 0; i < 48; i++) { /* 6 x 4 x 2 cells of 100 x 100 x 90 um */
    MESO_CHECK_CLOSE(-250 + 100 * (i % 6), xyz[3 * i], 0, 1e-9);
    MESO_CHECK_CLOSE(-150 + 100 * (i / 6 % 4), xyz[3 * i + 1], 0, 1e-9);
    MESO_CHECK_CLOSE(i < 24 ? -395 : -305, xyz[3 * i + 2], 0, 1e-9);
  }
  meso_model_destroy(m);
  leave();
}

/** Synapses by distance in three dimensions, over seeds, against the sums of probabilities. */
static void check_distance(const char *space, const char *A, int n_A, bool periodic)
{
  enum { N_B = 90, BINS = 14, SEEDS = 50 };
  static double a[3 * 100], b[3 * N_B];
  double seen[BINS] = {0}, expected[BINS] = {0}, variance[BINS] = {0}, chi2 = 0, dof = 0, all = 0;
  meso_model *m = make_model(space, n_A, A, N_B, "positions: random",
                             "rule: pairwise_bernoulli, probability: 0.9, profile: exponential, "
                             "profile_length_um: 200");
  for (m->simulation.seed = 1; m->simulation.seed <= SEEDS; m->simulation.seed++) {
    meso_wiring *w = NULL;
    meso_wiring_row row;
    CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &row, NULL), MESO_OK);
    meso_space_place(m, 0, a);
    meso_space_place(m, 1, b);
    for (uint32_t i = 0; i < N_B; i++) {
      bool is_source[100] = {false};
      for (uint32_t k = 0; k < w->projection[0].in_degree[i]; k++) {
        uint32_t source;
        meso_wiring_draw_sources(w, &row, 0, i, k, 1, &source);
        is_source[source] = true;
      }
      for (int j = 0; j < n_A; j++) {
        double dx = fabs(a[3 * j] - b[3 * i]), dy = fabs(a[3 * j + 1] - b[3 * i + 1]);
        const double dz = a[3 * j + 2] - b[3 * i + 2];
        if (periodic) dx = fmin(dx, 600 - dx), dy = fmin(dy, 400 - dy);
        const double r = sqrt(dx * dx + dy * dy + dz * dz), p = 0.9 * exp(-r / 200);
        const int bin = (int) fmin(r / 60, BINS - 1);
        seen[bin] += is_source[j], expected[bin] += p, variance[bin] += p * (1 - p);
        all += p / SEEDS;
      }
    }
    meso_wiring_row_clear(&row);
    meso_wiring_destroy(w);
  }
  for (int k = 0; k < BINS; k++) {
    if (variance[k] < 10) continue;
    chi2 += (seen[k] - expected[k]) * (seen[k] - expected[k]) / variance[k];
    dof++;
  }
  printf("# %s: chi-square %.1f, %.0f classes; expected %.1f, said %.0f\n", A, chi2, dof, all,
         (double) m->n_synapses);
  CU_ASSERT(dof >= 4 && gsl_cdf_chisq_Q(chi2, dof) > 1e-4);
  MESO_CHECK_CLOSE(all, (double) m->n_synapses, 0.03, 0);
  meso_model_destroy(m);
}

static void probability_falls_in_three_dimensions(void)
{
  char text[8000] = "x_um,y_um,z_um\n";
  enter();
  check_distance(BOX, "positions: random", 100, false);
  check_distance(BOX ", periodic: true", "positions: grid", 100, true);
  for (int i = 0; i < 40; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%d, %d, %d\n", -290 + 14 * i,
             (i * 67) % 390 - 195, -20 - (i * 31) % 160);
  put("a.csv", text);
  check_distance(BOX, "positions: file, positions_file: a.csv", 40, false);
  leave();
}

/** Places of the file, in the model and beside the spikes; delays that grow with the way. */
static void places_come_from_the_file(void)
{
  static const double at[] = {0, 0, -100, 100, -50, -20, -299.5, 199.5, -189};
  double xyz[9];
  enter();
  put("a.csv", "0 0 -100\n100 -50 -20\n-299.5 199.5 -189 # last\n");
  meso_model *m = make_model(BOX, 3, "positions: file, positions_file: a.csv", 20,
                             "positions: grid", "rule: all_to_all, delay_ms_per_um: 0.01, "
                             "delay_mean_ms: 1, delay_distribution: constant");
  meso_space_place(m, 0, xyz);
  CU_ASSERT_EQUAL(memcmp(xyz, at, sizeof at), 0);
  double b[60];
  meso_space_place(m, 1, b);
  meso_wiring *w = NULL;
  meso_wiring_row row;
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &row, NULL), MESO_OK);
  for (uint32_t i = 0; i < 20; i++) {
    uint32_t source[3];
    uint16_t code[3];
    uint8_t delay[3];
    meso_wiring_draw(w, &row, 0, i, 0, 3, source, code, delay);
    for (int k = 0; k < 3; k++) {
      const double *from = at + 3 * source[k], *to = b + 3 * i;
      const double r = sqrt(pow(from[0] - to[0], 2) + pow(from[1] - to[1], 2) +
                            pow(from[2] - to[2], 2));
      CU_ASSERT(fabs(10 + 0.1 * r - delay[k]) <= 0.5 + 1e-9);
      CU_ASSERT(r <= meso_space_farthest_um(m));
    }
  }
  meso_wiring_row_clear(&row);
  meso_wiring_destroy(w);
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(m, 2, NULL, &s, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL(memcmp(s->population[0].position_um, at, sizeof at), 0);
  meso_spikes_destroy(s);
  char *one = meso_model_canonical(m, MESO_SECTION_NETWORK);
  meso_model_destroy(m);
  put("a.csv", "0 0 -100\n100 -50 -20\n-299.5 199.5 -188\n");
  m = make_model(BOX, 3, "positions: file, positions_file: a.csv", 20, "positions: grid", NOTHING);
  char *two = meso_model_canonical(m, MESO_SECTION_NETWORK);
  CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(one, "positions_sha256 = "));
  CU_ASSERT(strncmp(strstr(one, "sha256"), strstr(two, "sha256"), 60) != 0);
  free(one);
  free(two);
  meso_model_destroy(m);
  leave();
}

static void impossible_places_are_refused(void)
{
  static const struct { const char *space, *A, *message; } cases[] = {
    {BOX, "positions: file", "A.positions_file = : goes with positions file, and only with it"},
    {BOX, "positions: grid, positions_file: a.csv",
     "A.positions_file = a.csv: goes with positions file"},
    {BOX, "positions: file, positions_file: no.csv", "no.csv"},
    {"extent_z_um: 50", "positions: file, positions_file: a.csv",
     "A.positions_file = a.csv: place 1, (1, 2, -150) um, is not within the extent of space around "
     "(0, 0, -100) um"},
    {"extent_x_um: 600}\nscaling: {N: 2", "positions: file, positions_file: a.csv",
     "A.positions = file: cannot follow scaling.N"},
  };
  enter();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    meso_err err = {0};
    put("a.csv", "0,0,-100\n1,2,-150\n3,4,-100\n");
    CU_ASSERT_PTR_NULL(try_model(cases[i].space, 3, cases[i].A, 2, "positions: grid", NOTHING,
                                 &err));
    if (strstr(err.msg, cases[i].message) == NULL)
      printf("# got  %s\n# want %s\n", err.msg, cases[i].message);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cases[i].message));
  }
  meso_err err = {0};
  CU_ASSERT_PTR_NULL(try_model(BOX, 4, "positions: file, positions_file: a.csv", 2,
                               "positions: grid", NOTHING, &err));
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "has 3 places; the population has 4 neurons"));
  leave();
}

int main(void)
{
  static const meso_test tests[] = {
    {"places_fill_the_box", places_fill_the_box},
    {"probability_falls_in_three_dimensions", probability_falls_in_three_dimensions},
    {"places_come_from_the_file", places_come_from_the_file},
    {"impossible_places_are_refused", impossible_places_are_refused},
    {NULL, NULL},
  };
  return meso_test_main("places", tests);
}
