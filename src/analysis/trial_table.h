/* trial_table.h: when trials begin and which condition each is of. Internal to analysis. */
#ifndef TRIAL_TABLE_H
#define TRIAL_TABLE_H

#include <stdbool.h>

#include "meso_error.h"

/** Trials, grouped by condition; conditions and trials of one in the order in which they came. */
typedef struct trial_table {
  size_t n, n_conditions;
  double *onset_ms;     /**< (n) */
  size_t *first;        /**< (n_conditions + 1): trials of each condition */
  char **name;          /**< (n_conditions) */
  bool has_names;       /**< the text began with a line of names */
} trial_table;

/** Reads a text file of at most 64 MiB: a trial a line, its onset in ms and, after a comma, tab or
 *  blank, the label of its condition, which all have or none has (""); it holds no separator unless
 *  it is quoted. No onset is there twice. A first line of names, empty lines and lines that begin
 *  with # are passed over. Errors name file and line. Clear on failure too. */
MESO_MUST_CHECK meso_status trial_table_read(const char *path, trial_table *table, meso_err *err);
/** Onsets from @p first_ms on, every @p period_ms, that are less than @p stop_ms; their conditions
 *  "0", "1", ... take turns. */
MESO_MUST_CHECK meso_status trial_table_periodic(double first_ms, double period_ms, double stop_ms,
                                                 size_t n_conditions, trial_table *table,
                                                 meso_err *err);
/** Leaves out trials that do not begin within [low_ms, high_ms], and conditions without trials. */
void trial_table_keep(trial_table *table, double low_ms, double high_ms);
void trial_table_clear(trial_table *table);

#endif
