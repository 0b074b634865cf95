/* network_file.c: reads explicit networks. The file may come from anywhere: every value is checked,
 * and a name that is not known is refused.
 *
 * 1. neurons   2. populations   3. synapses   4. the file
 */
#include "network_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_columns.h"
#include "meso_io.h"

/* ---- 1. neurons --------------------------------------------------------------------------- */

/** Makes a group for each model that the attribute `model` names, comma-separated. */
static meso_status read_models(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  status = meso_h5_read_text(w->path, "/neurons", "model", &text, err);
  if (status == MESO_ENOTFOUND) {
    status = MESO_OK;
    MESO_STRDUP(err, text, "iaf_psc_exp");
  }
  MESO_TRY(status);
  MESO_ALLOC(err, w->group, strlen(text) / 2 + 1);
  for (const char *p = text; p != NULL; p = strchr(p, ','), p += p != NULL) {
    const size_t n = strcspn(p, ",");
    const meso_neuron_ops *ops = meso_neuron_by_name(p, n);
    if (ops == NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: attribute model of /neurons: there is no model '%.*s' "
                "(mesocast models lists them)", w->path, n < 60 ? (int) n : 60, p);
    if (w->n_groups > 0 && strcmp(ops->weight_unit, w->weight_unit) != 0)
      w->weight_unit = "pA or mV";
    else
      w->weight_unit = ops->weight_unit;
    w->group[w->n_groups++].ops = ops;
  }
  if (w->n_groups > 255)
    MESO_FAIL(err, MESO_EINVAL, "%s: attribute model of /neurons: at most 255 models", w->path);
cleanup:
  free(text);
  return status;
}

/** Which neurons are of which model: the dataset `model`, needed if there are several. */
static meso_status read_membership(meso_network *w, const network_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  typedef struct record { int64_t model; } record;
  const meso_param row[] = {
    NETWORK_INT(record, model, "model", "", 0, (double) w->n_groups - 1, NULL), { .key = NULL },
  };
  record *of = NULL;
  void *records = NULL;
  if (network_table_has(t, "model") || w->n_groups > 1)
    MESO_TRY(network_table_read(t, row, sizeof *of, &w->n_neurons, NULL, 0, &records, err));
  of = records;
  for (size_t g = 0; g < w->n_groups; g++) {
    MESO_ALLOC(err, w->group[g].member, w->n_neurons);
    for (size_t i = 0; i < w->n_neurons; i++)
      if (of == NULL || of[i].model == (int64_t) g)
        w->group[g].member[w->group[g].n++] = (uint32_t) i;
  }
cleanup:
  free(records);
  return status;
}

static meso_status read_group(meso_network *w, const network_table *t, meso_neuron_group *g,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(network_table_read(t, g->ops->params, g->ops->params_size, &w->n_neurons, g->member,
                              g->n, &g->params, err));
  for (size_t k = 0; k < g->n; k++) {
    const char *wrong = g->ops->check((char *) g->params + k * g->ops->params_size);
    if (wrong != NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: neuron %u: %s", w->path, (unsigned) g->member[k], wrong);
  }
cleanup:
  return status;
}

static meso_status read_neurons(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const others[] = {"model", NULL};
  network_table t = { .path = NULL };
  const meso_param **lists = NULL;
  double *resting = NULL;
  MESO_TRY(network_table_open(w->path, "/neurons", &t, err));
  MESO_TRY(read_models(w, err));
  MESO_ALLOC(err, lists, w->n_groups);
  for (size_t g = 0; g < w->n_groups; g++) lists[g] = w->group[g].ops->params;
  MESO_TRY(network_table_check_names(&t, w->n_groups, lists, others, err));
  w->n_neurons = SIZE_MAX;
  MESO_TRY(network_table_column(&t, lists[0]->key, &w->n_neurons, &resting, err));
  if (w->n_neurons == 0 || w->n_neurons > UINT32_MAX)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /neurons has %zu neurons: must be 1 to %u", w->path,
              w->n_neurons, (unsigned) UINT32_MAX);
  MESO_TRY(read_membership(w, &t, err));
  for (size_t g = 0; g < w->n_groups; g++) MESO_TRY(read_group(w, &t, &w->group[g], err));
cleanup:
  free(resting);
  free(lists);
  network_table_clear(&t);
  return status;
}

/* ---- 2. populations ----------------------------------------------------------------------- */

