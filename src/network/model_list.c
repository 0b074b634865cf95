/* model_list.c: the synapses of a projection from a file (rule list). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_numbers.h"
#include "meso_wiring.h"
#include "model_internal.h"

enum { SOURCE, TARGET, WEIGHT, DELAY, N_COLUMNS };
static const char *const names[N_COLUMNS] = {"source", "target", "weight_pA", "delay_ms"};

void mesoi_list_destroy(meso_synapse_list *list)
{
  if (list == NULL) return;
  free(list->source);
  free(list->target);
  free(list->weight_pA);
  free(list->delay_steps);
  free(list);
}

char *mesoi_beside_model(const meso_model *model, const char *file)
{
  const char *slash = strrchr(model->path, '/');
  const size_t n = file[0] == '/' || slash == NULL ? 0 : (size_t) (slash - model->path) + 1;
  char *path = meso_calloc(n + strlen(file) + 1, 1);
  if (path == NULL) return NULL;
  memcpy(path, model->path, n);
  memcpy(path + n, file, strlen(file));
  return path;
}

/** Numbers of neurons: whole, from 0. */
static meso_status take_neurons(const meso_numbers *c, const char *path, int column, int64_t size,
                                uint32_t *to, meso_err *err)
{
  meso_status status = MESO_OK;
  char message[64];
  (void) snprintf(message, sizeof message, "must be a whole number from 0 to %lld",
                  (long long) size - 1);
  for (size_t i = 0; i < c->n; i++) {
    const double x = c->column[column][i];
    if (!(x >= 0 && x < (double) size && x == floor(x)))
      MESO_TRY(meso_numbers_refuse(c, path, names[column], i, x, message, err));
    to[i] = (uint32_t) x;
  }
cleanup:
  return status;
}

bool mesoi_weight_fits(int sign, double weight)
{
  return (sign == MESO_EXCITATORY ? weight >= 0 : weight <= 0) && fabs(weight) <= 1e9;
}

/** Weights of the sign that the source has. */
static meso_status check_weights(const meso_numbers *c, const char *path, int sign, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < c->n; i++) {
    const double x = c->column[WEIGHT][i];
    if (!mesoi_weight_fits(sign, x))
      MESO_TRY(meso_numbers_refuse(c, path, names[WEIGHT], i, x, sign == MESO_EXCITATORY
        ? "must be 0 pA to 1e9 pA from an excitatory population"
        : "must be -1e9 pA to 0 pA from an inhibitory population", err));
  }
cleanup:
  return status;
}

/** Delays in steps. */
static meso_status take_delays(const meso_numbers *c, const char *path, double dt_ms,
                               meso_synapse_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  char message[96];
  (void) snprintf(message, sizeof message, "must be %g ms to %g ms, 1 to %d steps",
                  dt_ms, MESO_WIRING_MAX_DELAY_STEPS * dt_ms, (int) MESO_WIRING_MAX_DELAY_STEPS);
  MESO_ALLOC(err, list->delay_steps, c->n);
  for (size_t i = 0; i < c->n; i++) {
    const double steps = rint(c->column[DELAY][i] / dt_ms);
    if (!(steps >= 1 && steps <= MESO_WIRING_MAX_DELAY_STEPS))
      MESO_TRY(meso_numbers_refuse(c, path, names[DELAY], i, c->column[DELAY][i], message, err));
    list->delay_steps[i] = (uint8_t) steps;
  }
cleanup:
  return status;
}

static void summarise_weights(meso_synapse_list *list)
{
  const double n = (double) list->n;
  double mean = 0, squares = 0;
  for (size_t i = 0; i < list->n; i++) mean += list->weight_pA[i] / n;
  for (size_t i = 0; i < list->n; i++) {
    const double off = list->weight_pA[i] - mean;
    squares += off * off / n;
  }
  list->weight_mean_pA = mean;
  list->weight_sd_pA = sqrt(squares);
}

/** The share of delays of at most each number of steps, and their moments. */
static void summarise_delays(double dt_ms, meso_projection *p)
{
  meso_synapse_list *list = p->list;
  double count[MESO_WIRING_MAX_DELAY_STEPS + 1] = {0}, below = 0, mean = 0, squares = 0;
  const double n = (double) list->n;
  for (size_t i = 0; i < list->n; i++) count[list->delay_steps[i]]++;
  for (int s = 1; s <= MESO_WIRING_MAX_DELAY_STEPS; s++) {
    below += count[s];
    list->delay_share[s] = below / n;
    mean += count[s] * s / n;
  }
  for (int s = 1; s <= MESO_WIRING_MAX_DELAY_STEPS; s++)
    squares += count[s] * (s - mean) * (s - mean) / n;
  p->delay_mean_ms = mean * dt_ms;
  p->delay_sd_ms = sqrt(squares) * dt_ms;
}

void mesoi_list_summarise(const meso_model *model, meso_projection *p)
{
  if (p->list->n == 0) return;
  if (p->list->weight_pA != NULL) summarise_weights(p->list);
  if (p->list->delay_steps != NULL) summarise_delays(model->simulation.dt_ms, p);
}

meso_status mesoi_list_read(const meso_model *model, meso_projection *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_population *source = &model->population[p->source];
  meso_numbers c = {.n = 0};
  meso_synapse_list *list = NULL;
  char *path = mesoi_beside_model(model, p->list_file);
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  MESO_TRY(meso_numbers_read(path, N_COLUMNS, names, 2, &c, err));
  if (c.n > UINT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "%s: %zu synapses; at most %u are possible", path, c.n, UINT32_MAX);
  MESO_ALLOC(err, list, 1);
  p->list = list;
  list->n = c.n;
  memcpy(list->sha256, c.sha256, sizeof list->sha256);
  MESO_ALLOC(err, list->source, c.n);
  MESO_ALLOC(err, list->target, c.n);
  MESO_TRY(take_neurons(&c, path, SOURCE, source->size, list->source, err));
  MESO_TRY(take_neurons(&c, path, TARGET, model->population[p->target].size, list->target, err));
  if (c.n > 0 && c.column[WEIGHT] != NULL) {
    MESO_TRY(check_weights(&c, path, source->sign, err));
    list->weight_pA = c.column[WEIGHT];
    c.column[WEIGHT] = NULL;
  }
  if (c.n > 0 && c.column[DELAY] != NULL)
    MESO_TRY(take_delays(&c, path, model->simulation.dt_ms, list, err));
  mesoi_list_summarise(model, p);
cleanup:
  free(path);
  meso_numbers_clear(&c);
  return status;
}
