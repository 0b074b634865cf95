/* cause_output.c: arrays of the split, and its finding in words. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cause_spectra.h"

/* ---- arrays ------------------------------------------------------------------------------- */

meso_status cause_write_axes(const cause_grid *g, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_doubles *edge = &g->q->params->bands_Hz;
  double *pairs = NULL, *at = NULL;
  MESO_TRY(meso_result_add_vector(result, "/cause/frequency_Hz", "Hz", g->F, g->frequency_Hz,
                                  err));
  MESO_TRY(meso_result_add_vector(result, "/cause/band_edges_Hz", "Hz", edge->n, edge->v, err));
  MESO_TRY(meso_result_add_vector(result, "/cause/distance_um", "um", g->n_pairs, g->pair_um,
                                  err));
  MESO_TRY(meso_result_add_vector(result, "/cause/distances_um", "um", g->n_distances,
                                  g->distance_um, err));
  MESO_TRY(meso_result_add_vector(result, "/cause/n_pairs", "1", g->n_distances, g->pairs_at,
                                  err));
  MESO_TRY(meso_result_add_in(result, "/cause", "pairs", "1", 2, (size_t[]) {g->n_pairs, 2}, &pairs,
                              err));
  for (size_t i = 0; i < 2 * g->n_pairs; i++) pairs[i] = (double) g->pair[i];
  MESO_TRY(meso_result_add_in(result, "/cause", "positions", "um", 2, (size_t[]) {g->C, 3}, &at,
                              err));
  memcpy(at, g->q->position_um, 3 * g->C * sizeof *at);
cleanup:
  return status;
}

meso_status cause_write_numbers(const cause_grid *g, const char *head, const char *tail,
                                bool dimensionless, const double *numbers, meso_result *result,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  char density[128], power[128], name[256];
  meso_spectral_density_units(g->q->units, density, sizeof density);
  (void) snprintf(power, sizeof power, "%s^2", g->q->units);
  const struct { const char *name, *units; size_t dims[2]; } row[CAUSE_N_PARTS] = {
    [CAUSE_POWER] = {"power", density, {g->C, g->F}},
    [CAUSE_COHERENCE] = {"coherence", "1", {g->n_pairs, g->F}},
    [CAUSE_BAND_POWER] = {"band_power", power, {g->C, g->n_bands}},
    [CAUSE_BAND_COHERENCE] = {"band_coherence", "1", {g->n_pairs, g->n_bands}},
    [CAUSE_DISTANCE] = {"distance_coherence", "1", {g->n_distances, g->n_bands}}};
  for (size_t k = 0; k < CAUSE_N_PARTS; k++) {
    double *out = NULL;
    (void) snprintf(name, sizeof name, "%s%s%s", row[k].name, tail != NULL ? "/" : "",
                    tail != NULL ? tail : "");
    MESO_TRY(meso_result_add_in(result, head, name, dimensionless ? "1" : row[k].units, 2,
                                row[k].dims, &out, err));
    memcpy(out, numbers + g->offset[k], row[k].dims[0] * row[k].dims[1] * sizeof *out);
  }
cleanup:
  return status;
}

/** Numbers of a part: powers, which may be negative, and shares in the coherence of the total. */
static void part_numbers(const cause_grid *g, const double *part, const double *total,
                         double *numbers)
{
  const size_t *o = g->offset;
  double *band = numbers + o[CAUSE_BAND_COHERENCE], *at = numbers + o[CAUSE_DISTANCE];
  memset(numbers, 0, o[CAUSE_N_PARTS] * sizeof *numbers);
  for (size_t c = 0; c < g->C; c++)
    for (size_t f = 0; f < g->F; f++)
      numbers[c * g->F + f] = part[2 * (g->F * meso_triangle_at(g->C, c, c) + f)];
  cause_part_of_coherence(g, part, total, numbers + o[CAUSE_COHERENCE]);
  cause_add_bands(g, part, total, band, numbers + o[CAUSE_BAND_POWER]);
  for (size_t p = 0; p < g->n_pairs; p++)
    for (size_t b = 0; b < g->n_bands; b++)
      at[g->bin[p] * g->n_bands + b] += band[p * g->n_bands + b] / g->pairs_at[g->bin[p]];
}

