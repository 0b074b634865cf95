/* meso_attrs.c: ordered set of named values; a few dozen entries, so lookup is linear. */
#include "meso_attrs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t find(const meso_attrs *a, const char *key)
{
  for (size_t i = 0; i < a->n; i++)
    if (strcmp(a->v[i].key, key) == 0) return i;
  return (size_t) -1;
}

/* Takes ownership of text (may be NULL), also on failure. */
static meso_status put(meso_attrs *a, const char *key, char *text, double number, meso_err *err)
{
  meso_status status = MESO_OK;
  char *own_key = NULL;
  const size_t at = find(a, key);
  if (at != (size_t) -1) {
    free(a->v[at].text);
    a->v[at].text = text;
    a->v[at].number = number;
    return MESO_OK;
  }
  MESO_STRDUP(err, own_key, key);
  meso_attr *v = meso_realloc(a->v, a->n + 1, sizeof *v);
  if (v == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu attributes", a->n + 1);
  a->v = v;
  a->v[a->n++] = (meso_attr) { .key = own_key, .text = text, .number = number };
  own_key = text = NULL;
cleanup:
  free(own_key);
  free(text);
  return status;
}

meso_status meso_attrs_set_text(meso_attrs *a, const char *key, const char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  char *copy = NULL;
  /* A text attribute is told from a number by its pointer, so an absent text is stored as "". */
  MESO_STRDUP(err, copy, text == NULL ? "" : text);
  return put(a, key, copy, 0.0, err);
cleanup:
  return status;
}

meso_status meso_attrs_set_number(meso_attrs *a, const char *key, double number, meso_err *err)
{
  return put(a, key, NULL, number, err);
}

const meso_attr *meso_attrs_get(const meso_attrs *a, const char *key)
{
  const size_t at = find(a, key);
  return at == (size_t) -1 ? NULL : &a->v[at];
}

double meso_attrs_number(const meso_attrs *a, const char *key, double fallback)
{
  const meso_attr *attr = meso_attrs_get(a, key);
  return attr == NULL || attr->text != NULL ? fallback : attr->number;
}

const char *meso_attrs_text(const meso_attrs *a, const char *key)
{
  const meso_attr *attr = meso_attrs_get(a, key);
  return attr == NULL ? NULL : attr->text;
}

meso_status meso_attrs_warn(meso_attrs *a, const char *sentence, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *old = meso_attrs_text(a, "warning");
  char *text = NULL;
  const size_t room = (old == NULL ? 0 : strlen(old)) + strlen(sentence) + sizeof "; ";
  MESO_ALLOC(err, text, room);
  (void) snprintf(text, room, "%s%s%s", old == NULL ? "" : old, old == NULL ? "" : "; ", sentence);
  MESO_TRY(meso_attrs_set_text(a, "warning", text, err));
cleanup:
  free(text);
  return status;
}

meso_status meso_attrs_copy(meso_attrs *to, const meso_attrs *from, meso_err *err)
{
  meso_status status = MESO_OK;
  if (to == from) return MESO_OK;
  for (size_t i = 0; i < from->n; i++) {
    const meso_attr *attr = &from->v[i];
    if (attr->text != NULL) MESO_TRY(meso_attrs_set_text(to, attr->key, attr->text, err));
    else MESO_TRY(meso_attrs_set_number(to, attr->key, attr->number, err));
  }
cleanup:
  return status;
}

void meso_attrs_clear(meso_attrs *a)
{
  for (size_t i = 0; i < a->n; i++) {
    free(a->v[i].key);
    free(a->v[i].text);
  }
  free(a->v);
  *a = (meso_attrs) { 0 };
}
