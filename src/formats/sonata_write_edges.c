/* sonata_write_edges.c: writes synapses as edges of SONATA: one population of edges for each pair
 * of populations of nodes, counted in a first pass over the synapses, written in a second.
 *
 * 1. pairs   2. buffers   3. the files
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"
#include "sonata.h"

enum { BATCH = 1 << 16, BUFFER_EDGES = 1 << 22, MAX_BUFFER = 1 << 16, MIN_BUFFER = 64 };

/** Edges on their way to the file. */
typedef struct buffer {
  size_t n;
  uint64_t *source, *target, *index;
  double *weight, *delay_ms;
} buffer;

typedef struct pair {
  const meso_network_population *source, *target;
  uint64_t n, written;
  char path[160];           /**< of the group of its edges */
  uint32_t type;
  buffer b;
} pair;

typedef struct edge_writer {
  const meso_network *w;
  meso_h5_file *f;
  uint16_t *of;             /**< (neurons and sources) their population */
  pair *pair;               /**< (populations, populations): source, target */
  size_t n_pairs, room;     /**< pairs with edges; edges in a buffer */
  meso_synapse *batch;
} edge_writer;

/* ---- 1. pairs ----------------------------------------------------------------------------- */

static pair *pair_of(const edge_writer *e, const meso_synapse *s)
{
  return &e->pair[(size_t) e->of[s->source] * e->w->n_populations + e->of[s->target]];
}

static meso_status count_pairs(edge_writer *e, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = e->w;
  const meso_synapse_stream *s = &w->synapses;
  size_t n = 1;
  MESO_ALLOC(err, e->batch, BATCH);
  MESO_ALLOC(err, e->of, w->n_neurons + w->n_sources);
  MESO_ALLOC(err, e->pair, w->n_populations * w->n_populations);
  for (size_t p = 0; p < w->n_populations; p++)
    for (size_t i = 0; i < w->population[p].size; i++)
      e->of[w->population[p].first + i] = (uint16_t) p;
  s->rewind(s->state);
  while (n > 0) {
    MESO_TRY(s->next(s->state, BATCH, e->batch, &n, err));
    for (size_t i = 0; i < n; i++) pair_of(e, &e->batch[i])->n++;
  }
cleanup:
  return status;
}

static meso_status put_column(const meso_h5_file *f, hid_t at, const char *name, const char *units,
                              hid_t type, size_t n, const char *population, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_attrs attrs = {0};
  if (population != NULL)
    MESO_TRY(meso_attrs_set_text(&attrs, "node_population", population, err));
  const meso_h5_block block = {.name = name, .units = units, .file_type = type, .n_dims = 1,
                               .dims = &n};
  MESO_TRY(meso_h5_put(f, at, &block, population != NULL ? &attrs : NULL, err));
cleanup:
  meso_attrs_clear(&attrs);
  return status;
}

static meso_status create_pair(edge_writer *e, pair *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_h5_file *f = e->f;
  const size_t n = (size_t) p->n;
  hid_t at = H5I_INVALID_HID;
  char path[176];
  MESO_TRY(meso_h5_need_group(f, p->path, &at, err));
  MESO_TRY(put_column(f, at, "source_node_id", "1", H5T_STD_U64LE, n, p->source->name, err));
  MESO_TRY(put_column(f, at, "target_node_id", "1", H5T_STD_U64LE, n, p->target->name, err));
  MESO_TRY(put_column(f, at, "edge_type_id", "1", H5T_STD_U32LE, n, NULL, err));
  MESO_TRY(put_column(f, at, "edge_group_id", "1", H5T_STD_U32LE, n, NULL, err));
  MESO_TRY(put_column(f, at, "edge_group_index", "1", H5T_STD_U64LE, n, NULL, err));
  (void) H5Gclose(at);
  (void) snprintf(path, sizeof path, "%s/0", p->path);
  MESO_TRY(meso_h5_need_group(f, path, &at, err));
  MESO_TRY(put_column(f, at, "syn_weight", e->w->weight_unit, H5T_IEEE_F64LE, n, NULL, err));
  MESO_TRY(put_column(f, at, "delay", "ms", H5T_IEEE_F64LE, n, NULL, err));
  MESO_ALLOC(err, p->b.source, e->room);
  MESO_ALLOC(err, p->b.target, e->room);
  MESO_ALLOC(err, p->b.index, e->room);
  MESO_ALLOC(err, p->b.weight, e->room);
  MESO_ALLOC(err, p->b.delay_ms, e->room);
cleanup:
  if (at >= 0) (void) H5Gclose(at);
  return status;
}

/** All groups and datasets, in the order of the populations. */
static meso_status create_pairs(edge_writer *e, FILE *table, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = e->w;
  const size_t n = w->n_populations;
  for (size_t k = 0; k < n * n; k++) e->n_pairs += e->pair[k].n > 0;
  e->room = BUFFER_EDGES / (e->n_pairs + 1);
  if (e->room > MAX_BUFFER) e->room = MAX_BUFFER;
  if (e->room < MIN_BUFFER) e->room = MIN_BUFFER;
  for (size_t k = 0, type = 100; k < n * n; k++) {
    pair *p = &e->pair[k];
    if (p->n == 0) continue;
    p->source = &w->population[k / n];
    p->target = &w->population[k % n];
    p->type = (uint32_t) type++;
    (void) snprintf(p->path, sizeof p->path, "edges/%s_to_%s", p->source->name, p->target->name);
    fprintf(table, "%u static_synapse %s %s\n", (unsigned) p->type, p->source->name,
            p->target->name);
    MESO_TRY(create_pair(e, p, err));
  }
cleanup:
  return status;
}

