/* pipeline_report.c: figures and report.html; the sentences that say what a result can't carry. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_cells.h"
#include "cli_ensemble.h"
#include "meso_compare.h"
#include "meso_config.h"
#include "meso_io.h"
#include "meso_lfp.h"
#include "meso_plot.h"
#include "pipeline.h"
#include "report_in_degrees.h"

/** Everything the report draws from. */
typedef struct sources {
  meso_signals *lfp, *bold, *currents;
  meso_result *analysis, *ensemble; /**< ensemble: NULL unless the model wants one */
  mesoi_cells cells;
} sources;

static void sources_clear(sources *s)
{
  mesoi_cells_clear(&s->cells);
  meso_signals_destroy(s->lfp);
  meso_signals_destroy(s->bold);
  meso_signals_destroy(s->currents);
  meso_result_destroy(s->analysis);
  meso_result_destroy(s->ensemble);
}

/** A report may be made again where the morphologies are not: then without them. */
static void read_cells(pipeline *p, sources *s)
{
  meso_err why = {0};
  if (mesoi_cells_read(p->model, p->model_path, &s->cells, &why) == MESO_OK) return;
  mesoi_cells_clear(&s->cells);
  mesoi_pipeline_note(p, "The figure of the probe shows no morphologies: %s.", why.msg);
}

static meso_status sources_read(pipeline *p, sources *s, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH];
  read_cells(p, s);
  mesoi_pipeline_path(p, "lfp.h5", path);
  MESO_TRY(meso_signals_read(path, &s->lfp, err));
  mesoi_pipeline_path(p, "bold.h5", path);
  MESO_TRY(meso_signals_read(path, &s->bold, err));
  mesoi_pipeline_path(p, "currents.h5", path);
  MESO_TRY(meso_signals_read(path, &s->currents, err));
  mesoi_pipeline_path(p, "analysis.h5", path);
  MESO_TRY(meso_result_read(path, &s->analysis, err));
  mesoi_pipeline_path(p, "ensemble.h5", path);
  if (mesoi_pipeline_has(p, "ensemble.h5")) MESO_TRY(meso_result_read(path, &s->ensemble, err));
cleanup:
  return status;
}

/* ---- notes -------------------------------------------------------------------------------- */

/** Least and most over the contacts of every signal that was compared with the LFP, in words that
 *  take name and both numbers. */
static void note_compared(pipeline *p, const sources *s, const char *names, const char *numbers,
                          const char *before, const char *after)
{
  const meso_array *name = meso_result_find(s->analysis, names);
  const meso_array *number = meso_result_find(s->analysis, numbers);
  if (name == NULL || number == NULL || number->n_dims != 2) return;
  for (size_t i = 0; i < name->dims[0] && i < number->dims[0]; i++) {
    const double *of = number->data + i * number->dims[1];
    double least = INFINITY, most = -INFINITY;
    for (size_t c = 0; c < number->dims[1]; c++) {
      least = fmin(least, of[c]);
      most = fmax(most, of[c]);
    }
    mesoi_pipeline_note(p, "%s %s: %.3g to %.3g %s.", before, name->text[i], least, most, after);
  }
}

/** What theory expects of the mean kernel. */
static void note_expected(pipeline *p, const sources *s)
{
  const meso_array *a = meso_result_find(s->analysis, "/approximation/expected_explained_variance");
  double least = INFINITY, most = -INFINITY;
  for (size_t c = 0; a != NULL && a->data != NULL && c < meso_array_count(a); c++) {
    least = fmin(least, a->data[c]);
    most = fmax(most, a->data[c]);
  }
  if (least <= most)
    mesoi_pipeline_note(p, "Expected of lfp_by_mean_kernel: %.3g to %.3g, if the deviations of the "
                        "neurons' kernels from their mean were unrelated (as in the theory of Ness "
                        "et al. 2025: the more, the more alike the kernels and the more correlated "
                        "the spikes).", least, most);
}

