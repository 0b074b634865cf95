/* meso_figure.c: looks entries up in the list that the Makefile's rows generate; saves figures. */
#include "meso_canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"
#include "meso_registry.h"

#define MESO_FIG(id) extern const meso_figure_ops meso_fig_##id;
#include "meso_fig_list.inc"
#undef MESO_FIG

static const meso_figure_ops *const figure_table[] = {
#define MESO_FIG(id) &meso_fig_##id,
#include "meso_fig_list.inc"
#undef MESO_FIG
  NULL
};

MESO_REGISTRY(meso_figure, meso_figure_ops, figure_table)

static meso_status draw_figure(const meso_figure_ops *figure, const meso_figure_data *data,
                               meso_canvas_format format, const char *provenance,
                               meso_bytes *bytes, meso_figure_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_canvas *canvas = NULL;
  meso_bytes drawn = { NULL, 0, 0 };
  char prefix[64];
  if (!figure->available(data))
    MESO_FAIL(err, MESO_ENOTFOUND, "figure %s: the data it needs are not there", figure->name);
  MESO_TRY(meso_canvas_create(format, figure->width_mm, figure->height_mm, &canvas, err));
  MESO_TRY(figure->draw(data, canvas, err));
  MESO_TRY(meso_canvas_finish(canvas, figure->title, provenance,
                              format == MESO_CANVAS_SVG ? &drawn : bytes, err));
  snprintf(prefix, sizeof prefix, "%s-", figure->name);
  if (format == MESO_CANVAS_SVG) MESO_TRY(meso_svg_renumber(&drawn, prefix, bytes, err));
  if (report != NULL) *report = *meso_canvas_report(canvas);
cleanup:
  free(drawn.data);
  meso_canvas_destroy(canvas);
  return status;
}

static bool append_escaped(meso_bytes *bytes, const char *text)
{
  bool fine = true;
  for (const char *p = text; fine && *p != '\0'; p++) {
    const char *entity = *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : *p == '&' ? "&amp;" : NULL;
    bool control = (unsigned char) *p < 0x20 && *p != '\n' && *p != '\t';
    if (entity != NULL) fine = meso_bytes_append(bytes, entity, strlen(entity));
    else if (!control) fine = meso_bytes_append(bytes, p, 1);
  }
  return fine;
}

/* A file of its own: prolog, and provenance as metadata after the root's start tag. */
static meso_status frame_svg(const meso_bytes *svg, const char *provenance, meso_bytes *file,
                             meso_err *err)
{
  static const char prolog[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  meso_status status = MESO_OK;
  const char *text = (const char *) svg->data;
  size_t head = strcspn(text, ">") + 1;
  bool fine = meso_bytes_append(file, prolog, sizeof prolog - 1)
              && meso_bytes_append(file, text, head);
  if (provenance != NULL)
    fine = fine && meso_bytes_append(file, "\n<metadata>", 11) && append_escaped(file, provenance)
           && meso_bytes_append(file, "</metadata>", 11);
  fine = fine && meso_bytes_append(file, text + head, svg->n - head);
  if (!fine) MESO_FAIL(err, MESO_ENOMEM, "cannot hold a figure of %zu bytes", svg->n);
cleanup:
  return status;
}

meso_status meso_figure_save(const meso_figure_ops *figure, const meso_figure_data *data,
                             const char *path, const char *provenance, meso_figure_report *report,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  meso_bytes bytes = { NULL, 0, 0 }, file = { NULL, 0, 0 };
  const char *ending = strrchr(path, '.');
  if (ending == NULL) ending = "";
  if (strcmp(ending, ".svg") == 0) {
    MESO_TRY(draw_figure(figure, data, MESO_CANVAS_SVG, provenance, &bytes, report, err));
    MESO_TRY(frame_svg(&bytes, provenance, &file, err));
    MESO_TRY(meso_file_write(path, file.data, file.n, err));
  } else if (strcmp(ending, ".pdf") == 0 || strcmp(ending, ".png") == 0) {
    meso_canvas_format format = ending[2] == 'd' ? MESO_CANVAS_PDF : MESO_CANVAS_PNG;
    MESO_TRY(draw_figure(figure, data, format, provenance, &bytes, report, err));
    MESO_TRY(meso_file_write(path, bytes.data, bytes.n, err));
  } else {
    MESO_FAIL(err, MESO_EINVAL, "%s: a figure's file ends in .svg, .pdf or .png", path);
  }
cleanup:
  free(bytes.data);
  free(file.data);
  return status;
}

meso_status meso_figure_svg(const meso_figure_ops *figure, const meso_figure_data *data,
                            char **ret_svg, meso_figure_report *report, meso_err *err)
{
  meso_bytes bytes = { NULL, 0, 0 };
  meso_status status = draw_figure(figure, data, MESO_CANVAS_SVG, NULL, &bytes, report, err);
  if (status != MESO_OK) free(bytes.data);
  *ret_svg = status == MESO_OK ? (char *) bytes.data : NULL;
  return status;
}
