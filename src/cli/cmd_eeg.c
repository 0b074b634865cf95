/* cmd_eeg.c: EEG and MEG of the current dipole moment in a file, in a model of the head. */
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_eeg.h"

/** How far above the scalp magnetometers are unless a file says where. */
static const double coil_height_um = 20000;

typedef struct options {
  char *head, *sensors, *magnetometers, *signal;
  meso_doubles dipole_um, axis;
} options;

static const meso_param rows[] = {
  { .key = "head", .type = MESO_PARAM_STRING, .unit = "", .default_text = "four_sphere",
    .offset = offsetof(options, head), .help = "model of the head (see mesocast models)" },
  { .key = "sensors", .type = MESO_PARAM_STRING, .unit = "", .default_text = "10-20",
    .offset = offsetof(options, sensors),
    .help = "electrodes: 10-20, none, or a table x_um,y_um,z_um in the head's coordinates" },
  { .key = "magnetometers", .type = MESO_PARAM_STRING, .unit = "", .default_text = "10-20",
    .offset = offsetof(options, magnetometers),
    .help = "likewise; 10-20: 20 mm above the electrodes" },
  { .key = "dipole_um", .type = MESO_PARAM_DOUBLES, .unit = "um", .min = -1e7, .max = 1e7,
    .default_text = "0, 0, 78000", .offset = offsetof(options, dipole_um),
    .help = "place of the column in the head: x right, y front, z up" },
  { .key = "axis", .type = MESO_PARAM_DOUBLES, .unit = "1", .min = -1e6, .max = 1e6,
    .default_text = "0, 0, 0", .offset = offsetof(options, axis),
    .help = "where the column's z points in the head; 0, 0, 0: outwards (a gyrus)" },
  { .key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "dipole",
    .offset = offsetof(options, signal), .help = "name of the dipole moment in the file" },
  { .key = NULL },
};

static meso_status find_sensors(const meso_eeg_setup *setup, const char *what, const char *option,
                                double height_um, meso_points *ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const double radius_um = setup->head->surface_um(setup->params);
  if (strcmp(what, "none") == 0) return MESO_OK;
  if (strcmp(what, "10-20") != 0) return meso_points_read(what, ret, err);
  if (!(radius_um > 0))
    MESO_FAIL(err, MESO_EUSAGE, "eeg: head %s has no surface for 10-20: give %s FILE or none",
              setup->head->name, option);
  MESO_TRY(meso_montage_10_20(radius_um + height_um, ret, err));
cleanup:
  return status;
}

static meso_status three(const meso_doubles *list, const char *option, double ret[3], meso_err *err)
{
  meso_status status = MESO_OK;
  if (list->n != 3)
    MESO_FAIL(err, MESO_EUSAGE, "eeg: %s takes 3 numbers x,y,z, not %zu", option, list->n);
  memcpy(ret, list->v, 3 * sizeof *ret);
cleanup:
  return status;
}

/** Fills the setup; params and sensors are the caller's. */
static meso_status prepare(const meso_cli *cli, const options *o, meso_eeg_setup *setup,
                           void **ret_params, meso_err *err)
{
  meso_status status = MESO_OK;
  setup->head = meso_head_by_name(o->head);
  if (setup->head == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "eeg: unknown head %s (see mesocast models)", o->head);
  *ret_params = meso_calloc(1, setup->head->params_size);
  if (*ret_params == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate parameters");
  setup->params = *ret_params;
  MESO_TRY(meso_params_default(setup->head->params, *ret_params, err));
  MESO_TRY(mesoi_sets_apply(cli, setup->head->params, *ret_params, err));
  MESO_TRY(three(&o->dipole_um, "--dipole-um", setup->dipole_um, err));
  MESO_TRY(three(&o->axis, "--axis", setup->axis, err));
  MESO_TRY(find_sensors(setup, o->sensors, "--sensors", 0, &setup->electrodes, err));
  MESO_TRY(find_sensors(setup, o->magnetometers, "--magnetometers", coil_height_um,
                        &setup->magnetometers, err));
  if (setup->electrodes.n + setup->magnetometers.n == 0)
    MESO_FAIL(err, MESO_EUSAGE, "eeg: there are neither electrodes nor magnetometers");
cleanup:
  return status;
}

static meso_status make(const meso_cli *cli, const char *path, const options *o,
                        const meso_eeg_setup *setup, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *in = NULL, *out = NULL;
  mesoi_origin origin = { .model_text = NULL };
  const char *input[3] = { path };
  size_t n = 1;
  MESO_TRY(meso_signals_read(path, &in, err));
  const meso_signal *dipole = meso_signals_find(in, o->signal);
  if (dipole == NULL)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: has no signal \"%s\"", path, o->signal);
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(meso_eeg_from_dipole(dipole, setup, out, err));
  if (setup->electrodes.n > 0 && strcmp(o->sensors, "10-20") != 0) input[n++] = o->sensors;
  if (setup->magnetometers.n > 0 && strcmp(o->magnetometers, "10-20") != 0)
    input[n++] = o->magnetometers;
  MESO_TRY(mesoi_origin_make(cli, NULL, n, input, &origin, err));
  MESO_TRY(meso_signals_write(cli->output, "eeg", out, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, out);
cleanup:
  mesoi_origin_clear(&origin);
  meso_signals_destroy(in);
  meso_signals_destroy(out);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .head = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  meso_eeg_setup setup = { .head = NULL };
  void *params = NULL;
  MESO_TRY(mesoi_options_parse(cli, "eeg", 1, &set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "eeg", err));
  MESO_TRY(prepare(cli, &o, &setup, &params, err));
  MESO_TRY(make(cli, args.v[0], &o, &setup, err));
cleanup:
  if (params != NULL) meso_params_clear(setup.head->params, params);
  free(params);
  meso_points_clear(&setup.electrodes);
  meso_points_clear(&setup.magnetometers);
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

static const meso_param *params_of(const char *name)
{
  const meso_head_ops *ops = meso_head_by_name(name);
  return ops != NULL ? ops->params : NULL;
}

const meso_command meso_cmd_eeg = {
  .name = "eeg", .params = rows, .params_of = params_of, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_OUTPUT,
  .usage = "eeg LFP.h5 [--head four_sphere] [--sensors FILE] [--set KEY=VALUE] -o EEG.h5",
  .summary = "predict EEG and MEG from a current dipole moment",
};
