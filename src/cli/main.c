/* main.c: reads the shared options, finds the command in the table, turns its status into an exit
 * code. */
#include <gsl/gsl_errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "cli_signals.h"
#include "cli_version.h"
#include "meso_cli.h"

#define MAX_SEED (1LL << 53) /* of simulation.seed: every one is exact as a double */

/* The shared options as main collects them. */
typedef struct shared {
  meso_cli cli;
  const char **args, **sets;
  char *seed_set, *command_line;
  bool help, version, progress;
} shared;

/* Joins argv with blanks, leaving out the directory of the program. */
static meso_status join_command_line(int argc, char **argv, char **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = sizeof "mesocast";
  for (int i = 1; i < argc; i++) n += strlen(argv[i]) + 1;
  MESO_ALLOC(err, *ret, n);
  size_t used = (size_t) snprintf(*ret, n, "mesocast");
  for (int i = 1; i < argc; i++)
    used += (size_t) snprintf(*ret + used, n - used, " %s", argv[i]);
cleanup:
  return status;
}

static meso_status read_threads(const char *text, int *ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char *end = NULL;
  const long n = strtol(text, &end, 10);
  if (end == text || *end != '\0' || n < 1 || n > 1024)
    MESO_FAIL(err, MESO_EUSAGE, "--threads %s: must be a whole number from 1 to 1024", text);
  *ret = (int) n;
cleanup:
  return status;
}

static meso_status check_set(const char *text, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text)
    MESO_FAIL(err, MESO_EUSAGE, "--set %s: must be path=value", text);
cleanup:
  return status;
}

/* Value of a shared option given as "--name value" or "--name=value", or NULL. */
static meso_status option_value(const char *name, const char *short_name, int argc, char **argv,
                                int *i, const char **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = strlen(name);
  *ret = NULL;
  const char *word = argv[*i];
  if (strncmp(word, name, n) == 0 && word[n] == '=') *ret = word + n + 1;
  else if (strcmp(word, name) == 0 || (short_name != NULL && strcmp(word, short_name) == 0)) {
    if (*i + 1 >= argc) MESO_FAIL(err, MESO_EUSAGE, "option %s needs a value", word);
    *ret = argv[++*i];
  }
cleanup:
  return status;
}

/* Takes one word of the command line. */
static meso_status take_word(shared *s, int argc, char **argv, int *i, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *value = NULL;
  const char *word = argv[*i];
  if (strcmp(word, "--quiet") == 0) { s->cli.quiet = true; goto cleanup; }
  if (strcmp(word, "--json") == 0) goto cleanup;
  if (strcmp(word, "--progress") == 0) { s->progress = true; goto cleanup; }
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) { s->help = true; goto cleanup; }
  if (strcmp(word, "--version") == 0) { s->version = true; goto cleanup; }
  MESO_TRY(option_value("--threads", NULL, argc, argv, i, &value, err));
  if (value != NULL) {
    s->cli.given |= MESO_TAKES_THREADS;
    MESO_TRY(read_threads(value, &s->cli.n_threads, err));
    goto cleanup;
  }
  MESO_TRY(option_value("--seed", NULL, argc, argv, i, &value, err));
  if (value != NULL) {
    if (s->cli.seed != NULL && strcmp(s->cli.seed, value) != 0)
      MESO_FAIL(err, MESO_EUSAGE, "--seed %s and --seed %s: give one", s->cli.seed, value);
    s->cli.seed = value;
    s->cli.given |= MESO_TAKES_SEED;
    goto cleanup;
  }
  MESO_TRY(option_value("--set", NULL, argc, argv, i, &value, err));
  if (value != NULL) {
    MESO_TRY(check_set(value, err));
    s->sets[s->cli.n_sets++] = value;
    s->cli.given |= MESO_TAKES_SET;
    goto cleanup;
  }
  MESO_TRY(option_value("--output", "-o", argc, argv, i, &value, err));
  if (value != NULL) {
    s->cli.output = value;
    s->cli.given |= MESO_TAKES_OUTPUT;
    goto cleanup;
  }
  s->args[s->cli.n_args++] = word;
cleanup:
  return status;
}

/* --seed is simulation.seed: an equal --set is fine, a different one is not. */
static meso_status add_seed(shared *s, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char key[] = "simulation.seed=";
  if (s->cli.seed == NULL) goto cleanup;
  char *end = NULL;
  const long long number = strtoll(s->cli.seed, &end, 10);
  if (end == s->cli.seed || *end != '\0' || number < 1 || number > MAX_SEED)
    MESO_FAIL(err, MESO_EUSAGE, "--seed %s: must be a whole number from 1 to %lld", s->cli.seed,
              MAX_SEED);
  for (size_t i = 0; i < s->cli.n_sets; i++) {
    const char *set = s->sets[i];
    if (strncmp(set, key, sizeof key - 1) == 0 &&
        strtoll(set + sizeof key - 1, NULL, 10) != number)
      MESO_FAIL(err, MESO_EUSAGE, "--seed %s and --set %s contradict each other", s->cli.seed, set);
  }
  const size_t n = sizeof key + strlen(s->cli.seed);
  MESO_ALLOC(err, s->seed_set, n);
  (void) snprintf(s->seed_set, n, "%s%s", key, s->cli.seed);
  s->sets[s->cli.n_sets++] = s->seed_set;
cleanup:
  return status;
}

