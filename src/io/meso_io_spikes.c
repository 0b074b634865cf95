/* meso_io_spikes.c: spikes in SONATA layout. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"

/* ---- writing ------------------------------------------------------------------------------- */

/* SONATA's enumeration of sortings. */
static hid_t sorting_type(void)
{
  static const char *const member[] = { "none", "by_id", "by_time" };
  const hid_t type = H5Tenum_create(H5T_STD_U8LE);
  for (uint8_t k = 0; type >= 0 && k < 3; k++)
    if (H5Tenum_insert(type, member[k], &k) < 0) {
      (void) H5Tclose(type);
      return H5I_INVALID_HID;
    }
  return type;
}

static meso_status put_population_attrs(const meso_h5_file *f, hid_t group, uint32_t index,
                                        const meso_spike_population *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const uint8_t by_time = 2;
  hid_t type = H5I_INVALID_HID;
  MESO_H5W(f, err, type = sorting_type());
  MESO_TRY(meso_h5_put_attr(f, group, "sorting", type, type, 0, &by_time, err));
  MESO_TRY(meso_h5_put_attr(f, group, "size", H5T_STD_U64LE, H5T_NATIVE_UINT64, 0, &p->size, err));
  MESO_TRY(meso_h5_put_attr(f, group, "index", H5T_STD_U32LE, H5T_NATIVE_UINT32, 0, &index, err));
cleanup:
  if (type >= 0) (void) H5Tclose(type);
  return status;
}

