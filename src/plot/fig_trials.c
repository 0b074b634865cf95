/* fig_trials.c: responses in trials, and signal and noise correlations of pairs. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESPONSE, HISTOGRAM, DISTANCE, N_PANELS };

typedef struct panels {
  const meso_figure_data *data;
  double *centres[N_PANELS], *share;
  double *centre;               /* of the classes that the panel in hand has */
  size_t n, n_curves;
  bool has_signal;              /* signal correlations */
  const char *what;             /* "noise", "signal" */
  meso_lines lines[N_PANELS];
} panels;

/* Middles of n + 1 edges. */
static bool find_centres(panels *x, size_t panel, const meso_array *edges, meso_err *err)
{
  x->n = edges != NULL && meso_array_count(edges) > 1 ? meso_array_count(edges) - 1 : 0;
  x->centre = x->centres[panel] = meso_calloc(x->n + 1, sizeof *x->centre);
  if (x->centre == NULL)
    (void) meso_err_set(err, MESO_ENOMEM, __FILE__, __LINE__, "cannot allocate a figure");
  for (size_t k = 0; k < x->n && x->centre != NULL; k++)
    x->centre[k] = 0.5 * (edges->data[k] + edges->data[k + 1]);
  return x->centre != NULL;
}

/* A curve for each condition, paler from one to the next. */
static void add_response(void *user, const char *group, const meso_array *array)
{
  panels *x = user;
  if (array->n_dims != 2 || array->dims[1] != x->n) return;
  const meso_rgb color = meso_population_color(x->data, group);
  for (size_t c = array->dims[0]; c-- > 0;) { /* the first above the others */
    const double share = (double) c / (double) array->dims[0];
    meso_lines_add(&x->lines[RESPONSE], c == 0 ? group : "", x->n, x->centre,
                   array->data + c * x->n,
                   (meso_stroke) { meso_paler(color, 0.8 * share), 1.2 - 0.4 * share, false });
  }
}

/* Distributions over the pairs within a population: noise solid, signal dashed. */
static void add_histogram(void *user, const char *group, const meso_array *array)
{
  panels *x = user;
  const bool is_noise = strcmp(x->what, "noise") == 0;
  char path[160];
  (void) snprintf(path, sizeof path, "/trials/%s/%s", x->what, group);
  const double n = meso_attrs_number(meso_group_attrs(x->data, path), "n_pairs", 0.0);
  double *share = x->share + x->n_curves * x->n;
  if (strstr(group, "_x_") != NULL || meso_array_count(array) != x->n || !(n > 0.0)) return;
  x->has_signal |= !is_noise;
  if (x->n_curves == MESO_MOST_CURVES) {
    x->lines[HISTOGRAM].n_left_out += is_noise;
    return;
  }
  for (size_t k = 0; k < x->n; k++) { /* empty classes only beside others */
    const bool beside = (k > 0 && array->data[k - 1] > 0.0)
                        || (k + 1 < x->n && array->data[k + 1] > 0.0);
    share[k] = array->data[k] > 0.0 || beside ? array->data[k] / n : NAN;
  }
  meso_lines_add(&x->lines[HISTOGRAM], is_noise ? group : "", x->n, x->centre, share,
                 (meso_stroke) { meso_population_color(x->data, group), 1.0, !is_noise });
  x->n_curves++;
}

static void add_distance(void *user, const char *group, const meso_array *array)
{
  panels *x = user;
  const bool is_noise = strcmp(x->what, "noise") == 0;
  if (strstr(group, "_x_") != NULL || strcmp(group, "all") == 0) return;
  if (meso_array_count(array) != x->n) return;
  meso_lines_add(&x->lines[DISTANCE], is_noise ? group : "", x->n, x->centre, array->data,
                 (meso_stroke) { meso_population_color(x->data, group), 1.0, !is_noise });
}

static const meso_array *edges_of(const meso_figure_data *data, const char *name)
{
  const meso_result *r = data->analysis;
  for (size_t i = 0; r != NULL && i < r->n; i++) {
    const char *path = r->array[i].path, *last = strrchr(path, '/');
    if (strncmp(path, "/trials/noise/", 14) == 0 && strcmp(last + 1, name) == 0 &&
        r->array[i].data != NULL)
      return &r->array[i];
  }
  return NULL;
}

static bool is_available(const meso_figure_data *data)
{
  return meso_find_array(data, "/trials/psth_edges_ms") != NULL &&
         edges_of(data, "bin_edges") != NULL;
}

