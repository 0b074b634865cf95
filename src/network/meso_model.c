/* meso_model.c: model file -> document tree -> structs by option rows; canonical text. */
#include "meso_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"

enum { PATH_SIZE = 256, MAX_HEADS = 32 };

const meso_model_section *mesoi_section(const char *path)
{
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++)
    if (strcmp(s->path, path) == 0) return s;
  return NULL;
}

void *mesoi_section_object(const meso_model *model, const meso_model_section *section, size_t i)
{
  char *field = (char *) model + section->offset;
  return section->is_list ? *(char **) field + i * section->item_size : field;
}

size_t mesoi_section_count(const meso_model *model, const meso_model_section *section)
{
  if (!section->is_list) return 1;
  return *(const size_t *) ((const char *) model + section->count_offset);
}

void mesoi_object_path(const meso_model *model, const meso_model_section *section, size_t i,
                       char *buffer, size_t size)
{
  const void *object = mesoi_section_object(model, section, i);
  if (!section->is_list) {
    snprintf(buffer, size, "%s", section->path);
  } else if (section->offset == offsetof(meso_model, projection)) {
    const meso_projection *p = object;
    snprintf(buffer, size, "projections.%.60s->%.60s", p->source_name != NULL ? p->source_name : "",
             p->target_name != NULL ? p->target_name : "");
  } else { /* all other items have their name in the first row */
    const char *name = *(char *const *) ((const char *) object + section->rows[0].offset);
    if (name != NULL) snprintf(buffer, size, "%s.%.60s", section->path, name);
    else snprintf(buffer, size, "%s[%zu]", section->path, i);
  }
}

meso_status mesoi_refuse(const meso_model *model, const mesoi_node *root, const char *path,
                         size_t i, const char *key, const char *message, meso_err *err)
{
  const meso_model_section *section = mesoi_section(path);
  const mesoi_node *node = mesoi_node_at(root, path), *leaf;
  char name[PATH_SIZE], *value = NULL;
  meso_status status;
  const meso_param *row = meso_param_find(section->rows, key);
  if (section->is_list && node != NULL && i < node->n) node = &node->child[i];
  leaf = mesoi_node_find(node, key);
  if (leaf == NULL) leaf = node != NULL ? node : root;
  mesoi_object_path(model, section, i, name, sizeof name);
  if (row != NULL) value = meso_param_format(row, mesoi_section_object(model, section, i));
  status = meso_err_set(err, MESO_EINVAL, __FILE__, __LINE__, "%s: %s.%s%s%.80s: %s",
                        mesoi_node_place(leaf).text, name, key, value != NULL ? " = " : "",
                        value != NULL ? value : "",
                        message);
  free(value);
  return status;
}

/* Sets one row of an object from a node of the document. */
static meso_status bind_value(const meso_param *row, void *object, const mesoi_node *node,
                              const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  const meso_where where = {node->file, node->line, path};
  if (node->kind == MESOI_LIST && row->type == MESO_PARAM_DOUBLES) {
    MESO_TRY(mesoi_node_list_text(node, &text, err));
    MESO_TRY(meso_param_set(row, object, text, &where, err));
  } else if (node->kind == MESOI_SCALAR) {
    MESO_TRY(meso_param_set(row, object, node->text, &where, err));
  } else {
    char range[PATH_SIZE];
    meso_param_range_text(row, range, sizeof range);
    MESO_FAIL(err, MESO_EINVAL, "%s: %s%s%s: must be %s, not a %s", mesoi_node_place(node).text,
              path, path[0] != '\0' ? "." : "", row->key, range,
              node->kind == MESOI_MAP ? "map" : "list");
  }
cleanup:
  free(text);
  return status;
}

static meso_status check_required(const meso_param *rows, const mesoi_node *node,
                                  const mesoi_node *root, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  const mesoi_node *place = node != NULL ? node : root;
  for (const meso_param *row = rows; row->key != NULL; row++) {
    char range[PATH_SIZE];
    if (row->default_text != NULL || mesoi_node_find(node, row->key) != NULL) continue;
    meso_param_range_text(row, range, sizeof range);
    MESO_FAIL(err, MESO_EINVAL, "%s: %s%s%s: is missing; must be %s",
              mesoi_node_place(place).text, path, path[0] != '\0' ? "." : "", row->key, range);
  }
cleanup:
  return status;
}