/* ---- 2. buffers --------------------------------------------------------------------------- */

static meso_status flush(edge_writer *e, pair *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = p->b.n;
  uint32_t *same = NULL;
  hid_t at = H5I_INVALID_HID;
  if (n == 0) return MESO_OK;
  MESO_ALLOC(err, same, n);
  MESO_TRY(meso_h5_need_group(e->f, p->path, &at, err));
  const struct { const char *name; hid_t type; const void *data; } column[] = {
    {"source_node_id", H5T_NATIVE_UINT64, p->b.source},
    {"target_node_id", H5T_NATIVE_UINT64, p->b.target},
    {"edge_group_id", H5T_NATIVE_UINT32, same}, /* zeros */
    {"edge_group_index", H5T_NATIVE_UINT64, p->b.index},
    {"0/syn_weight", H5T_NATIVE_DOUBLE, p->b.weight}, {"0/delay", H5T_NATIVE_DOUBLE, p->b.delay_ms},
  };
  for (size_t c = 0; c < sizeof column / sizeof column[0]; c++)
    MESO_TRY(meso_h5_put_piece(e->f, at, column[c].name, column[c].type, column[c].data,
                               p->written, n, err));
  for (size_t i = 0; i < n; i++) same[i] = p->type;
  MESO_TRY(meso_h5_put_piece(e->f, at, "edge_type_id", H5T_NATIVE_UINT32, same, p->written, n,
                             err));
  p->written += n;
  p->b.n = 0;
cleanup:
  if (at >= 0) (void) H5Gclose(at);
  free(same);
  return status;
}

static meso_status add_edge(edge_writer *e, const meso_synapse *s, meso_err *err)
{
  meso_status status = MESO_OK;
  pair *p = pair_of(e, s);
  if (p->written + p->b.n == p->n)
    MESO_FAIL(err, MESO_EIO, "%s: changed while it was read", e->w->path);
  if (p->b.n == e->room) MESO_TRY(flush(e, p, err));
  p->b.source[p->b.n] = s->source - p->source->first;
  p->b.target[p->b.n] = s->target - p->target->first;
  p->b.index[p->b.n] = p->written + p->b.n;
  p->b.weight[p->b.n] = s->weight;
  p->b.delay_ms[p->b.n++] = s->delay_steps * e->w->dt_ms;
cleanup:
  return status;
}

static meso_status put_edges(edge_writer *e, const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_synapse_stream *s = &e->w->synapses;
  uint64_t done = 0;
  size_t n = 1;
  s->rewind(s->state);
  while (n > 0) {
    MESO_TRY(s->next(s->state, BATCH, e->batch, &n, err));
    for (size_t i = 0; i < n; i++) MESO_TRY(add_edge(e, &e->batch[i], err));
    done += n;
    MESO_TRY(meso_progress_step(progress, "convert", (double) done / ((double) s->n + 1), err));
  }
  for (size_t k = 0; k < e->w->n_populations * e->w->n_populations; k++)
    MESO_TRY(flush(e, &e->pair[k], err));
cleanup:
  return status;
}

/* ---- 3. the files ------------------------------------------------------------------------- */

static void writer_clear(edge_writer *e)
{
  const size_t n = e->w->n_populations;
  for (size_t k = 0; e->pair != NULL && k < n * n; k++) {
    void *owned[] = {e->pair[k].b.source, e->pair[k].b.target, e->pair[k].b.index,
                     e->pair[k].b.weight, e->pair[k].b.delay_ms};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
  }
  free(e->pair);
  free(e->of);
  free(e->batch);
}

static meso_status write_h5(const char *path, const meso_network *w, const meso_progress *progress,
                            const meso_provenance *provenance, FILE *table, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  edge_writer e = {.w = w, .f = &f};
  MESO_TRY(meso_h5_create(&f, path, "edges", provenance, err));
  const uint32_t magic = 0x0A7A, version[] = {0, 1};
  MESO_TRY(meso_h5_put_attr(&f, f.id, "magic", H5T_STD_U32LE, H5T_NATIVE_UINT32, 0, &magic, err));
  MESO_TRY(meso_h5_put_attr(&f, f.id, "version", H5T_STD_U32LE, H5T_NATIVE_UINT32, 2, version,
                            err));
  MESO_TRY(count_pairs(&e, err));
  MESO_TRY(create_pairs(&e, table, err));
  MESO_TRY(put_edges(&e, progress, err));
cleanup:
  writer_clear(&e);
  return meso_h5_finish(&f, status, err);
}

meso_status sonata_edges_write(const char *folder, const meso_network *w,
                               const meso_progress *progress, const meso_provenance *provenance,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = sonata_path(folder, "edges.h5"), *types = sonata_path(folder, "edge_types.csv");
  char *text = NULL;
  size_t size = 0;
  FILE *table = open_memstream(&text, &size);
  if (path == NULL || types == NULL || table == NULL) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  fputs("edge_type_id model_template source_pop target_pop\n", table);
  MESO_TRY(write_h5(path, w, progress, provenance, table, err));
  const bool failed = fclose(table) != 0;
  table = NULL;
  if (failed) MESO_FAIL(err, MESO_ENOMEM, "out of memory");
  MESO_TRY(meso_file_write(types, text, size, err));
cleanup:
  if (table != NULL) (void) fclose(table);
  free(text);
  free(path);
  free(types);
  return status;
}
