/* description_text.c: the tables of a description as Markdown, TeX or HTML. */
#include "meso_description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What stands for a piece of plain text; ends with NULL. */
typedef struct escape { const char *plain, *written; } escape;

static const escape markdown[] = {
  {"|", "\\|"}, {"<", "&lt;"}, {"*", "\\*"}, {"\n", " "}, {NULL, NULL}};
static const escape html[] = {
  {"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {NULL, NULL}};
static const escape tex[] = {
  {"\\", "\\textbackslash{}"}, {"{", "\\{"}, {"}", "\\}"}, {"$", "\\$"}, {"&", "\\&"},
  {"#", "\\#"}, {"_", "\\_"}, {"%", "\\%"}, {"~", "\\textasciitilde{}"},
  {"^", "\\textasciicircum{}"}, {"->", "$\\rightarrow$"}, {"<", "$<$"}, {">", "$>$"},
  {"±", "$\\pm$"}, {NULL, NULL}};

static void put(FILE *out, const escape *table, const char *text)
{
  while (*text != '\0') {
    const escape *e = table;
    while (e->plain != NULL && strncmp(text, e->plain, strlen(e->plain)) != 0) e++;
    if (e->plain == NULL) fputc(*text++, out);
    else {
      fputs(e->written, out);
      text += strlen(e->plain);
    }
  }
}

/* ---- Markdown ------------------------------------------------------------------------------ */

static void write_markdown(FILE *out, const meso_table *t)
{
  fputs("## ", out);
  put(out, markdown, t->title);
  fputs("\n\n", out);
  for (size_t r = 0; r <= t->n_rows; r++) {
    for (size_t c = 0; c < t->n_columns; c++) {
      fputs("| ", out);
      put(out, markdown, t->cell[r * t->n_columns + c].text);
      fputc(' ', out);
    }
    fputs("|\n", out);
    for (size_t c = 0; r == 0 && c < t->n_columns; c++) fputs("|---", out);
    if (r == 0) fputs("|\n", out);
  }
  fputc('\n', out);
}

/* ---- TeX ----------------------------------------------------------------------------------- */

/* Width of a column: natural where all is short, else by its longest text. */
static void write_columns(FILE *out, const meso_table *t)
{
  enum { SHORT = 16, LONG = 60 };
  size_t longest[32] = {0}, sum = 0;
  for (size_t c = 0; c < t->n_columns && c < 32; c++) {
    for (size_t r = 0; r <= t->n_rows; r++) {
      const size_t n = strlen(t->cell[r * t->n_columns + c].text);
      longest[c] = n > longest[c] ? n : longest[c];
    }
    longest[c] = longest[c] > LONG ? LONG : longest[c];
    sum += longest[c];
  }
  for (size_t c = 0; c < t->n_columns && c < 32; c++) {
    if (longest[c] <= SHORT) fputc('l', out);
    else fprintf(out, "p{%.2f\\linewidth}", 0.85 * (double) longest[c] / (double) sum);
  }
}

static void write_tex(FILE *out, const meso_table *t)
{
  fputs("\\begin{longtable}{@{}", out);
  write_columns(out, t);
  fputs("@{}}\n\\multicolumn{", out);
  fprintf(out, "%zu}{@{}l}{\\textbf{", t->n_columns);
  put(out, tex, t->title);
  fputs("}} \\\\\n\\toprule\n", out);
  for (size_t r = 0; r <= t->n_rows; r++) {
    for (size_t c = 0; c < t->n_columns; c++) {
      const meso_cell *cell = &t->cell[r * t->n_columns + c];
      if (c > 0) fputs(" & ", out);
      if (cell->tex != NULL) fputs(cell->tex, out);
      else put(out, tex, cell->text);
    }
    fputs(" \\\\\n", out);
    if (r == 0) fputs("\\midrule\n\\endhead\n", out);
  }
  fputs("\\bottomrule\n\\end{longtable}\n\n", out);
}

/* ---- HTML ---------------------------------------------------------------------------------- */

static void write_html(FILE *out, const meso_table *t)
{
  fputs("<h3>", out);
  put(out, html, t->title);
  fputs("</h3><div class=\"wide\"><table>\n", out);
  for (size_t r = 0; r <= t->n_rows; r++) {
    fputs(r == 0 ? "<thead><tr>" : "<tr>", out);
    for (size_t c = 0; c < t->n_columns; c++) {
      fputs(r == 0 ? "<th>" : "<td>", out);
      put(out, html, t->cell[r * t->n_columns + c].text);
      fputs(r == 0 ? "</th>" : "</td>", out);
    }
    fputs(r == 0 ? "</tr></thead><tbody>\n" : "</tr>\n", out);
  }
  fputs("</tbody></table></div>\n", out);
}

char *meso_description_text(const meso_description *d, meso_text_format format)
{
  static void (*const write[])(FILE *, const meso_table *) = {
    [MESO_TEXT_MARKDOWN] = write_markdown, [MESO_TEXT_TEX] = write_tex,
    [MESO_TEXT_HTML] = write_html};
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return NULL;
  if (format == MESO_TEXT_TEX) fputs("% needs \\usepackage{booktabs,longtable,array}\n", out);
  for (size_t i = 0; i < d->n; i++) write[format](out, &d->table[i]);
  const bool fine = !ferror(out);
  if (fclose(out) == 0 && fine) return text;
  free(text);
  return NULL;
}