/** Where the neurons of a population are, if the file says so. */
static meso_status read_positions(meso_network *w, const network_table *nodes,
                                  meso_network_population *p, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n_dims = 0, dims[4] = {0};
  char dataset[128];
  if (!network_table_has(nodes, p->name)) return MESO_OK;
  (void) snprintf(dataset, sizeof dataset, "/nodes/%s/positions", p->name);
  MESO_TRY(meso_h5_read_doubles(w->path, dataset, &n_dims, dims, &p->position_um, err));
  if (n_dims != 2 || dims[0] != p->size || dims[1] != 3)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be of %u neurons times 3", w->path, dataset,
              (unsigned) p->size);
cleanup:
  return status;
}

static meso_status refuse_population(const meso_network *w, size_t p, const char *wrong,
                                     meso_err *err)
{
  return meso_err_set(err, MESO_EINVAL, __FILE__, __LINE__, "%s: /populations: %.60s %s", w->path,
                      w->population[p].name, wrong);
}

/** Plain names, each once; every index of a neuron or source in exactly one of them. */
static meso_status check_populations(const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const uint64_t n_all = w->n_neurons + w->n_sources;
  uint64_t n_in = 0;
  for (size_t i = 0; i < w->n_populations; i++) {
    const meso_network_population *p = &w->population[i];
    const size_t length = strlen(p->name);
    if (length == 0 || length > 60 || p->name[0] == '.' || strchr(p->name, '/') != NULL)
      return refuse_population(w, i, "must be a name of 1 to 60 characters without /", err);
    if ((uint64_t) p->first + p->size > n_all)
      return refuse_population(w, i, "ends beyond the last neuron", err);
    for (size_t j = 0; j < i; j++) {
      const meso_network_population *q = &w->population[j];
      if (strcmp(p->name, q->name) == 0) return refuse_population(w, i, "is there twice", err);
      if (p->first < q->first + q->size && q->first < p->first + p->size)
        return refuse_population(w, i, "shares neurons with another population", err);
    }
    n_in += p->size;
  }
  if (n_in != n_all)
    MESO_FAIL(err, MESO_EINVAL, "%s: /populations hold %llu neurons, the network %llu", w->path,
              (unsigned long long) n_in, (unsigned long long) n_all);
cleanup:
  return status;
}

/** Reads the table `populations`; names are put in by the caller. */
static meso_status read_population_table(meso_network *w, char **names, size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  typedef struct record { int64_t first, size; } record;
  const meso_param rows[] = {
    NETWORK_INT(record, first, "first", "", 0, (double) UINT32_MAX, NULL),
    NETWORK_INT(record, size, "size", "", 1, (double) UINT32_MAX, NULL), { .key = NULL },
  };
  network_table t = { .path = NULL };
  void *records = NULL;
  enum { MOST = 4096 }; /* all pairs are compared */
  if (n < 1 || n > MOST)
    MESO_FAIL(err, MESO_ERANGE, "%s: %zu populations; must be 1 to %d", w->path, n, (int) MOST);
  MESO_TRY(network_table_open(w->path, "/populations", &t, err));
  MESO_TRY(network_table_read(&t, rows, sizeof(record), &n, NULL, 0, &records, err));
  MESO_ALLOC(err, w->population, n);
  w->n_populations = n;
  for (size_t p = 0; p < n; p++) {
    const record *r = (const record *) records + p;
    w->population[p].first = (uint32_t) r->first;
    w->population[p].size = (uint32_t) r->size;
    w->population[p].name = names[p];
    names[p] = NULL;
  }
cleanup:
  free(records);
  network_table_clear(&t);
  return status;
}

static meso_status read_populations(meso_network *w, const network_table *root, meso_err *err)
{
  meso_status status = MESO_OK;
  char **names = NULL;
  size_t n = 0;
  network_table nodes = { .path = NULL };
  if (!network_table_has(root, "populations")) return mesoi_network_default_populations(w, err);
  MESO_TRY(meso_h5_read_strings(w->path, "/populations/name", &names, &n, err));
  MESO_TRY(read_population_table(w, names, n, err));
  MESO_TRY(check_populations(w, err));
  if (network_table_has(root, "nodes")) {
    MESO_TRY(network_table_open(w->path, "/nodes", &nodes, err));
    for (size_t p = 0; p < n; p++)
      MESO_TRY(read_positions(w, &nodes, &w->population[p], err));
  }
cleanup:
  meso_names_free(names, n);
  network_table_clear(&nodes);
  return status;
}

/** What converted models say of their scaling, for those who read the spikes. */
static meso_status read_attrs(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const numbers[] = {"scaling_N", "scaling_K"};
  char *text = NULL;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    double x = 0;
    if (meso_h5_read_number(w->path, "/", numbers[i], &x, NULL) == MESO_OK)
      MESO_TRY(meso_attrs_set_number(&w->attrs, numbers[i], x, err));
  }
  if (meso_h5_read_text(w->path, "/", "scaling", &text, NULL) == MESO_OK)
    MESO_TRY(meso_attrs_set_text(&w->attrs, "scaling", text, err));
