/* cmd_info.c: what a file holds: kind, populations and rates, signals, arrays; a digest of all of
 * it but /provenance, equal for files that hold the same numbers. Of a model file: what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "info_model.h"
#include "meso_format.h"

typedef struct options { bool digest, tables; } options;

static const meso_param rows[] = {
  { .key = "digest", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, digest),
    .help = "print only the SHA-256 of all datasets and attributes outside /provenance" },
  { .key = "tables", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, tables),
    .help = "a model as the tables of Nordlie et al. 2009; -o FILE.md, .tex or .html" },
  { .key = NULL },
};

/* ---- contents ------------------------------------------------------------------------------ */

/** Answers with spikes, else with signals, else with arrays. */
static meso_status describe(const meso_cli *cli, const char *path, const char *kind, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  meso_signals *signals = NULL;
  meso_result *all = NULL;
  if (strcmp(kind, "spikes") == 0) {
    MESO_TRY(mesoi_spikes_read(cli, path, &spikes, err));
    mesoi_answer_spikes(cli, spikes);
    goto cleanup;
  }
  status = meso_signals_read(path, &signals, err);
  if (status == MESO_OK) mesoi_answer_signals(cli, signals);
  if (status != MESO_ENOTFOUND) goto cleanup;
  MESO_TRY(meso_result_read(path, &all, err));
  mesoi_answer_result(cli, all);
cleanup:
  meso_spikes_destroy(spikes);
  meso_signals_destroy(signals);
  meso_result_destroy(all);
  return status;
}

/* ---- output -------------------------------------------------------------------------------- */

static const char *or_empty(const char *s) { return s != NULL ? s : ""; }

static const char *text_of(const json_t *item, const char *key)
{
  return or_empty(json_string_value(json_object_get(item, key)));
}

static double number_of(const json_t *item, const char *key)
{
  return json_number_value(json_object_get(item, key));
}

static void print_text(const json_t *root)
{
  size_t i = 0, d = 0;
  json_t *item = NULL, *size = NULL;
  const char *kind = text_of(root, "kind");
  printf("%s: %s\n", text_of(root, "file"), kind[0] != '\0' ? kind : "unknown kind");
  if (json_object_get(root, "n_spikes") != NULL)
    printf("  %.0f spikes from %g to %g ms\n", number_of(root, "n_spikes"),
           number_of(root, "t_start_ms"), number_of(root, "t_stop_ms"));
  json_array_foreach(json_object_get(root, "populations"), i, item)
    printf("  %-12s %8.0f neurons %12.0f spikes %9.4g spikes/s\n", text_of(item, "name"),
           number_of(item, "size"), number_of(item, "n_spikes"), number_of(item, "rate_Hz"));
  json_array_foreach(json_object_get(root, "signals"), i, item)
    printf("  %-20s %.0f times x %.0f channels, %s, %g Hz from %g ms\n", text_of(item, "name"),
           number_of(item, "n_times"), number_of(item, "n_channels"), text_of(item, "units"),
           number_of(item, "sampling_rate_Hz"), number_of(item, "t_start_ms"));
  json_array_foreach(json_object_get(root, "arrays"), i, item) {
    printf("  %-40s (", text_of(item, "path"));
    json_array_foreach(json_object_get(item, "shape"), d, size)
      printf("%s%.0f", d > 0 ? ", " : "", json_number_value(size));
    printf(") %s\n", text_of(item, "units"));
  }
  if (json_object_get(root, "digest") != NULL) printf("  digest %s\n", text_of(root, "digest"));
}

/** A recording in another tool's format; only of HDF5 files there is a digest. */
static meso_status show_recording(const meso_cli *cli, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format *format = NULL;
  meso_spikes *spikes = NULL;
  meso_signals *signals = NULL;
  char digest[65];
  MESO_TRY(meso_format_of_file(path, &format, err));
  MESO_TRY(mesoi_recording_read(cli, path, &spikes, &signals, err));
  mesoi_answer_text(cli, "file", path);
  mesoi_answer_text(cli, "kind", format->name);
  if (spikes != NULL) mesoi_answer_spikes(cli, spikes);
  if (signals != NULL) mesoi_answer_signals(cli, signals);
  if (meso_file_digest(path, digest, NULL) == MESO_OK) mesoi_answer_text(cli, "digest", digest);
  if (!cli->json) print_text(cli->answer->object);
cleanup:
  meso_spikes_destroy(spikes);
  meso_signals_destroy(signals);
  return status;
}

static meso_status show(const meso_cli *cli, const char *path, bool digest_only, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64], digest[65];
  if (!digest_only && mesoi_is_recording(path)) return show_recording(cli, path, err);
  meso_err why = { .status = MESO_OK };
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  mesoi_answer_text(cli, "file", path);
  mesoi_answer_text(cli, "kind", kind);
  if (digest_only) {
    MESO_TRY(meso_file_digest(path, digest, err));
    mesoi_answer_text(cli, "digest", digest);
    if (!cli->json) printf("%s\n", digest);
    goto cleanup;
  }
  MESO_TRY(describe(cli, path, kind, err));
  /* Foreign files may hold types that have no digest; their contents can be shown all the same. */
  if (meso_file_digest(path, digest, &why) != MESO_OK) mesoi_warn(cli, "no digest: %s", why.msg);
  else mesoi_answer_text(cli, "digest", digest);
  if (!cli->json) print_text(cli->answer->object);
cleanup:
  return status;
}

static meso_status of_model(const meso_cli *cli, const char *path, const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  if (o->digest)
    MESO_FAIL(err, MESO_EUSAGE, "info: --digest is of HDF5 files, not of models");
  if (cli->output != NULL && !o->tables)
    MESO_FAIL(err, MESO_EUSAGE, "info: %s takes no --output without --tables", path);
  status = o->tables ? mesoi_info_tables(cli, path, err) : mesoi_info_model(cli, path, err);
cleanup:
  return status;
}

static meso_status of_file(const meso_cli *cli, const char *path, const options *o, meso_err *err)
{
  static const struct { unsigned takes; const char *name; } of_models[] = {
    {MESO_TAKES_SET, "--set"}, {MESO_TAKES_SEED, "--seed"}, {MESO_TAKES_OUTPUT, "--output"}};
  meso_status status = MESO_OK;
  for (size_t i = 0; i < sizeof of_models / sizeof *of_models; i++)
    if ((cli->given & of_models[i].takes) != 0)
      MESO_FAIL(err, MESO_EUSAGE, "info: %s takes no %s: it is no model", path, of_models[i].name);
  if (o->tables)
    MESO_FAIL(err, MESO_EUSAGE, "info: %s takes no --tables: it is no model", path);
  status = show(cli, path, o->digest, err);
cleanup:
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .digest = false };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "info", 1, &set, 1, 1, &args, err));
  status = mesoi_is_model_name(args.v[0]) ? of_model(cli, args.v[0], &o, err)
                                          : of_file(cli, args.v[0], &o, err);
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_info = {
  .name = "info", .usage = "info FILE [--digest] | MODEL.yaml [--tables [-o FILE.md|tex|html]]",
  .summary = "show what a file holds or a model says", .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_OUTPUT,
};
