/* cmd_simulate.c: runs a model or an explicit network; spikes, traces of some neurons, the LFP. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_engine.h"
#include "meso_format.h"
#include "meso_lfp_live.h"
#include "meso_neuron.h"
#include "meso_simulate.h"

typedef struct options {
  char *record, *neurons, *traces, *lfp, *lfp_out;
  double duration_ms, checkpoint_every;
  bool no_spikes;
} options;

static const meso_param rows[] = {
  { .key = "record", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, record), .help = "V_m,I_syn_ex,... (mesocast models)" },
  { .key = "neurons", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, neurons),
    .help = "neurons to record: L4E:0-4,L23I:7 of a model, 0-4,7 of a network (default: 0)" },
  { .key = "traces", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, traces), .help = "file of traces; default: OUT_traces.h5" },
  { .key = "lfp", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, lfp),
    .help = "kernels of the model's neurons (mesocast kernels): its LFP is made while it runs" },
  { .key = "lfp_out", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, lfp_out), .help = "file of the LFP; default: OUT_lfp.h5" },
  { .key = "no_spikes", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, no_spikes), .help = "only the LFP, which -o names then" },
  { .key = "duration_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9,
    .default_text = "0", .offset = offsetof(options, duration_ms),
    .help = "duration of a network; 0: the file's own" },
  { .key = "checkpoint_every", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0, .max = 1e6,
    .default_text = "0", .offset = offsetof(options, checkpoint_every),
    .help = "biological time between checkpoints of a model's run, in OUT.parts (0: 10 s); a run "
            "that was stopped or killed goes on from the last" },
  { .key = NULL },
};

static bool is_recordable(const char *name, size_t n)
{
  for (size_t i = 0; i < meso_neuron_count(); i++)
    if (meso_neuron_recordable_by_name(meso_neuron_at(i), name, n) != NULL) return true;
  return false;
}

/** A number of digits only; false if there is none or it is too large. */
static bool read_index(const char **at, uint32_t *index)
{
  char *end = NULL;
  const unsigned long long n = **at >= '0' && **at <= '9' ? strtoull(*at, &end, 10) : 0;
  if (end == NULL || n >= UINT32_MAX) return false;
  *at = end;
  *index = (uint32_t) n;
  return true;
}

/** "L4E:0-4" at *at, up to a comma or the end. */
static meso_status read_range(const char **at, const char *all, meso_record_range *range,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const char *p = *at;
  const size_t name = strcspn(p, ":,");
  bool ok = true;
  if (p[name] == ':') {
    char *population = NULL;
    MESO_ALLOC(err, population, name + 1);
    memcpy(population, p, name);
    range->population = population;
    p += name + 1;
    ok = name > 0;
  }
  ok = ok && read_index(&p, &range->first);
  range->last = range->first;
  if (ok && *p == '-') {
    p++;
    ok = read_index(&p, &range->last) && range->last >= range->first;
  }
  if (!ok || (*p != '\0' && *p != ','))
    MESO_FAIL(err, MESO_EUSAGE, "--neurons %s: must be FIRST-LAST or POPULATION:FIRST-LAST, or "
              "several of them, separated by commas", all);
  *at = p;
cleanup:
  return status;
}

static meso_status read_ranges(const char *text, meso_record_options *record, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t most = 1;
  for (const char *p = text; *p != '\0'; p++) most += *p == ',';
  meso_record_range *range = NULL;
  MESO_ALLOC(err, range, most);
  record->range = range;
  const char *at = text;
  do {
    at += at != text;
    MESO_TRY(read_range(&at, text, &range[record->n_ranges++], err));
  } while (*at != '\0');
cleanup:
  return status;
}

static meso_status read_record(const options *o, meso_record_options *record, meso_err *err)
{
  meso_status status = MESO_OK;
  for (const char *p = o->record; *p != '\0'; p += *p == ',') {
    const size_t n = strcspn(p, ",");
    if (!is_recordable(p, n))
      MESO_FAIL(err, MESO_EUSAGE, "--record %s: no neuron model has this; see mesocast models", p);
    p += n;
  }
  record->quantities = o->record;
  MESO_TRY(read_ranges(o->neurons[0] != '\0' ? o->neurons : "0", record, err));
cleanup:
  return status;
}

