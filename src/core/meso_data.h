/* meso_data.h: the containers that stages exchange: spikes, signals, results.
 *
 * Spikes hold every population's (time, neuron) events; signals are (time, channel) matrices with
 * units and rate (LFP, CSD, dipole, currents, drives, BOLD); a result is what an analysis returns:
 * named arrays with units and the estimator's parameters. All memory belongs to the container and
 * is freed by its destroy function, which accepts NULL and half-built objects.
 */
#ifndef MESO_DATA_H
#define MESO_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meso_attrs.h"
#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- spikes ------------------------------------------------------------------------------- */

/** Spikes of one population, sorted by (time, id). */
typedef struct meso_spike_population {
  char *name;
  uint64_t size;        /**< number of neurons, silent ones included */
  size_t n_spikes;
  double *time_ms;      /**< n_spikes, ascending, in [t_start_ms, t_stop_ms] */
  uint32_t *id;         /**< n_spikes, 0 .. size - 1 */
  double *position_um;  /**< (size, 3) row-major, or NULL */
} meso_spike_population;

typedef struct meso_spikes {
  double t_start_ms, t_stop_ms;
  size_t n_populations;
  meso_spike_population *population;
  meso_attrs attrs;     /**< root attributes beyond the standard ones; warnings of a reader */
} meso_spikes;

/** n populations, all empty. */
MESO_MUST_CHECK meso_status meso_spikes_create(size_t n_populations, meso_spikes **ret_spikes,
                                               meso_err *err);
void meso_spikes_destroy(meso_spikes *spikes);
/** Index of a population, or (size_t) -1. */
size_t meso_spikes_find(const meso_spikes *spikes, const char *name);
/** Sorts one population by (time, id) if it is not sorted yet. */
MESO_MUST_CHECK meso_status meso_spikes_sort(meso_spike_population *population, meso_err *err);
/** CSR index by neuron: ret_first has size + 1 entries, ret_spike lists the spikes' indices neuron
 *  by neuron in time order. Caller frees both. */
MESO_MUST_CHECK meso_status meso_spikes_by_neuron(const meso_spike_population *population,
                                                  size_t **ret_first, uint32_t **ret_spike,
                                                  meso_err *err);

/* ---- signals ------------------------------------------------------------------------------ */

typedef struct meso_signal {
  char *name;              /**< "lfp", "lfp_from_L23E", "bold", ... unique in its container */
  char *units;             /**< "mV", "nA/mm^3", "1", ... */
  size_t n_times, n_channels;
  double sampling_rate_Hz;
  double t_start_ms;       /**< time of sample 0 */
  double *data;            /**< (time, channel) row-major */
  double *position_um;     /**< (channel, 3), or NULL */
  char **label;            /**< (channel), or NULL */
  meso_attrs attrs;
} meso_signal;

typedef struct meso_signals {
  size_t n;
  meso_signal *signal;
  meso_attrs attrs;        /**< root attributes */
} meso_signals;

MESO_MUST_CHECK meso_status meso_signals_create(meso_signals **ret_signals, meso_err *err);
void meso_signals_destroy(meso_signals *signals);
/** Appends a zeroed signal; the returned pointer is valid until the next append. */
MESO_MUST_CHECK meso_status meso_signals_add(meso_signals *signals, const char *name,
                                             const char *units, size_t n_times, size_t n_channels,
                                             double sampling_rate_Hz, double t_start_ms,
                                             meso_signal **ret_signal, meso_err *err);
/** Removes all signals but the first @p n. */
void meso_signals_truncate(meso_signals *signals, size_t n);
/** Moves all signals of @p from, which is left without any, behind those of @p to. A name that both
 *  have is MESO_EINVAL, and nothing is moved. */
MESO_MUST_CHECK meso_status meso_signals_move(meso_signals *from, meso_signals *to, meso_err *err);
/** Signal by name, or NULL. */
meso_signal *meso_signals_find(const meso_signals *signals, const char *name);
/** Sets the label of one channel. */
MESO_MUST_CHECK meso_status meso_signal_set_label(meso_signal *signal, size_t channel,
                                                  const char *label, meso_err *err);

/* ---- results ------------------------------------------------------------------------------ */

/** A named array of doubles or of strings, up to four dimensions, row-major. */
typedef struct meso_array {
  char *path;         /**< within the file, e.g. "/coherence/magnitude_squared" */
  char *units;
  size_t n_dims;      /**< 0 (scalar) to 4 */
  size_t dims[4];
  double *data;       /**< NULL if the array is text */
  char **text;        /**< NULL if the array is numeric */
  bool single_precision; /**< in files; for large arrays */
  meso_attrs attrs;
} meso_array;

typedef struct meso_result {
  size_t n;
  meso_array *array;
  size_t n_groups;         /**< groups with attributes, e.g. "/coherence" */
  struct meso_result_group { char *path; meso_attrs attrs; } *group;
  meso_attrs attrs;        /**< root attributes */
} meso_result;

MESO_MUST_CHECK meso_status meso_result_create(meso_result **ret_result, meso_err *err);
void meso_result_destroy(meso_result *result);
/** Appends a zeroed numeric array; pointer valid until the next append. dims: n_dims entries. */
MESO_MUST_CHECK meso_status meso_result_add(meso_result *result, const char *path,
                                            const char *units, size_t n_dims, const size_t *dims,
                                            meso_array **ret_array, meso_err *err);
/** Appends a zeroed numeric array "GROUP/NAME" and gives its data. group: "/coherence". */
MESO_MUST_CHECK meso_status meso_result_add_in(meso_result *result, const char *group,
                                               const char *name, const char *units, size_t n_dims,
                                               const size_t *dims, double **ret_data,
                                               meso_err *err);
/** Appends a numeric vector with the given values. */
MESO_MUST_CHECK meso_status meso_result_add_vector(meso_result *result, const char *path,
                                                   const char *units, size_t n,
                                                   const double *values, meso_err *err);
/** Appends a vector of strings (copied). */
MESO_MUST_CHECK meso_status meso_result_add_text(meso_result *result, const char *path, size_t n,
                                                 const char *const *text, meso_err *err);
/** Array by path, or NULL. */
meso_array *meso_result_find(const meso_result *result, const char *path);
/** Attributes of a group that is there, or NULL. */
const meso_attrs *meso_result_find_group(const meso_result *result, const char *path);
/** Attributes of a group, created on first use; NULL only when out of memory. */
meso_attrs *meso_result_group_attrs(meso_result *result, const char *path);
/** Number of elements of an array. */
size_t meso_array_count(const meso_array *array);

#ifdef __cplusplus
}
#endif
#endif
