/* cmd_plot.c: one figure of one or several files; the kind of each file says what it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_cells.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_plot.h"

typedef struct options { char *figure, *model; } options;

static const meso_param rows[] = {
  { .key = "figure", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, figure),
    .help = "which figure; default: the first that the first file allows" },
  { .key = "model", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, model), .help = "model file: layers, names, network diagram" },
  { .key = NULL },
};

/* What the files hold; the figure data borrow it. */
typedef struct contents {
  meso_model *model;
  meso_spikes *spikes;
  meso_signals *lfp, *currents, *bold;
  meso_result *analysis, *ensemble, *kernels;
  mesoi_cells cells;
} contents;

static void contents_clear(contents *c)
{
  mesoi_cells_clear(&c->cells);
  meso_model_destroy(c->model);
  meso_spikes_destroy(c->spikes);
  meso_signals_destroy(c->lfp);
  meso_signals_destroy(c->currents);
  meso_signals_destroy(c->bold);
  meso_result_destroy(c->analysis);
  meso_result_destroy(c->ensemble);
  meso_result_destroy(c->kernels);
}

static meso_figure_data data_of(const contents *c)
{
  return (meso_figure_data) { .model = c->model, .spikes = c->spikes, .lfp = c->lfp,
                              .currents = c->currents, .bold = c->bold,
                              .analysis = c->analysis, .ensemble = c->ensemble,
                              .kernels = c->kernels, .n_cells = c->cells.n,
                              .cell = c->cells.cell };
}

static meso_status load_model(const meso_cli *cli, const char *path, contents *c, meso_err *err)
{
  meso_status status = MESO_OK;
  if (c->model != NULL) MESO_FAIL(err, MESO_EUSAGE, "plot: %s: a second model file", path);
  MESO_TRY(meso_model_read(path, cli->n_sets, cli->sets, &c->model, err));
cleanup:
  return status;
}

static meso_status load_signals(const char *path, const char *kind, meso_signals **to,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  if (*to != NULL) MESO_FAIL(err, MESO_EUSAGE, "plot: %s: a second file of kind %s", path, kind);
  MESO_TRY(meso_signals_read(path, to, err));
cleanup:
  return status;
}

static meso_status load_result(const char *path, const char *kind, meso_result **to,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  if (*to != NULL) MESO_FAIL(err, MESO_EUSAGE, "plot: %s: a second file of kind %s", path, kind);
  MESO_TRY(meso_result_read(path, to, err));
cleanup:
  return status;
}

/** Signals of a recording are drawn as an LFP. */
static meso_status load_recording(const meso_cli *cli, const char *path, contents *c, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  meso_signals *signals = NULL;
  MESO_TRY(mesoi_recording_read(cli, path, &spikes, &signals, err));
  if ((spikes != NULL && c->spikes != NULL) || (signals != NULL && c->lfp != NULL))
    MESO_FAIL(err, MESO_EUSAGE, "plot: %s: a second file of spikes or signals", path);
  if (spikes != NULL) c->spikes = spikes;
  if (signals != NULL) c->lfp = signals;
  spikes = NULL;
  signals = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  meso_signals_destroy(signals);
  return status;
}

static meso_status load(const meso_cli *cli, const char *path, contents *c, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64];
  if (mesoi_is_model_name(path)) {
    status = load_model(cli, path, c, err);
    goto cleanup;
  }
  if (mesoi_is_recording(path)) {
    status = load_recording(cli, path, c, err);
    goto cleanup;
  }
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  if (strcmp(kind, "spikes") == 0) {
    if (c->spikes != NULL) MESO_FAIL(err, MESO_EUSAGE, "plot: %s: a second spike file", path);
    MESO_TRY(mesoi_spikes_read(cli, path, &c->spikes, err));
  } else if (strcmp(kind, "lfp") == 0) {
    MESO_TRY(load_signals(path, kind, &c->lfp, err));
  } else if (strcmp(kind, "currents") == 0) {
    MESO_TRY(load_signals(path, kind, &c->currents, err));
  } else if (strcmp(kind, "bold") == 0) {
    MESO_TRY(load_signals(path, kind, &c->bold, err));
  } else if (strcmp(kind, "analysis") == 0) {
    MESO_TRY(load_result(path, kind, &c->analysis, err));
  } else if (strcmp(kind, "ensemble") == 0) {
    MESO_TRY(load_result(path, kind, &c->ensemble, err));
  } else if (strcmp(kind, "kernels") == 0) {
    MESO_TRY(load_result(path, kind, &c->kernels, err));
  } else {
    MESO_FAIL(err, MESO_EFORMAT, "%s: kind \"%s\": no figure draws it; there are figures of "
              "spikes, lfp, currents, bold, analysis, ensemble and kernel files", path, kind);
  }
