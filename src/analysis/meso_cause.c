/* meso_cause.c: the split of spectra by pairs of neurons, and its null distributions.
 *
 * 1. observed: spectra of the sum, of every population, of every pair of populations
 * 2. independent trains: mean spectra and null distribution of the draws
 * 3. populations shifted
 * Surrogates are made and transformed in batches, and counted in their order, so neither threads
 * nor batches change a bit.
 */
#include "meso_cause.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cause_spectra.h"
#include "meso_fdr.h"
#include "meso_surrogate.h"
#include "null_tally.h"

const meso_param meso_cause_rows[] = {
  MESO_SPECTRAL_ROWS(meso_cause_params, spectral),
  {.key = "duration_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(meso_cause_params, duration_ms),
   .help = "what is looked at after the discard; 0: all"},
  {.key = "bands_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "1,4,12,30,80,200", .offset = offsetof(meso_cause_params, bands_Hz),
   .help = "edges of bands"},
  {.key = "surrogate", .type = MESO_PARAM_STRING, .unit = "", .default_text = "random_signs",
   .offset = offsetof(meso_cause_params, surrogate),
   .help = "what stands for independent trains: random_signs of the neurons' contributions, or a "
           "surrogate of spikes (--set KEY=VALUE sets its parameters)"},
  {.key = "external", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(meso_cause_params, external),
   .help = "LFP file of these spikes and kernels, made with lfp.external: its external input then "
           "is in the split"},
  {.key = "surrogates", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 1e6,
   .default_text = "40", .offset = offsetof(meso_cause_params, surrogates),
   .help = "of independent trains; 0: Poisson trains by Campbell's theorem stand for them"},
  {.key = "shifts", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 1e6,
   .default_text = "1000", .offset = offsetof(meso_cause_params, shifts),
   .help = "surrogates with the populations shifted against each other"},
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true,
   .default_text = "0.05", .offset = offsetof(meso_cause_params, alpha),
   .help = "intervals hold with probability 1 - alpha; false discovery rate"},
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "2", .offset = offsetof(meso_cause_params, memory_limit_GB),
   .help = "refuse what needs more memory"},
  {.key = NULL}
};

enum { MOST_SLOTS = 8 };

/* Room for one surrogate at work. */
typedef struct slot {
  cause_work work;
  double *signal;           /* (population, time, channel) */
  double *sum;              /* (time, channel) */
  double *table;            /* of the sum */
  double *own;              /* (population) tables */
  double *numbers;
  size_t *shift;            /* (population) samples */
} slot;

typedef struct cause {
  cause_grid g;
  size_t n_slots;
  slot *slots;
  cause_tables t;
  double *observed;         /* numbers of the total */
  double *own;              /* (population) tables: mean over the draws */
} cause;

/* ---- memory ------------------------------------------------------------------------------- */

static size_t table_size(const cause_grid *g) { return 2 * g->n_triangle * g->F; }

static void cause_clear(cause *e)
{
  for (size_t s = 0; e->slots != NULL && s < e->n_slots; s++) {
    cause_work_clear(&e->slots[s].work);
    free(e->slots[s].signal);
    free(e->slots[s].sum);
    free(e->slots[s].table);
    free(e->slots[s].own);
    free(e->slots[s].numbers);
    free(e->slots[s].shift);
  }
  free(e->slots);
  free(e->t.total);
  free(e->t.without_across);
  free(e->t.independent);
  free(e->t.poisson);
  free(e->t.external);
  free(e->t.with_external);
  free(e->observed);
  free(e->own);
  cause_grid_clear(&e->g);
}

