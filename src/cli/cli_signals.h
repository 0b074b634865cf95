/* cli_signals.h: SIGINT and SIGTERM as a request to stop. The first one is noted, and long work
 * stops at its next report of progress; the second one kills at once. */
#ifndef MESO_CLI_SIGNALS_H
#define MESO_CLI_SIGNALS_H

/** From now on the first signal is noted. */
void mesoi_signals_catch(void);
/** Number of the signal noted, or 0. */
int mesoi_signals_caught(void);
/** "SIGINT" or "SIGTERM". */
const char *mesoi_signals_name(int number);
/** A write beyond the file size limit shall fail like a full disk, not kill the program. */
void mesoi_signals_ignore_file_size(void);

#endif
