/* sonata_write_nodes.c: writes nodes of SONATA. A type of nodes is a population's neurons of one
 * model; what they share goes into its JSON file, what differs into their group in nodes.h5.
 *
 * 1. parameters   2. one type   3. populations   4. the files
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network_columns.h"
#include "sonata.h"

/** Neurons of one model in one population. */
typedef struct part {
  const meso_network_population *population;
  const meso_neuron_group *group; /**< NULL: sources, virtual nodes */
  size_t begin, end;              /**< members of the group */
  uint32_t type, id;              /**< node_type_id, node_group_id */
} part;

/* ---- 1. parameters ------------------------------------------------------------------------ */

static const char *nest_name(const char *key)
{
  return strcmp(key, "V_m_initial") == 0 ? "V_m" : key;
}

/** Values of a parameter in a part; true if they are one and the same. */
static bool take_values(const part *p, const meso_param *row, double *values)
{
  const size_t size = p->group->ops->params_size;
  bool same = true;
  for (size_t k = p->begin; k < p->end; k++) {
    values[k - p->begin] = network_number(row, (const char *) p->group->params + k * size);
    same = same && values[k - p->begin] == values[0];
  }
  return same;
}

static json_t *as_json(const meso_param *row, double x)
{
  return row->type == MESO_PARAM_BOOL ? json_boolean(x != 0) : json_real(x);
}

static meso_status put_vector(const meso_h5_file *f, hid_t at, const char *name, const char *units,
                              hid_t type, size_t n, const double *values, meso_err *err)
{
  const meso_h5_block block = {.name = name, .units = units, .file_type = type,
                               .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 1, .dims = &n,
                               .data = values};
  return meso_h5_put(f, at, &block, NULL, err);
}

/* ---- 2. one type -------------------------------------------------------------------------- */

