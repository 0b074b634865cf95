/* cli_options.h: command lines by option rows: --key value, --key=value, --flag. */
#ifndef MESO_CLI_OPTIONS_H
#define MESO_CLI_OPTIONS_H

#include "meso_cli.h"

/** Option rows and the zeroed struct that they fill (defaults included). */
typedef struct mesoi_option_set {
  const meso_param *rows;
  void *object;
} mesoi_option_set;

/** Positional arguments, borrowed from the command line. */
typedef struct mesoi_positionals {
  size_t n;
  const char **v;             /**< freed by the caller */
} mesoi_positionals;

/** Sorts cli->args into options and positionals. A key "bin_ms" is the option --bin-ms.
 *  @param[in] min, max  allowed number of positional arguments
 *  Unknown options, missing and bad values are usage errors (exit 2). */
MESO_MUST_CHECK meso_status mesoi_options_parse(const meso_cli *cli, const char *command,
                                                size_t n_option_sets, mesoi_option_set *options,
                                                size_t min, size_t max,
                                                mesoi_positionals *ret_positionals,
                                                meso_err *err);

/** The candidate nearest to @p word by edit distance, or NULL if none is near. */
const char *mesoi_nearest(const char *word, size_t n, const char *const *candidates);

/** An option that main reads. */
typedef struct mesoi_shared_option {
  const char *name, *value, *help; /**< value: its name in the help, or "" */
  unsigned takes;                  /**< MESO_TAKES_...; 0: of all commands */
} mesoi_shared_option;

/** Their table, which ends with a NULL name. */
extern const mesoi_shared_option mesoi_shared_options[];

/** Fails with MESO_EUSAGE if a shared option was given that the command does not take, or if -o is
 *  one of the files that the command line names; with a status of bad input if -o cannot be
 *  created because of its path. */
MESO_MUST_CHECK meso_status mesoi_shared_check(const meso_cli *cli, const meso_command *command,
                                               meso_err *err);

/** Fails with MESO_EUSAGE if a file to be written is one of n words. @p what names the command and
 *  its option. */
MESO_MUST_CHECK meso_status mesoi_spare_inputs(const char *what, const char *path, size_t n,
                                               const char *const *words, meso_err *err);

/** Fails with MESO_EUSAGE if two files to be written, there already or not, are one. */
MESO_MUST_CHECK meso_status mesoi_spare_outputs(const char *what, const char *path,
                                                const char *other, meso_err *err);

/** Checks the name of what is written besides -o, as main checks -o: that it can be made, that it
 *  is not -o and no other file that the command line names.
 *  @param[in] option     that gave the name, "--csv"
 *  @param[in] is_folder  it is one, which may be there */
MESO_MUST_CHECK meso_status mesoi_check_also(const meso_cli *cli, const char *option,
                                             const char *path, bool is_folder, meso_err *err);

/** Sets the rows that --set KEY=VALUE names; errors are those of model files. */
MESO_MUST_CHECK meso_status mesoi_sets_apply(const meso_cli *cli, const meso_param *rows,
                                             void *object, meso_err *err);

/** Prints one line per option row: name, type or range, default, help. */
void mesoi_options_print(const meso_param *rows);
/** Prints the shared options among @p takes, and those of all commands. */
void mesoi_shared_print(unsigned takes);

/** Writes "--bin-ms" for the key "bin_ms". */
void mesoi_option_name(const meso_param *row, char *buffer, size_t size);

/** Fails unless -o was given. */
MESO_MUST_CHECK meso_status mesoi_need_output(const meso_cli *cli, const char *command,
                                              meso_err *err);

#endif
