/* pipeline_stages.c: what each stage of `run` does. Rows, in order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cause_make.h"
#include "cli_answer.h"
#include "cli_ensemble.h"
#include "cli_progress.h"
#include "meso_analysis.h"
#include "meso_bold.h"
#include "meso_engine.h"
#include "meso_external.h"
#include "meso_io.h"
#include "meso_lfp.h"
#include "meso_simulate.h"
#include "pipeline.h"


static meso_status make_spikes(pipeline *p, const char *output, const meso_provenance *provenance,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_engine_report r = {0};
  meso_spikes_destroy(p->spikes); /* read again from the file by the stages that need them */
  p->spikes = NULL;
  MESO_TRY(meso_simulate(p->model, output, MESO_CHECKPOINT_EVERY_S, NULL, p->cli->n_threads,
                         p->cli->progress, provenance, NULL, &r, err));
  mesoi_say_went_on(p->cli, 11, p->model->simulation.duration_ms, r.simulated_ms, output,
                    r.why_anew);
  mesoi_say(p->cli, "%-10s %.3g synapses in %.1f s, %.3g spikes, real-time factor %.2f\n", "",
            (double) r.n_synapses, r.build_s, (double) r.n_spikes, r.real_time_factor);
cleanup:
  return status;
}

static meso_status make_currents(pipeline *p, const char *output,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spikes *spikes = NULL;
  meso_signals *currents = NULL;
  MESO_TRY(mesoi_pipeline_spikes(p, &spikes, err));
  MESO_TRY(mesoi_currents_make(p->cli, p->model, spikes, &currents, err));
  MESO_TRY(meso_signals_write(output, "currents", currents, provenance, err));
cleanup:
  meso_signals_destroy(currents);
  return status;
}

static meso_status make_kernels(pipeline *p, const char *output, const meso_provenance *provenance,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = {0};
  meso_result *kernels = NULL;
  MESO_TRY(mesoi_dirs_find(p->model_path, &dirs, err));
  MESO_TRY(mesoi_kernels_make(p->cli, &dirs, p->model, &kernels, err));
  MESO_TRY(meso_result_write(output, "kernels", kernels, provenance, err));
cleanup:
  mesoi_dirs_clear(&dirs);
  meso_result_destroy(kernels);
  return status;
}

static meso_status make_lfp(pipeline *p, const char *output, const meso_provenance *provenance,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH];
  const meso_spikes *spikes = NULL;
  mesoi_dirs dirs = {0};
  meso_result *kernels = NULL;
  meso_signals *lfp = NULL;
  mesoi_pipeline_path(p, "kernels.h5", path);
  MESO_TRY(meso_result_read(path, &kernels, err));
  MESO_TRY(mesoi_pipeline_spikes(p, &spikes, err));
  mesoi_pipeline_path(p, "spikes.h5", path);
  MESO_TRY(meso_lfp_from_kernels(kernels, spikes, p->model->lfp.output_rate_Hz, p->cli->n_threads,
                                 &lfp, err));
  MESO_TRY(mesoi_dirs_find(p->model_path, &dirs, err));
  MESO_TRY(meso_external_apply(p->model, kernels, dirs.n, (const char *const *) dirs.v,
                               p->cli->n_threads, p->cli->progress, lfp, err));
  MESO_TRY(mesoi_connectivity_add(path, p->model, p->model->lfp.method == MESO_LFP_POPULATION, lfp,
                                  err));
  if (p->model->lfp.proxies) MESO_TRY(mesoi_proxies_add(p->cli, p->model, spikes, lfp, err));
  MESO_TRY(meso_signals_write(output, "lfp", lfp, provenance, err));
cleanup:
  mesoi_dirs_clear(&dirs);
  meso_result_destroy(kernels);
  meso_signals_destroy(lfp);
  return status;
}

