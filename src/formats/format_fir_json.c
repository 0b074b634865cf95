/* format_fir_json.c: population kernels as taps of FIR filters in JSON, with all that their use
 * needs. taps[SOURCE] is (contact, tap), as scipy.signal.lfilter and NESTML's nodes want it. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "meso_config.h"
#include "meso_format.h"
#include "meso_lfp.h"

static json_t *vector(size_t n, const double *from, size_t stride)
{
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) (void) json_array_append_new(list, json_real(from[i * stride]));
  return list;
}

static json_t *taps_of(const meso_signal *s)
{
  json_t *list = json_array();
  for (size_t c = 0; c < s->n_channels; c++)
    (void) json_array_append_new(list, vector(s->n_times, s->data + c, s->n_channels));
  return list;
}

/** NULL when out of memory. */
static json_t *make_object(const meso_signals *taps, const meso_provenance *provenance)
{
  const meso_signal *first = &taps->signal[0];
  json_t *by_source = json_object(), *places = json_array();
  for (size_t s = 0; s < taps->n; s++)
    (void) json_object_set_new(by_source, taps->signal[s].name + strlen("taps_"),
                               taps_of(&taps->signal[s]));
  for (size_t c = 0; c < first->n_channels; c++)
    (void) json_array_append_new(places, vector(3, first->position_um + 3 * c, 1));
  return json_pack(
    "{s:s, s:s, s:f, s:I, s:s, s:o, s:o, s:{s:s, s:s, s:s?}}", "doc", "LFP of a contact at every "
    "step: the sum over the sources of lfilter(taps[source][contact], 1, spikes of the source in "
    "each step); tap k is at lag k / sampling_rate_Hz", "units", "mV per spike",
    "sampling_rate_Hz", first->sampling_rate_Hz, "n_taps", (json_int_t) first->n_times,
    "contact_units", "um", "contact_xyz", places, "taps", by_source, "generated_by", "name",
    "mesocast", "version", PACKAGE_VERSION, "command_line", provenance->command_line);
}

static meso_status write_kernels(const char *path, const meso_result *kernels,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *taps = NULL;
  json_t *object = NULL;
  char *text = NULL;
  MESO_TRY(meso_lfp_taps(kernels, &taps, err));
  object = make_object(taps, provenance);
  if (object != NULL) text = json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
  if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: cannot make its text", path);
  MESO_TRY(meso_file_write(path, text, strlen(text), err));
cleanup:
  json_decref(object);
  free(text);
  meso_signals_destroy(taps);
  return status;
}

const meso_format meso_format_fir_json = {
  .name = "fir-json", .summary = "the same with rate, units and contacts (written)",
  .ending = ".json", .content = MESO_CONTENT_KERNELS, .write_kernels = write_kernels,
};
