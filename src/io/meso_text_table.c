/* meso_text_table.c: rows of numbers. */
#include "meso_text_table.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"

enum { MOST_BYTES = 1 << 26 };

/* Numbers of one line into v (room for one per two characters). Returns their count, or
 * (size_t) -1 if there is something else in it. */
static size_t read_line(const char *line, double *v)
{
  size_t n = 0;
  for (const char *p = line; ; ) {
    char *end = NULL;
    while (*p == ',' || isspace((unsigned char) *p)) p++;
    if (*p == '\0') return n;
    v[n] = strtod(p, &end);
    if (end == p || !isfinite(v[n])) return (size_t) -1;
    n++;
    p = end;
  }
}

static meso_status add_line(const char *path, const char *line, size_t number,
                            meso_text_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  if (line[0] == '#' || line[strspn(line, " \t\r")] == '\0') goto cleanup;
  const size_t n = read_line(line, t->data + t->n_rows * t->n_columns);
  if (n == (size_t) -1 && number == 1) goto cleanup; /* names */
  if (n == (size_t) -1)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: not a row of finite numbers", path, number);
  if (t->n_rows == 0) t->n_columns = n;
  if (n != t->n_columns)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: %zu columns, but %zu in the rows above", path, number, n,
              t->n_columns);
  t->line[t->n_rows++] = number;
cleanup:
  return status;
}

meso_status meso_text_table_read(const char *path, meso_text_table *table, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  size_t n_bytes = 0, number = 0;
  *table = (meso_text_table) {0};
  MESO_TRY(meso_file_read(path, MOST_BYTES, &text, &n_bytes, err));
  MESO_ALLOC(err, table->data, n_bytes / 2 + 2);
  MESO_ALLOC(err, table->line, n_bytes / 2 + 2);
  for (char *line = text, *next; line != NULL; line = next) {
    next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    MESO_TRY(add_line(path, line, ++number, table, err));
  }
cleanup:
  free(text);
  return status;
}

void meso_text_table_clear(meso_text_table *table)
{
  free(table->data);
  free(table->line);
  *table = (meso_text_table) {0};
}