static meso_status put_population(const meso_h5_file *f, uint32_t index,
                                  const meso_spike_population *p, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  char *path = NULL;
  if (p->name == NULL || p->name[0] == '\0' || p->name[0] == '.' || strchr(p->name, '/') != NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: \"%s\" cannot be the name of a population", f->path,
              p->name == NULL ? "" : p->name);
  const size_t room = strlen(p->name) + 16;
  MESO_ALLOC(err, path, room);
  (void) snprintf(path, room, "spikes/%s", p->name);
  MESO_TRY(meso_h5_need_group(f, path, &group, err));
  MESO_TRY(put_population_attrs(f, group, index, p, err));
  const meso_h5_block times = {
    .name = "timestamps", .units = "ms", .file_type = H5T_IEEE_F64LE,
    .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 1, .dims = &p->n_spikes, .data = p->time_ms,
  };
  const meso_h5_block ids = {
    .name = "node_ids", .units = "1", .file_type = H5T_STD_U64LE, .mem_type = H5T_NATIVE_UINT32,
    .n_dims = 1, .dims = &p->n_spikes, .data = p->id,
  };
  MESO_TRY(meso_h5_put(f, group, &times, NULL, err));
  MESO_TRY(meso_h5_put(f, group, &ids, NULL, err));
  if (p->position_um != NULL) {
    (void) H5Gclose(group);
    (void) snprintf(path, room, "nodes/%s", p->name);
    MESO_TRY(meso_h5_need_group(f, path, &group, err));
    const size_t dims[] = { (size_t) p->size, 3 };
    const meso_h5_block positions = {
      .name = "positions", .units = "um", .file_type = H5T_IEEE_F64LE,
      .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 2, .dims = dims, .data = p->position_um,
    };
    MESO_TRY(meso_h5_put(f, group, &positions, NULL, err));
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(path);
  return status;
}

/* New file with all populations, and their spikes if they are in memory. meso_h5_finish must follow
 * in any case. */
static meso_status create_spikes(meso_h5_file *f, const char *path, const meso_spikes *spikes,
                                 const meso_provenance *provenance, hid_t *ret_root, meso_err *err)
{
  meso_status status = MESO_OK;
  const uint32_t magic = 0x0A7A, version[] = { 0, 1 };
  MESO_TRY(meso_h5_create(f, path, "spikes", provenance, err));
  MESO_TRY(meso_h5_put_attr(f, f->id, "magic", H5T_STD_U32LE, H5T_NATIVE_UINT32, 0, &magic, err));
  MESO_TRY(meso_h5_put_attr(f, f->id, "version", H5T_STD_U32LE, H5T_NATIVE_UINT32, 2, version,
                            err));
  MESO_TRY(meso_h5_put_number(f, f->id, "t_start_ms", spikes->t_start_ms, err));
  MESO_TRY(meso_h5_put_number(f, f->id, "t_stop_ms", spikes->t_stop_ms, err));
  MESO_TRY(meso_h5_put_attrs(f, f->id, &spikes->attrs, err));
  MESO_TRY(meso_h5_need_group(f, "spikes", ret_root, err));
  for (size_t i = 0; i < spikes->n_populations; i++)
    MESO_TRY(put_population(f, (uint32_t) i, &spikes->population[i], err));
cleanup:
  return status;
}

meso_status meso_spikes_write(const char *path, const meso_spikes *spikes,
                              const meso_provenance *provenance, meso_err *err)
{
  meso_h5_file f;
  hid_t root = H5I_INVALID_HID;
  const meso_status status = create_spikes(&f, path, spikes, provenance, &root, err);
  if (root >= 0) (void) H5Gclose(root);
  return meso_h5_finish(&f, status, err);
}

/* ---- joining ------------------------------------------------------------------------------- */

/* Names, sizes and numbers of spikes of all parts together; no spikes. */
static meso_status add_counts(meso_spikes *all, const meso_spikes *part, const char *path,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  bool fits = part->n_populations == all->n_populations && part->t_start_ms == all->t_stop_ms;
  for (size_t i = 0; fits && i < all->n_populations; i++) {
    meso_spike_population *p = &all->population[i];
    const meso_spike_population *q = &part->population[i];
    fits = q->size == p->size && strcmp(q->name, p->name) == 0;
    p->n_spikes += q->n_spikes;
  }
  if (!fits)
    MESO_FAIL(err, MESO_EFORMAT, "%s: does not go on from %g ms with the populations of the first "
              "part", path, all->t_stop_ms);
  all->t_stop_ms = part->t_stop_ms;
cleanup:
  return status;
}

/* The first part without its spikes; neurons keep their places. */
static meso_status without_spikes(const meso_spikes *part, meso_spikes **ret_all, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *all = NULL;
  MESO_TRY(meso_spikes_create(part->n_populations, &all, err));
  all->t_start_ms = all->t_stop_ms = part->t_start_ms;
  for (size_t i = 0; i < part->n_populations; i++) {
    MESO_STRDUP(err, all->population[i].name, part->population[i].name);
    all->population[i].size = part->population[i].size;
    if (part->population[i].position_um == NULL) continue;
    const size_t n = 3 * (size_t) part->population[i].size;
    MESO_ALLOC_ALIGNED(err, all->population[i].position_um, n);
    memcpy(all->population[i].position_um, part->population[i].position_um, n * sizeof(double));
  }
  *ret_all = all;
  all = NULL;
cleanup:
  meso_spikes_destroy(all);
  return status;
}

static meso_status count_parts(size_t n, const char *const *paths, meso_spikes **ret_all,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *part = NULL;
  *ret_all = NULL;
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_spikes_read(paths[i], &part, err));
    if (i == 0) MESO_TRY(without_spikes(part, ret_all, err));
    MESO_TRY(add_counts(*ret_all, part, paths[i], err));
    meso_spikes_destroy(part);
    part = NULL;
  }
cleanup:
  meso_spikes_destroy(part);
  return status;
}

