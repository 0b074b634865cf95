/* swc_file.c: reader of SWC files, with the habits of many tools.
 *
 * 1. lines   2. points   3. tree   4. soma   5. the file
 */
#include "swc_file.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 1000000, MAX_LINE = 512, MAX_ID = 2000000000 };
static const double max_coordinate_um = 1e6, min_radius_um = 1e-4, max_radius_um = 1e4;

/* Types of the SWC definition that are no types of membrane. */
enum { TYPE_UNDEFINED = 0, TYPE_FORK = 5, TYPE_END = 6 };

/* A row of the file. */
typedef struct swc_row {
  long id, line, type, parent_id;
  size_t parent;        /* index of a row */
  double x[3], radius;
} swc_row;

typedef struct swc_rows { size_t n, capacity; swc_row *row; } swc_rows;

/* ---- 1. lines ----------------------------------------------------------------------------- */

/* The rest of a comment may be of any length. */
static void skip_line(FILE *file)
{
  int c;
  while ((c = getc(file)) != EOF && c != '\n') continue;
}

/* Next line without comment, BOM and end; *done at the end of the file. */
static meso_status next_line(FILE *file, const char *path, long *line, char text[MAX_LINE],
                             bool *done, meso_err *err)
{
  meso_status status = MESO_OK;
  *done = fgets(text, MAX_LINE, file) == NULL;
  if (*done) goto cleanup;
  (*line)++;
  const size_t length = strlen(text);
  const bool whole = length > 0 && text[length - 1] == '\n';
  char *comment = strchr(text, '#');
  if (!whole && comment != NULL) skip_line(file);
  else if (!whole && !feof(file))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: line longer than %d characters, or no text", path, *line,
              MAX_LINE - 2);
  if (comment != NULL) *comment = '\0';
  if (*line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0) memset(text, ' ', 3);
cleanup:
  return status;
}

/* ---- 2. points ---------------------------------------------------------------------------- */

static const char blanks[] = " \t\r\n\f\v";

static bool parse_number(char **text, double *value)
{
  char *end;
  *value = strtod(*text, &end);
  if (end == *text || (*end != '\0' && strchr(blanks, *end) == NULL)) return false;
  *text = end;
  return true;
}

/* Whole numbers may be written as 3.0. */
static bool parse_whole(char **text, long *value)
{
  double x;
  if (!parse_number(text, &x) || !(fabs(x) <= MAX_ID) || x != floor(x)) return false;
  *value = (long) x;
  return true;
}

static meso_status check_row(const swc_row *row, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  if (row->id < 0 || row->parent_id < -1)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: id %ld, parent %ld: ids are not negative, the root's "
              "parent is -1", path, row->line, row->id, row->parent_id);
  if (row->type < TYPE_UNDEFINED || row->type > TYPE_END)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: point type %ld (1 soma, 2 axon, 3 dendrite, 4 apical "
              "dendrite; 0 counts as dendrite, 5 and 6 as their parent)", path, row->line,
              row->type);
  for (int k = 0; k < 3; k++)
    if (!(fabs(row->x[k]) <= max_coordinate_um))
      MESO_FAIL(err, MESO_ERANGE, "%s:%ld: coordinate %g um beyond +-%g um", path, row->line,
                row->x[k], max_coordinate_um);
  if (!(row->radius >= min_radius_um && row->radius <= max_radius_um))
    MESO_FAIL(err, MESO_ERANGE, "%s:%ld: radius %g um (%g um to %g um)%s", path, row->line,
              row->radius, min_radius_um, max_radius_um,
              row->radius == 0 ? ": the file does not say how thick the cell is here" : "");
cleanup:
  return status;
}

