/* cli_run.h: runs the program in a folder of its own and reads what it answers. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meso_error.h"
#include "meso_test.h"

typedef struct cli_answer {
  int code;
  char *out;      /* stdout, NUL-terminated */
  size_t n_out;
} cli_answer;

/* Absolute path below a folder that an environment variable names. */
static inline const char *cli_path(const char *variable, const char *below, char path[PATH_MAX])
{
  char top[PATH_MAX];
  const char *value = getenv(variable);
  CU_ASSERT_PTR_NOT_NULL_FATAL(realpath(value != NULL ? value : ".", top));
  CU_ASSERT_FATAL(snprintf(path, PATH_MAX, "%s/%s", top, below) < PATH_MAX);
  return path;
}

/* Goes into a fresh folder; sets $MESO, $TOY and $REFERENCE for command lines. */
static inline void cli_enter(char folder[PATH_MAX])
{
  char path[PATH_MAX];
  /* relative ones would change their meaning with the folder */
  CU_ASSERT_EQUAL_FATAL(setenv("MESO_SRCDIR", cli_path("MESO_SRCDIR", ".", path), 1), 0);
  CU_ASSERT_EQUAL_FATAL(setenv("MESO_BUILDDIR", cli_path("MESO_BUILDDIR", ".", path), 1), 0);
  CU_ASSERT_EQUAL_FATAL(setenv("MESO", cli_path("MESO_BUILDDIR", "mesocast", path), 1), 0);
  CU_ASSERT_EQUAL_FATAL(setenv("TOY", cli_path("MESO_SRCDIR", "data/models/toy.yaml", path), 1), 0);
  cli_path("MESO_SRCDIR", "tests/reference", path);
  CU_ASSERT_EQUAL_FATAL(setenv("REFERENCE", path, 1), 0);
  CU_ASSERT_EQUAL_FATAL(setenv("MESOCAST_DATADIR", cli_path("MESO_SRCDIR", "data", path), 1), 0);
  const char *tmp = getenv("TMPDIR");
  snprintf(folder, PATH_MAX, "%s/meso_cli_XXXXXX", tmp != NULL ? tmp : P_tmpdir);
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
  CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
}

static inline void cli_leave(const char *folder)
{
  char command[PATH_MAX + 16];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  CU_ASSERT_EQUAL(chdir("/"), 0);
  CU_ASSERT_EQUAL(system(command), 0);
}

/* Runs "$MESO <arguments>" in a shell; stderr goes to the file err. Free out. */
static inline cli_answer cli_run(const char *fmt, ...) MESO_PRINTF(1, 2);
static inline cli_answer cli_run(const char *fmt, ...)
{
  cli_answer a = { .code = -1 };
  char arguments[PATH_MAX], command[PATH_MAX + 32];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(arguments, sizeof arguments, fmt, ap);
  va_end(ap);
  snprintf(command, sizeof command, "\"$MESO\" %s 2>err", arguments);
  FILE *from = popen(command, "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(from);
  for (size_t n = 1; n > 0;) {
    a.out = realloc(a.out, a.n_out + 65537);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a.out);
    n = fread(a.out + a.n_out, 1, 65536, from);
    a.n_out += n;
  }
  a.out[a.n_out] = '\0';
  const int status = pclose(from);
  a.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return a;
}

/* Runs and expects an exit code. */
static inline void cli_expect(int code, const char *arguments)
{
  cli_answer a = cli_run("%s", arguments);
  if (a.code != code) {
    printf("# %s: exit code %d, not %d\n", arguments, a.code, code);
    (void) !system("sed 's/^/# /' err");
  }
  CU_ASSERT_EQUAL(a.code, code);
  free(a.out);
}

/* Runs with --json; all of stdout must be one object. NULL if it is not; json_decref. */
static inline json_t *cli_json(const char *arguments, int *ret_code)
{
  json_error_t why;
  cli_answer a = cli_run("%s --json", arguments);
  json_t *object = json_loadb(a.out, a.n_out, JSON_REJECT_DUPLICATES, &why);
  if (object == NULL) printf("# %s: stdout line %d: %s\n", arguments, why.line, why.text);
  *ret_code = a.code;
  free(a.out);
  return object;
}

static inline const char *cli_text(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

/* Whether the file err, stderr of the last run, has a text. */
static inline bool cli_said(const char *text)
{
  char bytes[4096] = "";
  FILE *from = fopen("err", "r");
  if (from == NULL) return false;
  bytes[fread(bytes, 1, sizeof bytes - 1, from)] = '\0';
  fclose(from);
  if (strstr(bytes, text) == NULL) printf("# no \"%s\" in: %s\n", text, bytes);
  return strstr(bytes, text) != NULL;
}

static inline bool cli_same_digest(const char *a, const char *b)
{
  cli_answer x = cli_run("info --digest %s", a), y = cli_run("info --digest %s", b);
  const bool same = x.code == 0 && x.n_out == 65 && strcmp(x.out, y.out) == 0;
  free(x.out);
  free(y.out);
  return same;
}

#endif
