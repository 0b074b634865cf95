/* test_brunel.c: the random balanced networks of data/models/brunel.yaml, brunel_alpha.yaml against
 * what NEST gives for them (data/measured/brunel_nest.yaml and brunel_alpha_nest.yaml, made by
 * scripts/reference/make_brunel.py). */
#include <stdlib.h>
#include <string.h>

#include "meso_engine.h"
#include "meso_test.h"
#include "meso_yaml.h"

/** name: "brunel" or "brunel_alpha". */
static double nest_value(const char *name, const char *quantity, const char *population)
{
  mesoi_node root = {0};
  meso_err err = {0};
  double value = NAN;
  char file[64], id[64];
  snprintf(file, sizeof file, "data/measured/%s_nest.yaml", name);
  snprintf(id, sizeof id, "%s_%s_nest310_%s", name, quantity, population);
  CU_ASSERT_EQUAL_FATAL(mesoi_yaml_read(meso_test_path(file), &root, &err), MESO_OK);
  const mesoi_node *entries = mesoi_node_find(&root, "entries");
  CU_ASSERT_PTR_NOT_NULL_FATAL(entries);
  for (size_t i = 0; i < entries->n; i++)
    if (strcmp(mesoi_node_text(&entries->child[i], "id"), id) == 0)
      value = atof(mesoi_node_text(&entries->child[i], "value"));
  mesoi_node_clear(&root);
  return value;
}

enum { FROM_MS = 200 };

/** Mean over neurons with at least 4 spikes of the CV of their intervals. */
static double mean_cv(const meso_spike_population *p)
{
  typedef struct train { double last, sum, square; unsigned n; } train;
  train *t = calloc(p->size, sizeof *t);
  CU_ASSERT_PTR_NOT_NULL_FATAL(t);
  for (size_t i = 0; i < p->n_spikes; i++) {
    if (p->time_ms[i] <= FROM_MS) continue;
    train *x = &t[p->id[i]];
    const double interval = p->time_ms[i] - x->last;
    if (x->n++ > 0) x->sum += interval, x->square += interval * interval;
    x->last = p->time_ms[i];
  }
  double sum = 0, n = 0;
  for (uint64_t i = 0; i < p->size; i++) {
    if (t[i].n < 4) continue;
    const double m = t[i].n - 1, mean = t[i].sum / m;
    sum += sqrt(t[i].square / m - mean * mean) / mean, n++;
  }
  free(t);
  return sum / n;
}

/** Seeds differ in NEST by 0.1 spikes/s and by 0.002 in CV; the limits are some four times that. */
static void compare_with_nest(const char *name)
{
  char file[64];
  meso_model *m = NULL;
  meso_spikes *spikes = NULL;
  meso_engine_report report = {0};
  meso_err err = {0};
  snprintf(file, sizeof file, "data/models/%s.yaml", name);
  CU_ASSERT_EQUAL_FATAL(meso_model_read(meso_test_path(file), 0, NULL, &m, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(m, 2, NULL, &spikes, &report, &err), MESO_OK);
  CU_ASSERT_EQUAL(report.n_synapses, 12500 * 1250);
  for (size_t p = 0; p < 2; p++) {
    const meso_spike_population *q = &spikes->population[p];
    double n = 0;
    for (size_t i = 0; i < q->n_spikes; i++) n += q->time_ms[i] > FROM_MS;
    const double length_s = 1e-3 * (m->simulation.duration_ms - FROM_MS);
    const double rate_Hz = n / (double) q->size / length_s, cv = mean_cv(q);
    printf("# %s: %.3f spikes/s, CV %.4f\n", q->name, rate_Hz, cv);
    CU_ASSERT(fabs(rate_Hz - nest_value(name, "rate", q->name)) < 0.4);
    CU_ASSERT(fabs(cv - nest_value(name, "cv", q->name)) < 0.008);
  }
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

static void exponential_currents(void) { compare_with_nest("brunel"); }
static void alpha_currents(void) { compare_with_nest("brunel_alpha"); }

int main(void)
{
  static const meso_test tests[] = {
    {"exponential_currents", exponential_currents},
    {"alpha_currents", alpha_currents},
    {NULL, NULL},
  };
  return meso_test_main("brunel", tests);
}