static meso_status parse_row(char *text, const char *path, long line, swc_row *row, meso_err *err)
{
  meso_status status = MESO_OK;
  row->line = line;
  if (!parse_whole(&text, &row->id) || !parse_whole(&text, &row->type)
      || !parse_number(&text, &row->x[0]) || !parse_number(&text, &row->x[1])
      || !parse_number(&text, &row->x[2]) || !parse_number(&text, &row->radius)
      || !parse_whole(&text, &row->parent_id))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: expected 'id type x y z radius parent'", path, line);
  if (text[strspn(text, blanks)] != '\0')
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: text after the seven columns", path, line);
  MESO_TRY(check_row(row, path, err));
cleanup:
  return status;
}

static meso_status read_rows(const char *path, swc_rows *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[MAX_LINE];
  long line = 0;
  bool done = false;
  const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t) 0); /* decimal points */
  const locale_t former = c_locale != (locale_t) 0 ? uselocale(c_locale) : (locale_t) 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) MESO_FAIL(err, MESO_ENOTFOUND, "%s: cannot open the morphology", path);
  while (true) {
    MESO_TRY(next_line(file, path, &line, text, &done, err));
    if (done) break;
    if (text[strspn(text, blanks)] == '\0') continue;
    if (rows->n == MAX_POINTS)
      MESO_FAIL(err, MESO_ERANGE, "%s:%ld: more than %d points", path, line, MAX_POINTS);
    if (rows->n == rows->capacity) {
      const size_t capacity = rows->capacity == 0 ? 256 : 2 * rows->capacity;
      swc_row *grown = meso_realloc(rows->row, capacity, sizeof *grown);
      if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu points", capacity);
      rows->row = grown;
      rows->capacity = capacity;
    }
    MESO_TRY(parse_row(text, path, line, &rows->row[rows->n], err));
    rows->n++;
  }
  if (ferror(file)) MESO_FAIL(err, MESO_EFORMAT, "%s: cannot read the morphology", path);
  if (rows->n == 0) MESO_FAIL(err, MESO_EFORMAT, "%s: no points", path);
cleanup:
  if (file != NULL) (void) fclose(file);
  if (c_locale != (locale_t) 0) {
    (void) uselocale(former);
    freelocale(c_locale);
  }
  return status;
}

/* ---- 3. tree ------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b)
{
  const swc_row *r = a, *s = b;
  if (r->id != s->id) return r->id < s->id ? -1 : 1;
  return r->line < s->line ? -1 : r->line > s->line;
}

/* Row with an id among those in ascending order, or MESO_NO_PARENT. */
static size_t find_id(const swc_rows *rows, long id)
{
  size_t low = 0, high = rows->n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (rows->row[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low < rows->n && rows->row[low].id == id ? low : MESO_NO_PARENT;
}

/* Sorts by id and finds parents; there is one root, whose index is returned. */
static meso_status link_rows(const char *path, swc_rows *rows, size_t *ret_root, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t root = MESO_NO_PARENT;
  qsort(rows->row, rows->n, sizeof *rows->row, by_id);
  for (size_t i = 0; i < rows->n; i++) {
    swc_row *r = &rows->row[i];
    if (i > 0 && r->id == rows->row[i - 1].id)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: id %ld is also that of line %ld", path, r->line, r->id,
                rows->row[i - 1].line);
    r->parent = MESO_NO_PARENT;
    if (r->parent_id == -1) {
      if (root != MESO_NO_PARENT)
        MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: second root (parent -1; the first is in line %ld): "
                  "the tree must be connected", path, r->line, rows->row[root].line);
      root = i;
      continue;
    }
    r->parent = find_id(rows, r->parent_id);
    if (r->parent == MESO_NO_PARENT)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: parent %ld of point %ld is missing", path, r->line,
                r->parent_id, r->id);
  }
  if (root == MESO_NO_PARENT)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: no point has the parent -1: a cycle", path,
              rows->row[0].line);
  *ret_root = root;
cleanup:
  return status;
}

