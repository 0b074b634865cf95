/* Option rows: parsing, ranges, units, messages, shortest formatting. */
#include "meso_params.h"
#include "meso_test.h"

#include <float.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

typedef struct thing {
  double tau_ms, fraction, level_mV;
  int64_t n;
  bool on;
  char *name;
  int kind;
  meso_doubles depths_um;
} thing;

#define AT(field) offsetof(thing, field)
static const meso_param rows[] = {
  {"tau_ms", MESO_PARAM_DOUBLE, "ms", 0, 1e4, true, "10", NULL, AT(tau_ms), "time constant"},
  {"fraction", MESO_PARAM_DOUBLE, "1", 0, 1, false, "0.5", NULL, AT(fraction), "part"},
  {"level_mV", MESO_PARAM_DOUBLE, "mV", -INFINITY, INFINITY, false, NULL, NULL, AT(level_mV), "x"},
  {"n", MESO_PARAM_INT, "1", 1, 9e18, false, "3", NULL, AT(n), "number"},
  {"on", MESO_PARAM_BOOL, "", 0, 0, false, "true", NULL, AT(on), "switch"},
  {"name", MESO_PARAM_STRING, "", 0, 0, false, "nobody", NULL, AT(name), "name"},
  {"kind", MESO_PARAM_CHOICE, "", 0, 0, false, "dc", "poisson|dc|none", AT(kind), "kind"},
  {"depths_um", MESO_PARAM_DOUBLES, "um", 0, 100, false, "1, 2.5", NULL, AT(depths_um), "depths"},
  {NULL, MESO_PARAM_DOUBLE, NULL, 0, 0, false, NULL, NULL, 0, NULL}
};
static const meso_where where = {"model.yaml", 12, "populations.L23E"};

static void expect_refusal(const char *key, const char *text, const char *message)
{
  thing t = {0};
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_params_default(rows, &t, &err), MESO_OK);
  meso_status status = meso_params_set(rows, &t, key, text, &where, &err);
  CU_ASSERT_EQUAL(meso_status_exit_code(status), 3);
  CU_ASSERT_EQUAL(t.tau_ms, 10);
  if (strcmp(err.msg, message) != 0) printf("# got  %s\n# want %s\n", err.msg, message);
  CU_ASSERT_STRING_EQUAL(err.msg, message);
  meso_params_clear(rows, &t);
}

#define P "model.yaml:12: populations.L23E."

/* However long the path of the file, line and key are in the message. */
static void test_long_path(void)
{
  char file[600];
  thing t = {0};
  meso_err err = {0};
  memset(file, 'd', sizeof file);
  (void) snprintf(file + sizeof file - 12, 12, "/model.yaml");
  const meso_where far = {file, 12, "populations.L23E"};
  CU_ASSERT_EQUAL(meso_params_default(rows, &t, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_params_set(rows, &t, "tau_ms", "-10", &far, &err), MESO_ERANGE);
  CU_ASSERT(strstr(err.msg, "d/model.yaml:12: populations.L23E.tau_ms = -10: must be > 0 ms") !=
            NULL);
  meso_params_clear(rows, &t);
}

static void test_messages(void)
{
  expect_refusal("tau_ms", "-10", P "tau_ms = -10: must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "0", P "tau_ms = 0: must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "nan",
                 P "tau_ms = nan: is not a number; must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "inf",
                 P "tau_ms = inf: is not a number; must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "1e999",
                 P "tau_ms = 1e999: is too large a number; must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "10 s", P "tau_ms = 10 s: has unit 's', but its unit is ms; "
                 "must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "0x10", P "tau_ms = 0x10: has unit 'x10', but its unit is ms; "
                 "must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "10,5", P "tau_ms = 10,5: ',5' after the number is not understood; "
                 "must be > 0 ms and <= 10000 ms");
  expect_refusal("tau_ms", "",  P "tau_ms = : is not a number; must be > 0 ms and <= 10000 ms");
  expect_refusal("fraction", "50 %", P "fraction = 50 %: has unit '%', but it is dimensionless; "
                 "must be 0 to 1");
  expect_refusal("level_mV", "x", P "level_mV = x: is not a number; must be a finite number mV");
  expect_refusal("n", "2.5", P "n = 2.5: is not a whole number; must be a whole number 1 to 9e+18");
  expect_refusal("n", "99999999999999999999",
                 P "n = 99999999999999999999: is too large; must be a whole number 1 to 9e+18");
  expect_refusal("on", "maybe", P "on = maybe: must be true or false");
  expect_refusal("kind", "ac", P "kind = ac: must be one of poisson|dc|none");
  expect_refusal("kind", "", P "kind = : must be one of poisson|dc|none");
  expect_refusal("depths_um", "1, x",
                 P "depths_um = 1, x: is not a list of numbers; must be numbers 0 um to 100 um");
  expect_refusal("depths_um", "1, 2 mm", P "depths_um = 1, 2 mm: has unit 'mm', but its unit is "
                 "um; must be numbers 0 um to 100 um");
  expect_refusal("depths_um", "1,,2",
                 P "depths_um = 1,,2: is not a list of numbers; must be numbers 0 um to 100 um");
  expect_refusal("depths_um", "1, 200",
                 P "depths_um = 1, 200: must be numbers 0 um to 100 um");
  expect_refusal("tau_m_ms", "1", P "tau_m_ms: unknown key; did you mean tau_ms?");
  expect_refusal("kidn", "dc", P "kidn: unknown key; did you mean kind?");
  expect_refusal("something else", "1", P "something else: unknown key; known keys: tau_ms, "
                 "fraction, level_mV, n, on, name, kind, depths_um");
}

static void set_ok(thing *t, const char *key, const char *text)
{
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_params_set(rows, t, key, text, NULL, &err), MESO_OK);
}

