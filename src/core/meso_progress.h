/* meso_progress.h: how long work reports where it is. The library never prints; the program
 * passes a callback. NULL is a valid reporter that says nothing. */
#ifndef MESO_PROGRESS_H
#define MESO_PROGRESS_H

typedef struct meso_progress {
  /** fraction in [0, 1]; called from one thread at a time, at most some ten times a second. */
  void (*update)(void *user, const char *what, double fraction);
  void *user;
} meso_progress;

static inline void meso_progress_report(const meso_progress *p, const char *what, double fraction)
{
  if (p != (const meso_progress *) 0 && p->update) p->update(p->user, what, fraction);
}

#endif
