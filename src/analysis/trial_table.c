/* trial_table.c: onsets and conditions of trials. */
#include "trial_table.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_text.h"

enum { MOST_CONDITIONS = 1024, MOST_TRIALS = 1000000, MOST_BYTES = 64 << 20 };

/* A trial: when it begins, of which condition, in which line. */
typedef struct trial { double onset_ms; size_t condition, line; } trial;

/* Trials as they come, to be grouped at the end. */
typedef struct trial_list {
  size_t n, room;
  trial *v;
} trial_list;

static meso_status append(trial_list *list, trial x, meso_err *err)
{
  meso_status status = MESO_OK;
  if (list->n == MOST_TRIALS) MESO_FAIL(err, MESO_ERANGE, "more than %d trials", MOST_TRIALS);
  if (list->n == list->room) {
    const size_t room = 2 * list->room + 64;
    trial *v = meso_realloc(list->v, room, sizeof *v);
    if (v == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate trials");
    list->v = v;
    list->room = room;
  }
  list->v[list->n++] = x;
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
  for (size_t i = 0; i < list->n; i++) t->first[list->v[i].condition + 1]++;
  for (size_t c = 0; c < t->n_conditions; c++) t->first[c + 1] += t->first[c];
  memcpy(next, t->first, t->n_conditions * sizeof *next);
  for (size_t i = 0; i < list->n; i++)
    t->onset_ms[next[list->v[i].condition]++] = list->v[i].onset_ms;
cleanup:
  free(next);
  return status;
}

static bool is_separator(char c) { return c == ',' || isblank((unsigned char) c); }

/* The label after an onset, "" if there is none; a quoted one may hold anything. */
static meso_status read_label(const char *path, size_t number, char *text, const char **ret_label,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  while (is_separator(*text)) text++;
  const size_t width = strlen(text);
  const bool is_quoted = width >= 2 && *text == '"' && text[width - 1] == '"';
  const char *third = is_quoted ? NULL : strpbrk(text, ",;\t");
  if (third != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: '%c' in the label %.40s: a line holds an onset in ms, "
              "with a point, and one label; a label with '%c' must be quoted", path, number,
              *third == '\t' ? ' ' : *third, text, *third == '\t' ? ' ' : *third);
  if (is_quoted) text[width - 1] = '\0';
  *ret_label = is_quoted ? text + 1 : text;
cleanup:
  return status;
}

/* One line, ended by a NUL: "onset[,condition]". */
static meso_status add_line(const char *path, size_t number, char *line, trial_table *t,
                            trial_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *label = NULL;
  char *end = NULL;
  trial x = {.line = number};
  size_t n = strlen(line);
  while (n > 0 && isspace((unsigned char) line[n - 1])) line[--n] = '\0';
  while (isblank((unsigned char) *line)) line++;
  if (*line == '\0' || *line == '#') goto cleanup;
  x.onset_ms = strtod(line, &end);
  if (end == line && !t->has_names && list->n == 0 && isalpha((unsigned char) *line)) {
    t->has_names = true;
    goto cleanup;
  }
  if (end == line || !isfinite(x.onset_ms) || (*end != '\0' && !is_separator(*end)))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: onset_ms = %.40s: must be a number in ms", path, number,
              line);
  MESO_TRY(read_label(path, number, end, &label, err));
  if (list->n > 0 && (label[0] == '\0') != (t->name[0][0] == '\0'))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: %s, unlike line %zu: all trials have a label or none has",
              path, number, label[0] == '\0' ? "no label" : "a label", list->v[0].line);
  MESO_TRY(find_condition(t, label, &x.condition, err));
  MESO_TRY(append(list, x, err));
cleanup:
  return status;
}

static int compare_trials(const void *one, const void *other)
{
  const trial *a = one, *b = other;
  if (a->onset_ms != b->onset_ms) return a->onset_ms < b->onset_ms ? -1 : 1;
  return a->line < b->line ? -1 : a->line > b->line;
}

/* A trial that is there twice would count twice. */
static meso_status check_onsets(const char *path, const trial_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  trial *sorted = NULL;
  MESO_ALLOC(err, sorted, list->n);
  memcpy(sorted, list->v, list->n * sizeof *sorted);
  qsort(sorted, list->n, sizeof *sorted, compare_trials);
  for (size_t i = 1; i < list->n; i++)
    if (sorted[i].onset_ms <= sorted[i - 1].onset_ms)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: onset_ms = %g: a trial begins then in line %zu already",
                path, sorted[i].line, sorted[i].onset_ms, sorted[i - 1].line);
cleanup:
  free(sorted);
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
  const size_t mark = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* of UTF-8 */
  for (char *line = text + mark; line != NULL && *line != '\0';) {
    char *next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    MESO_TRY(add_line(path, ++number, line, table, &list, err));
    line = next;
  }
  if (list.n == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: holds no trial in its %zu lines: a line must begin with an "
              "onset in ms", path, number);
  MESO_TRY(check_onsets(path, &list, err));
  MESO_TRY(group(&list, table, err));
cleanup:
  free(list.v);
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
    MESO_TRY(append(&list, (trial) {first_ms + (double) k * period_ms, condition, 0}, err));
  }
  MESO_TRY(group(&list, table, err));
cleanup:
  free(list.v);
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
