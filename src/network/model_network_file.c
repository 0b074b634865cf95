/* model_network_file.c: the synapses of all projections from one explicit network. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"
#include "meso_rule.h"
#include "meso_wiring.h"
#include "model_internal.h"

/** Consecutive neurons of the file that are one of the model's populations. */
typedef struct range { double first; size_t population; } range;

typedef struct network_file {
  meso_model *model;
  char *path, sha256[65];
  range *range;                /**< (model->n_populations) ascending */
  size_t n;                    /**< synapses */
  uint32_t *projection;        /**< (n) */
  size_t *filled;              /**< (model->n_projections) */
} network_file;

/** A vector; of *n numbers, or if *n is SIZE_MAX of any, and then *n is how many. */
static meso_status read_column(const network_file *f, const char *name, size_t *n,
                               double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n_dims = 0, dims[4] = {0};
  MESO_TRY(meso_h5_read_doubles(f->path, name, &n_dims, dims, ret_data, err));
  if (n_dims != 1 || (*n != SIZE_MAX && dims[0] != *n))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: must be a vector, as long as the others", f->path, name);
  *n = dims[0];
cleanup:
  return status;
}

static int by_first(const void *a, const void *b)
{
  const double x = ((const range *) a)->first, y = ((const range *) b)->first;
  return (x > y) - (x < y);
}

/** The populations of the file are those of the model, by name and size. */
static meso_status read_ranges(network_file *f, meso_err *err)
{
  meso_status status = MESO_OK;
  char **names = NULL;
  size_t n = 0;
  double *first = NULL, *size = NULL, next = 0;
  const meso_model *m = f->model;
  MESO_TRY(meso_h5_read_strings(f->path, "/populations/name", &names, &n, err));
  MESO_TRY(read_column(f, "/populations/first", &n, &first, err));
  MESO_TRY(read_column(f, "/populations/size", &n, &size, err));
  if (n != m->n_populations)
    MESO_FAIL(err, MESO_EINVAL, "%s: /populations/name: %zu populations; the model %s has %zu",
              f->path, n, m->path, m->n_populations);
  MESO_ALLOC(err, f->range, n);
  for (size_t k = 0; k < n; k++) {
    const size_t p = meso_model_find_population(m, names[k]);
    if (p == (size_t) -1)
      MESO_FAIL(err, MESO_EINVAL, "%s: /populations/name: %.60s is no population of the model %s",
                f->path, names[k], m->path);
    if (size[k] != (double) m->population[p].size)
      MESO_FAIL(err, MESO_EINVAL, "%s: /populations/size: %.60s has %.10g neurons; in the model %s "
                "it has %lld", f->path, names[k], size[k], m->path,
                (long long) m->population[p].size);
    for (size_t j = 0; j < k; j++)
      if (f->range[j].population == p)
        MESO_FAIL(err, MESO_EFORMAT, "%s: /populations/name: %.60s is there twice", f->path,
                  names[k]);
    f->range[k] = (range) {first[k], p};
  }
  qsort(f->range, n, sizeof *f->range, by_first);
  for (size_t k = 0; k < n; k++) {
    if (f->range[k].first != next)
      MESO_FAIL(err, MESO_EFORMAT, "%s: /populations/first: %.60s begins at %.10g; must be %.10g, "
                "where the one before ends", f->path, m->population[f->range[k].population].name,
                f->range[k].first, next);
    next += (double) m->population[f->range[k].population].size;
  }
cleanup:
  meso_names_free(names, n);
  free(first);
  free(size);
  return status;
}

/** Population of neuron id of the file, and its number there; NULL: there is no such neuron. */
static const range *find_range(const network_file *f, double id, uint32_t *ret_number)
{
  size_t low = 0, high = f->model->n_populations;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (f->range[middle].first <= id) low = middle;
    else high = middle;
  }
  const range *r = &f->range[low];
  const double number = id - r->first;
  if (!(number >= 0 && number < (double) f->model->population[r->population].size) ||
      id != floor(id))
    return NULL;
  *ret_number = (uint32_t) number;
  return r;
}

