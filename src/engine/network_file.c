/* network_file.c: reads explicit networks. The file may come from anywhere: every value is checked,
 * and a name that is not known is refused.
 *
 * 1. neurons   2. synapses   3. spikes from outside   4. injected currents   5. the file
 */
#include "network_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"
#include "network_table.h"

/* Beyond these a step or a sum means nothing, and integers could overflow. */
#define MAX_STEP 1e12
#define MAX_VALUE 1e9

#define INT_ROW(T, f, name, its_unit, low, high, text) \
  { .key = name, .type = MESO_PARAM_INT, .unit = its_unit, .min = low, .max = high, \
    .default_text = text, .offset = offsetof(T, f) }
#define DOUBLE_ROW(T, f, name, its_unit, low, high, text) \
  { .key = name, .type = MESO_PARAM_DOUBLE, .unit = its_unit, .min = low, .max = high, \
    .default_text = text, .offset = offsetof(T, f) }

static double last_neuron(const network_file *w) { return (double) w->n_neurons - 1; }

static const char *const no_names[] = {NULL};

/* ---- 1. neurons --------------------------------------------------------------------------- */

/** Makes a group for each model that the attribute `model` names, comma-separated. */
static meso_status read_models(network_file *w, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  status = meso_h5_read_text(w->path, "/neurons", "model", &text, err);
  if (status == MESO_ENOTFOUND) {
    status = MESO_OK;
    MESO_STRDUP(err, text, "iaf_psc_exp");
  }
  MESO_TRY(status);
  MESO_ALLOC(err, w->group, strlen(text) / 2 + 1);
  for (const char *p = text; p != NULL; p = strchr(p, ','), p += p != NULL) {
    const size_t n = strcspn(p, ",");
    const meso_neuron_ops *ops = meso_neuron_by_name(p, n);
    if (ops == NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: attribute model of /neurons: there is no model '%.*s' "
                "(mesocast models lists them)", w->path, n < 60 ? (int) n : 60, p);
    if (w->n_groups > 0 && strcmp(ops->weight_unit, w->weight_unit) != 0)
      w->weight_unit = "pA or mV";
    else
      w->weight_unit = ops->weight_unit;
    w->group[w->n_groups++].ops = ops;
  }
  if (w->n_groups > 255)
    MESO_FAIL(err, MESO_EINVAL, "%s: attribute model of /neurons: at most 255 models", w->path);
cleanup:
  free(text);
  return status;
}

/** Which neurons are of which model: the dataset `model`, needed if there are several. */
static meso_status read_membership(network_file *w, const network_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  typedef struct record { int64_t model; } record;
  const meso_param row[] = {
    INT_ROW(record, model, "model", "", 0, (double) w->n_groups - 1, NULL), { .key = NULL },
  };
  record *of = NULL;
  void *records = NULL;
  if (network_table_has(t, "model") || w->n_groups > 1)
    MESO_TRY(network_table_read(t, row, sizeof *of, &w->n_neurons, NULL, 0, &records, err));
  of = records;
  for (size_t g = 0; g < w->n_groups; g++) {
    MESO_ALLOC(err, w->group[g].member, w->n_neurons);
    for (size_t i = 0; i < w->n_neurons; i++)
      if (of == NULL || of[i].model == (int64_t) g)
        w->group[g].member[w->group[g].n++] = (uint32_t) i;
  }
cleanup:
  free(records);
  return status;
}

static meso_status read_group(network_file *w, const network_table *t, network_group *g,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(network_table_read(t, g->ops->params, g->ops->params_size, &w->n_neurons, g->member,
                              g->n, &g->params, err));
  for (size_t k = 0; k < g->n; k++) {
    const char *wrong = g->ops->check((char *) g->params + k * g->ops->params_size);
    if (wrong != NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: neuron %u: %s", w->path, (unsigned) g->member[k], wrong);
  }
cleanup:
  return status;
}

static meso_status read_neurons(network_file *w, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const others[] = {"model", NULL};
  network_table t = { .path = NULL };
  const meso_param **lists = NULL;
  double *resting = NULL;
  MESO_TRY(network_table_open(w->path, "/neurons", &t, err));
  MESO_TRY(read_models(w, err));
  MESO_ALLOC(err, lists, w->n_groups);
  for (size_t g = 0; g < w->n_groups; g++) lists[g] = w->group[g].ops->params;
  MESO_TRY(network_table_check_names(&t, w->n_groups, lists, others, err));
  w->n_neurons = SIZE_MAX;
  MESO_TRY(network_table_column(&t, lists[0]->key, &w->n_neurons, &resting, err));
  if (w->n_neurons == 0 || w->n_neurons > UINT32_MAX)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /neurons has %zu neurons: must be 1 to %u", w->path,
              w->n_neurons, (unsigned) UINT32_MAX);
  MESO_TRY(read_membership(w, &t, err));
  for (size_t g = 0; g < w->n_groups; g++) MESO_TRY(read_group(w, &t, &w->group[g], err));
cleanup:
  free(resting);
  free(lists);
  network_table_clear(&t);
  return status;
}

