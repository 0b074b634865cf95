/* Containers: attributes, spikes, signals, results. */
#include <stdlib.h>
#include <string.h>

#include "meso_data.h"
#include "meso_test.h"

static void attributes(void)
{
  meso_attrs a = { 0 }, b = { 0 };
  CU_ASSERT_EQUAL(meso_attrs_set_number(&a, "NW", 4.0, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&a, "note", "x", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&a, "absent", NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL(a.n, 3);
  CU_ASSERT_EQUAL(meso_attrs_number(&a, "NW", -1), 4.0);
  CU_ASSERT_EQUAL(meso_attrs_number(&a, "note", -1), -1.0); /* text is no number */
  CU_ASSERT_PTR_NULL(meso_attrs_text(&a, "NW"));
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&a, "note"), "x");
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&a, "absent"), "");
  CU_ASSERT_PTR_NULL(meso_attrs_get(&a, "other"));
  CU_ASSERT_EQUAL(meso_attrs_set_text(&a, "NW", "four", NULL), MESO_OK); /* replaced in place */
  CU_ASSERT_EQUAL(a.n, 3);
  CU_ASSERT_STRING_EQUAL(a.v[0].key, "NW");
  CU_ASSERT_STRING_EQUAL(a.v[0].text, "four");
  CU_ASSERT_EQUAL(meso_attrs_set_number(&b, "note", 7.0, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_copy(&b, &a, NULL), MESO_OK);
  CU_ASSERT_EQUAL(b.n, 3);
  meso_attrs_clear(&a);
  CU_ASSERT_EQUAL(a.n, 0);
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&b, "note"), "x"); /* a copy, and it replaces */
  meso_attrs_clear(&b);
}

enum { N = 6 };
typedef struct sort_case {
  const char *what;
  double time_ms[N];
  uint32_t id[N];
  uint32_t want[N]; /* ids after sorting */
} sort_case;

static meso_spikes *one_population(const double *time_ms, const uint32_t *id, uint64_t size)
{
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(1, &s, NULL), MESO_OK);
  meso_spike_population *p = s->population;
  p->name = meso_strdup("E");
  p->size = size;
  p->n_spikes = N;
  p->time_ms = meso_calloc(N, sizeof *p->time_ms);
  p->id = meso_calloc(N, sizeof *p->id);
  memcpy(p->time_ms, time_ms, N * sizeof *time_ms);
  memcpy(p->id, id, N * sizeof *id);
  return s;
}

static void sorting(void)
{
  static const sort_case row[] = {
    { "sorted", { 1, 2, 3, 4, 5, 6 }, { 5, 4, 3, 2, 1, 0 }, { 5, 4, 3, 2, 1, 0 } },
    { "reversed", { 6, 5, 4, 3, 2, 1 }, { 0, 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1, 0 } },
    { "ties", { 1, 1, 1, 2, 2, 3 }, { 5, 3, 4, 1, 0, 2 }, { 3, 4, 5, 0, 1, 2 } },
    { "last tie", { 1, 2, 3, 4, 5, 5 }, { 0, 1, 2, 3, 5, 4 }, { 0, 1, 2, 3, 4, 5 } },
    { "ties out of order", { 2, 1, 2, 1, 2, 1 }, { 2, 5, 0, 4, 1, 3 }, { 3, 4, 5, 0, 1, 2 } },
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    meso_spikes *s = one_population(row[i].time_ms, row[i].id, 6);
    CU_ASSERT_EQUAL(meso_spikes_sort(s->population, NULL), MESO_OK);
    const bool same = memcmp(s->population->id, row[i].want, sizeof row[i].want) == 0;
    if (!same) printf("# %s\n", row[i].what);
    CU_ASSERT_TRUE(same);
    const double *sorted = s->population->time_ms;
    MESO_CHECK_EACH(k, N - 1, sorted[k] <= sorted[k + 1]);
    meso_spikes_destroy(s);
  }
}

