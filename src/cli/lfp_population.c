/* lfp_population.c: LFP of explicit populations. */
#include "lfp_population.h"

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_progress.h"
#include "meso_io_explicit.h"
#include "meso_superposition.h"

static void answer_times(const meso_cli *cli, const meso_explicit *p,
                         const meso_compartment_times *t)
{
  const double ns = t->segment_steps > 0 ? 1e9 / t->segment_steps : 0;
  mesoi_answer_count(cli, "cells", p->n_cells);
  mesoi_answer_number(cli, "segment_steps", t->segment_steps);
  mesoi_answer_number(cli, "solver_ns_per_segment_step", t->solver_s * ns);
  mesoi_answer_number(cli, "projection_ns_per_segment_step", t->projection_s * ns);
  mesoi_answer_number(cli, "setup_s", t->setup_s);
}

static meso_status write_signals(const meso_cli *cli, const char *path,
                                 const meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_origin origin = {.model_text = NULL};
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, &path, &origin, err));
  MESO_TRY(mesoi_go_on("lfp", err));
  MESO_TRY(meso_signals_write(cli->output, "lfp", signals, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, signals);
cleanup:
  mesoi_origin_clear(&origin);
  return status;
}

meso_status mesoi_lfp_compartment(const meso_cli *cli, const char *path, meso_cable_scheme scheme,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  meso_explicit *population = NULL;
  meso_signals *signals = NULL;
  meso_compartment_times times = {0};
  const meso_compartment_options options = {
    .scheme = scheme, .n_threads = cli->n_threads, .progress = cli->progress};
  MESO_TRY(meso_explicit_read(path, &population, err));
  MESO_TRY(mesoi_go_on("lfp", err));
  MESO_TRY(meso_compartment_run(population, &options, &times, &signals, err));
  MESO_TRY(write_signals(cli, path, signals, err));
  answer_times(cli, population, &times);
cleanup:
  meso_explicit_destroy(population);
  meso_signals_destroy(signals);
  return status;
}

meso_status mesoi_lfp_synapse(const meso_cli *cli, const char *path, double tolerance,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  meso_explicit *population = NULL;
  meso_signals *signals = NULL;
  const meso_superposition_options options = {
    .tolerance = tolerance, .n_threads = cli->n_threads, .progress = cli->progress};
  MESO_TRY(meso_explicit_read(path, &population, err));
  MESO_TRY(mesoi_go_on("lfp", err));
  MESO_TRY(meso_superposition_run(population, &options, &signals, err));
  MESO_TRY(write_signals(cli, path, signals, err));
  const meso_attrs *attrs = &meso_signals_find(signals, "dipole")->attrs;
  mesoi_answer_count(cli, "cells", population->n_cells);
  mesoi_answer_number(cli, "n_functions", meso_attrs_number(attrs, "n_functions", 0));
  mesoi_answer_number(cli, "basis_error", meso_attrs_number(attrs, "basis_error", 0));
cleanup:
  meso_explicit_destroy(population);
  meso_signals_destroy(signals);
  return status;
}
