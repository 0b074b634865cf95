/* cmd_bold.c: BOLD, in two ways:
 *   of a model, from any spikes of its populations: currents through its wiring, drive, balloon;
 *   from a drive file, which is z itself: no baseline, no gain, no filter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "meso_bold.h"
#include "meso_drive.h"
#include "meso_forward.h"
#include "meso_nifti.h"
#include "meso_scanner.h"
#include "meso_signal_table.h"

/* The scanner's parameters come first, so that their rows fit this struct as well. */
typedef struct options {
  meso_scanner_params scanner;
  char *model, *spikes, *lfp, *nifti, *atlas, *task, *table;
  double tr_s, dt_s, baseline, gain, base_start_s, base_stop_s;
  bool nifti2, compare_drives;
} options;

static const meso_param rows[] = {
  { .key = "spikes", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, spikes), .help = "spikes of the model's populations (SONATA)" },
  { .key = "lfp", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, lfp),
    .help = "LFP of the same spikes, for bold.drive = lfp_power" },
  { .key = "compare_drives", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, compare_drives),
    .help = "BOLD of every bold.drive that spikes and LFP allow, side by side" },
  { .key = "model", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, model),
    .help = "forward model (see mesocast models); default: the model file's, else friston2003" },
  { .key = "tr_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e6,
    .default_text = "0", .offset = offsetof(options, tr_s),
    .help = "repetition time; 0: the model file's, else 2 s" },
  { .key = "dt_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e3,
    .default_text = "0", .offset = offsetof(options, dt_s),
    .help = "step of a bare drive; 0: the file's dt, dt_s or dt_drive_s" },
  { .key = "gain", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = -1e6, .max = 1e6,
    .default_text = "1", .offset = offsetof(options, gain),
    .help = "of a series that is not a drive yet: z = gain (x / x_base - 1)" },
  { .key = "base_start_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e9,
    .default_text = "0", .offset = offsetof(options, base_start_s),
    .help = "start of the interval that gives its x_base" },
  { .key = "base_stop_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e9,
    .default_text = "0", .offset = offsetof(options, base_stop_s),
    .help = "its end; 0: the series is the drive z" },
  { .key = "nifti", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, nifti),
    .help = "also an image (.nii, .nii.gz) with a BIDS-style .json beside it" },
  { .key = "atlas", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, atlas),
    .help = "image of labels 1, 2, ... that the regions are painted into" },
  { .key = "task", .type = MESO_PARAM_STRING, .unit = "", .default_text = "simulation",
    .offset = offsetof(options, task), .help = "TaskName of the image" },
  { .key = "baseline", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 1e9,
    .default_text = "0", .offset = offsetof(options, baseline),
    .help = "signal at rest in the image; 0: the image holds changes, as fractions" },
  { .key = "table", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, table),
    .help = "also a table (.csv, .tsv): time and a column for each region" },
  { .key = "nifti2", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, nifti2), .help = "NIfTI-2 also where NIfTI-1 would do" },
  MESO_SCANNER_ROWS
};

/* ---- from a drive -------------------------------------------------------------------------- */

static meso_status drive_step(const char *path, double given, double *ret, meso_err *err)
{
  static const char *const object[] = { "drive", "drive", "/", "/", "/" };
  static const char *const key[] = { "dt_s", "dt", "dt_drive_s", "dt_s", "dt" };
  meso_status status = MESO_OK;
  *ret = given;
  for (size_t i = 0; i < 5 && !(*ret > 0); i++)
    if (meso_h5_read_number(path, object[i], key[i], ret, NULL) != MESO_OK) *ret = 0;
  if (!(*ret > 0))
    MESO_FAIL(err, MESO_EFORMAT, "%s: no step of the drive (attribute dt_s or dt); give --dt-s",
              path);
cleanup:
  return status;
}

/* Time is the axis that "axes" names, else the longer one. */
static bool time_is_last(const char *path, const size_t dims[2])
{
  char *axes = NULL;
  bool last = dims[1] > dims[0];
  if (meso_h5_read_text(path, "drive", "axes", &axes, NULL) == MESO_OK && axes != NULL)
    last = strncmp(axes, "time", 4) != 0;
  free(axes);
  return last;
}

