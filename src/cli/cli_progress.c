/* cli_progress.c: progress with the time left, on stderr. */
#include "cli_progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli_signals.h"
#include "meso_clock.h"

static void draw(mesoi_progress_line *line, const char *what, double fraction)
{
  const double now = mesoi_clock_s();
  if (strncmp(line->what, what, sizeof line->what - 1) != 0) {
    (void) snprintf(line->what, sizeof line->what, "%s", what);
    line->started_s = now;
    line->last_s = 0;
    line->first = fraction;
  }
  const double interval = line->terminal ? 0.1 : 1.0;
  if (now - line->last_s < interval && fraction < 1) return;
  line->last_s = now;
  char left[48] = "";
  const double elapsed = now - line->started_s;
  const double done = fraction - line->first;
  if (done > 0.01 && fraction < 1 && elapsed > 0.5)
    (void) snprintf(left, sizeof left, ", %.0f s left", elapsed * (1 - fraction) / done);
  char text[240];
  const int n = snprintf(text, sizeof text, "%s: %3.0f %%%s%s", line->what, 100 * fraction,
                         line->note, left);
  const size_t width = n > 0 ? (size_t) n : 0;
  if (line->terminal) {
    const int pad = width < line->width ? (int) (line->width - width) : 0;
    fprintf(stderr, "\r%s%*s", text, pad, "");
  } else {
    fprintf(stderr, "%s\n", text);
  }
  line->width = width;
}

static void note(void *user, const char *words)
{
  mesoi_progress_line *line = user;
  (void) snprintf(line->note, sizeof line->note, ", %s", words);
}

static bool update(void *user, const char *what, double fraction)
{
  mesoi_progress_line *line = user;
  if (line->shown) draw(line, what, fraction);
  line->note[0] = '\0';
  return mesoi_signals_caught() == 0;
}

meso_progress mesoi_progress_make(mesoi_progress_line *line, bool forced, bool quiet)
{
  memset(line, 0, sizeof *line);
  line->terminal = isatty(STDERR_FILENO) == 1;
  line->shown = forced || (line->terminal && !quiet);
  return (meso_progress) { .update = update, .note = note, .user = line };
}

meso_status mesoi_go_on(const char *what, meso_err *err)
{
  return mesoi_signals_caught() == 0 ? MESO_OK : meso_progress_stopped(what, err);
}

void mesoi_progress_clear(mesoi_progress_line *line)
{
  if (line->terminal && line->width > 0) fprintf(stderr, "\r%*s\r", (int) line->width, "");
  line->width = 0;
}