/** What population rates alone, and what proxies would give, in numbers. */
static void note_approximations(pipeline *p, const sources *s)
{
  note_compared(p, s, "/approximation/name", "/approximation/explained_variance", "Approximation",
                "of the variance of the LFP at a contact explained; less at low frequencies "
                "(figure)");
  note_expected(p, s);
  note_compared(p, s, "/proxy/name", "/proxy/correlation_squared", "Proxy",
                "squared correlation with the LFP at a contact, gains fitted to the first half");
}

/** What became of external input, by lfp.external. */
static const char *external_words(int external)
{
  static const char *const words[] = {
    [MESO_EXTERNAL_OFF] = "is not in this LFP (lfp.external: off)",
    [MESO_EXTERNAL_GAUSSIAN] =
      ("is in this LFP as a Gaussian process with its cross-spectral matrix; its covariance with "
       "the spikes that it causes is neglected"),
    [MESO_EXTERNAL_REPLAY] = "is in this LFP, event by event as the engine draws it"};
  return words[external];
}

/** Whose synapses, which frequencies, and how strong the field is that acts on no neuron. */
static void note_scope(pipeline *p, const meso_signal *lfp)
{
  const char *wiring = meso_attrs_text(&lfp->attrs, "connectivity");
  const char *band = meso_attrs_text(&lfp->attrs, "validity_band");
  const char *reason = meso_attrs_text(&lfp->attrs, "validity_reason");
  if (wiring != NULL) mesoi_pipeline_note(p, "Connectivity of this LFP: %s.", wiring);
  if (band != NULL && reason != NULL)
    mesoi_pipeline_note(p, "This LFP is valid at %s: %s.", band, reason);
  mesoi_pipeline_note(p, "One-way: the field acts on no neuron. Its largest amplitude along the "
                      "probe is %.2g V/m (between neighbouring contacts, at any time).",
                      meso_lfp_largest_field_V_per_m(lfp));
}

static void note_lfp(pipeline *p, const sources *s)
{
  const meso_signal *lfp = meso_signals_find(s->lfp, "lfp");
  const bool is_usual = strcmp(p->model->lfp.conductor, "root_as_point") == 0;
  mesoi_pipeline_note(p, "LFP: %s in %s%s (%g S/m), given the placement and the synthetic "
                      "morphologies; no spikes, no active currents; an isolated column, no "
                      "neighbours.",
                      p->model->lfp.method == MESO_LFP_NEURON
                      ? "passive cables, every synapse of the network with its own weight, delay "
                      "and place," : "population kernels of passive cables, averaged over the "
                      "wiring,", is_usual ? "an infinite homogeneous medium" : "the medium ",
                      is_usual ? "" : p->model->lfp.conductor, p->model->probe.sigma_S_per_m);
  if (lfp != NULL) note_scope(p, lfp);
  if (p->model->lfp.method == MESO_LFP_NEURON && p->model->lfp.n_cells > 0)
    mesoi_pipeline_note(p, "Only %lld cells make this LFP (lfp.n_cells), the others none.",
                        (long long) p->model->lfp.n_cells);
  note_approximations(p, s);
  const double error = lfp != NULL ? meso_attrs_number(&lfp->attrs, "basis_error", NAN) : NAN;
  if (isfinite(error))
    mesoi_pipeline_note(p, "Error of the LFP's functions of time, of single synapses that were not "
                        "used to find them: %.1g (rms, relative).", error);
  const double rounding = lfp != NULL
    ? meso_attrs_number(&lfp->attrs, "single_precision_error", NAN) : NAN;
  if (isfinite(rounding))
    mesoi_pipeline_note(p, "Error of single precision in the kernels, measured on some of them: "
                        "%.1g (rms, relative).", rounding);
  char text[900] = "", key[160];
  size_t used = 0;
  for (size_t i = 0; lfp != NULL && i < p->model->n_populations && used + 80 < sizeof text; i++) {
    const char *name = p->model->population[i].name;
    (void) snprintf(key, sizeof key, "excitatory_external_share.%s", name);
    const double share = meso_attrs_number(&lfp->attrs, key, NAN);
    if (isfinite(share))
      used += (size_t) snprintf(text + used, sizeof text - used, "%s%s %.0f %%",
                                used > 0 ? ", " : "", name, 100 * share);
  }
  const double all = lfp != NULL
    ? meso_attrs_number(&lfp->attrs, "excitatory_external_share", NAN) : NAN;
  if (used > 0)
    mesoi_pipeline_note(p, "External input carries %.0f %% of the excitatory charge (at the rates "
                        "of this run; %s), which %s.", 100 * all, text,
                        external_words(p->model->lfp.external));
  const char *silent = lfp != NULL ? meso_attrs_text(&lfp->attrs, "silent_sources") : NULL;
  if (silent != NULL)
    mesoi_pipeline_note(p, "The spikes have no population %s: taken as silent.", silent);
}