/* Writes a part's spikes behind those of the parts before it; offset: (n_populations). */
static meso_status write_part(const meso_h5_file *f, hid_t root, const meso_spikes *part,
                              hsize_t *offset, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  for (size_t i = 0; i < part->n_populations; i++) {
    const meso_spike_population *p = &part->population[i];
    MESO_H5W(f, err, group = H5Gopen2(root, p->name, H5P_DEFAULT));
    MESO_TRY(meso_h5_put_piece(f, group, "timestamps", H5T_NATIVE_DOUBLE, p->time_ms,
                               offset[i], p->n_spikes, err));
    MESO_TRY(meso_h5_put_piece(f, group, "node_ids", H5T_NATIVE_UINT32, p->id, offset[i],
                               p->n_spikes, err));
    offset[i] += p->n_spikes;
    (void) H5Gclose(group);
    group = H5I_INVALID_HID;
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

meso_status meso_spikes_join(const char *path, size_t n, const char *const *parts,
                             const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *all = NULL, *part = NULL;
  hsize_t *offset = NULL;
  meso_h5_file f;
  hid_t root = H5I_INVALID_HID;
  bool created = false;
  if (n == 0) MESO_FAIL(err, MESO_EINVAL, "%s: no parts to join", path);
  MESO_TRY(count_parts(n, parts, &all, err));
  MESO_ALLOC(err, offset, all->n_populations);
  created = true;
  MESO_TRY(create_spikes(&f, path, all, provenance, &root, err));
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_spikes_read(parts[i], &part, err));
    MESO_TRY(write_part(&f, root, part, offset, err));
    meso_spikes_destroy(part);
    part = NULL;
  }
cleanup:
  if (root >= 0) (void) H5Gclose(root);
  meso_spikes_destroy(all);
  meso_spikes_destroy(part);
  free(offset);
  return created ? meso_h5_finish(&f, status, err) : status;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A warning of one population. */
static meso_status warn(meso_attrs *attrs, const char *population, const char *what, meso_err *err)
{
  char text[512];
  (void) snprintf(text, sizeof text, "%.300s: %s", population, what);
  return meso_attrs_warn(attrs, text, err);
}

static meso_status read_times(const meso_h5_file *f, hid_t group, meso_spike_population *p,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d;
  char *units = NULL;
  char what[300];
  (void) snprintf(what, sizeof what, "population %.240s: timestamps", p->name);
  MESO_TRY(meso_h5_dataset_open(f, group, "timestamps", &d, err));
  if (d.n_dims != 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: %zu dimensions, expected 1", f->path, what, d.n_dims);
  const double bytes = (double) d.count * (sizeof *p->time_ms + sizeof *p->id);
  if (!(bytes < meso_memory_available()))
    MESO_FAIL(err, MESO_ENOMEM, "%s: %s: %zu spikes take %.3g GB of memory, %.3g GB are left",
              f->path, what, d.count, 1e-9 * bytes, 1e-9 * meso_memory_available());
  p->n_spikes = d.count;
  MESO_ALLOC(err, p->time_ms, d.count);
  MESO_TRY(meso_h5_get_doubles(f, what, &d, p->time_ms, err));
  MESO_TRY(meso_h5_attr_units(f, d.id, &units, err));
  if (units != NULL && strcmp(units, "ms") != 0 && strcmp(units, "s") != 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: unit \"%s\" is neither ms nor s", f->path, what, units);
  const bool seconds = units != NULL && strcmp(units, "s") == 0;
  for (size_t i = 0; i < p->n_spikes; i++) {
    if (seconds) p->time_ms[i] *= 1000.0;
    if (!(p->time_ms[i] >= 0.0 && p->time_ms[i] < HUGE_VAL))
      MESO_FAIL(err, MESO_ERANGE, "%s: %s: spike %zu at %g ms; times are finite and from 0",
                f->path, what, i, p->time_ms[i]);
  }
cleanup:
  meso_h5_dataset_close(&d);
  free(units);
  return status;
}

/* Reads ids in blocks: wide enough to see those out of range, without a second full array. */
static meso_status read_id_blocks(const meso_h5_file *f, const meso_h5_dataset *d, const char *what,
                                  meso_spike_population *p, uint64_t *ret_largest, meso_err *err)
{
  meso_status status = MESO_OK;
  enum { BLOCK = 1 << 17 };
  int64_t *block = NULL;
  hid_t space = H5I_INVALID_HID;
  uint64_t largest = 0;
  MESO_ALLOC(err, block, BLOCK);
  for (hsize_t first = 0, n; first < p->n_spikes; first += n) {
    n = p->n_spikes - first < BLOCK ? p->n_spikes - first : BLOCK;
    MESO_H5R(f, err, what, space = H5Screate_simple(1, &n, NULL));
    MESO_H5R(f, err, what, H5Sselect_hyperslab(d->space, H5S_SELECT_SET, &first, NULL, &n, NULL));
    MESO_H5R(f, err, what, H5Dread(d->id, H5T_NATIVE_INT64, space, d->space, H5P_DEFAULT, block));
    (void) H5Sclose(space);
    space = H5I_INVALID_HID;
    for (hsize_t i = 0; i < n; i++) {
      if (block[i] < 0 || block[i] >= (int64_t) UINT32_MAX)
        MESO_FAIL(err, MESO_ERANGE, "%s: %s: neuron %lld is out of range", f->path, what,
                  (long long) block[i]);
      if ((uint64_t) block[i] > largest) largest = (uint64_t) block[i];
      p->id[first + i] = (uint32_t) block[i];
    }
  }
  *ret_largest = largest;
cleanup:
  if (space >= 0) (void) H5Sclose(space);
  free(block);
  return status;
}

static meso_status read_ids(const meso_h5_file *f, hid_t group, meso_spike_population *p,
                            uint64_t *ret_largest, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d;
  char what[300];
  (void) snprintf(what, sizeof what, "population %.240s: node_ids", p->name);
  MESO_TRY(meso_h5_dataset_open(f, group, "node_ids", &d, err));
  if (d.n_dims != 1 || d.class_of != H5T_INTEGER)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: not a vector of integers", f->path, what);
  if (d.count != p->n_spikes)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: %zu ids but %zu timestamps", f->path, what, d.count,
              p->n_spikes);
  MESO_ALLOC(err, p->id, p->n_spikes);
  MESO_TRY(read_id_blocks(f, &d, what, p, ret_largest, err));
cleanup:
  meso_h5_dataset_close(&d);
  return status;
}

/* Positions (N,2) lie in the plane z = 0. */
static meso_status read_positions(const meso_h5_file *f, meso_spike_population *p,
                                  uint64_t *ret_rows, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d = { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID };
  char *path = NULL;
  double *xyz = NULL;
  const size_t room = strlen(p->name) + 32;
  MESO_ALLOC(err, path, room);
  (void) snprintf(path, room, "nodes/%s/positions", p->name);
  if (!meso_h5_has(f->id, "nodes") || !meso_h5_has(f->id, path)) goto cleanup;
  MESO_TRY(meso_h5_dataset_open(f, f->id, path, &d, err));
  if (d.n_dims != 2 || d.dims[1] < 2 || d.dims[1] > 3)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: expected (neurons, 2) or (neurons, 3)", f->path, path);
  MESO_ALLOC_ALIGNED(err, p->position_um, d.dims[0] * 3);
  MESO_TRY(meso_h5_get_doubles(f, path, &d, p->position_um, err));
  xyz = p->position_um;
  for (size_t i = d.dims[1] == 2 ? d.dims[0] : 0; i-- > 0;) {
    const double x = xyz[2 * i], y = xyz[2 * i + 1];
    xyz[3 * i] = x;
    xyz[3 * i + 1] = y;
    xyz[3 * i + 2] = 0.0;
  }
  *ret_rows = d.dims[0];
cleanup:
  meso_h5_dataset_close(&d);
  free(path);
  return status;
}

/* Number of neurons: attribute, else rows of positions, else the largest id + 1. */
static meso_status settle_size(const meso_h5_file *f, hid_t group, meso_spike_population *p,
                               uint64_t n_seen, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  double size = 0.0;
  uint64_t rows = 0;
  MESO_TRY(read_positions(f, p, &rows, err));
  if (meso_h5_attr_number(group, "size", &size)) {
    if (!(size >= 0.0 && size <= (double) UINT32_MAX && size == floor(size)))
      MESO_FAIL(err, MESO_ERANGE, "%s: population %s: size %g is not a whole number from 0 to %lu",
                f->path, p->name, size, (unsigned long) UINT32_MAX);
    p->size = (uint64_t) size;
    if (p->position_um != NULL && rows != p->size)
      MESO_FAIL(err, MESO_EFORMAT, "%s: population %s: %llu positions for %llu neurons", f->path,
                p->name, (unsigned long long) rows, (unsigned long long) p->size);
  } else if (p->position_um != NULL) {
    p->size = rows;
  } else {
    p->size = n_seen;
    MESO_TRY(warn(attrs, p->name, "no size given, taken as the largest id + 1", err));
  }
  if (n_seen > p->size)
    MESO_FAIL(err, MESO_ERANGE, "%s: population %s: neuron %llu, but its size is %llu",
              f->path, p->name, (unsigned long long) n_seen - 1, (unsigned long long) p->size);
cleanup:
  return status;
}

/* True if the file declares the population sorted by something else than time. */
static bool declared_otherwise(hid_t group)
{
  char name[32] = "", *text = NULL;
  bool otherwise = false;
  const meso_h5_file none = { .path = "" };
  if (H5Aexists(group, "sorting") <= 0) return false;
  if (meso_h5_attr_text(&none, group, "sorting", &text, NULL) == MESO_OK && text != NULL) {
    otherwise = strcmp(text, "by_time") != 0;
    free(text);
    return otherwise;
  }
  const hid_t attr = H5Aopen(group, "sorting", H5P_DEFAULT);
  const hid_t type = H5Aget_type(attr);
  uint64_t value = 0;
  if (H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) <= sizeof value
      && H5Aread(attr, type, &value) >= 0
      && H5Tenum_nameof(type, &value, name, sizeof name) >= 0)
    otherwise = strcmp(name, "by_time") != 0;
  if (type >= 0) (void) H5Tclose(type);
  if (attr >= 0) (void) H5Aclose(attr);
  return otherwise;
}

