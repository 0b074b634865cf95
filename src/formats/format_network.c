/* format_network.c: writes networks as explicit network files (doc/formats.md), synapses in
 * batches, so that memory does not grow with their number.
 *
 * 1. tables   2. neurons and populations   3. input   4. synapses   5. the file
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_format.h"
#include "meso_io_internal.h"
#include "network_columns.h"

/* ---- 1. tables ---------------------------------------------------------------------------- */

static meso_status put_vector(const meso_h5_file *f, hid_t group, const char *name,
                              const char *units, hid_t file_type, size_t n, const double *values,
                              meso_err *err)
{
  const meso_h5_block block = {.name = name, .units = units, .file_type = file_type,
                               .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 1, .dims = &n,
                               .data = values};
  return meso_h5_put(f, group, &block, NULL, err);
}

/** One column of an array of structs. */
typedef struct column {
  const char *name, *units;
  hid_t file_type;
  bool is_double;           /**< else int64_t */
  size_t offset;
} column;

#define COLUMN_INT(T, f, name, units, type) {name, units, type, false, offsetof(T, f)}
#define COLUMN_DOUBLE(T, f, name, units) {name, units, H5T_IEEE_F64LE, true, offsetof(T, f)}

static meso_status put_columns(const meso_h5_file *f, hid_t group, size_t n_columns,
                               const column *columns, size_t n, size_t record_size,
                               const void *records, meso_err *err)
{
  meso_status status = MESO_OK;
  double *values = NULL;
  MESO_ALLOC(err, values, n);
  for (size_t c = 0; c < n_columns; c++) {
    for (size_t i = 0; i < n; i++) {
      const char *field = (const char *) records + i * record_size + columns[c].offset;
      values[i] = columns[c].is_double ? *(const double *) field
                                       : (double) *(const int64_t *) field;
    }
    MESO_TRY(put_vector(f, group, columns[c].name, columns[c].units, columns[c].file_type, n,
                        values, err));
  }
cleanup:
  free(values);
  return status;
}

/* ---- 2. neurons and populations ----------------------------------------------------------- */

static meso_status put_models(const meso_h5_file *f, hid_t group, const meso_network *w,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  char *names = NULL;
  double *of = NULL;
  MESO_TRY(network_model_names(w, &names, err));
  MESO_TRY(meso_h5_put_text(f, group, "model", names, err));
  if (w->n_groups == 1) goto cleanup;
  MESO_ALLOC(err, of, w->n_neurons);
  for (size_t g = 0; g < w->n_groups; g++)
    for (size_t k = 0; k < w->group[g].n; k++) of[w->group[g].member[k]] = (double) g;
  MESO_TRY(put_vector(f, group, "model", "1", H5T_STD_U8LE, w->n_neurons, of, err));
cleanup:
  free(names);
  free(of);
  return status;
}

static meso_status put_neurons(const meso_h5_file *f, const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  double *values = NULL;
  MESO_ALLOC(err, values, w->n_neurons);
  MESO_TRY(meso_h5_need_group(f, "neurons", &group, err));
  MESO_TRY(put_models(f, group, w, err));
  for (size_t g = 0; g < w->n_groups; g++)
    for (const meso_param *row = w->group[g].ops->params; row->key != NULL; row++) {
      if (H5Lexists(group, row->key, H5P_DEFAULT) > 0) continue;
      if (!network_neuron_column(w, row->key, values)) continue;
      const hid_t type = row->type == MESO_PARAM_BOOL ? H5T_STD_U8LE : H5T_IEEE_F64LE;
      MESO_TRY(put_vector(f, group, row->key, row->unit, type, w->n_neurons, values, err));
    }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(values);
  return status;
}

