/* explicit_population.h: a small explicit population of two cell types and four kinds of synapse,
 * drawn from a fixed seed, for the tests of what takes such populations. */
#ifndef EXPLICIT_POPULATION_H
#define EXPLICIT_POPULATION_H

#include <string.h>
#include <unistd.h>

#include "lfp_golden.h"
#include "meso_explicit.h"
#include "meso_rng.h"

/* Uniform in (0, 1), counted. */
static inline double draw(uint32_t *counter)
{
  uint32_t word[4];
  const uint32_t at[4] = {(*counter)++, 0, 0, 0};
  meso_rng_block(meso_rng_key_make(7, MESO_RNG_TEST), at, word);
  return meso_rng_uniform(word[0], word[1]);
}

/* Rotation by random angles about z and x. */
static inline void random_rotation(uint32_t *counter, double R[9])
{
  const double a = 2 * M_PI * draw(counter), b = 2 * M_PI * draw(counter);
  const double about_both[9] = {cos(a), -sin(a) * cos(b), sin(a) * sin(b),
                                sin(a), cos(a) * cos(b), -cos(a) * sin(b),
                                0, sin(b), cos(b)};
  memcpy(R, about_both, sizeof about_both);
}

/* Name of a file that is not there. */
static inline void explicit_path(char path[64])
{
  (void) snprintf(path, 64, "explicit-%ld.h5", (long) getpid());
}

static inline void draw_events(meso_explicit *p, size_t n, uint32_t *counter)
{
  uint32_t *cell = calloc(n, sizeof *cell);
  meso_explicit_event *event = calloc(n, sizeof *event);
  for (size_t e = 0; e < n; e++) {
    cell[e] = (uint32_t) (draw(counter) * (double) p->n_cells);
    const meso_morphology *m = p->type[p->cell[cell[e]].type].morphology;
    event[e] = (meso_explicit_event) {
      .weight_nA = draw(counter) - 0.3, .step = (uint32_t) (draw(counter) * 300),
      .segment = (uint32_t) (draw(counter) * (double) m->n_segments) & 0xffffff,
      .kind = (uint32_t) (draw(counter) * (double) p->n_kinds) & 0xff};
  }
  CU_ASSERT(meso_explicit_set_events(p, n, cell, event, NULL) == MESO_OK);
  free(cell);
  free(event);
}

/* n_cells cells with 40 events each, 301 steps; NULL (and a failed check) if it cannot be made. */
static inline meso_explicit *small_population(size_t n_cells)
{
  static const meso_synapse_kind kinds[] = {{0.5, 0}, {2, 0.4}, {1.5, 1.5}, {0.5, 0.5}};
  static const char *const name[] = {"ball_and_stick", "y_branch"};
  static const double contact[] = {40, 0, -100, 0, 60, 0, -30, 20, 150};
  static const double boxes[] = {-100, 0, 0, 100, 100, 300};
  meso_explicit *p = NULL;
  uint32_t counter = 0;
  CU_ASSERT_FATAL(meso_explicit_create(2, n_cells, 4, &p, NULL) == MESO_OK);
  for (size_t k = 0; k < 2; k++)
    CU_ASSERT_FATAL(meso_explicit_set_type(p, k, name[k], reference_cell(name[k]), 1 + (double) k,
                                           1e-4, -65, NULL) == MESO_OK);
  memcpy(p->kind, kinds, sizeof kinds);
  for (size_t i = 0; i < n_cells; i++) {
    p->cell[i].type = i % 3 == 1;
    for (size_t k = 0; k < 3; k++) p->cell[i].soma_um[k] = 200 * (draw(&counter) - 0.5);
    random_rotation(&counter, p->cell[i].rotation);
  }
  p->dt_ms = 0.1;
  p->n_steps = 301; /* a block with a remainder for every instruction set */
  p->sigma_S_per_m = 0.3;
  CU_ASSERT_FATAL(meso_explicit_set_contacts(p, 3, contact, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_explicit_set_boxes(p, 3, boxes, 80, NULL) == MESO_OK);
  draw_events(p, 40 * n_cells, &counter);
  return p;
}

#endif
