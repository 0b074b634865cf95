/* meso_description.c: the tables of Nordlie et al. 2009 from a model.
 *
 * 1. tables and rows   2. projections in words   3. summary   4. populations, connectivity
 * 5. neuron and synapse, plasticity   6. input, measurements   7. parameters
 */
#include "meso_description.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_distribution.h"
#include "meso_rule.h"
#include "meso_space.h"
#include "model_internal.h"

enum { CELL = 512, MAX_COLUMNS = 8 };

/* ---- 1. tables and rows ------------------------------------------------------------------- */

void meso_description_destroy(meso_description *d)
{
  if (d == NULL) return;
  for (size_t t = 0; t < d->n; t++) {
    for (size_t i = 0; i < (1 + d->table[t].n_rows) * d->table[t].n_columns; i++) {
      free(d->table[t].cell[i].text);
      free(d->table[t].cell[i].tex);
    }
    free(d->table[t].cell);
    free(d->table[t].title);
  }
  free(d->table);
  free(d);
}

/* Appends a row of n_columns cells to the last table; tex may be NULL, also cell by cell. */
static meso_status add(meso_description *d, const char *const *text, const char *const *tex,
                       meso_err *err)
{
  meso_status status = MESO_OK;
  meso_table *t = &d->table[d->n - 1];
  const size_t n = t->n_columns, first = (1 + t->n_rows) * n;
  meso_cell *grown = meso_realloc(t->cell, first + n, sizeof *grown);
  if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a table of %zu cells", first + n);
  t->cell = grown;
  memset(grown + first, 0, n * sizeof *grown);
  t->n_rows++;
  for (size_t c = 0; c < n; c++) {
    MESO_STRDUP(err, grown[first + c].text, text[c]);
    if (tex == NULL || tex[c] == NULL) continue;
    MESO_STRDUP(err, grown[first + c].tex, tex[c]);
  }
cleanup:
  return status;
}

#define ROW(...) MESO_TRY(add(d, (const char *const []) {__VA_ARGS__}, NULL, err))
#define EQUATION(name, text, tex) \
  MESO_TRY(add(d, (const char *const []) {name, text}, (const char *const []) {NULL, tex}, err))

/* Starts a table; headings ends with NULL. */
static meso_status begin(meso_description *d, const char *title, const char *const *headings,
                         meso_err *err)
{
  meso_status status = MESO_OK;
  meso_table *grown = meso_realloc(d->table, d->n + 1, sizeof *grown);
  if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu tables", d->n + 1);
  d->table = grown;
  meso_table *t = &grown[d->n];
  *t = (meso_table) {.n_columns = 0};
  d->n++;
  MESO_STRDUP(err, t->title, title);
  size_t n = 0;
  while (headings[n] != NULL) n++;
  MESO_ALLOC(err, t->cell, n);
  t->n_columns = n;
  for (size_t c = 0; c < n; c++) MESO_STRDUP(err, t->cell[c].text, headings[c]);
cleanup:
  return status;
}

#define TABLE(title, ...) MESO_TRY(begin(d, title, (const char *const []) {__VA_ARGS__, NULL}, err))

/* Appends to a text of `size` bytes, cut where it is full. */
static void append(char *text, size_t size, const char *fmt, ...) MESO_PRINTF(3, 4);
static void append(char *text, size_t size, const char *fmt, ...)
{
  const size_t used = strlen(text);
  va_list ap;
  va_start(ap, fmt);
  (void) vsnprintf(text + used, size - used, fmt, ap);
  va_end(ap);
}

/* "77,169". */
static const char *grouped(uint64_t n, char text[32])
{
  char digits[24];
  const size_t length = (size_t) snprintf(digits, sizeof digits, "%llu", (unsigned long long) n);
  char *to = text;
  for (size_t i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) *to++ = ',';
    *to++ = digits[i];
  }
  *to = '\0';
  return text;
}

/* ---- 2. projections in words -------------------------------------------------------------- */

static void describe_spread(bool is_listed, const meso_distribution_ops *d, double mean, double sd,
                            const char *unit, char *text, size_t size)
{
  (void) snprintf(text, size, "%s %.4g", is_listed ? "listed" : d->name, mean);
  if (d != meso_distribution_at(MESO_DISTRIBUTION_constant, 1)) append(text, size, " ± %.4g", sd);
  append(text, size, " %s", unit);
}