/* Refuses keys without a row; before check_required, so that a misspelt key is named as such. */
static meso_status check_known(const meso_model_section *section, const mesoi_node *node,
                               const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < node->n; i++) {
    const mesoi_node *child = &node->child[i];
    const meso_where where = {child->file, child->line, path};
    if (meso_param_find(section->rows, child->key) != NULL) continue;
    if (section->extra_key == NULL || strcmp(child->key, section->extra_key) != 0)
      MESO_TRY(meso_params_unknown_key(section->rows, child->key, &where, err));
  }
cleanup:
  return status;
}

/* Binds the keys of one map to an object that already holds its defaults. */
static meso_status bind_object(const meso_model_section *section, void *object,
                               const mesoi_node *node, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < node->n; i++) {
    const mesoi_node *child = &node->child[i];
    const meso_param *row = meso_param_find(section->rows, child->key);
    if (row != NULL) MESO_TRY(bind_value(row, object, child, path, err));
  }
cleanup:
  return status;
}

/* Values that an item takes over from the defaults given in the file. */
static meso_status inherit(const meso_model *model, const meso_model_section *section,
                           void *object, const mesoi_node *node, meso_err *err)
{
  meso_status status = MESO_OK;
  if (section->offset == offsetof(meso_model, population)) {
    meso_population *p = object;
    p->neuron = model->neuron.neuron;
    p->V_m_initial_mean_mV = model->neuron.V_m_initial_mean_mV;
    p->V_m_initial_sd_mV = model->neuron.V_m_initial_sd_mV;
    p->neuron_sd = model->neuron.neuron_sd;
    p->parameter_distribution = model->neuron.parameter_distribution;
  } else if (section->offset == offsetof(meso_model, projection)) {
    meso_projection *p = object;
    const mesoi_node *source = mesoi_node_find(node, "source");
    const char *name = mesoi_node_text(node, "source");
    size_t i = name != NULL ? meso_model_find_population(model, name) : (size_t) -1;
    if (i == (size_t) -1)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: projections: source = %.80s: no such population",
                mesoi_node_place(source != NULL ? source : node).text, name != NULL ? name : "");
    const meso_synapse_defaults *s = &model->synapse[model->population[i].sign];
    p->weight_distribution = s->weight_distribution;
    p->delay_distribution = s->delay_distribution;
    p->weight_truncation = s->weight_truncation;
    p->delay_truncation = s->delay_truncation;
    p->PSP_mV = s->PSP_mV;
    p->weight_rel_sd = s->weight_rel_sd;
    p->delay_mean_ms = s->delay_mean_ms;
    p->delay_sd_ms = s->delay_sd_ms;
  }
cleanup:
  return status;
}

/* "populations.L23E" before the item is bound, for messages. */
static void item_path(const meso_model_section *section, const mesoi_node *item, size_t i,
                      char *buffer, size_t size)
{
  const char *name = mesoi_node_text(item, "name");
  const char *source = mesoi_node_text(item, "source"), *target = mesoi_node_text(item, "target");
  if (name != NULL) snprintf(buffer, size, "%s.%.60s", section->path, name);
  else if (source != NULL && target != NULL)
    snprintf(buffer, size, "%s.%.60s->%.60s", section->path, source, target);
  else snprintf(buffer, size, "%s[%zu]", section->path, i);
}

