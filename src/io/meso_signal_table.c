/* meso_signal_table.c: signals as comma- or tab-separated text. */
#include "meso_signal_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_io_internal.h"

/* Separator of a file by its name, 0 for another ending. */
static char separator_of(const char *path)
{
  static const struct { const char *ending; char separator; } row[] = {{".csv", ','},
                                                                       {".tsv", '\t'}};
  const size_t n = strlen(path);
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
    if (n > 4 && strcmp(path + n - 4, row[i].ending) == 0) return row[i].separator;
  return '\0';
}

bool meso_signal_table_is_name(const char *path) { return separator_of(path) != '\0'; }

static void write_name(FILE *out, char separator, const char *name)
{
  const bool quoted = separator == ',' && strpbrk(name, ",\"") != NULL;
  if (quoted) (void) fputc('"', out);
  for (const char *c = name; *c != '\0'; c++) {
    if (quoted && *c == '"') (void) fputc('"', out);
    (void) fputc((unsigned char) *c < ' ' ? ' ' : *c, out);
  }
  if (quoted) (void) fputc('"', out);
}

static void write_number(FILE *out, double value)
{
  char text[40];
  (void) snprintf(text, sizeof text, "%.15g", value);
  if (strtod(text, NULL) < value || strtod(text, NULL) > value)
    (void) snprintf(text, sizeof text, "%.17g", value);
  (void) fputs(text, out);
}

static void write_rows(FILE *out, char separator, const meso_signal *s)
{
  (void) fputs("time_s", out);
  for (size_t c = 0; c < s->n_channels; c++) {
    const char *label = s->label != NULL ? s->label[c] : NULL;
    char number[40];
    (void) snprintf(number, sizeof number, "channel %zu", c + 1);
    (void) fputc(separator, out);
    write_name(out, separator, label != NULL && *label != '\0' ? label : number);
  }
  (void) fputc('\n', out);
  for (size_t t = 0; t < s->n_times && ferror(out) == 0; t++) {
    write_number(out, 1e-3 * s->t_start_ms + (double) t / s->sampling_rate_Hz);
    for (size_t c = 0; c < s->n_channels; c++) {
      (void) fputc(separator, out);
      write_number(out, s->data[t * s->n_channels + c]);
    }
    (void) fputc('\n', out);
  }
}

meso_status meso_signal_table_write(const char *path, const meso_signal *signal, meso_err *err)
{
  meso_status status = MESO_OK;
  char *tmp = NULL;
  int fd = -1;
  FILE *out = NULL;
  if (!meso_signal_table_is_name(path))
    MESO_FAIL(err, MESO_EUSAGE, "%s: a table's name ends in .csv or .tsv", path);
  MESO_TRY(meso_tmp_create(path, &tmp, &fd, err));
  out = fdopen(fd, "w");
  if (out == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: cannot open a stream", path);
  fd = -1; /* the stream's now */
  write_rows(out, separator_of(path), signal);
  const bool failed = fflush(out) != 0 || ferror(out) != 0;
  const int cause = errno;
  if (failed) MESO_FAIL(err, MESO_EIO, "%s: cannot write: %s", path, strerror(cause));
  MESO_TRY(meso_tmp_commit(tmp, path, err));
cleanup:
  if (out != NULL) (void) fclose(out);
  if (fd >= 0) (void) close(fd);
  if (status != MESO_OK && tmp != NULL) (void) unlink(tmp);
  free(tmp);
  return status;
}
