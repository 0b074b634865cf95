/* cmd_analyze.c: one analysis of spikes, of signals (of one or two files), or of both (spikes
 * first); options are the analysis' rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "meso_analysis.h"
#include "meso_result_table.h"
#include "meso_table.h"

typedef struct options {
  bool list;
  char *csv;
} options;

static const meso_param rows[] = {
  {.key = "list", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(options, list),
   .help = "explain the analysis, or all of them: input, formulas, sources"},
  {.key = "csv", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(options, csv),
   .help = "also text: one table (.csv, .tsv), or a folder with a table for each dataset"},
  {.key = NULL}
};

static meso_status find_analysis(const char *name, const meso_analysis_ops **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *names[64];
  size_t n = 0;
  for (; n < meso_analysis_count() && n < 64; n++) names[n] = meso_analysis_at(n)->name;
  *ret = meso_analysis_by_name(name);
  if (*ret == NULL) {
    const char *near = mesoi_nearest(name, n, names);
    MESO_FAIL(err, MESO_EUSAGE, "analyze: unknown analysis %s%s%s (see mesocast analyze --list)",
              name, near != NULL ? "; did you mean " : "", near != NULL ? near : "");
  }
cleanup:
  return status;
}

/* ---- what the analyses are ----------------------------------------------------------------- */

static void explain_ops(const meso_cli *cli, const meso_analysis_ops *ops)
{
  json_t *inputs = json_array(), *formulas = json_array();
  const size_t n_signals = ops->n_signal_files > 0 ? ops->n_signal_files : 1;
  if (meso_analysis_takes_spikes(ops))
    (void) json_array_append_new(inputs, json_string("spikes"));
  for (size_t i = 0; i < n_signals && meso_analysis_takes_signals(ops); i++)
    (void) json_array_append_new(inputs, json_string("signals"));
  if (!cli->json) printf("%s: %s\n  of %s\n", ops->name, ops->summary, ops->takes);
  for (const meso_formula *f = ops->formulas; f->name != NULL; f++) {
    (void) json_array_append_new(formulas, json_pack("{s:s, s:s, s:s}", "name", f->name, "formula",
                                                     f->formula, "source", f->source));
    if (!cli->json) printf("  %-20s %s\n  %-20s   %s\n", f->name, f->formula, "", f->source);
  }
  mesoi_answer_append(cli, "analyses", json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", ops->name,
                                                 "summary", ops->summary, "takes", ops->takes,
                                                 "inputs", inputs, "formulas", formulas));
}

static void explain(const meso_cli *cli, const char *name)
{
  const meso_analysis_ops *ops = meso_analysis_by_name(name);
  if (ops != NULL) explain_ops(cli, ops);
}

static bool wants_list(const meso_cli *cli)
{
  for (size_t i = 0; i < cli->n_args; i++)
    if (strcmp(cli->args[i], "--list") == 0) return true;
  return false;
}

/** Whether --csv was given, also an empty one. */
static bool wants_csv(const meso_cli *cli)
{
  for (size_t i = 0; i < cli->n_args; i++)
    if (strcmp(cli->args[i], "--csv") == 0 || strncmp(cli->args[i], "--csv=", 6) == 0) return true;
  return false;
}

/** The analyses that are named beside --list, or all. */
static meso_status list(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_ops *ops = NULL;
  if (cli->given != 0 || wants_csv(cli))
    MESO_FAIL(err, MESO_EUSAGE, "analyze: --list writes no file and computes nothing: it takes no "
              "-o, --csv, --set or --threads");
  for (size_t i = 0; i < cli->n_args; i++) {
    if (strcmp(cli->args[i], "--list") == 0) continue;
    MESO_TRY(find_analysis(cli->args[i], &ops, err));
    explain_ops(cli, ops);
  }
  for (size_t i = 0; ops == NULL && i < meso_analysis_count(); i++)
    explain_ops(cli, meso_analysis_at(i));
cleanup:
  return status;
}

/* ---- one analysis -------------------------------------------------------------------------- */

