/* pipeline_folder.c: what is done before the first stage: checks, and the folder itself. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_bold.h"
#include "meso_compare.h"
#include "pipeline.h"

/* ---- checks -------------------------------------------------------------------------------- */

/** Comparing nothing reads the files and looks for the names. */
static meso_status check_measured(const pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err why = {.status = MESO_OK};
  glob_t found = {0};
  meso_comparison *nothing = NULL;
  const bool wanted = p->model->measured != NULL && p->model->measured[0] != '\0';
  status = mesoi_measured_find(p->model_path, &found, &why);
  if (status == MESO_ENOTFOUND && !wanted) { /* the report says so */
    status = MESO_OK;
    goto cleanup;
  }
  if (status == MESO_OK)
    status = meso_compare_run(found.gl_pathc, (const char *const *) found.gl_pathv,
                              p->model->measured, NULL, NULL, NULL, &nothing, &why);
  if (status != MESO_OK)
    MESO_FAIL(err, status, "%s: compare.measured = %s: %s", p->model_path,
              wanted ? p->model->measured : "", why.msg);
cleanup:
  globfree(&found);
  meso_comparison_destroy(nothing);
  return status;
}

meso_status mesoi_pipeline_check(const pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_bold_check(p->model, err));
  MESO_TRY(check_measured(p, err));
cleanup:
  return status;
}

/* ---- temporary files ----------------------------------------------------------------------- */

/** Whether a name is NAME.PID-N.tmp (meso_file.c) of a process that is gone. */
static bool is_stale(const char *name)
{
  const size_t n = strlen(name);
  if (n < 5 || strcmp(name + n - 4, ".tmp") != 0) return false;
  const char *at = name + n - 4;
  while (at > name && at[-1] != '.') at--;
  char *end = NULL;
  const long pid = strtol(at, &end, 10);
  if (at == name || end == at || *end != '-' || pid < 1) return false;
  const char *k = end + 1;
  if (k[0] < '0' || k[0] > '9' || strcmp(k + strspn(k, "0123456789"), ".tmp") != 0) return false;
  return kill((pid_t) pid, 0) != 0 && errno == ESRCH;
}

static void remove_stale(const char *path)
{
  DIR *dir = opendir(path);
  if (dir == NULL) return;
  for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
    struct stat st;
    if (is_stale(e->d_name) && fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode))
      (void) unlinkat(dirfd(dir), e->d_name, 0);
  }
  (void) closedir(dir);
}

/* ---- the folder ---------------------------------------------------------------------------- */

static meso_status make_one(const char *path, bool *ret_made, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  *ret_made = mkdir(path, 0777) == 0;
  const int cause = errno;
  if (*ret_made) goto cleanup;
  if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
    MESO_FAIL(err, MESO_EINVAL, "%s: is not a folder", path);
  if (cause != EEXIST)
    MESO_FAIL(err, cause == ENOTDIR || cause == ENOENT ? MESO_ENOTFOUND : MESO_EIO,
              "%s: cannot create the folder: %s", path, strerror(cause));
cleanup:
  return status;
}

meso_status mesoi_pipeline_folder_make(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH];
  p->n_old = strlen(p->dir);
  if (p->n_old + 64 > sizeof path) MESO_FAIL(err, MESO_EINVAL, "%s: name too long", p->dir);
  if (p->n_old == 0) MESO_FAIL(err, MESO_EINVAL, "the name of the output folder is empty");
  (void) snprintf(path, sizeof path, "%s", p->dir);
  for (size_t i = 1, known = 0;; i++) {
    if (p->dir[i] != '/' && p->dir[i] != '\0') continue;
    bool made = false;
    path[i] = '\0';
    MESO_TRY(make_one(path, &made, err));
    if (made && known < p->n_old) p->n_old = known;
    if (p->dir[i] == '\0') break;
    known = i;
    path[i] = '/';
  }
  remove_stale(path);
  mesoi_pipeline_path(p, "figures", path);
  remove_stale(path);
cleanup:
  return status;
}

void mesoi_pipeline_folder_undo(const pipeline *p)
{
  static const char *const written[] = {"stages.json", PIPELINE_MODEL_COPY};
  char path[PIPELINE_PATH];
  size_t n = strlen(p->dir);
  if (p->n_old >= n) return;
  for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
    mesoi_pipeline_path(p, written[i], path);
    (void) unlink(path);
  }
  (void) snprintf(path, sizeof path, "%s", p->dir);
  for (; n > p->n_old; n--) {
    if (n < strlen(p->dir) && p->dir[n] != '/') continue;
    path[n] = '\0';
    if (rmdir(path) != 0 && errno != ENOENT) return; /* not empty: what is in there is kept */
  }
}
