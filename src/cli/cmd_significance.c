/* cmd_significance.c: an analysis against its null distribution from surrogates. */
#include <stdio.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_surrogate.h"
#include "meso_fdr.h"

typedef struct options {
  int64_t surrogates;
  double false_discovery_rate;
  int fdr_method;
} options;

static const meso_param rows[] = {
  {.key = "surrogates", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 1e6,
   .default_text = "200", .offset = offsetof(options, surrogates), .help = "how many"},
  {.key = "false_discovery_rate", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5,
   .min_open = true, .default_text = "0.05", .offset = offsetof(options, false_discovery_rate),
   .help = "kept among the values of each array"},
  {.key = "fdr_method", .type = MESO_PARAM_CHOICE, .unit = "", .choices = MESO_FDR_CHOICES,
   .default_text = "by", .offset = offsetof(options, fdr_method),
   .help = "Benjamini-Hochberg, or Benjamini-Yekutieli for any dependence"},
  {.key = NULL}
};

/* What was asked for, and what the files hold. */
typedef struct job {
  options o;
  const meso_analysis_ops *analysis;
  const meso_surrogate_ops *surrogate;
  unsigned char *analysis_params, *surrogate_params;
  mesoi_positionals args;
  meso_spikes *spikes;
  meso_signals *signals;
  size_t n_files;
} job;

static void job_clear(job *j)
{
  if (j->analysis_params != NULL) meso_params_clear(j->analysis->params, j->analysis_params);
  if (j->surrogate_params != NULL) meso_params_clear(j->surrogate->params, j->surrogate_params);
  free(j->analysis_params);
  free(j->surrogate_params);
  free(j->args.v);
  meso_spikes_destroy(j->spikes);
  meso_signals_destroy(j->signals);
}

static meso_status read_job(const meso_cli *cli, job *j, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cli->n_args < 2)
    MESO_FAIL(err, MESO_EUSAGE, "significance: name an analysis and a surrogate (see mesocast "
              "models)");
  j->analysis = meso_analysis_by_name(cli->args[0]);
  if (j->analysis == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "significance: unknown analysis %s (see mesocast models)",
              cli->args[0]);
  MESO_TRY(mesoi_surrogate_find("significance", cli->args[1], &j->surrogate, err));
  MESO_ALLOC(err, j->analysis_params, j->analysis->params_size);
  MESO_ALLOC(err, j->surrogate_params, j->surrogate->params_size);
  mesoi_option_set set[3] = { { rows, &j->o }, { j->surrogate->params, j->surrogate_params },
                              { j->analysis->params, j->analysis_params } };
  const bool of_spikes = meso_analysis_takes_spikes(j->analysis);
  const bool of_signals = meso_analysis_takes_signals(j->analysis);
  const size_t n_signals = !of_signals ? 0 : j->analysis->n_signal_files > 1
                                             ? j->analysis->n_signal_files : 1;
  j->n_files = (of_spikes ? 1 : 0) + n_signals;
  MESO_TRY(mesoi_options_parse(cli, "significance", 3, set, 2 + j->n_files, 2 + j->n_files,
                               &j->args, err));
  MESO_TRY(mesoi_need_output(cli, "significance", err));
  if (of_spikes) MESO_TRY(mesoi_spikes_read(cli, j->args.v[2], &j->spikes, err));
  if (of_signals)
    MESO_TRY(mesoi_signals_read_all(cli, n_signals, &j->args.v[2 + j->n_files - n_signals],
                                    &j->signals, err));
cleanup:
  return status;
}

static void say_findings(const meso_cli *cli, const meso_result *result)
{
  for (size_t i = 0; i < result->n_groups; i++) {
    const meso_attrs *a = &result->group[i].attrs;
    const double n = meso_attrs_number(a, "n_significant", -1);
    if (n >= 0 && meso_attrs_get(a, "fdr_p") != NULL)
      mesoi_say(cli, "%s: %g of %g values significant\n",
                result->group[i].path + sizeof "/significance" - 1, n,
                meso_attrs_number(a, "n_tests", 0));
  }
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  job j = { .args = { .v = NULL } };
  mesoi_origin origin = { .model_text = NULL };
  meso_result *result = NULL;
  int64_t seed = 1;
  MESO_TRY(read_job(cli, &j, err));
  MESO_TRY(mesoi_seed(cli, &seed, err));
  MESO_TRY(meso_result_create(&result, err));
  const meso_significance_request request = {
    .analysis = j.analysis, .analysis_params = j.analysis_params, .surrogate = j.surrogate,
    .surrogate_params = j.surrogate_params, .spikes = j.spikes, .signals = j.signals,
    .n_surrogates = j.o.surrogates, .seed = seed, .alpha = j.o.false_discovery_rate,
    .fdr_method = j.o.fdr_method, .n_threads = cli->n_threads };
  MESO_TRY(meso_significance_run(&request, result, err));
  MESO_TRY(mesoi_origin_make(cli, NULL, j.n_files, &j.args.v[2], &origin, err));
  MESO_TRY(meso_result_write(cli->output, "analysis", result, &origin.provenance, err));
  say_findings(cli, result);
  mesoi_answer_text(cli, "analysis", j.analysis->name);
  mesoi_answer_text(cli, "surrogate", j.surrogate->name);
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_result(cli, result);
cleanup:
  job_clear(&j);
  mesoi_origin_clear(&origin);
  meso_result_destroy(result);
  return status;
}

const meso_command meso_cmd_significance = {
  .name = "significance",
  .usage = "significance ANALYSIS SURROGATE FILE... [OPTIONS of all three] [--seed S] -o OUT.h5",
  .summary = "an analysis against its null distribution from surrogates", .params = rows,
  .run = run, .takes = MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
};
