/* meso_cli.h: the command table. One command is one file src/cli/cmd_X.c that defines
 * `const meso_command meso_cmd_X`, and one row in src/cli/Makefile.am. */
#ifndef MESO_CLI_H
#define MESO_CLI_H

#include <stdbool.h>

#include "meso_error.h"
#include "meso_params.h"
#include "meso_progress.h"

struct mesoi_answer; /* cli_answer.h */

/** Options that main reads and that only some commands take. */
enum { MESO_TAKES_SET = 1, MESO_TAKES_SEED = 2, MESO_TAKES_THREADS = 4, MESO_TAKES_OUTPUT = 8 };

/** What main read: the same for all commands. */
typedef struct meso_cli {
  unsigned given;             /**< MESO_TAKES_...: which of these options there were */
  int n_threads;              /**< --threads, default 2 */
  bool quiet, json;
  const char *seed;           /**< --seed text or NULL; also the last entry of sets */
  size_t n_sets;
  const char *const *sets;    /**< --set path=value, in order */
  const char *output;         /**< -o, or NULL */
  const char *command_line;   /**< for provenance */
  const meso_progress *progress;
  struct mesoi_answer *answer; /**< what --json prints; never NULL */
  size_t n_args;              /**< what is left: positional arguments ... */
  const char *const *args;    /**< ... and the command's own options, unparsed */
} meso_cli;

typedef struct meso_command {
  const char *name, *usage, *summary;
  const meso_param *params;   /**< its own options; NULL: none */
  /** Rows that go with a name it takes (an analysis, a forward model), or NULL; itself NULL if
   *  it takes no such name. */
  const meso_param *(*params_of)(const char *name);
  /** Says more about such a name in the help; NULL: nothing. */
  void (*explain)(const struct meso_cli *cli, const char *name);
  unsigned takes;             /**< MESO_TAKES_...: main refuses the others */
  const char *const *model_keys; /**< keys of the model file that it is about, "lfp.ensemble", for
                                      its help; ends with NULL; itself NULL: none */
  bool makes_folder;          /**< -o is a folder, which it makes */
  bool stops_cleanly;         /**< long work: reports progress, so a signal makes it clean up and
                                   stop; other commands die of it at once */
  meso_status (*run)(const meso_cli *cli, meso_err *err);
} meso_command;

size_t meso_command_count(void);
const meso_command *meso_command_at(size_t i);
/** Command by name, or NULL. */
const meso_command *meso_command_by_name(const char *name);

#endif