/** As many slots as memory allows, and at least one. */
static meso_status plan_memory(cause *e, meso_err *err)
{
  meso_status status = MESO_OK;
  const cause_grid *g = &e->g;
  const meso_cause_params *p = g->q->params;
  const double P = (double) g->P, table = 8.0 * (double) table_size(g);
  const double numbers = 8.0 * (double) g->offset[CAUSE_N_PARTS];
  const double signal = 8.0 * (double) g->T * (double) g->C;
  const double transforms = 32.0 * (double) g->C * (double) g->O * (double) g->F;
  const double one = (P + 1) * (signal + table) + transforms + numbers;
  const double draws = (double) (p->surrogates > p->shifts ? p->surrogates : p->shifts);
  const double bands = 8.0 * P * (P + 1) * (double) (g->C + g->n_pairs) * (double) g->n_bands;
  const double fixed = P * signal + (P + 6) * table + bands
                       + numbers * (4 + draws * p->alpha + 3 + 12);
  const double room = p->memory_limit_GB * 1e9 - fixed;
  if (!(room >= one))
    MESO_FAIL(err, MESO_ERANGE, "%zu channels, %zu populations, %zu frequencies and %zu samples "
              "need %.3g GB, allowed are memory_limit_GB = %g GB: take fewer channels, a shorter "
              "nperseg or a shorter recording", g->C, g->P, g->F, g->T, 1e-9 * (fixed + one),
              p->memory_limit_GB);
  e->n_slots = (size_t) fmin(MOST_SLOTS, floor(room / one));
cleanup:
  return status;
}

static meso_status allocate(cause *e, meso_err *err)
{
  meso_status status = MESO_OK;
  const cause_grid *g = &e->g;
  const size_t n = table_size(g), N = g->offset[CAUSE_N_PARTS];
  MESO_TRY(plan_memory(e, err));
  MESO_ALLOC(err, e->slots, e->n_slots);
  for (size_t s = 0; s < e->n_slots; s++) {
    slot *at = &e->slots[s];
    MESO_TRY(cause_work_init(g, &at->work, err));
    MESO_ALLOC(err, at->signal, g->P * g->T * g->C);
    MESO_ALLOC(err, at->sum, g->T * g->C);
    MESO_ALLOC(err, at->table, n);
    MESO_ALLOC(err, at->own, g->P * n);
    MESO_ALLOC(err, at->numbers, N);
    MESO_ALLOC(err, at->shift, g->P);
  }
  MESO_ALLOC(err, e->t.total, n);
  MESO_ALLOC(err, e->t.without_across, n);
  MESO_ALLOC(err, e->t.independent, n);
  if (g->q->covariance != NULL) MESO_ALLOC(err, e->t.poisson, n);
  if (g->q->external) {
    MESO_ALLOC(err, e->t.external, n);
    MESO_ALLOC(err, e->t.with_external, n);
  }
  MESO_ALLOC(err, e->observed, N);
  MESO_ALLOC(err, e->own, g->P * n);
cleanup:
  return status;
}

/* ---- one signal --------------------------------------------------------------------------- */

/** Spectra of a slot's sum, and their numbers. */
static void transform_sum(const cause_grid *g, slot *s)
{
  memset(s->table, 0, table_size(g) * sizeof *s->table);
  cause_transform(g, s->sum, &s->work, s->work.transform[0]);
  cause_add_spectra(g, s->work.transform[0], s->work.transform[0], 1, s->table);
  cause_numbers(g, s->table, s->numbers);
}

/** The contributions of the populations, population @p X from sample shift[X] on and then round. */
static void add_up(const cause_grid *g, const double *signal, const size_t *shift, double *sum)
{
  const size_t T = g->T, C = g->C;
  memset(sum, 0, T * C * sizeof *sum);
  for (size_t X = 0; X < g->P; X++) {
    const double *x = signal + X * T * C;
    const size_t k = (shift != NULL ? shift[X] : 0) * C;
    for (size_t i = 0; i < T * C - k; i++) sum[i] += x[k + i];
    for (size_t i = 0; i < k; i++) sum[T * C - k + i] += x[i];
  }
}

/* ---- observed ----------------------------------------------------------------------------- */

/* Where the bands of populations go. */
typedef struct population_bands { double *power, *coherence, *own_power, *own_coherence; }
  population_bands;