static meso_status make_bold(pipeline *p, const char *output, const meso_provenance *provenance,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH];
  meso_signals *currents = NULL, *lfp = NULL, *bold = NULL;
  meso_bold_inputs inputs = {.currents = NULL};
  const unsigned needs = meso_bold_needs(p->model);
  mesoi_pipeline_path(p, "currents.h5", path);
  MESO_TRY(meso_signals_read(path, &currents, err));
  mesoi_pipeline_path(p, "lfp.h5", path);
  if (needs & MESO_BOLD_NEEDS_LFP) MESO_TRY(meso_signals_read(path, &lfp, err));
  if (needs & MESO_BOLD_NEEDS_SPIKES) MESO_TRY(mesoi_pipeline_spikes(p, &inputs.spikes, err));
  inputs.currents = currents;
  inputs.lfp = lfp;
  MESO_TRY(meso_bold_make(p->model, &inputs, p->cli->n_threads, &bold, err));
  const char *empty = meso_attrs_text(&bold->attrs, "empty");
  const meso_signal *signal = meso_signals_find(bold, "bold");
  const char *warning = signal != NULL ? meso_attrs_text(&signal->attrs, "warning") : NULL;
  if (empty != NULL) mesoi_warn(p->cli, "BOLD is empty: %s", empty);
  if (warning != NULL) mesoi_warn(p->cli, "%s", warning);
  MESO_TRY(meso_signals_write(output, "bold", bold, provenance, err));
cleanup:
  meso_signals_destroy(currents);
  meso_signals_destroy(lfp);
  meso_signals_destroy(bold);
  return status;
}

/* ---- analysis ----------------------------------------------------------------------------- */

/** One analysis with parameters from the model; what it cannot do becomes a note in its group. */
static meso_status run_analysis(const pipeline *p, const char *name, const char *const (*set)[2],
                                const meso_spikes *spikes, const meso_signals *lfp,
                                meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_ops *ops = meso_analysis_by_name(name);
  const meso_where where = {.file = p->model_path, .path = "analysis"};
  unsigned char *params = NULL;
  meso_err reason = {0};
  MESO_TRY(mesoi_go_on(name, err));
  if (ops == NULL) MESO_FAIL(err, MESO_EBUG, "no analysis %s", name);
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_params_default(ops->params, params, err));
  for (size_t i = 0; set[i][0] != NULL; i++)
    MESO_TRY(meso_params_set(ops->params, params, set[i][0], set[i][1], &where, err));
  status = meso_analysis_run(ops, params, meso_analysis_takes_spikes(ops) ? spikes : NULL,
                             meso_analysis_takes_signals(ops) ? lfp : NULL, p->cli->n_threads,
                             result, &reason);
  if (status != MESO_OK && meso_status_exit_code(status) == 3) {
    char group[64];
    (void) snprintf(group, sizeof group, "/%s", name);
    meso_attrs *a = meso_result_group_attrs(result, group);
    if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot note why %s is empty", name);
    MESO_TRY(meso_attrs_set_text(a, "empty", reason.msg, err));
    status = MESO_OK;
  } else if (status != MESO_OK && err != NULL) {
    *err = reason;
  }
cleanup:
  if (ops != NULL && params != NULL) meso_params_clear(ops->params, params);
  free(params);
  return status;
}

/** What makes the LFP coherent: only neuron kernels can say. What cannot be said becomes a note. */
static meso_status add_cause(const pipeline *p, const char *const (*set)[2],
                             const meso_spikes *spikes, const meso_signals *lfp,
                             meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_params *a = &p->model->analysis;
  const meso_where where = {.file = p->model_path, .path = "analysis"};
  char path[PIPELINE_PATH];
  meso_cause_params params = {.surrogates = 0};
  meso_result *kernels = NULL;
  meso_err reason = {0};
  if (p->model->lfp.method != MESO_LFP_NEURON || a->cause_surrogates == 0) return MESO_OK;
  MESO_TRY(meso_params_default(meso_cause_rows, &params, err));
  for (size_t i = 0; set[i][0] != NULL; i++)
    MESO_TRY(meso_params_set(meso_cause_rows, &params, set[i][0], set[i][1], &where, err));
  params.surrogates = a->cause_surrogates;
  params.shifts = 10 * a->cause_surrogates; /* cheap beside the others */
  params.duration_ms = a->cause_ms;
  mesoi_pipeline_path(p, "kernels.h5", path);
  MESO_TRY(meso_result_read(path, &kernels, err));
  const mesoi_cause_input input = {.kernels = kernels, .spikes = spikes, .lfp = lfp,
                                   .params = &params, .seed = p->model->simulation.seed};
  status = mesoi_cause_make(p->cli, &input, result, &reason);
  if (status != MESO_OK && meso_status_exit_code(status) == 3) {
    meso_attrs *attrs = meso_result_group_attrs(result, "/cause");
    if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot note why cause is empty");
    MESO_TRY(meso_attrs_set_text(attrs, "empty", reason.msg, err));
  } else if (status != MESO_OK && err != NULL) {
    *err = reason;
  }
cleanup:
  meso_params_clear(meso_cause_rows, &params);
  meso_result_destroy(kernels);
  return status;
}

