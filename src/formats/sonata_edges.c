/* sonata_edges.c: reads edges of SONATA as a stream of synapses.
 *
 * 1. opening   2. values of an edge   3. the stream
 *
 * An edge's weight and delay stand in its group of edges or, for all edges of a type, in the table
 * of types. Weights are NEST's, with their sign; delays are in ms.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_columns.h"
#include "sonata.h"

enum { PIECE = 1 << 15, MAX_GROUPS = 64, MAX_EDGE_POPULATIONS = 65536 };
#define MAX_WEIGHT 1e9

/* Columns of every edge; the last two may be missing. */
enum { SOURCE, TARGET, TYPE, GROUP, INDEX, N_COLUMNS };
static const char *const column_name[N_COLUMNS] = {
  "source_node_id", "target_node_id", "edge_type_id", "edge_group_id", "edge_group_index"};

/* What a group or a type says of an edge. */
enum { WEIGHT, DELAY, N_VALUES };
static const char *const value_name[N_VALUES] = {"syn_weight", "delay"};

typedef struct edge_group {
  double id;
  uint64_t n;
  meso_columns *value[N_VALUES]; /**< NULL: not in the group */
} edge_group;

/** One population of edges. */
typedef struct edges {
  const char *h5;           /**< owned by the file */
  char *name;
  sonata_types *types;
  uint32_t first[2], size[2]; /**< of the populations of sources and of targets */
  uint64_t n;
  size_t n_columns;         /**< 3: one group, in the order of the edges; 5 */
  meso_columns *columns;
  size_t n_groups;
  edge_group *group;
} edges;

typedef struct edge_file { char *h5; sonata_types types; } edge_file;

typedef struct edge_reader {
  double dt_ms;
  size_t n_files, n_edges;
  edge_file *file;
  edges *edges;
  size_t at;                /**< the next edge: of this population, ... */
  uint64_t next;            /**< ... this one */
  double *piece[N_COLUMNS]; /**< (PIECE) */
  double *value[N_VALUES];  /**< (PIECE) */
} edge_reader;

static void edges_clear(edges *e)
{
  meso_columns_close(e->columns);
  for (size_t g = 0; e->group != NULL && g < e->n_groups; g++)
    for (int v = 0; v < N_VALUES; v++) meso_columns_close(e->group[g].value[v]);
  free(e->group);
  free(e->name);
}

static void reader_close(void *state)
{
  edge_reader *r = state;
  if (r == NULL) return;
  for (size_t i = 0; i < r->n_edges; i++) edges_clear(&r->edges[i]);
  for (size_t f = 0; r->file != NULL && f < r->n_files; f++) {
    sonata_types_clear(&r->file[f].types);
    free(r->file[f].h5);
  }
  for (int c = 0; c < N_COLUMNS; c++) free(r->piece[c]);
  for (int v = 0; v < N_VALUES; v++) free(r->value[v]);
  free(r->edges);
  free(r->file);
  free(r);
}

/* ---- 1. opening --------------------------------------------------------------------------- */

static bool has(char **names, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

/** The population that an end of the edges belongs to. */
static meso_status find_end(const meso_network *w, edges *e, int end, meso_err *err)
{
  meso_status status = MESO_OK;
  char dataset[256], *name = NULL;
  size_t p = 0;
  (void) snprintf(dataset, sizeof dataset, "/edges/%s/%s", e->name, column_name[end]);
  MESO_TRY(meso_h5_read_text(e->h5, dataset, "node_population", &name, err));
  while (p < w->n_populations && strcmp(w->population[p].name, name) != 0) p++;
  if (p == w->n_populations)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s: there is no population %.60s of nodes", e->h5, dataset,
              name);
  e->first[end] = w->population[p].first;
  e->size[end] = w->population[p].size;
  if (end == TARGET && e->first[end] >= w->n_neurons)
    MESO_FAIL(err, MESO_EINVAL, "%s: %s: virtual nodes take no input", e->h5, dataset);
cleanup:
  free(name);
  return status;
}

static meso_status open_group(edges *e, const char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[256], *end = NULL;
  char **names = NULL;
  size_t n_names = 0;
  const double id = strtod(text, &end);
  if (*end != '\0' || e->n_groups == MAX_GROUPS) return MESO_OK; /* indices, for example */
  edge_group *g = &e->group[e->n_groups++];
  g->id = id;
  (void) snprintf(path, sizeof path, "/edges/%s/%.20s", e->name, text);
  MESO_TRY(meso_h5_read_names(e->h5, path, &names, &n_names, err));
  if (has(names, n_names, "nsyns"))
    MESO_FAIL(err, MESO_EINVAL, "%s: %s/nsyns: edges that stand for several synapses cannot be "
              "read", e->h5, path);
  for (int v = 0; v < N_VALUES; v++)
    if (has(names, n_names, value_name[v]))
      MESO_TRY(meso_columns_open(e->h5, path, 1, &value_name[v], &g->value[v], &g->n, err));
cleanup:
  meso_names_free(names, n_names);
  return status;
}