/** Numbers within their populations take the place of ids; the population of each. */
static meso_status locate(const network_file *f, const char *name, double *id, uint16_t *population,
                          meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < f->n; i++) {
    uint32_t number = 0;
    const range *r = find_range(f, id[i], &number);
    if (r == NULL)
      MESO_FAIL(err, MESO_ERANGE, "%s: %s: entry %zu is %.10g; must be the number of a neuron",
                f->path, name, i, id[i]);
    id[i] = number;
    population[i] = (uint16_t) r->population;
  }
cleanup:
  return status;
}

/** Which projection each synapse belongs to, and lists of the right lengths. */
static meso_status sort_out(network_file *f, const uint16_t *source, const uint16_t *target,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *m = f->model;
  const size_t n = m->n_populations;
  uint32_t *of_pair = NULL;
  MESO_ALLOC(err, of_pair, n * n);
  for (size_t k = 0; k < n * n; k++) of_pair[k] = UINT32_MAX;
  for (size_t k = 0; k < m->n_projections; k++)
    of_pair[m->projection[k].source * n + m->projection[k].target] = (uint32_t) k;
  for (size_t i = 0; i < f->n; i++) {
    f->projection[i] = of_pair[source[i] * n + target[i]];
    if (f->projection[i] == UINT32_MAX)
      MESO_FAIL(err, MESO_EINVAL, "%s: /connections: synapse %zu leads from %.60s to %.60s; the "
                "model %s has no such projection", f->path, i, m->population[source[i]].name,
                m->population[target[i]].name, m->path);
    m->projection[f->projection[i]].list->n++;
  }
  for (size_t k = 0; k < m->n_projections; k++) {
    meso_synapse_list *list = m->projection[k].list;
    if (list->n > UINT32_MAX)
      MESO_FAIL(err, MESO_ERANGE, "%s: %zu synapses of a projection; at most %u are possible",
                f->path, list->n, UINT32_MAX);
    MESO_ALLOC(err, list->source, list->n);
    MESO_ALLOC(err, list->target, list->n);
    if (list->n == 0) continue; /* of none, there is nothing to be said */
    MESO_ALLOC(err, list->weight_pA, list->n);
    MESO_ALLOC(err, list->delay_steps, list->n);
  }
cleanup:
  free(of_pair);
  return status;
}

/** The list of synapse i, and its place in it; synapses are asked for from the first on. */
static meso_synapse_list *list_of(const network_file *f, size_t i, size_t *ret_at)
{
  *ret_at = f->filled[f->projection[i]]++;
  return f->model->projection[f->projection[i]].list;
}

static void put_numbers(const network_file *f, const double *source, const double *target)
{
  memset(f->filled, 0, f->model->n_projections * sizeof *f->filled);
  for (size_t i = 0; i < f->n; i++) {
    size_t at = 0;
    meso_synapse_list *list = list_of(f, i, &at);
    list->source[at] = (uint32_t) source[i];
    list->target[at] = (uint32_t) target[i];
  }
}

/** Puts a number of a synapse into its list; false if it cannot be. */
typedef bool put_number(const meso_population *source, double x, meso_synapse_list *list,
                        size_t at);

static bool put_weight(const meso_population *source, double x, meso_synapse_list *list, size_t at)
{
  list->weight_pA[at] = x;
  return mesoi_weight_fits(source->sign, x);
}

static bool put_delay(const meso_population *source, double x, meso_synapse_list *list, size_t at)
{
  (void) source;
  if (!(x >= 1 && x <= MESO_WIRING_MAX_DELAY_STEPS && x == floor(x))) return false;
  list->delay_steps[at] = (uint8_t) x;
  return true;
}

