/* format_table.c: a signal as a table of text, .csv or .tsv, as programs for tables write them:
 *
 *   time_s,V1 left (mV),V1 right (mV)      names, with the units of all in ( ) or [ ] or none
 *   0,0.1,0.2                              evenly sampled rows of finite numbers
 *
 * The first column is time_s, time_ms, time (s) or time (ms). Names may be quoted (RFC 4180). Lines
 * that begin with # are remarks. The signal is called as the file, without its ending.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_format.h"
#include "meso_signal_table.h"
#include "meso_table.h"
#include "spike_text.h"

enum { MOST_BYTES = 1 << 30, MOST_CHANNELS = 100000, MOST_NAME = 200 };

typedef struct table_reader {
  const char *path;
  char separator;
  size_t line;             /* from 1 */
  size_t n_channels, n_rows, n_room;
  char **name;             /* (channel) */
  char units[64];          /* of all channels; "": not said */
  double ms_per_unit;      /* of time */
  double *time, *value;    /* (row), (row, channel); times in the file's unit */
} table_reader;

/* ---- names -------------------------------------------------------------------------------- */

/* Takes one cell, without quotes and blanks around it; *at moves behind its separator, to NULL
 * after the last one. False if it is too long or its quotes do not end. */
static bool take_cell(const char **at, char separator, char cell[MOST_NAME])
{
  const char *p = *at + strspn(*at, " ");
  const bool quoted = *p == '"';
  size_t n = 0;
  for (p += quoted; *p != '\0' && n < MOST_NAME - 1; p++) {
    if (quoted && *p == '"' && p[1] == '"') p++;
    else if (quoted ? *p == '"' : *p == separator) break;
    cell[n++] = *p;
  }
  cell[n] = '\0';
  if (quoted && *p != '"') return false;
  p += quoted;
  p += strspn(p, separator == '\t' ? " \r" : " \t\r");
  while (n > 0 && isspace((unsigned char) cell[n - 1])) cell[--n] = '\0';
  if (*p != separator && *p != '\0') return false;
  *at = *p == '\0' ? NULL : p + 1;
  return true;
}

/* Cuts the units in brackets off the end of a name. */
static void cut_units(char *name, char units[64])
{
  const size_t n = strlen(name);
  const char last = n > 0 ? name[n - 1] : '\0';
  char *open = last == ')' ? strrchr(name, '(') : last == ']' ? strrchr(name, '[') : NULL;
  units[0] = '\0';
  if (open == NULL || open == name || strlen(open) > 60) return;
  name[n - 1] = '\0';
  (void) snprintf(units, 64, "%s", open + 1);
  *open = '\0';
  for (size_t k = strlen(name); k > 0 && isspace((unsigned char) name[k - 1]);) name[--k] = '\0';
}

static bool is_time(const char *cell, double *ms_per_unit)
{
  static const struct { const char *name; double ms; } row[] = {
    {"time_s", 1e3}, {"time_ms", 1}, {"time (s)", 1e3}, {"time (ms)", 1}, {"time [s]", 1e3},
    {"time [ms]", 1}};
  for (size_t k = 0; k < sizeof row / sizeof *row; k++)
    if (strcmp(cell, row[k].name) == 0) {
      *ms_per_unit = row[k].ms;
      return true;
    }
  return false;
}

static meso_status add_name(table_reader *r, char *cell, meso_err *err)
{
  meso_status status = MESO_OK;
  char units[64];
  cut_units(cell, units);
  if (r->n_channels == MOST_CHANNELS)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: more than %d columns", r->path, r->line,
              (int) MOST_CHANNELS);
  if (r->n_channels == 0) memcpy(r->units, units, sizeof units);
  if (strcmp(r->units, units) != 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: column %zu (%.60s) has units '%s', the columns before "
              "it '%s': a signal has one; give two files", r->path, r->line, r->n_channels + 2,
              cell, units, r->units);
  char **more = meso_realloc(r->name, r->n_channels + 1, sizeof *more);
  if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", r->path);
  r->name = more;
  MESO_STRDUP(err, r->name[r->n_channels], cell);
  r->n_channels++;
cleanup:
  return status;
}

