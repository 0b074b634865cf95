/* cli_answer.h: what a command answers: lines for people, or with --json one object for scripts,
 * which main prints when the command is done. Commands fill the object in either case and never
 * print to stdout by themselves when --json was given.
 *
 * Every object has "command" and "exit_code"; where they apply "error", "warnings" (sentences) and
 * "outputs" (files written: "path", "bytes"). Numbers that are not finite are null. */
#ifndef MESO_CLI_ANSWER_H
#define MESO_CLI_ANSWER_H

#include <jansson.h>

#include "meso_cli.h"
#include "meso_data.h"

/** The object; owned by main. */
struct mesoi_answer {
  json_t *object;
  bool broken;     /**< something could not be put in: no memory, or text that is not UTF-8 */
};

/** Puts a value; takes over the reference, even on failure. */
void mesoi_answer_put(const meso_cli *cli, const char *key, json_t *value);
/** Appends a value to the list under a key, which is created when missing; takes it over. */
void mesoi_answer_append(const meso_cli *cli, const char *key, json_t *value);
void mesoi_answer_text(const meso_cli *cli, const char *key, const char *text);
void mesoi_answer_number(const meso_cli *cli, const char *key, double number);
void mesoi_answer_count(const meso_cli *cli, const char *key, uint64_t count);
/** Notes a file that was written. */
void mesoi_answer_output(const meso_cli *cli, const char *path);

/** What spikes hold: "t_start_ms", "t_stop_ms", "n_spikes", "populations" (name, size, n_spikes,
 *  rate_Hz). */
void mesoi_answer_spikes(const meso_cli *cli, const meso_spikes *spikes);
/** "signals": name, units, n_times, n_channels, sampling_rate_Hz, t_start_ms, largest (of the
 *  absolute values). */
void mesoi_answer_signals(const meso_cli *cli, const meso_signals *signals);
/** "arrays": path, units, shape; of numbers also n_finite and their mean. */
void mesoi_answer_result(const meso_cli *cli, const meso_result *result);

/** A real number, or null. */
json_t *mesoi_json_number(double number);

/** Prints a line's worth of text to stdout, unless --quiet or --json. */
void mesoi_say(const meso_cli *cli, const char *fmt, ...) MESO_PRINTF(2, 3);
/** Says from where a simulation into a path went on, indented by so many columns; nothing if all of
 *  it was simulated now. Warns why a checkpoint was not used, if that is not NULL. */
void mesoi_say_went_on(const meso_cli *cli, int indent, double duration_ms, double simulated_ms,
                       const char *path, const char *why_anew);
/** Warns in one line: on stderr unless --quiet, and in the object. */
void mesoi_warn(const meso_cli *cli, const char *fmt, ...) MESO_PRINTF(2, 3);

/** Starts the object; "command" is null until it is known. */
MESO_MUST_CHECK meso_status mesoi_answer_begin(struct mesoi_answer *answer, meso_err *err);
/** Prints the object with the exit code, and with the error if there is one. */
MESO_MUST_CHECK meso_status mesoi_answer_print(struct mesoi_answer *answer, int exit_code,
                                               const char *error, meso_err *err);
void mesoi_answer_clear(struct mesoi_answer *answer);

#endif