/* ---- in words ----------------------------------------------------------------------------- */

/** Share of a part's power in that of the total: all channels, one band. */
static double power_share(const cause_grid *g, const double *part, const double *total, size_t b)
{
  const size_t at = g->offset[CAUSE_BAND_POWER];
  double of = 0, all = 0;
  for (size_t c = 0; c < g->C; c++) {
    of += part[at + c * g->n_bands + b];
    all += total[at + c * g->n_bands + b];
  }
  return of / all;
}

/* Numbers of the tables, and of the parts. */
enum { TOTAL, ALONE, WITHOUT_ACROSS, POISSON, INDEPENDENT, WITHIN, ACROSS, EXTERNAL, WITH_EXTERNAL,
       N_TABLES };

/* Of one band: powers of the parts (INDEPENDENT and on; NaN: not there) relative to that of the
 * LFP; coherence at a distance, without its bias, and what it would be without correlations. */
typedef struct facts { double low_Hz, high_Hz, share[N_TABLES], total, alone; } facts;

static facts facts_of(const cause_grid *g, double *const *x, size_t b, size_t d)
{
  const double L = meso_spectral_effective_observations(g->plan);
  const double *edge = g->q->params->bands_Hz.v;
  const size_t at = g->offset[CAUSE_DISTANCE] + d * g->n_bands + b;
  facts f = {.low_Hz = edge[b], .high_Hz = edge[b + 1], .alone = x[ALONE][at],
             .total = (L * x[TOTAL][at] - 1) / (L - 1)};
  for (int k = INDEPENDENT; k < N_TABLES; k++)
    f.share[k] = x[k] != NULL ? power_share(g, x[k], x[TOTAL], b) : NAN;
  return f;
}

/** Numbers of all bands in a row: "2.1, 0.4 and 1". */
static void append(char *text, size_t size, const char *before, const char *format, size_t i,
                   size_t n, double value)
{
  char number[32];
  const size_t used = strlen(text);
  (void) snprintf(number, sizeof number, format[0] == 'g' ? "%.3g" : "%.2f", value);
  (void) snprintf(text + used, size - used, "%s%s", i == 0 ? before : i + 1 < n ? ", " : " and ",
                  number);
}

