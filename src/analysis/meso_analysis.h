/* meso_analysis.h: the registry of analyses. One analysis is one file src/analysis/an_X.c that
 * defines `const meso_analysis_ops meso_an_X`, and one row in src/analysis/Makefile.am. */
#ifndef MESO_ANALYSIS_H
#define MESO_ANALYSIS_H

#include "meso_data.h"
#include "meso_params.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum meso_analysis_input {
  MESO_INPUT_SPIKES, MESO_INPUT_SIGNALS, MESO_INPUT_SPIKES_AND_SIGNALS
} meso_analysis_input;

/** A quantity that an analysis returns, for `mesocast analyze --list`. */
typedef struct meso_formula {
  const char *name;         /**< last part of a dataset's path, or key of an attribute */
  const char *formula;      /**< in a line; "with --OPTION: ..." if it is made on request */
  const char *source;       /**< paper or book with its place, and section or equation */
} meso_formula;

/** What the axes of datasets are: becomes their attribute "axes" (meso_result_table.h). */
typedef struct meso_array_axes {
  const char *arrays;       /**< last parts of their paths, separated by commas; "*": all others
                                 with as many axes that are not an axis themselves */
  const char *axes;         /**< for each axis a dataset of the group, or of one around it, "-" */
} meso_array_axes;

typedef struct meso_analysis_ops {
  const char *name;         /**< command-line name: "statistics" */
  const char *summary;      /**< one line */
  const char *takes;        /**< what the files hold, in their order */
  const meso_formula *formulas; /**< one or more, then a row whose name is NULL */
  const meso_array_axes *axes; /**< then a row whose arrays are NULL; NULL: none */
  meso_analysis_input input;
  size_t n_signal_files;    /**< that signals come from, as one container; 0: 1 */
  const meso_param *params; /**< rows; keys are the options without "--", '-' for '_' */
  size_t params_size;       /**< sizeof the parameter struct */
  /** Adds its arrays to @p result. Of spikes and signals, those that `input` names are not NULL.
   *  Threads never change a bit of the result. */
  meso_status (*run)(const void *params, const meso_spikes *spikes, const meso_signals *signals,
                     int n_threads, meso_result *result, meso_err *err);
} meso_analysis_ops;

static inline bool meso_analysis_takes_spikes(const meso_analysis_ops *ops)
{
  return ops->input != MESO_INPUT_SIGNALS;
}

static inline bool meso_analysis_takes_signals(const meso_analysis_ops *ops)
{
  return ops->input != MESO_INPUT_SPIKES;
}

/** Runs the analysis and names the axes of what it returns; arguments are those of ops->run. */
MESO_MUST_CHECK meso_status meso_analysis_run(const meso_analysis_ops *ops, const void *params,
                                              const meso_spikes *spikes,
                                              const meso_signals *signals, int n_threads,
                                              meso_result *result, meso_err *err);

size_t meso_analysis_count(void);
const meso_analysis_ops *meso_analysis_at(size_t i);            /**< NULL beyond the end */
const meso_analysis_ops *meso_analysis_by_name(const char *name); /**< NULL if unknown */

#ifdef __cplusplus
}
#endif
#endif
