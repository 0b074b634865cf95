/* meso_compare.c: reads published numbers, finds the run's number for each, says where it lies. */
#include "meso_compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_entry.h"
#include "meso_yaml.h"

enum { READ, COMPUTED, RECALLED };
static const char *const kind_name[] = {"measurement", "simulation", "ordering"};
static const char *const certainty_name[] = {"read", "computed", "recalled"};

#define TEXT(k) {.key = #k, .type = MESO_PARAM_STRING, .unit = "", \
  .offset = offsetof(published, k), .help = ""}
#define NUMBER(k, u, lo) {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = lo, \
  .max = 1e12, .offset = offsetof(published, k), .help = ""}
#define CHOICE(k, c) {.key = #k, .type = MESO_PARAM_CHOICE, .unit = "", .choices = c, \
  .offset = offsetof(published, k), .help = ""}
static const meso_param rows[] = {
  TEXT(id), CHOICE(kind, COMPARE_KINDS), CHOICE(quantity, COMPARE_QUANTITIES), TEXT(greater),
  TEXT(lesser), TEXT(population), NUMBER(value, "", -1e12),
  NUMBER(low, "", -1e12), NUMBER(high, "", -1e12),
  NUMBER(scatter, "", 0), TEXT(unit), TEXT(species), TEXT(state), TEXT(preparation), TEXT(method),
  NUMBER(bin_ms, "ms", 0), NUMBER(distance_um, "um", 0), NUMBER(duration_s, "s", 0),
  {.key = "band_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e6,
   .offset = offsetof(published, band_Hz), .help = ""},
  TEXT(doi), TEXT(citation), CHOICE(certainty, "read|computed|recalled"), TEXT(note), {.key = NULL}
};

void compare_say(compare_line *to, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(to->text + to->n, sizeof to->text - to->n, format, args);
  va_end(args);
  if (n > 0) to->n += (size_t) n;
  if (to->n >= sizeof to->text) to->n = sizeof to->text - 1;
}

/* ---- reading ------------------------------------------------------------------------------ */

static meso_status read_key(const mesoi_node *node, published *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char *list = NULL;
  const meso_where where = {.file = node->file, .line = node->line, .path = "entries"};
  const meso_param *row = meso_param_find(rows, node->key);
  if (row == NULL) MESO_TRY(meso_params_unknown_key(rows, node->key, &where, err));
  if (row->type == MESO_PARAM_DOUBLES) MESO_TRY(mesoi_node_list_text(node, &list, err));
  else if (node->kind != MESOI_SCALAR)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: %s: must be one value", node->file, node->line, row->key);
  MESO_TRY(meso_param_set(row, p, list != NULL ? list : node->text, &where, err));
cleanup:
  free(list);
  return status;
}

static const char *what_is_missing(const published *p)
{
  if (p->id == NULL) return "id";
  if (p->kind < 0) return "kind";
  if (p->quantity < 0) return "quantity";
  if (p->unit == NULL) return "unit";
  if (p->certainty < 0) return "certainty";
  if (p->kind == COMPARE_ORDERING && p->greater == NULL) return "greater";
  if (p->kind == COMPARE_ORDERING && p->lesser == NULL) return "lesser";
  if (p->species == NULL) return "species";
  if (p->state == NULL) return "state";
  if (p->preparation == NULL) return "preparation";
  if (p->citation == NULL) return "citation";
  return p->note == NULL ? "note" : NULL;
}