void meso_describe_weight(const meso_projection *p, char *text, size_t size)
{
  describe_spread(p->list != NULL && p->list->weight_pA != NULL,
                  meso_distribution_at(p->weight_distribution, p->weight_sd_pA), p->weight_pA,
                  p->weight_sd_pA, p->weight_unit, text, size);
  if (p->PSP_mV_per_um != 0)
    append(text, size, " in the mean, %+.4g %s/um", p->PSP_mV_per_um * p->weight_pA_per_mV,
           p->weight_unit);
}

void meso_describe_delay(const meso_projection *p, char *text, size_t size)
{
  describe_spread(p->list != NULL && p->list->delay_steps != NULL,
                  meso_distribution_at(p->delay_distribution, p->delay_sd_ms), p->delay_mean_ms,
                  p->delay_sd_ms, "ms", text, size);
  if (p->delay_ms_per_um > 0) append(text, size, " + %g ms/um", p->delay_ms_per_um);
}

void meso_describe_rule(const meso_projection *p, char *text, size_t size)
{
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  (void) snprintf(text, size, "%s", rule->name);
  if (rule->keys[0] != NULL)
    append(text, size, ", %s %.10g", meso_rule_number_name[rule->unit], p->rule_number);
  if (meso_rule_excludes_self(p)) append(text, size, ", no autapses");
  if (rule->has_multapses && !p->allow_multapses) append(text, size, ", no multapses");
  if (p->profile != MESO_PROFILE_NONE)
    append(text, size, ", %s of %g um", meso_space_profile_name[p->profile],
           p->profile_length_um);
  if (p->mask_radius_um > 0) append(text, size, ", mask of %g um", p->mask_radius_um);
}

/* ---- 3. summary --------------------------------------------------------------------------- */

static const meso_param *choice_row(const char *section, const char *key)
{
  return meso_param_find(mesoi_section(section)->rows, key);
}

static bool any_place(const meso_model *m)
{
  for (size_t i = 0; i < m->n_populations; i++)
    if (m->population[i].positions != MESO_POSITIONS_NONE) return true;
  return false;
}

static bool any_source(const meso_model *m)
{
  for (size_t i = 0; i < m->n_populations; i++)
    if (m->population[i].model == MESO_NEURON_POISSON) return true;
  return false;
}

static meso_status summarise_network(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[CELL] = "", n[2][32];
  for (size_t i = 0; i < m->n_populations; i++)
    append(text, sizeof text, "%s%s", i > 0 ? ", " : "", m->population[i].name);
  append(text, sizeof text, "; %s neurons", grouped((uint64_t) m->n_neurons, n[0]));
  ROW("Populations", text);
  text[0] = '\0';
  if (m->n_layers > 0) append(text, sizeof text, "%zu layers", m->n_layers);
  if (any_place(m))
    append(text, sizeof text, "%splaces in a %s of %g um x %g um",
           m->n_layers > 0 ? "; " : "", m->space.extent_z_um > 0 ? "box" : "rectangle",
           m->space.extent_x_um, m->space.extent_y_um);
  if (any_place(m) && m->space.extent_z_um > 0)
    append(text, sizeof text, " x %g um", m->space.extent_z_um);
  if (any_place(m) && m->space.periodic) append(text, sizeof text, ", periodic");
  ROW("Topology", text[0] != '\0' ? text : "none");
  (void) snprintf(text, sizeof text, "%s synapses", grouped(m->n_synapses, n[1]));
  for (int r = 0; r < MESO_N_RULES; r++) {
    size_t used = 0;
    for (size_t i = 0; i < m->n_projections; i++) used += m->projection[i].rule == r;
    if (used > 0)
      append(text, sizeof text, "; %s (%zu projection%s)", meso_rule_at(r)->name, used,
             used > 1 ? "s" : "");
  }
  ROW("Connectivity", text);
cleanup:
  return status;
}