/* Order in which parents come first: that of ids if it does, else depth first by id. */
static meso_status order_rows(const char *path, const swc_rows *rows, size_t root, size_t *order,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL, *next = NULL, *stack = NULL, n = 0, depth = 1;
  bool ascending = root == 0, *met = NULL;
  for (size_t i = 0; i < rows->n; i++) {
    order[i] = i;
    ascending = ascending && (i == 0 || rows->row[i].parent < i);
  }
  if (ascending) return MESO_OK;
  MESO_ALLOC(err, first, rows->n);
  MESO_ALLOC(err, next, rows->n);
  MESO_ALLOC(err, stack, rows->n);
  MESO_ALLOC(err, met, rows->n);
  for (size_t i = 0; i < rows->n; i++) first[i] = MESO_NO_PARENT;
  for (size_t i = 0; i < rows->n; i++) /* lists end up in descending order: the stack turns it */
    if (i != root) {
      next[i] = first[rows->row[i].parent];
      first[rows->row[i].parent] = i;
    }
  stack[0] = root;
  while (depth > 0) {
    const size_t i = order[n++] = stack[--depth];
    met[i] = true;
    for (size_t child = first[i]; child != MESO_NO_PARENT; child = next[child])
      stack[depth++] = child;
  }
  for (size_t i = 0; i < rows->n; i++)
    if (!met[i])
      MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: point %ld hangs on a cycle of parents", path,
                rows->row[i].line, rows->row[i].id);
cleanup:
  free(first);
  free(next);
  free(stack);
  free(met);
  return status;
}

/* Type of a point whose parent's is known. */
static int resolve_type(const swc_row *row, int parent_type)
{
  if (row->type == TYPE_UNDEFINED) return MESO_SECTION_DEND;
  if (row->type != TYPE_FORK && row->type != TYPE_END) return (int) row->type;
  return parent_type == MESO_SECTION_SOMA ? MESO_SECTION_DEND : parent_type;
}

/* Points in order; soma points become point 0. index: (n) room for the new indices of rows. */
static meso_status build_tree(const char *path, const swc_rows *rows, const size_t *order,
                              size_t *index, swc_tree *tree, meso_err *err)
{
  meso_status status = MESO_OK;
  const swc_row *root = &rows->row[order[0]];
  const bool missing = root->type != MESO_SECTION_SOMA;
  MESO_ALLOC(err, tree->point, rows->n + 1);
  tree->n = 1;
  tree->point[0] = (swc_point) {.id = root->id, .line = root->line, .type = MESO_SECTION_SOMA,
                                .parent = MESO_NO_PARENT};
  for (size_t i = 0; i < rows->n; i++) {
    const swc_row *row = &rows->row[order[i]];
    const size_t parent = i > 0 ? index[row->parent] : 0;
    if (row->type == MESO_SECTION_SOMA && (missing || parent != 0))
      MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: soma point %ld below a point that is none: the root "
                "must be in the soma", path, row->line, row->id);
    index[order[i]] = 0;
    if (i == 0 || row->type == MESO_SECTION_SOMA) continue;
    index[order[i]] = tree->n;
    tree->point[tree->n++] = (swc_point) {
      .id = row->id, .line = row->line, .parent = parent, .diam = 2 * row->radius,
      .type = resolve_type(row, tree->point[parent].type),
      .x = {row->x[0], row->x[1], row->x[2]}};
    tree->point[parent].n_children++;
    tree->point[parent].last_child = tree->n - 1;
  }
cleanup:
  return status;
}

/* ---- 4. soma ------------------------------------------------------------------------------ */

static double distance(const double *a, const double *b)
{
  return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
              + (a[2] - b[2]) * (a[2] - b[2]));
}

/* Sphere as a cylinder along z with its diameter and length: the lateral area is the sphere's. */
static void make_sphere(const double centre[3], double radius, swc_soma *soma)
{
  soma->n = 2;
  for (size_t k = 0; k < 2; k++) {
    memcpy(soma->point[k], centre, 3 * sizeof *centre);
    soma->point[k][2] += k == 0 ? -radius : radius;
    soma->point[k][3] = 2 * radius;
  }
}

