/* meso_rule.h: connection rules: who is connected to whom in a projection.
 *
 * Names and meaning follow NEST and Senk et al. 2022, PLoS Comput. Biol. 18:e1010086. A rule fixes
 * a number (of synapses, per target, per source, or a probability per pair), tells the in-degree
 * of every target, and then the source of each of its synapses. One row of MESO_RULES and one of
 * the table in meso_rule.c make a rule; the choices of the model key follow.
 *
 * Two switches. Without autapses no neuron of a population is its own source. Without multapses no
 * pair of neurons has two synapses; a pair is then in the network or not, and every set of pairs
 * that the rule allows is equally likely.
 */
#ifndef MESO_RULE_H
#define MESO_RULE_H

#include "meso_model.h"
#include "meso_rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_wiring_projection meso_wiring_projection;

/** What the number of a rule counts. */
typedef enum meso_rule_unit {
  MESO_PER_PROJECTION, MESO_PER_TARGET, MESO_PER_SOURCE, MESO_PER_PAIR
} meso_rule_unit;

/** Scratch for the sources of one target at a time, where a rule must remember which it has
 *  drawn. One per thread. */
typedef struct meso_wiring_row {
  size_t projection;      /**< whose sources these are; SIZE_MAX: nobody's */
  uint32_t target;
  uint32_t *source;       /**< (longest population) */
  uint64_t *taken;        /**< (longest population) bits */
  double *cumulative;     /**< (longest population) sums of the profile over the sources */
  double *work;           /**< (2 longest population) */
} meso_wiring_row;

typedef void meso_rule_sources(const meso_wiring_projection *q, uint32_t target, uint32_t k0,
                               unsigned n, const uint32_t *word, meso_wiring_row *row,
                               uint32_t *source);

typedef struct meso_rule_ops {
  const char *name;
  const char *keys[3];    /**< model keys of its number: exactly one of them is given; NULL-ended,
                               empty where the populations say it all */
  meso_rule_unit unit;    /**< of its number */
  bool has_multapses;     /**< it may make them; else allow_multapses changes nothing */
  bool is_random;         /**< else it follows from the model file */
  const char *symbol;     /**< of Senk et al. 2022; what follows a _ is lowered */
  /** Expected number of synapses (real, >= 0) between populations of these sizes. */
  double (*n_synapses)(const meso_projection *p, double n_sources, double n_targets);
  /** In-degrees of all targets; a rule that goes by sources also makes q->list. */
  meso_status (*connect)(meso_wiring_projection *q, gsl_rng *rng, meso_err *err);
  /** Sources of synapses k0 .. k0 + n - 1 of a target, n <= MESO_RNG_LANES. word: a random word
   *  for each of them. Indexed by allow_multapses. */
  meso_rule_sources *sources[2];
  /** The same where the probability depends on distance; NULL: it cannot, for this reason. */
  meso_rule_sources *near[2];
  const char *not_near;
} meso_rule_ops;

#define MESO_RULES(ROW) \
  ROW(fixed_total_number) ROW(fixed_indegree) ROW(fixed_outdegree) ROW(pairwise_bernoulli) \
  ROW(one_to_one) ROW(all_to_all) ROW(list)

#define MESO_RULE_INDEX(name) MESO_RULE_##name,
enum { MESO_RULES(MESO_RULE_INDEX) MESO_N_RULES };

/** Names of what a rule fixes, by its unit: "n_synapses", "indegree", ... */
extern const char *const meso_rule_number_name[4];

/** By index in MESO_RULES (meso_projection.rule). */
const meso_rule_ops *meso_rule_at(int rule);

/** True if the projection must avoid the pair of a neuron with itself. */
bool meso_rule_excludes_self(const meso_projection *projection);

/** True if a pair of neurons may get several synapses. */
bool meso_rule_makes_multapses(const meso_projection *projection);

/** Pairs of neurons that may be connected, for populations of these sizes. */
double meso_rule_pairs(const meso_projection *projection, double n_sources, double n_targets);

#ifdef __cplusplus
}
#endif
#endif