/** Parameters of a part: to the object that is shared, or to the group in the file. */
static meso_status put_params(const meso_h5_file *f, const part *p, json_t *shared, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[160];
  hid_t group = H5I_INVALID_HID;
  double *values = NULL;
  const size_t n = p->end - p->begin;
  MESO_ALLOC(err, values, n);
  (void) snprintf(path, sizeof path, "nodes/%s/%u/dynamics_params", p->population->name,
                  (unsigned) p->id);
  MESO_TRY(meso_h5_need_group(f, path, &group, err));
  for (const meso_param *row = p->group->ops->params; row->key != NULL; row++) {
    const bool same = take_values(p, row, values);
    const hid_t type = row->type == MESO_PARAM_BOOL ? H5T_STD_U8LE : H5T_IEEE_F64LE;
    if (same && row->default_text != NULL && values[0] == network_default(row)) continue;
    if (!same)
      MESO_TRY(put_vector(f, group, nest_name(row->key), row->unit, type, n, values, err));
    else if (json_object_set_new(shared, nest_name(row->key), as_json(row, values[0])) != 0)
      MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(values);
  return status;
}

static meso_status write_json(const char *folder, const char *name, const json_t *object,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = sonata_path(folder, name), *text = json_dumps(object, JSON_INDENT(2));
  if (path == NULL || text == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  MESO_TRY(meso_file_write(path, text, strlen(text), err));
cleanup:
  free(path);
  free(text);
  return status;
}

/** A row of the table of types, and the file of parameters that it names. */
static meso_status put_type(const meso_h5_file *f, const char *folder, const part *p, FILE *table,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  char name[160];
  json_t *shared = json_object();
  if (shared == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  if (p->group == NULL) {
    fprintf(table, "%u virtual NULL NULL NULL %s\n", (unsigned) p->type, p->population->name);
    goto cleanup;
  }
  const char *model = p->group->ops->name;
  const bool merged = strcmp(model, "iaf_psc_exp_merged") == 0;
  (void) snprintf(name, sizeof name, "point_neuron_models/%u.json", (unsigned) p->type);
  fprintf(table, "%u point_neuron nest:%s %u.json %s %s\n", (unsigned) p->type,
          merged ? "iaf_psc_exp" : model, (unsigned) p->type, model, p->population->name);
  MESO_TRY(put_params(f, p, shared, err));
  MESO_TRY(write_json(folder, name, shared, err));
cleanup:
  json_decref(shared);
  return status;
}

/* ---- 3. populations ----------------------------------------------------------------------- */

/** Parts of a population, at most one for each group. */
static size_t find_parts(const meso_network *w, const meso_network_population *p, part *parts)
{
  size_t n = 0;
  if (p->first >= w->n_neurons) {
    parts[n++] = (part) {.population = p};
    return n;
  }
  for (size_t g = 0; g < w->n_groups; g++) {
    part q = {.population = p, .group = &w->group[g]};
    while (q.begin < q.group->n && q.group->member[q.begin] < p->first) q.begin++;
    for (q.end = q.begin; q.end < q.group->n && q.group->member[q.end] < p->first + p->size;)
      q.end++;
    q.id = (uint32_t) n;
    if (q.end > q.begin) parts[n++] = q;
  }
  return n;
}

static meso_status put_places(const meso_h5_file *f, const meso_network_population *p,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const name[3] = {"x", "y", "z"};
  char path[128];
  hid_t group = H5I_INVALID_HID;
  double *values = NULL;
  MESO_ALLOC(err, values, p->size);
  (void) snprintf(path, sizeof path, "nodes/%s/0", p->name);
  MESO_TRY(meso_h5_need_group(f, path, &group, err));
  for (int a = 0; p->position_um != NULL && a < 3; a++) {
    for (size_t i = 0; i < p->size; i++) values[i] = p->position_um[3 * i + (size_t) a];
    MESO_TRY(put_vector(f, group, name[a], "um", H5T_IEEE_F64LE, p->size, values, err));
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(values);
  return status;
}

/** Columns of a population, then its types. */
static meso_status put_population(const meso_h5_file *f, const char *folder, const part *parts,
                                  size_t n_parts, FILE *table, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network_population *p = parts[0].population;
  static const char *const name[4] = {"node_id", "node_type_id", "node_group_id",
                                      "node_group_index"};
  char path[128];
  hid_t group = H5I_INVALID_HID;
  double *column[4] = {NULL};
  for (int c = 0; c < 4; c++) MESO_ALLOC(err, column[c], p->size);
  for (size_t q = 0; q < n_parts; q++) {
    const size_t begin = parts[q].begin, end = parts[q].group != NULL ? parts[q].end : p->size;
    for (size_t k = begin; k < end; k++) {
      const size_t i = parts[q].group != NULL ? parts[q].group->member[k] - p->first : k;
      column[0][i] = (double) i;
      column[1][i] = parts[q].type;
      column[2][i] = parts[q].id;
      column[3][i] = (double) (k - begin);
    }
  }
  (void) snprintf(path, sizeof path, "nodes/%s", p->name);
  MESO_TRY(meso_h5_need_group(f, path, &group, err));
  for (int c = 0; c < 4; c++)
    MESO_TRY(put_vector(f, group, name[c], "1", H5T_STD_U64LE, p->size, column[c], err));
  MESO_TRY(put_places(f, p, err));
  for (size_t q = 0; q < n_parts; q++) MESO_TRY(put_type(f, folder, &parts[q], table, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  for (int c = 0; c < 4; c++) free(column[c]);
  return status;
}

/* ---- 4. the files ------------------------------------------------------------------------- */

/** Readers number the nodes population by population, and places are those of one group. */
static meso_status check_population(const meso_network *w, const meso_network_population *p,
                                    size_t n_parts, uint32_t *next, uint32_t *next_source,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  uint32_t *expected = p->first < w->n_neurons ? next : next_source;
  if (p->first != *expected)
    MESO_FAIL(err, MESO_EINVAL, "%s: population %s: SONATA needs populations in the order of their "
              "neurons", w->path, p->name);
  if (p->first < w->n_neurons && p->first + p->size > w->n_neurons)
    MESO_FAIL(err, MESO_EINVAL, "%s: population %s has both neurons and sources", w->path, p->name);
  if (p->position_um != NULL && n_parts > 1)
    MESO_FAIL(err, MESO_EINVAL, "%s: population %s: places of neurons of several models cannot be "
              "written", w->path, p->name);
  *expected += p->size;
cleanup:
  return status;
}

/** Populations of neurons or those of virtual nodes: NEST's reader wants them in files apart. */
static meso_status put_populations(const meso_h5_file *f, const char *folder,
                                   const meso_network *w, bool virtual, FILE *table,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  uint32_t type = 100, next = 0, next_source = (uint32_t) w->n_neurons;
  part *parts = NULL;
  MESO_ALLOC(err, parts, w->n_groups + 1);
  for (size_t p = 0; p < w->n_populations; p++) {
    const size_t n = find_parts(w, &w->population[p], parts);
    MESO_TRY(check_population(w, &w->population[p], n, &next, &next_source, err));
    for (size_t q = 0; q < n; q++) parts[q].type = type++;
    if ((w->population[p].first >= w->n_neurons) == virtual)
      MESO_TRY(put_population(f, folder, parts, n, table, err));
  }
cleanup:
  free(parts);
  return status;
}

static meso_status put_magic(const meso_h5_file *f, meso_err *err)
{
  meso_status status = MESO_OK;
  const uint32_t magic = 0x0A7A, version[] = {0, 1};
  MESO_TRY(meso_h5_put_attr(f, f->id, "magic", H5T_STD_U32LE, H5T_NATIVE_UINT32, 0, &magic, err));
  MESO_TRY(meso_h5_put_attr(f, f->id, "version", H5T_STD_U32LE, H5T_NATIVE_UINT32, 2, version,
                            err));
cleanup:
  return status;
}

static meso_status write_h5(const char *path, const char *folder, const meso_network *w,
                            bool virtual, const meso_provenance *provenance, FILE *table,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  MESO_TRY(meso_h5_create(&f, path, "nodes", provenance, err));
  MESO_TRY(put_magic(&f, err));
  MESO_TRY(put_populations(&f, folder, w, virtual, table, err));
cleanup:
  return meso_h5_finish(&f, status, err);
}

static meso_status write_files(const char *folder, const char *h5, const char *csv,
                               const meso_network *w, bool virtual,
                               const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = sonata_path(folder, h5), *types = sonata_path(folder, csv);
  char *text = NULL;
  size_t size = 0;
  FILE *table = open_memstream(&text, &size);
  if (path == NULL || types == NULL || table == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  fputs("node_type_id model_type model_template dynamics_params mesocast_model pop_name\n", table);
  MESO_TRY(write_h5(path, folder, w, virtual, provenance, table, err));
  const bool failed = fclose(table) != 0;
  table = NULL;
  if (failed) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  MESO_TRY(meso_file_write(types, text, size, err));
cleanup:
  if (table != NULL) (void) fclose(table);
  free(text);
  free(path);
  free(types);
  return status;
}

meso_status sonata_nodes_write(const char *folder, const meso_network *w,
                               const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(write_files(folder, "nodes.h5", "node_types.csv", w, false, provenance, err));
  if (w->n_sources > 0)
    MESO_TRY(write_files(folder, "virtual_nodes.h5", "virtual_node_types.csv", w, true, provenance,
                         err));
cleanup:
  return status;
}
