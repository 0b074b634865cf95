/* cmd_lfp.c: LFP of a model's probe from any spikes of its populations, or of an explicit
 * population of cells from its synaptic events. */
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "lfp_population.h"
#include "meso_external.h"
#include "meso_lfp.h"
#include "meso_model_cells.h"

enum { METHOD_AUTO, METHOD_COMPARTMENT, METHOD_SYNAPSE, METHOD_POPULATION, METHOD_NEURON };

typedef struct options {
  char *spikes, *kernels;
  int method, scheme;
  double tolerance;
} options;

static const meso_param rows[] = {
  { .key = "spikes", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, spikes), .help = "spike file (SONATA)" },
  { .key = "kernels", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, kernels), .help = "kernels made before; default: built now" },
  { .key = "method", .type = MESO_PARAM_CHOICE, .unit = "", .default_text = "auto",
    .choices = "auto|compartment|synapse|population|neuron", .offset = offsetof(options, method),
    .help = "compartment: every cell integrated; synapse: responses to events added up; "
            "population, neuron: kernels of a model; auto: lfp.method of the model" },
  { .key = "scheme", .type = MESO_PARAM_CHOICE, .unit = "", .default_text = "euler",
    .choices = "euler|crank_nicolson", .offset = offsetof(options, scheme),
    .help = "of compartment: implicit Euler, or second order with samples in the middle of steps" },
  { .key = "tolerance", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 1e-10, .max = 0.1,
    .default_text = "1e-5", .offset = offsetof(options, tolerance),
    .help = "of synapse: rms error of its functions of time, relative" },
  { .key = NULL },
};

static meso_status get_kernels(const meso_cli *cli, const mesoi_dirs *dirs,
                               const meso_model *model, const options *o, meso_result **ret,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  if (o->kernels[0] != '\0') {
    meso_err why = { .status = MESO_OK };
    MESO_TRY(meso_result_read(o->kernels, ret, err));
    status = meso_kernels_check(*ret, model, &why);
    if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", o->kernels, why.msg);
    goto cleanup;
  }
  MESO_TRY(mesoi_kernels_make(cli, dirs, model, ret, err));
cleanup:
  return status;
}

/** What is wrong with kernels of a file, or with these spikes for them, is said with the files. */
static meso_status apply_kernels(const meso_cli *cli, const options *o, const meso_model *model,
                                 const meso_result *kernels, const meso_spikes *spikes,
                                 meso_signals **ret_lfp, meso_err *err)
{
  meso_err why = { .status = MESO_OK };
  const meso_status status = meso_lfp_from_kernels(kernels, spikes, model->lfp.output_rate_Hz,
                                                   cli->n_threads, ret_lfp, &why);
  if (status == MESO_OK) return MESO_OK;
  return meso_err_set(err, status, why.file, why.line, "%s%s%s: %s", o->kernels,
                      o->kernels[0] != '\0' ? ", " : "", o->spikes, why.msg);
}

/** The LFP of a model by the method that is asked for. */
static meso_status make_lfp(const meso_cli *cli, const char *path, const meso_model *model,
                            const meso_spikes *spikes, const options *o, meso_signals **ret_lfp,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = { .n = 0 };
  meso_result *kernels = NULL;
  MESO_TRY(mesoi_dirs_find(path, &dirs, err));
  if (o->method == METHOD_COMPARTMENT) {
    MESO_TRY(meso_model_cells_lfp(model, dirs.n, (const char *const *) dirs.v, spikes,
                                  cli->n_threads, cli->progress, NULL, ret_lfp, err));
  } else {
    MESO_TRY(get_kernels(cli, &dirs, model, o, &kernels, err));
    MESO_TRY(mesoi_go_on("lfp", err));
    MESO_TRY(apply_kernels(cli, o, model, kernels, spikes, ret_lfp, err));
  }
  MESO_TRY(meso_external_apply(model, kernels, dirs.n, (const char *const *) dirs.v,
                               cli->n_threads, cli->progress, *ret_lfp, err));
  if (model->lfp.proxies) MESO_TRY(mesoi_proxies_add(cli, model, spikes, *ret_lfp, err));
cleanup:
  mesoi_dirs_clear(&dirs);
  meso_result_destroy(kernels);
  return status;
}

