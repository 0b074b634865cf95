/* spike_text.h: what formats of spikes as lines of text share. Internal to src/formats.
 *
 * Lines that begin with # are remarks; ours say what such files leave out (the interval, the
 * populations' sizes), so that a file of ours is read back whole, and others read it all the same.
 */
#ifndef SPIKE_TEXT_H
#define SPIKE_TEXT_H

#include "meso_format.h"

/** How a format lays out its lines. */
typedef struct spike_text_style {
  const char *header;      /**< lines before the first spike, or "" */
  char separator;
  bool by_sender;          /**< lines are "sender time", senders numbered from 1 through all
                                populations; else "population time id", ids from 0 */
  bool remarks;            /**< whether its readers know remarks */
} spike_text_style;

MESO_MUST_CHECK meso_status spike_text_read(const char *path, const spike_text_style *style,
                                            meso_spikes **ret_spikes, meso_err *err);
MESO_MUST_CHECK meso_status spike_text_write(const char *path, const spike_text_style *style,
                                             const meso_spikes *spikes, meso_err *err);

/** Whether a .csv file is to be read as spikes: not if its first line that is no remark names a
 *  time and then anything but "id". */
bool spike_text_is(const char *path);

#endif
