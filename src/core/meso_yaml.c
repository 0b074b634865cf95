/* meso_yaml.c: YAML text to a document tree, from libyaml's parser events with their marks. */
#include "meso_yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "meso_text.h"

enum { MAX_DEPTH = 16, MAX_KEYS = 1000, MAX_BYTES = 4 << 20, NAME_SHOWN = 60 };

void mesoi_node_clear(mesoi_node *node)
{
  for (size_t i = 0; i < node->n; i++) mesoi_node_clear(&node->child[i]);
  free(node->child);
  free(node->key);
  free(node->text);
  memset(node, 0, sizeof *node);
}

const mesoi_node *mesoi_node_find(const mesoi_node *map, const char *key)
{
  if (map == NULL || map->kind != MESOI_MAP) return NULL;
  for (size_t i = 0; i < map->n; i++)
    if (strcmp(map->child[i].key, key) == 0) return &map->child[i];
  return NULL;
}

const mesoi_node *mesoi_node_at(const mesoi_node *root, const char *path)
{
  const mesoi_node *node = root;
  while (node != NULL && path[0] != '\0') {
    char key[NAME_SHOWN];
    size_t n = strcspn(path, ".");
    snprintf(key, sizeof key, "%.*s", (int) n, path);
    node = mesoi_node_find(node, key);
    path += path[n] == '.' ? n + 1 : n;
  }
  return node;
}

const char *mesoi_node_text(const mesoi_node *map, const char *key)
{
  const mesoi_node *node = mesoi_node_find(map, key);
  return node != NULL && node->kind == MESOI_SCALAR ? node->text : NULL;
}

mesoi_place mesoi_node_place(const mesoi_node *node)
{
  mesoi_place place;
  if (node->line > 0)
    snprintf(place.text, sizeof place.text, "%.280s:%ld", node->file, node->line);
  else
    snprintf(place.text, sizeof place.text, "%.280s", node->file);
  return place;
}

meso_status mesoi_node_list_text(const mesoi_node *node, char **ret_text, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t size = 1, used = 0;
  const bool is_list = node->kind == MESOI_LIST;
  const size_t n = is_list ? node->n : 1;
  const mesoi_node *items = is_list ? node->child : node;
  for (size_t i = 0; i < n; i++) {
    if (items[i].kind != MESOI_SCALAR)
      MESO_FAIL(err, MESO_EINVAL, "%s:%ld: %.60s: must be a list of numbers", items[i].file,
                items[i].line, node->key != NULL ? node->key : "");
    size += strlen(items[i].text) + 2;
  }
  MESO_ALLOC(err, *ret_text, size);
  for (size_t i = 0; i < n; i++)
    used += (size_t) snprintf(*ret_text + used, size - used, "%s%s", i > 0 ? ", " : "",
                              items[i].text);
cleanup:
  return status;
}

/* Adds a zeroed child and returns it through ret_child. */
static meso_status add_child(mesoi_node *parent, mesoi_node **ret_child, meso_err *err)
{
  meso_status status = MESO_OK;
  if (parent->n == parent->capacity) {
    size_t capacity = parent->capacity == 0 ? 8 : 2 * parent->capacity;
    mesoi_node *grown = meso_realloc(parent->child, capacity, sizeof *grown);
    if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot grow the document tree");
    parent->child = grown;
    parent->capacity = capacity;
  }
  *ret_child = &parent->child[parent->n++];
  memset(*ret_child, 0, sizeof **ret_child);
cleanup:
  return status;
}

static long event_line(const yaml_event_t *event) { return (long) event->start_mark.line + 1; }

/* Next event; syntax errors of libyaml become ours. */
static meso_status next_event(yaml_parser_t *parser, const char *file, yaml_event_t *event,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  if (!yaml_parser_parse(parser, event)) {
    memset(event, 0, sizeof *event);
    if (parser->error == YAML_MEMORY_ERROR)
      MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory while parsing", file);
    if (parser->error == YAML_READER_ERROR)
      MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: not valid YAML: %s at byte %zu", file,
                (long) parser->mark.line + 1, parser->problem, parser->problem_offset);
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: not valid YAML: %s%s%s", file,
              (long) parser->problem_mark.line + 1, parser->problem,
              parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
  }
cleanup:
  return status;
}

/* Copies a scalar event's text. Tags and embedded NUL characters are refused. */
static meso_status scalar_text(const yaml_event_t *event, const char *file, char **ret_text,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const char *text = (const char *) event->data.scalar.value;
  if (strlen(text) != event->data.scalar.length)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: NUL character in a value", file, event_line(event));
  MESO_STRDUP(err, *ret_text, text);
cleanup:
  return status;
}

