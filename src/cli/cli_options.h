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

/** Prints one line per option row: name, type or range, default, help. */
void mesoi_options_print(const meso_param *rows);

/** Writes "--bin-ms" for the key "bin_ms". */
void mesoi_option_name(const meso_param *row, char *buffer, size_t size);

/** Fails unless -o was given. */
MESO_MUST_CHECK meso_status mesoi_need_output(const meso_cli *cli, const char *command,
                                              meso_err *err);

#endif