static meso_status read_entry(const mesoi_node *node, published *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const mesoi_place at = mesoi_node_place(node);
  p->kind = p->quantity = p->certainty = -1;
  p->value = p->low = p->high = p->scatter = p->bin_ms = p->distance_um = p->duration_s = NAN;
  if (node->kind != MESOI_MAP)
    MESO_FAIL(err, MESO_EFORMAT, "%s: an entry must consist of 'key: value' lines", at.text);
  for (size_t i = 0; i < node->n; i++) MESO_TRY(read_key(&node->child[i], p, err));
  const char *missing = what_is_missing(p);
  if (missing != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: %s is missing", at.text,
              p->id != NULL ? p->id : "", missing);
  if (strcmp(p->unit, compare_quantities[p->quantity].unit) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: entry %.80s: unit of %s is %s, not %.40s", at.text, p->id,
              compare_quantities[p->quantity].name, compare_quantities[p->quantity].unit, p->unit);
  if (p->kind != COMPARE_ORDERING && (p->greater != NULL || p->lesser != NULL))
    MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: only an ordering has greater and lesser",
              at.text, p->id);
  if (p->kind != COMPARE_ORDERING && isnan(p->value) && (isnan(p->low) || isnan(p->high)))
    MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: needs value, or low and high", at.text, p->id);
  if (p->low > p->high || p->value < p->low || p->value > p->high)
    MESO_FAIL(err, MESO_ERANGE, "%s: entry %.80s: must have low <= value <= high", at.text, p->id);
  if (p->band_Hz.n != 0 && (p->band_Hz.n != 2 || p->band_Hz.v[0] > p->band_Hz.v[1]))
    MESO_FAIL(err, MESO_ERANGE, "%s: entry %.80s: band_Hz must be [low, high]", at.text, p->id);
cleanup:
  return status;
}

/* ---- words -------------------------------------------------------------------------------- */

static void flag_difference(const compare_inputs *run, const char *key, const char *entry,
                            compare_line *to)
{
  const char *own = run->analysis != NULL ? meso_attrs_text(&run->analysis->attrs, key) : NULL;
  if (own == NULL) compare_say(to, "; %s: %s (the run states none)", key, entry);
  else if (strcmp(own, entry) != 0)
    compare_say(to, "; %s differs: %s, the run %s", key, entry, own);
}

/* The run's state, if another than the entry's, which may say more behind a comma. */
static const char *other_state(const compare_inputs *run, const published *p)
{
  const char *own = run->analysis != NULL ? meso_attrs_text(&run->analysis->attrs, "state") : NULL;
  const size_t n = own != NULL ? strlen(own) : 0;
  const bool same = own == NULL || (strncmp(own, p->state, n) == 0 &&
                                    (p->state[n] == '\0' || p->state[n] == ','));
  return same ? NULL : own;
}

/* Where the run's number lies. */
static void say_place(const published *p, const prediction *x, compare_line *to)
{
  const double low = isnan(p->low) ? p->value : p->low;
  const double high = isnan(p->high) ? p->value : p->high;
  const bool point = isnan(p->low) && isnan(p->high);
  const bool inside = x->value >= low && x->value <= high;
  const double room = isnan(p->scatter) ? 0 : 2 * p->scatter;
  if (!inside && x->value >= low - room && x->value <= high + room)
    compare_say(to, "within range and scatter, two standard deviations of %.2g%s from run to run",
                p->scatter, compare_quantities[p->quantity].spaced_unit);
  else
    compare_say(to, "%s", x->value < low ? "below" : x->value > high ? "above" : "within range");
  if (!inside && !point && (isnan(p->low) || isnan(p->high)))
    compare_say(to, "; the entry states one end of the range only");
  if (point) compare_say(to, "; the entry is a single value without a range");
}

static void say_verdict(const compare_inputs *run, const published *p, const prediction *x,
                        compare_line *to)
{
  const bool ordering = p->kind == COMPARE_ORDERING;
  if (isnan(x->value)) {
    compare_say(to, "%s: %s", ordering ? "not computable" : "nothing comparable", x->why.text);
    return;
  }
  const char *other = p->kind == COMPARE_SIMULATION ? other_state(run, p) : NULL;
  if (x->refused) compare_say(to, "no verdict: %s", x->why.text);
  else if (other != NULL)
    compare_say(to, "no verdict: the run is %s, the entry %s", other, p->state);
  else if (ordering) compare_say(to, x->value > 0 ? "met" : "not met");
  else say_place(p, x, to);
  compare_say(to, "%s", x->flags.text);
  if (p->kind == COMPARE_SIMULATION) {
    compare_say(to, "; a peer's simulation, not a measurement");
  } else {
    flag_difference(run, "species", p->species, to);
    flag_difference(run, "state", p->state, to);
  }
  if (p->certainty == RECALLED)
    compare_say(to, "; the published number is recalled, to be checked before anything is "
                "concluded");
}