static meso_status read_drive(const char *path, double dt_s, meso_signals *to, meso_err *err)
{
  meso_status status = MESO_OK;
  double *data = NULL;
  size_t n_dims = 0, dims[4] = { 0 };
  meso_signal *drive = NULL;
  MESO_TRY(meso_h5_read_doubles(path, "drive", &n_dims, dims, &data, err));
  if (n_dims == 1) { dims[1] = dims[0]; dims[0] = 1; }
  else if (n_dims != 2)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /drive has %zu axes, not 2", path, n_dims);
  MESO_TRY(drive_step(path, dt_s, &dt_s, err));
  const bool last = n_dims == 1 || time_is_last(path, dims);
  const size_t n = last ? dims[1] : dims[0], m = last ? dims[0] : dims[1];
  MESO_TRY(meso_signals_add(to, "drive", "1", n, m, 1 / dt_s, 0, &drive, err));
  for (size_t t = 0; t < n; t++)
    for (size_t c = 0; c < m; c++)
      drive->data[t * m + c] = last ? data[c * n + t] : data[t * m + c];
cleanup:
  free(data);
  return status;
}

/** A drive in memory (a bare one, or one that is made of a series here), or in slabs of a file. */
typedef struct source { meso_signals *signals; meso_series_file *file; meso_series series; } source;

static void source_clear(source *s)
{
  meso_signals_destroy(s->signals);
  meso_series_close(s->file);
}

/** A series in another format than ours: called "drive", or the only one. */
static meso_status load_recording(const meso_cli *cli, const char *path, const options *o,
                                  source *to, meso_err *err)
{
  meso_status status = MESO_OK;
  if (o->dt_s > 0)
    MESO_FAIL(err, MESO_EUSAGE, "bold: --dt-s is of a bare drive; %s says its own sampling rate",
              path);
  MESO_TRY(mesoi_signals_read(cli, path, &to->signals, err));
  meso_signals *all = to->signals;
  meso_signal *drive = meso_signals_find(all, "drive");
  if (drive == NULL && all->n == 1) drive = &all->signal[0];
  if (drive == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: has %zu signals and none called drive", path, all->n);
  free(drive->name); /* what makes a drive of a series looks for this name */
  drive->name = NULL;
  MESO_STRDUP(err, drive->name, "drive");
  to->series = meso_series_of_signal(drive);
cleanup:
  return status;
}

static meso_status load(const meso_cli *cli, const char *path, const options *o, source *to,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64];
  if (mesoi_is_recording(path)) {
    MESO_TRY(load_recording(cli, path, o, to, err));
    goto cleanup;
  }
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  if (strcmp(kind, "drive") != 0 && o->dt_s > 0)
    MESO_FAIL(err, MESO_EUSAGE, "bold: --dt-s is of a bare drive; %s says its own sampling rate",
              path);
  if (strcmp(kind, "drive") != 0 && !(o->base_stop_s > 0)) {
    MESO_TRY(meso_series_open(path, "drive", &to->file, err));
    to->series = *meso_series_get(to->file);
    goto cleanup;
  }
  if (strcmp(kind, "drive") != 0) {
    MESO_TRY(meso_signals_read(path, &to->signals, err));
  } else {
    MESO_TRY(meso_signals_create(&to->signals, err));
    MESO_TRY(read_drive(path, o->dt_s, to->signals, err));
  }
  const meso_signal *drive = meso_signals_find(to->signals, "drive");
  if (drive == NULL) MESO_FAIL(err, MESO_EFORMAT, "%s: has no signal \"drive\"", path);
  to->series = meso_series_of_signal(drive);
cleanup:
  return status;
}

/** A drive from a series that is none yet; steps as in the series, at most 10 ms. */
static meso_status make_drive(const options *o, const meso_signal *x, meso_signals *out,
                              meso_err *err)
{
  const meso_drive_params p = {
    .gain = o->gain, .normalize = MESO_NORMALIZE_BASELINE, .baseline_start_s = o->base_start_s,
    .baseline_stop_s = o->base_stop_s, .dt_s = fmax(0.01, 1 / x->sampling_rate_Hz) };
  return meso_drive_make(x, &p, out, err);
}