static void answer_connectivity(const meso_cli *cli, const meso_signals *lfp)
{
  const char *text = meso_attrs_text(&meso_signals_find(lfp, "lfp")->attrs, "connectivity");
  mesoi_answer_text(cli, "connectivity", text);
  mesoi_say(cli, "connectivity: %s\n", text);
}

static meso_status from_model(const meso_cli *cli, const char *path, const options *o,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_origin origin = { .model_text = NULL };
  meso_model *model = NULL;
  meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL;
  if (o->spikes[0] == '\0') MESO_FAIL(err, MESO_EUSAGE, "lfp: give the spikes with --spikes FILE");
  MESO_TRY(meso_model_read(path, cli->n_sets, cli->sets, &model, err));
  MESO_TRY(mesoi_spikes_read_for(cli, o->spikes, model, &spikes, err));
  if (o->method == METHOD_POPULATION) model->lfp.method = MESO_LFP_POPULATION;
  if (o->method == METHOD_NEURON) model->lfp.method = MESO_LFP_NEURON;
  MESO_TRY(make_lfp(cli, path, model, spikes, o, &lfp, err));
  MESO_TRY(mesoi_connectivity_add(o->spikes, model, o->method != METHOD_COMPARTMENT
                                  && model->lfp.method == MESO_LFP_POPULATION, lfp, err));
  const char *const inputs[] = { path, o->spikes, o->kernels };
  MESO_TRY(mesoi_origin_make(cli, model, o->kernels[0] != '\0' ? 3 : 2, inputs, &origin, err));
  MESO_TRY(mesoi_go_on("lfp", err));
  MESO_TRY(meso_signals_write(cli->output, "lfp", lfp, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, lfp);
  answer_connectivity(cli, lfp);
  mesoi_answer_external(cli, model, cli->output);
cleanup:
  mesoi_origin_clear(&origin);
  meso_model_destroy(model);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
  return status;
}

/* Explicit populations know their synaptic events: options for models are a mistake there. */
static meso_status from_population(const meso_cli *cli, const char *path, const options *o,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  if (o->spikes[0] != '\0' || o->kernels[0] != '\0' || cli->n_sets > 0)
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --spikes, --kernels, --set and --seed are for models; the "
              "explicit population %s holds its synaptic events", path);
  if (o->method == METHOD_SYNAPSE && o->scheme != 0)
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --method synapse uses implicit Euler: no --scheme");
  if (o->method != METHOD_SYNAPSE && o->tolerance != 1e-5)
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --tolerance is of --method synapse");
  MESO_TRY(o->method == METHOD_SYNAPSE
           ? mesoi_lfp_synapse(cli, path, o->tolerance, err)
           : mesoi_lfp_compartment(cli, path, (meso_cable_scheme) o->scheme, err));
cleanup:
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .spikes = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "lfp", 1, &set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "lfp", err));
  const bool is_model = mesoi_is_model_name(args.v[0]);
  if (is_model && o.method == METHOD_SYNAPSE)
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --method synapse is for explicit populations (.h5); neuron "
              "does the same for models");
  if (!is_model && (o.method == METHOD_POPULATION || o.method == METHOD_NEURON))
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --method population and neuron are for model files (.yaml), "
              "not for %s", args.v[0]);
  if (is_model && o.scheme != 0)
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --scheme is for explicit populations (.h5): kernels and "
              "cells of a model use implicit Euler");
  if (is_model && o.method == METHOD_COMPARTMENT && o.kernels[0] != '\0')
    MESO_FAIL(err, MESO_EUSAGE, "lfp: --method compartment takes no --kernels");
  MESO_TRY(is_model ? from_model(cli, args.v[0], &o, err)
           : from_population(cli, args.v[0], &o, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_lfp = {
  .name = "lfp",
  .usage = "lfp MODEL.yaml --spikes SPIKES.h5 [--method M] [--kernels KERNELS.h5] -o LFP.h5\n"
           "       mesocast lfp POPULATION.h5 [--method compartment|synapse] -o LFP.h5",
  .summary = "predict the LFP from spikes, or from every cell of a population",
  .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
