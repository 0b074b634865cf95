/* format_blackrock_nev.c: spikes of Blackrock Neurotech, NEV files of version 2.2 and later
 * (NEURALEV, BREVENTS), read only. A neuron is a unit of an electrode; all are one population
 * "units", by electrode, then unit, and the attribute `neurons` lists them. Unit 0, not sorted, is
 * one too; 255, noise, is left out, and so are packets that only continue a waveform (all bits of
 * their time set). How long was recorded the file does not say: from 0 to the last
 * spike, with a warning. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blackrock.h"
#include "meso_format.h"

enum { BASIC = 336, MOST_ELECTRODES = 10000, UNITS = 256, NOISE = 255 };
#define N_CODES ((size_t) (MOST_ELECTRODES + 1) * UNITS)

typedef struct nev {
  const char *path, *bytes;
  size_t n_bytes, header, packet, stamp; /* stamp: bytes of a time stamp */
  double resolution_Hz;
} nev;

static meso_status read_header(nev *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool second = x->n_bytes >= BASIC && memcmp(x->bytes, "NEURALEV", 8) == 0;
  const bool third = x->n_bytes >= BASIC && memcmp(x->bytes, "BREVENTS", 8) == 0;
  if (!second && !third)
    MESO_FAIL(err, MESO_EFORMAT, "%s: is no NEV file (NEURALEV, BREVENTS)", x->path);
  x->stamp = second ? 4 : 8;
  x->header = (size_t) blackrock_number(x->bytes + 12, 4);
  x->packet = (size_t) blackrock_number(x->bytes + 16, 4);
  x->resolution_Hz = (double) blackrock_number(x->bytes + 20, 4);
  if (x->header < BASIC || x->header > x->n_bytes || x->packet < x->stamp + 4)
    MESO_FAIL(err, MESO_EFORMAT, "%s: headers of %zu and packets of %zu bytes do not fit a file of "
              "%zu", x->path, x->header, x->packet, x->n_bytes);
  if (!(x->resolution_Hz > 0))
    MESO_FAIL(err, MESO_EFORMAT, "%s: resolution of its clock is 0 Hz", x->path);
cleanup:
  return status;
}

/* Whether a packet has no time of its own, since it goes on with the waveform of the one before. */
static bool is_continuation(const nev *x, const char *packet)
{
  for (size_t k = 0; k < x->stamp; k++)
    if ((unsigned char) packet[k] != 255) return false;
  return true;
}

/* The electrode and unit of packet k, as one number; N_CODES: no spike. */
static size_t code_of(const nev *x, size_t k)
{
  const char *p = x->bytes + x->header + k * x->packet + x->stamp;
  if (is_continuation(x, p - x->stamp)) return N_CODES;
  const size_t electrode = (size_t) blackrock_number(p, 2), unit = (unsigned char) p[2];
  const bool is_spike = electrode >= 1 && electrode <= MOST_ELECTRODES && unit != NOISE;
  return is_spike ? electrode * UNITS + unit : N_CODES;
}

/* neuron: number + 1 of every electrode and unit that fires. */
static meso_status list_neurons(const uint32_t *neuron, size_t n, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  enum { WIDTH = 12 };
  char *text = NULL;
  size_t used = 0;
  MESO_ALLOC(err, text, n * WIDTH + 1);
  for (size_t code = 0; code < N_CODES; code++)
    if (neuron[code] > 0)
      used += (size_t) snprintf(text + used, n * WIDTH + 1 - used, "%s%zu/%zu",
                                used > 0 ? "," : "", code / UNITS, code % UNITS);
  MESO_TRY(meso_attrs_set_text(attrs, "neurons", text, err));
cleanup:
  free(text);
  return status;
}

static meso_status fill(const nev *x, meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spike_population *p = &spikes->population[0];
  const size_t n_packets = (x->n_bytes - x->header) / x->packet;
  uint32_t *neuron = NULL;
  MESO_STRDUP(err, p->name, "units");
  MESO_ALLOC(err, neuron, N_CODES + 1);
  for (size_t k = 0; k < n_packets; k++) {
    const size_t code = code_of(x, k);
    neuron[code] = 1;
    p->n_spikes += code < N_CODES;
  }
  for (size_t code = 0; code < N_CODES; code++)
    if (neuron[code] > 0) neuron[code] = (uint32_t) ++p->size;
  MESO_ALLOC(err, p->time_ms, p->n_spikes);
  MESO_ALLOC(err, p->id, p->n_spikes);
  for (size_t k = 0, spike = 0; k < n_packets; k++) {
    const size_t code = code_of(x, k);
    if (code == N_CODES) continue;
    const char *stamp = x->bytes + x->header + k * x->packet;
    p->time_ms[spike] = 1e3 * (double) blackrock_number(stamp, x->stamp) / x->resolution_Hz;
    spikes->t_stop_ms = fmax(spikes->t_stop_ms, p->time_ms[spike]);
    p->id[spike++] = neuron[code] - 1;
  }
  MESO_TRY(meso_spikes_sort(p, err));
  MESO_TRY(list_neurons(neuron, (size_t) p->size, &spikes->attrs, err));
  const size_t n_left = (x->n_bytes - x->header) % x->packet;
  char text[256];
  (void) snprintf(text, sizeof text, "the file is cut short: %zu of %zu bytes of its last packet "
                  "are there", n_left, x->packet);
  if (n_left > 0) MESO_TRY(meso_attrs_warn(&spikes->attrs, text, err));
  MESO_TRY(mesoi_format_warn_of_end(spikes, err));
cleanup:
  free(neuron);
  return status;
}

static meso_status read_spikes(const meso_format_input *input, meso_spikes **ret_spikes,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  nev x = {.path = input->path};
  char *bytes = NULL;
  meso_spikes *spikes = NULL;
  *ret_spikes = NULL;
  MESO_TRY(meso_file_read(input->path, BLACKROCK_MOST, &bytes, &x.n_bytes, err));
  x.bytes = bytes;
  MESO_TRY(read_header(&x, err));
  MESO_TRY(meso_spikes_create(1, &spikes, err));
  MESO_TRY(fill(&x, spikes, err));
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  free(bytes);
  meso_spikes_destroy(spikes);
  return status;
}

const meso_format meso_format_blackrock_nev = {
  .name = "blackrock-nev", .summary = "spikes of Blackrock (NEV), read only", .ending = ".nev",
  .content = MESO_CONTENT_SPIKES, .read_spikes = read_spikes,
};
