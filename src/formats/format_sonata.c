/* format_sonata.c: networks as folders of SONATA: nodes, edges, their types, configurations of the
 * circuit and of the simulation. Generators, which SONATA has no files for, go into inputs.h5 in
 * the layout of explicit networks.
 *
 * 1. reading   2. writing
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "network_columns.h"
#include "network_file.h"
#include "sonata.h"

/* ---- 1. reading --------------------------------------------------------------------------- */

/** Virtual nodes of other tools' circuits are sources that never spike. */
static meso_status make_silent(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, w->source, w->n_sources);
  w->source_seed = 1;
  w->source_schedule = (meso_schedule) {.kind = MESO_SCHEDULE_OFF, .period_ms = 1, .on_ms = 1};
  for (size_t i = 0; i < w->n_sources; i++) w->source[i].identity = (int64_t) (w->n_neurons + i);
cleanup:
  return status;
}

/** The order of the populations in the output is not that of the files. */
static meso_status order_populations(const sonata_config *c, meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  if (c->n_order != 0 && c->n_order != w->n_populations)
    MESO_FAIL(err, MESO_EFORMAT, "%s: mesocast.populations has %zu names, the circuit %zu "
              "populations", w->path, c->n_order, w->n_populations);
  for (size_t i = 0; i < c->n_order; i++) {
    size_t p = i;
    while (p < w->n_populations && strcmp(w->population[p].name, c->order[i]) != 0) p++;
    if (p == w->n_populations)
      MESO_FAIL(err, MESO_EFORMAT, "%s: mesocast.populations: there is no other population %.60s",
                w->path, c->order[i]);
    const meso_network_population found = w->population[p];
    w->population[p] = w->population[i];
    w->population[i] = found;
  }
cleanup:
  return status;
}

/** Our own file of inputs, with all checks of explicit networks. */
static meso_status read_inputs(const sonata_config *c, meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = w->path;
  network_table root = {.path = NULL};
  const size_t n_sources = w->n_sources;
  if (c->inputs_file != NULL) {
    w->path = c->inputs_file; /* for messages, and what is read */
    MESO_TRY(network_table_open(w->path, "/", &root, err));
    if (network_table_has(&root, "sources")) {
      MESO_TRY(network_file_read_sources(w, err));
      if (w->n_sources != n_sources)
        MESO_FAIL(err, MESO_EFORMAT, "%s: has %zu sources for %zu virtual nodes", w->path,
                  w->n_sources, n_sources);
    }
    if (network_table_has(&root, "input")) MESO_TRY(network_file_read_input(w, err));
  }
  if (w->source == NULL) MESO_TRY(make_silent(w, err));
cleanup:
  w->path = path;
  network_table_clear(&root);
  return status;
}

static meso_status list_file(meso_network *w, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_STRDUP(err, w->file[w->n_files], path);
  w->n_files++;
cleanup:
  return status;
}

/** Every file that was read, for checksums. */
static meso_status list_files(const char *path, const sonata_config *c, meso_network *w,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  const bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  MESO_ALLOC(err, w->file, 2 * (c->n_nodes + c->n_edges) + 2);
  if (!folder) MESO_TRY(list_file(w, path, err));
  if (c->inputs_file != NULL) MESO_TRY(list_file(w, c->inputs_file, err));
  for (size_t i = 0; i < c->n_nodes + c->n_edges; i++) {
    const sonata_files *f = i < c->n_nodes ? &c->nodes[i] : &c->edges[i - c->n_nodes];
    MESO_TRY(list_file(w, f->h5, err));
    MESO_TRY(list_file(w, f->types, err));
  }
cleanup:
  return status;
}

static meso_status read_network(const meso_format_input *input, meso_network **ret_network,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  sonata_config c = {.dt_ms = 0};
  meso_network *w = NULL;
  MESO_TRY(meso_network_create(input->path, &w, err));
  MESO_TRY(sonata_config_read(input->path, &c, err));
  w->dt_ms = c.dt_ms;
  w->T_ms = c.T_ms;
  MESO_TRY(mesoi_network_check_times(w, err));
  MESO_TRY(meso_attrs_copy(&w->attrs, &c.attrs, err));
  MESO_TRY(sonata_nodes_read(&c, w, err));
  MESO_TRY(order_populations(&c, w, err));
  MESO_TRY(read_inputs(&c, w, err));
  MESO_TRY(sonata_edges_open(&c, w, err));
  MESO_TRY(list_files(input->path, &c, w, err));
  *ret_network = w;
  w = NULL;
cleanup:
  sonata_config_clear(&c);
  meso_network_destroy(w);
  return status;
}

