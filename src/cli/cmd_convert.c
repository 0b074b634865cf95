/* cmd_convert.c: networks, spikes, signals and LFP kernels from one file format into another. */
#include <stdio.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_format.h"

extern const meso_command meso_cmd_convert;

typedef struct options {
  char *to;
  bool huge;
} options;

static const meso_param rows[] = {
  { .key = "to", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, to), .help = "format of OUT; default: by its name" },
  { .key = "huge", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, huge), .help = "write a network of more than 2 GB all the same" },
  { .key = NULL },
};

#define HUGE_BYTES 2e9

/** "a, b or c" of the formats that can hold it. */
static void list_formats(meso_content content, char *text, size_t room)
{
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < meso_format_count(); i++) {
    const meso_format *f = meso_format_at(i);
    if (f->content != content || !meso_format_writes(f) || used + 80 > room) continue;
    used += (size_t) snprintf(text + used, room - used, "%s%s (%s)", used > 0 ? ", " : "", f->name,
                              f->ending);
  }
}

static meso_status choose_output(const char *path, const options *o, const meso_format *from,
                                 const meso_format **ret_to, meso_err *err)
{
  meso_status status = MESO_OK;
  char known[512];
  list_formats(from->content, known, sizeof known);
  *ret_to = o->to[0] != '\0' ? meso_format_by_name(o->to)
                             : meso_format_to_write(path, from->content);
  const char *what = meso_content_name(from->content);
  if (*ret_to == NULL && o->to[0] != '\0')
    MESO_FAIL(err, MESO_EUSAGE, "convert: --to %s: %s can become %s", o->to, what, known);
  if (*ret_to == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "convert: %s: the name does not say in which format: %s can become "
              "%s", path, what, known);
  if ((*ret_to)->content != from->content || !meso_format_writes(*ret_to))
    MESO_FAIL(err, MESO_EUSAGE, "convert: %s cannot become %s, but %s", what, (*ret_to)->name,
              known);
cleanup:
  return status;
}

static meso_status check_size(const meso_network *w, const meso_format *to, const options *o,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const double bytes = (double) w->synapses.n * to->bytes_per_item;
  if (bytes > HUGE_BYTES && !o->huge)
    MESO_FAIL(err, MESO_EUSAGE, "convert: %llu synapses would become a file of about %.1f GB; "
              "--huge writes it (simulate, lfp and report draw them from the model and need no "
              "file)", (unsigned long long) w->synapses.n, bytes * 1e-9);
cleanup:
  return status;
}

static meso_status convert_network(const meso_cli *cli, const meso_format *from,
                                   const meso_format *to, const char *path, const char *out,
                                   const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format_input input = {.path = path, .n_sets = cli->n_sets, .sets = cli->sets};
  meso_network *w = NULL;
  mesoi_origin origin = { .model_text = NULL };
  MESO_TRY(from->read_network(&input, &w, err));
  MESO_TRY(check_size(w, to, o, err));
  MESO_TRY(mesoi_origin_of_network(cli, w, &origin, err));
  MESO_TRY(to->write_network(out, w, cli->progress, &origin.provenance, err));
  mesoi_answer_count(cli, "n_neurons", w->n_neurons);
  mesoi_answer_count(cli, "n_synapses", w->synapses.n);
  mesoi_say(cli, "%zu neurons, %llu synapses\n", w->n_neurons,
            (unsigned long long) w->synapses.n);
cleanup:
  mesoi_origin_clear(&origin);
  meso_network_destroy(w);
  return status;
}

static meso_status convert_spikes(const meso_cli *cli, const meso_format *from,
                                  const meso_format *to, const char *path, const char *out,
                                  const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format_input input = {.path = path};
  meso_spikes *spikes = NULL;
  (void) o;
  mesoi_origin origin = { .model_text = NULL };
  MESO_TRY(from->read_spikes(&input, &spikes, err));
  mesoi_warn_of_file(cli, path, &spikes->attrs);
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, &path, &origin, err));
  MESO_TRY(to->write_spikes(out, spikes, &origin.provenance, err));
  mesoi_answer_spikes(cli, spikes);
cleanup:
  mesoi_origin_clear(&origin);
  meso_spikes_destroy(spikes);
  return status;
}