/** z itself: of the file, or made of its series into `out`. */
static meso_status get_z(const options *o, const source *in, meso_signals *out, meso_signal *made,
                         meso_series *z, meso_err *err)
{
  meso_status status = MESO_OK;
  *z = in->series;
  if (!(o->base_stop_s > 0)) goto cleanup;
  MESO_TRY(make_drive(o, meso_signals_find(in->signals, "drive"), out, err));
  *made = *meso_signals_find(out, "drive"); /* appending moves the signals */
  *z = meso_series_of_signal(made);
cleanup:
  return status;
}

/** Response of a forward model by its name, with --set. */
static meso_status respond(const meso_cli *cli, const options *o, const meso_series *z,
                           double step_s, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *name = o->model[0] != '\0' ? o->model : "friston2003";
  const meso_forward_ops *ops = meso_forward_by_name(name);
  unsigned char *params = NULL;
  if (ops == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "bold: unknown model %s (see mesocast models)", name);
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_params_default(ops->params, params, err));
  MESO_TRY(mesoi_sets_apply(cli, ops->params, params, err));
  MESO_TRY(ops->apply(params, z, step_s, cli->n_threads, out, err));
cleanup:
  if (ops != NULL && params != NULL) meso_params_clear(ops->params, params);
  free(params);
  return status;
}

/** The model, if there is one, says which forward model, its parameters and TR; --set then is about
 *  it alone. step_s: of the samples, the TR or a part of it. */
static meso_status from_drive(const meso_cli *cli, const meso_model *model, const char *path,
                              const options *o, double TR_s, double step_s,
                              meso_signals **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  source in = { .signals = NULL };
  meso_signals *out = NULL;
  meso_signal made;
  meso_series z;
  MESO_TRY(load(cli, path, o, &in, err));
  if (TR_s * in.series.sampling_rate_Hz < 1 - 1e-9)
    MESO_FAIL(err, MESO_ERANGE, "%s: the TR of %g s is finer than the drive, whose step is %g s",
              path, TR_s, 1 / in.series.sampling_rate_Hz);
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(get_z(o, &in, out, &made, &z, err));
  if (model != NULL) MESO_TRY(meso_bold_respond(model, &z, step_s, cli->n_threads, out, err));
  else MESO_TRY(respond(cli, o, &z, step_s, out, err));
  *ret_bold = out;
  out = NULL;
cleanup:
  source_clear(&in);
  meso_signals_destroy(out);
  return status;
}

/* ---- from spikes --------------------------------------------------------------------------- */

static meso_status from_spikes(const meso_cli *cli, const meso_model *model, const options *o,
                               meso_signals **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  meso_signals *currents = NULL, *lfp = NULL;
  MESO_TRY(mesoi_spikes_read_for(cli, o->spikes, model, &spikes, err));
  if (o->lfp[0] != '\0') MESO_TRY(meso_signals_read(o->lfp, &lfp, err));
  if (o->compare_drives || meso_bold_needs(model) & MESO_BOLD_NEEDS_CURRENTS)
    MESO_TRY(mesoi_currents_make(cli, model, spikes, &currents, err));
  const meso_bold_inputs inputs = { .currents = currents, .spikes = spikes, .lfp = lfp };
  MESO_TRY((o->compare_drives ? meso_bold_compare : meso_bold_make)(model, &inputs, cli->n_threads,
                                                                   ret_bold, err));
  MESO_TRY(mesoi_go_on("bold", err));
cleanup:
  meso_spikes_destroy(spikes);
  meso_signals_destroy(currents);
  meso_signals_destroy(lfp);
  return status;
}

/* ---- the command --------------------------------------------------------------------------- */

/** Model file with --model and --tr-s in place of its bold.model and bold.TR_s. */
static meso_status read_model(const meso_cli *cli, const char *path, const options *o,
                              meso_model **ret_model, meso_err *err)
{
  meso_status status = MESO_OK;
  char model[128], tr[64];
  const char **sets = NULL;
  size_t n = cli->n_sets;
  MESO_ALLOC(err, sets, n + 2);
  if (n > 0) memcpy(sets, cli->sets, n * sizeof *sets);
  (void) snprintf(model, sizeof model, "bold.model=%s", o->model);
  (void) snprintf(tr, sizeof tr, "bold.TR_s=%.17g", o->tr_s);
  if (o->model[0] != '\0') sets[n++] = model;
  if (o->tr_s > 0) sets[n++] = tr;
  MESO_TRY(meso_model_read(path, n, sets, ret_model, err));
cleanup:
  free(sets);
  return status;
}

