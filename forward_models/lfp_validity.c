/* lfp_validity.c: the frequencies at which a predicted LFP can be held against a recorded one. */
#include "lfp_validity.h"

#include <math.h>
#include <stdio.h>

const lfp_passive_band lfp_passive = {.valid_Hz = 100, .doubtful_Hz = 200};

meso_status lfp_validity_describe(double filter_from_Hz, double filter_to_Hz, const char *filter,
                                  meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  const double valid_Hz = fmin(filter_to_Hz, lfp_passive.valid_Hz);
  const double doubtful_Hz = fmin(filter_to_Hz, lfp_passive.doubtful_Hz);
  const struct { const char *key; double value; } number[] = {
    {"filter_from_Hz", filter_from_Hz}, {"filter_to_Hz", filter_to_Hz},
    {"valid_from_Hz", filter_from_Hz}, {"valid_to_Hz", valid_Hz}, {"doubtful_to_Hz", doubtful_Hz},
  };
  char text[1024];
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_attrs_set_number(attrs, number[i].key, number[i].value, err));
  (void) snprintf(text, sizeof text, "about %.3g to %.3g Hz, doubtful to %.3g Hz", filter_from_Hz,
                  valid_Hz, doubtful_Hz);
  MESO_TRY(meso_attrs_set_text(attrs, "validity_band", text, err));
  (void) snprintf(text, sizeof text, "the cells are passive, without spikes and active currents, "
                  "which recordings have from about %g Hz on (doi:10.1523/JNEUROSCI.4217-12.2013) "
                  "and at 140 to %g Hz with as much power as synaptic currents "
                  "(doi:10.1523/JNEUROSCI.0656-12.2012); sampling leaves %.3g to %.3g Hz: %s",
                  lfp_passive.valid_Hz, lfp_passive.doubtful_Hz, filter_from_Hz, filter_to_Hz,
                  filter);
  MESO_TRY(meso_attrs_set_text(attrs, "validity_reason", text, err));
cleanup:
  return status;
}

meso_status lfp_validity_describe_steps(double dt_ms, meso_attrs *attrs, meso_err *err)
{
  return lfp_validity_describe(0, 500 / dt_ms, "every step, no filter", attrs, err);
}