cleanup:
  return status;
}

static meso_status named_figure(const char *name, const meso_figure_ops **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *names[64];
  size_t n = 0;
  for (; n < meso_figure_count() && n < 64; n++) names[n] = meso_figure_at(n)->name;
  *ret = meso_figure_by_name(name);
  if (*ret == NULL) {
    const char *near = mesoi_nearest(name, n, names);
    MESO_FAIL(err, MESO_EUSAGE, "plot: --figure %s: no such figure%s%s (see mesocast models)", name,
              near != NULL ? "; did you mean " : "", near != NULL ? near : "");
  }
cleanup:
  return status;
}

/* The first figure that needs the data of the first file; a figure of the model alone does not. */
static const meso_figure_ops *first_figure(const meso_figure_data *data)
{
  const meso_figure_data model_only = { .model = data->model };
  const meso_figure_ops *fallback = NULL;
  for (size_t i = 0; i < meso_figure_count(); i++) {
    const meso_figure_ops *f = meso_figure_at(i);
    if (!f->available(data)) continue;
    if (!f->available(&model_only)) return f;
    if (fallback == NULL) fallback = f;
  }
  return fallback;
}

static meso_status choose(const options *o, const mesoi_positionals *args, const contents *c,
                          const meso_figure_ops **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_figure_data data = data_of(c);
  if (o->figure[0] != '\0') MESO_TRY(named_figure(o->figure, ret, err));
  else *ret = first_figure(&data);
  if (*ret == NULL || !(*ret)->available(&data))
    MESO_FAIL(err, MESO_EFORMAT, "%s: not the data for %s%s", args->v[0],
              *ret != NULL ? "figure " : "any figure", *ret != NULL ? (*ret)->name : "");
cleanup:
  return status;
}

static bool has_figure_ending(const char *path)
{
  const char *dot = strrchr(path, '.');
  return dot != NULL && (strcmp(dot, ".png") == 0 || strcmp(dot, ".svg") == 0 ||
                         strcmp(dot, ".pdf") == 0);
}

/** The other figures need no morphologies. */
static bool draws_cells(const char *figure)
{
  return strcmp(figure, "probe") == 0 || strcmp(figure, "morphologies") == 0;
}

static meso_status plot(const meso_cli *cli, const options *o, const mesoi_positionals *args,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  contents c = { .model = NULL };
  const meso_figure_ops *figure = NULL;
  meso_figure_report report = { .n_marks = 0 };
  MESO_TRY(mesoi_need_output(cli, "plot", err));
  if (!has_figure_ending(cli->output))
    MESO_FAIL(err, MESO_EUSAGE, "plot: -o %s: must end in .png, .svg or .pdf", cli->output);
  if (o->model[0] != '\0') MESO_TRY(load_model(cli, o->model, &c, err));
  for (size_t i = 0; i < args->n; i++) MESO_TRY(load(cli, args->v[i], &c, err));
  if (cli->n_sets > 0 && c.model == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "plot: --set and --seed need a model file");
  if (c.model != NULL && draws_cells(o->figure))
    MESO_TRY(mesoi_cells_read(c.model, c.model->path, &c.cells, err));
  MESO_TRY(choose(o, args, &c, &figure, err));
  const meso_figure_data data = data_of(&c);
  MESO_TRY(meso_figure_save(figure, &data, cli->output, cli->command_line, &report, err));
  mesoi_say(cli, "%s: %s, %zu marks\n", cli->output, figure->name, report.n_marks);
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_text(cli, "figure", figure->name);
  mesoi_answer_count(cli, "n_marks", report.n_marks);
  mesoi_answer_count(cli, "n_labels", report.n_labels);
cleanup:
  contents_clear(&c);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .figure = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "plot", 1, &set, 1, 16, &args, err));
  MESO_TRY(plot(cli, &o, &args, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_plot = {
  .name = "plot", .usage = "plot FILE... [--figure NAME] [--model MODEL.yaml] -o FIG.png|svg|pdf",
  .summary = "draw a figure of spikes, signals or an analysis", .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_OUTPUT,
};