static void record_clear(meso_record_options *record)
{
  for (size_t i = 0; i < record->n_ranges; i++) free((char *) record->range[i].population);
  free((meso_record_range *) record->range);
  *record = (meso_record_options) { .quantities = NULL };
}

/** Name of a file besides the spikes: the one that was given, else OUT with a mark. */
static meso_status other_path(const meso_cli *cli, const char *given, const char *mark,
                              const char *option, char **ret_path, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = given[0] != '\0' ? meso_strdup(given) : meso_marked_path(cli->output, mark, ".h5");
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  MESO_TRY(mesoi_check_also(cli, option, path, false, err));
  *ret_path = path;
  path = NULL;
cleanup:
  free(path);
  return status;
}

/** What to record and where to, NULL if nothing. */
static meso_status prepare_record(const meso_cli *cli, const options *o,
                                  meso_record_options *record, char **ret_path, meso_err *err)
{
  meso_status status = MESO_OK;
  if (o->record[0] == '\0' && (o->traces[0] != '\0' || o->neurons[0] != '\0'))
    MESO_FAIL(err, MESO_EUSAGE, "simulate: %s needs --record",
              o->traces[0] != '\0' ? "--traces" : "--neurons");
  if (o->record[0] == '\0') return MESO_OK;
  MESO_TRY(read_record(o, record, err));
  MESO_TRY(other_path(cli, o->traces, "_traces", "--traces", ret_path, err));
cleanup:
  return status;
}

/* The LFP of a run, if one is wanted. */
typedef struct lfp_run {
  char *path;
  meso_result *kernels;
  char sha256[65];
  meso_lfp_live *live;
  meso_live signals;
} lfp_run;

static void lfp_run_clear(lfp_run *lfp)
{
  free(lfp->path);
  meso_lfp_live_destroy(lfp->live);
  meso_result_destroy(lfp->kernels);
}

static meso_status check_lfp_options(const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  if (o->lfp[0] == '\0' && (o->lfp_out[0] != '\0' || o->no_spikes))
    MESO_FAIL(err, MESO_EUSAGE, "simulate: %s needs --lfp KERNELS.h5",
              o->no_spikes ? "--no-spikes" : "--lfp-out");
  if (o->no_spikes && o->lfp_out[0] != '\0')
    MESO_FAIL(err, MESO_EUSAGE, "simulate: with --no-spikes the LFP goes to -o: no --lfp-out");
  if (o->no_spikes && o->record[0] != '\0')
    MESO_FAIL(err, MESO_EUSAGE, "simulate: --record makes traces from the spikes: not with "
              "--no-spikes");
cleanup:
  return status;
}

/** Reads the kernels, and says what of `mesocast lfp` will not be there. */
static meso_status prepare_lfp(const meso_cli *cli, const char *model_path, const options *o,
                               const meso_model *model, const char *traces, lfp_run *lfp,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err why = { .status = MESO_OK };
  if (o->lfp[0] == '\0') return MESO_OK;
  if (o->no_spikes) MESO_STRDUP(err, lfp->path, cli->output);
  else MESO_TRY(other_path(cli, o->lfp_out, "_lfp", "--lfp-out", &lfp->path, err));
  if (traces != NULL)
    MESO_TRY(mesoi_spare_outputs("simulate: the LFP's file", lfp->path, traces, err));
  MESO_TRY(meso_sha256_file(o->lfp, lfp->sha256, err));
  MESO_TRY(meso_result_read(o->lfp, &lfp->kernels, err));
  status = meso_lfp_live_create(model, lfp->kernels, cli->n_threads, &lfp->live, &why);
  if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", o->lfp, why.msg);
  if (model->lfp.approximations || model->lfp.proxies)
    mesoi_warn(cli, "%s: lfp.approximations and lfp.proxies need the whole recording: this LFP "
               "comes without them; mesocast lfp makes them from spikes", model_path);
  lfp->signals = meso_lfp_live_signals(lfp->live, lfp->path, lfp->sha256);
  lfp->signals.alone = o->no_spikes;
cleanup:
  return status;
}