static void by_neuron(void)
{
  static const double time_ms[N] = { 1, 2, 3, 4, 5, 6 };
  static const uint32_t id[N] = { 3, 0, 3, 2, 0, 3 };
  static const size_t want_first[] = { 0, 2, 2, 3, 6, 6 };
  static const uint32_t want_spike[] = { 1, 4, 3, 0, 2, 5 };
  size_t *first = NULL;
  uint32_t *spike = NULL;
  meso_err err;
  meso_spikes *s = one_population(time_ms, id, 5);
  CU_ASSERT_EQUAL_FATAL(meso_spikes_by_neuron(s->population, &first, &spike, NULL), MESO_OK);
  CU_ASSERT_EQUAL(memcmp(first, want_first, sizeof want_first), 0);
  CU_ASSERT_EQUAL(memcmp(spike, want_spike, sizeof want_spike), 0);
  free(first);
  free(spike);
  s->population->size = 3; /* neuron 3 lies outside */
  CU_ASSERT_EQUAL(meso_spikes_by_neuron(s->population, &first, &spike, &err), MESO_ERANGE);
  CU_ASSERT_TRUE(first == NULL && spike == NULL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "population E"));
  CU_ASSERT_EQUAL(meso_spikes_find(s, "E"), 0);
  CU_ASSERT_EQUAL(meso_spikes_find(s, "I"), (size_t) -1);
  meso_spikes_destroy(s);
  meso_spikes_destroy(NULL);
}

static void signals(void)
{
  meso_signals *s = NULL;
  meso_signal *lfp = NULL;
  meso_err err;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", 3, 2, 1000, 5, &lfp, NULL), MESO_OK);
  MESO_CHECK_WORST(i, 6, fabs(lfp->data[i]), 0);
  CU_ASSERT_EQUAL(meso_signals_add(s, "lfp", "mV", 1, 1, 1, 0, NULL, &err), MESO_EINVAL);
  CU_ASSERT_EQUAL(meso_signals_add(s, "x", "1", SIZE_MAX / 2, 4, 1, 0, NULL, &err), MESO_ENOMEM);
  CU_ASSERT_EQUAL(s->n, 1);
  CU_ASSERT_PTR_EQUAL(meso_signals_find(s, "lfp"), &s->signal[0]);
  CU_ASSERT_PTR_NULL(meso_signals_find(s, "x"));
  CU_ASSERT_EQUAL(meso_signal_set_label(lfp, 1, "a", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_signal_set_label(lfp, 1, "b", NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(lfp->label[1], "b");
  CU_ASSERT_EQUAL(meso_signal_set_label(lfp, 2, "c", &err), MESO_ERANGE);
  meso_signals_destroy(s);
  meso_signals_destroy(NULL);
}

static void results(void)
{
  const size_t dims[] = { 2, 3 }, huge[] = { SIZE_MAX / 2, 4 };
  static const double value[] = { 1.5, 2.5 };
  static const char *const label[] = { "E", "I" };
  meso_result *r = NULL;
  meso_array *a = NULL;
  meso_err err;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add(r, "/a", "1", 2, dims, &a, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_array_count(a), 6);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/v", "Hz", 2, value, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_text(r, "/t", 2, label, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add(r, "/a", "1", 0, NULL, NULL, &err), MESO_EINVAL);
  CU_ASSERT_EQUAL(meso_result_add(r, "/h", "1", 2, huge, NULL, &err), MESO_ENOMEM);
  CU_ASSERT_EQUAL(meso_result_add(r, "/5", "1", 5, dims, NULL, &err), MESO_EBUG);
  CU_ASSERT_EQUAL(r->n, 3); /* failures leave nothing behind */
  CU_ASSERT_EQUAL(meso_result_find(r, "/v")->data[1], 2.5);
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/v")->units, "Hz");
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/t")->text[1], "I");
  CU_ASSERT_PTR_NULL(meso_result_find(r, "/none"));
  meso_attrs *attrs = meso_result_group_attrs(r, "/a");
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "K", 7, NULL), MESO_OK);
  CU_ASSERT_PTR_EQUAL(meso_result_group_attrs(r, "/a"), attrs); /* made once */
  CU_ASSERT_EQUAL(r->n_groups, 1);
  meso_result_destroy(r);
  meso_result_destroy(NULL);
}

int main(void)
{
  static const meso_test tests[] = {
    { "attributes: set, replace, copy", attributes },
    { "spikes are sorted by time, then id", sorting },
    { "index by neuron", by_neuron },
    { "signals: names, labels, sizes", signals },
    { "results: arrays, text, groups", results },
    { NULL, NULL },
  };
  return meso_test_main("data", tests);
}
