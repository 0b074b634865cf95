/* sonata_nodes.c: reads nodes of SONATA: populations, their neurons and parameters.
 *
 * 1. types of neurons   2. populations   3. parameters   4. places   5. all files
 *
 * A parameter is, in this order: NEST's default, what the JSON file of the node's type says, what
 * the node's group holds for it below dynamics_params. One that the model does not have is refused.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network_file.h"
#include "sonata.h"

enum { MAX_POPULATIONS = 4096, MAX_BYTES = 1 << 24 };

/** Nodes of one type. */
typedef struct node_type {
  bool is_virtual;
  const meso_neuron_ops *ops;  /**< NULL: virtual */
  void *params;                /**< of ops->params_size: what all nodes of the type share */
} node_type;

/** One population of a file. */
typedef struct nodes {
  const sonata_files *files;
  sonata_types *table;
  node_type *type;             /**< (table->n_rows) of its file; NULL ops: not looked at yet */
  char *name;
  bool is_virtual;
  size_t n;
  double *type_id, *group, *group_index; /**< (n) */
} nodes;

typedef struct loader {
  const sonata_config *config;
  meso_network *w;
  sonata_types *table;         /**< (config->n_nodes) */
  node_type **type;            /**< (config->n_nodes), (rows of its table) */
  size_t n_nodes;
  nodes *nodes;                /**< all populations */
} loader;

/* ---- 1. types of neurons ------------------------------------------------------------------ */

/** Defaults of NEST 3 (iaf_psc_exp, _alpha, _delta). */
static const struct { const char *key; double value; } nest_default[] = {
  {"E_L", -70}, {"V_th", -55}, {"V_reset", -70}, {"V_m_initial", -70}, {"C_m", 250}, {"tau_m", 10},
  {"t_ref", 2}, {"I_e", 0}, {"tau_syn_ex", 2}, {"tau_syn_in", 2},
};

static const meso_param *row_of(const meso_neuron_ops *ops, const char *name)
{
  return meso_param_find(ops->params, strcmp(name, "V_m") == 0 ? "V_m_initial" : name);
}

static void store(const meso_param *row, double x, void *params)
{
  char *field = (char *) params + row->offset;
  if (row->type == MESO_PARAM_BOOL) *(bool *) field = x != 0;
  else *(double *) field = x;
}

