/* cli_signals.c: SIGINT and SIGTERM as a request to stop. A handler can reach nothing but static
 * objects, so these two are the program's only ones that change. */
#include "cli_signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static volatile sig_atomic_t on_terminal;

static void note(int number)
{
  static const char line[] = "\nmesocast: stopping; once more to stop at once\n";
  caught = number;
  (void) signal(SIGINT, SIG_DFL);
  (void) signal(SIGTERM, SIG_DFL);
  if (on_terminal) (void) !write(STDERR_FILENO, line, sizeof line - 1);
}

void mesoi_signals_catch(void)
{
  static const int number[] = { SIGINT, SIGTERM };
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  (void) sigemptyset(&action.sa_mask);
  on_terminal = isatty(STDERR_FILENO) == 1;
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    (void) sigaction(number[i], &action, NULL);
}

int mesoi_signals_caught(void) { return (int) caught; }

const char *mesoi_signals_name(int number) { return number == SIGINT ? "SIGINT" : "SIGTERM"; }

void mesoi_signals_ignore_file_size(void) { (void) signal(SIGXFSZ, SIG_IGN); }
