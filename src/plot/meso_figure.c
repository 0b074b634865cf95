/* meso_figure.c: looks entries up in the list that the Makefile's rows generate. */
#include "meso_plot.h"

#include <string.h>

#define MESO_FIG(id) extern const meso_figure_ops meso_fig_##id;
#include "meso_fig_list.inc"
#undef MESO_FIG

static const meso_figure_ops *const figure_table[] = {
#define MESO_FIG(id) &meso_fig_##id,
#include "meso_fig_list.inc"
#undef MESO_FIG
  NULL
};

size_t meso_figure_count(void) { return sizeof figure_table / sizeof figure_table[0] - 1; }

const meso_figure_ops *meso_figure_at(size_t i)
{
  return i < meso_figure_count() ? figure_table[i] : NULL;
}

const meso_figure_ops *meso_figure_by_name(const char *name)
{
  for (size_t i = 0; i < meso_figure_count(); i++)
    if (strcmp(figure_table[i]->name, name) == 0) return figure_table[i];
  return NULL;
}
