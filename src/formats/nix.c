/* nix.c: units, names and groups of NIX files. */
#include "nix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_table.h"

meso_status nix_check(const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64];
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err)); /* readable, and HDF5 */
  if (!h5_says(path, "/", "format", "nix"))
    MESO_FAIL(err, MESO_EFORMAT, "%s: is no NIX file: its attribute format is not \"nix\"", path);
cleanup:
  return status;
}

typedef struct unit_row { const char *unit; double factor; } unit_row;

static double factor_of(const unit_row *rows, const char *unit)
{
  for (; rows->unit != NULL; rows++)
    if (strcmp(rows->unit, unit) == 0) return rows->factor;
  return 0;
}

double nix_ms_of(const char *unit)
{
  static const unit_row rows[] = {{"s", 1e3}, {"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}, {"1/Hz", 1e3},
                                  {"1/kHz", 1}, {"1/MHz", 1e-3}, {"min", 6e4}, {"h", 3.6e6},
                                  {NULL, 0}};
  return factor_of(rows, unit);
}

double nix_mV_of(const char *unit)
{
  static const unit_row rows[] = {{"V", 1e3}, {"mV", 1}, {"uV", 1e-3}, {"nV", 1e-6}, {"pV", 1e-9},
                                  {"kV", 1e6}, {NULL, 0}};
  return factor_of(rows, unit);
}

meso_status nix_unit(const char *path, const char *object, char **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  *ret = NULL;
  if (meso_h5_read_text(path, object, "unit", ret, NULL) != MESO_OK || *ret == NULL)
    MESO_STRDUP(err, *ret, "");
cleanup:
  return status;
}

meso_status nix_name(const char *path, const char *object, char **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char at[H5_MOST_PATH], **text = NULL;
  size_t n = 0;
  *ret = NULL;
  (void) snprintf(at, sizeof at, "%s/metadata/properties/neo_name", object);
  const bool is_named = meso_h5_read_strings(path, at, &text, &n, NULL) == MESO_OK && n > 0 &&
                        text[0][0] != '\0';
  MESO_STRDUP(err, *ret, is_named ? text[0] : strrchr(object, '/') + 1);
  for (char *c = *ret; *c != '\0'; c++)
    if (*c == '/' || (unsigned char) *c < ' ') *c = '_';
cleanup:
  meso_names_free(text, n);
  return status;
}

/* What is in one group of a block; there may be no such group. */
static meso_status visit_all(const char *path, const char *group,
                             meso_status (*visit)(void *user, const char *group, meso_err *err),
                             void *user, meso_err *err)
{
  meso_status status = MESO_OK;
  char **names = NULL, below[H5_MOST_PATH];
  size_t n = 0;
  status = meso_h5_read_groups(path, group, &names, &n, err);
  if (status == MESO_ENOTFOUND) return MESO_OK;
  MESO_TRY(status);
  for (size_t k = 0; k < n; k++) {
    if (snprintf(below, sizeof below, "%s/%s", group, names[k]) >= (int) sizeof below) continue;
    MESO_TRY(visit(user, below, err));
  }
cleanup:
  meso_names_free(names, n);
  return status;
}

typedef struct inner {
  const char *path, *what;
  meso_status (*visit)(void *user, const char *group, meso_err *err);
  void *user;
} inner;

static meso_status visit_block(void *user, const char *block, meso_err *err)
{
  meso_status status = MESO_OK;
  const inner *x = user;
  char group[H5_MOST_PATH];
  if (snprintf(group, sizeof group, "%s/%s", block, x->what) >= (int) sizeof group)
    MESO_FAIL(err, MESO_EFORMAT, "%s: the name of %.40s... is too long", x->path, block);
  MESO_TRY(visit_all(x->path, group, x->visit, x->user, err));
cleanup:
  return status;
}

meso_status nix_each(const char *path, const char *what,
                     meso_status (*visit)(void *user, const char *group, meso_err *err),
                     void *user, meso_err *err)
{
  inner x = {path, what, visit, user};
  return visit_all(path, "/data", visit_block, &x, err);
}
