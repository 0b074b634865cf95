/* meso_progress.h: how long work reports where it is, and learns that it is to stop. The library
 * never prints and catches no signal; the program passes a callback. NULL is a valid reporter that
 * says nothing and never stops the work. */
#ifndef MESO_PROGRESS_H
#define MESO_PROGRESS_H

#include <stdbool.h>

#include "meso_error.h"

typedef struct meso_progress {
  /** fraction in [0, 1]; called from one thread at a time, at most some ten times a second.
   *  false: the work is to stop; it then returns MESO_ESTOPPED and leaves nothing behind. */
  bool (*update)(void *user, const char *what, double fraction);
  void *user;
  /** May be NULL. A few words to stand beside the next update; not kept. */
  void (*note)(void *user, const char *words);
} meso_progress;

/** Reports; false if the work is to stop. For loops that cannot return at once. */
static inline bool meso_progress_report(const meso_progress *p, const char *what, double fraction)
{
  return p == (const meso_progress *) 0 || p->update == 0 || p->update(p->user, what, fraction);
}

/** Message and status of work that was told to stop. */
static inline meso_status meso_progress_stopped(const char *what, meso_err *err)
{
  return meso_err_set(err, MESO_ESTOPPED, __FILE__, __LINE__, "%s: stopped before its end", what);
}

/** Reports; MESO_ESTOPPED if the work is to stop. */
MESO_MUST_CHECK static inline meso_status meso_progress_step(const meso_progress *p,
                                                             const char *what, double fraction,
                                                             meso_err *err)
{
  return meso_progress_report(p, what, fraction) ? MESO_OK : meso_progress_stopped(what, err);
}

#endif