static meso_status read_names(table_reader *r, const char *line, meso_err *err)
{
  meso_status status = MESO_OK;
  char cell[MOST_NAME] = "";
  const char *at = strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? line + 3 : line; /* mark of UTF-8 */
  if (!take_cell(&at, r->separator, cell) || !is_time(cell, &r->ms_per_unit))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: column 1 is '%.40s': a table of a signal begins with "
              "names, the first one time_s or time_ms", r->path, r->line, cell);
  while (at != NULL) {
    if (!take_cell(&at, r->separator, cell))
      MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: column %zu: a name of at most %d characters is "
                "expected, quoted as a whole or not", r->path, r->line, r->n_channels + 2,
                MOST_NAME - 1);
    MESO_TRY(add_name(r, cell, err));
  }
  if (r->n_channels == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: has a time and no other column", r->path, r->line);
cleanup:
  return status;
}

/* ---- rows --------------------------------------------------------------------------------- */

static meso_status make_room(table_reader *r, meso_err *err)
{
  meso_status status = MESO_OK;
  if (r->n_rows < r->n_room) goto cleanup;
  const size_t n = 2 * r->n_room + 1024;
  double *time = meso_realloc(r->time, n, sizeof *time);
  if (time == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", r->path);
  r->time = time;
  double *value = meso_realloc(r->value, n, r->n_channels * sizeof *value);
  if (value == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", r->path);
  r->value = value;
  r->n_room = n;
cleanup:
  return status;
}

static meso_status read_row(table_reader *r, const char *line, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *at = line;
  MESO_TRY(make_room(r, err));
  for (size_t c = 0; c <= r->n_channels; c++) {
    char *end = NULL;
    const char *name = c == 0 ? "time" : r->name[c - 1];
    const double value = strtod(at, &end);
    if (end == at || !isfinite(value))
      MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: column %zu (%.60s): '%.*s' is no finite number",
                r->path, r->line, c + 1, name, (int) fmin(40, (double) strcspn(at, ",\t\r")), at);
    end += strspn(end, r->separator == '\t' ? " \r" : " \t\r");
    if (*end != (c < r->n_channels ? r->separator : '\0'))
      MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: column %zu (%.60s): %s; the names are of %zu columns",
                r->path, r->line, c + 1, name, *end == '\0' ? "the row ends here"
                : *end == r->separator ? "more columns follow" : "is no number", r->n_channels + 1);
    if (c == 0) r->time[r->n_rows] = value;
    else r->value[r->n_rows * r->n_channels + c - 1] = value;
    at = end + 1;
  }
  const size_t n = r->n_rows++;
  const double step = r->time[n] - r->time[n > 0 ? n - 1 : 0];
  const double first = n > 0 ? r->time[1] - r->time[0] : 1;
  if (n > 0 && !(step > 0 && fabs(step - first) < 0.1 * first))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: column 1 (time): %g comes after a step of %g, the first "
              "step is %g: must ascend evenly; cut the recording where samples are missing",
              r->path, r->line, r->time[n], step, first);
cleanup:
  return status;
}

static meso_status read_lines(table_reader *r, char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  for (char *line = text, *next; line != NULL; line = next) {
    next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    r->line++;
    if (line[0] == '#' || line[strspn(line, " \t\r")] == '\0') continue;
    MESO_TRY(r->n_channels == 0 ? read_names(r, line, err) : read_row(r, line, err));
  }
  if (r->n_rows < 2)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: %zu rows of numbers: two or more say how far samples are "
              "apart", r->path, r->line, r->n_rows);
cleanup:
  return status;
}

/* ---- signals ------------------------------------------------------------------------------ */

/* The name of the file without folder and ending. */
static void stem_of(const char *path, char name[MOST_NAME])
{
  const char *slash = strrchr(path, '/'), *from = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(from, '.');
  const size_t n = dot != NULL ? (size_t) (dot - from) : strlen(from);
  (void) snprintf(name, MOST_NAME, "%.*s", (int) (n < MOST_NAME ? n : MOST_NAME - 1), from);
}

/* Times have been rounded on their way: a rate that is nearly a whole number, or the inverse of
 * one, is that. */