static void answer_lfp(const meso_cli *cli, const meso_model *model, const lfp_run *lfp,
                       double simulated_ms)
{
  if (lfp->live == NULL) return;
  const double cost = meso_lfp_live_seconds(lfp->live) / fmax(1e-3 * simulated_ms, 1e-9);
  mesoi_answer_number(cli, "lfp_s_per_s", cost);
  mesoi_say(cli, "LFP: %.3g s of processor time per biological second\n", cost);
  mesoi_answer_external(cli, model, lfp->path);
  if (!lfp->signals.alone) mesoi_answer_output(cli, lfp->path);
}

static void answer(const meso_cli *cli, const meso_spikes *spikes, const meso_engine_report *r)
{
  const char *unit = r->weight_unit != NULL ? r->weight_unit : "pA";
  mesoi_answer_spikes(cli, spikes);
  mesoi_answer_count(cli, "n_synapses", r->n_synapses);
  mesoi_answer_count(cli, "n_synaptic_events", r->n_synaptic_events);
  mesoi_answer_number(cli, "build_s", r->build_s);
  mesoi_answer_number(cli, "loop_s", r->loop_s);
  mesoi_answer_number(cli, "simulated_ms", r->simulated_ms);
  mesoi_answer_number(cli, "real_time_factor", r->real_time_factor);
  const double peak = meso_memory_peak();
  if (isfinite(peak)) mesoi_answer_count(cli, "peak_memory_bytes", (uint64_t) peak);
  mesoi_answer_put(cli, "phase_s", json_pack("{s:o, s:o, s:o, s:o, s:o}",
                   "list", mesoi_json_number(r->phase_s[MESO_PHASE_LIST]),
                   "deliver", mesoi_json_number(r->phase_s[MESO_PHASE_DELIVER]),
                   "input", mesoi_json_number(r->phase_s[MESO_PHASE_INPUT]),
                   "update", mesoi_json_number(r->phase_s[MESO_PHASE_UPDATE]),
                   "communicate", mesoi_json_number(r->phase_s[MESO_PHASE_COMMUNICATE])));
  mesoi_answer_number(cli, "weight_step", r->weight_step_pA);
  mesoi_answer_number(cli, "weight_loss", r->weight_loss);
  mesoi_answer_text(cli, "weight_unit", unit);
  uint64_t n_spikes = 0; /* of the whole file; the costs are of what was simulated now */
  for (size_t p = 0; p < spikes->n_populations; p++) n_spikes += spikes->population[p].n_spikes;
  mesoi_say(cli, "%llu spikes; built in %.2f s, simulated in %.2f s, real-time factor %.3f\n",
            (unsigned long long) n_spikes, r->build_s, r->loop_s, r->real_time_factor);
  if (r->weight_loss > 0)
    mesoi_warn(cli, "weights changed by up to %g %s by their fixed-point step", r->weight_loss,
               unit);
}

static meso_status simulate_model(const meso_cli *cli, const char *path, const options *o,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *model = NULL;
  meso_spikes *counts = NULL;
  mesoi_origin origin = { .model_text = NULL };
  meso_engine_report report = { .build_s = 0 };
  meso_record_options record = { .quantities = NULL };
  lfp_run lfp = { .path = NULL };
  char *to = NULL;
  if (o->duration_ms != 0)
    MESO_FAIL(err, MESO_EUSAGE, "simulate: --duration-ms needs an explicit network; for a model: "
              "--set simulation.duration_ms=...");
  MESO_TRY(check_lfp_options(o, err));
  MESO_TRY(prepare_record(cli, o, &record, &to, err));
  MESO_TRY(meso_model_read(path, cli->n_sets, cli->sets, &model, err));
  MESO_TRY(prepare_lfp(cli, path, o, model, to, &lfp, err));
  const char *const inputs[] = { path, o->lfp };
  MESO_TRY(mesoi_origin_make(cli, model, lfp.live != NULL ? 2 : 1, inputs, &origin, err));
  const double every_s = o->checkpoint_every > 0 ? o->checkpoint_every : MESO_CHECKPOINT_EVERY_S;
  const meso_trace_file traces = { to, &record };
  const meso_run_extras extras = { .traces = to != NULL ? &traces : NULL,
                                   .live = lfp.live != NULL ? &lfp.signals : NULL };
  MESO_TRY(meso_simulate(model, cli->output, every_s, &extras, cli->n_threads, cli->progress,
                         &origin.provenance, &counts, &report, err));
  mesoi_say_went_on(cli, 0, model->simulation.duration_ms, report.simulated_ms, cli->output,
                    report.why_anew);
  answer_lfp(cli, model, &lfp, report.simulated_ms);
  if (to != NULL) mesoi_answer_output(cli, to);
  mesoi_answer_output(cli, cli->output);
  answer(cli, counts, &report);
cleanup:
  record_clear(&record);
  lfp_run_clear(&lfp);
  free(to);
  mesoi_origin_clear(&origin);
  meso_model_destroy(model);
  meso_spikes_destroy(counts);
  return status;
}