/** A name with another ending is more likely a table of that sort than a folder. */
static meso_status check_csv(const meso_cli *cli, const char *csv, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  const char *slash = strrchr(csv, '/'), *name = slash != NULL ? slash + 1 : csv;
  const bool is_table = meso_table_separator(csv) != '\0';
  const bool is_there = stat(csv, &st) == 0;
  if (!is_table && (csv[0] == '-' || (is_there && !S_ISDIR(st.st_mode))
                    || (!is_there && strchr(name, '.') != NULL)))
    MESO_FAIL(err, MESO_EUSAGE, "analyze: --csv %s: must end in .csv or .tsv, or be a folder: one "
              "that is there, or a name without a dot or with / behind it", csv);
  MESO_TRY(mesoi_check_also(cli, "--csv", csv, !is_table, err));
cleanup:
  return status;
}

static meso_status check_outputs(const meso_cli *cli, const options *o, meso_err *err)
{
  return wants_csv(cli) ? check_csv(cli, o->csv, err) : mesoi_need_output(cli, "analyze", err);
}

/** The attribute "undefined" of an array, else of the group that holds it, else of one around that,
 *  or NULL. */
static const char *reason_of(const meso_result *result, const meso_array *array)
{
  char group[512];
  const char *own = meso_attrs_text(&array->attrs, "undefined");
  if (own != NULL) return own;
  (void) snprintf(group, sizeof group, "%s", array->path);
  for (char *slash; (slash = strrchr(group, '/')) != NULL && slash != group;) {
    *slash = '\0';
    const meso_attrs *attrs = meso_result_find_group(result, group);
    const char *text = attrs != NULL ? meso_attrs_text(attrs, "undefined") : NULL;
    if (text != NULL) return text;
  }
  return NULL;
}

/** An array without any value is warned of, with the reason that it or its group gives. */
static void warn_of_nothing(const meso_cli *cli, const meso_result *result)
{
  for (size_t i = 0; i < result->n; i++) {
    const meso_array *a = &result->array[i];
    const size_t n = a->data != NULL ? meso_array_count(a) : 0;
    size_t k = 0;
    while (k < n && isnan(a->data[k])) k++;
    const char *reason = reason_of(result, a);
    if (n > 0 && k == n)
      mesoi_warn(cli, "%s is undefined throughout%s%s", a->path, reason != NULL ? ": " : "",
                 reason != NULL ? reason : "");
  }
}

/** What the analysis found worth a warning stands in its groups. */
static void warn_of_groups(const meso_cli *cli, const meso_result *result)
{
  for (size_t i = 0; i < result->n_groups; i++) {
    const char *text = meso_attrs_text(&result->group[i].attrs, "warning");
    if (text != NULL) mesoi_warn(cli, "%s", text);
  }
}

static meso_status write_outputs(const meso_cli *cli, const options *o, const meso_result *result,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cli->output != NULL) {
    MESO_TRY(meso_result_write(cli->output, "analysis", result, provenance, err));
    mesoi_answer_output(cli, cli->output);
  }
  if (o->csv[0] != '\0') {
    MESO_TRY(meso_result_table_write(o->csv, result, err));
    mesoi_answer_output(cli, o->csv);
  }
cleanup:
  return status;
}

typedef struct inputs {
  size_t n_signals, n_files;  /* of signals, of all: those come last */
  const char *const *path;
  meso_spikes *spikes;
  meso_signals *signals;
  mesoi_origin origin;
} inputs;

static meso_status read_data(const meso_cli *cli, inputs *in, meso_err *err)
{
  meso_status status = MESO_OK;
  if (in->n_files > in->n_signals)
    MESO_TRY(mesoi_spikes_read(cli, in->path[0], &in->spikes, err));
  if (in->n_signals > 0)
    MESO_TRY(mesoi_signals_read_all(cli, in->n_signals, in->path + in->n_files - in->n_signals,
                                    &in->signals, err));
cleanup:
  return status;
}