/* Anchors and tags could change what a value means; a model file needs neither. */
static meso_status refuse_extras(const yaml_event_t *event, const char *file, meso_err *err)
{
  meso_status status = MESO_OK;
  const yaml_char_t *anchor = NULL, *tag = NULL;
  if (event->type == YAML_ALIAS_EVENT)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: aliases (*name) are not supported", file,
              event_line(event));
  if (event->type == YAML_SCALAR_EVENT) {
    anchor = event->data.scalar.anchor;
    tag = event->data.scalar.tag;
  } else if (event->type == YAML_MAPPING_START_EVENT) {
    anchor = event->data.mapping_start.anchor;
    tag = event->data.mapping_start.tag;
  } else if (event->type == YAML_SEQUENCE_START_EVENT) {
    anchor = event->data.sequence_start.anchor;
    tag = event->data.sequence_start.tag;
  }
  if (anchor != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: anchors (&name) are not supported", file,
              event_line(event));
  if (tag != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: tags (!name) are not supported", file,
              event_line(event));
cleanup:
  return status;
}

static meso_status build(yaml_parser_t *parser, const yaml_event_t *event, const char *file,
                         int depth, mesoi_node *node, meso_err *err);

static meso_status build_list(yaml_parser_t *parser, const char *file, int depth, mesoi_node *node,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  yaml_event_t event = {0};
  mesoi_node *child = NULL;
  for (;;) {
    MESO_TRY(next_event(parser, file, &event, err));
    if (event.type == YAML_SEQUENCE_END_EVENT) break;
    MESO_TRY(add_child(node, &child, err));
    MESO_TRY(build(parser, &event, file, depth + 1, child, err));
    yaml_event_delete(&event);
  }
cleanup:
  yaml_event_delete(&event);
  return status;
}

/* Reads the key in *event into a new child of node. */
static meso_status take_key(const yaml_event_t *event, const char *file, mesoi_node *node,
                            mesoi_node **ret_child, meso_err *err)
{
  meso_status status = MESO_OK;
  char *key = NULL;
  const mesoi_node *twin = NULL;
  MESO_TRY(refuse_extras(event, file, err));
  if (event->type != YAML_SCALAR_EVENT)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: a key must be plain text", file, event_line(event));
  MESO_TRY(scalar_text(event, file, &key, err));
  twin = mesoi_node_find(node, key);
  if (twin != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: %.*s: this key was already given in line %ld", file,
              event_line(event), (int) NAME_SHOWN, key, twin->line);
  if (node->n >= MAX_KEYS)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: more than %d keys in one map", file, event_line(event),
              (int) MAX_KEYS);
  MESO_TRY(add_child(node, ret_child, err));
  (*ret_child)->key = key;
  key = NULL;
cleanup:
  free(key);
  return status;
}

static meso_status build_map(yaml_parser_t *parser, const char *file, int depth, mesoi_node *node,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  yaml_event_t event = {0};
  mesoi_node *child = NULL;
  for (;;) {
    MESO_TRY(next_event(parser, file, &event, err));
    if (event.type == YAML_MAPPING_END_EVENT) break;
    MESO_TRY(take_key(&event, file, node, &child, err));
    long line = event_line(&event);
    yaml_event_delete(&event);
    MESO_TRY(next_event(parser, file, &event, err));
    MESO_TRY(build(parser, &event, file, depth + 1, child, err));
    child->line = line;
    yaml_event_delete(&event);
  }
cleanup:
  yaml_event_delete(&event);
  return status;
}

/* Fills node from the value that starts with *event. */
static meso_status build(yaml_parser_t *parser, const yaml_event_t *event, const char *file,
                         int depth, mesoi_node *node, meso_err *err)
{
  meso_status status = MESO_OK;
  node->file = file;
  node->line = event_line(event);
  MESO_TRY(refuse_extras(event, file, err));
  if (depth > MAX_DEPTH)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: nested deeper than %d levels", file, node->line,
              (int) MAX_DEPTH);
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    node->kind = MESOI_SCALAR;
    MESO_TRY(scalar_text(event, file, &node->text, err));
    break;
  case YAML_MAPPING_START_EVENT:
    node->kind = MESOI_MAP;
    MESO_TRY(build_map(parser, file, depth, node, err));
    break;
  case YAML_SEQUENCE_START_EVENT:
    node->kind = MESOI_LIST;
    MESO_TRY(build_list(parser, file, depth, node, err));
    break;
  default: MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: a value is missing", file, node->line);
  }
cleanup:
  return status;
}

/* Stream start, one document, stream end. */
static meso_status build_document(yaml_parser_t *parser, const char *file, mesoi_node *root,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  yaml_event_t event = {0};
  MESO_TRY(next_event(parser, file, &event, err));
  yaml_event_delete(&event);
  MESO_TRY(next_event(parser, file, &event, err));
  if (event.type != YAML_DOCUMENT_START_EVENT)
    MESO_FAIL(err, MESO_EFORMAT, "%s: the file is empty", file);
  yaml_event_delete(&event);
  MESO_TRY(next_event(parser, file, &event, err));
  MESO_TRY(build(parser, &event, file, 1, root, err));
  if (root->kind != MESOI_MAP)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: not a model file: it must consist of 'key: value' lines",
              file, root->line);
  yaml_event_delete(&event);
  MESO_TRY(next_event(parser, file, &event, err));
  yaml_event_delete(&event);
  MESO_TRY(next_event(parser, file, &event, err));
  if (event.type != YAML_STREAM_END_EVENT)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: a second document in the file", file,
              event_line(&event));