static meso_status describe_summary(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const background[] = {
    "none", "independent Poisson spikes for each neuron",
    "constant current: the mean of the external spikes"};
  char text[CELL];
  TABLE("A: Model summary", "Component", "Description");
  MESO_TRY(summarise_network(m, d, err));
  (void) snprintf(text, sizeof text, "leaky integrate-and-fire, fixed threshold, fixed absolute "
                  "refractory time%s", any_source(m) ? "; Poisson sources" : "");
  ROW("Neuron model", text);
  ROW("Channel models", "none");
  text[0] = '\0';
  for (size_t i = 0; i < meso_neuron_count(); i++)
    if (meso_model_uses(m, meso_neuron_at(i)))
      append(text, sizeof text, "%s%s", text[0] != '\0' ? "; " : "current-based, ",
             meso_neuron_at(i)->synapse);
  ROW("Synapse model", text);
  ROW("Plasticity", "none");
  (void) snprintf(text, sizeof text, "%s%s", background[m->background.kind],
                  any_source(m) ? "; Poisson sources with a schedule" : "");
  ROW("Input", text);
  (void) snprintf(text, sizeof text, "spikes of all neurons%s", m->n_cell_types > 0
                  ? "; summed synaptic currents, LFP, BOLD" : "");
  ROW("Measurements", text);
  if (m->scaling.N != 1 || m->scaling.K != 1) {
    (void) snprintf(text, sizeof text, "numbers of neurons times %g, in-degrees times %g",
                    m->scaling.N, m->scaling.K);
    ROW("Scaling", text);
  }
cleanup:
  return status;
}

/* ---- 4. populations, connectivity --------------------------------------------------------- */

static meso_status describe_populations(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const sign[] = {"excitatory", "inhibitory"};
  TABLE("B: Populations", "Name", "Elements", "Synapses", "Size", "Layer", "Places",
        "External synapses");
  for (size_t i = 0; i < m->n_populations; i++) {
    const meso_population *p = &m->population[i];
    char size[32], K[32], *model = meso_param_format(choice_row("populations", "model"), p);
    char *places = meso_param_format(choice_row("populations", "positions"), p);
    (void) snprintf(K, sizeof K, "%.10g", p->K_ext * m->scaling.K);
    if (model == NULL || places == NULL) status = MESO_ENOMEM;
    else
      status = add(d, (const char *const []) {p->name, model, sign[p->sign],
                   grouped((uint64_t) p->size, size), p->layer, places, K}, NULL, err);
    free(model);
    free(places);
    if (status != MESO_OK) goto cleanup;
  }
cleanup:
  return status;
}

static meso_status describe_connectivity(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  TABLE("C: Connectivity", "Source", "Target", "Pattern", "Synapses", "Weight", "Delay");
  for (size_t i = 0; i < m->n_projections; i++) {
    const meso_projection *p = &m->projection[i];
    char n[32], rule[CELL], weight[CELL], delay[CELL];
    meso_describe_rule(p, rule, sizeof rule);
    meso_describe_weight(p, weight, sizeof weight);
    append(weight, sizeof weight, " (PSP %.4g mV)", p->PSP_mV);
    meso_describe_delay(p, delay, sizeof delay);
    ROW(p->source_name, p->target_name, rule, grouped(p->n_synapses, n), weight, delay);
  }
cleanup:
  return status;
}

/* ---- 5. neuron and synapse, plasticity ---------------------------------------------------- */

static meso_status describe_neuron(const meso_neuron_ops *ops, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  char plain[CELL], latex[CELL];
  ROW("Name", ops->name);
  (void) snprintf(plain, sizeof plain, "leaky integrate-and-fire, %s; integrated exactly on the "
                  "grid of dt_ms", ops->synapse);
  ROW("Type", plain);
  (void) snprintf(plain, sizeof plain, "C_m dV/dt = -(C_m/tau_m) (V - E_L)%s + I_e  if t > t* + "
                  "t_ref; V = V_reset otherwise", ops->input.plain);
  (void) snprintf(latex, sizeof latex, "$C_\\mathrm{m}\\,\\mathrm{d}V/\\mathrm{d}t = "
                  "-\\frac{C_\\mathrm{m}}{\\tau_\\mathrm{m}}(V-E_\\mathrm{L})%s + I_\\mathrm{e}$ "
                  "if $t > t^* + t_\\mathrm{ref}$; $V = V_\\mathrm{reset}$ otherwise",
                  ops->input.latex);
  EQUATION("Subthreshold dynamics", plain, latex);
  EQUATION("Spiking", "if V(t) >= V_th: a spike at t* = t, and V is set to V_reset",
           "if $V(t) \\geq V_\\mathrm{th}$: a spike at $t^* = t$, and $V$ is set to "
           "$V_\\mathrm{reset}$");
  EQUATION("Synaptic input", ops->dynamics.plain, ops->dynamics.latex);
  EQUATION("Weight", ops->weight.plain, ops->weight.latex);
cleanup:
  return status;
}