/* "c 1, c 2, c 3", as many as there is room for. */
static void name_conditions(const meso_figure_data *data, char *text, size_t size)
{
  const meso_array *names = meso_find_array(data, "/trials/conditions");
  size_t used = 0;
  text[0] = '\0';
  for (size_t c = 0; names != NULL && names->text != NULL && c < meso_array_count(names); c++) {
    const bool fits = used + strlen(names->text[c]) + 6 < size;
    used += (size_t) snprintf(text + used, size - used, "%s%s", c > 0 ? ", " : "",
                              fits ? names->text[c] : "\u2026");
    if (!fits) return;
  }
}

static void draw_note(const panels *x, meso_canvas *canvas)
{
  const meso_attrs *a = meso_group_attrs(x->data, "/trials");
  const char *why = meso_attrs_text(meso_group_attrs(x->data, "/trials/signal"), "undefined");
  const double y = meso_canvas_height(canvas) - 6.0;
  const double n = meso_attrs_number(a, "n_conditions", NAN);
  char conditions[96];
  name_conditions(x->data, conditions, sizeof conditions);
  meso_canvas_note(canvas, 46.0, y - 10.0,
                   "%g trials of %g condition%s%s, counts from %g to %g ms",
                   meso_attrs_number(a, "n_trials", NAN), n, n == 1.0 ? "" : "s, dark to pale: ",
                   n == 1.0 ? "" : conditions, meso_attrs_number(a, "window_start_ms", NAN),
                   meso_attrs_number(a, "window_stop_ms", NAN));
  if (x->has_signal)
    meso_canvas_note(canvas, 46.0, y, "solid: noise, dashed: signal correlations");
  else
    meso_canvas_note(canvas, 46.0, y, "solid: noise correlations \u2003 no signal correlations: %s",
                     why != NULL ? why : "no pair has one");
}

/* One panel; all are as high as the longest legend leaves them. */
static void draw_panel(panels *x, meso_canvas *canvas, size_t i, size_t n_panels)
{
  meso_box box = meso_canvas_cell(canvas, 0, 1, i, n_panels, 14.0);
  double legend = 0.0;
  for (size_t k = 0; k < N_PANELS; k++)
    legend = fmax(legend, meso_lines_legend(canvas, box.w, &x->lines[k]));
  box.h -= legend + 22.0;
  meso_lines_draw(canvas, box, &x->lines[i]);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  static const char *const kind[2] = {"/trials/noise", "/trials/signal"};
  meso_status status = MESO_OK;
  const meso_array *distance = edges_of(data, "distance_edges_um");
  const meso_array *bins = edges_of(data, "bin_edges");
  const size_t n_panels = distance != NULL ? N_PANELS : N_PANELS - 1;
  panels x = { .data = data };
  x.lines[RESPONSE] = meso_lines_make("Mean responses", "time after the onset (ms)",
                                      "rate (spikes/s)");
  x.lines[HISTOGRAM] = meso_lines_make("Pairs of a population", "correlation coefficient",
                                       "share of pairs");
  x.lines[DISTANCE] = meso_lines_make("Against distance", "distance (\u00b5m)",
                                      "mean correlation coefficient");
  x.lines[RESPONSE].x_guide = x.lines[HISTOGRAM].x_guide = x.lines[DISTANCE].y_guide = 0.0;
  MESO_ALLOC(err, x.share, MESO_MOST_CURVES * meso_array_count(bins));
  for (size_t i = 0; i < n_panels; i++) {
    const meso_array *edges = i == RESPONSE ? meso_find_array(data, "/trials/psth_edges_ms")
                                            : i == HISTOGRAM ? bins : distance;
    if (!find_centres(&x, i, edges, err)) { status = MESO_ENOMEM; goto cleanup; }
    if (i == RESPONSE)
      meso_lines_each(data, "/trials/response", "rate_Hz", add_response, &x);
    for (int k = 0; k < 2 && i != RESPONSE; k++) {
      x.what = kind[k] + sizeof "/trials/" - 1;
      meso_lines_each(data, kind[k], i == HISTOGRAM ? "histogram" : "distance_mean",
                      i == HISTOGRAM ? add_histogram : add_distance, &x);
    }
  }
  for (size_t i = 0; i < n_panels; i++) draw_panel(&x, canvas, i, n_panels);
  draw_note(&x, canvas);
cleanup:
  for (size_t i = 0; i < N_PANELS; i++) free(x.centres[i]);
  free(x.share);
  return status;
}

const meso_figure_ops meso_fig_trials = {
  "trials", "Mean responses of populations in trials, by condition, and the noise and signal "
            "correlations of their pairs.",
  180.0, 90.0, is_available, draw
};