/** The data, and by another thread the checksums of their files. */
static meso_status read_inputs(const meso_cli *cli, inputs *in, meso_err *err)
{
  meso_status status = MESO_OK, of_origin = MESO_OK;
  meso_err why = { .status = MESO_OK };
#pragma omp parallel sections num_threads(cli->n_threads > 1 ? 2 : 1)
  {
#pragma omp section
    status = read_data(cli, in, err);
#pragma omp section
    of_origin = mesoi_origin_make(cli, NULL, in->n_files, in->path, &in->origin, &why);
  }
  if (status == MESO_OK && of_origin != MESO_OK) MESO_FAIL(err, of_origin, "%s", why.msg);
cleanup:
  return status;
}

/** What does not suit the data is said with their file; errors of format name theirs. */
static meso_status analyse(const meso_cli *cli, const meso_analysis_ops *ops, const void *params,
                           const inputs *in, meso_result *result, meso_err *err)
{
  meso_err why = {.status = MESO_OK};
  const meso_status status = meso_analysis_run(ops, params, in->spikes, in->signals,
                                               cli->n_threads, result, &why);
  if (status == MESO_OK) return MESO_OK;
  const bool of_data = status == MESO_EINVAL || status == MESO_ERANGE;
  return meso_err_set(err, status, why.file, why.line, "%s%s%s", of_data ? in->path[0] : "",
                      of_data ? ": " : "", why.msg);
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .csv = NULL };
  const meso_analysis_ops *ops = NULL;
  unsigned char *params = NULL;
  char name[64];
  mesoi_positionals args = { .v = NULL };
  inputs in = { .spikes = NULL };
  meso_result *result = NULL;
  if (wants_list(cli)) return list(cli, err);
  if (cli->n_args == 0)
    MESO_FAIL(err, MESO_EUSAGE, "analyze: no analysis named (see mesocast analyze --list)");
  MESO_TRY(find_analysis(cli->args[0], &ops, err));
  MESO_ALLOC(err, params, ops->params_size);
  mesoi_option_set sets[] = {{ ops->params, params }, { rows, &o }};
  (void) snprintf(name, sizeof name, "analyze %s", ops->name);
  const bool of_spikes = meso_analysis_takes_spikes(ops), of_signals =
      meso_analysis_takes_signals(ops);
  in.n_signals = !of_signals ? 0 : ops->n_signal_files > 0 ? ops->n_signal_files : 1;
  in.n_files = (of_spikes ? 1 : 0) + in.n_signals;
  MESO_TRY(mesoi_options_parse(cli, name, 2, sets, 1 + in.n_files, 1 + in.n_files, &args, err));
  in.path = &args.v[1];
  MESO_TRY(mesoi_sets_apply(cli, ops->params, params, err));
  MESO_TRY(check_outputs(cli, &o, err));
  MESO_TRY(read_inputs(cli, &in, err));
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(mesoi_go_on(ops->name, err));
  MESO_TRY(analyse(cli, ops, params, &in, result, err));
  MESO_TRY(mesoi_go_on(ops->name, err));
  warn_of_groups(cli, result);
  warn_of_nothing(cli, result);
  MESO_TRY(write_outputs(cli, &o, result, &in.origin.provenance, err));
  mesoi_answer_text(cli, "analysis", ops->name);
  mesoi_answer_result(cli, result);
cleanup:
  if (ops != NULL && params != NULL) meso_params_clear(ops->params, params);
  meso_params_clear(rows, &o);
  free(params);
  free(args.v);
  mesoi_origin_clear(&in.origin);
  meso_spikes_destroy(in.spikes);
  meso_signals_destroy(in.signals);
  meso_result_destroy(result);
  return status;
}

static const meso_param *params_of(const char *name)
{
  const meso_analysis_ops *ops = meso_analysis_by_name(name);
  return ops != NULL ? ops->params : NULL;
}

const meso_command meso_cmd_analyze = {
  .name = "analyze",
  .usage = "analyze ANALYSIS FILE... [OPTIONS] [--set KEY=VALUE] [-o ANALYSIS.h5] [--csv TABLE]\n"
           "       mesocast analyze --list [ANALYSIS...]",
  .summary = "analyse spikes or signals", .params = rows, .params_of = params_of,
  .explain = explain, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT, .stops_cleanly = true,
};
