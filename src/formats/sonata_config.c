/* sonata_config.c: configurations of SONATA: where the files are, time step and duration.
 *
 * 1. paths   2. the circuit   3. the simulation
 */
#include "sonata.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A circuit alone does not say them. */
#define DEFAULT_DT_MS 0.1
#define DEFAULT_T_MS 1000.0

enum { MAX_BYTES = 1 << 24, MAX_PATH = 4096, MAX_FILES = 1024 };

char *sonata_path(const char *folder, const char *name)
{
  const size_t room = strlen(folder) + strlen(name) + 2, n = strlen(folder);
  char *path = meso_calloc(room, 1);
  if (path != NULL)
    (void) snprintf(path, room, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
  return path;
}

/* ---- 1. paths ----------------------------------------------------------------------------- */

/** One JSON file and what its relative names start from. */
typedef struct document { char *path, *folder; json_t *root; } document;

static void document_clear(document *d)
{
  json_decref(d->root);
  free(d->path);
  free(d->folder);
  *d = (document) {.path = NULL};
}

static meso_status document_read(const char *path, document *d, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  size_t size = 0;
  json_error_t why;
  const char *slash = strrchr(path, '/');
  MESO_STRDUP(err, d->path, path);
  MESO_STRDUP(err, d->folder, slash != NULL ? path : ".");
  if (slash != NULL) d->folder[slash - path + (slash == path)] = '\0';
  MESO_TRY(meso_file_read(path, MAX_BYTES, &text, &size, err));
  d->root = json_loadb(text, size, 0, &why);
  if (d->root == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%d: not JSON: %s", path, why.line, why.text);
  if (!json_is_object(d->root)) MESO_FAIL(err, MESO_EFORMAT, "%s: must be an object", path);
cleanup:
  free(text);
  return status;
}

/** Longest variable of the manifest that the text begins with; "${configdir}" too. */
static const char *find_variable(const document *d, const char *text, size_t *length)
{
  const char *key = NULL, *found = NULL;
  json_t *value = NULL;
  json_object_foreach(json_object_get(d->root, "manifest"), key, value) {
    const size_t n = strlen(key);
    if (n <= *length || strncmp(text, key, n) != 0 || !json_is_string(value)) continue;
    *length = n;
    found = json_string_value(value);
  }
  static const char config_dir[] = "${configdir}";
  if (strncmp(text, config_dir, sizeof config_dir - 1) == 0) {
    *length = sizeof config_dir - 1;
    found = ".";
  }
  return found;
}

/** A path with the variables of the manifest put in, from the document's folder if relative. */
static meso_status resolve(const document *d, const char *text, char **ret_path, meso_err *err)
{
  meso_status status = MESO_OK;
  char a[MAX_PATH], b[MAX_PATH];
  int n = snprintf(a, sizeof a, "%s", text);
  for (int round = 0; strchr(a, '$') != NULL; round++) {
    const char *at = strchr(a, '$');
    size_t length = 0;
    const char *value = find_variable(d, at, &length);
    if (value == NULL || round == 32)
      MESO_FAIL(err, MESO_EFORMAT, "%s: the manifest does not resolve '%.200s'", d->path, text);
    n = snprintf(b, sizeof b, "%.*s%s%s", (int) (at - a), a, value, at + length);
    if (n < 0 || n >= MAX_PATH) break;
    memcpy(a, b, (size_t) n + 1);
  }
  if (n < 0 || n >= MAX_PATH)
    MESO_FAIL(err, MESO_EFORMAT, "%s: the path '%.200s' is too long", d->path, text);
  if (a[0] == '/') MESO_STRDUP(err, *ret_path, a);
  else if ((*ret_path = sonata_path(d->folder, a)) == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "out of memory");
cleanup:
  return status;
}

static meso_status resolve_member(const document *d, const json_t *object, const char *key,
                                  char **ret_path, meso_err *err)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? resolve(d, text, ret_path, err) : MESO_OK;
}

/* ---- 2. the circuit ----------------------------------------------------------------------- */

static meso_status read_files(const document *d, const char *list_key, const char *h5_key,
                              const char *types_key, size_t *n, sonata_files **ret_files,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const json_t *list = json_object_get(json_object_get(d->root, "networks"), list_key);
  const size_t n_files = json_array_size(list);
  if (n_files > MAX_FILES)
    MESO_FAIL(err, MESO_EFORMAT, "%s: networks.%s: at most %d files", d->path, list_key,
              (int) MAX_FILES);
  MESO_ALLOC(err, *ret_files, n_files);
  *n = n_files;
  for (size_t i = 0; i < n_files; i++) {
    const json_t *item = json_array_get(list, i);
    sonata_files *f = &(*ret_files)[i];
    MESO_TRY(resolve_member(d, item, h5_key, &f->h5, err));
    MESO_TRY(resolve_member(d, item, types_key, &f->types, err));
    if (f->h5 == NULL || f->types == NULL)
      MESO_FAIL(err, MESO_EFORMAT, "%s: networks.%s[%zu]: needs %s and %s", d->path, list_key, i,
                h5_key, types_key);
  }
cleanup:
  return status;
}

static meso_status read_circuit(const document *d, sonata_config *c, meso_err *err)
{
  meso_status status = MESO_OK;
  if (!json_is_object(json_object_get(d->root, "networks")))
    MESO_FAIL(err, MESO_EFORMAT, "%s: has neither networks, as a circuit's configuration of SONATA "
              "has, nor network, as a simulation's", d->path);
  MESO_TRY(resolve_member(d, json_object_get(d->root, "components"), "point_neuron_models_dir",
                          &c->models_dir, err));
  MESO_TRY(read_files(d, "nodes", "nodes_file", "node_types_file", &c->n_nodes, &c->nodes, err));
  MESO_TRY(read_files(d, "edges", "edges_file", "edge_types_file", &c->n_edges, &c->edges, err));
cleanup:
  return status;
}

/* ---- 3. the simulation -------------------------------------------------------------------- */

static meso_status read_run(const document *d, sonata_config *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const json_t *run = json_object_get(d->root, "run");
  const struct { const char *key; double *value; } number[] = {
    {"dt", &c->dt_ms}, {"tstop", &c->T_ms}, {"duration", &c->T_ms},
  };
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
    const json_t *value = json_object_get(run, number[i].key);
    if (value == NULL) continue;
    if (!json_is_number(value))
      MESO_FAIL(err, MESO_EFORMAT, "%s: run.%s must be a number, ms", d->path, number[i].key);
    *number[i].value = json_number_value(value);
  }
cleanup:
  return status;
}