static meso_status parse(int argc, char **argv, shared *s, meso_err *err)
{
  meso_status status = MESO_OK;
  s->cli.n_threads = 2;
  /* Known before the first word is refused. */
  for (int i = 1; i < argc; i++) s->cli.json = s->cli.json || strcmp(argv[i], "--json") == 0;
  MESO_ALLOC(err, s->args, (size_t) argc + 1);
  MESO_ALLOC(err, s->sets, (size_t) argc + 2);
  MESO_TRY(join_command_line(argc, argv, &s->command_line, err));
  for (int i = 1; i < argc; i++) MESO_TRY(take_word(s, argc, argv, &i, err));
  MESO_TRY(add_seed(s, err));
  s->cli.args = s->args;
  s->cli.sets = s->sets;
  s->cli.command_line = s->command_line;
cleanup:
  return status;
}

static meso_status unknown_command(const char *word, meso_err *err)
{
  const char *names[64];
  size_t n = 0;
  for (; n < meso_command_count() && n < 64; n++) names[n] = meso_command_at(n)->name;
  const char *near = mesoi_nearest(word, n, names);
  return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__,
                      "unknown %s %s%s%s (see mesocast help)",
                      word[0] == '-' ? "option" : "command", word,
                      near != NULL ? "; did you mean " : "", near != NULL ? near : "");
}

/* How many words say what --help is about: "analyze spectrum spikes.h5 --help". */
static size_t words_of_help(const shared *s)
{
  if (s->cli.n_args == 0) return 0;
  const meso_command *command = meso_command_by_name(s->cli.args[0]);
  if (s->cli.n_args == 1 || command == NULL || command->params_of == NULL) return 1;
  return command->params_of(s->cli.args[1]) != NULL ? 2 : 1;
}

static meso_status run_command(shared *s, meso_err *err)
{
  meso_status status = MESO_OK;
  if (s->version) {
    mesoi_version_print(&s->cli);
    goto cleanup;
  }
  const meso_command *help = meso_command_by_name("help");
  if (s->help && help != NULL) {
    mesoi_answer_text(&s->cli, "command", help->name);
    s->cli.n_args = words_of_help(s);
    MESO_TRY(help->run(&s->cli, err));
    goto cleanup;
  }
  if (s->cli.n_args == 0) MESO_FAIL(err, MESO_EUSAGE, "no command given (see mesocast help)");
  const meso_command *command = meso_command_by_name(s->cli.args[0]);
  if (command == NULL) {
    status = unknown_command(s->cli.args[0], err);
    goto cleanup;
  }
  s->cli.args++;
  s->cli.n_args--;
  mesoi_answer_text(&s->cli, "command", command->name);
  MESO_TRY(mesoi_shared_check(&s->cli, command, err));
  if (command->stops_cleanly) mesoi_signals_catch();
  MESO_TRY(command->run(&s->cli, err));
cleanup:
  return status;
}

/* One line, whatever the message holds. */
static void print_error(const meso_err *err)
{
  fprintf(stderr, "mesocast: ");
  for (const char *c = err->msg; *c != '\0'; c++) fputc(*c == '\n' ? ' ' : *c, stderr);
  fputc('\n', stderr);
}

/* 128 + the number of the signal that stopped the work, as shells count. */
static int exit_code(meso_status status)
{
  const int number = mesoi_signals_caught();
  return status == MESO_ESTOPPED && number != 0 ? 128 + number : meso_status_exit_code(status);
}

/* The object that --json asked for, the error; returns the exit code. */
static int finish(const shared *s, meso_status status, meso_err *err)
{
  const int number = mesoi_signals_caught();
  meso_err why = *err;
  if (status == MESO_ESTOPPED && number != 0)
    (void) meso_err_set(err, status, __FILE__, __LINE__, "stopped by %s: %s; no file is half "
                        "written", mesoi_signals_name(number), why.msg);
  if (s->cli.json && s->cli.answer->object != NULL) {
    const meso_status printed = mesoi_answer_print(
      s->cli.answer, exit_code(status), status != MESO_OK ? err->msg : NULL, &why);
    if (printed != MESO_OK && status == MESO_OK) {
      status = printed;
      *err = why;
    }
  }
  if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == MESO_OK)
    status = meso_err_set(err, MESO_EIO, __FILE__, __LINE__, "cannot write to standard output");
  if (status != MESO_OK) print_error(err);
  return exit_code(status);
}

int main(int argc, char **argv)
{
  meso_status status = MESO_OK;
  meso_err err = { .status = MESO_OK };
  struct mesoi_answer answer = { .object = NULL };
  shared s = { .help = false, .cli.answer = &answer };
  mesoi_progress_line line;
  (void) H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  (void) gsl_set_error_handler_off();
  mesoi_signals_ignore_file_size();
  MESO_TRY(mesoi_answer_begin(&answer, &err));
  MESO_TRY(parse(argc, argv, &s, &err));
  const meso_progress progress = mesoi_progress_make(&line, s.progress, s.cli.quiet);
  s.cli.progress = &progress;
  status = run_command(&s, &err);
  mesoi_progress_clear(&line);
cleanup:;
  const int code = finish(&s, status, &err);
  mesoi_answer_clear(&answer);
  free(s.args);
  free(s.sets);
  free(s.seed_set);
  free(s.command_line);
  return code;
}
