/* spike_text.c: spikes as lines of text.
 *
 * 1. lines   2. remarks   3. from lines to spikes   4. writing   5. spikes or a signal
 */
#include "spike_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POPULATIONS = 65536, MAX_NAME = 60 };

/** A spike as it stands in its line. */
typedef struct entry { double time_ms; uint64_t number; uint32_t population; } entry;

typedef struct named { char name[MAX_NAME + 1]; uint64_t size; size_t n_spikes; } named;

typedef struct text_reader {
  const char *path;
  const spike_text_style *style;
  size_t line;
  size_t n_entries, entry_capacity;
  entry *entry;
  size_t n_populations;
  named *population;
  bool has_interval, has_sizes;
  double t_start_ms, t_stop_ms;
} text_reader;

/* ---- 1. lines ----------------------------------------------------------------------------- */

static meso_status refuse(const text_reader *r, const char *text, const char *why, meso_err *err)
{
  const int n = (int) strcspn(text, "\r\n");
  return meso_err_set(err, MESO_EFORMAT, __FILE__, __LINE__, "%s:%zu: '%.*s': %s", r->path,
                      r->line, n < 60 ? n : 60, text, why);
}

static meso_status find_population(text_reader *r, const char *name, size_t n, uint32_t *ret_index,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t p = r->n_populations; p-- > 0;)
    if (strlen(r->population[p].name) == n && memcmp(r->population[p].name, name, n) == 0) {
      *ret_index = (uint32_t) p;
      return MESO_OK;
    }
  if (n == 0 || n > MAX_NAME || r->n_populations == MAX_POPULATIONS)
    return refuse(r, name, "must be the name of a population, 1 to 60 characters", err);
  named *more = meso_realloc(r->population, r->n_populations + 1, sizeof *more);
  if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", r->path);
  r->population = more;
  more[r->n_populations] = (named) {.size = 0};
  memcpy(more[r->n_populations].name, name, n);
  *ret_index = (uint32_t) r->n_populations++;
cleanup:
  return status;
}

static meso_status add_entry(text_reader *r, const entry *e, meso_err *err)
{
  meso_status status = MESO_OK;
  if (r->n_entries == r->entry_capacity) {
    const size_t capacity = 2 * r->entry_capacity + 4096;
    entry *more = meso_realloc(r->entry, capacity, sizeof *more);
    if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory for spikes", r->path);
    r->entry = more;
    r->entry_capacity = capacity;
  }
  r->entry[r->n_entries++] = *e;
cleanup:
  return status;
}

/** A number and what separates it from the next column. False if there is none. */
static bool take_time(const char **at, double *time_ms)
{
  char *end = NULL;
  *time_ms = strtod(*at, &end);
  const bool good = end != *at && isfinite(*time_ms) && fabs(*time_ms) < 1e15;
  *at = end;
  return good;
}

static bool take_number(const char **at, uint64_t lowest, uint64_t *number)
{
  char *end = NULL;
  while (**at == ' ') (*at)++;
  if (!isdigit((unsigned char) **at)) return false;
  errno = 0;
  *number = strtoull(*at, &end, 10);
  *at = end;
  return errno == 0 && *number >= lowest && *number - lowest < UINT32_MAX;
}

static bool take_separator(const char **at, char separator)
{
  const char *from = *at;
  while (**at == ' ' || (separator == '\t' && **at == '\t')) (*at)++;
  if (separator == '\t') return *at != from;
  if (**at != separator) return false;
  (*at)++;
  return true;
}

static bool ends(const char *at) { return at[strspn(at, " \t\r\n")] == '\0'; }

/** "sender time". */
static meso_status take_sender_line(text_reader *r, const char *line, meso_err *err)
{
  entry e = {.population = 0};
  const char *at = line;
  if (!take_number(&at, 1, &e.number) || !take_separator(&at, '\t') ||
      !take_time(&at, &e.time_ms) || !ends(at))
    return refuse(r, line, "must be the number of a neuron, from 1, and a time in ms", err);
  e.number--;
  return add_entry(r, &e, err);
}

