/* meso_points.c: tables of places. */
#include "meso_points.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_params.h"
#include "meso_text.h"

enum { MAX_BYTES = 4 << 20, MAX_POINTS = 100000, MAX_LINE = 512, MAX_NAME = 60 };

/* What has been read; lines are counted from 1. */
typedef struct table {
  const char *file;
  long line;
  size_t room;
  bool started;      /* a header or a point has been seen */
  meso_points points;
} table;

static const meso_param place_row = {
  .key = "x_um, y_um, z_um", .type = MESO_PARAM_DOUBLES, .unit = "um", .min = -1e7, .max = 1e7};

meso_status meso_points_create(size_t n, meso_points *ret_points, meso_err *err)
{
  meso_status status = MESO_OK;
  double *xyz_um = NULL;
  if (n > MAX_POINTS) MESO_FAIL(err, MESO_ERANGE, "more than %d points", (int) MAX_POINTS);
  MESO_ALLOC(err, xyz_um, 3 * n);
  *ret_points = (meso_points) {n, xyz_um, NULL};
cleanup:
  return status;
}

void meso_points_clear(meso_points *points)
{
  for (size_t i = 0; points->name != NULL && i < points->n; i++) free(points->name[i]);
  free(points->name);
  free(points->xyz_um);
  *points = (meso_points) {0};
}

/* Makes room for one more. */
static meso_status grow(table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_points *p = &t->points;
  if (p->n >= MAX_POINTS)
    MESO_FAIL(err, MESO_ERANGE, "%s:%ld: more than %d points", t->file, t->line, (int) MAX_POINTS);
  if (p->n < t->room) return MESO_OK;
  const size_t room = t->room == 0 ? 64 : 2 * t->room;
  double *xyz_um = meso_realloc(p->xyz_um, 3 * room, sizeof *xyz_um);
  if (xyz_um == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu points", room);
  p->xyz_um = xyz_um;
  char **name = meso_realloc(p->name, room, sizeof *name);
  if (name == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu names", room);
  p->name = name;
  t->room = room;
cleanup:
  return status;
}

/* Cuts the name off the front of a line; empty if it starts with a number. */
static meso_status take_name(table *t, char **text, char name[MAX_NAME + 1], meso_err *err)
{
  meso_status status = MESO_OK;
  const char first = (*text)[0];
  name[0] = '\0';
  if (isdigit((unsigned char) first) || strchr("+-.", first) != NULL) return MESO_OK;
  const size_t n = strcspn(*text, ", \t");
  if (n == 0 || n > MAX_NAME)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: expected x, y and z in um, or a name of 1 to %d letters "
              "before them", t->file, t->line, (int) MAX_NAME);
  memcpy(name, *text, n);
  name[n] = '\0';
  *text += n;
  *text += strspn(*text, " \t");
  if (**text == ',') (*text)++;
cleanup:
  return status;
}

static meso_status add_point(table *t, char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_doubles place = {0, NULL};
  const meso_where where = {t->file, t->line, NULL};
  meso_points *p = &t->points;
  char name[MAX_NAME + 1];
  MESO_TRY(take_name(t, &text, name, err));
  MESO_TRY(meso_param_set(&place_row, &place, text, &where, err));
  if (place.n != 3)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: has %zu numbers; must be 3: x, y and z in um", t->file,
              t->line, place.n);
  if (p->n > 0 && (p->name[0] != NULL) != (name[0] != '\0'))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: either all points or none must have a name", t->file,
              t->line);
  MESO_TRY(grow(t, err));
  memcpy(p->xyz_um + 3 * p->n, place.v, 3 * sizeof(double));
  p->name[p->n] = NULL;
  if (name[0] != '\0') MESO_STRDUP(err, p->name[p->n], name);
  p->n++;
cleanup:
  free(place.v);
  return status;
}

/* Whether the line is a header; text is changed to lower case without blanks. */
static bool is_header(const char *text)
{
  char word[MAX_LINE];
  size_t n = 0;
  for (const char *c = text; *c != '\0' && n + 1 < sizeof word; c++)
    if (*c == ',' || n == 0 || (*c != ' ' && *c != '\t')) word[n++] = *c;
    else if (word[n - 1] != ',' && c[1] != ',' && c[1] != ' ' && c[1] != '\t') word[n++] = ',';
  word[n] = '\0';
  return strcmp(word, "x_um,y_um,z_um") == 0 || strcmp(word, "name,x_um,y_um,z_um") == 0;
}

static meso_status read_line(table *t, const char *from, size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  char line[MAX_LINE];
  const char *comment = memchr(from, '#', n);
  if (comment != NULL) n = (size_t) (comment - from);
  if (n >= sizeof line || memchr(from, '\0', n) != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: is too long, or no text", t->file, t->line);
  memcpy(line, from, n);
  while (n > 0 && isspace((unsigned char) line[n - 1])) n--;
  line[n] = '\0';
  char *text = line + strspn(line, " \t");
  if (*text == '\0') goto cleanup;
  if (!t->started && is_header(text)) t->started = true;
  else {
    t->started = true;
    MESO_TRY(add_point(t, text, err));
  }
cleanup:
  return status;
}

meso_status meso_points_parse(const char *bytes, size_t n_bytes, const char *file,
                              meso_points *ret_points, meso_err *err)
{
  meso_status status = MESO_OK;
  table t = {.file = file};
  const char *end = bytes + n_bytes;
  for (const char *at = bytes; at < end;) {
    const char *stop = memchr(at, '\n', (size_t) (end - at));
    if (stop == NULL) stop = end;
    t.line++;
    MESO_TRY(read_line(&t, at, (size_t) (stop - at), err));
    at = stop + 1;
  }
  if (t.points.n == 0) MESO_FAIL(err, MESO_EFORMAT, "%s: has no points", file);
  if (t.points.name[0] == NULL) {
    free(t.points.name);
    t.points.name = NULL;
  }
  *ret_points = t.points;
  t.points = (meso_points) {0};
cleanup:
  meso_points_clear(&t.points);
  return status;
}

meso_status meso_points_read(const char *path, meso_points *ret_points, meso_err *err)
{
  meso_status status = MESO_OK;
  char *bytes = NULL;
  size_t n = 0;
  MESO_TRY(mesoi_text_read(path, MAX_BYTES, "table of places", &bytes, &n, err));
  MESO_TRY(meso_points_parse(bytes, n, path, ret_points, err));
cleanup:
  free(bytes);
  return status;
}
