/* meso_text.c: small text files, whole. */
#include "meso_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a regular file, without waiting for anyone at the other end of a FIFO. */
static meso_status open_regular(const char *path, FILE **ret_file, meso_err *err)
{
  meso_status status = MESO_OK;
  struct stat about;
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: cannot open: %s", path, strerror(errno));
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
    MESO_FAIL(err, MESO_EFORMAT, "%s: is not a regular file", path);
  *ret_file = fdopen(fd, "rb");
  if (*ret_file == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: cannot open", path);
cleanup:
  if (status != MESO_OK && fd >= 0) (void) close(fd);
  return status;
}

meso_status mesoi_text_read(const char *path, size_t max_bytes, const char *what,
                            char **ret_bytes, size_t *ret_n_bytes, meso_err *err)
{
  meso_status status = MESO_OK;
  char *bytes = NULL;
  FILE *f = NULL;
  MESO_TRY(open_regular(path, &f, err));
  MESO_ALLOC(err, bytes, max_bytes + 2);
  const size_t n = fread(bytes, 1, max_bytes + 1, f);
  if (ferror(f)) MESO_FAIL(err, MESO_EFORMAT, "%s: cannot read: %s", path, strerror(errno));
  if (n > max_bytes)
    MESO_FAIL(err, MESO_EFORMAT, "%s: larger than %zu MB, not a %s", path, max_bytes >> 20, what);
  bytes[n] = '\0';
  *ret_bytes = bytes;
  *ret_n_bytes = n;
  bytes = NULL;
cleanup:
  if (f != NULL) fclose(f);
  free(bytes);
  return status;
}