static void say_measured(const published *p, compare_line *to)
{
  const char *unit = compare_quantities[p->quantity].spaced_unit;
  const bool has_value = !isnan(p->value);
  if (p->kind == COMPARE_ORDERING) compare_say(to, "%s above %s", p->greater, p->lesser);
  if (has_value) compare_say(to, "%.4g%s", p->value, unit);
  if (!isnan(p->low) && !isnan(p->high))
    compare_say(to, has_value ? " (%.4g to %.4g%s)" : "%.4g to %.4g%s", p->low, p->high, unit);
  else if (!isnan(p->low)) compare_say(to, " (from %.4g%s)", p->low, unit);
  else if (!isnan(p->high)) compare_say(to, " (up to %.4g%s)", p->high, unit);
  if (!isnan(p->bin_ms)) compare_say(to, ", bin %g ms", p->bin_ms);
  if (p->band_Hz.n == 2) compare_say(to, ", %g to %g Hz", p->band_Hz.v[0], p->band_Hz.v[1]);
  if (!isnan(p->distance_um)) compare_say(to, ", %g um", p->distance_um);
}

static void predict(const compare_inputs *run, const published *p, prediction *x)
{
  const compare_quantity *q = &compare_quantities[p->quantity];
  *x = (prediction) {.value = NAN};
  if (p->kind == COMPARE_ORDERING) compare_order(run, p, x);
  else if (q->predict != NULL) q->predict(run, p, x);
  else compare_say(&x->why, "%s", q->why_not);
}

static meso_status fill(const compare_inputs *run, const published *p,
                        struct meso_comparison_entry *e, meso_err *err)
{
  meso_status status = MESO_OK;
  prediction x;
  compare_line predicted = {.n = 0}, measured = {.n = 0}, preparation = {.n = 0};
  compare_line verdict = {.n = 0};
  predict(run, p, &x);
  if (!isnan(x.value))
    compare_say(&predicted, "%.4g%s (%s)", x.value, compare_quantities[p->quantity].spaced_unit,
                x.how.text);
  if (p->kind == COMPARE_ORDERING) predicted = x.how;
  say_measured(p, &measured);
  compare_say(&preparation, "%s, %s, %s", p->species, p->state, p->preparation);
  if (p->method != NULL) compare_say(&preparation, ", %s", p->method);
  say_verdict(run, p, &x, &verdict);
  MESO_STRDUP(err, e->id, p->id);
  MESO_STRDUP(err, e->quantity, compare_quantities[p->quantity].name);
  MESO_STRDUP(err, e->predicted, predicted.text);
  MESO_STRDUP(err, e->measured, measured.text);
  MESO_STRDUP(err, e->preparation, preparation.text);
  MESO_STRDUP(err, e->doi, p->doi != NULL ? p->doi : p->citation);
  MESO_STRDUP(err, e->certainty, certainty_name[p->certainty]);
  MESO_STRDUP(err, e->verdict, verdict.text);
  MESO_STRDUP(err, e->kind, kind_name[p->kind]);
  MESO_STRDUP(err, e->population, p->population != NULL ? p->population : "");
cleanup:
  return status;
}

/* ---- selection ---------------------------------------------------------------------------- */

/* Next name of a comma list without blanks around it; NULL at the end. */
static const char *next_name(const char **rest, size_t *n)
{
  while (**rest == ',' || **rest == ' ') (*rest)++;
  const char *name = *rest;
  *n = strcspn(name, ",");
  *rest += *n;
  while (*n > 0 && name[*n - 1] == ' ') (*n)--;
  return *n > 0 ? name : NULL;
}

static bool is_name(const char *name, size_t n, const char *text, size_t n_text)
{
  return n == n_text && strncmp(name, text, n) == 0;
}