static meso_status bind_list(meso_model *model, const meso_model_section *section,
                             const mesoi_node *node, meso_err *err)
{
  meso_status status = MESO_OK;
  if (node->kind != MESOI_LIST)
    MESO_FAIL(err, MESO_EINVAL, "%s: %s: must be a list of maps", mesoi_node_place(node).text,
              section->path);
  char **items = (char **) ((char *) model + section->offset);
  size_t *count = (size_t *) ((char *) model + section->count_offset);
  *items = meso_calloc(node->n, section->item_size);
  if (*items == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %s", section->path);
  for (size_t i = 0; i < node->n; i++) {
    const mesoi_node *item = &node->child[i];
    void *object = *items + i * section->item_size;
    char path[PATH_SIZE];
    item_path(section, item, i, path, sizeof path);
    *count = i + 1;
    if (item->kind != MESOI_MAP)
      MESO_FAIL(err, MESO_EINVAL, "%s: %s: must be a map of keys and values",
                mesoi_node_place(item).text, path);
    MESO_TRY(check_known(section, item, path, err));
    MESO_TRY(check_required(section->rows, item, item, path, err));
    MESO_TRY(meso_params_default(section->rows, object, err));
    MESO_TRY(inherit(model, section, object, item, err));
    MESO_TRY(bind_object(section, object, item, path, err));
  }
cleanup:
  return status;
}

static meso_status bind_section(meso_model *model, const meso_model_section *section,
                                const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  const mesoi_node *node = mesoi_node_at(root, section->path);
  if (section->is_list) {
    if (node != NULL) MESO_TRY(bind_list(model, section, node, err));
    goto cleanup;
  }
  void *object = mesoi_section_object(model, section, 0);
  MESO_TRY(meso_params_default(section->rows, object, err));
  if (node != NULL && node->kind != MESOI_MAP)
    MESO_FAIL(err, MESO_EINVAL, "%s: %s: must be a map of keys and values",
              mesoi_node_place(node).text, section->path);
  if (node != NULL && section->path[0] != '\0')
    MESO_TRY(check_known(section, node, section->path, err));
  if (section->path[0] == '\0') goto cleanup; /* bind_top does the rest */
  MESO_TRY(check_required(section->rows, node, root, section->path, err));
  if (node != NULL) MESO_TRY(bind_object(section, object, node, section->path, err));
cleanup:
  return status;
}

/* Next part of the paths of all sections below `prefix`: a row each, for messages. */
static size_t section_heads(const char *prefix, char names[MAX_HEADS][64],
                            meso_param rows[MAX_HEADS + 1])
{
  size_t n = 0, skip = strlen(prefix);
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++) {
    if (s->path[0] == '\0' || strncmp(s->path, prefix, skip) != 0) continue;
    snprintf(names[n], 64, "%.*s", (int) strcspn(s->path + skip, "."), s->path + skip);
    if (n > 0 && strcmp(names[n], names[n - 1]) == 0) continue;
    rows[n] = (meso_param){.key = names[n]};
    n++;
  }
  return n;
}

/* Binds the scalars of the top level and refuses what belongs to no section. */
static meso_status bind_top(meso_model *model, const mesoi_node *map, const char *prefix,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  char names[MAX_HEADS][64], path[PATH_SIZE];
  meso_param rows[MAX_HEADS + 1] = {{.key = NULL}};
  const meso_model_section *top = mesoi_section("");
  size_t n = section_heads(prefix, names, rows);
  for (const meso_param *row = top->rows; prefix[0] == '\0' && row->key != NULL; row++)
    rows[n++] = *row;
  rows[n].key = NULL;
  for (size_t i = 0; i < map->n; i++) {
    const mesoi_node *child = &map->child[i];
    const meso_where where = {child->file, child->line, map->key};
    const meso_param *row = meso_param_find(rows, child->key);
    if (row == NULL) MESO_TRY(meso_params_unknown_key(rows, child->key, &where, err));
    snprintf(path, sizeof path, "%s%.60s", prefix, child->key);
    if (meso_param_find(top->rows, child->key) != NULL && prefix[0] == '\0') {
      MESO_TRY(bind_value(row, model, child, "", err));
    } else if (mesoi_section(path) == NULL) {
      if (child->kind != MESOI_MAP)
        MESO_FAIL(err, MESO_EINVAL, "%s: %s: must be a map of keys and values",
                  mesoi_node_place(child).text, child->key);
      snprintf(path, sizeof path, "%s%.60s.", prefix, child->key);
      MESO_TRY(bind_top(model, child, path, err));
    }
  }
cleanup:
  return status;
}

/* Everything after the document tree exists. */
static meso_status bind_model(meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++) {
    MESO_TRY(bind_section(model, s, root, err));
    if (s->path[0] != '\0') continue;
    MESO_TRY(bind_top(model, root, "", err));
    MESO_TRY(check_required(s->rows, root, root, "", err));
  }
  MESO_TRY(mesoi_model_check(model, root, err));
  MESO_TRY(mesoi_model_resolve_cells(model, root, err));
  MESO_TRY(mesoi_model_derive(model, err));
cleanup:
  return status;
}

