/* sonata_types.c: the tables of node and edge types: words between blanks, or quoted. */
#include "sonata.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 26 };

/** The next word of a line, cut out in place; NULL at its end. */
static char *next_word(char **at)
{
  char *from = *at + strspn(*at, " \t");
  if (*from == '\0') return NULL;
  const char quote = *from == '"' || *from == '\'' ? *from : '\0';
  if (quote != '\0') from++;
  char *end = from;
  while (*end != '\0' && (quote != '\0' ? *end != quote : *end != ' ' && *end != '\t')) end++;
  *at = *end != '\0' ? end + 1 : end;
  *end = '\0';
  return from;
}

static size_t count_lines(const char *text)
{
  size_t n = 1;
  for (; *text != '\0'; text++) n += *text == '\n';
  return n;
}

/** Adds a line's words as a row. */
static meso_status take_line(sonata_types *t, char *line, size_t number, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool header = t->cell == NULL || t->cell[0] == NULL;
  char **row = t->cell + (header ? 0 : (t->n_rows + 1) * t->n_columns);
  size_t n = 0;
  for (char *word; (word = next_word(&line)) != NULL; n++) {
    if (n == t->n_columns)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: more words than columns", t->path, number);
    MESO_STRDUP(err, row[n], word);
  }
  if (n < t->n_columns)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: %zu words for %zu columns", t->path, number, n,
              t->n_columns);
  if (!header) t->n_rows++;
cleanup:
  return status;
}

static size_t count_words(const char *line)
{
  size_t n = 0;
  for (const char *p = line + strspn(line, " \t"); *p != '\0'; n++) {
    p += strcspn(p, " \t");
    p += strspn(p, " \t");
  }
  return n;
}

static meso_status read_ids(sonata_types *t, const char *key, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, t->id, t->n_rows);
  for (size_t row = 0; row < t->n_rows; row++) {
    const char *text = sonata_types_text(t, row, key);
    char *end = NULL;
    errno = 0;
    if (text != NULL) t->id[row] = strtoll(text, &end, 10);
    if (text == NULL || end == text || *end != '\0' || errno != 0)
      MESO_FAIL(err, MESO_EFORMAT, "%s: row %zu: %s must be a whole number", t->path, row + 1, key);
  }
cleanup:
  return status;
}

meso_status sonata_types_read(const char *path, const char *key, sonata_types *t, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL, *save = NULL;
  size_t size = 0, number = 0, n_lines = 0;
  *t = (sonata_types) {.n_rows = 0};
  MESO_STRDUP(err, t->path, path);
  MESO_TRY(meso_file_read(path, MAX_BYTES, &text, &size, err));
  if (strlen(text) != size) MESO_FAIL(err, MESO_EFORMAT, "%s: not a text", path);
  n_lines = count_lines(text);
  for (char *line = strtok_r(text, "\r\n", &save); line != NULL;
       line = strtok_r(NULL, "\r\n", &save)) {
    number++;
    if (t->cell == NULL) {
      t->n_columns = count_words(line);
      if (t->n_columns > 1000) MESO_FAIL(err, MESO_EFORMAT, "%s: more than 1000 columns", path);
      MESO_ALLOC(err, t->cell, (n_lines + 1) * t->n_columns);
    }
    if (line[strspn(line, " \t")] != '\0') MESO_TRY(take_line(t, line, number, err));
  }
  if (t->n_columns == 0) MESO_FAIL(err, MESO_EFORMAT, "%s: holds no table", path);
  MESO_TRY(read_ids(t, key, err));
cleanup:
  free(text);
  return status;
}

void sonata_types_clear(sonata_types *t)
{
  for (size_t i = 0; t->cell != NULL && i < (t->n_rows + 2) * t->n_columns; i++) {
    if (t->cell[i] == NULL) break;
    free(t->cell[i]);
  }
  free(t->cell);
  free(t->id);
  free(t->path);
  *t = (sonata_types) {.n_rows = 0};
}

meso_status sonata_types_find(sonata_types *t, double id, size_t *ret_row, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < t->n_rows; i++) {
    const size_t row = (t->last + i) % t->n_rows;
    if ((double) t->id[row] != id) continue;
    t->last = *ret_row = row;
    return MESO_OK;
  }
  MESO_FAIL(err, MESO_ENOTFOUND, "%s: there is no type %.17g", t->path, id);
cleanup:
  return status;
}

const char *sonata_types_text(const sonata_types *t, size_t row, const char *column)
{
  for (size_t c = 0; c < t->n_columns; c++) {
    if (strcmp(t->cell[c], column) != 0) continue;
    const char *text = t->cell[(row + 1) * t->n_columns + c];
    return strcmp(text, "NULL") == 0 || strcmp(text, "NA") == 0 ? NULL : text;
  }
  return NULL;
}

meso_status sonata_types_number(const sonata_types *t, size_t row, const char *column,
                                double *ret_number, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *text = sonata_types_text(t, row, column);
  char *end = NULL;
  *ret_number = NAN;
  if (text == NULL) goto cleanup;
  *ret_number = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(*ret_number))
    MESO_FAIL(err, MESO_EFORMAT, "%s: type %lld: %s = '%.60s' is not a number", t->path,
              (long long) t->id[row], column, text);
cleanup:
  return status;
}