cleanup:
  yaml_event_delete(&event);
  return status;
}

meso_status mesoi_yaml_parse(const char *bytes, size_t n_bytes, const char *file,
                             mesoi_node *ret_root, meso_err *err)
{
  meso_status status = MESO_OK;
  yaml_parser_t parser;
  bool parser_made = false;
  memset(ret_root, 0, sizeof *ret_root);
  if (!yaml_parser_initialize(&parser)) MESO_FAIL(err, MESO_ENOMEM, "cannot make a YAML parser");
  parser_made = true;
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *) bytes, n_bytes);
  MESO_TRY(build_document(&parser, file, ret_root, err));
cleanup:
  if (parser_made) yaml_parser_delete(&parser);
  if (status != MESO_OK) mesoi_node_clear(ret_root);
  return status;
}

meso_status mesoi_yaml_read(const char *path, mesoi_node *ret_root, meso_err *err)
{
  meso_status status = MESO_OK;
  char *bytes = NULL;
  size_t n = 0;
  MESO_TRY(mesoi_text_read(path, MAX_BYTES, "model file", &bytes, &n, err));
  MESO_TRY(mesoi_yaml_parse(bytes, n, path, ret_root, err));
cleanup:
  free(bytes);
  return status;
}

/* Does a list item go by this name? */
static bool item_is_called(const mesoi_node *item, const char *name)
{
  const char *own = mesoi_node_text(item, "name");
  if (own != NULL) return strcmp(own, name) == 0;
  const char *source = mesoi_node_text(item, "source"), *target = mesoi_node_text(item, "target");
  if (source == NULL || target == NULL) return false;
  size_t n = strlen(source);
  return strncmp(name, source, n) == 0 && strncmp(name + n, "->", 2) == 0 &&
         strcmp(name + n + 2, target) == 0;
}

/* One step of a --set path: into an existing child, or a new one of a map. */
static meso_status step_into(mesoi_node *node, const char *name, const char *set,
                             mesoi_node **ret_child, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_node *child = NULL;
  if (node->kind == MESOI_SCALAR)
    MESO_FAIL(err, MESO_EINVAL, "--set: %.200s: '%.60s' has nothing below it", set,
              node->key != NULL ? node->key : "");
  for (size_t i = 0; i < node->n && child == NULL; i++)
    if (node->kind == MESOI_MAP ? strcmp(node->child[i].key, name) == 0
                                : item_is_called(&node->child[i], name))
      child = &node->child[i];
  if (child == NULL && node->kind == MESOI_LIST)
    MESO_FAIL(err, MESO_ENOTFOUND, "--set: %.200s: there is no '%.60s' in %.60s", set, name,
              node->key != NULL ? node->key : "the list");
  if (child == NULL) {
    MESO_TRY(add_child(node, &child, err));
    child->kind = MESOI_MAP;
    child->file = "--set";
    MESO_STRDUP(err, child->key, name);
  }
  *ret_child = child;
cleanup:
  return status;
}

/* Turns a node, whatever it was, into a scalar from the command line. */
static meso_status make_scalar(mesoi_node *node, const char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  char *key = node->key, *copy = NULL;
  MESO_STRDUP(err, copy, text);
  node->key = NULL;
  mesoi_node_clear(node);
  *node = (mesoi_node){.kind = MESOI_SCALAR, .key = key, .text = copy, .file = "--set"};
cleanup:
  return status;
}

static void remove_child(mesoi_node *node, mesoi_node *child)
{
  mesoi_node *end = node->child + node->n--;
  mesoi_node_clear(child);
  memmove(child, child + 1, (size_t) (end - (child + 1)) * sizeof *child);
}

meso_status mesoi_yaml_set(mesoi_node *root, const char *set, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = NULL;
  mesoi_node *node = root, *parent = NULL;
  MESO_STRDUP(err, path, set);
  char *value = strchr(path, '=');
  if (value == NULL || value == path)
    MESO_FAIL(err, MESO_EUSAGE, "--set: '%.200s': must be path=value", set);
  *value++ = '\0';
  for (char *name = path; name != NULL;) {
    char *dot = strchr(name, '.');
    if (dot != NULL) *dot++ = '\0';
    parent = node;
    MESO_TRY(step_into(parent, name, set, &node, err));
    name = dot;
  }
  if (strcmp(value, "~") != 0) {
    MESO_TRY(make_scalar(node, value, err));
  } else {
    if (node->kind == MESOI_MAP && node->n == 0)
      MESO_FAIL(err, MESO_ENOTFOUND, "--set: %.200s: there is nothing to take out", set);
    remove_child(parent, node);
  }
cleanup:
  free(path);
  return status;
}
