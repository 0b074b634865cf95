/* cli_progress.h: progress with the time left, on stderr; the way by which signals stop work. */
#ifndef MESO_CLI_PROGRESS_H
#define MESO_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "meso_progress.h"

typedef struct mesoi_progress_line {
  double started_s;      /**< monotonic time at which `what` began */
  double last_s;         /**< of the last line drawn */
  double first;          /**< fraction at which `what` began: work may go on from a checkpoint */
  char note[96];
  size_t width;          /**< characters on the line now */
  bool shown;
  bool terminal;         /**< rewrite one line; otherwise a line each time */
  char what[64];
} mesoi_progress_line;

/** Reporter that draws on stderr if it is a terminal or @p forced, and otherwise is silent; tells
 *  the work to stop once a signal was caught. */
meso_progress mesoi_progress_make(mesoi_progress_line *line, bool forced, bool quiet);
/** Fails with MESO_ESTOPPED once a signal was caught: for the gaps between pieces of work. */
MESO_MUST_CHECK meso_status mesoi_go_on(const char *what, meso_err *err);
/** Clears the line, so that other output starts clean. */
void mesoi_progress_clear(mesoi_progress_line *line);

#endif
