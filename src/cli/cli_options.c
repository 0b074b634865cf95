/* cli_options.c: command lines by option rows. */
#include "cli_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORD = 63 };

const char *mesoi_nearest(const char *word, size_t n, const char *const *candidates)
{
  const char *best = NULL;
  size_t best_distance = strlen(word) / 2 + 1;
  for (size_t i = 0; i < n; i++) {
    const size_t d = meso_edit_distance(word, candidates[i]);
    if (d < best_distance) {
      best_distance = d;
      best = candidates[i];
    }
  }
  return best;
}

void mesoi_option_name(const meso_param *row, char *buffer, size_t size)
{
  (void) snprintf(buffer, size, "--%s", row->key);
  for (char *c = buffer; *c != '\0'; c++) *c = *c == '_' ? '-' : *c;
}

/* Row whose option is the first @p n characters of @p word. */
static const meso_param *find_row(const meso_param *rows, const char *word, size_t n)
{
  for (const meso_param *r = rows; r != NULL && r->key != NULL; r++) {
    char name[MAX_WORD + 1];
    mesoi_option_name(r, name, sizeof name);
    const size_t length = strlen(name);
    bool same = length == n;
    for (size_t k = 0; same && k < n; k++) same = tolower((unsigned char) name[k]) ==
                                                  tolower((unsigned char) word[k]);
    if (same) return r;
  }
  return NULL;
}

static meso_status unknown_option(const char *command, size_t n_sets,
                                  const mesoi_option_set *sets, const char *word, meso_err *err)
{
  char names[64][MAX_WORD + 1];
  const char *candidates[64 + 16];
  size_t n = 0;
  for (size_t s = 0; s < n_sets; s++)
    for (const meso_param *r = sets[s].rows; r != NULL && r->key != NULL && n < 64; r++, n++) {
      mesoi_option_name(r, names[n], sizeof names[n]);
      candidates[n] = names[n];
    }
  for (const mesoi_shared_option *s = mesoi_shared_options; s->name != NULL; s++)
    candidates[n++] = s->name;
  const char *near = mesoi_nearest(word, n, candidates);
  return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__,
                      "%s: unknown option %s%s%s (see mesocast help %s)", command, word,
                      near != NULL ? "; did you mean " : "", near != NULL ? near : "", command);
}

/* Takes the option at args[*i]; advances *i past its value. */
static meso_status take_option(const meso_cli *cli, const char *command, size_t n_sets,
                               mesoi_option_set *sets, size_t *i, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *word = cli->args[*i];
  const size_t n = strcspn(word, "=");
  const meso_param *row = NULL;
  void *object = NULL;
  for (size_t s = 0; s < n_sets && row == NULL; s++) {
    row = find_row(sets[s].rows, word, n);
    object = sets[s].object;
  }
  if (row == NULL) return unknown_option(command, n_sets, sets, word, err);
  const char *value = "true";
  if (word[n] == '=') value = word + n + 1;
  else if (row->type != MESO_PARAM_BOOL) {
    if (*i + 1 >= cli->n_args)
      MESO_FAIL(err, MESO_EUSAGE, "%s: option %s needs a value", command, word);
    value = cli->args[++*i];
  }
  const meso_where where = { .file = "command line", .path = NULL };
  status = meso_param_set(row, object, value, &where, err);
  if (status != MESO_OK && status != MESO_ENOMEM) {
    status = MESO_EUSAGE;
    if (err != NULL) err->status = status;
  }
cleanup:
  return status;
}

meso_status mesoi_options_parse(const meso_cli *cli, const char *command, size_t n_option_sets,
                                mesoi_option_set *options, size_t min, size_t max,
                                mesoi_positionals *ret_positionals, meso_err *err)
{
  meso_status status = MESO_OK;
  ret_positionals->n = 0;
  MESO_ALLOC(err, ret_positionals->v, cli->n_args);
  for (size_t s = 0; s < n_option_sets; s++)
    if (options[s].rows != NULL)
      MESO_TRY(meso_params_default(options[s].rows, options[s].object, err));
  for (size_t i = 0; i < cli->n_args; i++) {
    const char *word = cli->args[i];
    if (word[0] == '-' && word[1] != '\0')
      MESO_TRY(take_option(cli, command, n_option_sets, options, &i, err));
    else
      ret_positionals->v[ret_positionals->n++] = word;
  }
  if (ret_positionals->n < min)
    MESO_FAIL(err, MESO_EUSAGE, "%s: missing argument (see mesocast help %s)", command, command);
  if (ret_positionals->n > max)
    MESO_FAIL(err, MESO_EUSAGE, "%s: unexpected argument %s (see mesocast help %s)", command,
              ret_positionals->v[max], command);
cleanup:
  return status;
}

void mesoi_options_print(const meso_param *rows)
{
  for (const meso_param *r = rows; r != NULL && r->key != NULL; r++) {
    char name[MAX_WORD + 1], range[256];
    mesoi_option_name(r, name, sizeof name);
    meso_param_range_text(r, range, sizeof range);
    printf("  %-22s %s", name, r->help != NULL ? r->help : "");
    if (range[0] != '\0') printf(" (%s)", range);
    if (r->default_text != NULL && r->default_text[0] != '\0' && r->type != MESO_PARAM_BOOL)
      printf(" [%s]", r->default_text);
    printf("\n");
  }
}

meso_status mesoi_need_output(const meso_cli *cli, const char *command, meso_err *err)
{
  if (cli->output != NULL) return MESO_OK;
  return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__,
                      "%s: no output file; give one with -o FILE", command);
}