/* Each neuron model of the network once. */
static meso_status describe_neurons(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  TABLE("D: Neuron and synapse model", "Item", "Description");
  for (size_t i = 0; i < meso_neuron_count(); i++)
    if (meso_model_uses(m, meso_neuron_at(i))) MESO_TRY(describe_neuron(meso_neuron_at(i), d, err));
cleanup:
  return status;
}

static meso_status describe_plasticity(meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  TABLE("E: Plasticity", "Item", "Description");
  ROW("Plasticity", "none: weights and delays are fixed");
cleanup:
  return status;
}

/* ---- 6. input, measurements --------------------------------------------------------------- */

static void describe_schedule(const meso_schedule *s, char *text, size_t size)
{
  static const char *const kind[] = {"silent", "Poisson spikes at a constant rate",
                                     "Poisson spikes in pulses", "Poisson spikes in blocks"};
  (void) snprintf(text, size, "%s", kind[s->kind]);
  if (s->kind == MESO_SCHEDULE_OFF) return;
  append(text, size, ", %g spikes/s from %g ms on", s->rate_Hz, s->start_ms);
  if (s->kind != MESO_SCHEDULE_CONSTANT)
    append(text, size, ", %g ms every %g ms", s->on_ms, s->period_ms);
}

static meso_status describe_input(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[CELL];
  TABLE("F: Input", "Target", "Type", "Description");
  for (size_t i = 0; i < m->n_populations; i++) {
    const meso_population *p = &m->population[i];
    if (p->model == MESO_NEURON_POISSON) {
      describe_schedule(&m->thalamus, text, sizeof text);
      ROW(p->name, "spikes of its own", text);
    }
    if (p->background_rate_Hz > 0) {
      (void) snprintf(text, sizeof text, "independent for each neuron, %.10g spikes/s, weight %.4g "
                      "%s, delay %g ms", p->background_rate_Hz, p->background_weight_pA,
                      meso_population_ops(p)->weight_unit, m->background.delay_ms);
      ROW(p->name, "Poisson spikes", text);
    }
    if (p->I_dc_pA + p->neuron.I_e_pA == 0) continue;
    (void) snprintf(text, sizeof text, "%.4g pA", p->I_dc_pA + p->neuron.I_e_pA);
    ROW(p->name, "constant current", text);
  }
  if (d->table[d->n - 1].n_rows == 0) ROW("all", "none", "no input");
cleanup:
  return status;
}

static meso_status describe_measurements(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[CELL];
  TABLE("G: Measurements", "Signal", "Description");
  (void) snprintf(text, sizeof text, "times and senders of all neurons, %g ms in steps of %g ms",
                  m->simulation.duration_ms, m->simulation.dt_ms);
  ROW("spikes", text);
  if (m->n_cell_types == 0) goto cleanup;
  ROW("currents", "excitatory and inhibitory synaptic currents, summed over each population");
  (void) snprintf(text, sizeof text, "%lld contacts, the first at z = %g um, %g um apart; %g "
                  "samples/s", (long long) m->probe.n_contacts, m->probe.z_first_um,
                  fabs(m->probe.z_step_um), m->lfp.output_rate_Hz);
  ROW("LFP", text);
  (void) snprintf(text, sizeof text, "%s, one volume every %g s", m->bold.model, m->bold.TR_s);
  ROW("BOLD", text);
cleanup:
  return status;
}

/* ---- 7. parameters ------------------------------------------------------------------------ */

/* Whether a section says something about this model. */
static bool is_used(const meso_model *m, const meso_model_section *s)
{
  if (strcmp(s->path, "thalamus") == 0) return any_source(m);
  if (strcmp(s->path, "space") == 0) return any_place(m);
  if (strcmp(s->path, "neuron") == 0) return false; /* defaults of the populations */
  if (strncmp(s->path, "synapses.", 9) == 0 || strcmp(s->path, "projections") == 0)
    return false; /* table C */
  return (s->part & (MESO_SECTION_NETWORK | MESO_SECTION_ANALYSIS)) != 0 || m->n_cell_types > 0;
}