/** Why there is no BOLD: root attribute "empty", or "<drive>_empty" of a comparison. */
static void warn_of_empty(const meso_cli *cli, const meso_attrs *a)
{
  static const char tail[] = "_empty";
  for (size_t i = 0; i < a->n; i++) {
    const size_t n = strlen(a->v[i].key), m = sizeof tail - 1;
    if (a->v[i].text == NULL) continue;
    if (strcmp(a->v[i].key, tail + 1) == 0) mesoi_warn(cli, "BOLD is empty: %s", a->v[i].text);
    else if (n > m && strcmp(a->v[i].key + n - m, tail) == 0)
      mesoi_warn(cli, "no BOLD of drive %.*s: %s", (int) (n - m), a->v[i].key, a->v[i].text);
  }
}

/** Responses beyond their model's range; those of a comparison with their names. */
static void warn_of_range(const meso_cli *cli, const meso_signals *out)
{
  for (size_t i = 0; i < out->n; i++) {
    const meso_signal *s = &out->signal[i];
    const char *warning = meso_attrs_text(&s->attrs, "warning");
    const bool alone = strcmp(s->name, "bold") == 0;
    if (warning != NULL)
      mesoi_warn(cli, "%s%s%s", alone ? "" : s->name, alone ? "" : ": ", warning);
  }
}

static void answer(const meso_cli *cli, const meso_signals *out)
{
  const meso_signal *bold = meso_signals_find(out, "bold");
  warn_of_empty(cli, &out->attrs);
  warn_of_range(cli, out);
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, out);
  if (bold == NULL) return;
  const double step_error = meso_attrs_number(&bold->attrs, "step_error", NAN);
  mesoi_answer_number(cli, "max_flow", meso_attrs_number(&bold->attrs, "max_flow", NAN));
  mesoi_answer_number(cli, "step_error", step_error);
  if (isfinite(step_error))
    mesoi_say(cli, "%s: steps of %g s; halving them changes BOLD by %.2g of its peak\n",
              cli->output, meso_attrs_number(&bold->attrs, "step_used_s", NAN), step_error);
}

/** Volumes of the scanner in place of the fine samples of *bold. */
static meso_status scan(const options *o, double TR_s, meso_signals **bold, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *volumes = NULL;
  if (meso_signals_find(*bold, "bold") == NULL) goto cleanup; /* empty, with the reason */
  MESO_TRY(meso_signals_create(&volumes, err));
  MESO_TRY(meso_scanner_apply(&o->scanner, *bold, TR_s, volumes, err));
  MESO_TRY(meso_attrs_copy(&volumes->attrs, &(*bold)->attrs, err));
  meso_signals_destroy(*bold);
  *bold = volumes;
  volumes = NULL;
cleanup:
  meso_signals_destroy(volumes);
  return status;
}

static meso_status write_table(const meso_cli *cli, const options *o, const meso_signals *out,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *bold = meso_signals_find(out, "bold");
  if (o->table[0] == '\0' || bold == NULL) goto cleanup;
  MESO_TRY(meso_signal_table_write(o->table, bold, err));
  mesoi_answer_output(cli, o->table);
cleanup:
  return status;
}

static meso_status write_image(const meso_cli *cli, const options *o, const meso_signals *out,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *bold = meso_signals_find(out, "bold");
  char *sidecar = NULL;
  const meso_nifti_options image = {
    .atlas = o->atlas[0] != '\0' ? o->atlas : NULL, .baseline = o->baseline,
    .version_2 = o->nifti2, .task = o->task, .command_line = cli->command_line};
  if (o->nifti[0] == '\0' || bold == NULL) goto cleanup;
  MESO_TRY(meso_nifti_write(o->nifti, bold, &image, err));
  mesoi_answer_output(cli, o->nifti);
  MESO_TRY(meso_nifti_write_sidecar(o->nifti, bold, &image, err));
  sidecar = meso_nifti_sidecar_name(o->nifti);
  if (sidecar != NULL) mesoi_answer_output(cli, sidecar);
cleanup:
  free(sidecar);
  return status;
}