/* ---- 2. writing --------------------------------------------------------------------------- */

static meso_status make_folder(const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  if (mkdir(path, 0777) != 0 && !(errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
    MESO_FAIL(err, MESO_EINVAL, "%s: cannot make this folder: %s", path, strerror(errno));
cleanup:
  return status;
}

static meso_status write_json(const char *folder, const char *name, json_t *object, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = sonata_path(folder, name);
  char *text = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
  if (path == NULL || text == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  MESO_TRY(meso_file_write(path, text, strlen(text), err));
cleanup:
  json_decref(object);
  free(path);
  free(text);
  return status;
}

static meso_status write_inputs(const char *folder, const meso_network *w,
                                const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  bool created = false;
  char *path = sonata_path(folder, "inputs.h5");
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  created = true;
  MESO_TRY(meso_h5_create(&f, path, "inputs", provenance, err));
  MESO_TRY(network_put_inputs(&f, w, err));
cleanup:
  status = created ? meso_h5_finish(&f, status, err) : status;
  free(path);
  return status;
}

static json_t *attributes_as_json(const meso_attrs *attrs)
{
  json_t *object = json_object();
  for (size_t i = 0; i < attrs->n; i++) {
    const meso_attr *a = &attrs->v[i];
    (void) json_object_set_new(object, a->key,
                               a->text != NULL ? json_string(a->text) : json_real(a->number));
  }
  return object;
}

static json_t *population_names(const meso_network *w)
{
  json_t *list = json_array();
  for (size_t p = 0; p < w->n_populations; p++)
    (void) json_array_append_new(list, json_string(w->population[p].name));
  return list;
}

static json_t *node_files(const meso_network *w)
{
  json_t *list = json_pack("[{s:s, s:s}]", "nodes_file", "$BASE_DIR/nodes.h5", "node_types_file",
                           "$BASE_DIR/node_types.csv");
  if (w->n_sources > 0)
    (void) json_array_append_new(list, json_pack("{s:s, s:s}", "nodes_file",
                                 "$BASE_DIR/virtual_nodes.h5", "node_types_file",
                                 "$BASE_DIR/virtual_node_types.csv"));
  return list;
}

static meso_status write_configs(const char *folder, const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(write_json(folder, "simulation_config.json",
    json_pack("{s:{s:s}, s:s, s:s, s:{s:f, s:f}, s:{s:s, s:s}, s:{s:s, s:o, s:o}}",
              "manifest", "$BASE_DIR", ".", "network", "$BASE_DIR/circuit_config.json",
              "target_simulator", "NEST", "run", "tstop", w->T_ms, "dt", w->dt_ms,
              "output", "output_dir", "$BASE_DIR/output", "spikes_file", "spikes.h5",
              "mesocast", "inputs_file", "$BASE_DIR/inputs.h5",
              "populations", population_names(w), "attributes", attributes_as_json(&w->attrs)),
    err));
  MESO_TRY(write_json(folder, "circuit_config.json",
    json_pack("{s:{s:s}, s:{s:s}, s:{s:o, s:[{s:s, s:s}]}}", "manifest", "$BASE_DIR", ".",
              "components", "point_neuron_models_dir", "$BASE_DIR/point_neuron_models",
              "networks", "nodes", node_files(w), "edges", "edges_file", "$BASE_DIR/edges.h5",
              "edge_types_file", "$BASE_DIR/edge_types.csv"), err));
cleanup:
  return status;
}

static meso_status write_network(const char *path, const meso_network *w,
                                 const meso_progress *progress, const meso_provenance *provenance,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  char *models = sonata_path(path, "point_neuron_models");
  const size_t n = strlen(path);
  if (models == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  if (n > 5 && strcmp(path + n - 5, ".json") == 0)
    MESO_FAIL(err, MESO_EUSAGE, "%s: SONATA is a folder of several files: give the folder", path);
  MESO_TRY(make_folder(path, err));
  MESO_TRY(make_folder(models, err));
  MESO_TRY(sonata_nodes_write(path, w, provenance, err));
  MESO_TRY(sonata_edges_write(path, w, progress, provenance, err));
  MESO_TRY(write_inputs(path, w, provenance, err));
  MESO_TRY(write_configs(path, w, err));
cleanup:
  free(models);
  return status;
}

const meso_format meso_format_sonata = {
  .name = "sonata", .summary = "circuit of SONATA: a folder of nodes, edges and configurations",
  .ending = "/|.json", .content = MESO_CONTENT_NETWORK, .bytes_per_item = 48,
  .read_network = read_network, .write_network = write_network,
};
