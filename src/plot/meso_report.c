/* meso_report.c: the HTML report: one file that needs nothing else, prints well and follows the
 * reader's light or dark scheme. Figures are inline SVG on white cards. */
#include "meso_canvas.h"

#include <stdlib.h>
#include <string.h>

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
  if (report->n_rows > 0)
    MESO_TRY(put(page, err, "<li><a href=\"#comparison\">Predicted and measured</a></li>"));
  for (size_t i = 0; report->data != NULL && i < meso_figure_count(); i++) {
    const meso_figure_ops *figure = meso_figure_at(i);
    if (!figure->available(report->data)) continue;
    MESO_TRY(put_element(page, err, "<li><a href=\"#figure-", figure->name, "\">"));
    MESO_TRY(put_element(page, err, "", figure->name, "</a></li>"));
  }
  if (report->n_facts > 0)
    MESO_TRY(put(page, err, "<li><a href=\"#provenance\">Provenance</a></li>"));
  MESO_TRY(put(page, err, "</ol></nav>\n"));
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
  MESO_TRY(put_contents(&page, report, err));
  MESO_TRY(put_notes(&page, report, err));
  MESO_TRY(put_comparison(&page, report, err));
  for (size_t i = 0; report->data != NULL && i < meso_figure_count(); i++)
    if (meso_figure_at(i)->available(report->data))
      MESO_TRY(put_figure(&page, meso_figure_at(i), report->data, err));
  MESO_TRY(put_provenance(&page, report, err));
  MESO_TRY(put(&page, err, "</body></html>\n"));
  if (page.n > MESO_REPORT_LIMIT)
    MESO_FAIL(err, MESO_EBUG, "%s: the report would be %zu bytes, more than 10 MB", path, page.n);
  MESO_TRY(meso_bytes_save(&page, path, err));
cleanup:
  free(page.data);
  return status;
}
