/* meso_compare.h: predictions of a run beside published numbers (data/measured, schema in its
 * README). A verdict says where the predicted number lies and in plain words what differs between
 * the run and the entry; where bins or bands differ, or are unknown, there is no verdict. */
#ifndef MESO_COMPARE_H
#define MESO_COMPARE_H

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One published number. Strings are owned; numbers are formatted with units. */
struct meso_comparison_entry {
  char *id, *quantity;
  char *predicted;    /**< "" if the run has nothing to compare */
  char *measured;     /**< value, range, bin, band, distance */
  char *preparation;  /**< species, state, preparation, method */
  char *doi;          /**< DOI, else the citation */
  char *certainty;    /**< read, computed or recalled */
  char *verdict;      /**< "within range", "within range and scatter", "below", "above", each with
                           flags after ";", or
                           "no verdict: <why>" or "nothing comparable: <why>" */
  char *kind;         /**< measurement or simulation */
  char *population;   /**< "" for the network */
};

typedef struct meso_comparison {
  size_t n;
  struct meso_comparison_entry *entry;
} meso_comparison;

/** Compares a run with the entries of files, in their order.
 *  @param[in] names     comma list of ids or file names without folder and ending; NULL or "": all.
 *                       A name that no file has is MESO_ENOTFOUND
 *  @param[in] analysis  statistics, correlation, coherence; or NULL
 *  @param[in] lfp       container with signal "lfp" in mV; or NULL
 *  @param[in] bold      container with signal "bold": "1" is a fraction of the baseline; or NULL
 *  Malformed files give messages with file and line. Root attributes "species" and "state" of the
 *  analysis, if there, are compared with the entry's. */
MESO_MUST_CHECK meso_status meso_compare_run(size_t n_files, const char *const *files,
                                             const char *names, const meso_result *analysis,
                                             const meso_signals *lfp, const meso_signals *bold,
                                             meso_comparison **ret, meso_err *err);
void meso_comparison_destroy(meso_comparison *comparison);

#ifdef __cplusplus
}
#endif
#endif
