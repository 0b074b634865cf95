/* meso_error.h: status codes, the error record and the three control macros.
 *
 * Every function that can fail returns a meso_status and takes a `meso_err *err` as its last
 * argument. The record is a plain value on the caller's stack; NULL means "do not tell me".
 * Functions that use MESO_FAIL, MESO_TRY or MESO_ALLOC declare `meso_status status = MESO_OK;`
 * and one label `cleanup:`, which is passed on success too.
 */
#ifndef MESO_ERROR_H
#define MESO_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#define MESO_MUST_CHECK __attribute__((warn_unused_result))
#define MESO_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define MESO_MUST_CHECK
#define MESO_PRINTF(f, a)
#endif

/** What went wrong. The program's exit code follows from it (meso_status_exit_code). */
typedef enum meso_status {
  MESO_OK = 0,
  MESO_ENOMEM,    /**< out of memory, or a size that overflows */
  MESO_EINVAL,    /**< a value that makes no sense (bad input) */
  MESO_ERANGE,    /**< a value outside its allowed range (bad input) */
  MESO_EFORMAT,   /**< a file that is not what it should be (bad input) */
  MESO_ENOTFOUND, /**< a file, dataset, population or name that does not exist (bad input) */
  MESO_EIO,       /**< reading or writing failed half-way (disk full, I/O error) */
  MESO_ENUMERIC,  /**< a computation that left its valid domain */
  MESO_EUSAGE,    /**< the command line is wrong */
  MESO_ESTOPPED,  /**< the caller asked to stop (meso_progress.h) */
  MESO_EBUG       /**< an internal invariant is broken: our fault */
} meso_status;

/** Error record, owned by the caller, one per thread, no heap. */
typedef struct meso_err {
  meso_status status;
  int line;         /**< where in our source it was raised */
  const char *file;
  char msg[1024];   /**< one line for the user: file, line, key, value, unit, range */
} meso_err;

/** Fills @p err (may be NULL) and returns @p st. Use through MESO_FAIL. */
meso_status meso_err_set(meso_err *err, meso_status st, const char *file, int line,
                         const char *fmt, ...) MESO_PRINTF(5, 6);

/** Exit code of the program for a status: 0 fine, 1 run failed, 2 usage, 3 bad input. A program
 *  that a signal made stop has 128 + its number instead. */
int meso_status_exit_code(meso_status st);

/** calloc with overflow check; n == 0 gives one element, so NULL always means failure. What is
 *  large is cleared where it is first touched, by the thread that does, in huge pages if the
 *  system has them. */
void *meso_calloc(size_t n, size_t size);

/** realloc to n elements with overflow check; the caller frees. NULL on failure, @p p kept. */
void *meso_realloc(void *p, size_t n, size_t size);

/** Bytes that the system could still give, swap included, by its own estimate; HUGE_VAL where it
 *  makes none. meso_calloc and meso_aligned_alloc refuse large blocks beyond that. */
double meso_memory_available(void);

/** Largest resident memory of this process up to now, in bytes; NaN if the system does not say.
 *  Linux counts in ru_maxrss what the process that started this one held; not so in VmHWM, which is
 *  taken where it is known. */
double meso_memory_peak(void);

/** Zeroed memory aligned to 64 bytes; larger blocks are aligned to 2 MiB and advised to use huge
 *  pages. Free with free(). NULL on failure or overflow. */
void *meso_aligned_calloc(size_t n, size_t size);

/** As meso_aligned_calloc, but not zeroed: for large tables that are written once. */
void *meso_aligned_alloc(size_t n, size_t size);

/** Heap copy of a string; NULL in gives NULL out. */
char *meso_strdup(const char *s);

#define MESO_FAIL(err, st, ...) \
  do { \
    status = meso_err_set((err), (st), __FILE__, __LINE__, __VA_ARGS__); \
    goto cleanup; \
  } while (0)
#define MESO_TRY(call) \
  do { status = (call); if (status != MESO_OK) goto cleanup; } while (0)
#define MESO_ALLOC(err, p, n) \
  do { (p) = meso_calloc((n), sizeof *(p)); \
    if ((p) == NULL) \
      MESO_FAIL((err), MESO_ENOMEM, "cannot allocate %zu x %zu bytes", (size_t) (n), sizeof *(p)); \
  } while (0)
#define MESO_ALLOC_ALIGNED(err, p, n) \
  do { (p) = meso_aligned_calloc((n), sizeof *(p)); \
    if ((p) == NULL) \
      MESO_FAIL((err), MESO_ENOMEM, "cannot allocate %zu x %zu bytes", (size_t) (n), sizeof *(p)); \
  } while (0)
#define MESO_STRDUP(err, p, s) \
  do { (p) = meso_strdup(s); \
    if ((p) == NULL) MESO_FAIL((err), MESO_ENOMEM, "cannot copy a string"); } while (0)

#ifdef __cplusplus
}
#endif
#endif