static void note_ensemble(pipeline *p, const sources *s)
{
  char text[1024];
  if (s->ensemble == NULL) return;
  const meso_attrs *a = meso_result_find_group(s->ensemble, "/ensemble");
  const char *empty = a != NULL ? meso_attrs_text(a, "empty") : NULL;
  mesoi_ensemble_sentence(s->ensemble, text, sizeof text);
  if (empty != NULL) mesoi_pipeline_note(p, "There is no ensemble of the LFP: %s.", empty);
  else if (text[0] != '\0') mesoi_pipeline_note(p, "%s", text);
}

static size_t whole_blocks(const meso_model *m, double duration_ms)
{
  const meso_schedule *t = &m->thalamus;
  size_t n = 0;
  if (t->kind != MESO_SCHEDULE_BLOCKS && t->kind != MESO_SCHEDULE_PULSES) return 0;
  while (n < 1000000 && t->start_ms + (double) (n + 1) * t->period_ms <= duration_ms) n++;
  return n;
}

static void note_bold(pipeline *p, const sources *s, double duration_ms)
{
  const char *empty = meso_attrs_text(&s->bold->attrs, "empty");
  const meso_signal *bold = meso_signals_find(s->bold, "bold");
  if (empty != NULL) mesoi_pipeline_note(p, "BOLD is empty: %s.", empty);
  if (bold == NULL) return;
  const size_t blocks = whole_blocks(p->model, duration_ms);
  mesoi_pipeline_note(p, "BOLD: %s, drive %g (x / x_base - 1) of the summed absolute synaptic "
                      "currents%s; %zu whole stimulus blocks, %zu samples: enough to see a "
                      "response, not for statistics over blocks.",
                      p->model->bold.model, p->model->bold.gain,
                      p->model->bold.include_background ? ", mean external input included" : "",
                      blocks, bold->n_times);
  const double flow = meso_attrs_number(&bold->attrs, "max_flow", NAN);
  if (isfinite(flow))
    mesoi_pipeline_note(p, "Largest blood flow: %.2f times rest%s.", flow,
                        flow > 2 ? ", beyond the physiological range: lower bold.gain" : "");
}

