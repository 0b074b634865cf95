/* meso_space.h: places of neurons in a plane or a box, and what depends on the distance of two.
 *
 * The plane is a rectangle around the origin, of the extent in the model's section `space`, or the
 * torus that comes of it (periodic). With extent_z_um > 0 it is a box of that height around the
 * middle of each population's layer, and distances have three dimensions. Neurons of a population
 * stand on a grid, where a file says, or at random as a function of the seed, the population and
 * the neuron. Columns (scaling.N > 1) stand side by side
 * along x, each in a space of its own. Names and profiles as in NEST's spatial distributions.
 * Units: um.
 */
#ifndef MESO_SPACE_H
#define MESO_SPACE_H

#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Places of a population, all columns. @param[out] xyz (size, 3) um, z up, pia at 0 */
void meso_space_place(const meso_model *model, size_t population, double *xyz);

/** Depth of a population's neurons: the middle of its layer; 0 without layers. */
double meso_space_depth_um(const meso_model *model, size_t population);

/** Distance of two places, on a torus the shortest. */
double meso_space_distance_um(const meso_space *space, const double a[3], const double b[3]);

/** Bound of all distances. */
double meso_space_farthest_um(const meso_model *model);

/** Names of the profiles: "none", "exponential", "gaussian". */
extern const char *const meso_space_profile_name[3];

/** True if the probability of a pair depends on its distance. */
bool meso_space_matters(const meso_projection *projection);

/** Factor on the probability of a pair at a distance: 0 to 1; 1 at 0. */
double meso_space_profile(const meso_projection *projection, double distance_um);

/** Bound of the distances that a projection bridges. */
double meso_space_reach_um(const meso_model *model, const meso_projection *projection);

/** Peak of the potential of a synapse between places at a distance, mV: linear in the distance
 *  (PSP_mV_per_um), and 0 where that has the other sign. */
double meso_space_PSP_mV(const meso_projection *projection, double distance_um);

/** Means over pairs of places, approximately: exact for random ones in a plane. */
typedef struct meso_space_means {
  double profile;
  double PSP_mV;    /**< of connected pairs: those that the profile leaves */
} meso_space_means;
meso_space_means meso_space_mean(const meso_model *model, const meso_projection *projection);

#ifdef __cplusplus
}
#endif
#endif
