/* meso_file.c: whole-or-absent files, plain reading, SHA-256. */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_io_internal.h"

meso_status meso_file_check(const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat st;
  if (stat(path, &st) != 0) {
    const int cause = errno;
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s", path, strerror(cause));
  }
  if (S_ISDIR(st.st_mode)) MESO_FAIL(err, MESO_EFORMAT, "%s: is a directory, not a file", path);
  if (!S_ISREG(st.st_mode)) MESO_FAIL(err, MESO_EFORMAT, "%s: is not a regular file", path);
cleanup:
  return status;
}

meso_status meso_tmp_create(const char *path, char **ret_tmp, int *ret_fd, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t room = strlen(path) + 64;
  char *tmp = NULL;
  int fd = -1;
  struct stat st;
  *ret_tmp = NULL;
  *ret_fd = -1;
  if (path[0] == '\0') MESO_FAIL(err, MESO_EINVAL, "the name of an output file is empty");
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
    MESO_FAIL(err, MESO_EINVAL, "%s: exists and is %s, not a regular file", path,
              S_ISDIR(st.st_mode) ? "a directory" : "a device");
  MESO_ALLOC(err, tmp, room);
  for (unsigned k = 0; fd < 0; k++) {
    (void) snprintf(tmp, room, "%s.%ld-%u.tmp", path, (long) getpid(), k);
    fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const int cause = errno;
    if (fd < 0 && cause != EEXIST)
      MESO_FAIL(err, cause == ENOENT || cause == ENOTDIR ? MESO_ENOTFOUND : MESO_EIO,
                "%s: cannot create the file: %s", path, strerror(cause));
  }
  *ret_tmp = tmp;
  *ret_fd = fd;
  tmp = NULL;
cleanup:
  free(tmp);
  return status;
}

/* After a rename the directory entry itself must reach the disk. Some file systems refuse to sync
 * a directory; the data are safe by then, so that is no failure. */
static void sync_directory_of(const char *path)
{
  char *dir = meso_strdup(path);
  if (dir == NULL) return;
  char *slash = strrchr(dir, '/');
  const char *name = ".";
  if (slash == dir) name = "/";
  else if (slash != NULL) {
    *slash = '\0';
    name = dir;
  }
  const int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void) fsync(fd);
    (void) close(fd);
  }
  free(dir);
}

meso_status meso_tmp_commit(const char *tmp, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  const int fd = open(tmp, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    const int cause = errno;
    MESO_FAIL(err, MESO_EIO, "%s: cannot write: %s", path, strerror(cause));
  }
  if (rename(tmp, path) != 0) {
    const int cause = errno;
    MESO_FAIL(err, MESO_EIO, "%s: cannot rename the finished file: %s", path, strerror(cause));
  }
  sync_directory_of(path);
cleanup:
  if (fd >= 0) (void) close(fd);
  return status;
}

meso_status meso_file_write(const char *path, const void *bytes, size_t n_bytes, meso_err *err)
{
  meso_status status = MESO_OK;
  char *tmp = NULL;
  int fd = -1;
  const char *from = bytes;
  MESO_TRY(meso_tmp_create(path, &tmp, &fd, err));
  for (size_t done = 0; done < n_bytes;) {
    const ssize_t n = write(fd, from + done, n_bytes - done);
    const int cause = errno;
    if (n < 0 && cause == EINTR) continue;
    if (n < 0) MESO_FAIL(err, MESO_EIO, "%s: cannot write: %s", path, strerror(cause));
    done += (size_t) n;
  }
  MESO_TRY(meso_tmp_commit(tmp, path, err));
cleanup:
  if (fd >= 0) (void) close(fd);
  if (status != MESO_OK && tmp != NULL) (void) unlink(tmp);
  free(tmp);
  return status;
}

meso_status meso_file_read(const char *path, size_t max_bytes, char **ret_bytes,
                           size_t *ret_n_bytes, meso_err *err)
{
  meso_status status = MESO_OK;
  FILE *in = NULL;
  char *bytes = NULL;
  size_t n = 0, room = 0;
  *ret_bytes = NULL;
  if (ret_n_bytes != NULL) *ret_n_bytes = 0;
  MESO_TRY(meso_file_check(path, err));
  in = fopen(path, "rbe");
  const int cause = errno;
  if (in == NULL) MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s", path, strerror(cause));
  while (feof(in) == 0) {
    if (room - n < 2) {
      room = room == 0 ? 1 << 16 : 2 * room;
      char *grown = meso_realloc(bytes, room, 1);
      if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: cannot allocate %zu bytes", path, room);
      bytes = grown;
    }
    n += fread(bytes + n, 1, room - n - 1, in);
    if (ferror(in) != 0) MESO_FAIL(err, MESO_EIO, "%s: reading failed", path);
    if (n > max_bytes)
      MESO_FAIL(err, MESO_ERANGE, "%s: larger than %zu bytes", path, max_bytes);
  }
  bytes[n] = '\0';
  *ret_bytes = bytes;
  if (ret_n_bytes != NULL) *ret_n_bytes = n;
  bytes = NULL;
cleanup:
  if (in != NULL) (void) fclose(in);
  free(bytes);
  return status;
}

void meso_sha256_end(struct sha256_ctx *ctx, char out[65])
{
  static const char hex[] = "0123456789abcdef";
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(ctx, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++) {
    out[2 * i] = hex[digest[i] >> 4];
    out[2 * i + 1] = hex[digest[i] & 15];
  }
  out[64] = '\0';
}

char *meso_marked_path(const char *path, const char *mark, const char *ending)
{
  const char *slash = strrchr(path, '/');
  const char *dot = strrchr(slash != NULL ? slash : path, '.');
  const size_t stem = dot != NULL ? (size_t) (dot - path) : strlen(path);
  const char *end = ending != NULL ? ending : path + stem;
  const size_t room = stem + strlen(mark) + strlen(end) + 1;
  char *to = meso_calloc(room, 1);
  if (to != NULL) (void) snprintf(to, room, "%.*s%s%s", (int) stem, path, mark, end);
  return to;
}

char *meso_stopped_path(const char *path)
{
  return meso_marked_path(path, "_stopped", NULL);
}

meso_status meso_sha256_file(const char *path, char out[65], meso_err *err)
{
  meso_status status = MESO_OK;
  enum { BLOCK = 1 << 16 };
  FILE *in = NULL;
  uint8_t *block = NULL;
  struct sha256_ctx ctx;
  out[0] = '\0';
  MESO_TRY(meso_file_check(path, err));
  MESO_ALLOC(err, block, BLOCK);
  in = fopen(path, "rbe");
  const int cause = errno;
  if (in == NULL) MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s", path, strerror(cause));
  sha256_init(&ctx);
  while (feof(in) == 0) {
    sha256_update(&ctx, fread(block, 1, BLOCK, in), block);
    if (ferror(in) != 0) MESO_FAIL(err, MESO_EIO, "%s: reading failed", path);
  }
  meso_sha256_end(&ctx, out);
cleanup:
  if (in != NULL) (void) fclose(in);
  free(block);
  return status;
}

void meso_sha256_bytes(const void *bytes, size_t n_bytes, char out[65])
{
  struct sha256_ctx ctx;
  sha256_init(&ctx);
  sha256_update(&ctx, n_bytes, bytes);
  meso_sha256_end(&ctx, out);
}