static void note_analysis(pipeline *p, const sources *s)
{
  for (size_t g = 0; g < s->analysis->n_groups; g++) {
    const char *empty = meso_attrs_text(&s->analysis->group[g].attrs, "empty");
    if (empty != NULL)
      mesoi_pipeline_note(p, "%s is empty: %s.", s->analysis->group[g].path + 1, empty);
  }
  const meso_attrs *cause = meso_result_find_group(s->analysis, "/cause");
  const char *finding = cause != NULL ? meso_attrs_text(cause, "finding") : NULL;
  if (finding != NULL)
    mesoi_pipeline_note(p, "What makes this LFP coherent (%g to %g ms): %s. Coherence without "
                        "correlation is that of the fields of single neurons, which several "
                        "contacts see.",
                        meso_attrs_number(cause, "t_start_ms", NAN),
                        meso_attrs_number(cause, "t_stop_ms", NAN), finding);
  const char *scaling = meso_attrs_text(&s->analysis->attrs, "scaling");
  if (scaling != NULL) mesoi_pipeline_note(p, "The model is %s.", scaling);
  const meso_attrs *a = meso_result_group_attrs(s->analysis, "/statistics");
  const char *state = meso_attrs_text(&s->analysis->attrs, "state");
  if (a != NULL && state != NULL && meso_attrs_text(a, "empty") == NULL)
    mesoi_pipeline_note(p, "Rates, statistics and correlation are of %g to %g ms: %s; spectra and "
                        "coherence are of the whole run after the first %g ms.",
                        meso_attrs_number(a, "t_start_ms", NAN),
                        meso_attrs_number(a, "t_stop_ms", NAN),
                        strcmp(state, "spontaneous") == 0 ? "spontaneous activity" :
                        "stimulated and unstimulated time together, while the model file's rates "
                        "are without stimulus", p->model->analysis.discard_ms);
  mesoi_pipeline_note(p, "Coherence is magnitude squared. One seed (%lld): differences between "
                      "seeds are not shown.", (long long) p->model->simulation.seed);
}

static void add_notes(pipeline *p, const sources *s, const meso_spikes *spikes)
{
  size_t n_spikes = 0;
  for (size_t i = 0; i < spikes->n_populations; i++) n_spikes += spikes->population[i].n_spikes;
  if (p->imported != NULL)
    mesoi_pipeline_note(p, "The spikes were imported; currents and LFP are theirs through the "
                        "wiring that this model and seed draw, be it that of the other simulation "
                        "or not.");
  if (p->imported != NULL && p->model->lfp.external == MESO_EXTERNAL_REPLAY)
    mesoi_pipeline_note(p, "The replayed external events are not those of the other simulation: "
                        "their statistics hold, their covariance with its spikes does not.");
  if (n_spikes == 0)
    mesoi_pipeline_note(p, "There is not one spike: rates are zero, LFP is zero, and CV, "
                        "correlation and coherence are undefined.");
  const char *warning = meso_attrs_text(&spikes->attrs, "warning");
  if (warning != NULL) mesoi_pipeline_note(p, "Spike file: %s.", warning);
  note_lfp(p, s);
  note_ensemble(p, s);
  note_bold(p, s, spikes->t_stop_ms - spikes->t_start_ms);
  note_analysis(p, s);
}

/* ---- figures ------------------------------------------------------------------------------ */

static meso_status save_figures(pipeline *p, const meso_figure_data *data, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const ending[] = {"svg", "png"};
  char path[PIPELINE_PATH];
  mesoi_pipeline_path(p, "figures", path);
  (void) mkdir(path, 0777); /* if it fails, saving the first figure says so */
  for (size_t i = 0; i < meso_figure_count(); i++) {
    const meso_figure_ops *f = meso_figure_at(i);
    if (!f->available(data)) continue;
    for (int e = 0; e < 2; e++) {
      char name[256];
      (void) snprintf(name, sizeof name, "figures/%s.%s", f->name, ending[e]);
      mesoi_pipeline_path(p, name, path);
      MESO_TRY(meso_figure_save(f, data, path, p->command, NULL, err));
      MESO_TRY(mesoi_pipeline_wrote(p, name, err));
    }
    MESO_TRY(meso_progress_step(p->cli->progress, "figures",
                                (double) i / (double) meso_figure_count(), err));
  }
cleanup:
  return status;
}

/* ---- the report --------------------------------------------------------------------------- */

