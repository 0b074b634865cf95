/* meso_params.c: option rows: parsing, checking, formatting and messages. */
#include "meso_params.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SHOWN = 80, RANGE_SIZE = 256, NAME_SIZE = 256, LONGEST_KEY = 64 };

/* A stretch of text inside a longer one. */
typedef struct span { const char *p; size_t n; } span;

/* Numbers are read and written with a decimal point, whatever the caller's locale is. */
typedef struct c_locale { locale_t own, former; } c_locale;

static c_locale c_locale_enter(void)
{
  c_locale l = {newlocale(LC_ALL_MASK, "C", (locale_t) 0), (locale_t) 0};
  if (l.own != (locale_t) 0) l.former = uselocale(l.own);
  return l;
}

static void c_locale_leave(c_locale l)
{
  if (l.own == (locale_t) 0) return;
  uselocale(l.former);
  freelocale(l.own);
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static span trimmed(const char *text)
{
  span s = {text, strlen(text)};
  while (s.n > 0 && is_blank(s.p[0])) { s.p++; s.n--; }
  while (s.n > 0 && is_blank(s.p[s.n - 1])) s.n--;
  return s;
}

static bool span_is(span s, const char *word)
{
  return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

static const char *shown_unit(const meso_param *row)
{
  return row->unit == NULL || strcmp(row->unit, "1") == 0 ? "" : row->unit;
}

/* "model.yaml:12: populations.L23E.tau_m_ms" */
static void full_name(const meso_where *where, const char *key, char *buffer, size_t size)
{
  char line[32] = "";
  const char *file = where != NULL && where->file != NULL ? where->file : "";
  const char *path = where != NULL && where->path != NULL ? where->path : "";
  const size_t n_file = strlen(file), room = size / 2;
  const bool cut = n_file > room; /* a long file name must not push the key out of the message */
  if (n_file > 0 && where->line > 0) snprintf(line, sizeof line, ":%ld", where->line);
  snprintf(buffer, size, "%s%s%s%s%s%s%s", cut ? "..." : "", cut ? file + n_file - room : file,
           line, n_file > 0 ? ": " : "", path, path[0] != '\0' ? "." : "", key);
}

/* The value as it may stand in a one-line message: printable and not too long. */
static void shown_text(const char *text, char buffer[TEXT_SHOWN + 4])
{
  size_t i = 0;
  for (; text[i] != '\0' && i < TEXT_SHOWN; i++)
    buffer[i] = iscntrl((unsigned char) text[i]) ? ' ' : text[i];
  snprintf(buffer + i, 4, "%s", text[i] != '\0' ? "..." : "");
}

/* Message of a refused value; reason may be empty. */
static meso_status refuse(const meso_param *row, const char *text, const meso_where *where,
                          meso_status st, const char *reason, meso_err *err)
{
  char name[NAME_SIZE], range[RANGE_SIZE], shown[TEXT_SHOWN + 4];
  full_name(where, row->key, name, sizeof name);
  meso_param_range_text(row, range, sizeof range);
  shown_text(text, shown);
  return meso_err_set(err, st, __FILE__, __LINE__, "%s = %s: %s%smust be %s", name, shown, reason,
                      reason[0] != '\0' ? "; " : "", range);
}

/* Checks what follows a number: nothing, or exactly the row's unit. */
static meso_status check_unit(const meso_param *row, span rest, const char *text,
                              const meso_where *where, meso_err *err)
{
  char reason[NAME_SIZE];
  const char *unit = shown_unit(row);
  while (rest.n > 0 && is_blank(rest.p[0])) { rest.p++; rest.n--; }
  if (rest.n == 0 || (unit[0] != '\0' && span_is(rest, unit))) return MESO_OK;
  int n = rest.n < 40 ? (int) rest.n : 40;
  if (!isalpha((unsigned char) rest.p[0]) && rest.p[0] != '%')
    snprintf(reason, sizeof reason, "'%.*s' after the number is not understood", n, rest.p);
  else if (unit[0] == '\0')
    snprintf(reason, sizeof reason, "has unit '%.*s', but it is dimensionless", n, rest.p);
  else
    snprintf(reason, sizeof reason, "has unit '%.*s', but its unit is %s", n, rest.p, unit);
  return refuse(row, text, where, MESO_EINVAL, reason, err);
}

/* Length of the number at the start of s: [+-]digits[.digits][e[+-]digits], 0 if there is none. */
static size_t number_length(span s, bool integer)
{
  size_t i = 0, digits = 0;
  if (i < s.n && (s.p[i] == '+' || s.p[i] == '-')) i++;
  for (; i < s.n && isdigit((unsigned char) s.p[i]); i++) digits++;
  if (!integer && i < s.n && s.p[i] == '.')
    for (i++; i < s.n && isdigit((unsigned char) s.p[i]); i++) digits++;
  if (digits == 0) return 0;
  if (integer || i >= s.n || (s.p[i] != 'e' && s.p[i] != 'E')) return i;
  size_t j = i + 1;
  if (j < s.n && (s.p[j] == '+' || s.p[j] == '-')) j++;
  if (j >= s.n || !isdigit((unsigned char) s.p[j])) return i;
  while (j < s.n && isdigit((unsigned char) s.p[j])) j++;
  return j;
}

static bool in_range(const meso_param *row, double x)
{
  return isfinite(x) && x <= row->max && (row->min_open ? x > row->min : x >= row->min);
}

/* Reads one number from the start of *s and moves *s behind it. */
static meso_status take_double(const meso_param *row, span *s, const char *text,
                               const meso_where *where, double *ret_x, meso_err *err)
{
  size_t n = number_length(*s, false);
  if (n == 0)
    return refuse(row, text, where, MESO_EINVAL,
                  row->type == MESO_PARAM_DOUBLES ? "is not a list of numbers" : "is not a number",
                  err);
  c_locale l = c_locale_enter();
  double x = strtod(s->p, NULL);
  c_locale_leave(l);
  s->p += n;
  s->n -= n;
  if (!isfinite(x)) return refuse(row, text, where, MESO_ERANGE, "is too large a number", err);
  *ret_x = x;
  return MESO_OK;
}

static meso_status set_double(const meso_param *row, double *field, const char *text,
                              const meso_where *where, meso_err *err)
{
  meso_status status = MESO_OK;
  double x = 0;
  span s = trimmed(text);
  MESO_TRY(take_double(row, &s, text, where, &x, err));
  MESO_TRY(check_unit(row, s, text, where, err));
  if (!in_range(row, x)) MESO_TRY(refuse(row, text, where, MESO_ERANGE, "", err));
  *field = x;
cleanup:
  return status;
}

static meso_status set_int(const meso_param *row, int64_t *field, const char *text,
                           const meso_where *where, meso_err *err)
{
  meso_status status = MESO_OK;
  span s = trimmed(text);
  size_t n = number_length(s, true);
  if (n == 0 || number_length(s, false) != n)
    MESO_TRY(refuse(row, text, where, MESO_EINVAL, "is not a whole number", err));
  errno = 0;
  long long x = strtoll(s.p, NULL, 10);
  if (errno == ERANGE) MESO_TRY(refuse(row, text, where, MESO_ERANGE, "is too large", err));
  MESO_TRY(check_unit(row, (span){s.p + n, s.n - n}, text, where, err));
  if (!in_range(row, (double) x)) MESO_TRY(refuse(row, text, where, MESO_ERANGE, "", err));
  *field = x;
cleanup:
  return status;
}

static meso_status set_bool(const meso_param *row, bool *field, const char *text,
                            const meso_where *where, meso_err *err)
{
  span s = trimmed(text);
  bool yes = span_is(s, "true") || span_is(s, "yes") || span_is(s, "on");
  bool no = span_is(s, "false") || span_is(s, "no") || span_is(s, "off");
  if (!yes && !no) return refuse(row, text, where, MESO_EINVAL, "", err);
  *field = yes;
  return MESO_OK;
}

/* Choice number i of "a|b|c"; an empty span behind the last one. */
static span choice_at(const char *choices, int i)
{
  const char *p = choices;
  for (; i > 0 && p != NULL; i--) {
    p = strchr(p, '|');
    if (p != NULL) p++;
  }
  if (p == NULL) return (span){"", 0};
  return (span){p, strcspn(p, "|")};
}

static meso_status set_choice(const meso_param *row, int *field, const char *text,
                              const meso_where *where, meso_err *err)
{
  span s = trimmed(text), c;
  for (int i = 0; (c = choice_at(row->choices, i)).n > 0; i++)
    if (c.n == s.n && memcmp(c.p, s.p, s.n) == 0) {
      *field = i;
      return MESO_OK;
    }
  return refuse(row, text, where, MESO_EINVAL, "", err);
}

static meso_status set_string(const meso_param *row, char **field, const char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  char *copy = NULL;
  (void) row;
  MESO_STRDUP(err, copy, text);
  free(*field);
  *field = copy;
cleanup:
  return status;
}

static void skip_separators(span *s)
{
  while (s->n > 0 && is_blank(s->p[0])) { s->p++; s->n--; }
}

/* Blanks or one comma may stand between two numbers; a unit only behind the last one. */
static meso_status set_doubles(const meso_param *row, meso_doubles *field, const char *text,
                               const meso_where *where, meso_err *err)
{
  meso_status status = MESO_OK;
  double *v = NULL;
  size_t n = 0;
  span s = trimmed(text);
  MESO_ALLOC(err, v, s.n / 2 + 1);
  while (s.n > 0) {
    MESO_TRY(take_double(row, &s, text, where, &v[n], err));
    if (!in_range(row, v[n])) MESO_TRY(refuse(row, text, where, MESO_ERANGE, "", err));
    n++;
    if (s.n > 0 && s.p[0] != ',' && !is_blank(s.p[0]))
      MESO_TRY(check_unit(row, s, text, where, err));
    skip_separators(&s);
    if (s.n > 0 && s.p[0] == ',') {
      s.p++;
      s.n--;
      skip_separators(&s);
      if (s.n == 0)
        MESO_TRY(refuse(row, text, where, MESO_EINVAL, "ends with a comma", err));
      continue;
    }
    if (s.n > 0 && number_length(s, false) == 0) {
      MESO_TRY(check_unit(row, s, text, where, err));
      s.n = 0;
    }
  }
  free(field->v);
  *field = (meso_doubles){n, v};
  v = NULL;
cleanup:
  free(v);
  return status;
}

const meso_param *meso_param_find(const meso_param *rows, const char *key)
{
  for (const meso_param *row = rows; row->key != NULL; row++)
    if (strcmp(row->key, key) == 0) return row;
  return NULL;
}

meso_status meso_param_set(const meso_param *row, void *object, const char *text,
                           const meso_where *where, meso_err *err)
{
  void *field = (char *) object + row->offset;
  switch (row->type) {
  case MESO_PARAM_DOUBLE: return set_double(row, field, text, where, err);
  case MESO_PARAM_INT: return set_int(row, field, text, where, err);
  case MESO_PARAM_BOOL: return set_bool(row, field, text, where, err);
  case MESO_PARAM_STRING: return set_string(row, field, text, err);
  case MESO_PARAM_CHOICE: return set_choice(row, field, text, where, err);
  case MESO_PARAM_DOUBLES: return set_doubles(row, field, text, where, err);
  }
  return meso_err_set(err, MESO_EBUG, __FILE__, __LINE__, "%s: unknown parameter type", row->key);
}

meso_status meso_params_set(const meso_param *rows, void *object, const char *key,
                            const char *text, const meso_where *where, meso_err *err)
{
  const meso_param *row = meso_param_find(rows, key);
  if (row == NULL) return meso_params_unknown_key(rows, key, where, err);
  return meso_param_set(row, object, text, where, err);
}

meso_status meso_params_default(const meso_param *rows, void *object, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_where where = {"built-in default", 0, NULL};
  for (const meso_param *row = rows; row->key != NULL; row++)
    if (row->default_text != NULL)
      MESO_TRY(meso_param_set(row, object, row->default_text, &where, err));
cleanup:
  return status;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

size_t meso_edit_distance(const char *a, const char *b)
{
  size_t na = strlen(a), nb = strlen(b);
  size_t row[3][LONGEST_KEY + 1];
  if (na > LONGEST_KEY || nb > LONGEST_KEY) return na + nb;
  for (size_t j = 0; j <= nb; j++) row[0][j] = j;
  for (size_t i = 1; i <= na; i++) {
    size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = least(now[j], before[j - 2] + 1);
    }
  }
  return row[na % 3][nb];
}

meso_status meso_params_unknown_key(const meso_param *rows, const char *key,
                                    const meso_where *where, meso_err *err)
{
  char name[NAME_SIZE], shown[TEXT_SHOWN + 4], list[600] = "";
  const char *best = NULL;
  size_t best_distance = strlen(key) / 2 + 2, used = 0;
  shown_text(key, shown);
  full_name(where, shown, name, sizeof name);
  for (const meso_param *row = rows; row->key != NULL; row++) {
    size_t d = meso_edit_distance(key, row->key);
    if (d < best_distance) {
      best = row->key;
      best_distance = d;
    }
    if (used < sizeof list)
      used += (size_t) snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                row->key);
  }
  if (best != NULL)
    return meso_err_set(err, MESO_EINVAL, __FILE__, __LINE__,
                        "%s: unknown key; did you mean %s?", name, best);
  return meso_err_set(err, MESO_EINVAL, __FILE__, __LINE__, "%s: unknown key; known keys: %s",
                      name, list);
}

/* Shortest text that strtod reads back to the same bits; at most 24 characters. */
static void format_double(double x, char buffer[32])
{
  char text[32];
  c_locale l = c_locale_enter();
  snprintf(buffer, 32, "%.17g", x);
  for (int digits = 16; digits >= 1; digits--) {
    snprintf(text, sizeof text, "%.*g", digits, x);
    double back = strtod(text, NULL);
    if (memcmp(&back, &x, sizeof x) != 0) break;
    if (strlen(text) < strlen(buffer)) memcpy(buffer, text, sizeof text);
  }
  c_locale_leave(l);
}

static char *format_doubles(const meso_doubles *list)
{
  char *text = meso_calloc(list->n + 1, 32);
  char *p = text;
  for (size_t i = 0; text != NULL && i < list->n; i++) {
    char number[32];
    format_double(list->v[i], number);
    p += snprintf(p, 34, "%s%s", i > 0 ? ", " : "", number);
  }
  return text;
}

char *meso_param_format(const meso_param *row, const void *object)
{
  const void *field = (const char *) object + row->offset;
  char buffer[32] = "";
  switch (row->type) {
  case MESO_PARAM_DOUBLE: format_double(*(const double *) field, buffer); break;
  case MESO_PARAM_INT:
    snprintf(buffer, sizeof buffer, "%lld", (long long) *(const int64_t *) field);
    break;
  case MESO_PARAM_BOOL:
    snprintf(buffer, sizeof buffer, "%s", *(const bool *) field ? "true" : "false");
    break;
  case MESO_PARAM_STRING: {
    const char *s = *(char *const *) field;
    return meso_strdup(s != NULL ? s : "");
  }
  case MESO_PARAM_CHOICE: {
    span c = choice_at(row->choices, *(const int *) field);
    snprintf(buffer, sizeof buffer, "%.*s", (int) c.n, c.p);
    break;
  }
  case MESO_PARAM_DOUBLES: return format_doubles(field);
  }
  return meso_strdup(buffer);
}

static bool is_bounded(double limit) { return isfinite(limit) && fabs(limit) < DBL_MAX; }

static void number_range_text(const meso_param *row, const char *what, char *buffer, size_t size)
{
  char low[32], high[32];
  const char *unit = shown_unit(row), *gap = unit[0] != '\0' ? " " : "";
  const char *more = row->min_open ? "> " : ">= ";
  bool has_min = is_bounded(row->min), has_max = is_bounded(row->max);
  if (row->type == MESO_PARAM_INT) has_max = has_max && row->max < 0x1p63;
  format_double(row->min, low);
  format_double(row->max, high);
  if (has_min && has_max && row->min_open)
    snprintf(buffer, size, "%s> %s%s%s and <= %s%s%s", what, low, gap, unit, high, gap, unit);
  else if (has_min && has_max)
    snprintf(buffer, size, "%s%s%s%s to %s%s%s", what, low, gap, unit, high, gap, unit);
  else if (has_min)
    snprintf(buffer, size, "%s%s%s%s%s", what, more, low, gap, unit);
  else if (has_max)
    snprintf(buffer, size, "%s<= %s%s%s", what, high, gap, unit);
  else
    snprintf(buffer, size, "%s%s%s", what[0] != '\0' ? what : "a finite number", gap, unit);
}

void meso_param_range_text(const meso_param *row, char *buffer, size_t size)
{
  switch (row->type) {
  case MESO_PARAM_DOUBLE: number_range_text(row, "", buffer, size); break;
  case MESO_PARAM_INT: number_range_text(row, "a whole number ", buffer, size); break;
  case MESO_PARAM_DOUBLES: number_range_text(row, "numbers ", buffer, size); break;
  case MESO_PARAM_BOOL: snprintf(buffer, size, "true or false"); break;
  case MESO_PARAM_STRING: snprintf(buffer, size, "text"); break;
  case MESO_PARAM_CHOICE: snprintf(buffer, size, "one of %s", row->choices); break;
  }
}

void meso_params_clear(const meso_param *rows, void *object)
{
  for (const meso_param *row = rows; row->key != NULL; row++) {
    void *field = (char *) object + row->offset;
    if (row->type == MESO_PARAM_STRING) {
      free(*(char **) field);
      *(char **) field = NULL;
    } else if (row->type == MESO_PARAM_DOUBLES) {
      meso_doubles *list = field;
      free(list->v);
      *list = (meso_doubles){0, NULL};
    }
  }
}