/** What SONATA has no words for. */
static meso_status read_own(const document *d, sonata_config *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const json_t *own = json_object_get(d->root, "mesocast");
  const char *key = NULL;
  json_t *value = NULL;
  MESO_TRY(resolve_member(d, own, "inputs_file", &c->inputs_file, err));
  const json_t *order = json_object_get(own, "populations");
  MESO_ALLOC(err, c->order, json_array_size(order));
  for (size_t i = 0; i < json_array_size(order); i++) {
    const char *name = json_string_value(json_array_get(order, i));
    MESO_STRDUP(err, c->order[i], name != NULL ? name : "");
    c->n_order++;
  }
  json_object_foreach(json_object_get(own, "attributes"), key, value) {
    if (json_is_number(value))
      MESO_TRY(meso_attrs_set_number(&c->attrs, key, json_number_value(value), err));
    else if (json_is_string(value))
      MESO_TRY(meso_attrs_set_text(&c->attrs, key, json_string_value(value), err));
  }
  if (own == NULL && json_object_size(json_object_get(d->root, "inputs")) > 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: has inputs, which are not read; take the circuit's "
              "configuration for the network without them", d->path);
cleanup:
  return status;
}

static bool is_folder(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/** The configuration in a folder: of the simulation if there is one. */
static meso_status open_config(const char *path, document *d, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  char *in_folder = NULL;
  if (is_folder(path)) {
    in_folder = sonata_path(path, "simulation_config.json");
    if (in_folder != NULL && stat(in_folder, &st) != 0) {
      free(in_folder);
      in_folder = sonata_path(path, "circuit_config.json");
    }
    if (in_folder == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  }
  MESO_TRY(document_read(in_folder != NULL ? in_folder : path, d, err));
cleanup:
  free(in_folder);
  return status;
}

meso_status sonata_config_read(const char *path, sonata_config *c, meso_err *err)
{
  meso_status status = MESO_OK;
  document d = {.path = NULL}, circuit = {.path = NULL};
  char *circuit_path = NULL;
  *c = (sonata_config) {.dt_ms = DEFAULT_DT_MS, .T_ms = DEFAULT_T_MS};
  MESO_TRY(open_config(path, &d, err));
  MESO_TRY(read_run(&d, c, err));
  MESO_TRY(read_own(&d, c, err));
  MESO_TRY(resolve_member(&d, d.root, "network", &circuit_path, err));
  if (circuit_path != NULL) {
    MESO_TRY(document_read(circuit_path, &circuit, err));
    MESO_TRY(read_circuit(&circuit, c, err));
  } else {
    MESO_TRY(read_circuit(&d, c, err));
  }
cleanup:
  document_clear(&d);
  document_clear(&circuit);
  free(circuit_path);
  return status;
}

static void files_clear(sonata_files *files, size_t n)
{
  for (size_t i = 0; files != NULL && i < n; i++) {
    free(files[i].h5);
    free(files[i].types);
  }
  free(files);
}

void sonata_config_clear(sonata_config *c)
{
  files_clear(c->nodes, c->n_nodes);
  files_clear(c->edges, c->n_edges);
  free(c->models_dir);
  free(c->inputs_file);
  meso_names_free(c->order, c->n_order);
  meso_attrs_clear(&c->attrs);
}
