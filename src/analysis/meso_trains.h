/* meso_trains.h: the spike trains that an analysis of pairs or single trains looks at: the first
 * max_neurons of the chosen populations in an interval, train by train. */
#ifndef MESO_TRAINS_H
#define MESO_TRAINS_H

#include "meso_binning.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which trains. */
typedef struct meso_trains_params {
  char *populations;
  int64_t max_neurons;
  meso_interval_params interval;
} meso_trains_params;

/** Their option rows, for a params struct whose member @p m is a meso_trains_params. @p most: text
 *  of the default of max_neurons. */
#define MESO_TRAINS_ROWS(object, m, most) \
  {.key = "populations", .type = MESO_PARAM_STRING, .unit = "", .default_text = "", \
   .offset = offsetof(object, m.populations), \
   .help = "populations, separated by commas; empty: all"}, \
  {.key = "max_neurons", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 1e9, \
   .default_text = most, .offset = offsetof(object, m.max_neurons), \
   .help = "neurons taken from each population, the first ones; 0: all"}, \
  MESO_INTERVAL_ROWS(object, m.interval)

typedef struct meso_trains {
  meso_interval interval;
  size_t n, n_populations;
  size_t *selected;   /**< populations, indices into the spikes */
  size_t *first_row;  /**< n_populations + 1: trains of each population */
  uint32_t *id;       /**< (n): neuron within its population */
  size_t *first;      /**< n + 1: where each train begins in time_ms */
  double *time_ms;    /**< ascending within a train */
} meso_trains;

/** Collects the trains; silent ones are there, and empty. Free with meso_trains_clear, after a
 *  failure too. */
MESO_MUST_CHECK meso_status meso_trains_make(const meso_trains_params *params,
                                             const meso_spikes *spikes, meso_trains *trains,
                                             meso_err *err);
void meso_trains_clear(meso_trains *trains);

static inline size_t meso_trains_count(const meso_trains *t, size_t train)
{
  return t->first[train + 1] - t->first[train];
}

/** Counts of one train in bins; @p count: bins->n values, overwritten. */
void meso_trains_bin(const meso_trains *trains, size_t train, const meso_bins *bins,
                     double *count);
/** Adds "<group>/labels", "population/id" of every train. */
MESO_MUST_CHECK meso_status meso_trains_add_labels(const meso_trains *trains,
                                                   const meso_spikes *spikes, const char *group,
                                                   meso_result *result, meso_err *err);
/** Adds "<group>/pairs" (pair, 2), all i < j row by row, and, where all chosen neurons have places,
 *  "<group>/distance_um". */
MESO_MUST_CHECK meso_status meso_trains_add_pairs(const meso_trains *trains,
                                                  const meso_spikes *spikes, const char *group,
                                                  meso_result *result, meso_err *err);
/** The interval, max_neurons and number of trains as attributes. */
MESO_MUST_CHECK meso_status meso_trains_set_attributes(const meso_trains_params *params,
                                                       const meso_trains *trains,
                                                       meso_attrs *attrs, meso_err *err);
/** Population (index in the selection) of a train. */
size_t meso_trains_population(const meso_trains *trains, size_t train);
/** "A" for a == b, else "A_x_B". */
void meso_trains_pair_name(const meso_trains *trains, const meso_spikes *spikes, size_t a, size_t b,
                           char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
