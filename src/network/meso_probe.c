/* meso_probe.c: layouts of probes. x_um, y_um and z_first_um move the whole probe. */
#include "meso_probe.h"

#include <string.h>

static void set(const meso_probe_params *p, double *to, double x, double y, double z)
{
  to[0] = p->x_um + x;
  to[1] = p->y_um + y;
  to[2] = p->z_first_um + z;
}

static double given_number(const meso_probe_params *p) { return (double) p->n_contacts; }

/* One contact below the other. */
static void place_laminar(const meso_probe_params *p, double *xyz_um)
{
  for (size_t i = 0; i < (size_t) p->n_contacts; i++)
    set(p, xyz_um + 3 * i, 0, 0, (double) i * p->z_step_um);
}

static double grid_number(const meso_probe_params *p)
{
  return (double) p->n_columns * (double) p->n_rows;
}

/* Tips of a Utah array, all at one depth; x runs fastest. */
static void place_grid(const meso_probe_params *p, double *xyz_um)
{
  for (int64_t iy = 0; iy < p->n_rows; iy++)
    for (int64_t ix = 0; ix < p->n_columns; ix++)
      set(p, xyz_um + 3 * (iy * p->n_columns + ix),
          ((double) ix - (double) (p->n_columns - 1) / 2) * p->pitch_x_um,
          ((double) iy - (double) (p->n_rows - 1) / 2) * p->pitch_y_um, 0);
}

/* Rows of two on a shank in the plane of x and z, from z_first_um down; rows take turns between two
 * pairs of columns. */
static void place_rows(const meso_probe_params *p, double row_um, const double column_um[4],
                       double *xyz_um)
{
  for (size_t i = 0; i < (size_t) p->n_contacts; i++)
    set(p, xyz_um + 3 * i, column_um[i % 4], 0, -row_um * (double) (i / 2));
}

/* Checkerboard of four columns (Jun et al. 2017, doi:10.1038/nature24636). */
static void place_neuropixels1(const meso_probe_params *p, double *xyz_um)
{
  static const double column_um[4] = {-24, 8, -8, 24};
  place_rows(p, 20, column_um, xyz_um);
}

/* Two columns (Steinmetz et al. 2021, doi:10.1126/science.abf4588). */
static void place_neuropixels2(const meso_probe_params *p, double *xyz_um)
{
  static const double column_um[4] = {-16, 16, -16, 16};
  place_rows(p, 15, column_um, xyz_um);
}

static double list_number(const meso_probe_params *p) { return (double) p->contacts_um.n / 3; }

static void place_list(const meso_probe_params *p, double *xyz_um)
{
  for (size_t i = 0; i < p->contacts_um.n / 3; i++)
    set(p, xyz_um + 3 * i, p->contacts_um.v[3 * i], p->contacts_um.v[3 * i + 1],
        p->contacts_um.v[3 * i + 2]);
}

static const meso_layout_ops table[MESO_N_LAYOUTS] = {
  [MESO_LAYOUT_laminar] =
    {"laminar", "contacts one below the other", {"n_contacts", "z_step_um"}, given_number,
     place_laminar},
  [MESO_LAYOUT_grid] =
    {"grid", "contacts side by side at one depth (Utah array)",
     {"n_columns", "n_rows", "pitch_x_um", "pitch_y_um"}, grid_number, place_grid},
  [MESO_LAYOUT_neuropixels1] =
    {"neuropixels1", "four columns, checkered, rows 20 um apart", {"n_contacts"}, given_number,
     place_neuropixels1},
  [MESO_LAYOUT_neuropixels2] =
    {"neuropixels2", "two columns 32 um apart, rows 15 um apart", {"n_contacts"}, given_number,
     place_neuropixels2},
  [MESO_LAYOUT_list] =
    {"list", "contacts as listed", {"contacts_um", "contacts_file"}, list_number, place_list},
};

const meso_layout_ops *meso_layout_at(int layout) { return &table[layout]; }