/** LFP against BOLD, if there is any; moves the signals of BOLD to those of the LFP. */
static meso_status add_neurovascular(const pipeline *p, const char *discard_ms,
                                     const meso_spikes *spikes, meso_signals *lfp,
                                     meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *const set[][2] = {{"discard_ms", discard_ms}, {NULL, NULL}};
  char path[PIPELINE_PATH];
  meso_signals *bold = NULL;
  mesoi_pipeline_path(p, "bold.h5", path);
  MESO_TRY(meso_signals_read(path, &bold, err));
  MESO_TRY(meso_signals_move(bold, lfp, err));
  if (meso_signals_find(lfp, "bold") != NULL)
    MESO_TRY(run_analysis(p, "neurovascular", set, spikes, lfp, result, err));
cleanup:
  meso_signals_destroy(bold);
  return status;
}

static meso_status make_analysis(pipeline *p, const char *output,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_analysis_params *a = &p->model->analysis;
  char path[PIPELINE_PATH], discard[32], bin[32], n_corr[32], nperseg[32], overlap[32], min_n[32];
  char stop[32];
  const meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL;
  meso_result *result = NULL;
  (void) snprintf(discard, sizeof discard, "%.17g", a->discard_ms);
  (void) snprintf(bin, sizeof bin, "%.17g", a->bin_ms);
  (void) snprintf(n_corr, sizeof n_corr, "%lld", (long long) a->n_correlation);
  (void) snprintf(nperseg, sizeof nperseg, "%lld", (long long) a->nperseg);
  (void) snprintf(overlap, sizeof overlap, "%.17g", a->overlap);
  (void) snprintf(min_n, sizeof min_n, "%lld", (long long) a->min_spikes_cv);
  (void) snprintf(stop, sizeof stop, "%.17g", fmin(meso_model_window_stop_ms(p->model), 1e12));
  const char *const statistics[][2] = {{"discard_ms", discard}, {"t_stop_ms", stop},
                                       {"min_spikes", min_n}, {NULL, NULL}};
  const char *const correlation[][2] = {{"discard_ms", discard}, {"t_stop_ms", stop},
                                        {"bin_ms", bin}, {"max_neurons", n_corr},
                                        {"drop_silent", "true"}, {NULL, NULL}};
  const char *const welch[][2] = {{"discard_ms", discard}, {"nperseg", nperseg},
                                  {"overlap", overlap}, {NULL, NULL}};
  MESO_TRY(mesoi_pipeline_spikes(p, &spikes, err));
  mesoi_pipeline_path(p, "lfp.h5", path);
  MESO_TRY(meso_signals_read(path, &lfp, err));
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(meso_attrs_set_text(&result->attrs, "state",
                               meso_model_state(p->model, spikes->t_stop_ms), err));
  MESO_TRY(meso_model_describe_scaling(p->model, &result->attrs, err));
  MESO_TRY(run_analysis(p, "statistics", statistics, spikes, lfp, result, err));
  MESO_TRY(run_analysis(p, "correlation", correlation, spikes, lfp, result, err));
  MESO_TRY(run_analysis(p, "population_spectrum", welch, spikes, lfp, result, err));
  MESO_TRY(run_analysis(p, "spectrum", welch, spikes, lfp, result, err));
  MESO_TRY(run_analysis(p, "coherence", welch, spikes, lfp, result, err));
  if (p->model->lfp.method == MESO_LFP_NEURON && p->model->lfp.approximations)
    MESO_TRY(run_analysis(p, "approximation", welch, spikes, lfp, result, err));
  MESO_TRY(add_cause(p, welch, spikes, lfp, result, err));
  MESO_TRY(add_neurovascular(p, discard, spikes, lfp, result, err));
  if (p->model->lfp.proxies)
    MESO_TRY(run_analysis(p, "proxy", welch, spikes, lfp, result, err));
  MESO_TRY(meso_result_write(output, "analysis", result, provenance, err));
cleanup:
  meso_signals_destroy(lfp);
  meso_result_destroy(result);
  return status;
}

