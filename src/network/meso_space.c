/* meso_space.c: places and distances. */
#include "meso_space.h"

#include <math.h>
#include <string.h>

#include "meso_rng.h"

/* Along each side of the lattice that stands for random places; a quarter of it in height. */
enum { MESO_SPACE_LATTICE = 32 };

const char *const meso_space_profile_name[3] = {
  [MESO_PROFILE_NONE] = "none", [MESO_PROFILE_EXPONENTIAL] = "exponential",
  [MESO_PROFILE_GAUSSIAN] = "gaussian"};

/** Column and row numbers of a grid for n neurons whose cells are as square as can be. */
static void grid_shape(const meso_space *s, double n, double *n_x, double *n_y)
{
  *n_x = fmax(1, rint(sqrt(n * s->extent_x_um / s->extent_y_um)));
  *n_y = ceil(n / *n_x);
}

/** Place of a neuron of a column on the grid, or at random: 0 to 1 along each side. */
static void place_in_box(const meso_model *m, const meso_population *p, int64_t neuron,
                         double at[3])
{
  const meso_space *s = &m->space;
  const double n = (double) p->column_size, own = (double) (neuron % p->column_size);
  double n_x, n_y, n_z = 1;
  if (s->extent_z_um > 0)
    n_z = fmax(1, rint(cbrt(n * s->extent_z_um * s->extent_z_um /
                            (s->extent_x_um * s->extent_y_um))));
  grid_shape(s, ceil(n / n_z), &n_x, &n_y);
  const double in_plane = fmod(own, n_x * n_y);
  at[0] = (fmod(in_plane, n_x) + 0.5) / n_x;
  at[1] = (floor(in_plane / n_x) + 0.5) / n_y;
  at[2] = (floor(own / (n_x * n_y)) + 0.5) / ceil(n / (n_x * n_y));
  if (p->positions != MESO_POSITIONS_RANDOM) return;
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_POSITION);
  const uint64_t identity = meso_model_identity(p, neuron);
  uint32_t counter[4] = {(uint32_t) identity, (uint32_t) (identity >> 32), 0, 0}, word[4];
  meso_rng_block(key, counter, word);
  at[0] = meso_rng_uniform(word[0], word[1]);
  at[1] = meso_rng_uniform(word[2], word[3]);
  counter[2] = 1;
  meso_rng_block(key, counter, word);
  at[2] = meso_rng_uniform(word[0], word[1]);
}

void meso_space_place(const meso_model *m, size_t population, double *xyz)
{
  const meso_population *p = &m->population[population];
  const meso_space *s = &m->space;
  const double depth_um = meso_space_depth_um(m, population);
  if (p->positions == MESO_POSITIONS_FILE) {
    memcpy(xyz, p->places.xyz_um, 3 * p->places.n * sizeof *xyz);
    return;
  }
  for (int64_t i = 0; i < p->size; i++) {
    const double column = (double) (i / p->column_size);
    double at[3];
    place_in_box(m, p, i, at);
    xyz[3 * i] = (at[0] - 0.5 + column) * s->extent_x_um;
    xyz[3 * i + 1] = (at[1] - 0.5) * s->extent_y_um;
    xyz[3 * i + 2] = depth_um + (at[2] - 0.5) * s->extent_z_um;
  }
}

double meso_space_depth_um(const meso_model *m, size_t population)
{
  for (size_t i = 0; i < m->n_layers; i++)
    if (strcmp(m->layer[i].name, m->population[population].layer) == 0)
      return 0.5 * (m->layer[i].z_top_um + m->layer[i].z_bottom_um);
  return 0;
}

double meso_space_distance_um(const meso_space *s, const double a[3], const double b[3])
{
  double dx = a[0] - b[0], dy = a[1] - b[1];
  const double dz = s->extent_z_um > 0 ? a[2] - b[2] : 0;
  if (s->periodic) {
    dx -= s->extent_x_um * rint(dx / s->extent_x_um);
    dy -= s->extent_y_um * rint(dy / s->extent_y_um);
  }
  return sqrt(dx * dx + dy * dy + dz * dz);
}