/* ---- 2. synapses -------------------------------------------------------------------------- */

static meso_status read_synapses(network_file *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const double last = last_neuron(w);
  const meso_param rows[] = {
    INT_ROW(network_synapse, source, "source", "", 0, last, NULL),
    INT_ROW(network_synapse, target, "target", "", 0, last, NULL),
    DOUBLE_ROW(network_synapse, weight, "weight", w->weight_unit, -MAX_VALUE, MAX_VALUE, NULL),
    INT_ROW(network_synapse, delay_steps, "delay_steps", "dt", 1, 65535, NULL),
    { .key = NULL },
  };
  network_table t = { .path = NULL };
  void *records = NULL;
  w->n_synapses = SIZE_MAX;
  MESO_TRY(network_table_open(w->path, "/connections", &t, err));
  MESO_TRY(network_table_read(&t, rows, sizeof *w->synapse, &w->n_synapses, NULL, 0, &records,
                              err));
  w->synapse = records;
cleanup:
  network_table_clear(&t);
  return status;
}

/* ---- 3. spikes from outside --------------------------------------------------------------- */

static int compare_events(const void *a, const void *b)
{
  const network_event *x = a, *y = b;
  return (x->step > y->step) - (x->step < y->step);
}

/** One weight for all events: attribute weight_pA or weight_mV, as the models have it. */
static meso_status read_common_weight(network_file *w, const network_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  char name[32];
  double weight = 0;
  (void) snprintf(name, sizeof name, "weight_%s", w->weight_unit);
  const meso_param row = { .key = name, .type = MESO_PARAM_DOUBLE, .unit = w->weight_unit,
                           .min = -MAX_VALUE, .max = MAX_VALUE };
  if (strchr(w->weight_unit, ' ') != NULL)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: models with weights in pA and in mV: /input needs the "
              "dataset weight", t->path);
  MESO_TRY(network_table_attribute(t, &row, &weight, err));
  for (size_t i = 0; i < w->n_events; i++) w->event[i].weight = weight;
cleanup:
  return status;
}

static meso_status read_events(network_file *w, const network_table *t, const meso_param *rows,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param delay = { .key = "delay_steps", .type = MESO_PARAM_INT, .unit = "dt", .min = 1,
                             .max = 65535 };
  double delay_steps = 0;
  void *records = NULL;
  w->n_events = SIZE_MAX;
  status = network_table_read(t, rows, sizeof *w->event, &w->n_events, NULL, 0, &records, err);
  w->event = records;
  MESO_TRY(status);
  MESO_TRY(network_table_attribute(t, &delay, &delay_steps, err));
  w->event_delay_steps = (int64_t) delay_steps;
  if (!network_table_has(t, "weight")) MESO_TRY(read_common_weight(w, t, err));
  qsort(w->event, w->n_events, sizeof *w->event, compare_events);
cleanup:
  return status;
}

/* ---- 4. injected currents ----------------------------------------------------------------- */

/** A table of currents and the delay of its group. */
static meso_status read_currents(const char *path, const char *group, const meso_param *rows,
                                 size_t record_size, size_t *n, void **ret_records,
                                 int64_t *delay_steps, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param delay = { .key = "delay_steps", .type = MESO_PARAM_INT, .unit = "dt", .min = 0,
                             .max = 65535 };
  network_table t = { .path = NULL };
  double value = 0;
  *n = SIZE_MAX;
  MESO_TRY(network_table_open(path, group, &t, err));
  MESO_TRY(network_table_check_names(&t, 1, &rows, no_names, err));
  MESO_TRY(network_table_read(&t, rows, record_size, n, NULL, 0, ret_records, err));
  MESO_TRY(network_table_attribute(&t, &delay, &value, err));
  *delay_steps = (int64_t) value;
cleanup:
  network_table_clear(&t);
  return status;
}

