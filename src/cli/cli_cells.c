/* cli_cells.c: representative cells of a model for figures. */
#include "cli_cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_files.h"

/** The first type before this one of the same population with the same morphology, or itself. */
static size_t first_alike(const meso_model *model, size_t type)
{
  const meso_cell_type *t = &model->cell_type[type];
  for (size_t i = 0; i < type; i++)
    if (model->cell_type[i].population == t->population &&
        strcmp(model->cell_type[i].morphology, t->morphology) == 0)
      return i;
  return type;
}

/** "b23, nb23" */
static meso_status join_names(const meso_model *model, size_t type, char **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t size = 1, used = 0;
  for (size_t i = type; i < model->n_cell_types; i++)
    if (first_alike(model, i) == type) size += strlen(model->cell_type[i].name) + 2;
  MESO_ALLOC(err, *ret, size);
  for (size_t i = type; i < model->n_cell_types; i++)
    if (first_alike(model, i) == type)
      used += (size_t) snprintf(*ret + used, size - used, "%s%s", used > 0 ? ", " : "",
                                model->cell_type[i].name);
cleanup:
  return status;
}

/** Expected synapses on the segments of a type; they become the cells'. */
static meso_status count_synapses(mesoi_cells *cells, size_t type, int sign, const double **ret,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = cells->shape[type].morphology;
  double *number = NULL, *z_um = NULL;
  MESO_ALLOC(err, number, m->n_segments);
  MESO_ALLOC(err, z_um, m->n_segments);
  for (size_t j = 0; j < m->n_segments; j++) z_um[j] = meso_morphology_z_um(m, j);
  MESO_TRY(meso_cell_synapse_numbers(cells->model, &cells->shape[type], type, sign, z_um, number,
                                     err));
  *ret = number;
  number = NULL;
cleanup:
  free(number);
  free(z_um);
  return status;
}

meso_status mesoi_cells_read(const meso_model *model, const char *model_path, mesoi_cells *cells,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = { .n = 0 };
  MESO_TRY(mesoi_dirs_find(model_path, &dirs, err));
  cells->model = model;
  if (model->n_cell_types == 0) goto cleanup;
  MESO_TRY(meso_cell_shapes_read(model, dirs.n, (const char *const *) dirs.v, &cells->shape, err));
  MESO_ALLOC(err, cells->cell, model->n_cell_types);
  MESO_ALLOC(err, cells->name, model->n_cell_types);
  for (size_t i = 0; i < model->n_cell_types; i++) {
    if (first_alike(model, i) != i) continue;
    const size_t n = cells->n++;
    MESO_TRY(join_names(model, i, &cells->name[n], err));
    meso_morphology *shape = cells->shape[i].morphology;
    meso_morphology_place(shape, 0, 0, cells->shape[i].soma_z_um);
    cells->cell[n] = (meso_figure_cell) {
      .name = cells->name[n], .population = model->cell_type[i].population_name,
      .segments = meso_morphology_segments(shape) };
    for (int sign = 0; sign < 2; sign++)
      MESO_TRY(count_synapses(cells, i, sign, &cells->cell[n].synapses[sign], err));
  }
cleanup:
  mesoi_dirs_clear(&dirs);
  return status;
}

void mesoi_cells_clear(mesoi_cells *cells)
{
  for (size_t i = 0; i < cells->n; i++) {
    free(cells->name[i]);
    for (int sign = 0; sign < 2; sign++) free((double *) cells->cell[i].synapses[sign]);
  }
  if (cells->model != NULL) meso_cell_shapes_destroy(cells->model, cells->shape);
  free(cells->name);
  free(cells->cell);
  *cells = (mesoi_cells) { .n = 0 };
}