meso_status meso_model_read(const char *path, size_t n_sets, const char *const *sets,
                            meso_model **ret_model, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_node root = {0};
  meso_model *model = NULL;
  *ret_model = NULL;
  MESO_ALLOC(err, model, 1);
  MESO_STRDUP(err, model->path, path);
  MESO_TRY(mesoi_yaml_read(path, &root, err));
  for (size_t i = 0; i < n_sets; i++) MESO_TRY(mesoi_yaml_set(&root, sets[i], err));
  MESO_TRY(bind_model(model, &root, err));
  *ret_model = model;
  model = NULL;
cleanup:
  mesoi_node_clear(&root);
  meso_model_destroy(model);
  return status;
}

void meso_model_destroy(meso_model *model)
{
  if (model == NULL) return;
  for (size_t i = 0; i < model->n_cell_types; i++) {
    free(model->cell_type[i].layer_share);
    free(model->cell_type[i].morphology_place);
  }
  meso_points_clear(&model->probe.contacts);
  for (size_t i = 0; i < model->n_populations; i++) meso_points_clear(&model->population[i].places);
  for (size_t i = 0; i < model->n_projections; i++) mesoi_list_destroy(model->projection[i].list);
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++) {
    for (size_t i = 0; i < mesoi_section_count(model, s); i++)
      meso_params_clear(s->rows, mesoi_section_object(model, s, i));
    if (s->is_list) free(*(void **) ((char *) model + s->offset));
  }
  free(model->path);
  free(model);
}

size_t meso_model_find_population(const meso_model *model, const char *name)
{
  for (size_t i = 0; i < model->n_populations; i++)
    if (model->population[i].name != NULL && strcmp(model->population[i].name, name) == 0) return i;
  return (size_t) -1;
}

/* One "path.key = value" line; line breaks inside a value are written as \n. */
static void print_line(FILE *out, const char *path, const char *key, const char *value)
{
  fprintf(out, "%s%s%s = ", path, path[0] != '\0' ? "." : "", key);
  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '\n') fputs("\\n", out);
    else if (*p == '\\') fputs("\\\\", out);
    else fputc(*p, out);
  }
  fputc('\n', out);
}

static bool print_layer_shares(FILE *out, const meso_model *model, size_t i, const char *path)
{
  const meso_cell_type *cell = &model->cell_type[i];
  meso_doubles column = {model->n_populations, NULL};
  bool ok = true;
  if (cell->layer_share == NULL) return true;
  column.v = meso_calloc(model->n_populations, sizeof *column.v);
  for (size_t l = 0; column.v != NULL && l < model->n_layers; l++) {
    const meso_param row = {.key = model->layer[l].name, .type = MESO_PARAM_DOUBLES};
    char key[PATH_SIZE];
    for (size_t x = 0; x < model->n_populations; x++)
      column.v[x] = cell->layer_share[x * model->n_layers + l];
    char *value = meso_param_format(&row, &column);
    snprintf(key, sizeof key, "layer_share.%.60s", model->layer[l].name);
    if (value != NULL) print_line(out, path, key, value);
    ok = ok && value != NULL;
    free(value);
  }
  ok = ok && column.v != NULL;
  free(column.v);
  return ok;
}

static bool print_section(FILE *out, const meso_model *model, const meso_model_section *section)
{
  bool ok = true;
  for (size_t i = 0; i < mesoi_section_count(model, section); i++) {
    const void *object = mesoi_section_object(model, section, i);
    char path[PATH_SIZE];
    mesoi_object_path(model, section, i, path, sizeof path);
    for (const meso_param *row = section->rows; row->key != NULL; row++) {
      char *value = meso_param_format(row, object);
      if (value != NULL) print_line(out, path, row->key, value);
      ok = ok && value != NULL;
      free(value);
    }
    if (section->offset == offsetof(meso_model, population) &&
        model->population[i].places_sha256[0] != '\0')
      print_line(out, path, "positions_sha256", model->population[i].places_sha256);
    if (section->offset == offsetof(meso_model, projection) && model->projection[i].list != NULL)
      print_line(out, path, "file_sha256", model->projection[i].list->sha256);
    if (section->offset == offsetof(meso_model, cell_type))
      ok = print_layer_shares(out, model, i, path) && ok;
  }
  return ok;
}

char *meso_model_canonical(const meso_model *model, unsigned sections)
{
  char *text = NULL;
  size_t size = 0;
  bool ok = true;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return NULL;
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++)
    if ((s->part & sections) != 0) ok = print_section(out, model, s) && ok;
  ok = !ferror(out) && ok;
  ok = fclose(out) == 0 && ok;
  if (ok) return text;
  free(text);
  return NULL;
}