static meso_status open_edges(const meso_network *w, edges *e, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[128];
  char **names = NULL, **groups = NULL;
  size_t n_names = 0, n_groups = 0;
  if (strlen(e->name) > 100)
    MESO_FAIL(err, MESO_EINVAL, "%s: population %.60s...: at most 100 characters", e->h5, e->name);
  (void) snprintf(path, sizeof path, "/edges/%s", e->name);
  MESO_TRY(meso_h5_read_names(e->h5, path, &names, &n_names, err));
  e->n_columns = has(names, n_names, column_name[GROUP]) ? N_COLUMNS : GROUP;
  MESO_TRY(meso_columns_open(e->h5, path, e->n_columns, column_name, &e->columns, &e->n, err));
  MESO_TRY(find_end(w, e, SOURCE, err));
  MESO_TRY(find_end(w, e, TARGET, err));
  MESO_ALLOC(err, e->group, MAX_GROUPS);
  MESO_TRY(meso_h5_read_groups(e->h5, path, &groups, &n_groups, err));
  for (size_t g = 0; g < n_groups; g++) MESO_TRY(open_group(e, groups[g], err));
cleanup:
  meso_names_free(names, n_names);
  meso_names_free(groups, n_groups);
  return status;
}

static meso_status open_file(edge_reader *r, const sonata_files *files, edge_file *f,
                             const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  char **names = NULL;
  size_t n = 0;
  MESO_STRDUP(err, f->h5, files->h5);
  MESO_TRY(sonata_types_read(files->types, "edge_type_id", &f->types, err));
  MESO_TRY(meso_h5_read_groups(f->h5, "/edges", &names, &n, err));
  if (n > MAX_EDGE_POPULATIONS - r->n_edges)
    MESO_FAIL(err, MESO_EFORMAT, "%s: too many populations of edges", f->h5);
  edges *more = meso_realloc(r->edges, r->n_edges + n + 1, sizeof *more);
  if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  r->edges = more;
  for (size_t i = 0; i < n; i++) {
    edges *e = &r->edges[r->n_edges++];
    *e = (edges) {.h5 = f->h5, .name = names[i], .types = &f->types};
    names[i] = NULL;
    MESO_TRY(open_edges(w, e, err));
  }
cleanup:
  meso_names_free(names, n);
  return status;
}

/* ---- 2. values of an edge ----------------------------------------------------------------- */

/** Only synapses without dynamics of their own. */
static meso_status check_types(const sonata_types *t, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t row = 0; row < t->n_rows; row++) {
    const char *model = sonata_types_text(t, row, "model_template");
    if (model != NULL && strncmp(model, "nest:", 5) == 0) model += 5;
    if (model != NULL && strcmp(model, "static_synapse") != 0)
      MESO_FAIL(err, MESO_EINVAL, "%s: type %lld: model_template is '%.60s': only static_synapse "
                "can be read", t->path, (long long) t->id[row], model);
  }
cleanup:
  return status;
}

static edge_group *find_group(const edges *e, double id)
{
  for (size_t g = 0; g < e->n_groups; g++)
    if (e->group[g].id == id) return &e->group[g];
  return NULL;
}

/** Values of the edges i .. i + n - 1 of the piece, which lie in one group at consecutive
 *  indices. */
static meso_status take_run(edge_reader *r, const edges *e, size_t i, size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  const double id = e->n_columns == N_COLUMNS ? r->piece[GROUP][i] : 0;
  const double index = e->n_columns == N_COLUMNS ? r->piece[INDEX][i] : (double) (r->next + i);
  edge_group *g = find_group(e, id);
  for (int v = 0; v < N_VALUES; v++) {
    if (g == NULL || g->value[v] == NULL) {
      for (size_t k = 0; k < n; k++) r->value[v][i + k] = NAN;
      continue;
    }
    if (!(index >= 0 && index + (double) n <= (double) g->n))
      MESO_FAIL(err, MESO_EFORMAT, "%s: /edges/%s: edge %llu is beyond the end of group %g", e->h5,
                e->name, (unsigned long long) (r->next + i), id);
    MESO_TRY(meso_columns_read(g->value[v], 0, (uint64_t) index, n, r->value[v] + i, err));
  }
cleanup:
  return status;
}

static meso_status take_values(edge_reader *r, const edges *e, size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0, length; i < n; i += length) {
    length = 1;
    while (i + length < n &&
           (e->n_columns < N_COLUMNS ||
            (r->piece[GROUP][i + length] == r->piece[GROUP][i] &&
             r->piece[INDEX][i + length] == r->piece[INDEX][i] + (double) length)))
      length++;
    MESO_TRY(take_run(r, e, i, length, err));
  }