static meso_status write_report(const pipeline *p, const char *output, const meso_figure_data *data,
                                const meso_comparison *comparison,
                                const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_comparison_row *row = NULL;
  mesoi_in_degrees in_degrees = {.type = NULL};
  char path[PIPELINE_PATH];
  mesoi_pipeline_path(p, "kernels.h5", path);
  MESO_TRY(mesoi_in_degrees_read(path, &in_degrees, err));
  MESO_ALLOC(err, row, comparison->n);
  for (size_t i = 0; i < comparison->n; i++) {
    const struct meso_comparison_entry *e = &comparison->entry[i];
    row[i] = (meso_comparison_row) {
      .quantity = e->population[0] != '\0' ? e->id : e->quantity, .predicted = e->predicted,
      .measured = e->measured, .preparation = e->preparation, .doi = e->doi,
      .certainty = e->certainty, .verdict = e->verdict,
    };
  }
  char subtitle[256], seed[32], synapses[32], model_hash[65];
  meso_sha256_bytes(provenance->model_text, strlen(provenance->model_text), model_hash);
  (void) snprintf(subtitle, sizeof subtitle, "%lld neurons, %.3g synapses, %.4g s, seed %lld",
                  (long long) p->model->n_neurons, (double) p->model->n_synapses,
                  1e-3 * (data->spikes->t_stop_ms - data->spikes->t_start_ms),
                  (long long) p->model->simulation.seed);
  (void) snprintf(seed, sizeof seed, "%lld", (long long) p->model->simulation.seed);
  (void) snprintf(synapses, sizeof synapses, "%llu", (unsigned long long) p->model->n_synapses);
  const char *const fact[][2] = {
    {"command", p->command}, {"version", "mesocast " PACKAGE_VERSION},
    {"model", p->model_path}, {"resolved model, SHA-256", model_hash}, {"seed", seed},
    {"synapses", synapses}, {"spikes", p->imported != NULL ? p->imported : "built-in engine"},
  };
  const meso_report report = {
    .title = p->model->name, .subtitle = subtitle, .n_notes = p->n_notes,
    .note = (const char *const *) p->note, .n_facts = sizeof fact / sizeof fact[0], .fact = fact,
    .n_rows = comparison->n, .row = row, .data = data,
    .n_tables = in_degrees.table.n_rows > 0, .table = &in_degrees.table,
  };
  status = meso_report_write(output, &report, err);
cleanup:
  mesoi_in_degrees_clear(&in_degrees);
  free(row);
  return status;
}

/** Published numbers beside the run's; none is not an error: the report says so. */
static meso_status compare(pipeline *p, const meso_figure_data *data,
                           meso_comparison **ret_comparison, meso_err *err)
{
  meso_status status = MESO_OK;
  glob_t found = {0};
  if (mesoi_measured_find(p->model_path, &found, NULL) != MESO_OK)
    mesoi_pipeline_note(p, "No folder of published numbers was found: nothing is compared.");
  MESO_TRY(meso_compare_run(found.gl_pathc, (const char *const *) found.gl_pathv,
                            p->model->measured, data->analysis, data->lfp, data->bold,
                            ret_comparison, err));
cleanup:
  globfree(&found);
  return status;
}

meso_status mesoi_pipeline_report(pipeline *p, const char *output,
                                  const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  sources s = {0};
  const meso_spikes *spikes = NULL;
  meso_comparison *comparison = NULL;
  MESO_TRY(mesoi_pipeline_spikes(p, &spikes, err));
  MESO_TRY(sources_read(p, &s, err));
  add_notes(p, &s, spikes);
  const meso_figure_data data = {.model = p->model, .spikes = spikes, .lfp = s.lfp,
                                 .currents = s.currents, .bold = s.bold, .analysis = s.analysis,
                                 .ensemble = s.ensemble,
                                 .n_cells = s.cells.n, .cell = s.cells.cell};
  MESO_TRY(save_figures(p, &data, err));
  MESO_TRY(compare(p, &data, &comparison, err));
  MESO_TRY(write_report(p, output, &data, comparison, provenance, err));
cleanup:
  meso_comparison_destroy(comparison);
  sources_clear(&s);
  return status;
}