/** "time,id" or "time,id,population". */
static meso_status take_column_line(text_reader *r, const char *line, meso_err *err)
{
  meso_status status = MESO_OK;
  const char separator = r->style->separator, *at = line, *name = "neurons";
  entry e = {.population = 0};
  if (!take_time(&at, &e.time_ms) || !take_separator(&at, separator) ||
      !take_number(&at, 0, &e.number))
    return refuse(r, line, "must be a time in ms and the number of a neuron, from 0", err);
  size_t n = strlen(name);
  if (take_separator(&at, separator)) {
    name = at;
    n = strcspn(at, "\r\n");
    if (memchr(at, separator, n) != NULL) return refuse(r, line, "has too many columns", err);
  } else if (!ends(at)) {
    return refuse(r, line, "is not understood after the number of the neuron", err);
  }
  MESO_TRY(find_population(r, name, n, &e.population, err));
  MESO_TRY(add_entry(r, &e, err));
cleanup:
  return status;
}

/* ---- 2. remarks --------------------------------------------------------------------------- */

#define REMARK_INTERVAL "# mesocast interval_ms"
#define REMARK_POPULATION "# mesocast population"

static meso_status take_remark(text_reader *r, const char *line, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *at = line + sizeof REMARK_INTERVAL - 1;
  if (strncmp(line, REMARK_INTERVAL, sizeof REMARK_INTERVAL - 1) == 0) {
    if (!take_time(&at, &r->t_start_ms) || !take_time(&at, &r->t_stop_ms) || !ends(at) ||
        r->t_stop_ms < r->t_start_ms)
      return refuse(r, line, "must be the start and the end of the recording in ms", err);
    r->has_interval = true;
  }
  if (strncmp(line, REMARK_POPULATION, sizeof REMARK_POPULATION - 1) == 0) {
    uint64_t size = 0;
    uint32_t p = 0;
    at = line + sizeof REMARK_POPULATION - 1;
    if (!take_number(&at, 1, &size) || *at != ' ')
      return refuse(r, line, "must be the size of a population and its name", err);
    MESO_TRY(find_population(r, at + 1, strcspn(at + 1, "\r\n"), &p, err));
    r->population[p].size = size;
    r->has_sizes = true;
  }
cleanup:
  return status;
}

/** A header is what begins with a letter; of ours and NEST's first columns we know the meaning. */
static meso_status take_header(const text_reader *r, const char *line, meso_err *err)
{
  static const char *const times[] = {"time_ms", "time", "t", "timestamps"};
  const size_t n = strcspn(line, "\t ,;\r\n");
  if (r->style->by_sender) {
    if (n == 6 && memcmp(line, "sender", n) == 0 && strstr(line, "time_ms") != NULL)
      return MESO_OK;
    return refuse(r, line, "must have the columns sender and time_ms (times in steps do not say "
                  "how long a step is: record with time_in_steps false)", err);
  }
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
    if (strlen(times[i]) == n && memcmp(line, times[i], n) == 0) return MESO_OK;
  return refuse(r, line, "must have the columns time_ms, id and, if there are several, population",
                err);
}

static meso_status take_line(text_reader *r, const char *line, meso_err *err)
{
  const char *at = line + strspn(line, " \t");
  if (ends(at)) return MESO_OK;
  if (*at == '#') return take_remark(r, at, err);
  const bool may_be_header = r->style->by_sender || r->n_entries == 0;
  if (may_be_header && (isalpha((unsigned char) *at) || *at == '"')) return take_header(r, at, err);
  return r->style->by_sender ? take_sender_line(r, at, err) : take_column_line(r, at, err);
}