/** BOLD, sampled and with noise as the options say. The model's TR is the fine one meanwhile. */
static meso_status make_signals(const meso_cli *cli, meso_model *model, const char *path,
                                const options *o, meso_signals **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  const clock_t start = clock();
  const double TR_s = model != NULL ? model->bold.TR_s : o->tr_s > 0 ? o->tr_s : 2.0;
  const bool scanning = meso_scanner_is_on(&o->scanner);
  const double step_s = scanning ? meso_scanner_step_s(TR_s) : TR_s;
  if (model != NULL) model->bold.TR_s = step_s;
  if (path != NULL) status = from_drive(cli, model, path, o, TR_s, step_s, ret_bold, err);
  else status = from_spikes(cli, model, o, ret_bold, err);
  if (model != NULL) model->bold.TR_s = TR_s;
  if (status == MESO_OK && scanning) status = scan(o, TR_s, ret_bold, err);
  mesoi_answer_number(cli, "response_cpu_s", (double) (clock() - start) / CLOCKS_PER_SEC);
  return status;
}

/** File that the response function was read from, or NULL. */
static const char *response_file(const meso_signals *out)
{
  const meso_signal *bold = meso_signals_find(out, "bold");
  return bold != NULL ? meso_attrs_text(&bold->attrs, "file") : NULL;
}

/** @param[in] path  the drive, or NULL: spikes */
static meso_status make(const meso_cli *cli, const char *model_path, const char *path,
                        const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *model = NULL;
  meso_signals *out = NULL;
  mesoi_origin origin = { .model_text = NULL };
  const char *input[5];
  size_t n = 0;
  if (model_path != NULL) MESO_TRY(read_model(cli, input[n++] = model_path, o, &model, err));
  MESO_TRY(make_signals(cli, model, path, o, &out, err));
  input[n++] = path != NULL ? path : o->spikes;
  if (o->atlas[0] != '\0') input[n++] = o->atlas;
  if (o->lfp[0] != '\0') input[n++] = o->lfp;
  if (response_file(out) != NULL) input[n++] = response_file(out);
  MESO_TRY(mesoi_origin_make(cli, model, n, input, &origin, err));
  MESO_TRY(write_image(cli, o, out, err)); /* first: its atlas may be none */
  MESO_TRY(write_table(cli, o, out, err));
  MESO_TRY(meso_signals_write(cli->output, "bold", out, &origin.provenance, err));
  answer(cli, out);
cleanup:
  mesoi_origin_clear(&origin);
  meso_model_destroy(model);
  meso_signals_destroy(out);
  return status;
}

static bool has_noise(const meso_scanner_params *p)
{
  return p->noise_white > 0 || p->noise_drift > 0 || p->noise_physio > 0;
}

/** Whether an option has another value than its default. */
static bool is_set(const options *o, const char *key)
{
  const meso_param *row = meso_param_find(rows, key);
  char *text = meso_param_format(row, o);
  options standard = { .model = NULL };
  char *other = NULL;
  if (meso_params_default(rows, &standard, NULL) == MESO_OK)
    other = meso_param_format(row, &standard);
  const bool differs = text != NULL && other != NULL && strcmp(text, other) != 0;
  free(text);
  free(other);
  meso_params_clear(rows, &standard);
  return differs;
}