static meso_status read_population(const meso_h5_file *f, hid_t root, meso_spike_population *p,
                                   meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  uint64_t largest = 0;
  bool ascending = true;
  hid_t group = H5I_INVALID_HID;
  MESO_H5R(f, err, p->name, group = H5Gopen2(root, p->name, H5P_DEFAULT));
  MESO_TRY(read_times(f, group, p, err));
  MESO_TRY(read_ids(f, group, p, &largest, err));
  MESO_TRY(settle_size(f, group, p, p->n_spikes == 0 ? 0 : largest + 1, attrs, err));
  for (size_t i = 1; i < p->n_spikes && ascending; i++)
    ascending = p->time_ms[i - 1] <= p->time_ms[i];
  if (!ascending && !declared_otherwise(group))
    MESO_TRY(warn(attrs, p->name, "times were not in order, sorted now", err));
  MESO_TRY(meso_spikes_sort(p, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

/* Our own files record the model's order of populations; others come by name. */
static meso_status order_names(const meso_h5_file *f, hid_t root, char **names, size_t n,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  char **ordered = NULL;
  MESO_ALLOC(err, ordered, n);
  for (size_t i = 0; i < n; i++) {
    double index = -1.0;
    const hid_t group = H5Gopen2(root, names[i], H5P_DEFAULT);
    MESO_H5R(f, err, names[i], group);
    const bool found = meso_h5_attr_number(group, "index", &index);
    (void) H5Gclose(group);
    if (!found || !(index >= 0.0 && index < (double) n) || index != floor(index)
        || ordered[(size_t) index] != NULL)
      goto cleanup;
    ordered[(size_t) index] = names[i];
  }
  memcpy(names, ordered, n * sizeof *names);
cleanup:
  free(ordered);
  return status;
}

/* Time range of the recording; every spike must lie within. */
static meso_status settle_range(const meso_h5_file *f, meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  double last = 0.0;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    if (p->n_spikes > 0 && p->time_ms[p->n_spikes - 1] > last) last = p->time_ms[p->n_spikes - 1];
  }
  spikes->t_stop_ms = last;
  if (!meso_h5_attr_number(f->id, "t_start_ms", &spikes->t_start_ms))
    MESO_TRY(meso_attrs_warn(&spikes->attrs, "no t_start_ms given, taken as 0", err));
  if (!meso_h5_attr_number(f->id, "t_stop_ms", &spikes->t_stop_ms))
    MESO_TRY(meso_attrs_warn(&spikes->attrs, "no t_stop_ms given, taken as the last spike", err));
  if (!(spikes->t_start_ms >= 0 && spikes->t_start_ms <= spikes->t_stop_ms
        && spikes->t_stop_ms < HUGE_VAL))
    MESO_FAIL(err, MESO_ERANGE, "%s: t_start_ms %g and t_stop_ms %g are no time range: must be "
              "finite, >= 0 ms and in order", f->path, spikes->t_start_ms, spikes->t_stop_ms);
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    if (p->n_spikes > 0 && (p->time_ms[0] < spikes->t_start_ms
                            || p->time_ms[p->n_spikes - 1] > spikes->t_stop_ms))
      MESO_FAIL(err, MESO_ERANGE, "%s: population %s: spikes from %g to %g ms, outside %g .. %g ms",
                f->path, p->name, p->time_ms[0], p->time_ms[p->n_spikes - 1], spikes->t_start_ms,
                spikes->t_stop_ms);
  }
cleanup:
  return status;
}

static meso_status read_spikes(const meso_h5_file *f, hid_t root, char **names, size_t n,
                               meso_spikes *spikes, meso_err *err)
{
  static const char *const standard[] = {
    "format", "format_version", "kind", "magic", "version", "t_start_ms", "t_stop_ms", NULL,
  };
  meso_status status = MESO_OK;
  MESO_TRY(meso_h5_attrs(f, f->id, standard, &spikes->attrs, err));
  for (size_t i = 0; i < n; i++) {
    MESO_STRDUP(err, spikes->population[i].name, names[i]);
    MESO_TRY(read_population(f, root, &spikes->population[i], &spikes->attrs, err));
  }
  MESO_TRY(settle_range(f, spikes, err));
cleanup:
  return status;
}

meso_status meso_spikes_read(const char *path, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t root = H5I_INVALID_HID;
  char **names = NULL;
  size_t n = 0;
  meso_spikes *spikes = NULL;
  *ret_spikes = NULL;
  MESO_TRY(meso_h5_open(&f, path, err));
  root = meso_h5_has(f.id, "spikes") ? H5Gopen2(f.id, "spikes", H5P_DEFAULT) : H5I_INVALID_HID;
  if (root < 0) MESO_FAIL(err, MESO_ENOTFOUND, "%s: there is no group /spikes", path);
  MESO_TRY(meso_h5_subgroups(&f, root, true, &names, &n, err));
  if (n == 0) MESO_FAIL(err, MESO_ENOTFOUND, "%s: there is no population below /spikes", path);
  MESO_TRY(order_names(&f, root, names, n, err));
  MESO_TRY(meso_spikes_create(n, &spikes, err));
  MESO_TRY(read_spikes(&f, root, names, n, spikes, err));
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  meso_names_free(names, n);
  if (root >= 0) (void) H5Gclose(root);
  meso_h5_close(&f);
  return status;
}
