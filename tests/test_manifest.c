/* test_manifest.c: the shipped morphologies, measured from their SWC files, against what
 * morphologies/MANIFEST.tsv says of them: checksum, size, and the published ranges. */
#include <dirent.h>
#include <string.h>

#include "lfp_golden.h"

enum { MOST_COLUMNS = 32, MOST_ROWS = 64, N_CELLS = 8 };

typedef struct table {
  char *text;
  size_t n_columns, n_rows;
  char *head[MOST_COLUMNS];
  char *cell[MOST_ROWS][MOST_COLUMNS];
} table;

static size_t split_tabs(char *line, char *field[MOST_COLUMNS])
{
  size_t n = 0;
  for (char *rest = line; rest != NULL && n < MOST_COLUMNS;) field[n++] = strsep(&rest, "\t");
  return n;
}

static table read_manifest(void)
{
  table t = { .text = calloc(1, 1 << 16) };
  FILE *file = fopen(meso_test_path("morphologies/MANIFEST.tsv"), "rb");
  CU_ASSERT_FATAL(file != NULL && t.text != NULL);
  const size_t n = fread(t.text, 1, (1 << 16) - 1, file);
  CU_ASSERT_FATAL(n > 0 && n < (1 << 16) - 1);
  fclose(file);
  char *rest = t.text;
  t.n_columns = split_tabs(strsep(&rest, "\n"), t.head);
  while (rest != NULL && *rest != '\0' && t.n_rows < MOST_ROWS) {
    const size_t n_fields = split_tabs(strsep(&rest, "\n"), t.cell[t.n_rows++]);
    CU_ASSERT_EQUAL_FATAL(n_fields, t.n_columns);
  }
  return t;
}

/* Field "<quantity>_<part>" of a row, or the column named by part alone. */
static const char *field(const table *t, size_t row, const char *quantity, const char *part)
{
  char name[64];
  (void) snprintf(name, sizeof name, "%s%s%s", quantity, *quantity != '\0' ? "_" : "", part);
  for (size_t i = 0; i < t->n_columns; i++)
    if (strcmp(t->head[i], name) == 0) return t->cell[row][i];
  printf("# MANIFEST.tsv has no column %s\n", name);
  CU_FAIL_FATAL("column");
  return "";
}

static double number(const table *t, size_t row, const char *quantity, const char *part)
{
  return strtod(field(t, row, quantity, part), NULL);
}

static const char *path_of(const table *t, size_t row)
{
  char name[256];
  (void) snprintf(name, sizeof name, "morphologies/%s", field(t, row, "", "file"));
  return meso_test_path(name);
}

/* Dendritic length and area, and the height of the highest point over the soma (um, um2). */
static bool measure(const char *path, double *length, double *area, double *height)
{
  meso_morphology *m = NULL;
  meso_err err = {0};
  const meso_discretisation cut = {150, 1, 0.1, 100, 0};
  if (meso_morphology_read(path, &cut, &m, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL("morphology");
    return false;
  }
  *length = *area = *height = 0;
  for (size_t j = 0; j < m->n_segments; j++) {
    const int type = m->section_type[m->segment_section[j]];
    *height = fmax(*height, m->end_um[3 * j + 2]);
    if (type != MESO_SECTION_DEND && type != MESO_SECTION_APIC) continue;
    *length += m->length_um[j];
    *area += m->area_um2[j];
  }
  meso_morphology_destroy(m);
  return true;
}

static void check_range(const table *t, size_t row, const char *quantity, double x)
{
  const double low = number(t, row, quantity, "low"), high = number(t, row, quantity, "high");
  if (!(x >= low && x <= high))
    printf("# %s: %s %.1f is not in %g to %g (%s)\n", field(t, row, "", "file"), quantity, x, low,
           high, field(t, row, quantity, "source"));
  CU_ASSERT(x >= low && x <= high && low < high);
}

static void test_published_ranges(void)
{
  table t = read_manifest();
  CU_ASSERT_EQUAL(t.n_rows, N_CELLS);
  for (size_t row = 0; row < t.n_rows; row++) {
    double length, area, height;
    if (!measure(path_of(&t, row), &length, &area, &height)) continue;
    MESO_CHECK_CLOSE(number(&t, row, "", "dendritic_length_um"), length, 1e-3, 0);
    MESO_CHECK_CLOSE(number(&t, row, "", "dendritic_area_um2"), area, 1e-3, 0);
    MESO_CHECK_CLOSE(number(&t, row, "", "top_um"), height, 0, 0.06);
    check_range(&t, row, "length", length);
    check_range(&t, row, "area", area);
    check_range(&t, row, "height", height);
  }
  free(t.text);
}

/* Every range has a source, a DOI and one of the known certainties. */
static void test_sources(void)
{
  static const char *const quantity[] = {"length", "area", "height"};
  static const char *const known[] = {"read", "stand-in", "derived", "approximate"};
  table t = read_manifest();
  for (size_t row = 0; row < t.n_rows; row++)
    for (size_t q = 0; q < 3; q++) {
      const char *certainty = field(&t, row, quantity[q], "certainty");
      if (strcmp(field(&t, row, "", "cell_types"), "test") == 0) {
        CU_ASSERT_STRING_EQUAL(certainty, "test shape");
        continue;
      }
      bool is_known = false;
      for (size_t k = 0; k < 4; k++) is_known = is_known || strcmp(certainty, known[k]) == 0;
      if (!is_known) printf("# row %zu: certainty '%s'\n", row + 1, certainty);
      CU_ASSERT(is_known);
      CU_ASSERT(strncmp(field(&t, row, quantity[q], "doi"), "10.", 3) == 0);
      CU_ASSERT(strlen(field(&t, row, quantity[q], "source")) > 10);
    }
  free(t.text);
}

/* The table has every SWC file of the folder, as it is. */
static void test_files(void)
{
  table t = read_manifest();
  size_t n_files = 0;
  DIR *folder = opendir(meso_test_path("morphologies"));
  CU_ASSERT_FATAL(folder != NULL);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    const char *ending = strrchr(entry->d_name, '.');
    n_files += ending != NULL && strcmp(ending, ".swc") == 0;
  }
  closedir(folder);
  CU_ASSERT_EQUAL(n_files, t.n_rows);
  for (size_t row = 0; row < t.n_rows; row++) {
    char sum[65] = "";
    CU_ASSERT(meso_sha256_file(path_of(&t, row), sum, NULL) == MESO_OK);
    CU_ASSERT_STRING_EQUAL(sum, field(&t, row, "", "sha256"));
  }
  free(t.text);
}

int main(void)
{
  static const meso_test tests[] = {
    {"every cell measured, in its published ranges", test_published_ranges},
    {"every range has source, DOI and certainty", test_sources},
    {"every file listed, with its checksum", test_files},
    {NULL, NULL}};
  return meso_test_main("manifest", tests);
}
