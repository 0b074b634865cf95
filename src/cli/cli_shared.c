/* cli_shared.c: the options that main reads: their table, and which command takes which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_options.h"

const mesoi_shared_option mesoi_shared_options[] = {
  { "--threads", "N", "threads; results do not depend on it [2]", MESO_TAKES_THREADS },
  { "--seed", "S", "simulation.seed of the model", MESO_TAKES_SEED },
  { "--set", "KEY=VALUE", "changes one value of the model, analysis or forward model, ~ (quoted, "
                          "'KEY=~') takes it out of the model; may be repeated", MESO_TAKES_SET },
  { "--output", "FILE", "what to write; also -o FILE", MESO_TAKES_OUTPUT },
  { "--json", "", "one JSON object on stdout in place of lines", 0 },
  { "--quiet", "", "no lines and no warnings", 0 },
  { "--progress", "", "progress on stderr, even if that is no terminal", 0 },
  { "--help", "", "what the command does and takes", 0 },
  { "--version", "", "versions of the program and of what it was built with", 0 },
  { NULL, NULL, NULL, 0 },
};

void mesoi_shared_print(unsigned takes)
{
  for (const mesoi_shared_option *s = mesoi_shared_options; s->name != NULL; s++) {
    char left[64];
    if (s->takes != 0 && (s->takes & takes) == 0) continue;
    (void) snprintf(left, sizeof left, "%s%s%s", s->name, s->value[0] != '\0' ? " " : "", s->value);
    printf("  %-22s %s\n", left, s->help);
  }
}

/** Whether a path and a word of the command line, or its part after '=', are one file. */
static bool is_same_file(const struct stat *file, const char *word)
{
  const char *equals = strchr(word, '=');
  struct stat st;
  if (stat(word, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino) return true;
  return equals != NULL && stat(equals + 1, &st) == 0 && st.st_dev == file->st_dev &&
         st.st_ino == file->st_ino;
}

/** A name without "./" before it. */
static const char *plain_name(const char *path)
{
  while (path[0] == '.' && path[1] == '/')
    for (path++; *path == '/';) path++;
  return path;
}

meso_status mesoi_spare_inputs(const char *what, const char *path, size_t n,
                               const char *const *words, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  const bool exists = stat(path, &st) == 0;
  for (size_t i = 0; i < n; i++)
    if (exists && is_same_file(&st, words[i]))
      MESO_FAIL(err, MESO_EUSAGE, "%s %s would overwrite its own input %s", what, path, words[i]);
cleanup:
  return status;
}

meso_status mesoi_spare_outputs(const char *what, const char *path, const char *other,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  if (strcmp(plain_name(path), plain_name(other)) == 0
      || (stat(path, &st) == 0 && is_same_file(&st, other)))
    MESO_FAIL(err, MESO_EUSAGE, "%s %s would overwrite the output %s", what, path, other);
cleanup:
  return status;
}

/** Whether there is a folder that a file, or a new folder, of this name can be made in. */
static meso_status check_place(const char *option, const char *path, bool is_folder, meso_err *err)
{
  meso_status status = MESO_OK;
  char *folder = NULL;
  struct stat st;
  size_t n = strlen(path);
  if (n == 0) MESO_FAIL(err, MESO_EINVAL, "%s: the name of the output is empty", option);
  const bool is_there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  if (is_there && is_folder) goto cleanup;
  if (is_there)
    MESO_FAIL(err, MESO_EINVAL, "%s %s: is a folder; it must be the name of a file", option, path);
  while (is_folder && n > 1 && path[n - 1] == '/') n--;
  while (n > 0 && path[n - 1] != '/') n--;
  MESO_STRDUP(err, folder, n == 0 ? "." : path);
  if (n > 0) folder[n == 1 ? 1 : n - 1] = '\0';
  if (stat(folder, &st) != 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s %s: there is no folder %s", option, path, folder);
  if (!S_ISDIR(st.st_mode))
    MESO_FAIL(err, MESO_EINVAL, "%s %s: %s is not a folder", option, path, folder);
  if (access(folder, W_OK | X_OK) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s %s: nothing can be written in the folder %s", option, path,
              folder);
cleanup:
  free(folder);
  return status;
}

/** What is wrong with the path is found before the work, not after it. */
static meso_status check_output(const meso_cli *cli, const meso_command *command, meso_err *err)
{
  meso_status status = MESO_OK;
  char what[64];
  (void) snprintf(what, sizeof what, "%s: -o", command->name);
  if (cli->output[0] == '\0' || !command->makes_folder)
    MESO_TRY(check_place("-o", cli->output, false, err));
  MESO_TRY(mesoi_spare_inputs(what, cli->output, cli->n_args, cli->args, err));
cleanup:
  return status;
}

meso_status mesoi_check_also(const meso_cli *cli, const char *option, const char *path,
                             bool is_folder, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = strlen(option);
  MESO_TRY(check_place(option, path, is_folder, err));
  for (size_t i = 0; i < cli->n_args; i++) { /* options name files, too */
    const char *word = cli->args[i];
    const bool is_own = (strncmp(word, option, n) == 0 && word[n] == '=')
                        || (i > 0 && strcmp(cli->args[i - 1], option) == 0);
    if (!is_own) MESO_TRY(mesoi_spare_inputs(option, path, 1, &word, err));
  }
  if (cli->output != NULL) MESO_TRY(mesoi_spare_outputs(option, path, cli->output, err));
cleanup:
  return status;
}

meso_status mesoi_shared_check(const meso_cli *cli, const meso_command *command, meso_err *err)
{
  meso_status status = MESO_OK;
  for (const mesoi_shared_option *s = mesoi_shared_options; s->name != NULL; s++)
    if ((s->takes & cli->given & ~command->takes) != 0)
      MESO_FAIL(err, MESO_EUSAGE, "%s: this command takes no %s (see mesocast help %s)",
                command->name, s->name, command->name);
  if (cli->output != NULL) MESO_TRY(check_output(cli, command, err));
cleanup:
  return status;
}

meso_status mesoi_sets_apply(const meso_cli *cli, const meso_param *rows, void *object,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_where where = { .file = "--set", .path = NULL };
  for (size_t i = 0; i < cli->n_sets; i++) {
    char key[64];
    const size_t n = strcspn(cli->sets[i], "=");
    if (n >= sizeof key) MESO_FAIL(err, MESO_EUSAGE, "--set %s: key too long", cli->sets[i]);
    memcpy(key, cli->sets[i], n);
    key[n] = '\0';
    MESO_TRY(meso_params_set(rows, object, key, cli->sets[i] + n + 1, &where, err));
  }
cleanup:
  return status;
}