cleanup:
  return status;
}

/** What the group leaves out, the type has. */
static meso_status complete_value(const edges *e, int v, double type, double *x, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t row = 0;
  if (!isnan(*x)) return MESO_OK;
  MESO_TRY(sonata_types_find(e->types, type, &row, err));
  MESO_TRY(sonata_types_number(e->types, row, value_name[v], x, err));
  if (isnan(*x))
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: /edges/%s: edges of type %.17g have no %s, neither in "
              "their group nor in %s", e->h5, e->name, type, value_name[v], e->types->path);
cleanup:
  return status;
}

static meso_status make_synapse(const edge_reader *r, const edges *e, size_t i, meso_synapse *out,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  double x[N_VALUES];
  const unsigned long long row = r->next + i;
  for (int end = SOURCE; end <= TARGET; end++) {
    const double node = r->piece[end][i];
    if (!(node >= 0 && node < e->size[end] && node == floor(node)))
      MESO_FAIL(err, MESO_ERANGE, "%s: /edges/%s/%s[%llu] = %.10g: must be 0 to %u", e->h5, e->name,
                column_name[end], row, node, (unsigned) e->size[end] - 1);
  }
  for (int v = 0; v < N_VALUES; v++) {
    x[v] = r->value[v][i];
    MESO_TRY(complete_value(e, v, r->piece[TYPE][i], &x[v], err));
  }
  const double steps = nearbyint(x[DELAY] / r->dt_ms);
  if (!(steps >= 1 && steps <= 65535))
    MESO_FAIL(err, MESO_ERANGE, "%s: /edges/%s: edge %llu: delay = %g ms: must be 1 to 65535 steps "
              "of %g ms", e->h5, e->name, row, x[DELAY], r->dt_ms);
  if (!(fabs(x[WEIGHT]) <= MAX_WEIGHT))
    MESO_FAIL(err, MESO_ERANGE, "%s: /edges/%s: edge %llu: syn_weight = %g: must be -1e9 to 1e9",
              e->h5, e->name, row, x[WEIGHT]);
  *out = (meso_synapse) {.source = e->first[SOURCE] + (uint32_t) r->piece[SOURCE][i],
                         .target = e->first[TARGET] + (uint32_t) r->piece[TARGET][i],
                         .delay_steps = (uint32_t) steps, .weight = x[WEIGHT]};
cleanup:
  return status;
}

/* ---- 3. the stream ------------------------------------------------------------------------ */

static void reader_rewind(void *state)
{
  edge_reader *r = state;
  r->at = 0;
  r->next = 0;
}

static meso_status reader_next(void *state, size_t room, meso_synapse *out, size_t *ret_n,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  edge_reader *r = state;
  size_t n = room < PIECE ? room : PIECE;
  while (r->at < r->n_edges && r->next == r->edges[r->at].n) {
    r->at++;
    r->next = 0;
  }
  *ret_n = 0;
  if (r->at == r->n_edges) return MESO_OK;
  const edges *e = &r->edges[r->at];
  if (n > e->n - r->next) n = (size_t) (e->n - r->next);
  for (size_t c = 0; c < e->n_columns; c++)
    MESO_TRY(meso_columns_read(e->columns, c, r->next, n, r->piece[c], err));
  MESO_TRY(take_values(r, e, n, err));
  for (size_t i = 0; i < n; i++) MESO_TRY(make_synapse(r, e, i, &out[i], err));
  r->next += n;
  *ret_n = n;
cleanup:
  return status;
}

meso_status sonata_edges_open(const sonata_config *c, meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  edge_reader *r = NULL;
  uint64_t n = 0;
  MESO_ALLOC(err, r, 1);
  r->dt_ms = w->dt_ms;
  r->n_files = c->n_edges;
  MESO_ALLOC(err, r->file, c->n_edges);
  for (int k = 0; k < N_COLUMNS; k++) MESO_ALLOC(err, r->piece[k], PIECE);
  for (int v = 0; v < N_VALUES; v++) MESO_ALLOC(err, r->value[v], PIECE);
  for (size_t f = 0; f < c->n_edges; f++) {
    MESO_TRY(open_file(r, &c->edges[f], &r->file[f], w, err));
    MESO_TRY(check_types(&r->file[f].types, err));
  }
  for (size_t i = 0; i < r->n_edges; i++) n += r->edges[i].n;
  w->synapses = (meso_synapse_stream) {.n = n, .state = r, .rewind = reader_rewind,
                                       .next = reader_next, .close = reader_close};
  r = NULL;
cleanup:
  reader_close(r);
  return status;
}
