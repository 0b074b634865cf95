/* format_blackrock.c: continuous recordings of Blackrock Neurotech, NSx files of version 2.2 and
 * later (NEURALCD, BRSMPGRP), read only. Samples become mV by the range of each channel. Where the
 * recording pauses a new signal begins: "lfp", or "lfp_1", "lfp_2" ... Samples at the end of a
 * channel's range are clipped: attribute n_clipped, and a warning. A file that ends within a packet
 * is read to its end, with a warning. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blackrock.h"
#include "meso_format.h"

enum { BASIC = 314, CHANNEL = 66, MOST_CHANNELS = 10000, MOST_SEGMENTS = 100000 };
#define CLOCK_HZ 30000.0

typedef struct channel { char label[17]; int low, high; double scale, offset; } channel;

typedef struct nsx {
  const char *path, *bytes;
  size_t n_bytes, header, packet_header, n_channels;
  double rate_Hz, resolution_Hz;  /* resolution_Hz: of time stamps */
  channel *channel;
} nsx;

/* Samples without a pause: their rows, as packets, and when they begin. */
typedef struct segment {
  size_t first_packet, n_packets, n_rows;
  double start_s, end_s;
} segment;
typedef struct packet { size_t at, n_rows; } packet; /* at: byte of its first sample */
typedef struct layout {
  size_t n_packets, n_segments, room;
  packet *packet;
  segment *segment;
  double n_missing;        /* rows that the last packet announces and that are not there */
  size_t n_left;           /* bytes after the last whole sample */
} layout;

/* ---- headers -------------------------------------------------------------------------------- */

static meso_status read_channel(nsx *x, size_t c, meso_err *err)
{
  static const struct { const char *name; double mV; } unit[] = {{"uV", 1e-3}, {"mV", 1},
                                                                  {"V", 1e3}};
  meso_status status = MESO_OK;
  const char *h = x->bytes + BASIC + c * CHANNEL;
  channel *to = &x->channel[c];
  char units[17] = "";
  double mV = NAN;
  if (h[0] != 'C' || h[1] != 'C')
    MESO_FAIL(err, MESO_EFORMAT, "%s: header of channel %zu does not begin with CC", x->path, c);
  memcpy(to->label, h + 4, 16);
  memcpy(units, h + 30, 16);
  to->low = blackrock_sample(h + 22);
  to->high = blackrock_sample(h + 24);
  const double low = blackrock_sample(h + 26), high = blackrock_sample(h + 28);
  for (size_t k = 0; k < sizeof unit / sizeof *unit; k++)
    if (strcmp(units, unit[k].name) == 0) mV = unit[k].mV;
  if (isnan(mV))
    MESO_FAIL(err, MESO_EFORMAT, "%s: channel %zu is in \"%s\": must be uV, mV or V", x->path, c,
              units);
  if (!(to->high > to->low && high > low))
    MESO_FAIL(err, MESO_EFORMAT, "%s: channel %zu has the range %d to %d for %g to %g %s", x->path,
              c, to->low, to->high, low, high, units);
  to->scale = mV * (high - low) / (to->high - to->low);
  to->offset = mV * low - to->scale * to->low;
cleanup:
  return status;
}

static meso_status read_header(nsx *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool second = x->n_bytes >= BASIC && memcmp(x->bytes, "NEURALCD", 8) == 0;
  const bool third = x->n_bytes >= BASIC && memcmp(x->bytes, "BRSMPGRP", 8) == 0;
  if (!second && !third)
    MESO_FAIL(err, MESO_EFORMAT, "%s: is no NSx file of version 2.2 or later (NEURALCD, BRSMPGRP)",
              x->path);
  const uint64_t period = blackrock_number(x->bytes + 286, 4);
  const uint64_t n = blackrock_number(x->bytes + 310, 4);
  x->header = (size_t) blackrock_number(x->bytes + 10, 4);
  x->resolution_Hz = (double) blackrock_number(x->bytes + 290, 4);
  x->packet_header = second ? 9 : 13;
  x->rate_Hz = CLOCK_HZ / (double) period;
  if (n == 0 || n > MOST_CHANNELS)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %llu channels: must be 1 to %d", x->path,
              (unsigned long long) n, (int) MOST_CHANNELS);
  x->n_channels = (size_t) n;
  if (period == 0 || !(x->resolution_Hz > 0))
    MESO_FAIL(err, MESO_EFORMAT, "%s: period %llu, resolution %g Hz of its clock: must be above 0",
              x->path, (unsigned long long) period, x->resolution_Hz);
  if (x->header < BASIC + x->n_channels * CHANNEL || x->header > x->n_bytes)
    MESO_FAIL(err, MESO_EFORMAT, "%s: headers of %zu bytes do not fit %zu channels and %zu bytes",
              x->path, x->header, x->n_channels, x->n_bytes);
  MESO_ALLOC(err, x->channel, x->n_channels);
  for (size_t c = 0; c < x->n_channels; c++) MESO_TRY(read_channel(x, c, err));
cleanup:
  return status;
}

/* ---- packets -------------------------------------------------------------------------------- */

