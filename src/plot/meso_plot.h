/* meso_plot.h: figures. One figure is one file src/plot/fig_X.c that defines
 * `const meso_figure_ops meso_fig_X`, and one row in src/plot/Makefile.am. Drawing is cairo + pango
 * onto SVG, PDF or PNG (PNG through libpng, with provenance in text chunks). */
#ifndef MESO_PLOT_H
#define MESO_PLOT_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_segments.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A cell as it stands in the column. */
typedef struct meso_figure_cell {
  const char *name, *population;
  meso_segments segments;
  const double *synapses[2];    /**< (segments.n) by MESO_EXCITATORY, MESO_INHIBITORY: expected
                                     synapses from the network; NULL: not known */
} meso_figure_cell;

/** What a figure may draw from; any pointer may be NULL. */
typedef struct meso_figure_data {
  const meso_model *model;
  const meso_spikes *spikes;
  const meso_signals *lfp;      /**< signals lfp, lfp_from_<population> */
  const meso_signals *currents; /**< signals E_<population>, I_<population> ... */
  const meso_signals *bold;     /**< signals bold, drive */
  const meso_result *analysis;
  const meso_result *ensemble;  /**< group /ensemble */
  const meso_result *kernels;   /**< group /kernels */
  size_t n_cells;
  const meso_figure_cell *cell; /**< (n_cells) representative cells of the model */
} meso_figure_data;

/** What was drawn, so that tests can hold a figure against its data. */
typedef struct meso_figure_report {
  size_t n_marks;          /**< data points, spikes, bars or pixels drawn */
  double sum_x, sum_y;     /**< of all points of lines and dots, in the units of their axes */
  double sum_map;          /**< of all values drawn as colours */
  double map_x, map_y, map_xy; /**< of each of them times the place of its cell on the axis, and
                                    times both places */
  size_t n_labels;         /**< axis labels drawn */
  char labels[2048];       /**< all axis labels, newline-separated */
  char notes[4096];        /**< titles, notes and names in legends, newline-separated */
} meso_figure_report;

typedef struct meso_canvas meso_canvas; /* meso_canvas.h */

typedef struct meso_figure_ops {
  const char *name;        /**< "raster" */
  const char *title;       /**< caption in the report, one sentence */
  double width_mm, height_mm;
  /** true if the data needed are there (non-NULL and not empty). */
  bool (*available)(const meso_figure_data *data);
  meso_status (*draw)(const meso_figure_data *data, meso_canvas *canvas, meso_err *err);
} meso_figure_ops;

size_t meso_figure_count(void);
const meso_figure_ops *meso_figure_at(size_t i);
const meso_figure_ops *meso_figure_by_name(const char *name);

/** Draws to a file whose ending decides the format: .svg, .pdf, .png (300 dpi). provenance: text
 *  put into PNG chunks / metadata, may be NULL. report may be NULL. Written atomically. */
MESO_MUST_CHECK meso_status meso_figure_save(const meso_figure_ops *figure,
                                             const meso_figure_data *data, const char *path,
                                             const char *provenance, meso_figure_report *report,
                                             meso_err *err);
/** As above into memory as SVG text (no XML prolog), for reports. Caller frees. */
MESO_MUST_CHECK meso_status meso_figure_svg(const meso_figure_ops *figure,
                                            const meso_figure_data *data, char **ret_svg,
                                            meso_figure_report *report, meso_err *err);

/** One row of the report's predicted-against-measured table; strings may be NULL. */
typedef struct meso_comparison_row {
  const char *quantity, *predicted, *measured, *preparation, *doi, *certainty, *verdict;
} meso_comparison_row;

/** A table more, below the description of the model: cell (n_rows, n_columns), the first column
 *  names the rows, from column n_names on there are numbers. */
typedef struct meso_report_table {
  const char *id, *title;
  size_t n_columns, n_names, n_rows;
  const char *const *head, *const *cell;
} meso_report_table;

/** Self-contained HTML report (< 10 MB, no network): every available figure inline as SVG, tables
 *  of rates beside the reference, comparison, notes (approximations and what is missing). */
typedef struct meso_report {
  const char *title, *subtitle;      /**< model name; "77,169 neurons, 90 s, seed 1" */
  size_t n_notes; const char *const *note;              /**< plain sentences: what to know */
  size_t n_rows;  const meso_comparison_row *row;
  size_t n_tables; const meso_report_table *table;
  size_t n_facts; const char *const (*fact)[2];         /**< key, value: provenance table */
  const meso_figure_data *data;
} meso_report;
MESO_MUST_CHECK meso_status meso_report_write(const char *path, const meso_report *report,
                                              meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
