/* meso_report.c: the HTML report: one file that needs nothing else, prints well and follows the
 * reader's light or dark scheme. Figures are inline SVG on white cards. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_description.h"
#include "meso_io.h"

#define MESO_REPORT_LIMIT ((size_t) 10 * 1000 * 1000)

static const char style_sheet[] =
  ":root{color-scheme:light dark;--ink:#1b1d21;--soft:#5b616b;--page:#fff;--line:#d8dce2;"
  "--accent:#0072b2}"
  "@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#a4abb6;--page:#16181c;"
  "--line:#3a3f47;--accent:#56b4e9}}"
  "body{font:16px/1.55 'DejaVu Sans',system-ui,sans-serif;color:var(--ink);background:var(--page);"
  "max-width:56rem;margin:0 auto;padding:2rem 1.2rem}"
  "h1{font-size:1.7rem;line-height:1.2;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 .6rem}"
  ".sub{color:var(--soft);margin:.3rem 0 1.6rem}a{color:var(--accent)}"
  "nav ol{columns:2;padding-left:1.4rem}nav li{break-inside:avoid;margin:.15rem 0}"
  "figure{margin:1.6rem 0;break-inside:avoid}"
  ".card{background:#fff;border:1px solid var(--line);border-radius:6px;padding:.6rem}"
  ".card svg{display:block;width:100%;height:auto}"
  "figcaption{color:var(--soft);font-size:.88rem;margin-top:.4rem}"
  ".numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;"
  "margin:1.2rem 0}.numbers div{border-top:2px solid var(--accent);padding-top:.4rem}"
  ".numbers b{display:block;font-size:1.35rem;line-height:1.25}"
  ".numbers span{color:var(--soft);font-size:.82rem}"
  "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;padding-right:1.2rem}"
  ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;width:100%}"
  "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;"
  "border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
  "th{color:var(--soft);font-weight:600;overflow-wrap:normal}"
  "@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}"
  ":root{--ink:#000;--soft:#444;--page:#fff;--line:#bbb}}";

static meso_status put(meso_bytes *page, meso_err *err, const char *text)
{
  meso_status status = MESO_OK;
  if (!meso_bytes_append(page, text, strlen(text)))
    MESO_FAIL(err, MESO_ENOMEM, "cannot hold a report of %zu bytes", page->n);
cleanup:
  return status;
}

/* Text as content or attribute value; NULL is a dash. */
static meso_status put_text(meso_bytes *page, meso_err *err, const char *text)
{
  meso_status status = MESO_OK;
  for (const char *p = text != NULL ? text : "\u2013"; *p != '\0'; p++) {
    const char one[2] = { *p, '\0' };
    MESO_TRY(put(page, err, *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : *p == '&' ? "&amp;"
                            : *p == '"' ? "&quot;" : one));
  }
cleanup:
  return status;
}

/* open, escaped text, close. */
static meso_status put_element(meso_bytes *page, meso_err *err, const char *open,
                               const char *text, const char *close)
{
  meso_status status = MESO_OK;
  MESO_TRY(put(page, err, open));
  MESO_TRY(put_text(page, err, text));
  MESO_TRY(put(page, err, close));
cleanup:
  return status;
}

static meso_status put_head(meso_bytes *page, const meso_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(put(page, err, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                          "<meta name=\"viewport\" content=\"width=device-width\">"));
  MESO_TRY(put_element(page, err, "<title>", report->title, "</title><style>"));
  MESO_TRY(put(page, err, style_sheet));
  MESO_TRY(put_element(page, err, "</style></head>\n<body><header><h1>", report->title, "</h1>"));
  MESO_TRY(put_element(page, err, "<p class=\"sub\">", report->subtitle, "</p></header>\n"));
cleanup:
  return status;
}

