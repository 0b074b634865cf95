/* cmd_ensemble.c: LFP of the same spikes under other assumptions: bands, and which one matters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_ensemble.h"
#include "cli_options.h"
#include "cli_progress.h"

meso_status mesoi_ensemble_write(const meso_cli *cli, const meso_model *model,
                                 const char *model_path, const meso_spikes *spikes,
                                 const char *output, const meso_provenance *provenance,
                                 meso_result **ret_result, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = { .n = 0 };
  meso_result *result = NULL;
  char *parts = NULL;
  const size_t room = strlen(output) + sizeof ".parts";
  MESO_ALLOC(err, parts, room);
  (void) snprintf(parts, room, "%s.parts", output);
  const meso_ensemble_options options = { .n_threads = cli->n_threads, .progress = cli->progress,
                                          .parts = parts, .provenance = provenance };
  MESO_TRY(mesoi_dirs_find(model_path, &dirs, err));
  MESO_TRY(meso_ensemble_run(model, dirs.n, (const char *const *) dirs.v, spikes, &options,
                             &result, err));
  MESO_TRY(meso_result_write(output, "ensemble", result, provenance, err));
  meso_ensemble_parts_remove(parts);
  *ret_result = result;
  result = NULL;
cleanup:
  mesoi_dirs_clear(&dirs);
  meso_result_destroy(result);
  free(parts);
  return status;
}

void mesoi_ensemble_sentence(const meso_result *ensemble, char *text, size_t size)
{
  const meso_attrs *a = meso_result_find_group(ensemble, "/ensemble");
  const meso_array *name = meso_result_find(ensemble, "/ensemble/factor");
  const meso_array *share = meso_result_find(ensemble, "/ensemble/share_psd");
  size_t used = 0;
  text[0] = '\0';
  if (a == NULL || name == NULL || share == NULL || meso_array_count(share) < MESO_FACTOR_ALL)
    return;
  used = (size_t) snprintf(text, size, "Assumptions nobody measured (%g redraws of all together, "
                           "same spikes): standard deviation of the LFP +-%.2g %%, spectra +-%.2g "
                           "dB; most of it from %s. Shares of the spectra's variance:",
                           meso_attrs_number(a, "members", 0),
                           100 * meso_attrs_number(a, "sd_relative_spread", 0),
                           meso_attrs_number(a, "psd_spread_dB", 0),
                           meso_attrs_text(a, "largest"));
  for (size_t f = 0; f < MESO_FACTOR_ALL && used < size; f++) {
    const double percent = 100 * share->data[f]; /* rounding is no share */
    used += (size_t) snprintf(text + used, size - used, "%s %s %.2g %%", f > 0 ? "," : "",
                              name->text[f], percent < 1e-3 ? 0 : percent);
  }
  if (used < size)
    (void) snprintf(text + used, size - used, " (each alone, relative to all together)%s.",
                    meso_attrs_number(a, "n_cells", 0) > 0
                    ? "; of a sample of the cells, which widens the bands" : "");
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_positionals args = { .v = NULL };
  mesoi_origin origin = { .model_text = NULL };
  meso_model *model = NULL;
  meso_spikes *spikes = NULL;
  meso_result *result = NULL;
  char sentence[1024];
  MESO_TRY(mesoi_options_parse(cli, "ensemble", 0, NULL, 2, 2, &args, err));
  MESO_TRY(mesoi_need_output(cli, "ensemble", err));
  MESO_TRY(meso_model_read(args.v[0], cli->n_sets, cli->sets, &model, err));
  MESO_TRY(mesoi_spikes_read_for(cli, args.v[1], model, &spikes, err));
  MESO_TRY(mesoi_origin_make(cli, model, 2, args.v, &origin, err));
  MESO_TRY(mesoi_ensemble_write(cli, model, args.v[0], spikes, cli->output, &origin.provenance,
                                &result, err));
  mesoi_ensemble_sentence(result, sentence, sizeof sentence);
  mesoi_say(cli, "%s\n", sentence);
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_result(cli, result);
  mesoi_answer_text(cli, "finding", sentence);
cleanup:
  free(args.v);
  mesoi_origin_clear(&origin);
  meso_model_destroy(model);
  meso_spikes_destroy(spikes);
  meso_result_destroy(result);
  return status;
}

static const char *const model_keys[] = {
  "lfp.ensemble", "lfp.ensemble_sigma_rel_sd", "lfp.ensemble_shift_um", "cells.alternatives",
  "lfp.external", "lfp.n_cells", "analysis.discard_ms", "analysis.nperseg", "analysis.overlap",
  NULL };

const meso_command meso_cmd_ensemble = {
  .name = "ensemble", .usage = "ensemble MODEL.yaml SPIKES.h5 -o ENSEMBLE.h5",
  .summary = "LFP under other assumptions: prediction bands, and which one matters most",
  .run = run, .model_keys = model_keys,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
