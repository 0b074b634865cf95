/* wiring_run.h: small models of one projection, and their synapses. */
#ifndef MESO_WIRING_RUN_H
#define MESO_WIRING_RUN_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_space.h"
#include "meso_test.h"
#include "meso_wiring.h"

#define AB "source: A, target: B, "

/** Model of populations A (inhibitory) and B and one projection; NULL and a message if refused. If
 *  head has a plane, A is at random places and B on a grid.
 *  @param[out] name  of the file that it was read from */
static inline meso_model *try_model(int n_A, int n_B, const char *head, const char *projection,
                             char name[32], meso_err *err)
{
  static const char *const places[] = {"populations.A.positions=random",
                                       "populations.B.positions=grid"};
  meso_model *m = NULL;
  strcpy(name, "test_wiring_XXXXXX");
  const int fd = mkstemp(name);
  CU_ASSERT_FATAL(fd >= 0);
  FILE *f = fdopen(fd, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fprintf(f, "name: t\nsimulation: {duration_ms: 10}\n%s\npopulations:\n"
          "  - {name: A, size: %d, type: inhibitory}\n  - {name: B, size: %d, type: excitatory}\n"
          "projections:\n  - {%s}\n", head, n_A, n_B, projection);
  fclose(f);
  const size_t n_places = strstr(head, "space") != NULL ? 2 : 0;
  const meso_status st = meso_model_read(name, n_places, places, &m, err);
  CU_ASSERT_EQUAL(st == MESO_OK, m != NULL);
  CU_ASSERT(st == MESO_OK || meso_status_exit_code(st) == 3);
  unlink(name);
  return m;
}

static inline meso_model *make_model(int n_A, int n_B, const char *head, const char *projection)
{
  char name[32];
  meso_err err = {0};
  meso_model *m = try_model(n_A, n_B, head, projection, name, &err);
  if (m == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(m);
  return m;
}

typedef struct wires { meso_wiring *wiring; meso_wiring_row row; } wires;

static inline wires wires_make(const meso_model *m)
{
  wires w = {0};
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w.wiring, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w.wiring, &w.row, &err), MESO_OK);
  return w;
}

static inline void wires_clear(wires *w)
{
  meso_wiring_row_clear(&w->row);
  meso_wiring_destroy(w->wiring);
}

/** Written here once more: the shortest way to any of the nine images. */
static inline double distance(const meso_model *m, const double *a, const double *b)
{
  double shortest = INFINITY;
  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++) {
      if (!m->space.periodic && (i != 0 || j != 0)) continue;
      shortest = fmin(shortest, hypot(a[0] - b[0] + i * m->space.extent_x_um,
                                      a[1] - b[1] + j * m->space.extent_y_um));
    }
  return shortest;
}

#endif