/* Sources have no dynamics that the rows of populations could describe. */
static bool is_described(const meso_model *m, const meso_model_section *s, size_t i)
{
  return s->offset != offsetof(meso_model, population) ||
         m->population[i].model != MESO_NEURON_POISSON;
}

/* Writes each item's value, or if all agree one; false when out of memory. */
static bool write_values(FILE *out, const meso_model *m, const meso_model_section *s,
                         const meso_param *row)
{
  const size_t n = mesoi_section_count(m, s), skip = strlen(s->path) + 1;
  char *first = NULL;
  bool same = true, fine = true;
  for (int turn = 0; turn < 2; turn++) /* the first one compares */
    for (size_t i = 0; i < n && fine && (turn == 0 || !same); i++) {
      if (!is_described(m, s, i)) continue;
      char name[256], *value = meso_param_format(row, mesoi_section_object(m, s, i));
      mesoi_object_path(m, s, i, name, sizeof name);
      fine = value != NULL;
      if (fine && turn == 1)
        fprintf(out, "%s%s %s", ftell(out) > 0 ? "; " : "", name + skip, value);
      if (fine && turn == 0) same = same && (first == NULL || strcmp(first, value) == 0);
      if (first == NULL) first = value;
      else free(value);
    }
  if (fine && same && first != NULL) fputs(first, out);
  free(first);
  return fine;
}

/* Caller frees; NULL when out of memory. */
static char *values_of(const meso_model *m, const meso_model_section *s, const meso_param *row)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return NULL;
  bool fine = write_values(out, m, s, row);
  fine = fclose(out) == 0 && fine;
  if (fine) return text;
  free(text);
  return NULL;
}

/* Keys that table B holds already, or that name things. */
static bool is_said(const meso_model_section *s, const meso_param *row)
{
  static const char *const said[] = {
    "populations.name", "populations.layer", "populations.size", "populations.type",
    "populations.model", "populations.positions", "populations.positions_file",
    "populations.K_ext", "layers.name", "cells.name",
    NULL};
  char path[128];
  (void) snprintf(path, sizeof path, "%s.%s", s->path, row->key);
  for (size_t i = 0; said[i] != NULL; i++)
    if (strcmp(said[i], path) == 0) return true;
  return false;
}

/* The help of a row without the part about its default, which need not be the value here. */
static const char *meaning(const meso_param *row, char text[CELL])
{
  static const char *const of_default[] = {"; PD14", "; default:", "; that of"};
  (void) snprintf(text, CELL, "%s", row->help);
  for (size_t i = 0; i < sizeof of_default / sizeof *of_default; i++) {
    char *at = strstr(text, of_default[i]);
    if (at != NULL) *at = '\0';
  }
  return text;
}

static meso_status describe_parameters(const meso_model *m, meso_description *d, meso_err *err)
{
  meso_status status = MESO_OK;
  char *value = NULL, title[128], help[CELL];
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++) {
    if ((s->part & MESO_SECTION_REPORT) != 0 || !is_used(m, s) || mesoi_section_count(m, s) == 0)
      continue;
    (void) snprintf(title, sizeof title, "H: Parameters: %s (%s)", s->path, s->help);
    TABLE(title, "Key", "Value", "Unit", "Meaning");
    for (const meso_param *row = s->rows; row->key != NULL; row++) {
      if (is_said(s, row)) continue;
      value = values_of(m, s, row);
      if (value == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot print %s", row->key);
      ROW(row->key, value, strcmp(row->unit, "1") == 0 ? "" : row->unit, meaning(row, help));
      free(value);
      value = NULL;
    }
  }
cleanup:
  free(value);
  return status;
}

meso_status meso_describe(const meso_model *m, meso_description **ret_description, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_description *d = NULL;
  *ret_description = NULL;
  MESO_ALLOC(err, d, 1);
  MESO_TRY(describe_summary(m, d, err));
  MESO_TRY(describe_populations(m, d, err));
  MESO_TRY(describe_connectivity(m, d, err));
  MESO_TRY(describe_neurons(m, d, err));
  MESO_TRY(describe_plasticity(d, err));
  MESO_TRY(describe_input(m, d, err));
  MESO_TRY(describe_measurements(m, d, err));
  MESO_TRY(describe_parameters(m, d, err));
  *ret_description = d;
  d = NULL;
cleanup:
  meso_description_destroy(d);
  return status;
}
