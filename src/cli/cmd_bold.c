/* cmd_bold.c: BOLD from a drive file. A drive is z itself: no baseline, no gain, no filter. */
#include <stdlib.h>
#include <string.h>

#include "cli_files.h"
#include "cli_options.h"
#include "meso_forward.h"

typedef struct options { char *model; double tr_s, dt_s; } options;

static const meso_param rows[] = {
  { .key = "model", .type = MESO_PARAM_STRING, .unit = "", .default_text = "friston2003",
    .offset = offsetof(options, model), .help = "forward model (see mesocast models)" },
  { .key = "tr_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e6, .min_open = true,
    .default_text = "2", .offset = offsetof(options, tr_s), .help = "repetition time" },
  { .key = "dt_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e3,
    .default_text = "0", .offset = offsetof(options, dt_s),
    .help = "step of a bare drive; 0: the file's dt, dt_s or dt_drive_s" },
  { .key = NULL },
};

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

static meso_status load(const char *path, double dt_s, meso_signals **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64];
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  if (strcmp(kind, "drive") != 0) {
    MESO_TRY(meso_signals_read(path, ret, err));
    goto cleanup;
  }
  MESO_TRY(meso_signals_create(ret, err));
  status = read_drive(path, dt_s, *ret, err);
cleanup:
  return status;
}

static meso_status apply(const meso_cli *cli, const char *path, const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_forward_ops *ops = meso_forward_by_name(o->model);
  unsigned char *params = NULL;
  meso_signals *in = NULL, *out = NULL;
  mesoi_origin origin = { .model_text = NULL };
  if (ops == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "bold: unknown model %s (see mesocast models)", o->model);
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_params_default(ops->params, params, err));
  for (size_t i = 0; i < cli->n_sets; i++) {
    char key[64];
    const size_t n = strcspn(cli->sets[i], "=");
    if (n >= sizeof key) MESO_FAIL(err, MESO_EUSAGE, "--set %s: key too long", cli->sets[i]);
    memcpy(key, cli->sets[i], n);
    key[n] = '\0';
    const meso_where where = { .file = "--set", .path = NULL };
    MESO_TRY(meso_params_set(ops->params, params, key, cli->sets[i] + n + 1, &where, err));
  }
  MESO_TRY(load(path, o->dt_s, &in, err));
  const meso_signal *drive = meso_signals_find(in, "drive");
  if (drive == NULL) MESO_FAIL(err, MESO_EFORMAT, "%s: has no signal \"drive\"", path);
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(ops->apply(params, drive, o->tr_s, out, err));
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, &path, &origin, err));
  MESO_TRY(meso_signals_write(cli->output, "bold", out, &origin.provenance, err));
cleanup:
  if (ops != NULL && params != NULL) meso_params_clear(ops->params, params);
  free(params);
  mesoi_origin_clear(&origin);
  meso_signals_destroy(in);
  meso_signals_destroy(out);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .model = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "bold", 1, &set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "bold", err));
  MESO_TRY(apply(cli, args.v[0], &o, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_bold = {
  .name = "bold", .usage = "bold DRIVE.h5 --model NAME --tr-s S [--set KEY=VALUE] -o BOLD.h5",
  .summary = "predict BOLD from a drive", .params = rows, .run = run,
};