static meso_status set_defaults(node_type *t, meso_err *err)
{
  meso_status status = MESO_OK;
  t->params = meso_calloc(1, t->ops->params_size);
  if (t->params == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  MESO_TRY(meso_params_default(t->ops->params, t->params, err));
  for (size_t i = 0; i < sizeof nest_default / sizeof nest_default[0]; i++) {
    const meso_param *row = row_of(t->ops, nest_default[i].key);
    if (row != NULL) store(row, nest_default[i].value, t->params);
  }
cleanup:
  return status;
}

/** The JSON file that dynamics_params of a type names. */
static meso_status read_model_file(const loader *l, const char *name, node_type *t, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *folder = l->config->models_dir != NULL ? l->config->models_dir : ".", *key = NULL;
  char *path = sonata_path(folder, name), *text = NULL;
  size_t size = 0;
  json_error_t why;
  json_t *root = NULL, *value = NULL;
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  MESO_TRY(meso_file_read(path, MAX_BYTES, &text, &size, err));
  root = json_loadb(text, size, 0, &why);
  if (!json_is_object(root))
    MESO_FAIL(err, MESO_EFORMAT, "%s:%d: must be an object of parameters: %s", path, why.line,
              root == NULL ? why.text : "it is not");
  json_object_foreach(root, key, value) {
    const network_table table = {.path = path, .group = t->ops->name};
    const meso_param *row = row_of(t->ops, key);
    const double x = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    if (row == NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: %s has no parameter %.60s here", path, t->ops->name, key);
    if (!json_is_number(value) && !json_is_boolean(value))
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a number", path, key);
    MESO_TRY(network_table_check(&table, row, 0, x, err));
    store(row, x, t->params);
  }
cleanup:
  json_decref(root);
  free(text);
  free(path);
  return status;
}

static meso_status read_type(const loader *l, const sonata_types *table, size_t row, node_type *t,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const char *kind = sonata_types_text(table, row, "model_type");
  const char *template = sonata_types_text(table, row, "model_template");
  const char *own = sonata_types_text(table, row, "mesocast_model");
  const char *file = sonata_types_text(table, row, "dynamics_params");
  const long long id = (long long) table->id[row];
  if (kind != NULL && strcmp(kind, "virtual") == 0) {
    t->is_virtual = true;
    return MESO_OK;
  }
  if (kind == NULL || strncmp(kind, "point_", 6) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: type %lld: model_type is %s: only point_neuron and virtual "
              "nodes can be read", table->path, id, kind != NULL ? kind : "missing");
  if (own == NULL && template != NULL)
    own = strncmp(template, "nest:", 5) == 0 ? template + 5 : template;
  t->ops = own != NULL ? meso_neuron_by_name(own, strlen(own)) : NULL;
  if (t->ops == NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: type %lld: there is no model '%.60s' (mesocast models lists "
              "them)", table->path, id, template != NULL ? template : "");
  MESO_TRY(set_defaults(t, err));
  if (file != NULL) MESO_TRY(read_model_file(l, file, t, err));
cleanup:
  return status;
}

static meso_status read_types(loader *l, size_t file, meso_err *err)
{
  meso_status status = MESO_OK;
  sonata_types *table = &l->table[file];
  MESO_TRY(sonata_types_read(l->config->nodes[file].types, "node_type_id", table, err));
  MESO_ALLOC(err, l->type[file], table->n_rows);
  for (size_t row = 0; row < table->n_rows; row++)
    MESO_TRY(read_type(l, table, row, &l->type[file][row], err));
cleanup:
  return status;
}

/* ---- 2. populations ----------------------------------------------------------------------- */

/** A column of a population; *ret_values stays NULL if it is not there. */
static meso_status read_column(const nodes *p, const char *name, size_t n, double **ret_values,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  char dataset[256];
  size_t n_dims = 0, dims[4] = {0};
  (void) snprintf(dataset, sizeof dataset, "/nodes/%s/%s", p->name, name);
  status = meso_h5_read_doubles(p->files->h5, dataset, &n_dims, dims, ret_values, err);
  if (status == MESO_ENOTFOUND) return MESO_OK;
  MESO_TRY(status);
  if (n_dims != 1 || dims[0] != n)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector of %zu", p->files->h5, dataset, n);
cleanup:
  return status;
}

/** Type of a node, checked when the population was opened. */
static meso_status type_of(const nodes *p, size_t i, node_type **ret_type, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t row = 0;
  MESO_TRY(sonata_types_find(p->table, p->type_id[i], &row, err));
  *ret_type = &p->type[row];
cleanup:
  return status;
}

static meso_status open_population(nodes *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char dataset[256];
  size_t n_dims = 0, dims[4] = {0}, n_virtual = 0;
  if (strlen(p->name) > 60)
    MESO_FAIL(err, MESO_EINVAL, "%s: population %.60s...: at most 60 characters", p->files->h5,
              p->name);
  (void) snprintf(dataset, sizeof dataset, "/nodes/%s/node_type_id", p->name);
  MESO_TRY(meso_h5_read_doubles(p->files->h5, dataset, &n_dims, dims, &p->type_id, err));
  if (n_dims != 1 || dims[0] == 0 || dims[0] > UINT32_MAX)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector of 1 to %u", p->files->h5, dataset,
              (unsigned) UINT32_MAX);
  p->n = dims[0];
  MESO_TRY(read_column(p, "node_group_id", p->n, &p->group, err));
  MESO_TRY(read_column(p, "node_group_index", p->n, &p->group_index, err));
  for (size_t i = 0; i < p->n; i++) {
    node_type *t = NULL;
    MESO_TRY(type_of(p, i, &t, err));
    n_virtual += t->is_virtual;
  }
  if (n_virtual > 0 && n_virtual < p->n)
    MESO_FAIL(err, MESO_EINVAL, "%s: population %s has both neurons and virtual nodes",
              p->files->h5, p->name);
  p->is_virtual = n_virtual > 0;
cleanup:
  return status;
}

static meso_status open_file(loader *l, size_t file, meso_err *err)
{
  meso_status status = MESO_OK;
  const sonata_files *f = &l->config->nodes[file];
  char **names = NULL;
  size_t n = 0;
  MESO_TRY(read_types(l, file, err));
  MESO_TRY(meso_h5_read_groups(f->h5, "/nodes", &names, &n, err));
  if (n > MAX_POPULATIONS - l->n_nodes)
    MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d populations", f->h5, (int) MAX_POPULATIONS);
  nodes *more = meso_realloc(l->nodes, l->n_nodes + n + 1, sizeof *more);
  if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  l->nodes = more;
  for (size_t i = 0; i < n; i++) {
    nodes *p = &l->nodes[l->n_nodes++];
    *p = (nodes) {.files = f, .table = &l->table[file], .type = l->type[file], .name = names[i]};
    names[i] = NULL;
    MESO_TRY(open_population(p, err));
  }
cleanup:
  meso_names_free(names, n);
  return status;
}

/* ---- 3. parameters ------------------------------------------------------------------------ */

static meso_neuron_group *group_of(meso_network *w, const meso_neuron_ops *ops)
{
  for (size_t g = 0; g < w->n_groups; g++)
    if (w->group[g].ops == ops) return &w->group[g];
  return NULL;
}

/** A group for every model, in the order of its first neuron. */
static meso_status make_groups(loader *l, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_network *w = l->w;
  MESO_ALLOC(err, w->group, meso_neuron_count());
  for (size_t k = 0; k < l->n_nodes; k++)
    for (size_t i = 0; !l->nodes[k].is_virtual && i < l->nodes[k].n; i++) {
      node_type *t = NULL;
      MESO_TRY(type_of(&l->nodes[k], i, &t, err));
      if (group_of(w, t->ops) == NULL) w->group[w->n_groups++].ops = t->ops;
      group_of(w, t->ops)->n++;
      w->n_neurons++;
    }
  for (size_t g = 0; g < w->n_groups; g++) {
    meso_neuron_group *group = &w->group[g];
    const bool same = g == 0 || strcmp(group->ops->weight_unit, w->weight_unit) == 0;
    w->weight_unit = same ? group->ops->weight_unit : "pA or mV";
    MESO_ALLOC(err, group->member, group->n);
    group->params = meso_calloc(group->n, group->ops->params_size);
    if (group->params == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory for neurons");
    group->n = 0;
  }
cleanup:
  return status;
}

/** One dataset of dynamics_params of a group: to the nodes of the group. first: network index of
 *  the population's first neuron. */
static meso_status take_values(loader *l, const nodes *p, double group, const char *path,
                               const char *name, size_t n, const double *values, uint32_t first,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const network_table table = {.path = p->files->h5, .group = path};
  size_t place[256] = {0};
  meso_network *w = l->w;
  for (size_t g = 0; g < w->n_groups; g++) /* members ascend: the first of this population */
    while (place[g] < w->group[g].n && w->group[g].member[place[g]] < first) place[g]++;
  for (size_t i = 0; i < p->n; i++) {
    node_type *t = NULL;
    MESO_TRY(type_of(p, i, &t, err));
    meso_neuron_group *to = group_of(w, t->ops);
    char *params = (char *) to->params + place[to - w->group]++ * t->ops->params_size;
    const double own = p->group != NULL ? p->group[i] : 0;
    const double index = p->group_index != NULL ? p->group_index[i] : (double) i;
    const meso_param *row = row_of(t->ops, name);
    if (own != group) continue;
    if (row == NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: %s/%.60s: %s has no such parameter here", p->files->h5,
                path, name, t->ops->name);
    if (!(index >= 0 && index < (double) n))
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s/%.60s: node %zu has no value", p->files->h5, path, name,
                i);
    const double x = values[(size_t) index];
    MESO_TRY(network_table_check(&table, row, (uint64_t) index, x, err));
    store(row, x, params);
  }
cleanup:
  return status;
}

/** What the nodes of one group have of their own. */
static meso_status read_group(loader *l, const nodes *p, const char *group, uint32_t first,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  char path[256], dataset[400], *end = NULL;
  char **names = NULL;
  double *values = NULL;
  size_t n_names = 0;
  const double id = strtod(group, &end);
  if (*end != '\0') return MESO_OK; /* not a group of nodes */
  (void) snprintf(path, sizeof path, "/nodes/%s/%.20s/dynamics_params", p->name, group);
  status = meso_h5_read_names(p->files->h5, path, &names, &n_names, err);
  if (status == MESO_ENOTFOUND) return MESO_OK;
  MESO_TRY(status);
  for (size_t i = 0; i < n_names; i++) {
    size_t n_dims = 0, dims[4] = {0};
    (void) snprintf(dataset, sizeof dataset, "%s/%.60s", path, names[i]);
    MESO_TRY(meso_h5_read_doubles(p->files->h5, dataset, &n_dims, dims, &values, err));
    if (n_dims != 1) MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector", p->files->h5, dataset);
    MESO_TRY(take_values(l, p, id, path, names[i], dims[0], values, first, err));
    free(values);
    values = NULL;
  }
cleanup:
  free(values);
  meso_names_free(names, n_names);
  return status;
}

static meso_status read_params(loader *l, const nodes *p, uint32_t first, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[128];
  char **groups = NULL;
  size_t n_groups = 0;
  for (size_t i = 0; i < p->n; i++) {
    node_type *t = NULL;
    MESO_TRY(type_of(p, i, &t, err));
    meso_neuron_group *g = group_of(l->w, t->ops);
    memcpy((char *) g->params + g->n * t->ops->params_size, t->params, t->ops->params_size);
    g->member[g->n++] = first + (uint32_t) i;
  }
  (void) snprintf(path, sizeof path, "/nodes/%s", p->name);
  MESO_TRY(meso_h5_read_groups(p->files->h5, path, &groups, &n_groups, err));
  for (size_t g = 0; g < n_groups; g++) MESO_TRY(read_group(l, p, groups[g], first, err));
cleanup:
  meso_names_free(groups, n_groups);
  return status;
}

static meso_status check_params(const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t g = 0; g < w->n_groups; g++)
    for (size_t k = 0; k < w->group[g].n; k++) {
      const meso_neuron_group *group = &w->group[g];
      const char *wrong =
        group->ops->check((const char *) group->params + k * group->ops->params_size);
      if (wrong != NULL)
        MESO_FAIL(err, MESO_EINVAL, "%s: neuron %u: %s", w->path, (unsigned) group->member[k],
                  wrong);
    }
cleanup:
  return status;
}

/* ---- 4. places ---------------------------------------------------------------------------- */

/** x, y and z of group 0, if all nodes are in it. */
static meso_status read_places(const nodes *p, double **ret_position_um, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const name[3] = {"0/x", "0/y", "0/z"};
  double *axis[3] = {NULL}, *place = NULL;
  for (size_t i = 0; p->group != NULL && i < p->n; i++)
    if (p->group[i] != 0) return MESO_OK;
  for (int a = 0; a < 3; a++) MESO_TRY(read_column(p, name[a], p->n, &axis[a], err));
  if (axis[0] == NULL || axis[1] == NULL || axis[2] == NULL) goto cleanup;
  MESO_ALLOC_ALIGNED(err, place, 3 * p->n);
  for (size_t i = 0; i < p->n; i++) {
    const double index = p->group_index != NULL ? p->group_index[i] : (double) i;
    if (!(index >= 0 && index < (double) p->n))
      MESO_FAIL(err, MESO_EFORMAT, "%s: population %s: node %zu has no place", p->files->h5,
                p->name, i);
    for (int a = 0; a < 3; a++) place[3 * i + (size_t) a] = axis[a][(size_t) index];
  }
  *ret_position_um = place;
  place = NULL;
cleanup:
  for (int a = 0; a < 3; a++) free(axis[a]);
  free(place);
  return status;
}

/* ---- 5. all files ------------------------------------------------------------------------- */

/** Populations of neurons, then of virtual nodes, each in the order of the files. */
static meso_status make_populations(loader *l, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_network *w = l->w;
  uint64_t n_all = 0, next = 0;
  for (size_t k = 0; k < l->n_nodes; k++) n_all += l->nodes[k].n;
  if (n_all > UINT32_MAX || w->n_neurons == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %zu neurons, %llu nodes: must be at least 1, at most %u",
              w->path, w->n_neurons, (unsigned long long) n_all, (unsigned) UINT32_MAX);
  MESO_ALLOC(err, w->population, l->n_nodes);
  w->n_populations = l->n_nodes;
  for (int pass = 0; pass < 2; pass++)
    for (size_t k = 0; k < l->n_nodes; k++) {
      const nodes *p = &l->nodes[k];
      meso_network_population *q = &w->population[k];
      if (p->is_virtual != (pass == 1)) continue;
      q->first = (uint32_t) next;
      q->size = (uint32_t) p->n;
      next += p->n;
      MESO_STRDUP(err, q->name, p->name);
      MESO_TRY(read_places(p, &q->position_um, err));
      if (pass == 0) MESO_TRY(read_params(l, p, q->first, err));
    }
  for (size_t k = 0; k < l->n_nodes; k++)
    for (size_t j = 0; j < k; j++)
      if (strcmp(w->population[j].name, w->population[k].name) == 0)
        MESO_FAIL(err, MESO_EINVAL, "%s: two populations are called %s", w->path,
                  w->population[k].name);
  w->n_sources = (size_t) n_all - w->n_neurons;
cleanup:
  return status;
}

static void loader_clear(loader *l)
{
  for (size_t f = 0; l->type != NULL && f < l->config->n_nodes; f++) {
    for (size_t row = 0; l->type[f] != NULL && row < l->table[f].n_rows; row++)
      free(l->type[f][row].params);
    free(l->type[f]);
  }
  for (size_t f = 0; l->table != NULL && f < l->config->n_nodes; f++)
    sonata_types_clear(&l->table[f]);
  for (size_t k = 0; k < l->n_nodes; k++) {
    free(l->nodes[k].name);
    free(l->nodes[k].type_id);
    free(l->nodes[k].group);
    free(l->nodes[k].group_index);
  }
  free(l->type);
  free(l->table);
  free(l->nodes);
}

meso_status sonata_nodes_read(const sonata_config *c, meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  loader l = {.config = c, .w = w};
  MESO_ALLOC(err, l.table, c->n_nodes);
  MESO_ALLOC(err, l.type, c->n_nodes);
  for (size_t f = 0; f < c->n_nodes; f++) MESO_TRY(open_file(&l, f, err));
  MESO_TRY(make_groups(&l, err));
  MESO_TRY(make_populations(&l, err));
  MESO_TRY(check_params(w, err));
cleanup:
  loader_clear(&l);
  return status;
}
