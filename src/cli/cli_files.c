/* cli_files.c: what several commands do with files. */
#include "cli_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "meso_engine.h"

meso_status mesoi_origin_make(const meso_cli *cli, const meso_model *model, size_t n,
                              const char *const *inputs, mesoi_origin *origin, meso_err *err)
{
  meso_status status = MESO_OK;
  memset(origin, 0, sizeof *origin);
  if (n > 4) MESO_FAIL(err, MESO_EBUG, "%zu inputs of one file", n);
  origin->provenance.command_line = cli->command_line;
  if (model != NULL) {
    origin->model_text = meso_model_canonical(model, MESO_SECTION_ALL);
    if (origin->model_text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
    origin->provenance.model_text = origin->model_text;
    origin->provenance.seed = model->simulation.seed;
  }
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_sha256_file(inputs[i], origin->sha256[i], err));
    origin->sha256_list[i] = origin->sha256[i];
    origin->input[i] = inputs[i];
  }
  origin->provenance.n_inputs = n;
  origin->provenance.input = origin->input;
  origin->provenance.input_sha256 = origin->sha256_list;
cleanup:
  return status;
}

void mesoi_origin_clear(mesoi_origin *origin)
{
  free(origin->model_text);
  origin->model_text = NULL;
}

meso_status mesoi_spikes_read(const meso_cli *cli, const char *path, meso_spikes **ret_spikes,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_spikes_read(path, ret_spikes, err));
  const char *warning = meso_attrs_text(&(*ret_spikes)->attrs, "warning");
  if (warning != NULL) mesoi_warn(cli, "%s: %s", path, warning);
cleanup:
  return status;
}

meso_status mesoi_currents_make(const meso_cli *cli, const meso_model *model,
                                const meso_spikes *spikes, meso_signals **ret_currents,
                                meso_err *err)
{
  static const double bin_ms = 1.0;
  return meso_currents_from_spikes(model, spikes, bin_ms, cli->n_threads, cli->progress,
                                   ret_currents, err);
}

static meso_status add_dir(mesoi_dirs *dirs, const char *base, size_t n_base, const char *tail,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t room = n_base + strlen(tail) + 1;
  char *dir = NULL;
  MESO_ALLOC(err, dir, room);
  (void) snprintf(dir, room, "%.*s%s", (int) n_base, base, tail);
  dirs->v[dirs->n++] = dir;
cleanup:
  return status;
}

meso_status mesoi_dirs_find(const char *model_path, mesoi_dirs *dirs, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *slash = strrchr(model_path, '/');
  const char *beside = slash == NULL ? "." : model_path;
  const size_t n = slash == NULL ? 1 : (size_t) (slash - model_path) + (slash == model_path);
  const char *data = getenv("MESOCAST_DATADIR");
  dirs->n = 0;
  MESO_TRY(add_dir(dirs, beside, n, "", err));
  if (data != NULL) {
    MESO_TRY(add_dir(dirs, data, strlen(data), "", err));
    MESO_TRY(add_dir(dirs, data, strlen(data), "/morphologies", err));
  }
  MESO_TRY(add_dir(dirs, PKGDATADIR, strlen(PKGDATADIR), "", err));
  MESO_TRY(add_dir(dirs, PKGDATADIR, strlen(PKGDATADIR), "/morphologies", err));
  MESO_TRY(add_dir(dirs, beside, n, "/../../morphologies", err));
cleanup:
  return status;
}

void mesoi_dirs_clear(mesoi_dirs *dirs)
{
  for (size_t i = 0; i < dirs->n; i++) free(dirs->v[i]);
  dirs->n = 0;
}

meso_status mesoi_measured_find(const char *model_path, glob_t *found, meso_err *err)
{
  meso_status status = MESO_OK;
  char pattern[4096], beside[4096] = "";
  const char *slash = model_path != NULL ? strrchr(model_path, '/') : NULL;
  if (slash != NULL)
    (void) snprintf(beside, sizeof beside, "%.*s/..", (int) (slash - model_path), model_path);
  const char *dir[] = { getenv("MESOCAST_DATADIR"), slash != NULL ? beside : NULL, PKGDATADIR,
                        "data" };
  for (size_t i = 0; i < sizeof dir / sizeof dir[0]; i++) {
    if (dir[i] == NULL) continue;
    (void) snprintf(pattern, sizeof pattern, "%s/measured/*.yaml", dir[i]);
    const int code = glob(pattern, 0, NULL, found);
    if (code == 0) goto cleanup;
    globfree(found);
    memset(found, 0, sizeof *found);
    if (code == GLOB_NOSPACE) MESO_FAIL(err, MESO_ENOMEM, "cannot list %s", pattern);
  }
  MESO_FAIL(err, MESO_ENOTFOUND, "no published numbers in %s/measured; set MESOCAST_DATADIR or "
            "give --measured FILE", PKGDATADIR);
cleanup:
  return status;
}

bool mesoi_is_model_name(const char *path)
{
  const char *dot = strrchr(path, '.');
  return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}
