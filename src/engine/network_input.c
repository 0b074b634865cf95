/* network_input.c: reads the generators of explicit networks and what comes from outside.
 *
 * 1. spikes from outside   2. injected currents   3. Poisson processes   4. the group /input
 */
#include "network_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"

static double last_neuron(const meso_network *w) { return (double) w->n_neurons - 1; }

static const char *const no_names[] = {NULL};

/* ---- 1. spikes from outside --------------------------------------------------------------- */

static int compare_events(const void *a, const void *b)
{
  const meso_network_event *x = a, *y = b;
  return (x->step > y->step) - (x->step < y->step);
}

/** One weight for all events: attribute weight_pA or weight_mV, as the models have it. */
static meso_status read_common_weight(meso_network *w, const network_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  char name[32];
  double weight = 0;
  (void) snprintf(name, sizeof name, "weight_%s", w->weight_unit);
  const meso_param row = { .key = name, .type = MESO_PARAM_DOUBLE, .unit = w->weight_unit,
                           .min = -NETWORK_MAX_VALUE, .max = NETWORK_MAX_VALUE };
  if (strchr(w->weight_unit, ' ') != NULL)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: models with weights in pA and in mV: /input needs the "
              "dataset weight", t->path);
  MESO_TRY(network_table_attribute(t, &row, &weight, err));
  for (size_t i = 0; i < w->n_events; i++) w->event[i].weight = weight;
cleanup:
  return status;
}