/** "finding": one sentence over the bands. */
static meso_status say_all(const facts *f, size_t n, double distance_um, meso_attrs *attrs,
                           meso_err *err)
{
  char text[2048] = "", more[64];
  const size_t most = n < 12 ? n : 12; /* readers count no further */
  for (size_t i = 0; i < most; i++)
    append(text, sizeof text, "without any correlation between spike trains the power of the LFP "
           "would be ", "g", i, most, f[i].share[INDEPENDENT]);
  for (size_t i = 0; i < most; i++) {
    (void) snprintf(more, sizeof more, "%s%g-%g", i == 0 ? " times what it is (at " : ", ",
                    f[i].low_Hz, f[i].high_Hz);
    (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%s", more);
  }
  (void) snprintf(more, sizeof more, " Hz), and contacts %.0f um apart would have", distance_um);
  (void) snprintf(text + strlen(text), sizeof text - strlen(text), "%s", more);
  for (size_t i = 0; i < most; i++)
    append(text, sizeof text, " a coherence of ", "f", i, most, f[i].alone);
  for (size_t i = 0; i < most; i++)
    append(text, sizeof text, " instead of ", "f", i, most, f[i].total);
  return meso_attrs_set_text(attrs, "finding", text, err);
}

/** And "finding_1", ...: one sentence a band. */
static meso_status say(const cause_grid *g, double *const *x, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  facts *f = NULL;
  size_t d = 0, n = 0;
  MESO_ALLOC(err, f, g->n_bands);
  for (size_t k = 1; k < g->n_distances; k++)
    if (fabs(g->distance_um[k] - 300) < fabs(g->distance_um[d] - 300)) d = k;
  for (size_t b = 0; b < g->n_bands; b++) {
    char key[32], text[640], own[64] = "", with[64] = "";
    if (g->first[b] == g->last[b]) continue; /* no frequency in it */
    f[n] = facts_of(g, x, b, d);
    const facts *of = &f[n++];
    (void) snprintf(key, sizeof key, "finding_%zu", n);
    if (x[EXTERNAL] != NULL) {
      (void) snprintf(own, sizeof own, "%.3g of it external input; ", of->share[EXTERNAL]);
      (void) snprintf(with, sizeof with, ", %.3g of it with external input",
                      of->share[WITH_EXTERNAL]);
    }
    (void) snprintf(text, sizeof text, "%g to %g Hz: without any correlation the same spike trains "
                    "would give %.3g times the power of the LFP (%scorrelations within populations "
                    "add %.3g, across populations %.3g%s), and a coherence of %.2f instead of %.2f "
                    "between contacts %.0f um apart", of->low_Hz, of->high_Hz,
                    of->share[INDEPENDENT], own, of->share[WITHIN], of->share[ACROSS], with,
                    of->alone, of->total, g->distance_um[d]);
    MESO_TRY(meso_attrs_set_text(attrs, key, text, err));
  }
  if (n > 0) MESO_TRY(say_all(f, n, g->distance_um[d], attrs, err));
cleanup:
  free(f);
  return status;
}

/* ---- the tables --------------------------------------------------------------------------- */

static void subtract(size_t n, const double *a, const double *b, double *out)
{
  for (size_t i = 0; i < n; i++) out[i] = a[i] - b[i];
}

meso_status cause_write_tables(const cause_grid *g, const cause_tables *t, meso_result *result,
                               meso_err *err)
{
  static const char *const head[N_TABLES] = {
    [TOTAL] = "/cause/total", [ALONE] = "/cause/independent",
    [WITHOUT_ACROSS] = "/cause/without_across", [POISSON] = "/cause/poisson",
    [INDEPENDENT] = "/cause/parts/independent", [WITHIN] = "/cause/parts/within",
    [ACROSS] = "/cause/parts/across", [EXTERNAL] = "/cause/parts/external",
    [WITH_EXTERNAL] = "/cause/parts/with_external"};
  meso_status status = MESO_OK;
  const size_t n = 2 * g->n_triangle * g->F;
  double *x[N_TABLES] = {NULL}, *within = NULL, *across = NULL;
  MESO_ALLOC(err, within, n);
  MESO_ALLOC(err, across, n);
  subtract(n, t->without_across, t->independent, within);
  subtract(n, t->total, t->without_across, across);
  const double *const table[N_TABLES] = {t->total, t->independent, t->without_across, t->poisson,
                                         t->independent, within, across, t->external,
                                         t->with_external};
  for (int k = 0; k < N_TABLES; k++) {
    if (table[k] == NULL) continue;
    MESO_ALLOC(err, x[k], g->offset[CAUSE_N_PARTS]);
    if (k < INDEPENDENT) cause_numbers(g, table[k], x[k]);
    else part_numbers(g, table[k], t->total, x[k]);
    MESO_TRY(cause_write_numbers(g, head[k], NULL, false, x[k], result, err));
  }
  meso_attrs *attrs = meso_result_group_attrs(result, "/cause");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of /cause");
  MESO_TRY(say(g, x, attrs, err));
cleanup:
  for (int k = 0; k < N_TABLES; k++) free(x[k]);
  free(within);
  free(across);
  return status;
}