static meso_status take_file(text_reader *r, meso_err *err)
{
  meso_status status = MESO_OK;
  char *line = NULL;
  size_t room = 0;
  ssize_t n;
  FILE *in = fopen(r->path, "r");
  if (in == NULL) MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s", r->path, strerror(errno));
  while ((n = getline(&line, &room, in)) >= 0) {
    r->line++;
    if (n > 1000 || memchr(line, '\0', (size_t) n) != NULL)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%zu: not a line of text", r->path, r->line);
    MESO_TRY(take_line(r, line, err));
  }
  if (ferror(in)) MESO_FAIL(err, MESO_EIO, "%s: cannot be read: %s", r->path, strerror(errno));
cleanup:
  if (in != NULL) (void) fclose(in);
  free(line);
  return status;
}

/* ---- 3. from lines to spikes -------------------------------------------------------------- */

/** Senders count through all populations that remarks name; without any, there is one. */
static meso_status place_senders(text_reader *r, meso_err *err)
{
  meso_status status = MESO_OK;
  uint32_t p = 0;
  if (r->n_populations == 0) return find_population(r, "neurons", 7, &p, err);
  for (size_t i = 0; i < r->n_entries; i++) {
    entry *e = &r->entry[i];
    const uint64_t sender = e->number + 1;
    for (p = 0; p < r->n_populations && e->number >= r->population[p].size; p++)
      e->number -= r->population[p].size;
    if (p == r->n_populations)
      MESO_FAIL(err, MESO_EFORMAT, "%s: sender %llu is beyond the last population", r->path,
                (unsigned long long) sender);
    e->population = p;
  }
cleanup:
  return status;
}

/** Sizes and the interval, from remarks or from the spikes. */
static meso_status complete(text_reader *r, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  double first = INFINITY, last = 0;
  for (size_t i = 0; i < r->n_entries; i++) {
    const entry *e = &r->entry[i];
    named *p = &r->population[e->population];
    if (r->has_sizes && e->number >= p->size)
      MESO_FAIL(err, MESO_EFORMAT, "%s: neuron %llu of %s, which has %llu", r->path,
                (unsigned long long) e->number, p->name, (unsigned long long) p->size);
    if (e->number >= p->size) p->size = e->number + 1;
    p->n_spikes++;
    first = fmin(first, e->time_ms);
    last = fmax(last, e->time_ms);
  }
  if (r->has_interval && r->n_entries > 0 && (first < r->t_start_ms || last > r->t_stop_ms))
    MESO_FAIL(err, MESO_EFORMAT, "%s: has spikes outside %g to %g ms", r->path, r->t_start_ms,
              r->t_stop_ms);
  if (!r->has_interval) {
    r->t_start_ms = fmin(0, first);
    r->t_stop_ms = last;
  }
  if (!r->has_interval || !r->has_sizes)
    MESO_TRY(meso_attrs_set_text(attrs, "warning", "the file does not say how long was recorded "
                                 "and from how many neurons: taken from its spikes", err));
cleanup:
  return status;
}

static meso_status make_spikes(text_reader *r, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  MESO_TRY(meso_spikes_create(r->n_populations, &spikes, err));
  MESO_TRY(complete(r, &spikes->attrs, err));
  spikes->t_start_ms = r->t_start_ms;
  spikes->t_stop_ms = r->t_stop_ms;
  for (size_t p = 0; p < r->n_populations; p++) {
    meso_spike_population *q = &spikes->population[p];
    MESO_STRDUP(err, q->name, r->population[p].name);
    q->size = r->population[p].size;
    MESO_ALLOC(err, q->time_ms, r->population[p].n_spikes);
    MESO_ALLOC(err, q->id, r->population[p].n_spikes);
  }
  for (size_t i = 0; i < r->n_entries; i++) {
    meso_spike_population *q = &spikes->population[r->entry[i].population];
    q->time_ms[q->n_spikes] = r->entry[i].time_ms;
    q->id[q->n_spikes++] = (uint32_t) r->entry[i].number;
  }
  for (size_t p = 0; p < r->n_populations; p++)
    MESO_TRY(meso_spikes_sort(&spikes->population[p], err));
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  return status;
}