static double rate_of(const table_reader *r)
{
  const double span = r->time[r->n_rows - 1] - r->time[0];
  const double rate_Hz = 1e3 * (double) (r->n_rows - 1) / (span * r->ms_per_unit);
  if (fabs(rate_Hz - round(rate_Hz)) < 1e-9 * rate_Hz) return round(rate_Hz);
  const double period = 1 / rate_Hz;
  return fabs(period - round(period)) < 1e-9 * period ? 1 / round(period) : rate_Hz;
}

static meso_status make_signals(const table_reader *r, meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *signals = NULL;
  meso_signal *s = NULL;
  char name[MOST_NAME];
  stem_of(r->path, name);
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(meso_signals_add(signals, name, r->units[0] != '\0' ? r->units : "1", r->n_rows,
                            r->n_channels, rate_of(r), r->time[0] * r->ms_per_unit, &s, err));
  memcpy(s->data, r->value, r->n_rows * r->n_channels * sizeof *s->data);
  for (size_t c = 0; c < r->n_channels; c++)
    MESO_TRY(meso_signal_set_label(s, c, r->name[c], err));
  if (r->units[0] == '\0')
    MESO_TRY(meso_attrs_warn(&signals->attrs, "the names of the columns have no units in brackets, "
                             "'V1 (mV)': taken as pure numbers", err));
  *ret_signals = signals;
  signals = NULL;
cleanup:
  meso_signals_destroy(signals);
  return status;
}

static meso_status read_signals(const meso_format_input *input, meso_signals **ret_signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  table_reader r = {.path = input->path, .separator = meso_table_separator(input->path)};
  char *text = NULL;
  size_t n_bytes = 0;
  *ret_signals = NULL;
  MESO_TRY(meso_file_read(input->path, MOST_BYTES, &text, &n_bytes, err));
  if (memchr(text, '\0', n_bytes) != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: is no text: it holds a byte of 0", input->path);
  MESO_TRY(read_lines(&r, text, err));
  MESO_TRY(make_signals(&r, ret_signals, err));
cleanup:
  free(text);
  for (size_t c = 0; c < r.n_channels; c++) free(r.name[c]);
  free(r.name);
  free(r.time);
  free(r.value);
  return status;
}

/* Names with units, so that the table is read back whole. */
static meso_status write_signals(const char *path, const meso_signals *signals,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  const meso_signal *from = lfp != NULL ? lfp : signals->n > 0 ? &signals->signal[0] : NULL;
  char **label = NULL, text[MOST_NAME];
  (void) provenance; /* has no place in such a file */
  if (from == NULL) MESO_FAIL(err, MESO_EINVAL, "%s: there is no signal to write", path);
  if (lfp == NULL && signals->n > 1)
    MESO_FAIL(err, MESO_EINVAL, "%s: a table holds one signal, and there are %zu without one "
              "called lfp", path, signals->n);
  meso_signal s = *from;
  MESO_ALLOC(err, label, s.n_channels);
  for (size_t c = 0; c < s.n_channels; c++) {
    const char *name = from->label != NULL && from->label[c] != NULL ? from->label[c] : "";
    const bool pure = strcmp(s.units, "1") == 0;
    if (name[0] == '\0')
      (void) snprintf(text, sizeof text, pure ? "channel %zu" : "channel %zu (%.60s)", c + 1,
                      s.units);
    else (void) snprintf(text, sizeof text, pure ? "%.120s" : "%.120s (%.60s)", name, s.units);
    MESO_STRDUP(err, label[c], text);
  }
  s.label = label;
  MESO_TRY(meso_signal_table_write(path, &s, err));
cleanup:
  for (size_t c = 0; label != NULL && c < s.n_channels; c++) free(label[c]);
  free(label);
  return status;
}

static bool is_table(const char *path)
{
  return meso_table_separator(path) == '\t' || !spike_text_is(path);
}

const meso_format meso_format_table = {
  .name = "table", .summary = "a signal as text: time_s or time_ms, and a column for each channel",
  .ending = ".csv|.tsv", .content = MESO_CONTENT_SIGNALS, .recognises = is_table,
  .read_signals = read_signals, .write_signals = write_signals,
};