static meso_status put_column(network_file *f, const char *name, put_number *put,
                              const char *excitatory, const char *inhibitory, meso_err *err)
{
  meso_status status = MESO_OK;
  double *x = NULL;
  const meso_model *m = f->model;
  MESO_TRY(read_column(f, name, &f->n, &x, err));
  memset(f->filled, 0, m->n_projections * sizeof *f->filled);
  for (size_t i = 0; i < f->n; i++) {
    size_t at = 0;
    meso_synapse_list *list = list_of(f, i, &at);
    const meso_population *source = &m->population[m->projection[f->projection[i]].source];
    if (!put(source, x[i], list, at))
      MESO_FAIL(err, MESO_ERANGE, "%s: %s: entry %zu is %g, from %.60s; must be %s", f->path, name,
                i, x[i], source->name, source->sign == MESO_EXCITATORY ? excitatory : inhibitory);
  }
cleanup:
  free(x);
  return status;
}

static meso_status read_synapses(network_file *f, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *m = f->model;
  double *source = NULL, *target = NULL;
  uint16_t *from = NULL, *to = NULL;
  f->n = SIZE_MAX;
  MESO_TRY(read_column(f, "/connections/source", &f->n, &source, err));
  MESO_TRY(read_column(f, "/connections/target", &f->n, &target, err));
  MESO_ALLOC(err, from, f->n);
  MESO_ALLOC(err, to, f->n);
  MESO_ALLOC(err, f->projection, f->n);
  MESO_ALLOC(err, f->filled, m->n_projections);
  MESO_TRY(locate(f, "/connections/source", source, from, err));
  MESO_TRY(locate(f, "/connections/target", target, to, err));
  MESO_TRY(sort_out(f, from, to, err));
  put_numbers(f, source, target);
cleanup:
  free(source);
  free(target);
  free(from);
  free(to);
  return status;
}

/** From here on the projection is a list; what its rule drew does not count. */
static meso_status begin_list(const network_file *f, meso_projection *p, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_model_derive_full(f->model, p);
  MESO_ALLOC(err, p->list, 1);
  memcpy(p->list->sha256, f->sha256, sizeof p->list->sha256);
  p->rule = MESO_RULE_list;
  p->allow_autapses = p->allow_multapses = true;
  p->profile = MESO_PROFILE_NONE;
  p->mask_radius_um = p->delay_ms_per_um = p->PSP_mV_per_um = 0;
cleanup:
  return status;
}

static const char whole_steps[] = "a whole number from 1 to 255";
static_assert(MESO_WIRING_MAX_DELAY_STEPS == 255, "whole_steps says so");

meso_status mesoi_network_file_read(meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  network_file f = {.model = model};
  double dt_ms = 0;
  f.path = mesoi_beside_model(model, model->simulation.network_file);
  if (f.path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  if (model->n_populations > UINT16_MAX)
    MESO_FAIL(err, MESO_ERANGE, "%s: %zu populations; at most %d are possible", f.path,
              model->n_populations, UINT16_MAX);
  MESO_TRY(meso_h5_read_number(f.path, "/", "dt_ms", &dt_ms, err));
  if (dt_ms != model->simulation.dt_ms)
    MESO_FAIL(err, MESO_EINVAL, "%s: dt_ms = %g ms; the model %s has %g ms", f.path, dt_ms,
              model->path, model->simulation.dt_ms);
  MESO_TRY(read_ranges(&f, err));
  MESO_TRY(meso_sha256_file(f.path, f.sha256, err));
  for (size_t k = 0; k < model->n_projections; k++)
    MESO_TRY(begin_list(&f, &model->projection[k], err));
  MESO_TRY(read_synapses(&f, err));
  MESO_TRY(put_column(&f, "/connections/weight", put_weight, "0 to 1e9", "-1e9 to 0", err));
  MESO_TRY(put_column(&f, "/connections/delay_steps", put_delay, whole_steps, whole_steps, err));
  for (size_t k = 0; k < model->n_projections; k++)
    mesoi_list_summarise(model, &model->projection[k]);
cleanup:
  free(f.path);
  free(f.range);
  free(f.projection);
  free(f.filled);
  return status;
}