meso_status spike_text_read(const char *path, const spike_text_style *style,
                            meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  text_reader r = {.path = path, .style = style};
  MESO_TRY(take_file(&r, err));
  if (r.n_entries == 0 && r.n_populations == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: holds no spikes", path);
  if (style->by_sender) MESO_TRY(place_senders(&r, err));
  MESO_TRY(make_spikes(&r, ret_spikes, err));
cleanup:
  free(r.entry);
  free(r.population);
  return status;
}

/* ---- 4. writing --------------------------------------------------------------------------- */

/** The shortest text that reads back as the same time; at least three decimals, as NEST's. */
static void format_time(double time_ms, char *text, size_t room)
{
  (void) snprintf(text, room, "%.3f", time_ms);
  for (int digits = 15; digits <= 17 && strtod(text, NULL) != time_ms; digits++)
    (void) snprintf(text, room, "%.*g", digits, time_ms);
}

static void write_population(FILE *out, const spike_text_style *style,
                             const meso_spike_population *p, uint64_t first)
{
  char time[64];
  for (size_t i = 0; i < p->n_spikes; i++) {
    format_time(p->time_ms[i], time, sizeof time);
    if (style->by_sender)
      fprintf(out, "%llu%c%s\n", (unsigned long long) (first + p->id[i] + 1), style->separator,
              time);
    else
      fprintf(out, "%s%c%lu%c%s\n", time, style->separator, (unsigned long) p->id[i],
              style->separator, p->name);
  }
}

static meso_status check_name(const char *path, const char *name, meso_err *err)
{
  meso_status status = MESO_OK;
  if (strlen(name) > MAX_NAME || strpbrk(name, ",\t\r\n\"") != NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: population '%.60s': names of more than %d characters, or with "
              "commas, quotes or tabs, cannot be written as text", path, name, (int) MAX_NAME);
cleanup:
  return status;
}

meso_status spike_text_write(const char *path, const spike_text_style *style,
                             const meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  size_t size = 0;
  uint64_t first = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", path);
  fputs(style->header, out);
  for (size_t p = 0; p < spikes->n_populations; p++) {
    MESO_TRY(check_name(path, spikes->population[p].name, err));
    write_population(out, style, &spikes->population[p], first);
    first += spikes->population[p].size;
  }
  /* At the end: readers that skip a number of header lines are not misled. */
  for (size_t p = 0; style->remarks && p < spikes->n_populations; p++)
    fprintf(out, "%s %llu %s\n", REMARK_POPULATION,
            (unsigned long long) spikes->population[p].size, spikes->population[p].name);
  if (style->remarks)
    fprintf(out, "%s %.17g %.17g\n", REMARK_INTERVAL, spikes->t_start_ms, spikes->t_stop_ms);
  const bool failed = ferror(out) != 0;
  const bool unfinished = fclose(out) != 0;
  out = NULL;
  if (failed || unfinished) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", path);
  MESO_TRY(meso_file_write(path, text, size, err));
cleanup:
  if (out != NULL) (void) fclose(out);
  free(text);
  return status;
}

/* ---- 5. spikes or a signal ---------------------------------------------------------------- */

bool spike_text_is(const char *path)
{
  static const char *const ids[] = {"id", "ids", "node_ids", "neuron", "neurons", "sender",
                                    "senders"};
  char *line = NULL;
  size_t room = 0;
  bool is = true, found = false;
  FILE *f = fopen(path, "r");
  if (f == NULL) return true;
  while (!found && getline(&line, &room, f) >= 0)
    found = line[0] != '#' && line[strspn(line, " \t\r\n")] != '\0';
  (void) fclose(f);
  if (!found) {
    free(line);
    return true;
  }
  const char *first = line + strspn(line, "\xEF\xBB\xBF\" ");
  const char *second = strpbrk(first, ",\t");
  if (strncmp(first, "time", 4) == 0) {
    if (second != NULL) second += 1 + strspn(second + 1, "\" ");
    const size_t n = second != NULL ? strcspn(second, "\" ,\t\r\n") : 0;
    is = false;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
      is = is || (strlen(ids[i]) == n && memcmp(second, ids[i], n) == 0);
  }
  free(line);
  return is;
}