cleanup:
  free(text);
  return status;
}

/* ---- 3. synapses -------------------------------------------------------------------------- */

/** What the rows of /connections describe. */
typedef struct connection { int64_t source, target, delay_steps; double weight; } connection;

enum { N_COLUMNS = 4, PIECE = 1 << 16 };

typedef struct reader {
  meso_columns *columns;
  network_table table;         /**< for messages */
  meso_param row[N_COLUMNS + 1];
  uint64_t n, next;
  double *piece[N_COLUMNS];    /**< (PIECE) */
} reader;

static void reader_close(void *state)
{
  reader *r = state;
  if (r == NULL) return;
  meso_columns_close(r->columns);
  for (size_t c = 0; c < N_COLUMNS; c++) free(r->piece[c]);
  free(r);
}

static void reader_rewind(void *state) { ((reader *) state)->next = 0; }

static meso_status reader_next(void *state, size_t room, meso_synapse *out, size_t *ret_n,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  reader *r = state;
  size_t n = room < PIECE ? room : PIECE;
  if (n > r->n - r->next) n = (size_t) (r->n - r->next);
  for (size_t c = 0; c < N_COLUMNS; c++) {
    MESO_TRY(meso_columns_read(r->columns, c, r->next, n, r->piece[c], err));
    for (size_t i = 0; i < n; i++)
      MESO_TRY(network_table_check(&r->table, &r->row[c], r->next + i, r->piece[c][i], err));
  }
  for (size_t i = 0; i < n; i++)
    out[i] = (meso_synapse) {.source = (uint32_t) r->piece[0][i],
                             .target = (uint32_t) r->piece[1][i], .weight = r->piece[2][i],
                             .delay_steps = (uint32_t) r->piece[3][i]};
  r->next += n;
  *ret_n = n;
cleanup:
  return status;
}

static meso_status open_synapses(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const double last_target = (double) w->n_neurons - 1;
  const double last_source = last_target + (double) w->n_sources;
  const meso_param rows[] = {
    NETWORK_INT(connection, source, "source", "", 0, last_source, NULL),
    NETWORK_INT(connection, target, "target", "", 0, last_target, NULL),
    NETWORK_DOUBLE(connection, weight, "weight", w->weight_unit, -NETWORK_MAX_VALUE,
                   NETWORK_MAX_VALUE, NULL),
    NETWORK_INT(connection, delay_steps, "delay_steps", "dt", 1, 65535, NULL), { .key = NULL },
  };
  const char *names[N_COLUMNS];
  reader *r = NULL;
  for (size_t c = 0; c < N_COLUMNS; c++) names[c] = rows[c].key;
  MESO_ALLOC(err, r, 1);
  memcpy(r->row, rows, sizeof rows);
  r->table = (network_table) {.path = w->path, .group = "/connections"};
  for (size_t c = 0; c < N_COLUMNS; c++) MESO_ALLOC(err, r->piece[c], PIECE);
  MESO_TRY(meso_columns_open(w->path, "/connections", N_COLUMNS, names, &r->columns, &r->n, err));
  w->synapses = (meso_synapse_stream) {.n = r->n, .state = r, .rewind = reader_rewind,
                                       .next = reader_next, .close = reader_close};
  r = NULL;
cleanup:
  reader_close(r);
  return status;
}

/* ---- 4. the file -------------------------------------------------------------------------- */

meso_status meso_network_read(const char *path, meso_network **ret_network, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_network *w = NULL;
  network_table root = { .path = NULL };
  MESO_TRY(meso_network_create(path, &w, err));
  MESO_TRY(network_table_open(w->path, "/", &root, err));
  MESO_TRY(meso_h5_read_number(w->path, "/", "dt_ms", &w->dt_ms, err));
  MESO_TRY(meso_h5_read_number(w->path, "/", "T_ms", &w->T_ms, err));
  MESO_TRY(mesoi_network_check_times(w, err));
  MESO_TRY(read_neurons(w, err));
  if (network_table_has(&root, "sources")) MESO_TRY(network_file_read_sources(w, err));
  MESO_TRY(read_populations(w, &root, err));
  MESO_TRY(read_attrs(w, err));
  MESO_TRY(open_synapses(w, err));
  if (network_table_has(&root, "input")) MESO_TRY(network_file_read_input(w, err));
  *ret_network = w;
  w = NULL;
cleanup:
  network_table_clear(&root);
  meso_network_destroy(w);
  return status;
}