static meso_status put_positions(const meso_h5_file *f, const meso_network_population *p,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[] = {p->size, 3};
  hid_t group = H5I_INVALID_HID;
  char path[128];
  (void) snprintf(path, sizeof path, "nodes/%s", p->name);
  MESO_TRY(meso_h5_need_group(f, path, &group, err));
  const meso_h5_block block = {.name = "positions", .units = "um", .file_type = H5T_IEEE_F64LE,
                               .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 2, .dims = dims,
                               .data = p->position_um};
  MESO_TRY(meso_h5_put(f, group, &block, NULL, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

static meso_status put_populations(const meso_h5_file *f, const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  char **names = NULL;
  double *first = NULL, *size = NULL;
  const size_t n = w->n_populations;
  MESO_ALLOC(err, names, n);
  MESO_ALLOC(err, first, n);
  MESO_ALLOC(err, size, n);
  MESO_TRY(meso_h5_need_group(f, "populations", &group, err));
  for (size_t p = 0; p < n; p++) {
    names[p] = w->population[p].name;
    first[p] = w->population[p].first;
    size[p] = w->population[p].size;
    if (w->population[p].position_um != NULL) MESO_TRY(put_positions(f, &w->population[p], err));
  }
  MESO_TRY(meso_h5_put_strings(f, group, "name", 1, &n, names, NULL, err));
  MESO_TRY(put_vector(f, group, "first", "1", H5T_STD_U32LE, n, first, err));
  MESO_TRY(put_vector(f, group, "size", "1", H5T_STD_U32LE, n, size, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(names);
  free(first);
  free(size);
  return status;
}

/* ---- 3. input ----------------------------------------------------------------------------- */

static meso_status put_events(const meso_h5_file *f, hid_t group, const meso_network *w,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  typedef meso_network_event T;
  const column columns[] = {
    COLUMN_INT(T, neuron, "neuron", "1", H5T_STD_U32LE),
    COLUMN_INT(T, step, "step", "dt", H5T_STD_U64LE),
    COLUMN_INT(T, multiplicity, "multiplicity", "1", H5T_STD_U32LE),
    COLUMN_DOUBLE(T, weight, "weight", w->weight_unit),
  };
  MESO_TRY(put_columns(f, group, sizeof columns / sizeof columns[0], columns, w->n_events,
                       sizeof *w->event, w->event, err));
  MESO_TRY(meso_h5_put_number(f, group, "delay_steps", (double) w->event_delay_steps, err));
cleanup:
  return status;
}

static meso_status put_current_steps(const meso_h5_file *f, hid_t group, const meso_network *w,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  typedef meso_current_step T;
  const column columns[] = {
    COLUMN_INT(T, neuron, "neuron", "1", H5T_STD_U32LE),
    COLUMN_INT(T, step, "step", "dt", H5T_STD_U64LE),
    COLUMN_DOUBLE(T, amplitude_pA, "amplitude", "pA"),
  };
  MESO_TRY(put_columns(f, group, sizeof columns / sizeof columns[0], columns, w->n_current_steps,
                       sizeof(T), w->current_step, err));
  MESO_TRY(meso_h5_put_number(f, group, "delay_steps", (double) w->current_step_delay_steps, err));
cleanup:
  return status;
}

static meso_status put_current_ac(const meso_h5_file *f, hid_t group, const meso_network *w,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  typedef meso_current_ac T;
  const column columns[] = {
    COLUMN_INT(T, neuron, "neuron", "1", H5T_STD_U32LE),
    COLUMN_DOUBLE(T, amplitude_pA, "amplitude", "pA"),
    COLUMN_DOUBLE(T, frequency_Hz, "frequency", "Hz"),
    COLUMN_DOUBLE(T, phase_deg, "phase", "degree"), COLUMN_DOUBLE(T, offset_pA, "offset", "pA"),
    COLUMN_INT(T, start_step, "start_step", "dt", H5T_STD_U64LE),
    COLUMN_INT(T, stop_step, "stop_step", "dt", H5T_STD_U64LE),
  };
  MESO_TRY(put_columns(f, group, sizeof columns / sizeof columns[0], columns, w->n_current_ac,
                       sizeof(T), w->current_ac, err));
  MESO_TRY(meso_h5_put_number(f, group, "delay_steps", (double) w->current_ac_delay_steps, err));
cleanup:
  return status;
}

static meso_status put_poisson(const meso_h5_file *f, hid_t group, const meso_network *w,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  typedef meso_poisson_input T;
  const column columns[] = {
    COLUMN_INT(T, neuron, "neuron", "1", H5T_STD_U32LE),
    COLUMN_DOUBLE(T, rate_Hz, "rate", "Hz"), COLUMN_DOUBLE(T, weight, "weight", w->weight_unit),
    COLUMN_INT(T, identity, "identity", "1", H5T_STD_U64LE),
  };
  MESO_TRY(put_columns(f, group, sizeof columns / sizeof columns[0], columns, w->n_poisson,
                       sizeof(T), w->poisson, err));
  MESO_TRY(meso_h5_put_number(f, group, "seed", (double) w->poisson_seed, err));
  MESO_TRY(meso_h5_put_number(f, group, "delay_steps", (double) w->poisson_delay_steps, err));
cleanup:
  return status;
}

static meso_status put_sources(const meso_h5_file *f, hid_t group, const meso_network *w,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const kinds[] = {[MESO_SCHEDULE_OFF] = "off",
    [MESO_SCHEDULE_CONSTANT] = "constant", [MESO_SCHEDULE_PULSES] = "pulses",
    [MESO_SCHEDULE_BLOCKS] = "blocks"};
  const meso_schedule *s = &w->source_schedule;
  const column columns[] = {
    COLUMN_INT(meso_poisson_source, identity, "identity", "1", H5T_STD_U64LE),
  };
  MESO_TRY(put_columns(f, group, 1, columns, w->n_sources, sizeof *w->source, w->source, err));
  MESO_TRY(meso_h5_put_number(f, group, "seed", (double) w->source_seed, err));
  MESO_TRY(meso_h5_put_text(f, group, "type", kinds[s->kind], err));
  MESO_TRY(meso_h5_put_number(f, group, "rate_Hz", s->rate_Hz, err));
  MESO_TRY(meso_h5_put_number(f, group, "start_ms", s->start_ms, err));
  MESO_TRY(meso_h5_put_number(f, group, "on_ms", s->on_ms, err));
  MESO_TRY(meso_h5_put_number(f, group, "period_ms", s->period_ms, err));
cleanup:
  return status;
}

meso_status network_put_inputs(const meso_h5_file *f, const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const struct {
    const char *path;
    size_t n;
    meso_status (*put)(const meso_h5_file *f, hid_t group, const meso_network *w, meso_err *err);
  } part[] = {
    {"input", w->n_events, put_events},
    {"input/step_current", w->n_current_steps, put_current_steps},
    {"input/ac_current", w->n_current_ac, put_current_ac},
    {"input/poisson", w->n_poisson, put_poisson}, {"sources", w->n_sources, put_sources},
  };
  hid_t group = H5I_INVALID_HID;
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
    if (part[i].n == 0) continue;
    MESO_TRY(meso_h5_need_group(f, part[i].path, &group, err));
    MESO_TRY(part[i].put(f, group, w, err));
    (void) H5Gclose(group);
    group = H5I_INVALID_HID;
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

/* ---- 4. synapses -------------------------------------------------------------------------- */

enum { N_COLUMNS = 4, BATCH = 1 << 16 };

static meso_status create_columns(const meso_h5_file *f, hid_t group, const meso_network *w,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = (size_t) w->synapses.n;
  const meso_h5_block block[N_COLUMNS] = {
    {.name = "source", .units = "1", .file_type = H5T_STD_U32LE},
    {.name = "target", .units = "1", .file_type = H5T_STD_U32LE},
    {.name = "weight", .units = w->weight_unit, .file_type = H5T_IEEE_F64LE},
    {.name = "delay_steps", .units = "dt", .file_type = H5T_STD_U16LE},
  };
  for (size_t c = 0; c < N_COLUMNS; c++) {
    meso_h5_block b = block[c];
    b.n_dims = 1;
    b.dims = &n;
    MESO_TRY(meso_h5_put(f, group, &b, NULL, err));
  }
cleanup:
  return status;
}

typedef struct batch {
  meso_synapse synapse[BATCH];
  uint32_t source[BATCH], target[BATCH], delay[BATCH];
  double weight[BATCH];
} batch;

static meso_status put_batch(const meso_h5_file *f, hid_t group, batch *b, uint64_t first, size_t n,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < n; i++) {
    b->source[i] = b->synapse[i].source;
    b->target[i] = b->synapse[i].target;
    b->weight[i] = b->synapse[i].weight;
    b->delay[i] = b->synapse[i].delay_steps;
  }
  MESO_TRY(meso_h5_put_piece(f, group, "source", H5T_NATIVE_UINT32, b->source, first, n, err));
  MESO_TRY(meso_h5_put_piece(f, group, "target", H5T_NATIVE_UINT32, b->target, first, n, err));
  MESO_TRY(meso_h5_put_piece(f, group, "weight", H5T_NATIVE_DOUBLE, b->weight, first, n, err));
  MESO_TRY(meso_h5_put_piece(f, group, "delay_steps", H5T_NATIVE_UINT32, b->delay, first, n, err));
cleanup:
  return status;
}

static meso_status put_synapses(const meso_h5_file *f, const meso_network *w,
                                const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_synapse_stream *s = &w->synapses;
  hid_t group = H5I_INVALID_HID;
  batch *b = NULL;
  size_t n = 1;
  MESO_ALLOC(err, b, 1);
  MESO_TRY(meso_h5_need_group(f, "connections", &group, err));
  MESO_TRY(create_columns(f, group, w, err));
  s->rewind(s->state);
  for (uint64_t done = 0; n > 0; done += n) {
    MESO_TRY(s->next(s->state, BATCH, b->synapse, &n, err));
    MESO_TRY(put_batch(f, group, b, done, n, err));
    MESO_TRY(meso_progress_step(progress, "convert", (double) (done + n) / ((double) s->n + 1),
                                err));
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(b);
  return status;
}

/* ---- 5. the file -------------------------------------------------------------------------- */

static meso_status write_network(const char *path, const meso_network *w,
                                 const meso_progress *progress, const meso_provenance *provenance,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  MESO_TRY(meso_h5_create(&f, path, "network", provenance, err));
  MESO_TRY(meso_h5_put_number(&f, f.id, "dt_ms", w->dt_ms, err));
  MESO_TRY(meso_h5_put_number(&f, f.id, "T_ms", w->T_ms, err));
  MESO_TRY(meso_h5_put_attrs(&f, f.id, &w->attrs, err));
  MESO_TRY(put_neurons(&f, w, err));
  MESO_TRY(put_populations(&f, w, err));
  MESO_TRY(network_put_inputs(&f, w, err));
  MESO_TRY(put_synapses(&f, w, progress, err));
cleanup:
  return meso_h5_finish(&f, status, err);
}

static meso_status read_network(const meso_format_input *input, meso_network **ret_network,
                                meso_err *err)
{
  return meso_network_read(input->path, ret_network, err);
}

const meso_format meso_format_network = {
  .name = "network", .summary = "explicit network, synapse by synapse, in HDF5",
  .ending = ".h5|.hdf5", .content = MESO_CONTENT_NETWORK, .kind = "network", .bytes_per_item = 18,
  .read_network = read_network, .write_network = write_network,
};