/* ---- ensemble ----------------------------------------------------------------------------- */

static bool wants_ensemble(const meso_model *model) { return model->lfp.ensemble > 0; }

/** A recording that is too short for spectra leaves a file that says so, as with the analyses. */
static meso_status make_ensemble(pipeline *p, const char *output,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spikes *spikes = NULL;
  meso_result *result = NULL;
  meso_err reason = {0};
  MESO_TRY(mesoi_pipeline_spikes(p, &spikes, err));
  status = mesoi_ensemble_write(p->cli, p->model, p->model_path, spikes, output, provenance,
                                &result, &reason);
  if (status != MESO_OK && meso_status_exit_code(status) == 3) {
    MESO_TRY(meso_result_create(&result, err));
    meso_attrs *a = meso_result_group_attrs(result, "/ensemble");
    if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot note why the ensemble is empty");
    MESO_TRY(meso_attrs_set_text(a, "empty", reason.msg, err));
    MESO_TRY(meso_result_write(output, "ensemble", result, provenance, err));
  } else if (status != MESO_OK && err != NULL) {
    *err = reason;
  }
cleanup:
  meso_result_destroy(result);
  return status;
}

/* Kernels are first: they are quick, and what is wrong with cells and probe must not wait for the
 * end of the simulation. */
const pipeline_stage mesoi_pipeline_stages[] = {
  {.name = "kernels", .output = "kernels.h5", .sections = MESO_SECTION_NETWORK | MESO_SECTION_LFP,
   .reads_morphologies = true, .make = make_kernels},
  {.name = "simulate", .output = "spikes.h5", .sections = MESO_SECTION_NETWORK,
   .make = make_spikes},
  {.name = "currents", .output = "currents.h5", .sections = MESO_SECTION_NETWORK,
   .inputs = {"spikes.h5"}, .make = make_currents},
  {.name = "lfp", .output = "lfp.h5", .sections = MESO_SECTION_LFP,
   .inputs = {"spikes.h5", "kernels.h5"}, .make = make_lfp},
  {.name = "bold", .output = "bold.h5", .sections = MESO_SECTION_BOLD,
   .inputs = {"currents.h5", "spikes.h5", "lfp.h5"}, .reads_response = true, .make = make_bold},
  {.name = "analysis", .output = "analysis.h5",
   .sections = MESO_SECTION_ANALYSIS | MESO_SECTION_NETWORK, /* the schedule: window and state */
   .inputs = {"spikes.h5", "lfp.h5", "kernels.h5", "bold.h5"}, .make = make_analysis},
  {.name = "ensemble", .output = "ensemble.h5",
   .sections = MESO_SECTION_NETWORK | MESO_SECTION_LFP | MESO_SECTION_ANALYSIS,
   .inputs = {"spikes.h5"}, .reads_morphologies = true, .reads_alternatives = true,
   .is_wanted = wants_ensemble, .make = make_ensemble},
  {.name = "report", .output = "report.html", .sections = MESO_SECTION_ALL,
   .inputs = {"kernels.h5", "lfp.h5", "bold.h5", "currents.h5", "analysis.h5", "spikes.h5",
              "ensemble.h5"},
   .reads_measured = true,
   .make = mesoi_pipeline_report},
};
const size_t mesoi_pipeline_stage_count =
  sizeof mesoi_pipeline_stages / sizeof mesoi_pipeline_stages[0];
