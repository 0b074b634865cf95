/* compare_entry.h: what the parts of a comparison with published numbers share: an entry as its
 * file has it, and the run's number for it. Internal to src/analysis. */
#ifndef COMPARE_ENTRY_H
#define COMPARE_ENTRY_H

#include "meso_data.h"
#include "meso_params.h"

enum compare_kind { COMPARE_MEASUREMENT, COMPARE_SIMULATION, COMPARE_ORDERING };
#define COMPARE_KINDS "measurement|simulation|ordering"

/* An entry; numbers that are not there are NaN, choices -1, texts NULL. */
typedef struct published {
  char *id, *population, *unit, *species, *state, *preparation, *method, *doi, *citation, *note;
  char *greater, *lesser; /* of an ordering: what of the quantity is larger than what */
  int kind, quantity, certainty;
  double value, low, high, scatter, bin_ms, distance_um, duration_s;
  meso_doubles band_Hz;
} published;

/* Text that grows up to its size. */
typedef struct compare_line { char text[2048]; size_t n; } compare_line;
void compare_say(compare_line *to, const char *format, ...) MESO_PRINTF(2, 3);

/* The run's number: value is NaN if there is none, and `why` says so. */
typedef struct prediction {
  double value;
  bool refused;  /* there is a number, but it may not be compared */
  compare_line how, why, flags;
} prediction;

typedef struct compare_inputs {
  const meso_result *analysis;
  const meso_signals *lfp, *bold;
} compare_inputs;

/* A quantity that entries may have. */
typedef struct compare_quantity {
  const char *name, *unit, *spaced_unit;
  /* NULL: no analysis computes it, and `why_not` says what is missing */
  void (*predict)(const compare_inputs *run, const published *p, prediction *x);
  /* Its value for one side of an ordering, as `greater` or `lesser` names it; NaN, and x->why says
   * why. other: the other side. NULL: orderings of it are not computable. */
  double (*side)(const compare_inputs *run, const published *p, const char *name,
                 const char *other, prediction *x);
  const char *why_not;
} compare_quantity;

/* Names of compare_quantities, in their order. */
#define COMPARE_QUANTITIES \
  "spike_count_correlation_mean|spike_count_correlation_sd|spike_count_correlation_ratio|" \
  "rate_mean_Hz|cv_isi_mean|synchrony_range_um|synchrony_duration_ms|" \
  "lfp_coherence_magnitude_squared|lfp_correlation|lfp_correlation_length_um|lfp_sd_mV|" \
  "lfp_power|lfp_band_power_correlation|lfp_reach_um|lfp_spread_um|lfp_mua_coherence|" \
  "lfp_spike_filter_ms|tuning_bandwidth|bold_percent_change|bold_prediction_r_squared|" \
  "fc_similarity|sc_fc_correlation"
extern const compare_quantity compare_quantities[];

/* Both sides of an ordering into x, whose value is NaN: it becomes the greater side's less the
 * lesser's. */
void compare_order(const compare_inputs *run, const published *p, prediction *x);

/* What orderings of fields against distance and frequency look at (compare_fields.c). */
void compare_coherence(const compare_inputs *run, const published *p, prediction *x);
void compare_correlation_length(const compare_inputs *run, const published *p, prediction *x);
void compare_lfp_sd(const compare_inputs *run, const published *p, prediction *x);
double compare_coherence_side(const compare_inputs *run, const published *p, const char *name,
                              const char *other, prediction *x);
double compare_field_correlation_side(const compare_inputs *run, const published *p,
                                      const char *name, const char *other, prediction *x);
double compare_envelope_side(const compare_inputs *run, const published *p, const char *name,
                             const char *other, prediction *x);

/* A number among a group's attributes, or NaN. */
double compare_group_number(const meso_result *r, const char *path, const char *key);
/* The signal of this name, or the only one, if it holds something; else NULL: x->why says so. */
const meso_signal *compare_signal(const meso_signals *signals, const char *name, prediction *x);

#endif
