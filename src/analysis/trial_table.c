/* trial_table.c: onsets and conditions of trials. */
#include "trial_table.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_text.h"

enum { MOST_CONDITIONS = 1024, MOST_TRIALS = 1000000, MOST_BYTES = 64 << 20 };

/* Trials as they come: condition of each, to be grouped at the end. */
typedef struct trial_list {
  size_t n, room;
  double *onset_ms;
  size_t *condition;
} trial_list;

static void list_clear(trial_list *list)
{
  free(list->onset_ms);
  free(list->condition);
}

static meso_status append(trial_list *list, double onset, size_t condition, meso_err *err)
{
  meso_status status = MESO_OK;
  if (list->n == MOST_TRIALS) MESO_FAIL(err, MESO_ERANGE, "more than %d trials", MOST_TRIALS);
  if (list->n == list->room) {
    const size_t room = 2 * list->room + 64;
    double *onset_ms = meso_realloc(list->onset_ms, room, sizeof *onset_ms);
    if (onset_ms != NULL) list->onset_ms = onset_ms;
    size_t *of = meso_realloc(list->condition, room, sizeof *of);
    if (of != NULL) list->condition = of;
    if (onset_ms == NULL || of == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate trials");
    list->room = room;
  }
  list->onset_ms[list->n] = onset;
  list->condition[list->n++] = condition;
cleanup:
  return status;
}

/* Index of a condition, which is new if no other has its name. */
static meso_status find_condition(trial_table *t, const char *name, size_t *ret, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t c = 0; c < t->n_conditions; c++)
    if (strcmp(t->name[c], name) == 0) {
      *ret = c;
      goto cleanup;
    }
  if (t->n_conditions == MOST_CONDITIONS)
    MESO_FAIL(err, MESO_ERANGE, "more than %d conditions", (int) MOST_CONDITIONS);
  MESO_STRDUP(err, t->name[t->n_conditions], name);
  *ret = t->n_conditions++;
cleanup:
  return status;
}

/* Groups the trials by condition. */
static meso_status group(const trial_list *list, trial_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *next = NULL;
  t->n = list->n;
  MESO_ALLOC(err, t->onset_ms, list->n);
  MESO_ALLOC(err, t->first, t->n_conditions + 1);
  MESO_ALLOC(err, next, t->n_conditions + 1);
  for (size_t i = 0; i < list->n; i++) t->first[list->condition[i] + 1]++;
  for (size_t c = 0; c < t->n_conditions; c++) t->first[c + 1] += t->first[c];
  memcpy(next, t->first, t->n_conditions * sizeof *next);
  for (size_t i = 0; i < list->n; i++) t->onset_ms[next[list->condition[i]]++] = list->onset_ms[i];
cleanup:
  free(next);
  return status;
}

static bool is_separator(char c) { return c == ',' || isblank((unsigned char) c); }

/* One line, ended by a NUL: "onset[,condition]". */
static meso_status add_line(const char *path, size_t number, char *line, trial_table *t,
                            trial_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  char *end = NULL;
  size_t condition = 0, n = strlen(line);
  while (n > 0 && isspace((unsigned char) line[n - 1])) line[--n] = '\0';
  while (isblank((unsigned char) *line)) line++;
  if (*line == '\0' || *line == '#') goto cleanup;
  const double onset_ms = strtod(line, &end);
  if (end == line && list->n == 0 && isalpha((unsigned char) *line)) goto cleanup; /* names */
  if (end == line || !isfinite(onset_ms) || (*end != '\0' && !is_separator(*end)))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: onset_ms = %.40s: must be a number in ms", path, number,
              line);
  while (is_separator(*end)) end++;
  const size_t width = strlen(end);
  if (width >= 2 && *end == '"' && end[width - 1] == '"') {
    end[width - 1] = '\0';
    end++;
  }
  MESO_TRY(find_condition(t, end, &condition, err));
  MESO_TRY(append(list, onset_ms, condition, err));
cleanup:
  return status;
}

meso_status trial_table_read(const char *path, trial_table *table, meso_err *err)
{
  meso_status status = MESO_OK;
  trial_list list = {.n = 0};
  char *text = NULL;
  size_t n_bytes = 0, number = 0;
  *table = (trial_table) {.n = 0};
  MESO_ALLOC(err, table->name, MOST_CONDITIONS);
  MESO_TRY(mesoi_text_read(path, MOST_BYTES, "list of trials", &text, &n_bytes, err));
  if (strlen(text) != n_bytes)
    MESO_FAIL(err, MESO_EFORMAT, "%s: is no text: it holds a byte 0", path);
  for (char *line = text; line != NULL && *line != '\0';) {
    char *next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    MESO_TRY(add_line(path, ++number, line, table, &list, err));
    line = next;
  }
  if (list.n == 0) MESO_FAIL(err, MESO_EFORMAT, "%s: holds no trial", path);
  MESO_TRY(group(&list, table, err));
cleanup:
  list_clear(&list);
  free(text);
  return status;
}

meso_status trial_table_periodic(double first_ms, double period_ms, double stop_ms,
                                 size_t n_conditions, trial_table *table, meso_err *err)
{
  meso_status status = MESO_OK;
  trial_list list = {.n = 0};
  *table = (trial_table) {.n = 0};
  MESO_ALLOC(err, table->name, MOST_CONDITIONS);
  for (size_t k = 0; first_ms + (double) k * period_ms < stop_ms; k++) {
    size_t condition = 0;
    char name[32];
    (void) snprintf(name, sizeof name, "%zu", k % n_conditions);
    MESO_TRY(find_condition(table, name, &condition, err));
    MESO_TRY(append(&list, first_ms + (double) k * period_ms, condition, err));
  }
  MESO_TRY(group(&list, table, err));
cleanup:
  list_clear(&list);
  return status;
}

void trial_table_keep(trial_table *table, double low_ms, double high_ms)
{
  size_t n = 0, n_conditions = 0;
  for (size_t c = 0, i = 0; c < table->n_conditions; c++) {
    const size_t before = n, last = table->first[c + 1];
    for (; i < last; i++)
      if (table->onset_ms[i] >= low_ms && table->onset_ms[i] <= high_ms)
        table->onset_ms[n++] = table->onset_ms[i];
    char *name = table->name[c];
    table->name[c] = NULL;
    if (n == before) {
      free(name);
      continue;
    }
    table->name[n_conditions++] = name;
    table->first[n_conditions] = n;
  }
  table->n = n;
  table->n_conditions = n_conditions;
}

void trial_table_clear(trial_table *table)
{
  for (size_t c = 0; table->name != NULL && c < table->n_conditions; c++) free(table->name[c]);
  free(table->name);
  free(table->onset_ms);
  free(table->first);
  *table = (trial_table) {.n = 0};
}
