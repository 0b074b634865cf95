/* meso_table.c: comma- or tab-separated text, cell by cell. */
#include "meso_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_io_internal.h"

char meso_table_separator(const char *path)
{
  static const struct { const char *ending; char separator; } row[] = {{".csv", ','},
                                                                       {".tsv", '\t'}};
  const size_t n = strlen(path);
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
    if (n > 4 && strcmp(path + n - 4, row[i].ending) == 0) return row[i].separator;
  return '\0';
}

meso_status meso_table_open(meso_table *table, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  int fd = -1;
  table->path = path;
  table->separator = meso_table_separator(path);
  if (table->separator == '\0')
    MESO_FAIL(err, MESO_EUSAGE, "%s: a table's name ends in .csv or .tsv", path);
  MESO_TRY(meso_tmp_create(path, &table->tmp, &fd, err));
  table->out = fdopen(fd, "w");
  if (table->out == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: cannot open a stream", path);
  fd = -1; /* the stream's now */
cleanup:
  if (fd >= 0) (void) close(fd);
  return status;
}

static void begin_cell(meso_table *table)
{
  if (table->in_row) (void) fputc(table->separator, table->out);
  table->in_row = true;
}

void meso_table_text(meso_table *table, const char *text)
{
  const bool quoted = table->separator == ',' && strpbrk(text, ",\"") != NULL;
  begin_cell(table);
  if (quoted) (void) fputc('"', table->out);
  for (const char *c = text; *c != '\0'; c++) {
    if (quoted && *c == '"') (void) fputc('"', table->out);
    (void) fputc((unsigned char) *c < ' ' ? ' ' : *c, table->out);
  }
  if (quoted) (void) fputc('"', table->out);
}

void meso_table_number(meso_table *table, double value)
{
  char text[40] = "nan"; /* never -nan */
  if (!isnan(value)) (void) snprintf(text, sizeof text, "%.15g", value);
  if (strtod(text, NULL) < value || strtod(text, NULL) > value)
    (void) snprintf(text, sizeof text, "%.17g", value);
  for (char *c = text; *c != '\0'; c++) *c = *c == ',' ? '.' : *c; /* of the caller's locale */
  begin_cell(table);
  (void) fputs(text, table->out);
}

void meso_table_end_row(meso_table *table)
{
  (void) fputc('\n', table->out);
  table->in_row = false;
}

meso_status meso_table_close(meso_table *table, meso_status status, meso_err *err)
{
  if (status != MESO_OK) goto cleanup;
  const bool failed = fflush(table->out) != 0 || meso_table_has_failed(table);
  const int cause = errno;
  if (failed) MESO_FAIL(err, MESO_EIO, "%s: cannot write: %s", table->path, strerror(cause));
  MESO_TRY(meso_tmp_commit(table->tmp, table->path, err));
cleanup:
  if (table->out != NULL) (void) fclose(table->out);
  if (status != MESO_OK && table->tmp != NULL) (void) unlink(table->tmp);
  free(table->tmp);
  *table = (meso_table) { .path = NULL };
  return status;
}