/** Refuses options that would have no effect. drive: the file, or NULL for spikes. */
static meso_status check_effects(const options *o, const char *drive, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool image = o->nifti[0] != '\0', noise = has_noise(&o->scanner);
  const struct { bool has_effect; const char *keys[5], *needs; } group[] = {
    { drive != NULL, { "base_start_s", "base_stop_s", "gain", "dt_s" },
      "a series that is no drive yet; a model has keys in its section bold" },
    { o->base_stop_s > 0, { "gain", "base_start_s" }, "--base-stop-s: a drive is z itself" },
    { drive == NULL, { "compare_drives", "lfp" }, "--spikes FILE" },
    { image, { "atlas", "task", "baseline", "nifti2" }, "--nifti FILE" },
    { noise, { "noise_seed" }, "--noise-white, --noise-drift or --noise-physio" },
    { o->scanner.noise_drift > 0, { "drift_period_s" }, "--noise-drift" },
    { o->scanner.noise_physio > 0, { "cardiac_Hz", "respiratory_Hz" }, "--noise-physio" },
    { !o->compare_drives, { "nifti", "table" }, "one drive, not --compare-drives" },
  };
  for (size_t g = 0; g < sizeof group / sizeof group[0]; g++)
    for (size_t k = 0; k < 5 && group[g].keys[k] != NULL && !group[g].has_effect; k++) {
      char name[64];
      mesoi_option_name(meso_param_find(rows, group[g].keys[k]), name, sizeof name);
      if (is_set(o, group[g].keys[k]))
        MESO_FAIL(err, MESO_EUSAGE, "bold: %s has no effect without %s", name, group[g].needs);
    }
  if (o->compare_drives && meso_scanner_is_on(&o->scanner))
    MESO_FAIL(err, MESO_EUSAGE, "bold: --compare-drives takes no slice time or noise");
cleanup:
  return status;
}

/** The model file and the drive among the arguments, NULL where there is none. */
static meso_status find_inputs(const mesoi_positionals *args, const options *o,
                               const char **ret_model, const char **ret_drive, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *model = mesoi_is_model_name(args->v[0]) ? args->v[0] : NULL;
  const char *drive = model == NULL ? args->v[0] : args->n == 2 ? args->v[1] : NULL;
  if (model == NULL && args->n == 2)
    MESO_FAIL(err, MESO_EUSAGE, "bold: unexpected argument %s: a drive comes last", args->v[1]);
  if (model == NULL && o->spikes[0] != '\0')
    MESO_FAIL(err, MESO_EUSAGE, "bold: --spikes needs a model file, not %s", args->v[0]);
  if (drive == NULL && o->spikes[0] == '\0')
    MESO_FAIL(err, MESO_EUSAGE, "bold: give the spikes with --spikes FILE, or a drive");
  if (drive != NULL && o->spikes[0] != '\0')
    MESO_FAIL(err, MESO_EUSAGE, "bold: --spikes and the drive %s: give one", drive);
  *ret_model = model;
  *ret_drive = drive;
cleanup:
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .model = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  const char *model = NULL, *drive = NULL;
  MESO_TRY(mesoi_options_parse(cli, "bold", 1, &set, 1, 2, &args, err));
  MESO_TRY(mesoi_need_output(cli, "bold", err));
  MESO_TRY(find_inputs(&args, &o, &model, &drive, err));
  MESO_TRY(check_effects(&o, drive, err));
  if (o.nifti[0] != '\0' && !meso_nifti_is_name(o.nifti))
    MESO_FAIL(err, MESO_EUSAGE, "bold: --nifti %s: an image's name ends in .nii or .nii.gz",
              o.nifti);
  if (o.table[0] != '\0' && !meso_signal_table_is_name(o.table))
    MESO_FAIL(err, MESO_EUSAGE, "bold: --table %s: a table's name ends in .csv or .tsv", o.table);
  if (o.nifti[0] != '\0') MESO_TRY(mesoi_check_also(cli, "--nifti", o.nifti, false, err));
  if (o.table[0] != '\0') MESO_TRY(mesoi_check_also(cli, "--table", o.table, false, err));
  if (model == NULL && cli->seed != NULL)
    MESO_FAIL(err, MESO_EUSAGE, "bold: --seed needs a model file; a drive has no random numbers");
  MESO_TRY(make(cli, model, drive, &o, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

static const meso_param *params_of(const char *name)
{
  const meso_forward_ops *ops = meso_forward_by_name(name);
  return ops != NULL ? ops->params : NULL;
}

const meso_command meso_cmd_bold = {
  .name = "bold", .params = rows, .params_of = params_of, .run = run, .stops_cleanly = true,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .usage = "bold MODEL.yaml --spikes SPIKES.h5 -o BOLD.h5\n"
           "       mesocast bold MODEL.yaml --spikes SPIKES.h5 --compare-drives -o DRIVES.h5\n"
           "       mesocast bold [MODEL.yaml] DRIVE.h5 [--set KEY=VALUE] -o BOLD.h5",
  .summary = "predict BOLD from the spikes of a model, or from a drive",
};