static meso_status convert_signals(const meso_cli *cli, const meso_format *from,
                                   const meso_format *to, const char *path, const char *out,
                                   const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format_input input = {.path = path};
  meso_signals *signals = NULL;
  (void) o;
  mesoi_origin origin = { .model_text = NULL };
  MESO_TRY(from->read_signals(&input, &signals, err));
  mesoi_warn_of_file(cli, path, &signals->attrs);
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, &path, &origin, err));
  MESO_TRY(to->write_signals(out, signals, &origin.provenance, err));
  mesoi_answer_signals(cli, signals);
cleanup:
  mesoi_origin_clear(&origin);
  meso_signals_destroy(signals);
  return status;
}

static meso_status convert_kernels(const meso_cli *cli, const meso_format *from,
                                   const meso_format *to, const char *path, const char *out,
                                   const options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format_input input = {.path = path};
  meso_result *kernels = NULL;
  meso_err why = { .status = MESO_OK };
  mesoi_origin origin = { .model_text = NULL };
  (void) o;
  MESO_TRY(from->read_kernels(&input, &kernels, err));
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, &path, &origin, err));
  status = to->write_kernels(out, kernels, &origin.provenance, &why);
  if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", path, why.msg);
cleanup:
  mesoi_origin_clear(&origin);
  meso_result_destroy(kernels);
  return status;
}

static meso_status (*const convert[])(const meso_cli *cli, const meso_format *from,
                                      const meso_format *to, const char *path, const char *out,
                                      const options *o, meso_err *err) = {
  [MESO_CONTENT_NETWORK] = convert_network, [MESO_CONTENT_SPIKES] = convert_spikes,
  [MESO_CONTENT_SIGNALS] = convert_signals, [MESO_CONTENT_KERNELS] = convert_kernels,
};

/** OUT is the second argument or -o; checked as main does for -o. */
static meso_status find_output(const meso_cli *cli, const mesoi_positionals *args,
                               const char **ret_out, meso_err *err)
{
  meso_status status = MESO_OK;
  if (args->n == 2 && cli->output != NULL)
    MESO_FAIL(err, MESO_EUSAGE, "convert: two names for the output, %s and -o %s", args->v[1],
              cli->output);
  *ret_out = args->n == 2 ? args->v[1] : cli->output;
  if (*ret_out == NULL) MESO_FAIL(err, MESO_EUSAGE, "convert: OUT is missing");
cleanup:
  return status;
}

static meso_status check_output(const meso_cli *cli, const char *in, const char *out,
                                const meso_format *to, meso_err *err)
{
  meso_cli of_one_input = *cli;
  of_one_input.output = NULL;
  of_one_input.n_args = 1;
  of_one_input.args = &in;
  return mesoi_check_also(&of_one_input, "convert:", out, to->ending[0] == '/', err);
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .to = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  const meso_format *from = NULL, *to = NULL;
  const char *out = NULL;
  MESO_TRY(mesoi_options_parse(cli, "convert", 1, &set, 1, 2, &args, err));
  MESO_TRY(find_output(cli, &args, &out, err));
  const char *in = args.v[0];
  MESO_TRY(meso_format_of_file(in, &from, err));
  const meso_format *wanted = meso_format_by_name(o.to), *also = NULL;
  if (wanted != NULL && wanted->content != from->content)
    also = meso_format_also(in, wanted->content); /* the spikes of a recording */
  if (also != NULL) from = also;
  MESO_TRY(choose_output(out, &o, from, &to, err));
  MESO_TRY(check_output(cli, in, out, to, err));
  if (cli->n_sets > 0 && !mesoi_is_model_name(in))
    MESO_FAIL(err, MESO_EUSAGE, "convert: --set and --seed need a model file, not %s", in);
  MESO_TRY(convert[from->content](cli, from, to, in, out, &o, err));
  mesoi_answer_output(cli, out);
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_convert = {
  .name = "convert", .usage = "convert IN OUT [OPTIONS]",
  .summary = "networks, spikes, recordings and LFP kernels into another file format",
  .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_OUTPUT, .makes_folder = true,
  .stops_cleanly = true,
};
