/* compare_files.c: compare A.h5 B.h5: two analyses against each other. */
#include "compare_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_surrogate.h"
#include "meso_contrast.h"
#include "meso_io.h"

/* One distance with its interval, and p if there is one. */
static void say_distance(const meso_cli *cli, const meso_attrs *a, size_t k)
{
  static const struct { const char *key, *name, *p; } distance[3] = {
    {"ks", "KS", "ks_p"}, {"wasserstein", "Wasserstein", NULL}, {"energy", "energy", "p_energy"}};
  char low[32], high[32];
  (void) snprintf(low, sizeof low, "%s_low", distance[k].key);
  (void) snprintf(high, sizeof high, "%s_high", distance[k].key);
  mesoi_say(cli, "; %s %.3g (%.3g to %.3g)", distance[k].name,
            meso_attrs_number(a, distance[k].key, NAN), meso_attrs_number(a, low, NAN),
            meso_attrs_number(a, high, NAN));
  const double p = distance[k].p != NULL ? meso_attrs_number(a, distance[k].p, NAN) : NAN;
  if (isfinite(p)) mesoi_say(cli, ", p %.2g", p);
  if (k == 2) mesoi_say(cli, "\n");
}

static void say_result(const meso_cli *cli, const meso_result *result)
{
  for (size_t i = 0; i < result->n_groups; i++) {
    const meso_attrs *a = &result->group[i].attrs;
    const char *path = result->group[i].path + sizeof "/comparison" - 1;
    const bool has_distance = isfinite(meso_attrs_number(a, "ks", NAN));
    const char *why = meso_attrs_text(a, "undefined");
    if (meso_attrs_get(a, "ks") != NULL && !has_distance)
      mesoi_say(cli, "%s: not compared: %s\n", path, why != NULL ? why : "no defined value");
    if (has_distance)
      mesoi_say(cli, "%s: medians %.4g, %.4g", path, meso_attrs_number(a, "median_a", 0),
                meso_attrs_number(a, "median_b", 0));
    for (size_t k = 0; k < 3 && has_distance; k++) say_distance(cli, a, k);
    if (meso_attrs_get(a, "matrix_correlation") != NULL)
      mesoi_say(cli, "%s: correlation of the matrices %.3g (p %.2g)\n", path,
                meso_attrs_number(a, "matrix_correlation", 0), meso_attrs_number(a, "p_matrix", 0));
  }
}

static void warn_differences(const meso_cli *cli, const meso_result *result)
{
  const meso_attrs *attrs = meso_result_find_group(result, "/comparison");
  for (size_t k = 0; attrs != NULL && k < attrs->n; k++)
    if (attrs->v[k].text != NULL)
      mesoi_warn(cli, "the estimators differ: %s", attrs->v[k].key + sizeof "differences_" - 1);
}

meso_status mesoi_compare_check(const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64] = "";
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  if (strcmp(kind, "analysis") != 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: holds %s, no analysis: make one first, with mesocast analyze "
              "statistics, correlation, spectrum, coherence ... FILE -o ANALYSIS.h5", path,
              kind[0] != '\0' ? kind : "nothing that mesocast knows");
cleanup:
  return status;
}

meso_status mesoi_compare_files(const meso_cli *cli, const char *const paths[2],
                                const mesoi_compare_options *o, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *a = NULL, *b = NULL, *result = NULL;
  mesoi_origin origin = { .model_text = NULL };
  int64_t seed = 1;
  const meso_doubles *bands = &o->bands_Hz;
  for (size_t k = 1; k < bands->n; k++)
    if (!(bands->v[k] > bands->v[k - 1]))
      MESO_FAIL(err, MESO_EUSAGE, "compare: --bands-Hz: %g Hz follows %g Hz; edges must ascend",
                bands->v[k], bands->v[k - 1]);
  if (bands->n < 2) MESO_FAIL(err, MESO_EUSAGE, "compare: --bands-Hz: give at least two edges");
  MESO_TRY(mesoi_need_output(cli, "compare", err));
  MESO_TRY(mesoi_seed(cli, &seed, err));
  for (size_t k = 0; k < 2; k++) MESO_TRY(mesoi_compare_check(paths[k], err));
  MESO_TRY(meso_result_read(paths[0], &a, err));
  MESO_TRY(meso_result_read(paths[1], &b, err));
  MESO_TRY(meso_result_create(&result, err));
  const meso_contrast_params p = { o->resamples, seed, o->confidence, bands->n - 1, bands->v,
                                   cli->n_threads };
  meso_err why = { .status = MESO_OK };
  const meso_status found = meso_contrast_run(&p, a, b, result, &why);
  if (found != MESO_OK)
    MESO_FAIL(err, found, "compare: %s and %s: %s", paths[0], paths[1], why.msg);
  MESO_TRY(mesoi_origin_make(cli, NULL, 2, paths, &origin, err));
  MESO_TRY(meso_result_write(cli->output, "analysis", result, &origin.provenance, err));
  say_result(cli, result);
  warn_differences(cli, result);
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_result(cli, result);
cleanup:
  mesoi_origin_clear(&origin);
  meso_result_destroy(a);
  meso_result_destroy(b);
  meso_result_destroy(result);
  return status;
}