static void test_accepted(void)
{
  thing t = {0};
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_params_default(rows, &t, &err), MESO_OK);
  CU_ASSERT_EQUAL(t.kind, 1);
  CU_ASSERT_EQUAL(t.depths_um.n, 2);
  CU_ASSERT_EQUAL(t.depths_um.v[1], 2.5);
  set_ok(&t, "tau_ms", " 12.5 ms ");
  CU_ASSERT_EQUAL(t.tau_ms, 12.5);
  set_ok(&t, "tau_ms", "1e1ms");
  CU_ASSERT_EQUAL(t.tau_ms, 10);
  set_ok(&t, "n", "9000000000000000000");
  CU_ASSERT_EQUAL(t.n, INT64_C(9000000000000000000));
  set_ok(&t, "on", "no");
  CU_ASSERT_FALSE(t.on);
  set_ok(&t, "name", "a, b: c");
  CU_ASSERT_STRING_EQUAL(t.name, "a, b: c");
  set_ok(&t, "depths_um", "1 2,3 ,4 um");
  CU_ASSERT_EQUAL(t.depths_um.n, 4);
  CU_ASSERT_EQUAL(t.depths_um.v[3], 4);
  set_ok(&t, "depths_um", "");
  CU_ASSERT_EQUAL(t.depths_um.n, 0);
  CU_ASSERT_PTR_NULL(meso_param_find(rows, "tau"));
  meso_params_clear(rows, &t);
  CU_ASSERT_PTR_NULL(t.name);
}

static void expect_text(double x, const char *text)
{
  thing t = {.level_mV = x};
  char *shown = meso_param_format(meso_param_find(rows, "level_mV"), &t);
  CU_ASSERT_STRING_EQUAL(shown, text);
  free(shown);
}

static void test_shortest_text(void)
{
  expect_text(10, "10");
  expect_text(0.1, "0.1");
  expect_text(0.30000000000000004, "0.30000000000000004");
  expect_text(1e300, "1e+300");
  expect_text(-0.0, "-0");
  expect_text(90000, "90000");
  expect_text(5e-324, "5e-324");
}

static void check_reads_back(thing *t, const char *key)
{
  thing back = {0};
  char *text = meso_param_format(meso_param_find(rows, key), t);
  set_ok(&back, key, text);
  char *again = meso_param_format(meso_param_find(rows, key), &back);
  CU_ASSERT_STRING_EQUAL(text, again);
  if (strcmp(key, "level_mV") == 0)
    CU_ASSERT_EQUAL(memcmp(&t->level_mV, &back.level_mV, sizeof(double)), 0);
  free(text);
  free(again);
  meso_params_clear(rows, &back);
}

/* Random bit patterns survive text; so do all other types. */
static void test_reads_back(void)
{
  thing t = {0};
  meso_err err = {0};
  uint64_t bits = 88172645463325252u;
  CU_ASSERT_EQUAL(meso_params_default(rows, &t, &err), MESO_OK);
  for (int i = 0; i < 3000; i++) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    memcpy(&t.level_mV, &bits, sizeof bits);
    if (isfinite(t.level_mV)) check_reads_back(&t, "level_mV");
  }
  for (const meso_param *row = rows; row->key != NULL; row++) check_reads_back(&t, row->key);
  meso_params_clear(rows, &t);
}

/* A program that has set a locale with a decimal comma still reads points. */
static void test_locale(void)
{
  thing t = {0};
  const char *name = setlocale(LC_ALL, "de_DE.UTF-8");
  if (name == NULL) printf("# no German locale here; the C locale is tested\n");
  set_ok(&t, "tau_ms", "2.5");
  CU_ASSERT_EQUAL(t.tau_ms, 2.5);
  expect_text(2.5, "2.5");
  setlocale(LC_ALL, "C");
}

int main(void)
{
  static const meso_test tests[] = {
    {"messages name file, line, key, value, unit and range", test_messages},
    {"long path", test_long_path},
    {"accepted values", test_accepted},
    {"shortest text", test_shortest_text},
    {"text reads back to the same bits", test_reads_back},
    {"decimal point in every locale", test_locale},
    {NULL, NULL}
  };
  return meso_test_main("params", tests);
}