static meso_status put_contents(meso_bytes *page, const meso_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(put(page, err, "<nav aria-label=\"Contents\"><ol>"));
  if (report->n_notes > 0) MESO_TRY(put(page, err, "<li><a href=\"#notes\">Notes</a></li>"));
  if (report->data != NULL && report->data->spikes != NULL
      && report->data->spikes->n_populations > 0)
    MESO_TRY(put(page, err, "<li><a href=\"#rates\">Rates of the populations</a></li>"));
  if (report->n_rows > 0)
    MESO_TRY(put(page, err, "<li><a href=\"#comparison\">Predicted and measured</a></li>"));
  for (size_t i = 0; report->data != NULL && i < meso_figure_count(); i++) {
    const meso_figure_ops *figure = meso_figure_at(i);
    if (!figure->available(report->data)) continue;
    MESO_TRY(put_element(page, err, "<li><a href=\"#figure-", figure->name, "\">"));
    MESO_TRY(put_element(page, err, "", figure->name, "</a></li>"));
  }
  if (report->data != NULL && report->data->model != NULL)
    MESO_TRY(put(page, err, "<li><a href=\"#description\">Description of the model</a></li>"));
  for (size_t i = 0; i < report->n_tables; i++) {
    MESO_TRY(put_element(page, err, "<li><a href=\"#", report->table[i].id, "\">"));
    MESO_TRY(put_element(page, err, "", report->table[i].title, "</a></li>"));
  }
  if (report->n_facts > 0)
    MESO_TRY(put(page, err, "<li><a href=\"#provenance\">Provenance</a></li>"));
  MESO_TRY(put(page, err, "</ol></nav>\n"));
cleanup:
  return status;
}

static meso_status put_number(meso_bytes *page, const char *value, const char *what, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(put_element(page, err, "<div><b>", value, "</b>"));
  MESO_TRY(put_element(page, err, "<span>", what, "</span></div>"));
cleanup:
  return status;
}

static void grouped(double value, char *text, size_t size)
{
  meso_tick_label(value, 1.0, false, text, size);
}

static meso_status put_spike_numbers(meso_bytes *page, const meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[64];
  double n_spikes = 0.0, size = 0.0, seconds = (spikes->t_stop_ms - spikes->t_start_ms) / 1000.0;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    n_spikes += (double) spikes->population[i].n_spikes;
    size += (double) spikes->population[i].size;
  }
  snprintf(text, sizeof text, "%.6g s", seconds);
  MESO_TRY(put_number(page, text, "recorded", err));
  grouped(n_spikes, text, sizeof text);
  MESO_TRY(put_number(page, text, "spikes", err));
  if (!(size > 0.0) || !(seconds > 0.0)) goto cleanup;
  snprintf(text, sizeof text, "%.2f spikes/s", n_spikes / size / seconds);
  MESO_TRY(put_number(page, text, "mean rate of all neurons, sources included", err));
cleanup:
  return status;
}

/* Largest standard deviation over time of any channel, after the discard; NaN if there is none. */
static double largest_deviation(const meso_figure_data *data, const meso_signal *signal)
{
  double largest = NAN;
  size_t first, n, m = signal->n_channels;
  meso_signal_window(data, signal, &first, &n);
  for (size_t c = 0; c < m; c++) {
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) mean += signal->data[(first + i) * m + c] / (double) n;
    for (size_t i = 0; i < n; i++)
      squares += pow(signal->data[(first + i) * m + c] - mean, 2.0) / (double) n;
    if (isfinite(squares)) largest = fmax(largest, sqrt(squares));
  }
  return largest;
}

static meso_status put_signal_numbers(meso_bytes *page, const meso_figure_data *data,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  char text[64];
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  const meso_signal *bold = meso_find_signal(data->bold, "bold");
  double deviation = lfp != NULL ? largest_deviation(data, lfp) : NAN;
  if (isfinite(deviation)) {
    snprintf(text, sizeof text, "%.3g %s", deviation, lfp->units);
    MESO_TRY(put_number(page, text, "LFP, largest standard deviation of a contact", err));
  }
  if (bold == NULL) goto cleanup;
  bool fraction = strcmp(bold->units, "1") == 0;
  double peak = meso_largest(bold->n_times * bold->n_channels, bold->data);
  snprintf(text, sizeof text, "%.3g %s", fraction ? 100.0 * peak : peak,
           fraction ? "%" : bold->units);
  MESO_TRY(put_number(page, text, "BOLD, largest change of a region", err));
cleanup:
  return status;
}

static meso_status put_numbers(meso_bytes *page, const meso_figure_data *data, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[64];
  if (data == NULL) return MESO_OK;
  MESO_TRY(put(page, err, "<div class=\"numbers\" id=\"numbers\">"));
  if (data->model != NULL) {
    grouped((double) data->model->n_neurons, text, sizeof text);
    MESO_TRY(put_number(page, text, "neurons", err));
    grouped((double) data->model->n_synapses, text, sizeof text);
    MESO_TRY(put_number(page, text, "synapses", err));
  }
  if (data->spikes != NULL) MESO_TRY(put_spike_numbers(page, data->spikes, err));
  MESO_TRY(put_signal_numbers(page, data, err));
  MESO_TRY(put(page, err, "</div>\n"));
cleanup:
  return status;
}

