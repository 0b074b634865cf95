/* test_cable.c: cable against golden files and closed forms. */
#include <string.h>
#include <unistd.h>

#include "lfp_golden.h"
#include "meso_cable.h"

static const char golden_file[] = "tests/reference/lfp/cell_reference.h5";
static const char *const cells[] = {"ball_and_stick", "y_branch", "pyramid_l5", "basket"};

static void check_run(const char *cell, double dt_ms, const char *group)
{
  meso_morphology *m = reference_cell(cell);
  if (m == NULL) return;
  size_t n_events;
  char prefix[256];
  const size_t n_steps = (size_t) lround(60 / dt_ms), width = n_steps + 1;
  meso_cable_event *event = golden_events(golden_file, cell, &n_events);
  double *g_pas = calloc(m->n_segments, sizeof *g_pas);
  double *imem = calloc(m->n_segments * width, sizeof *imem);
  double *v = calloc(m->n_segments * width, sizeof *v);
  for (size_t j = 0; j < m->n_segments; j++) g_pas[j] = 1e-4;
  const meso_cable cable = {1, -65, g_pas, dt_ms, n_steps};
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_cable_run(m, &cable, n_events, event, imem, v, &err), MESO_OK);
  (void) snprintf(prefix, sizeof prefix, "%s/%s", cell, group);
  check_golden(golden_file, prefix, "imem", imem, m->n_segments * width, 1e-9);
  check_golden(golden_file, prefix, "v_soma", v, width, 1e-11);
  for (size_t k = 0; k < width; k++) {
    double sum = 0, largest = 0;
    for (size_t j = 0; j < m->n_segments; j++) {
      sum += imem[j * width + k];
      largest = fmax(largest, fabs(imem[j * width + k]));
    }
    CU_ASSERT(fabs(sum) <= 1e-10 * largest + 1e-13);
  }
  free(event);
  free(g_pas);
  free(imem);
  free(v);
  meso_morphology_destroy(m);
}

static void test_golden_currents(void)
{
  for (size_t k = 0; k < 4; k++) {
    check_run(cells[k], 0.0625, "dt_0.0625");
    if (k != 2) check_run(cells[k], 0.1, "dt_0.1");
  }
}

/* One compartment: the recursion has the closed form dt w / C a (a^n - b^n) / (a - b). */
static void test_single_compartment(void)
{
  char path[] = "swc-XXXXXX";
  static const char text[] = "1 1 0 0 0 10 -1\n";
  const int fd = mkstemp(path);
  CU_ASSERT_FATAL(fd >= 0);
  CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t) strlen(text));
  close(fd);
  meso_morphology *m = NULL;
  CU_ASSERT_FATAL(meso_morphology_read(path, &(meso_discretisation) {150, 1, 0.1, 100, 0}, &m, NULL)
                  == MESO_OK);
  unlink(path);
  const double g_pas = 1e-4, C = 4 * M_PI * 100 * 1e-5, w = 0.1, tau = 0.5, dt = 0.1;
  double v[301], imem[301];
  const meso_cable_event event = {0, 0, tau, w, 0};
  CU_ASSERT(meso_cable_run(m, &(meso_cable) {1, -65, &g_pas, dt, 300}, 1, &event, imem, v, NULL)
            == MESO_OK);
  const double a = 1 / (1 + dt / 10), b = exp(-dt / tau);
  double want[301];
  for (int n = 0; n <= 300; n++) want[n] = dt * w / C * a * (pow(a, n) - pow(b, n)) / (a - b);
  MESO_CHECK_WORST(n, 301, fabs(v[n] + 65 - want[n]) - 1e-11 * fabs(want[n]), 1e-12);
  MESO_CHECK_WORST(n, 301, fabs(imem[n]), 1e-13);
  const meso_cable_event bad = {1, 0, tau, w, 0};
  CU_ASSERT(meso_cable_run(m, &(meso_cable) {1, -65, &g_pas, dt, 300}, 1, &bad, imem, v, NULL)
            == MESO_EINVAL);
  meso_morphology_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"golden membrane currents", test_golden_currents},
    {"single compartment", test_single_compartment},
    {NULL, NULL}};
  return meso_test_main("cable", tests);
}