/** Populations X and Y: the same, or both orders at once, half of their sum for each. */
static void take_populations(cause *e, size_t X, size_t Y, slot *s, const population_bands *out)
{
  const cause_grid *g = &e->g;
  const size_t size = g->T * g->C, n = table_size(g);
  const size_t power = g->C * g->n_bands, coherence = g->n_pairs * g->n_bands;
  double *table = X == Y ? e->own + X * n : s->table;
  double **z = s->work.transform;
  memset(table, 0, n * sizeof *table);
  cause_transform(g, g->q->signal + X * size, &s->work, z[0]);
  if (X == Y) {
    cause_add_spectra(g, z[0], z[0], 1, table);
  } else {
    cause_transform(g, g->q->signal + Y * size, &s->work, z[1]);
    cause_add_spectra(g, z[0], z[1], 0.5, table);
    cause_add_spectra(g, z[1], z[0], 0.5, table);
  }
  cause_add_bands(g, table, e->t.total, out->coherence + (X * g->P + Y) * coherence,
                  out->power + (X * g->P + Y) * power);
  if (X == Y) return;
  memcpy(out->coherence + (Y * g->P + X) * coherence,
         out->coherence + (X * g->P + Y) * coherence, coherence * sizeof(double));
  memcpy(out->power + (Y * g->P + X) * power, out->power + (X * g->P + Y) * power,
         power * sizeof(double));
}

static meso_status add_population_arrays(const cause_grid *g, meso_result *result,
                                         population_bands *out, meso_err *err)
{
  meso_status status = MESO_OK;
  char units[128];
  (void) snprintf(units, sizeof units, "%s^2", g->q->units);
  const struct { const char *path, *units; size_t n_dims, dims[4]; double **data; } row[] = {
    {"/cause/population/power", units, 4, {g->P, g->P, g->C, g->n_bands}, &out->power},
    {"/cause/population/coherence", "1", 4, {g->P, g->P, g->n_pairs, g->n_bands},
     &out->coherence},
    {"/cause/population/independent_power", units, 3, {g->P, g->C, g->n_bands, 0},
     &out->own_power},
    {"/cause/population/independent_coherence", "1", 3, {g->P, g->n_pairs, g->n_bands, 0},
     &out->own_coherence}};
  for (size_t i = 0; i < (g->q->params->surrogates > 0 ? 4 : 2); i++) {
    meso_array *array = NULL;
    MESO_TRY(meso_result_add(result, row[i].path, row[i].units, row[i].n_dims, row[i].dims,
                             &array, err));
    *row[i].data = array->data;
  }
  MESO_TRY(meso_result_add_text(result, "/cause/population/name", g->P,
                                (const char *const *) g->q->population, err));
cleanup:
  return status;
}

/** Pair k of populations X <= Y, row by row; false beyond the last one. */
static bool populations_at(const cause_grid *g, size_t k, size_t *X, size_t *Y)
{
  for (*X = 0, *Y = k; *X < g->P && *Y >= g->P - *X; (*X)++) *Y -= g->P - *X;
  *Y += *X;
  return *X < g->P;
}

/** Sums of what external input, the last population, has in common with the others, batch by
 *  batch of pairs; the table of a pair is the mean of its two orders. */
static void add_with_external(cause *e, size_t first)
{
  const size_t n = table_size(&e->g);
  size_t X, Y;
  for (size_t k = 0; k < e->n_slots && populations_at(&e->g, first + k, &X, &Y); k++)
    for (size_t i = 0; i < n && X != Y && Y == e->g.P - 1; i++)
      e->t.with_external[i] += 2 * e->slots[k].table[i];
}