/* Mean rate: of the analysis (which leaves out the start), else of all spikes; NaN if unknown. */
static double mean_rate(const meso_figure_data *data, const meso_spike_population *p)
{
  const meso_array *rate = meso_find_array(data, "/statistics/%s/rate_Hz", p->name);
  double sum = 0.0, seconds = (data->spikes->t_stop_ms - data->spikes->t_start_ms) / 1000.0;
  size_t n = 0;
  if (rate == NULL || rate->data == NULL)
    return p->size > 0 && seconds > 0.0 ? (double) p->n_spikes / (double) p->size / seconds : NAN;
  for (size_t i = 0; i < meso_array_count(rate); i++)
    if (isfinite(rate->data[i])) {
      sum += rate->data[i];
      n++;
    }
  return n > 0 ? sum / (double) n : NAN;
}

static meso_status put_rate_row(meso_bytes *page, const meso_figure_data *data,
                                const meso_spike_population *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_population *model = meso_population_of(data, p->name);
  bool has_reference = model != NULL && model->model != MESO_NEURON_POISSON
                       && model->full_mean_rate_Hz > 0.0;
  double rate = mean_rate(data, p), reference = has_reference ? model->full_mean_rate_Hz : NAN;
  char cell[5][64] = { "", "", "\u2013", "\u2013", "\u2013" };
  grouped((double) p->size, cell[0], sizeof cell[0]);
  grouped((double) p->n_spikes, cell[1], sizeof cell[1]);
  if (isfinite(rate)) snprintf(cell[2], sizeof cell[2], "%.2f", rate);
  if (has_reference) snprintf(cell[3], sizeof cell[3], "%.2f", reference);
  if (has_reference && isfinite(rate))
    snprintf(cell[4], sizeof cell[4], "%s%.1f %%", rate < reference ? "\u2212" : "+",
             fabs(100.0 * (rate / reference - 1.0)));
  MESO_TRY(put_element(page, err, "<tr><th scope=\"row\">", p->name, "</th>"));
  for (size_t i = 0; i < 5; i++)
    MESO_TRY(put_element(page, err, "<td class=\"n\">", cell[i], "</td>"));
  MESO_TRY(put(page, err, "</tr>\n"));
cleanup:
  return status;
}

static meso_status put_rates(meso_bytes *page, const meso_figure_data *data, meso_err *err)
{
  meso_status status = MESO_OK;
  if (data == NULL || data->spikes == NULL || data->spikes->n_populations == 0) return MESO_OK;
  MESO_TRY(put(page, err, "<h2 id=\"rates\">Rates of the populations</h2><div class=\"wide\">"
                          "<table><thead><tr><th>Population</th><th class=\"n\">Neurons</th>"
                          "<th class=\"n\">Spikes</th><th class=\"n\">Mean rate (spikes/s)</th>"
                          "<th class=\"n\">Model file (spikes/s)</th>"
                          "<th class=\"n\">Difference</th></tr></thead><tbody>\n"));
  for (size_t i = 0; i < data->spikes->n_populations; i++)
    MESO_TRY(put_rate_row(page, data, &data->spikes->population[i], err));
  MESO_TRY(put(page, err, "</tbody></table></div>\n"));
cleanup:
  return status;
}

static meso_status put_notes(meso_bytes *page, const meso_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  if (report->n_notes == 0) return MESO_OK;
  MESO_TRY(put(page, err, "<h2 id=\"notes\">Notes</h2><ul>"));
  for (size_t i = 0; i < report->n_notes; i++)
    MESO_TRY(put_element(page, err, "<li>", report->note[i], "</li>"));
  MESO_TRY(put(page, err, "</ul>\n"));
cleanup:
  return status;
}

static meso_status put_comparison(meso_bytes *page, const meso_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  if (report->n_rows == 0) return MESO_OK;
  MESO_TRY(put(page, err, "<h2 id=\"comparison\">Predicted and measured</h2><div class=\"wide\">"
                          "<table><thead><tr><th>Quantity</th><th>Predicted</th><th>Measured</th>"
                          "<th>Preparation</th><th>DOI</th><th>Certainty</th><th>Verdict</th></tr>"
                          "</thead><tbody>\n"));
  for (size_t i = 0; i < report->n_rows; i++) {
    const meso_comparison_row *row = &report->row[i];
    const char *cell[7] = { row->quantity, row->predicted, row->measured, row->preparation,
                            row->doi, row->certainty, row->verdict };
    MESO_TRY(put(page, err, "<tr>"));
    for (size_t k = 0; k < 7; k++) MESO_TRY(put_element(page, err, "<td>", cell[k], "</td>"));
    MESO_TRY(put(page, err, "</tr>\n"));
  }
  MESO_TRY(put(page, err, "</tbody></table></div>\n"));
cleanup:
  return status;
}

