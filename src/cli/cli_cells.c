/* cli_cells.c: representative cells of a model for figures. */
#include "cli_cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/** Middle of a population's layer. */
static double soma_z_um(const meso_model *model, size_t population)
{
  for (size_t l = 0; l < model->n_layers; l++)
    if (strcmp(model->layer[l].name, model->population[population].layer) == 0)
      return (model->layer[l].z_top_um + model->layer[l].z_bottom_um) / 2;
  return 0;
}

/** Reads a morphology from the first folder that has it, and puts its soma at its depth. */
static meso_status read_shape(const meso_model *model, size_t type, const mesoi_dirs *dirs,
                              meso_morphology **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *file = model->cell_type[type].morphology;
  const meso_discretisation cut = { model->lfp.Ra_Ohm_cm, model->lfp.cm_uF_per_cm2, 0.1, 100, 0 };
  char path[4096] = "";
  struct stat st;
  for (size_t d = 0; d < dirs->n; d++) {
    (void) snprintf(path, sizeof path, "%s%s%s", file[0] == '/' ? "" : dirs->v[d],
                    file[0] == '/' ? "" : "/", file);
    if (stat(path, &st) == 0) break;
    path[0] = '\0';
  }
  if (path[0] == '\0')
    MESO_FAIL(err, MESO_ENOTFOUND, "cells.%s.morphology = %s: there is no such file",
              model->cell_type[type].name, file);
  MESO_TRY(meso_morphology_read(path, &cut, ret, err));
  meso_morphology_place(*ret, 0, 0, soma_z_um(model, model->cell_type[type].population));
cleanup:
  return status;
}

meso_status mesoi_cells_read(const meso_model *model, const char *model_path, mesoi_cells *cells,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = { .n = 0 };
  MESO_TRY(mesoi_dirs_find(model_path, &dirs, err));
  MESO_ALLOC(err, cells->shape, model->n_cell_types);
  MESO_ALLOC(err, cells->cell, model->n_cell_types);
  MESO_ALLOC(err, cells->name, model->n_cell_types);
  for (size_t i = 0; i < model->n_cell_types; i++) {
    if (first_alike(model, i) != i) continue;
    const size_t n = cells->n++;
    MESO_TRY(join_names(model, i, &cells->name[n], err));
    MESO_TRY(read_shape(model, i, &dirs, &cells->shape[n], err));
    cells->cell[n] = (meso_figure_cell) { cells->name[n], model->cell_type[i].population_name,
                                          meso_morphology_segments(cells->shape[n]) };
  }
cleanup:
  mesoi_dirs_clear(&dirs);
  return status;
}

void mesoi_cells_clear(mesoi_cells *cells)
{
  for (size_t i = 0; i < cells->n; i++) {
    meso_morphology_destroy(cells->shape[i]);
    free(cells->name[i]);
  }
  free(cells->shape);
  free(cells->name);
  free(cells->cell);
  *cells = (mesoi_cells) { .n = 0 };
}
