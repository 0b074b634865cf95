/* meso_h5_driver.c: HDF5 file driver for writing that survives a full disk.
 *
 * After a failed write HDF5 1.10 keeps the file half-open and crashes at exit. So this driver tells
 * HDF5 that every write went well and notes the first error number; whoever writes looks at it
 * and throws the file away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_io_internal.h"

typedef struct out_info { int *first_errno; } out_info;

typedef struct out_file {
  H5FD_t base; /* HDF5 takes a pointer to it for a pointer to the whole: it stays first */
  int fd;
  int *first_errno;
  haddr_t eoa, eof;
} out_file;

static void note(out_file *o, int cause)
{
  if (*o->first_errno == 0) *o->first_errno = cause;
}

static H5FD_t *out_open(const char *name, unsigned flags, hid_t fapl, haddr_t max_address)
{
  (void) max_address;
  const out_info *info = H5Pget_driver_info(fapl);
  out_file *o = meso_calloc(1, sizeof *o);
  if (info == NULL || o == NULL) {
    free(o);
    return NULL;
  }
  o->first_errno = info->first_errno;
  const int truncate_flag = (flags & H5F_ACC_TRUNC) != 0 ? O_TRUNC : 0;
  o->fd = open(name, O_RDWR | O_CLOEXEC | truncate_flag);
  struct stat st;
  if (o->fd < 0 || fstat(o->fd, &st) != 0) {
    note(o, errno);
    if (o->fd >= 0) (void) close(o->fd);
    free(o);
    return NULL;
  }
  o->eof = (haddr_t) st.st_size;
  return &o->base;
}

static herr_t out_close(H5FD_t *file)
{
  out_file *o = (out_file *) file;
  if (close(o->fd) != 0) note(o, errno);
  free(o);
  return 0;
}

static herr_t out_query(const H5FD_t *file, unsigned long *flags)
{
  (void) file;
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE
           | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

static haddr_t out_get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
  (void) type;
  return ((const out_file *) file)->eoa;
}

static herr_t out_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address)
{
  (void) type;
  ((out_file *) file)->eoa = address;
  return 0;
}

static haddr_t out_get_eof(const H5FD_t *file, H5FD_mem_t type)
{
  (void) type;
  return ((const out_file *) file)->eof;
}

static herr_t out_read(H5FD_t *file, H5FD_mem_t type, hid_t dxpl, haddr_t address, size_t size,
                       void *buffer)
{
  out_file *o = (out_file *) file;
  char *to = buffer;
  (void) type;
  (void) dxpl;
  while (size > 0) {
    const ssize_t n = pread(o->fd, to, size, (off_t) address);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) { /* beyond the end of what is written there are zeros */
      memset(to, 0, size);
      return 0;
    }
    to += n;
    address += (haddr_t) n;
    size -= (size_t) n;
  }
  return 0;
}

static herr_t out_write(H5FD_t *file, H5FD_mem_t type, hid_t dxpl, haddr_t address, size_t size,
                        const void *buffer)
{
  out_file *o = (out_file *) file;
  const char *from = buffer;
  (void) type;
  (void) dxpl;
  if (address + size > o->eof) o->eof = address + size;
  while (size > 0) {
    const ssize_t n = pwrite(o->fd, from, size, (off_t) address);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      note(o, n < 0 ? errno : EIO);
      return 0;
    }
    from += n;
    address += (haddr_t) n;
    size -= (size_t) n;
  }
  return 0;
}

static herr_t out_truncate(H5FD_t *file, hid_t dxpl, hbool_t closing)
{
  out_file *o = (out_file *) file;
  (void) dxpl;
  (void) closing;
  if (o->eoa == o->eof) return 0;
  if (ftruncate(o->fd, (off_t) o->eoa) != 0) note(o, errno);
  o->eof = o->eoa;
  return 0;
}

meso_status meso_h5_use_driver(meso_h5_file *f, hid_t fapl, meso_err *err)
{
  static const H5FD_class_t driver = {
    .name = "mesocast", .maxaddr = (haddr_t) INT64_MAX, .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(out_info), .open = out_open, .close = out_close, .query = out_query,
    .get_eoa = out_get_eoa, .set_eoa = out_set_eoa, .get_eof = out_get_eof, .read = out_read,
    .write = out_write, .truncate = out_truncate, .fl_map = H5FD_FLMAP_DICHOTOMY,
  };
  meso_status status = MESO_OK;
  const out_info info = { .first_errno = &f->write_errno };
  MESO_H5W(f, err, f->driver = H5FDregister(&driver));
  MESO_H5W(f, err, H5Pset_driver(fapl, f->driver, &info));
cleanup:
  return status;
}