static meso_status put_figure(meso_bytes *page, const meso_figure_ops *figure,
                              const meso_figure_data *data, meso_err *err)
{
  meso_status status = MESO_OK;
  char *svg = NULL;
  MESO_TRY(meso_figure_svg(figure, data, &svg, NULL, err));
  MESO_TRY(put_element(page, err, "<figure id=\"figure-", figure->name, "\"><div class=\"card\">"));
  MESO_TRY(put_element(page, err, "<svg role=\"img\" aria-label=\"", figure->title, "\""));
  MESO_TRY(put(page, err, svg + strlen("<svg")));
  MESO_TRY(put_element(page, err, "</div><figcaption>", figure->title, "</figcaption></figure>\n"));
cleanup:
  free(svg);
  return status;
}

/* The model in the tables of Nordlie et al. 2009. */
static meso_status put_description(meso_bytes *page, const meso_figure_data *data, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_description *description = NULL;
  char *text = NULL;
  if (data == NULL || data->model == NULL) goto cleanup;
  MESO_TRY(meso_describe(data->model, &description, err));
  text = meso_description_text(description, MESO_TEXT_HTML);
  if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the tables of the model");
  MESO_TRY(put(page, err, "<h2 id=\"description\">Description of the model</h2>\n"));
  MESO_TRY(put(page, err, text));
cleanup:
  free(text);
  meso_description_destroy(description);
  return status;
}

static meso_status put_table(meso_bytes *page, const meso_report_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(put_element(page, err, "<h2 id=\"", t->id, "\">"));
  MESO_TRY(put_element(page, err, "", t->title, "</h2><div class=\"wide\"><table><thead><tr>"));
  for (size_t i = 0; i < t->n_columns; i++)
    MESO_TRY(put_element(page, err, i < t->n_names ? "<th>" : "<th class=\"n\">", t->head[i],
                         "</th>"));
  MESO_TRY(put(page, err, "</tr></thead><tbody>\n"));
  for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
    if (i % t->n_columns == 0) MESO_TRY(put(page, err, "<tr>"));
    MESO_TRY(put_element(page, err, i % t->n_columns < t->n_names ? "<td>" : "<td class=\"n\">",
                         t->cell[i], "</td>"));
    if ((i + 1) % t->n_columns == 0) MESO_TRY(put(page, err, "</tr>\n"));
  }
  MESO_TRY(put(page, err, "</tbody></table></div>\n"));
cleanup:
  return status;
}

static meso_status put_provenance(meso_bytes *page, const meso_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  if (report->n_facts == 0) return MESO_OK;
  MESO_TRY(put(page, err, "<h2 id=\"provenance\">Provenance</h2><div class=\"wide\"><table>"
                          "<tbody>\n"));
  for (size_t i = 0; i < report->n_facts; i++) {
    MESO_TRY(put_element(page, err, "<tr><th scope=\"row\">", report->fact[i][0], "</th>"));
    MESO_TRY(put_element(page, err, "<td>", report->fact[i][1], "</td></tr>\n"));
  }
  MESO_TRY(put(page, err, "</tbody></table></div>\n"));
cleanup:
  return status;
}

meso_status meso_report_write(const char *path, const meso_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_bytes page = { NULL, 0, 0 };
  MESO_TRY(put_head(&page, report, err));
  MESO_TRY(put_numbers(&page, report->data, err));
  MESO_TRY(put_contents(&page, report, err));
  MESO_TRY(put_notes(&page, report, err));
  MESO_TRY(put_rates(&page, report->data, err));
  MESO_TRY(put_comparison(&page, report, err));
  for (size_t i = 0; report->data != NULL && i < meso_figure_count(); i++)
    if (meso_figure_at(i)->available(report->data))
      MESO_TRY(put_figure(&page, meso_figure_at(i), report->data, err));
  MESO_TRY(put_description(&page, report->data, err));
  for (size_t i = 0; i < report->n_tables; i++)
    MESO_TRY(put_table(&page, &report->table[i], err));
  MESO_TRY(put_provenance(&page, report, err));
  MESO_TRY(put(&page, err, "</body></html>\n"));
  if (page.n > MESO_REPORT_LIMIT)
    MESO_FAIL(err, MESO_EBUG, "%s: the report would be %zu bytes, more than 10 MB", path, page.n);
  MESO_TRY(meso_file_write(path, page.data, page.n, err));
cleanup:
  free(page.data);
  return status;
}
