/* cmd_cause.c: what makes the LFP coherent: single neurons, correlations within populations, or
 * correlations across them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cause_make.h"
#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "cli_surrogate.h"
#include "meso_lfp.h"

static const meso_param no_rows[] = {{.key = NULL}};

/* The surrogate that was named, with its parameters. */
typedef struct chosen {
  const meso_surrogate_ops *ops; /* NULL: random signs */
  unsigned char *params;
} chosen;

/** --set is for the surrogate; --seed is not one of them. */
static meso_status choose(const meso_cli *cli, const char *name, chosen *c, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cli of_surrogate = *cli;
  if (cli->seed != NULL) of_surrogate.n_sets--; /* main put it last */
  if (strcmp(name, "random_signs") == 0) {
    MESO_TRY(mesoi_sets_apply(&of_surrogate, no_rows, &of_surrogate, err));
    goto cleanup;
  }
  MESO_TRY(mesoi_surrogate_find("cause", name, &c->ops, err));
  if (c->ops->spikes == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "cause: surrogate %s is of signals, not of spikes", name);
  MESO_ALLOC(err, c->params, c->ops->params_size);
  MESO_TRY(meso_params_default(c->ops->params, c->params, err));
  MESO_TRY(mesoi_sets_apply(&of_surrogate, c->ops->params, c->params, err));
cleanup:
  return status;
}

static void say_findings(const meso_cli *cli, const meso_result *result)
{
  const meso_attrs *a = meso_result_find_group(result, "/cause");
  char key[32];
  for (size_t b = 1; b < 1000; b++) {
    (void) snprintf(key, sizeof key, "finding_%zu", b);
    const char *text = a != NULL ? meso_attrs_text(a, key) : NULL;
    if (text == NULL) break;
    mesoi_say(cli, "%s\n", text);
    mesoi_answer_append(cli, "findings", json_string(text));
  }
}

static void warn_of_intervals(const meso_cli *cli, const meso_result *result)
{
  const meso_attrs *a = meso_result_find_group(result, "/cause");
  const char *text = a != NULL ? meso_attrs_text(a, "undefined") : NULL;
  if (text != NULL) mesoi_warn(cli, "%s", text);
}

/** Adds external input from an LFP file, which without it must be this LFP (to the rounding of
 *  single precision). */
static meso_status add_external(const char *path, meso_signals *lfp, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *file = NULL;
  meso_signal *copy = NULL;
  double largest = 0, error = 0;
  MESO_TRY(meso_signals_read(path, &file, err));
  const meso_signal *from = meso_signals_find(file, "lfp_from_external");
  const meso_signal *all = meso_signals_find(file, "lfp"), *own = meso_signals_find(lfp, "lfp");
  if (from == NULL || all == NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: no signal lfp_from_external: make it with "
              "'mesocast lfp ... --set lfp.external=replay'", path);
  const meso_signal *const of_file[] = {from, all};
  for (int i = 0; i < 2; i++)
    if (of_file[i]->n_times != own->n_times || of_file[i]->n_channels != own->n_channels
        || of_file[i]->t_start_ms != own->t_start_ms
        || of_file[i]->sampling_rate_Hz != own->sampling_rate_Hz
        || strcmp(of_file[i]->units, own->units) != 0)
      MESO_FAIL(err, MESO_EINVAL, "%s: signal %s is not of the times, contacts and units of these "
                "spikes and kernels", path, of_file[i]->name);
  const size_t n = own->n_times * own->n_channels;
  for (size_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(own->data[i]));
    const double e = fabs(all->data[i] - from->data[i] - own->data[i]);
    error = isfinite(e) ? fmax(error, e) : INFINITY;
  }
  if (!(error <= 1e-3 * largest))
    MESO_FAIL(err, MESO_EINVAL, "%s: without external input its LFP is not that of these spikes "
              "and kernels: they differ by up to %g of %g %s", path, error, largest, own->units);
  MESO_TRY(meso_signals_add(lfp, from->name, own->units, own->n_times, own->n_channels,
                            own->sampling_rate_Hz, own->t_start_ms, &copy, err));
  memcpy(copy->data, from->data, n * sizeof *copy->data);
cleanup:
  meso_signals_destroy(file);
  return status;
}

static meso_status make(const meso_cli *cli, const char *const *file,
                        const meso_cause_params *params, const chosen *c, meso_result *result,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *kernels = NULL;
  meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL;
  meso_err why = {.status = MESO_OK};
  double rate_Hz = 0;
  int64_t seed = 1;
  MESO_TRY(mesoi_seed(cli, &seed, err));
  MESO_TRY(meso_result_read(file[0], &kernels, err));
  status = mesoi_cause_rate(kernels, &rate_Hz, &why);
  if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", file[0], why.msg);
  MESO_TRY(mesoi_spikes_read_for_kernels(cli, file[1], kernels, &spikes, err));
  MESO_TRY(mesoi_go_on("cause", err));
  status = meso_lfp_from_kernels(kernels, spikes, rate_Hz, cli->n_threads, &lfp, &why);
  if (status != MESO_OK) MESO_FAIL(err, status, "%s, %s: %s", file[0], file[1], why.msg);
  if (params->external[0] != '\0') MESO_TRY(add_external(params->external, lfp, err));
  const mesoi_cause_input input = {
    .kernels = kernels, .spikes = spikes, .lfp = lfp, .params = params, .surrogate = c->ops,
    .surrogate_params = c->params, .seed = seed};
  status = mesoi_cause_make(cli, &input, result, &why);
  if (status != MESO_OK) MESO_FAIL(err, status, "%s, %s: %s", file[0], file[1], why.msg);
cleanup:
  meso_result_destroy(kernels);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cause_params params = {.surrogates = 0};
  chosen c = {.ops = NULL};
  mesoi_positionals args = {.v = NULL};
  mesoi_origin origin = {.model_text = NULL};
  meso_result *result = NULL;
  mesoi_option_set set = {meso_cause_rows, &params};
  MESO_TRY(mesoi_options_parse(cli, "cause", 1, &set, 2, 2, &args, err));
  MESO_TRY(mesoi_need_output(cli, "cause", err));
  MESO_TRY(choose(cli, params.surrogate, &c, err));
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(make(cli, args.v, &params, &c, result, err));
  const char *const inputs[] = {args.v[0], args.v[1], params.external};
  MESO_TRY(mesoi_origin_make(cli, NULL, params.external[0] != '\0' ? 3 : 2, inputs, &origin, err));
  MESO_TRY(mesoi_go_on("cause", err));
  MESO_TRY(meso_result_write(cli->output, "analysis", result, &origin.provenance, err));
  warn_of_intervals(cli, result);
  say_findings(cli, result);
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_result(cli, result);
cleanup:
  if (c.params != NULL) meso_params_clear(c.ops->params, c.params);
  free(c.params);
  free(args.v);
  meso_params_clear(meso_cause_rows, &params);
  mesoi_origin_clear(&origin);
  meso_result_destroy(result);
  return status;
}

const meso_command meso_cmd_cause = {
  .name = "cause",
  .usage = "cause KERNELS.h5 SPIKES.h5 [--external LFP.h5] [--surrogates N] [--seed S] [OPTIONS] "
           "-o CAUSE.h5",
  .summary = "what makes the LFP coherent: single neurons or correlations",
  .params = meso_cause_rows,
  .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