static meso_status add_packet(const nsx *x, layout *l, packet p, double start_s, meso_err *err)
{
  meso_status status = MESO_OK;
  segment *last = l->n_segments > 0 ? &l->segment[l->n_segments - 1] : NULL;
  if (l->n_packets == l->room) {
    l->room = l->room > 0 ? 2 * l->room : 64;
    packet *more = meso_realloc(l->packet, l->room, sizeof *more);
    if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", x->path);
    l->packet = more;
  }
  const bool goes_on = last != NULL && fabs(start_s - last->end_s) < 0.5 / x->rate_Hz;
  if (!goes_on) {
    if (l->n_segments == MOST_SEGMENTS)
      MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d pauses", x->path, (int) MOST_SEGMENTS);
    segment *more = meso_realloc(l->segment, l->n_segments + 1, sizeof *more);
    if (more == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: out of memory", x->path);
    l->segment = more;
    last = &more[l->n_segments++];
    *last = (segment) {.first_packet = l->n_packets, .start_s = start_s};
  }
  l->packet[l->n_packets++] = p;
  last->n_packets++;
  last->n_rows += p.n_rows;
  last->end_s = start_s + (double) p.n_rows / x->rate_Hz; /* not from the first: clocks drift */
cleanup:
  return status;
}

/* Where samples are. A packet that was never closed says 0, and reaches to the end of the file. */
static meso_status find_packets(const nsx *x, layout *l, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t row = 2 * x->n_channels;
  for (size_t at = x->header; at + x->packet_header <= x->n_bytes;) {
    const char *h = x->bytes + at;
    if (h[0] != 1)
      MESO_FAIL(err, MESO_EFORMAT, "%s: byte %zu is %d: a packet must begin with 1", x->path, at,
                h[0]);
    const double start_s = (double) blackrock_number(h + 1, x->packet_header - 5)
                           / x->resolution_Hz;
    size_t n = (size_t) blackrock_number(h + x->packet_header - 4, 4);
    at += x->packet_header;
    const size_t there = (x->n_bytes - at) / row;
    if (n > there) l->n_missing = (double) (n - there);
    if (n == 0 || n > there) n = there;
    if (n > 0) MESO_TRY(add_packet(x, l, (packet) {at, n}, start_s, err));
    at += n * row;
    l->n_left = x->n_bytes - at;
    if (n == there) break;
  }
  if (l->n_segments == 0) MESO_FAIL(err, MESO_EFORMAT, "%s: holds no samples", x->path);
cleanup:
  return status;
}

/* ---- signals -------------------------------------------------------------------------------- */

static meso_status fill(const nsx *x, const layout *l, const segment *from, meso_signal *s,
                        double *ret_clipped, meso_err *err)
{
  meso_status status = MESO_OK;
  double *to = s->data;
  for (size_t k = 0; k < from->n_packets; k++) {
    const packet *p = &l->packet[from->first_packet + k];
    const char *sample = x->bytes + p->at;
    for (size_t i = 0; i < p->n_rows * x->n_channels; i++, sample += 2) {
      const channel *c = &x->channel[i % x->n_channels];
      const int v = blackrock_sample(sample);
      *ret_clipped += v <= c->low || v >= c->high;
      *to++ = v * c->scale + c->offset;
    }
  }
  for (size_t c = 0; c < x->n_channels; c++)
    MESO_TRY(meso_signal_set_label(s, c, x->channel[c].label, err));
cleanup:
  return status;
}

static meso_status make_signals(const nsx *x, const layout *l, meso_signals *signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  double clipped = 0;
  for (size_t k = 0; k < l->n_segments; k++) {
    const segment *from = &l->segment[k];
    meso_signal *s = NULL;
    char name[32] = "lfp";
    if (l->n_segments > 1) (void) snprintf(name, sizeof name, "lfp_%zu", k + 1);
    double own = 0;
    MESO_TRY(meso_signals_add(signals, name, "mV", from->n_rows, x->n_channels, x->rate_Hz,
                              1e3 * from->start_s, &s, err));
    MESO_TRY(fill(x, l, from, s, &own, err));
    MESO_TRY(meso_attrs_set_number(&s->attrs, "n_clipped", own, err));
    clipped += own;
  }
  char text[256];
  (void) snprintf(text, sizeof text, "the file is cut short: %.0f samples are missing that its "
                  "last packet announces, %zu bytes are left over", l->n_missing, l->n_left);
  if (l->n_missing > 0 || l->n_left > 0) MESO_TRY(meso_attrs_warn(&signals->attrs, text, err));
  (void) snprintf(text, sizeof text, "%g samples are at the end of their channel's range: "
                  "clipped", clipped);
  if (clipped > 0) MESO_TRY(meso_attrs_warn(&signals->attrs, text, err));
cleanup:
  return status;
}

static meso_status read_signals(const meso_format_input *input, meso_signals **ret_signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  nsx x = {.path = input->path};
  layout l = {.n_packets = 0};
  char *bytes = NULL;
  meso_signals *signals = NULL;
  *ret_signals = NULL;
  MESO_TRY(meso_file_read(input->path, BLACKROCK_MOST, &bytes, &x.n_bytes, err));
  x.bytes = bytes;
  MESO_TRY(read_header(&x, err));
  MESO_TRY(find_packets(&x, &l, err));
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(make_signals(&x, &l, signals, err));
  *ret_signals = signals;
  signals = NULL;
cleanup:
  free(bytes);
  free(x.channel);
  free(l.packet);
  free(l.segment);
  meso_signals_destroy(signals);
  return status;
}

const meso_format meso_format_blackrock = {
  .name = "blackrock", .summary = "continuous recordings of Blackrock (NSx), read only",
  .ending = ".ns1|.ns2|.ns3|.ns4|.ns5|.ns6|.ns9", .content = MESO_CONTENT_SIGNALS,
  .read_signals = read_signals,
};
