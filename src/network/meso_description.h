/* meso_description.h: a model in words and tables, as papers print it.
 *
 * The tables are those of Nordlie, Gewaltig, Plesser 2009, PLoS Comput. Biol. 5:e1000456: model
 * summary, populations, connectivity, neuron and synapse model, plasticity, input, measurements,
 * and the parameters. Everything comes from the model and from the option rows that read it (keys,
 * units, meaning), so the tables cannot say something else than what is simulated.
 */
#ifndef MESO_DESCRIPTION_H
#define MESO_DESCRIPTION_H

#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One cell: plain UTF-8 text, and TeX where the text is an equation (else NULL). */
typedef struct meso_cell { char *text, *tex; } meso_cell;

typedef struct meso_table {
  char *title;
  size_t n_columns, n_rows;    /**< rows without the headings */
  meso_cell *cell;             /**< (1 + n_rows, n_columns), headings first */
} meso_table;

typedef struct meso_description { size_t n; meso_table *table; } meso_description;

/** Makes the tables of a model. Free with meso_description_destroy. */
MESO_MUST_CHECK meso_status meso_describe(const meso_model *model,
                                          meso_description **ret_description, meso_err *err);
void meso_description_destroy(meso_description *description);

typedef enum meso_text_format {
  MESO_TEXT_MARKDOWN,  /**< with a heading for each table */
  MESO_TEXT_TEX,       /**< longtable and booktabs, to be \input */
  MESO_TEXT_HTML       /**< a part of a page: h3 and table elements */
} meso_text_format;

/** The tables as text. Caller frees; NULL when out of memory. */
char *meso_description_text(const meso_description *description, meso_text_format format);

/** "fixed_indegree, indegree 100, no autapses": who is connected, and what depends on distance. */
void meso_describe_rule(const meso_projection *projection, char *text, size_t size);
/** "normal 87.81 ± 8.781 pA". */
void meso_describe_weight(const meso_projection *projection, char *text, size_t size);
/** "normal 1.5 ± 0.75 ms + 0.001 ms/um". */
void meso_describe_delay(const meso_projection *projection, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
