/* cli_answer.c: what a command answers: lines for people, one JSON object for scripts. */
#include "cli_answer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- values -------------------------------------------------------------------------------- */

json_t *mesoi_json_number(double number)
{
  return isfinite(number) ? json_real(number) : json_null();
}

void mesoi_answer_put(const meso_cli *cli, const char *key, json_t *value)
{
  if (json_object_set_new(cli->answer->object, key, value) != 0) cli->answer->broken = true;
}

void mesoi_answer_append(const meso_cli *cli, const char *key, json_t *value)
{
  json_t *list = json_object_get(cli->answer->object, key);
  if (list == NULL) mesoi_answer_put(cli, key, json_array());
  list = json_object_get(cli->answer->object, key);
  if (json_array_append_new(list, value) != 0) cli->answer->broken = true;
}

void mesoi_answer_text(const meso_cli *cli, const char *key, const char *text)
{
  mesoi_answer_put(cli, key, json_string(text));
}

void mesoi_answer_number(const meso_cli *cli, const char *key, double number)
{
  mesoi_answer_put(cli, key, mesoi_json_number(number));
}

void mesoi_answer_count(const meso_cli *cli, const char *key, uint64_t count)
{
  mesoi_answer_put(cli, key, json_integer((json_int_t) count));
}

void mesoi_answer_output(const meso_cli *cli, const char *path)
{
  struct stat st;
  const json_int_t bytes = stat(path, &st) == 0 ? (json_int_t) st.st_size : -1;
  mesoi_answer_append(cli, "outputs", json_pack("{s:s, s:I}", "path", path, "bytes", bytes));
}

/* ---- what containers hold ------------------------------------------------------------------ */

void mesoi_answer_spikes(const meso_cli *cli, const meso_spikes *spikes)
{
  const double length_s = (spikes->t_stop_ms - spikes->t_start_ms) / 1000;
  uint64_t total = 0;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    const double room = (double) p->size * length_s;
    total += p->n_spikes;
    mesoi_answer_append(
      cli, "populations",
      json_pack("{s:s, s:I, s:I, s:f}", "name", p->name, "size", (json_int_t) p->size, "n_spikes",
                (json_int_t) p->n_spikes, "rate_Hz", room > 0 ? (double) p->n_spikes / room : 0));
  }
  mesoi_answer_number(cli, "t_start_ms", spikes->t_start_ms);
  mesoi_answer_number(cli, "t_stop_ms", spikes->t_stop_ms);
  mesoi_answer_count(cli, "n_spikes", total);
}

static double largest(const double *x, size_t n)
{
  double top = NAN;
  for (size_t i = 0; i < n; i++) top = fmax(top, fabs(x[i]));
  return top;
}

void mesoi_answer_signals(const meso_cli *cli, const meso_signals *signals)
{
  mesoi_answer_put(cli, "signals", json_array());
  for (size_t i = 0; i < signals->n; i++) {
    const meso_signal *s = &signals->signal[i];
    mesoi_answer_append(
      cli, "signals",
      json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "name", s->name, "units",
                s->units != NULL ? s->units : "", "n_times", (json_int_t) s->n_times, "n_channels",
                (json_int_t) s->n_channels, "sampling_rate_Hz",
                mesoi_json_number(s->sampling_rate_Hz), "t_start_ms",
                mesoi_json_number(s->t_start_ms), "largest",
                mesoi_json_number(largest(s->data, s->n_times * s->n_channels))));
  }
}

/* Numbers only where they are shown: the mean of a large array takes its time. */
static json_t *describe_array(const meso_cli *cli, const meso_array *a)
{
  const size_t n = meso_array_count(a);
  size_t n_finite = 0;
  double sum = 0;
  json_t *shape = json_array();
  for (size_t d = 0; d < a->n_dims; d++)
    (void) json_array_append_new(shape, json_integer((json_int_t) a->dims[d]));
  json_t *row = json_pack("{s:s, s:s, s:o}", "path", a->path, "units",
                          a->units != NULL ? a->units : "", "shape", shape);
  if (a->data == NULL || !cli->json) return row;
  for (size_t i = 0; i < n; i++)
    if (isfinite(a->data[i])) {
      n_finite++;
      sum += a->data[i];
    }
  (void) json_object_set_new(row, "n_finite", json_integer((json_int_t) n_finite));
  (void) json_object_set_new(row, "mean",
                             mesoi_json_number(n_finite > 0 ? sum / (double) n_finite : NAN));
  return row;
}

void mesoi_answer_result(const meso_cli *cli, const meso_result *result)
{
  mesoi_answer_put(cli, "arrays", json_array());
  for (size_t i = 0; i < result->n; i++)
    mesoi_answer_append(cli, "arrays", describe_array(cli, &result->array[i]));
}

/* ---- words --------------------------------------------------------------------------------- */

void mesoi_say(const meso_cli *cli, const char *fmt, ...)
{
  if (cli->quiet || cli->json) return;
  va_list ap;
  va_start(ap, fmt);
  (void) vprintf(fmt, ap);
  va_end(ap);
}

void mesoi_say_went_on(const meso_cli *cli, int indent, double duration_ms, double simulated_ms,
                       const char *path, const char *why_anew)
{
  if (why_anew != NULL)
    mesoi_warn(cli, "%s.parts: the checkpoint %s: started anew", path, why_anew);
  if (simulated_ms < duration_ms)
    mesoi_say(cli, "%*swent on from %g ms, where the run before was stopped\n", indent, "",
              duration_ms - simulated_ms);
}

void mesoi_warn(const meso_cli *cli, const char *fmt, ...)
{
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  (void) vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  if (!cli->quiet) fprintf(stderr, "mesocast: warning: %s\n", text);
  mesoi_answer_append(cli, "warnings", json_string(text));
}

/* ---- the object ---------------------------------------------------------------------------- */

meso_status mesoi_answer_begin(struct mesoi_answer *answer, meso_err *err)
{
  meso_status status = MESO_OK;
  answer->object = json_pack("{s:n, s:i}", "command", "exit_code", 0);
  if (answer->object == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the answer");
cleanup:
  return status;
}

meso_status mesoi_answer_print(struct mesoi_answer *answer, int exit_code, const char *error,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  json_t *to = answer->object;
  if (json_object_set_new(to, "exit_code", json_integer(exit_code)) != 0 || answer->broken ||
      (error != NULL && json_object_set_new(to, "error", json_string(error)) != 0))
    MESO_FAIL(err, MESO_ENOMEM, "cannot make JSON: out of memory, or a name that is not UTF-8");
  if (json_dumpf(to, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF)
    MESO_FAIL(err, MESO_EIO, "cannot write to standard output");
cleanup:
  return status;
}

void mesoi_answer_clear(struct mesoi_answer *answer)
{
  json_decref(answer->object);
  answer->object = NULL;
}
