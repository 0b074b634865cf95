/* meso_numbers.c: columns of numbers from CSV or HDF5 files. */
#include "meso_numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"

#define MAX_BYTES ((size_t) 1 << 32)

void meso_numbers_clear(meso_numbers *c)
{
  for (size_t k = 0; k < MESO_MAX_COLUMNS; k++) free(c->column[k]);
  free(c->line);
  *c = (meso_numbers) {.n = 0};
}

meso_status meso_numbers_refuse(const meso_numbers *c, const char *path, const char *name,
                                size_t row, double value, const char *message, meso_err *err)
{
  if (c->line != NULL)
    return meso_err_set(err, MESO_ERANGE, __FILE__, __LINE__, "%s:%zu: %s = %.10g: %s", path,
                        c->line[row], name, value, message);
  return meso_err_set(err, MESO_ERANGE, __FILE__, __LINE__, "%s: %s[%zu] = %.10g: %s", path, name,
                      row, value, message);
}

static size_t find_name(const char *word, size_t length, size_t n, const char *const *names)
{
  size_t k = 0;
  while (k < n && (strlen(names[k]) != length || strncmp(names[k], word, length) != 0)) k++;
  return k;
}

static meso_status refuse_name(const char *where, const char *word, size_t length, size_t n,
                               const char *const *names, meso_err *err)
{
  char known[256] = "";
  for (size_t k = 0, used = 0; k < n && used < sizeof known; k++)
    used += (size_t) snprintf(known + used, sizeof known - used, " %s", names[k]);
  return meso_err_set(err, MESO_EINVAL, __FILE__, __LINE__, "%s: column %.*s is not known; known "
                      "are%s", where, (int) (length < 60 ? length : 60), word, known);
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* Where the text of a CSV file is read. */
typedef struct reader { const char *path; char *at; size_t line; } reader;

/* The next line that says something, without its end; NULL at the end of the text. */
static char *next_line(reader *r)
{
  while (*r->at != '\0') {
    char *line = r->at;
    const size_t n = strcspn(line, "\n");
    r->at += n + (line[n] == '\n');
    line[n] = '\0';
    if (n > 0 && line[n - 1] == '\r') line[n - 1] = '\0';
    r->line++;
    if (line[0] != '#' && line[strspn(line, " \t")] != '\0') return line;
  }
  return NULL;
}

/* Which name each field of the first line is. */
static meso_status read_head(reader *r, size_t n_names, const char *const *names,
                             size_t place[MESO_MAX_COLUMNS], size_t *n_fields, meso_err *err)
{
  meso_status status = MESO_OK;
  bool seen[MESO_MAX_COLUMNS] = {false};
  char where[300], *word = next_line(r);
  *n_fields = 0;
  (void) snprintf(where, sizeof where, "%.250s:%zu", r->path, r->line);
  for (bool more = word != NULL; more; word++) {
    word += strspn(word, " \t");
    const size_t n = strcspn(word, ", \t"), k = find_name(word, n, n_names, names);
    if (k == n_names) MESO_TRY(refuse_name(where, word, n, n_names, names, err));
    if (seen[k]) MESO_FAIL(err, MESO_EINVAL, "%s: column %s is there twice", where, names[k]);
    seen[k] = true;
    place[(*n_fields)++] = k;
    word += n + strspn(word + n, " \t");
    more = *word == ',';
    if (!more && *word != '\0')
      MESO_FAIL(err, MESO_EINVAL, "%s: names of columns must have commas between them", where);
  }
cleanup:
  return status;
}

static meso_status read_fields(const reader *r, char *text, size_t n_fields, double *value,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t f = 0; f < n_fields; f++) {
    char *end = NULL;
    value[f] = strtod(text, &end);
    if (end == text || !isfinite(value[f]))
      MESO_FAIL(err, MESO_EINVAL, "%s:%zu: field %zu, \"%.40s\", must be a finite number", r->path,
                r->line, f + 1, text);
    end += strspn(end, " \t");
    if (*end != (f + 1 < n_fields ? ',' : '\0'))
      MESO_FAIL(err, MESO_EINVAL, "%s:%zu: must have %zu numbers with commas between them",
                r->path, r->line, n_fields);
    text = end + 1;
  }
cleanup:
  return status;
}

static meso_status read_csv(const char *path, size_t n_names, const char *const *names,
                            meso_numbers *c, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  size_t n_bytes = 0, n_lines = 0, place[MESO_MAX_COLUMNS], n_fields = 0;
  MESO_TRY(meso_file_read(path, MAX_BYTES, &text, &n_bytes, err));
  if (strlen(text) != n_bytes) MESO_FAIL(err, MESO_EFORMAT, "%s: is not text", path);
  for (size_t i = 0; i < n_bytes; i++) n_lines += text[i] == '\n';
  reader r = {path, text, 0};
  MESO_TRY(read_head(&r, n_names, names, place, &n_fields, err));
  for (size_t f = 0; f < n_fields; f++) MESO_ALLOC(err, c->column[place[f]], n_lines + 1);
  MESO_ALLOC(err, c->line, n_lines + 1);
  for (char *line; (line = next_line(&r)) != NULL; c->n++) {
    double value[MESO_MAX_COLUMNS];
    MESO_TRY(read_fields(&r, line, n_fields, value, err));
    for (size_t f = 0; f < n_fields; f++) c->column[place[f]][c->n] = value[f];
    c->line[c->n] = r.line;
  }
cleanup:
  free(text);
  return status;
}

/* ---- HDF5 ---------------------------------------------------------------------------------- */

static meso_status read_h5(const char *path, size_t n_names, const char *const *names,
                           meso_numbers *c, meso_err *err)
{
  meso_status status = MESO_OK;
  char **found = NULL;
  size_t n_found = 0, n_dims = 0, dims[4] = {0};
  bool first = true;
  MESO_TRY(meso_h5_read_names(path, "/", &found, &n_found, err));
  for (size_t i = 0; i < n_found; i++) {
    const size_t k = find_name(found[i], strlen(found[i]), n_names, names);
    if (k == n_names && strcmp(found[i], "provenance") == 0) continue;
    if (k == n_names)
      MESO_TRY(refuse_name(path, found[i], strlen(found[i]), n_names, names, err));
    MESO_TRY(meso_h5_read_doubles(path, names[k], &n_dims, dims, &c->column[k], err));
    if (n_dims != 1 || (!first && dims[0] != c->n))
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector as long as the others", path, names[k]);
    c->n = dims[0];
    first = false;
    for (size_t row = 0; row < c->n; row++)
      if (!isfinite(c->column[k][row]))
        MESO_TRY(meso_numbers_refuse(c, path, names[k], row, c->column[k][row],
                                     "must be a finite number", err));
  }
cleanup:
  meso_names_free(found, n_found);
  return status;
}

meso_status meso_numbers_read(const char *path, size_t n_names, const char *const *names,
                              size_t n_required, meso_numbers *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *dot = strrchr(path, '.');
  const bool is_h5 = dot != NULL && (strcmp(dot, ".h5") == 0 || strcmp(dot, ".hdf5") == 0);
  *c = (meso_numbers) {.n = 0};
  MESO_TRY(is_h5 ? read_h5(path, n_names, names, c, err) : read_csv(path, n_names, names, c, err));
  for (size_t k = 0; k < n_required; k++)
    if (c->column[k] == NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: column %s is missing", path, names[k]);
  MESO_TRY(meso_sha256_file(path, c->sha256, err));
cleanup:
  return status;
}
