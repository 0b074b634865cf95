/* cli_progress.h: progress with the time left, on stderr. */
#ifndef MESO_CLI_PROGRESS_H
#define MESO_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "meso_progress.h"

typedef struct mesoi_progress_line {
  double started_s;      /**< monotonic time at which `what` began */
  double last_s;         /**< of the last line drawn */
  size_t width;          /**< characters on the line now */
  bool terminal;         /**< rewrite one line; otherwise a line each time */
  char what[64];
} mesoi_progress_line;

/** Reporter that draws on stderr if it is a terminal or @p forced; otherwise one that is silent. */
meso_progress mesoi_progress_make(mesoi_progress_line *line, bool forced, bool quiet);
/** Clears the line, so that other output starts clean. */
void mesoi_progress_clear(mesoi_progress_line *line);
/** Monotonic wall clock. */
double mesoi_clock_s(void);

#endif