static int compare_current_steps(const void *a, const void *b)
{
  const network_current_step *x = a, *y = b;
  if (x->step != y->step) return x->step > y->step ? 1 : -1;
  return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

static meso_status read_current_steps(network_file *w, meso_err *err)
{
  meso_status status = MESO_OK;
  typedef network_current_step S;
  const meso_param rows[] = {
    INT_ROW(S, neuron, "neuron", "", 0, last_neuron(w), NULL),
    INT_ROW(S, step, "step", "dt", 0, MAX_STEP, NULL),
    DOUBLE_ROW(S, amplitude_pA, "amplitude", "pA", -MAX_VALUE, MAX_VALUE, NULL),
    { .key = NULL },
  };
  void *records = NULL;
  status = read_currents(w->path, "/input/step_current", rows, sizeof(S), &w->n_current_steps,
                         &records, &w->current_step_delay_steps, err);
  w->current_step = records;
  MESO_TRY(status);
  qsort(w->current_step, w->n_current_steps, sizeof(S), compare_current_steps);
  for (size_t i = 1; i < w->n_current_steps; i++)
    if (compare_current_steps(&w->current_step[i - 1], &w->current_step[i]) == 0)
      MESO_FAIL(err, MESO_EINVAL, "%s: /input/step_current: neuron %lld has two amplitudes at "
                "step %lld", w->path, (long long) w->current_step[i].neuron,
                (long long) w->current_step[i].step);
cleanup:
  return status;
}

static meso_status read_current_ac(network_file *w, meso_err *err)
{
  typedef network_current_ac S;
  const meso_param rows[] = {
    INT_ROW(S, neuron, "neuron", "", 0, last_neuron(w), NULL),
    DOUBLE_ROW(S, amplitude_pA, "amplitude", "pA", -MAX_VALUE, MAX_VALUE, NULL),
    DOUBLE_ROW(S, frequency_Hz, "frequency", "Hz", 0, 1e6, NULL),
    DOUBLE_ROW(S, phase_deg, "phase", "degree", -360, 360, "0"),
    DOUBLE_ROW(S, offset_pA, "offset", "pA", -MAX_VALUE, MAX_VALUE, "0"),
    INT_ROW(S, start_step, "start_step", "dt", 0, MAX_STEP, "0"),
    INT_ROW(S, stop_step, "stop_step", "dt", 0, MAX_STEP, "1000000000000"),
    { .key = NULL },
  };
  void *records = NULL;
  const meso_status status =
    read_currents(w->path, "/input/ac_current", rows, sizeof(S), &w->n_current_ac, &records,
                  &w->current_ac_delay_steps, err);
  w->current_ac = records;
  return status;
}

/* ---- 5. the file -------------------------------------------------------------------------- */

static meso_status read_input(network_file *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param event_rows[] = {
    INT_ROW(network_event, neuron, "neuron", "", 0, last_neuron(w), NULL),
    INT_ROW(network_event, step, "step", "dt", 0, MAX_STEP, NULL),
    INT_ROW(network_event, multiplicity, "multiplicity", "", 0, MAX_VALUE, "1"),
    DOUBLE_ROW(network_event, weight, "weight", w->weight_unit, -MAX_VALUE, MAX_VALUE, "0"),
    { .key = NULL },
  };
  static const char *const groups[] = {"step_current", "ac_current", NULL};
  const meso_param *const list = event_rows;
  network_table t = { .path = NULL };
  bool events = false;
  MESO_TRY(network_table_open(w->path, "/input", &t, err));
  MESO_TRY(network_table_check_names(&t, 1, &list, groups, err));
  for (const meso_param *row = event_rows; row->key != NULL; row++)
    events = events || network_table_has(&t, row->key);
  if (events) MESO_TRY(read_events(w, &t, event_rows, err));
  if (network_table_has(&t, "step_current")) MESO_TRY(read_current_steps(w, err));
  if (network_table_has(&t, "ac_current")) MESO_TRY(read_current_ac(w, err));
cleanup:
  network_table_clear(&t);
  return status;
}

meso_status network_file_read(network_file *w, meso_err *err)
{
  meso_status status = MESO_OK;
  network_table root = { .path = NULL };
  MESO_TRY(network_table_open(w->path, "/", &root, err));
  MESO_TRY(meso_h5_read_number(w->path, "/", "dt_ms", &w->dt_ms, err));
  MESO_TRY(meso_h5_read_number(w->path, "/", "T_ms", &w->T_ms, err));
  if (!(w->dt_ms >= 1e-4 && w->dt_ms <= 10 && w->T_ms > 0 && w->T_ms <= 1e9))
    MESO_FAIL(err, MESO_ERANGE, "%s: dt_ms = %g, T_ms = %g: must be 1e-4 to 10 ms, > 0 ms", w->path,
              w->dt_ms, w->T_ms);
  MESO_TRY(read_neurons(w, err));
  MESO_TRY(read_synapses(w, err));
  if (network_table_has(&root, "input")) MESO_TRY(read_input(w, err));
cleanup:
  network_table_clear(&root);
  return status;
}

void network_file_clear(network_file *w)
{
  for (size_t g = 0; g < w->n_groups; g++) {
    free(w->group[g].member);
    free(w->group[g].params);
  }
  free(w->group);
  free(w->synapse);
  free(w->event);
  free(w->current_step);
  free(w->current_ac);
}