double meso_space_farthest_um(const meso_model *m)
{
  const meso_space *s = &m->space;
  double top = -INFINITY, bottom = INFINITY, dz = 0;
  for (size_t p = 0; p < m->n_populations; p++) {
    if (m->population[p].positions == MESO_POSITIONS_NONE) continue;
    top = fmax(top, meso_space_depth_um(m, p));
    bottom = fmin(bottom, meso_space_depth_um(m, p));
  }
  if (s->extent_z_um > 0 && top >= bottom) dz = s->extent_z_um + top - bottom;
  return hypot((s->periodic ? 0.5 : 1.0) * hypot(s->extent_x_um, s->extent_y_um), dz);
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

double meso_space_reach_um(const meso_model *m, const meso_projection *p)
{
  const double farthest_um = meso_space_farthest_um(m);
  return p->mask_radius_um > 0 ? fmin(p->mask_radius_um, farthest_um) : farthest_um;
}

double meso_space_PSP_mV(const meso_projection *p, double r)
{
  const double PSP_mV = p->PSP_mV + p->PSP_mV_per_um * r;
  return p->PSP_mV < 0 ? fmin(PSP_mV, 0) : fmax(PSP_mV, 0);
}

/** Sums over pairs with their weights. */
typedef struct sums { double pairs, profile, PSP_mV; } sums;

static void add_pair(sums *s, const meso_projection *p, double weight, double r)
{
  const double connected = weight * meso_space_profile(p, r);
  s->pairs += weight;
  s->profile += connected;
  s->PSP_mV += connected * meso_space_PSP_mV(p, r);
}

/** By the midpoint rule over the differences of two places, whose density along a side falls
 *  linearly and on a torus is constant; one quarter of a plane stands for all. */
static void sum_over_box(const meso_model *m, const meso_projection *p, sums *total)
{
  const meso_space *s = &m->space;
  const bool is_box = s->extent_z_um > 0;
  const int n = is_box ? 120 : 1000, n_z = is_box ? 120 : 1;
  const double reach = s->periodic ? 0.5 : 1.0;
  const double apart_um = meso_space_depth_um(m, p->source) - meso_space_depth_um(m, p->target);
  for (int k = 0; k < n_z; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        const double u = reach * (i + 0.5) / n, v = reach * (j + 0.5) / n;
        const double w = is_box ? 2 * (k + 0.5) / n_z - 1 : 0;
        const double weight = (s->periodic ? 1 : (1 - u) * (1 - v)) * (1 - fabs(w));
        const double x = u * s->extent_x_um, y = v * s->extent_y_um;
        const double z = is_box ? apart_um + w * s->extent_z_um : 0;
        add_pair(total, p, weight, sqrt(x * x + y * y + z * z));
      }
}

/** A lattice of a population's box, or its places from a file, every so many: place i of n. */
static void stand_in(const meso_model *m, size_t population, size_t i, size_t n, double at[3])
{
  const meso_population *p = &m->population[population];
  const meso_space *s = &m->space;
  const size_t side = MESO_SPACE_LATTICE;
  if (p->positions == MESO_POSITIONS_FILE) {
    memcpy(at, p->places.xyz_um + 3 * (i * p->places.n / n), 3 * sizeof *at);
    return;
  }
  const double u[3] = {((double) (i % side) + 0.5) / (double) side,
                       ((double) (i / side % side) + 0.5) / (double) side,
                       ((double) (i / side / side) + 0.5) / ((double) n / (double) (side * side))};
  at[0] = (u[0] - 0.5) * s->extent_x_um;
  at[1] = (u[1] - 0.5) * s->extent_y_um;
  at[2] = meso_space_depth_um(m, population) + (u[2] - 0.5) * s->extent_z_um;
}

static size_t count_stand_ins(const meso_model *m, size_t population)
{
  const meso_population *p = &m->population[population];
  const size_t side = MESO_SPACE_LATTICE, n_z = m->space.extent_z_um > 0 ? side / 4 : 1;
  if (p->positions != MESO_POSITIONS_FILE) return side * side * n_z;
  return p->places.n < 1000 ? p->places.n : 1000;
}

static void sum_over_places(const meso_model *m, const meso_projection *p, sums *total)
{
  double here[3], there[3];
  const size_t n_s = count_stand_ins(m, p->source), n_t = count_stand_ins(m, p->target);
  for (size_t i = 0; i < n_t; i++) {
    stand_in(m, p->target, i, n_t, here);
    for (size_t j = 0; j < n_s; j++) {
      stand_in(m, p->source, j, n_s, there);
      add_pair(total, p, 1, meso_space_distance_um(&m->space, here, there));
    }
  }
}

meso_space_means meso_space_mean(const meso_model *m, const meso_projection *p)
{
  sums s = {0};
  if (!meso_space_matters(p) && p->PSP_mV_per_um == 0) return (meso_space_means) {1, p->PSP_mV};
  if (m->population[p->source].positions == MESO_POSITIONS_FILE ||
      m->population[p->target].positions == MESO_POSITIONS_FILE) sum_over_places(m, p, &s);
  else sum_over_box(m, p, &s);
  return (meso_space_means) {s.profile / s.pairs, s.profile > 0 ? s.PSP_mV / s.profile : p->PSP_mV};
}
