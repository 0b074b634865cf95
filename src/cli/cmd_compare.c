/* cmd_compare.c: an analysis beside published numbers: a table; as JSON in a file. Or beside
 * another analysis: compare_files.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "compare_files.h"
#include "meso_compare.h"
#include "meso_io.h"

typedef struct options {
  char *measured, *lfp, *bold;
  mesoi_compare_options files;
} options;

static const meso_param rows[] = {
  { .key = "measured", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, measured),
    .help = "ids or sets of published numbers, separated by commas, or a YAML file; empty: all" },
  { .key = "lfp", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, lfp), .help = "file with the LFP" },
  { .key = "bold", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, bold), .help = "file with the BOLD" },
  { .key = "resamples", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 1e6,
    .default_text = "1000", .offset = offsetof(options, files.resamples),
    .help = "of the bootstrap and the permutations that compare two files" },
  { .key = "confidence", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0.5, .max = 0.9999,
    .default_text = "0.95", .offset = offsetof(options, files.confidence),
    .help = "of the intervals of two files" },
  { .key = "bands_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e9,
    .default_text = "1,4,8,13,30,80,150", .offset = offsetof(options, files.bands_Hz),
    .help = "edges of the bands in which curves of two files are compared" },
  { .key = NULL },
};

static bool is_file(const char *name)
{
  const size_t n = strlen(name);
  return strchr(name, '/') != NULL || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

static meso_status make_json(const meso_comparison *c, json_t *list, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < c->n; i++) {
    const struct meso_comparison_entry *e = &c->entry[i];
    json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", e->id, "quantity",
                            e->quantity, "population", e->population, "predicted", e->predicted,
                            "measured", e->measured, "verdict", e->verdict, "kind", e->kind,
                            "certainty", e->certainty, "preparation", e->preparation, "doi",
                            e->doi);
    if (json_array_append_new(list, row) != 0)
      MESO_FAIL(err, MESO_ENOMEM, "cannot make JSON of %s", e->id);
  }
cleanup:
  return status;
}

static void print_table(const meso_comparison *c)
{
  for (size_t i = 0; i < c->n; i++) {
    const struct meso_comparison_entry *e = &c->entry[i];
    printf("%s\n  quantity   %s%s%s\n  predicted  %s\n  published  %s\n  verdict    %s\n"
           "  source     %s; %s; %s, %s\n", e->id, e->quantity, e->population[0] ? " of " : "",
           e->population, e->predicted[0] ? e->predicted : "-", e->measured, e->verdict,
           e->preparation, e->doi, e->kind, e->certainty);
  }
}

/** Entries by the first words of their verdict: "within range", "below", "no verdict" ... */
static json_t *count_verdicts(const meso_comparison *c)
{
  json_t *counts = json_object();
  for (size_t i = 0; i < c->n; i++) {
    char word[32];
    (void) snprintf(word, sizeof word, "%.*s", (int) strcspn(c->entry[i].verdict, ";:,"),
                    c->entry[i].verdict);
    const json_int_t n = json_integer_value(json_object_get(counts, word));
    (void) json_object_set_new(counts, word, json_integer(n + 1));
  }
  return counts;
}

static meso_status put_out(const meso_cli *cli, const meso_comparison *c, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  json_t *list = json_array();
  MESO_TRY(make_json(c, list, err));
  if (cli->output != NULL) {
    text = json_dumps(list, JSON_INDENT(2));
    if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write JSON");
    MESO_TRY(meso_file_write(cli->output, text, strlen(text), err));
    mesoi_answer_output(cli, cli->output);
  }
  if (!cli->json && !cli->quiet) print_table(c);
  mesoi_answer_put(cli, "verdicts", count_verdicts(c));
  mesoi_answer_put(cli, "comparison", json_incref(list));
cleanup:
  json_decref(list);
  free(text);
  return status;
}

static meso_status compare(const meso_cli *cli, const char *path, const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool own = is_file(o->measured);
  glob_t found = { .gl_pathc = 0 };
  meso_result *analysis = NULL;
  meso_signals *lfp = NULL, *bold = NULL;
  meso_comparison *c = NULL;
  MESO_TRY(mesoi_compare_check(path, err));
  if (!own) MESO_TRY(mesoi_measured_find(NULL, &found, err));
  MESO_TRY(meso_result_read(path, &analysis, err));
  if (o->lfp[0] != '\0') MESO_TRY(mesoi_signals_read(cli, o->lfp, &lfp, err));
  if (o->bold[0] != '\0') MESO_TRY(mesoi_signals_read(cli, o->bold, &bold, err));
  const char *file = o->measured;
  const char *const *files = own ? &file : (const char *const *) found.gl_pathv;
  MESO_TRY(meso_compare_run(own ? 1 : found.gl_pathc, files, own ? NULL : o->measured, analysis,
                            lfp, bold, &c, err));
  MESO_TRY(put_out(cli, c, err));
  size_t n_predicted = 0;
  for (size_t i = 0; i < c->n; i++) n_predicted += c->entry[i].predicted[0] != '\0';
  if (n_predicted == 0)
    mesoi_warn(cli, "%s: holds nothing that these published numbers speak of; most are of the "
               "analyses statistics, correlation and coherence", path);
cleanup:
  if (found.gl_pathv != NULL) globfree(&found);
  meso_comparison_destroy(c);
  meso_result_destroy(analysis);
  meso_signals_destroy(lfp);
  meso_signals_destroy(bold);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .measured = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "compare", 1, &set, 1, 2, &args, err));
  if (args.n == 2) {
    MESO_TRY(mesoi_compare_files(cli, args.v, &o.files, err));
    goto cleanup;
  }
  if (cli->seed != NULL)
    MESO_FAIL(err, MESO_EUSAGE, "compare: --seed needs a second file: published numbers are "
              "compared without random numbers");
  MESO_TRY(compare(cli, args.v[0], &o, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_compare = {
  .name = "compare",
  .usage = "compare ANALYSIS.h5 [--measured NAME|FILE] [--lfp F] [--bold F] [-o OUT.json]\n"
           "       mesocast compare A.h5 B.h5 [OPTIONS] [--seed S] -o OUT.h5",
  .summary = "set an analysis beside published numbers, or beside another analysis",
  .params = rows, .run = run, .takes = MESO_TAKES_SEED | MESO_TAKES_OUTPUT,
};