static meso_status read_events(meso_network *w, const network_table *t, const meso_param *rows,
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

/* ---- 2. injected currents ----------------------------------------------------------------- */

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
  const meso_current_step *x = a, *y = b;
  if (x->step != y->step) return x->step > y->step ? 1 : -1;
  return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

static meso_status read_current_steps(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  typedef meso_current_step S;
  const meso_param rows[] = {
    NETWORK_INT(S, neuron, "neuron", "", 0, last_neuron(w), NULL),
    NETWORK_INT(S, step, "step", "dt", 0, NETWORK_MAX_STEP, NULL),
    NETWORK_DOUBLE(S, amplitude_pA, "amplitude", "pA", -NETWORK_MAX_VALUE, NETWORK_MAX_VALUE, NULL),
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

static meso_status read_current_ac(meso_network *w, meso_err *err)
{
  typedef meso_current_ac S;
  const meso_param rows[] = {
    NETWORK_INT(S, neuron, "neuron", "", 0, last_neuron(w), NULL),
    NETWORK_DOUBLE(S, amplitude_pA, "amplitude", "pA", -NETWORK_MAX_VALUE, NETWORK_MAX_VALUE, NULL),
    NETWORK_DOUBLE(S, frequency_Hz, "frequency", "Hz", 0, 1e6, NULL),
    NETWORK_DOUBLE(S, phase_deg, "phase", "degree", -360, 360, "0"),
    NETWORK_DOUBLE(S, offset_pA, "offset", "pA", -NETWORK_MAX_VALUE, NETWORK_MAX_VALUE, "0"),
    NETWORK_INT(S, start_step, "start_step", "dt", 0, NETWORK_MAX_STEP, "0"),
    NETWORK_INT(S, stop_step, "stop_step", "dt", 0, NETWORK_MAX_STEP, "1000000000000"),
    { .key = NULL },
  };
  void *records = NULL;
  const meso_status status =
    read_currents(w->path, "/input/ac_current", rows, sizeof(S), &w->n_current_ac, &records,
                  &w->current_ac_delay_steps, err);
  w->current_ac = records;
  return status;
}

/* ---- 3. Poisson processes ----------------------------------------------------------------- */

/* Beyond it doubles are no longer all whole numbers. */
#define MAX_WHOLE 0x1p53

static meso_status read_seed(const network_table *t, int64_t *seed, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param row = { .key = "seed", .type = MESO_PARAM_INT, .unit = "", .min = 1,
                           .max = MAX_WHOLE };
  double value = 0;
  MESO_TRY(network_table_attribute(t, &row, &value, err));
  *seed = (int64_t) value;
cleanup:
  return status;
}

static meso_status read_poisson(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  typedef meso_poisson_input S;
  const meso_param rows[] = {
    NETWORK_INT(S, neuron, "neuron", "", 0, last_neuron(w), NULL),
    NETWORK_DOUBLE(S, rate_Hz, "rate", "Hz", 0, MESO_POISSON_MAX_MEAN * 1e3 / w->dt_ms, NULL),
    NETWORK_DOUBLE(S, weight, "weight", w->weight_unit, -NETWORK_MAX_VALUE, NETWORK_MAX_VALUE,
                   NULL),
    NETWORK_INT(S, identity, "identity", "", 0, MAX_WHOLE, NULL), { .key = NULL },
  };
  const meso_param delay = { .key = "delay_steps", .type = MESO_PARAM_INT, .unit = "dt", .min = 0,
                             .max = NETWORK_MAX_STEP };
  const meso_param *const list = rows;
  network_table t = { .path = NULL };
  void *records = NULL;
  double delay_steps = 0;
  w->n_poisson = SIZE_MAX;
  MESO_TRY(network_table_open(w->path, "/input/poisson", &t, err));
  MESO_TRY(network_table_check_names(&t, 1, &list, no_names, err));
  MESO_TRY(network_table_read(&t, rows, sizeof(S), &w->n_poisson, NULL, 0, &records, err));
  w->poisson = records;
  MESO_TRY(read_seed(&t, &w->poisson_seed, err));
  MESO_TRY(network_table_attribute(&t, &delay, &delay_steps, err));
  w->poisson_delay_steps = (int64_t) delay_steps;
cleanup:
  network_table_clear(&t);
  return status;
}

/** When the sources spike: attributes named as the keys of a model's section `thalamus`. */
static meso_status read_schedule(meso_network *w, const network_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const kinds[] = {[MESO_SCHEDULE_OFF] = "off",
    [MESO_SCHEDULE_CONSTANT] = "constant", [MESO_SCHEDULE_PULSES] = "pulses",
    [MESO_SCHEDULE_BLOCKS] = "blocks"};
  meso_schedule *s = &w->source_schedule;
  const struct { meso_param row; double *value; } number[] = {
    {{ .key = "rate_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz",
       .max = MESO_SOURCE_MAX_MEAN * 1e3 / w->dt_ms }, &s->rate_Hz},
    {{ .key = "start_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .max = 1e9 }, &s->start_ms},
    {{ .key = "on_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .max = 1e9 }, &s->on_ms},
    {{ .key = "period_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .max = 1e9, .min_open = true },
     &s->period_ms},
  };
  char *kind = NULL;
  s->kind = -1;
  MESO_TRY(meso_h5_read_text(w->path, "/sources", "type", &kind, err));
  for (int k = 0; k < (int) (sizeof kinds / sizeof kinds[0]); k++)
    if (strcmp(kind, kinds[k]) == 0) s->kind = k;
  if (s->kind < 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: attribute type of /sources is '%.60s': must be off, constant, "
              "pulses or blocks", w->path, kind);
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(network_table_attribute(t, &number[i].row, number[i].value, err));
cleanup:
  free(kind);
  return status;
}

meso_status network_file_read_sources(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param rows[] = {
    NETWORK_INT(meso_poisson_source, identity, "identity", "", 0, MAX_WHOLE, NULL),
    { .key = NULL },
  };
  const meso_param *const list = rows;
  network_table t = { .path = NULL };
  void *records = NULL;
  size_t n = SIZE_MAX;
  MESO_TRY(network_table_open(w->path, "/sources", &t, err));
  MESO_TRY(network_table_check_names(&t, 1, &list, no_names, err));
  MESO_TRY(network_table_read(&t, rows, sizeof *w->source, &n, NULL, 0, &records, err));
  w->source = records;
  if (n > UINT32_MAX - w->n_neurons)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /sources has %zu sources: too many", w->path, n);
  w->n_sources = n;
  MESO_TRY(read_seed(&t, &w->source_seed, err));
  MESO_TRY(read_schedule(w, &t, err));
cleanup:
  network_table_clear(&t);
  return status;
}

/* ---- 4. the group ------------------------------------------------------------------------- */

meso_status network_file_read_input(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param event_rows[] = {
    NETWORK_INT(meso_network_event, neuron, "neuron", "", 0, last_neuron(w), NULL),
    NETWORK_INT(meso_network_event, step, "step", "dt", 0, NETWORK_MAX_STEP, NULL),
    NETWORK_INT(meso_network_event, multiplicity, "multiplicity", "", 0, NETWORK_MAX_VALUE, "1"),
    NETWORK_DOUBLE(meso_network_event, weight, "weight", w->weight_unit, -NETWORK_MAX_VALUE,
                   NETWORK_MAX_VALUE, "0"),
    { .key = NULL },
  };
  static const char *const groups[] = {"step_current", "ac_current", "poisson", NULL};
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
  if (network_table_has(&t, "poisson")) MESO_TRY(read_poisson(w, err));
cleanup:
  network_table_clear(&t);
  return status;
}

