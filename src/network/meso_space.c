/* meso_space.c: places and distances. */
#include "meso_space.h"

#include <math.h>
#include <string.h>

#include "meso_rng.h"

const char *const meso_space_profile_name[3] = {
  [MESO_PROFILE_NONE] = "none", [MESO_PROFILE_EXPONENTIAL] = "exponential",
  [MESO_PROFILE_GAUSSIAN] = "gaussian"};

/** Column and row numbers of a grid for n neurons whose cells are as square as can be. */
static void grid_shape(const meso_space *s, double n, double *n_x, double *n_y)
{
  *n_x = fmax(1, rint(sqrt(n * s->extent_x_um / s->extent_y_um)));
  *n_y = ceil(n / *n_x);
}

void meso_space_place(const meso_model *m, size_t population, double *xy)
{
  const meso_population *p = &m->population[population];
  const meso_space *s = &m->space;
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_POSITION);
  double n_x, n_y;
  grid_shape(s, (double) p->column_size, &n_x, &n_y);
  for (int64_t i = 0; i < p->size; i++) {
    const double column = (double) (i / p->column_size), own = (double) (i % p->column_size);
    double u = (fmod(own, n_x) + 0.5) / n_x, v = (floor(own / n_x) + 0.5) / n_y;
    if (p->positions == MESO_POSITIONS_RANDOM) {
      const uint64_t identity = meso_model_identity(p, i);
      const uint32_t counter[4] = {(uint32_t) identity, (uint32_t) (identity >> 32), 0, 0};
      uint32_t word[4];
      meso_rng_block(key, counter, word);
      u = meso_rng_uniform(word[0], word[1]);
      v = meso_rng_uniform(word[2], word[3]);
    }
    xy[2 * i] = (u - 0.5 + column) * s->extent_x_um;
    xy[2 * i + 1] = (v - 0.5) * s->extent_y_um;
  }
}

double meso_space_depth_um(const meso_model *m, size_t population)
{
  for (size_t i = 0; i < m->n_layers; i++)
    if (strcmp(m->layer[i].name, m->population[population].layer) == 0)
      return 0.5 * (m->layer[i].z_top_um + m->layer[i].z_bottom_um);
  return 0;
}

double meso_space_distance_um(const meso_space *s, const double a[2], const double b[2])
{
  double dx = a[0] - b[0], dy = a[1] - b[1];
  if (s->periodic) {
    dx -= s->extent_x_um * rint(dx / s->extent_x_um);
    dy -= s->extent_y_um * rint(dy / s->extent_y_um);
  }
  return sqrt(dx * dx + dy * dy);
}

double meso_space_farthest_um(const meso_space *s)
{
  return (s->periodic ? 0.5 : 1.0) * hypot(s->extent_x_um, s->extent_y_um);
}

bool meso_space_matters(const meso_projection *p)
{
  return p->profile != MESO_PROFILE_NONE || p->mask_radius_um > 0;
}

double meso_space_profile(const meso_projection *p, double r)
{
  const double x = r / p->profile_length_um;
  if (p->mask_radius_um > 0 && r > p->mask_radius_um) return 0;
  if (p->profile == MESO_PROFILE_EXPONENTIAL) return exp(-x);
  return p->profile == MESO_PROFILE_GAUSSIAN ? exp(-0.5 * x * x) : 1;
}

/** By the midpoint rule over the differences of two places, whose density in a rectangle falls
 *  linearly and on a torus is constant; one quarter stands for all. */
double meso_space_mean_profile(const meso_model *m, const meso_projection *p)
{
  enum { N = 1000 };
  const meso_space *s = &m->space;
  const double reach = s->periodic ? 0.5 : 1.0;
  double sum = 0, weights = 0;
  if (!meso_space_matters(p)) return 1;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      const double u = reach * (i + 0.5) / N, v = reach * (j + 0.5) / N;
      const double weight = s->periodic ? 1 : (1 - u) * (1 - v);
      const double x = u * s->extent_x_um, y = v * s->extent_y_um;
      sum += weight * meso_space_profile(p, sqrt(x * x + y * y));
      weights += weight;
    }
  return sum / weights;
}