/** What there is when a network is told to stop, for those who want no more of it. */
static meso_status write_stopped(const meso_cli *cli, const meso_spikes *spikes,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = meso_stopped_path(cli->output);
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  if (access(path, F_OK) == 0)
    MESO_FAIL(err, MESO_ESTOPPED, "simulate: stopped at %.1f ms; its spikes are not written: there "
              "is a %s", spikes->t_stop_ms, path);
  MESO_TRY(meso_spikes_write(path, spikes, provenance, err));
  MESO_FAIL(err, MESO_ESTOPPED, "simulate: stopped at %.1f ms; %s has the spikes until then",
            spikes->t_stop_ms, path);
cleanup:
  free(path);
  return status;
}

static meso_status simulate_network(const meso_cli *cli, const char *path, const options *o,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  mesoi_origin origin = { .model_text = NULL };
  meso_engine_report report = { .build_s = 0 };
  meso_record_options record = { .quantities = NULL };
  char *to = NULL;
  meso_network *network = NULL;
  const meso_format *format = NULL;
  const meso_format_input input = { .path = path };
  MESO_TRY(meso_format_of_file(path, &format, err));
  if (format->read_network == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: holds %s, not a network", path,
              meso_content_name(format->content));
  MESO_TRY(prepare_record(cli, o, &record, &to, err));
  if (o->checkpoint_every > 0)
    MESO_FAIL(err, MESO_EUSAGE, "simulate: --checkpoint-every needs a model file, not %s", path);
  if (o->lfp[0] != '\0' || o->lfp_out[0] != '\0' || o->no_spikes)
    MESO_FAIL(err, MESO_EUSAGE, "simulate: --lfp, --lfp-out and --no-spikes need a model file, not "
              "%s", path);
  if (cli->n_sets > 0)
    MESO_FAIL(err, MESO_EUSAGE, "simulate: --set and --seed need a model file, not %s", path);
  MESO_TRY(format->read_network(&input, &network, err));
  MESO_TRY(mesoi_origin_of_network(cli, network, &origin, err));
  status = meso_engine_run_explicit(network, o->duration_ms, to != NULL ? &record : NULL,
                                    cli->progress, &spikes, to != NULL ? &traces : NULL, &report,
                                    err);
  if (status == MESO_ESTOPPED && spikes != NULL)
    MESO_TRY(write_stopped(cli, spikes, &origin.provenance, err));
  if (status != MESO_OK) goto cleanup;
  MESO_TRY(meso_spikes_write(cli->output, spikes, &origin.provenance, err));
  if (traces != NULL) {
    MESO_TRY(meso_signals_write(to, "traces", traces, &origin.provenance, err));
    mesoi_answer_output(cli, to);
    mesoi_answer_signals(cli, traces);
  }
  mesoi_answer_output(cli, cli->output);
  answer(cli, spikes, &report);
cleanup:
  mesoi_origin_clear(&origin);
  record_clear(&record);
  free(to);
  meso_network_destroy(network);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(traces);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .record = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "simulate", 1, &set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "simulate", err));
  MESO_TRY(mesoi_is_model_name(args.v[0]) ? simulate_model(cli, args.v[0], &o, err)
                                          : simulate_network(cli, args.v[0], &o, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_simulate = {
  .name = "simulate", .usage = "simulate MODEL.yaml|NETWORK.h5 [OPTIONS] -o SPIKES.h5",
  .summary = "run a network; write its spikes", .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
