/* cause_spectra.h: cross-spectra of all pairs of channels, and the numbers that are made of them.
 * Internal to src/analysis (meso_cause.h).
 *
 * A table of spectra is (pair i <= j, frequency, 2), one-sided densities of conj(X_i) X_j. The
 * numbers of a table, in this order:
 *   power           (channel, frequency)
 *   coherence       (pair i < j, frequency)   magnitude squared
 *   band_power      (channel, band)           sum over the band times the width of a frequency
 *   band_coherence  (pair, band)              mean over the band
 *   distance        (distance, band)          mean of band_coherence over the pairs at a distance
 */
#ifndef CAUSE_SPECTRA_H
#define CAUSE_SPECTRA_H

#include "meso_cause.h"
#include "meso_expected.h"

enum cause_part { CAUSE_POWER, CAUSE_COHERENCE, CAUSE_BAND_POWER, CAUSE_BAND_COHERENCE,
                  CAUSE_DISTANCE, CAUSE_N_PARTS };

/** Shapes and axes. */
typedef struct cause_grid {
  const meso_cause_request *q;
  meso_spectral_plan *plan;
  size_t P, C, T;           /**< populations, channels, samples */
  size_t F, O, K;           /**< frequencies, observations, tapers of each segment */
  size_t n_triangle, n_pairs, n_bands, n_distances;
  double *frequency_Hz, width_Hz;
  size_t *first, *last;     /**< (band): frequencies first ... last - 1 */
  size_t *pair;             /**< (pair, 2) */
  size_t *bin;              /**< (pair): its distance */
  double *pair_um;          /**< (pair) */
  double *distance_um;      /**< (distance): mean over its pairs */
  double *pairs_at;         /**< (distance): how many */
  size_t offset[CAUSE_N_PARTS + 1]; /**< of the parts among the numbers, and the end */
} cause_grid;

MESO_MUST_CHECK meso_status cause_grid_init(const meso_cause_request *q, cause_grid *g,
                                            meso_err *err);
void cause_grid_clear(cause_grid *g);

/** Memory of one thread at work. */
typedef struct cause_work {
  double *transform[2];     /**< (channel, observation, frequency, 2) each */
  double *segment, *workspace;
} cause_work;

MESO_MUST_CHECK meso_status cause_work_init(const cause_grid *g, cause_work *w, meso_err *err);
void cause_work_clear(cause_work *w);

/** Transforms of a signal (time, channel) into (channel, observation, frequency, 2). */
void cause_transform(const cause_grid *g, const double *signal, cause_work *w, double *transform);
/** Adds scale times the mean over observations of conj(a_i) b_j to a table, as densities. */
void cause_add_spectra(const cause_grid *g, const double *a, const double *b, double scale,
                       double *table);
/** The numbers of a table. */
void cause_numbers(const cause_grid *g, const double *table, double *numbers);
/** Means over bands of Re(part conj total) / (total_ii total_jj), added to (pair, band), and sums
 *  over bands of the power of a part, added to (channel, band); either may be NULL. */
void cause_add_bands(const cause_grid *g, const double *part, const double *total,
                     double *coherence, double *power);
/** The same for every frequency: (pair, frequency). */
void cause_part_of_coherence(const cause_grid *g, const double *part, const double *total,
                             double *coherence);

/* ---- results (cause_output.c) ------------------------------------------------------------- */

/** Tables of a finished split. */
typedef struct cause_tables {
  double *total, *without_across, *independent;
  double *poisson;          /**< NULL: no covariance was given */
  double *external, *with_external; /**< external input by itself, and with the network; or NULL */
} cause_tables;

/** Adds the axes. */
MESO_MUST_CHECK meso_status cause_write_axes(const cause_grid *g, meso_result *result,
                                             meso_err *err);
/** Adds numbers, laid out as above, as "<head>/power", "/coherence", "/band_power",
 *  "/band_coherence" and "/distance_coherence"; with @p tail "/<tail>" behind them. dimensionless:
 *  powers too. */
MESO_MUST_CHECK meso_status cause_write_numbers(const cause_grid *g, const char *head,
                                                const char *tail, bool dimensionless,
                                                const double *numbers, meso_result *result,
                                                meso_err *err);
/** Adds what the tables hold, the parts that add up to the total, and attribute "finding": what
 *  was found, in words. */
MESO_MUST_CHECK meso_status cause_write_tables(const cause_grid *g, const cause_tables *t,
                                               meso_result *result, meso_err *err);

#endif