static meso_status observe(cause *e, population_bands *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const cause_grid *g = &e->g;
  const size_t n = table_size(g), n_tasks = g->P * (g->P + 1) / 2;
  slot *s = &e->slots[0];
  add_up(g, g->q->signal, NULL, s->sum);
  transform_sum(g, s);
  memcpy(e->t.total, s->table, n * sizeof *s->table);
  memcpy(e->observed, s->numbers, g->offset[CAUSE_N_PARTS] * sizeof *e->observed);
  for (size_t first = 0; first < n_tasks; first += e->n_slots) {
    MESO_TRY(meso_progress_step(g->q->progress, "pairs of populations",
                                (double) first / (double) n_tasks, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(g->q->n_threads > 0 ? g->q->n_threads : 1)
    for (size_t k = 0; k < e->n_slots; k++) {
      size_t X, Y;
      if (populations_at(g, first + k, &X, &Y)) take_populations(e, X, Y, &e->slots[k], out);
    }
    if (g->q->external) add_with_external(e, first);
  }
  if (g->q->external) memcpy(e->t.external, e->own + (g->P - 1) * n, n * sizeof *e->own);
  for (size_t X = 0; X < g->P; X++)
    for (size_t i = 0; i < n; i++) e->t.without_across[i] += e->own[X * n + i];
cleanup:
  return status;
}

/* ---- surrogates --------------------------------------------------------------------------- */

static bool is_by_population(size_t number) { return number < MESO_CAUSE_BY_POPULATION; }

/** Spectra of a drawn surrogate: of the sum, and of every population if it is by population. */
static void take_draw(const cause *e, size_t number, slot *s)
{
  const cause_grid *g = &e->g;
  const size_t n = table_size(g);
  if (is_by_population(number)) add_up(g, s->signal, NULL, s->sum);
  transform_sum(g, s);
  if (!is_by_population(number)) return;
  memset(s->own, 0, g->P * n * sizeof *s->own);
  for (size_t X = 0; X < g->P; X++) {
    cause_transform(g, s->signal + X * g->T * g->C, &s->work, s->work.transform[0]);
    cause_add_spectra(g, s->work.transform[0], s->work.transform[0], 1, s->own + X * n);
  }
}

/** A surrogate with the populations shifted. */
static void take_shift(const cause *e, uint32_t number, slot *s)
{
  const cause_grid *g = &e->g;
  for (size_t X = 0; X < g->P; X++) {
    meso_surrogate_rng rng = {{g->q->seed, number}, UINT32_MAX, (uint32_t) X, 0};
    s->shift[X] = (size_t) (meso_surrogate_uniform(&rng) * (double) g->T) % g->T;
  }
  add_up(g, g->q->signal, s->shift, s->sum);
  transform_sum(g, s);
}

/** Means over draws: of their sums, and of the populations where they are known. */
static void add_independent(cause *e, size_t number, const slot *s)
{
  const double n_draws = (double) e->g.q->params->surrogates;
  const size_t n = table_size(&e->g);
  for (size_t i = 0; i < n; i++) e->t.independent[i] += s->table[i] / n_draws;
  for (size_t i = 0; i < e->g.P * n && is_by_population(number); i++)
    e->own[i] += s->own[i] / fmin(n_draws, MESO_CAUSE_BY_POPULATION);
}

/** One batch: surrogates first ... first + n - 1. */
static meso_status take_batch(cause *e, bool shifts, size_t first, size_t n, null_tally *tally,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const cause_grid *g = &e->g;
  for (size_t k = 0; k < n && !shifts; k++)
    MESO_TRY(g->q->draw(g->q->user, (uint32_t) (first + k), is_by_population(first + k),
                        is_by_population(first + k) ? e->slots[k].signal : e->slots[k].sum, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(g->q->n_threads > 0 ? g->q->n_threads : 1)
  for (size_t k = 0; k < n; k++) {
    if (shifts) take_shift(e, (uint32_t) (first + k), &e->slots[k]);
    else take_draw(e, first + k, &e->slots[k]);
  }
  const double *drawn[MOST_SLOTS];
  for (size_t k = 0; k < n; k++) drawn[k] = e->slots[k].numbers;
  null_tally_add(tally, e->observed, n, drawn, g->q->n_threads);
  for (size_t k = 0; k < n && !shifts; k++) add_independent(e, first + k, &e->slots[k]);
cleanup:
  return status;
}

enum { MEAN, LOW, HIGH, P_VALUE, N_VERDICTS };

/** False discovery rate among the coherences of all pairs and bands. */
static meso_status set_discoveries(const cause *e, const double *p_values, const char *head,
                                   meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const cause_grid *g = &e->g;
  const size_t *at = g->offset;
  const size_t n = at[CAUSE_BAND_COHERENCE + 1] - at[CAUSE_BAND_COHERENCE];
  double fdr_p = 0;
  size_t n_significant = 0;
  MESO_TRY(meso_fdr(n, p_values + at[CAUSE_BAND_COHERENCE], g->q->params->alpha, MESO_FDR_BY,
                    &fdr_p, &n_significant, err));
  meso_attrs *attrs = meso_result_group_attrs(result, head);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", head);
  MESO_TRY(meso_attrs_set_text(attrs, "tested", "band_coherence of all pairs and bands; "
                               "Benjamini-Yekutieli", err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_tests", (double) n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fdr_p", fdr_p, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_significant", (double) n_significant, err));
cleanup:
  return status;
}

static meso_status write_verdicts(const cause *e, const null_tally *tally, const char *head,
                                  meso_result *result, meso_err *err)
{
  static const char *const tail[N_VERDICTS] = {"mean", "low", "high", "p"};
  meso_status status = MESO_OK;
  const size_t n = tally->n;
  double *value = NULL;
  MESO_ALLOC(err, value, N_VERDICTS * n);
  for (size_t i = 0; i < n; i++) {
    const null_verdict v = null_tally_verdict(tally, i, e->observed[i]);
    const double of[N_VERDICTS] = {[MEAN] = v.mean, [LOW] = v.low, [HIGH] = v.high,
                                   [P_VALUE] = v.p};
    for (int k = 0; k < N_VERDICTS; k++) value[(size_t) k * n + i] = of[k];
  }
  for (int k = 0; k < N_VERDICTS; k++)
    MESO_TRY(cause_write_numbers(&e->g, head, tail[k], k == P_VALUE, value + (size_t) k * n,
                                 result, err));
  MESO_TRY(set_discoveries(e, value + P_VALUE * n, head, result, err));
cleanup:
  free(value);
  return status;
}

/** All surrogates of one kind. */
static meso_status run_null(cause *e, bool shifts, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cause_request *q = e->g.q;
  const size_t n = (size_t) (shifts ? q->params->shifts : q->params->surrogates);
  null_tally tally = {0};
  MESO_TRY(null_tally_init(&tally, e->g.offset[CAUSE_N_PARTS], n, q->params->alpha, err));
  for (size_t first = 0; first < n; first += e->n_slots) {
    const size_t left = n - first;
    MESO_TRY(meso_progress_step(q->progress, shifts ? "shifted populations" : "independent trains",
                                (double) first / (double) n, err));
    MESO_TRY(take_batch(e, shifts, first, left < e->n_slots ? left : e->n_slots, &tally, err));
  }
  MESO_TRY(write_verdicts(e, &tally, shifts ? "/cause/null/shift" : "/cause/null/independent",
                          result, err));
cleanup:
  null_tally_clear(&tally);
  return status;
}

/** Mean over the draws: what the trains would make without relations. */
static meso_status find_independent(cause *e, const population_bands *out, meso_result *result,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  const cause_grid *g = &e->g;
  const size_t n = table_size(g);
  if (g->q->params->surrogates == 0) {
    memcpy(e->t.independent, e->t.poisson, n * sizeof(double));
    goto cleanup;
  }
  memset(e->own, 0, g->P * n * sizeof *e->own);
  MESO_TRY(run_null(e, false, result, err));
  for (size_t X = 0; X < g->P; X++)
    cause_add_bands(g, e->own + X * n, e->t.total,
                    out->own_coherence + X * g->n_pairs * g->n_bands,
                    out->own_power + X * g->C * g->n_bands);
cleanup:
  return status;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/** Two tails of alpha / 2 need a draw each (null_tally.h). */
static meso_status note_intervals(const meso_cause_params *p, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  const double n_needed = ceil(2 / p->alpha - 1e-9) - 1;
  const bool few_surrogates = p->surrogates > 0 && (double) p->surrogates < n_needed;
  const bool few_shifts = p->shifts > 0 && (double) p->shifts < n_needed;
  char text[128];
  (void) snprintf(text, sizeof text, "no intervals of the %s: alpha = %g needs at least %.0f",
                  !few_shifts ? "surrogates" : !few_surrogates ? "shifts" : "surrogates and shifts",
                  p->alpha, n_needed);
  if (few_surrogates || few_shifts) MESO_TRY(meso_attrs_set_text(a, "undefined", text, err));
cleanup:
  return status;
}

static meso_status set_attributes(const cause *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cause_request *q = e->g.q;
  const double L = meso_spectral_effective_observations(e->g.plan);
  meso_attrs *a = meso_result_group_attrs(result, "/cause");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of /cause");
  MESO_TRY(meso_spectral_set_attributes(e->g.plan, a, err));
  MESO_TRY(meso_attrs_set_text(a, "doc", "parts of spectra and of coherence (magnitude squared) by "
                               "pairs of neurons: independent (one neuron with itself), within and "
                               "across populations", err));
  MESO_TRY(meso_attrs_set_text(a, "independent", q->params->surrogates > 0
                               ? q->params->surrogate : "Poisson trains, Campbell's theorem", err));
  MESO_TRY(meso_attrs_set_text(a, "external", q->external
                               ? "external input is the last population: independent by itself, "
                                 "across with the others" : "not in the signal", err));
  MESO_TRY(meso_attrs_set_number(a, "n_surrogates", (double) q->params->surrogates, err));
  MESO_TRY(meso_attrs_set_number(a, "n_shifts", (double) q->params->shifts, err));
  MESO_TRY(meso_attrs_set_number(a, "t_start_ms", q->t_start_ms, err));
  MESO_TRY(meso_attrs_set_number(a, "t_stop_ms", q->t_stop_ms, err));
  MESO_TRY(meso_attrs_set_number(a, "seed", (double) q->seed, err));
  MESO_TRY(meso_attrs_set_number(a, "alpha", q->params->alpha, err));
  MESO_TRY(meso_attrs_set_number(a, "n_observations", (double) e->g.O, err));
  MESO_TRY(meso_attrs_set_number(a, "effective_observations", L, err));
  MESO_TRY(meso_attrs_set_number(a, "bias_level", 1 / L, err));
  MESO_TRY(note_intervals(q->params, a, err));
cleanup:
  return status;
}

meso_status meso_cause_run(const meso_cause_request *request, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  cause e = {.n_slots = 0};
  population_bands out = {0};
  if (request->params->surrogates > 0 ? request->draw == NULL : request->covariance == NULL)
    MESO_FAIL(err, MESO_EINVAL, "cause: neither surrogates nor a covariance for independent "
              "trains");
  MESO_TRY(cause_grid_init(request, &e.g, err));
  MESO_TRY(allocate(&e, err));
  if (e.t.poisson != NULL)
    MESO_TRY(meso_expected_spectra(e.g.plan, request->n_lags, e.g.C, request->covariance,
                                   request->n_threads, e.t.poisson, err));
  MESO_TRY(cause_write_axes(&e.g, result, err));
  MESO_TRY(set_attributes(&e, result, err));
  MESO_TRY(add_population_arrays(&e.g, result, &out, err));
  MESO_TRY(observe(&e, &out, err));
  MESO_TRY(find_independent(&e, &out, result, err));
  if (request->params->shifts > 0 && e.g.P > 1) MESO_TRY(run_null(&e, true, result, err));
  MESO_TRY(cause_write_tables(&e.g, &e.t, result, err));
cleanup:
  cause_clear(&e);
  return status;
}