/* Soma points in order: are they the first point and two on its surface, a diameter apart? */
static bool is_three_point(const swc_row *const *p, size_t n)
{
  if (n != 3 || p[1]->parent_id != p[0]->id || p[2]->parent_id != p[0]->id) return false;
  const double r = p[0]->radius;
  for (size_t k = 1; k < 3; k++)
    if (fabs(p[k]->radius - r) > 0.01 * r || fabs(distance(p[k]->x, p[0]->x) - r) > 0.01 * r)
      return false;
  return fabs(distance(p[1]->x, p[2]->x) - 2 * r) <= 0.02 * r;
}

/* An outline comes back to where it began: the gap is no longer than twice its longest edge, and
 * its points are thin against it. */
static bool is_contour(const swc_row *const *p, size_t n, const double centre[3])
{
  double edge = 0, mean = 0, thickest = 0;
  for (size_t k = 0; k < n; k++) {
    if (k > 0) edge = fmax(edge, distance(p[k]->x, p[k - 1]->x));
    mean += distance(p[k]->x, centre) / (double) n;
    thickest = fmax(thickest, p[k]->radius);
  }
  return n >= 4 && distance(p[n - 1]->x, p[0]->x) <= 2 * edge && thickest < mean / 2;
}

static meso_status make_soma(const char *path, const swc_row *const *p, size_t n, swc_soma *soma,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  double centre[3] = {0, 0, 0}, radius = 0;
  MESO_ALLOC(err, soma->point, n + 2);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < 3; k++) centre[k] += p[i]->x[k] / (double) n;
  for (size_t i = 0; i < n; i++) radius += distance(p[i]->x, centre) / (double) n;
  if (n == 1 || is_three_point(p, n)) {
    soma->form = n > 1 ? MESO_SOMA_THREE_POINTS : p[0]->type == MESO_SECTION_SOMA
      ? MESO_SOMA_POINT : MESO_SOMA_MISSING;
    make_sphere(p[0]->x, p[0]->radius, soma);
    return MESO_OK;
  }
  for (size_t i = 1; i < n; i++)
    if (p[i]->parent_id != p[i - 1]->id)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: the soma branches; it must be one point, a point with "
                "two on its surface, a row of points with diameters, or an outline", path,
                p[i]->line);
  if (is_contour(p, n, centre)) {
    soma->form = MESO_SOMA_CONTOUR;
    make_sphere(centre, radius, soma);
    return MESO_OK;
  }
  soma->form = MESO_SOMA_CYLINDERS;
  soma->n = n;
  for (size_t i = 0; i < n; i++) {
    memcpy(soma->point[i], p[i]->x, 3 * sizeof *p[i]->x);
    soma->point[i][3] = 2 * p[i]->radius;
  }
cleanup:
  return status;
}

/* ---- 5. the file -------------------------------------------------------------------------- */

meso_status swc_tree_read(const char *path, swc_tree *tree, meso_err *err)
{
  meso_status status = MESO_OK;
  swc_rows rows = {0};
  size_t *order = NULL, *index = NULL, root = 0, n_soma = 0;
  const swc_row **soma = NULL;
  MESO_TRY(read_rows(path, &rows, err));
  MESO_ALLOC(err, order, rows.n);
  MESO_ALLOC(err, index, rows.n);
  MESO_ALLOC(err, soma, rows.n);
  MESO_TRY(link_rows(path, &rows, &root, err));
  MESO_TRY(order_rows(path, &rows, root, order, err));
  MESO_TRY(build_tree(path, &rows, order, index, tree, err));
  for (size_t i = 0; i < rows.n; i++) {
    const swc_row *row = &rows.row[order[i]];
    if (i == 0 || row->type == MESO_SECTION_SOMA) soma[n_soma++] = row;
  }
  MESO_TRY(make_soma(path, soma, n_soma, &tree->soma, err));
cleanup:
  free(rows.row);
  free(order);
  free(index);
  free(soma);
  return status;
}

void swc_tree_clear(swc_tree *tree)
{
  free(tree->point);
  free(tree->soma.point);
}
