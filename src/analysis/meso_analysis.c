/* meso_analysis.c: looks analyses up in the list that the Makefile's rows generate; runs them. */
#include "meso_analysis.h"
#include "meso_registry.h"

#define MESO_AN(id) extern const meso_analysis_ops meso_an_##id;
#include "meso_an_list.inc"
#undef MESO_AN

static const meso_analysis_ops *const analysis_table[] = {
#define MESO_AN(id) &meso_an_##id,
#include "meso_an_list.inc"
#undef MESO_AN
  NULL
};

MESO_REGISTRY(meso_analysis, meso_analysis_ops, analysis_table)

/* Whether a list with commas has a name. */
static bool lists(const char *list, const char *name)
{
  const size_t n = strlen(name);
  for (const char *at = list; at != NULL; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
    if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == '\0')) return true;
  return false;
}

static bool is_axis(const meso_array_axes *rows, const char *name)
{
  for (const meso_array_axes *r = rows; r->arrays != NULL; r++)
    if (lists(r->axes, name)) return true;
  return false;
}

static size_t count_names(const char *list)
{
  size_t n = 1;
  for (const char *c = list; *c != '\0'; c++) n += *c == ',';
  return n;
}

/* The row of an array: one that names it, else one of all others. */
static const meso_array_axes *row_of(const meso_array_axes *rows, const meso_array *a)
{
  const char *name = strrchr(a->path, '/') + 1;
  for (const meso_array_axes *r = rows; r->arrays != NULL; r++)
    if (lists(r->arrays, name) && count_names(r->axes) == a->n_dims) return r;
  for (const meso_array_axes *r = rows; r->arrays != NULL && !is_axis(rows, name); r++)
    if (strcmp(r->arrays, "*") == 0 && count_names(r->axes) == a->n_dims) return r;
  return NULL;
}

meso_status meso_analysis_run(const meso_analysis_ops *ops, const void *params,
                              const meso_spikes *spikes, const meso_signals *signals,
                              int n_threads, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_before = result->n;
  MESO_TRY(ops->run(params, spikes, signals, n_threads, result, err));
  for (size_t i = n_before; ops->axes != NULL && i < result->n; i++) {
    meso_array *a = &result->array[i];
    const meso_array_axes *row = row_of(ops->axes, a);
    if (row != NULL) MESO_TRY(meso_attrs_set_text(&a->attrs, "axes", row->axes, err));
  }
cleanup:
  return status;
}
