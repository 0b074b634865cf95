/* cmd_proxy.c: proxies of the LFP from the literature against an LFP: a table, and all numbers. */
#include <math.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "meso_analysis.h"
#include "meso_io.h"
#include "meso_proxy.h"

typedef struct options { char *spikes, *lfp; } options;

static const meso_param rows[] = {
  { .key = "spikes", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, spikes), .help = "spike file (SONATA)" },
  { .key = "lfp", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, lfp), .help = "the LFP of these spikes, from `lfp`" },
  { .key = NULL },
};

/** Smallest, middle and largest of a row. */
static void summarise(const double *x, size_t n, double *low, double *middle, double *high)
{
  size_t below = 0;
  *low = INFINITY;
  *high = -INFINITY;
  *middle = NAN;
  for (size_t i = 0; i < n; i++) {
    *low = fmin(*low, x[i]);
    *high = fmax(*high, x[i]);
  }
  for (size_t i = 0; i < n; i++, below = 0) { /* few contacts: each is ranked */
    size_t equal = 0;
    for (size_t k = 0; k < n; k++) {
      below += x[k] < x[i];
      equal += x[k] == x[i];
    }
    if (below <= n / 2 && below + equal > n / 2) *middle = x[i];
  }
}

/** A line for each proxy: name, then medians over the contacts. */
static void answer_table(const meso_cli *cli, const meso_result *result)
{
  static const char *const column[] = {"correlation_squared", "explained_variance", "sd_ratio"};
  const meso_array *name = meso_result_find(result, "/proxy/name");
  mesoi_say(cli, "%-14s %26s %26s %26s\n", "proxy", "r^2 (least, most)", "explained variance",
            "sd ratio");
  for (size_t i = 0; i < meso_array_count(name); i++) {
    const char *short_name = name->text[i] + sizeof MESO_PROXY_HEAD - 1;
    json_t *row = json_pack("{s:s}", "name", short_name);
    mesoi_say(cli, "%-14s", short_name);
    for (size_t k = 0; k < 3; k++) {
      char path[64];
      double low, middle, high;
      (void) snprintf(path, sizeof path, "/proxy/%s", column[k]);
      const meso_array *a = meso_result_find(result, path);
      summarise(a->data + i * a->dims[1], a->dims[1], &low, &middle, &high);
      mesoi_say(cli, "   %7.3g (%6.2g, %6.2g)", middle, low, high);
      (void) json_object_set_new(row, column[k], mesoi_json_number(middle));
    }
    mesoi_say(cli, "\n");
    mesoi_answer_append(cli, "proxies", row);
  }
}

static meso_status compare(const meso_cli *cli, const char *path, const options *o,
                           const void *params, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_ops *ops = meso_analysis_by_name("proxy");
  meso_model *model = NULL;
  meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL;
  meso_result *result = NULL;
  mesoi_origin origin = { .model_text = NULL };
  MESO_TRY(meso_model_read(path, cli->n_sets, cli->sets, &model, err));
  MESO_TRY(mesoi_spikes_read_for(cli, o->spikes, model, &spikes, err));
  MESO_TRY(meso_signals_read(o->lfp, &lfp, err));
  MESO_TRY(mesoi_go_on("proxy", err));
  MESO_TRY(mesoi_proxies_add(cli, model, spikes, lfp, err));
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(meso_analysis_run(ops, params, NULL, lfp, cli->n_threads, result, err));
  const char *const inputs[] = { path, o->spikes, o->lfp };
  MESO_TRY(mesoi_origin_make(cli, model, 3, inputs, &origin, err));
  MESO_TRY(meso_result_write(cli->output, "analysis", result, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  answer_table(cli, result);
cleanup:
  mesoi_origin_clear(&origin);
  meso_model_destroy(model);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
  meso_result_destroy(result);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_ops *ops = meso_analysis_by_name("proxy");
  options o = { .spikes = NULL };
  mesoi_positionals args = { .v = NULL };
  void *params = NULL;
  if (ops == NULL) MESO_FAIL(err, MESO_EBUG, "no analysis proxy");
  params = meso_calloc(1, ops->params_size);
  if (params == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate parameters");
  mesoi_option_set set[] = { { rows, &o }, { ops->params, params } };
  MESO_TRY(mesoi_options_parse(cli, "proxy", 2, set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "proxy", err));
  if (o.spikes[0] == '\0' || o.lfp[0] == '\0')
    MESO_FAIL(err, MESO_EUSAGE, "proxy: give spikes and LFP with --spikes FILE --lfp FILE");
  MESO_TRY(compare(cli, args.v[0], &o, params, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  if (params != NULL) meso_params_clear(ops->params, params);
  free(params);
  return status;
}

const meso_command meso_cmd_proxy = {
  .name = "proxy", .usage = "proxy MODEL.yaml --spikes SPIKES.h5 --lfp LFP.h5 -o PROXY.h5",
  .summary = "compare proxies of the literature with the LFP", .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
