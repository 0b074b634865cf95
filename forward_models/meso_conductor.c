/* meso_conductor.c: the list of conductors that the Makefile's rows generate, conductors from text,
 * and the checks that all of them share. */
#include "meso_conductor.h"
#include "meso_registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESO_FV(id) extern const meso_conductor_ops meso_fv_##id;
#include "meso_fv_list.inc"
#undef MESO_FV

static const meso_conductor_ops *const conductor_table[] = {
#define MESO_FV(id) &meso_fv_##id,
#include "meso_fv_list.inc"
#undef MESO_FV
  NULL
};

MESO_REGISTRY(meso_conductor, meso_conductor_ops, conductor_table)

enum { MAX_WORD = 128, MAX_DEPTH = 4 };

/* ---- making one --------------------------------------------------------------------------- */

static meso_status unknown_name(const char *name, meso_err *err)
{
  char list[600] = "";
  for (size_t i = 0, used = 0; i < meso_conductor_count() && used < sizeof list; i++)
    used += (size_t) snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                              meso_conductor_at(i)->name);
  return meso_err_set(err, MESO_ENOTFOUND, __FILE__, __LINE__,
                      "there is no volume conductor '%.80s'; there are %s", name, list);
}

meso_status meso_conductor_create(const char *name, meso_conductor *inner,
                                  meso_conductor **ret_conductor, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_conductor *c = NULL;
  const meso_conductor_ops *ops = meso_conductor_by_name(name);
  if (ops == NULL) MESO_TRY(unknown_name(name, err));
  if (ops->wraps && inner == NULL)
    MESO_FAIL(err, MESO_EINVAL, "volume conductor %s needs another one that it wraps: '%s, line'",
              ops->name, ops->name);
  if (!ops->wraps && inner != NULL)
    MESO_FAIL(err, MESO_EINVAL, "volume conductor %s cannot wrap %s", ops->name, inner->ops->name);
  if (ops->wraps && inner->ops->n_channels > 0)
    MESO_FAIL(err, MESO_EINVAL, "volume conductor %s cannot wrap %s, which has no contacts",
              ops->name, inner->ops->name);
  MESO_ALLOC(err, c, 1);
  c->ops = ops;
  c->params = meso_calloc(1, ops->params_size);
  if (c->params == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate parameters");
  MESO_TRY(meso_params_default(ops->params, c->params, err));
  c->inner = inner;
  inner = NULL;
  *ret_conductor = c;
  c = NULL;
cleanup:
  meso_conductor_destroy(inner);
  meso_conductor_destroy(c);
  return status;
}

void meso_conductor_destroy(meso_conductor *conductor)
{
  while (conductor != NULL) {
    meso_conductor *inner = conductor->inner;
    if (conductor->params != NULL) meso_params_clear(conductor->ops->params, conductor->params);
    free(conductor->params);
    free(conductor);
    conductor = inner;
  }
}

bool meso_conductor_has(const meso_conductor *conductor, const char *key)
{
  for (; conductor != NULL; conductor = conductor->inner)
    if (meso_param_find(conductor->ops->params, key) != NULL) return true;
  return false;
}

meso_status meso_conductor_set(meso_conductor *conductor, const char *key, double value,
                               meso_err *err)
{
  char text[32];
  meso_conductor *c = conductor;
  while (c->inner != NULL && meso_param_find(c->ops->params, key) == NULL) c = c->inner;
  const meso_where where = {NULL, 0, c->ops->name};
  (void) snprintf(text, sizeof text, "%.17g", value);
  return meso_params_set(c->ops->params, c->params, key, text, &where, err);
}

/* ---- from text ---------------------------------------------------------------------------- */

/* Copies the next blank-separated word of [*at, end); false if there is none or it is too long. */
static bool next_word(const char **at, const char *end, char word[MAX_WORD])
{
  size_t n = 0;
  while (*at < end && strchr(" \t", **at) != NULL) (*at)++;
  while (*at + n < end && strchr(" \t", (*at)[n]) == NULL) n++;
  if (n == 0 || n >= MAX_WORD) return false;
  memcpy(word, *at, n);
  word[n] = '\0';
  *at += n;
  return true;
}

/* One link of the chain, in [text, end). Takes over inner. */
static meso_status parse_link(const char *text, const char *end, meso_conductor *inner,
                              meso_conductor **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char word[MAX_WORD];
  meso_conductor *c = NULL;
  if (!next_word(&text, end, word)) {
    meso_conductor_destroy(inner);
    MESO_FAIL(err, MESO_EINVAL, "a volume conductor is missing: expected NAME key=value ...");
  }
  MESO_TRY(meso_conductor_create(word, inner, &c, err));
  const meso_where where = {NULL, 0, c->ops->name};
  while (next_word(&text, end, word)) {
    char *equals = strchr(word, '=');
    if (equals == NULL)
      MESO_FAIL(err, MESO_EINVAL, "'%s' is not key=value, in volume conductor %s", word,
                c->ops->name);
    *equals = '\0';
    MESO_TRY(meso_params_set(c->ops->params, c->params, word, equals + 1, &where, err));
  }
  while (text < end && strchr(" \t", *text) != NULL) text++;
  if (text < end)
    MESO_FAIL(err, MESO_EINVAL, "a word of volume conductor %s is too long", c->ops->name);
  *ret = c;
  c = NULL;
cleanup:
  meso_conductor_destroy(c);
  return status;
}

meso_status meso_conductor_parse(const char *text, meso_conductor **ret_conductor, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_conductor *c = NULL;
  const char *end = text + strlen(text);
  for (int depth = 0; end != NULL; depth++) { /* from the inside out */
    const char *start = end;
    while (start > text && start[-1] != ',') start--;
    if (depth >= MAX_DEPTH)
      MESO_FAIL(err, MESO_EINVAL, "at most %d volume conductors can wrap each other", MAX_DEPTH);
    meso_conductor *inner = c;
    c = NULL; /* parse_link takes it over */
    MESO_TRY(parse_link(start, end, inner, &c, err));
    end = start > text ? start - 1 : NULL;
  }
  *ret_conductor = c;
  c = NULL;
cleanup:
  meso_conductor_destroy(c);
  return status;
}

/* ---- using it ----------------------------------------------------------------------------- */

const char *meso_conductor_unit(const meso_conductor *conductor)
{
  while (conductor->ops->unit == NULL) conductor = conductor->inner;
  return conductor->ops->unit;
}

size_t meso_conductor_n_channels(const meso_conductor *conductor, size_t n_contacts)
{
  return conductor->ops->n_channels > 0 ? conductor->ops->n_channels : n_contacts;
}

meso_status meso_conductor_matrix(const meso_conductor *conductor, const meso_segments *segments,
                                  size_t n_contacts, const double *contact_um, double *matrix,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_channels = meso_conductor_n_channels(conductor, n_contacts);
  for (const meso_conductor *c = conductor; c != NULL; c = c->inner)
    if (c->ops->check != NULL) MESO_TRY(c->ops->check(c->params, err));
  for (size_t i = 0; i < 3 * n_contacts && conductor->ops->n_channels == 0; i++)
    if (!isfinite(contact_um[i]))
      MESO_FAIL(err, MESO_EINVAL, "contact %zu has no finite place", i / 3);
  MESO_TRY(conductor->ops->matrix(conductor, segments, n_contacts, contact_um, matrix, err));
  for (size_t i = 0; i < n_channels * segments->n; i++)
    if (!isfinite(matrix[i]))
      MESO_FAIL(err, MESO_ENUMERIC, "volume conductor %s: channel %zu, segment %zu is not finite "
                "(a segment without diameter at the place of a contact?)", conductor->ops->name,
                i / segments->n, i % segments->n);
cleanup:
  return status;
}