static bool is_stem(const char *name, size_t n, const char *file)
{
  const char *slash = strrchr(file, '/'), *stem = slash != NULL ? slash + 1 : file;
  const char *dot = strrchr(stem, '.');
  return is_name(name, n, stem, dot != NULL ? (size_t) (dot - stem) : strlen(stem));
}

static bool is_wanted(const char *names, const char *id, const char *file)
{
  size_t n = 0;
  const char *rest = names != NULL ? names : "", *name = next_name(&rest, &n);
  if (name == NULL) return true;
  for (; name != NULL; name = next_name(&rest, &n))
    if (is_name(name, n, id, strlen(id)) || is_stem(name, n, file)) return true;
  return false;
}

static meso_status check_names(const char *names, size_t n_files, const char *const *files,
                               const meso_comparison *all, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0;
  const char *rest = names != NULL ? names : "", *name;
  while ((name = next_name(&rest, &n)) != NULL) {
    bool found = false;
    for (size_t i = 0; i < n_files && !found; i++) found = is_stem(name, n, files[i]);
    for (size_t i = 0; i < all->n && !found; i++)
      found = is_name(name, n, all->entry[i].id, strlen(all->entry[i].id));
    if (!found)
      MESO_FAIL(err, MESO_ENOTFOUND, "no published number and no file is called '%.*s'",
                (int) (n < 100 ? n : 100), name);
  }
cleanup:
  return status;
}

static meso_status add_entry(const compare_inputs *run, const mesoi_node *node, const char *names,
                             meso_comparison *to, meso_err *err)
{
  meso_status status = MESO_OK;
  published p = {.id = NULL};
  MESO_TRY(read_entry(node, &p, err));
  for (size_t i = 0; i < to->n; i++)
    if (strcmp(to->entry[i].id, p.id) == 0)
      MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: this id is already taken",
                mesoi_node_place(node).text, p.id);
  if (!is_wanted(names, p.id, node->file)) goto cleanup;
  struct meso_comparison_entry *grown = meso_realloc(to->entry, to->n + 1, sizeof *grown);
  if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot grow the comparison");
  to->entry = grown;
  memset(&grown[to->n], 0, sizeof *grown);
  MESO_TRY(fill(run, &p, &grown[to->n++], err));
cleanup:
  meso_params_clear(rows, &p);
  return status;
}

static meso_status add_file(const compare_inputs *run, const char *file, const char *names,
                            meso_comparison *to, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_node root = {.n = 0};
  MESO_TRY(mesoi_yaml_read(file, &root, err));
  const mesoi_node *entries = mesoi_node_find(&root, "entries");
  if (root.n != 1 || entries == NULL || entries->kind != MESOI_LIST || entries->n == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: must be one list 'entries' of published numbers", file,
              entries != NULL ? entries->line : root.line);
  for (size_t i = 0; i < entries->n; i++)
    MESO_TRY(add_entry(run, &entries->child[i], names, to, err));
cleanup:
  mesoi_node_clear(&root);
  return status;
}

meso_status meso_compare_run(size_t n_files, const char *const *files, const char *names,
                             const meso_result *analysis, const meso_signals *lfp,
                             const meso_signals *bold, meso_comparison **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const compare_inputs run = {.analysis = analysis, .lfp = lfp, .bold = bold};
  meso_comparison *all = NULL;
  *ret = NULL;
  MESO_ALLOC(err, all, 1);
  for (size_t i = 0; i < n_files; i++) MESO_TRY(add_file(&run, files[i], names, all, err));
  MESO_TRY(check_names(names, n_files, files, all, err));
  *ret = all;
  all = NULL;
cleanup:
  meso_comparison_destroy(all);
  return status;
}

void meso_comparison_destroy(meso_comparison *comparison)
{
  if (comparison == NULL) return;
  for (size_t i = 0; i < comparison->n; i++) {
    struct meso_comparison_entry *e = &comparison->entry[i];
    char *const owned[] = {e->id, e->quantity, e->predicted, e->measured, e->preparation,
                           e->doi, e->certainty, e->verdict, e->kind, e->population};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
  }
  free(comparison->entry);
  free(comparison);
}
