/* test_bold.c: haemodynamic models against their analytic limits, drives against their definition,
 * and what every registered forward model must do. */
#include <stdlib.h>
#include <string.h>

#include "forward_run.h"
#include "meso_drive.h"
#include "meso_rng.h"

static const double kappa = 0.65, gamma_s2 = 0.41, alpha = 0.32, E0 = 0.34, V0 = 0.02;

static meso_signals *container(void) { return forward_container(); }

static meso_signal *add(meso_signals *s, size_t n, size_t n_channels, double rate_Hz)
{
  return forward_drive(s, n, n_channels, rate_Hz);
}

static meso_status apply(const meso_forward_ops *ops, const meso_signal *in, double TR_s,
                         meso_signals *out, meso_err *err)
{
  return forward_apply(ops->name, forward_needed_sets(ops), in, TR_s, 2, out, err);
}

/* The response of a model to a drive of one or more regions; caller frees. */
static meso_signals *response(const meso_forward_ops *ops, const meso_signal *in, double TR_s)
{
  return forward_response(ops->name, forward_needed_sets(ops), in, TR_s, 2);
}

/* BOLD of friston2003 after 200 s of constant drive in each of n regions. */
static meso_signals *friston_plateau(size_t n, const double *z)
{
  meso_signals *s = container();
  meso_signal *x = add(s, 400, n, 2);
  for (size_t i = 0; i < 400 * n; i++) x->data[i] = z[i % n];
  meso_signals *out = response(meso_forward_by_name("friston2003"), x, 1);
  meso_signals_destroy(s);
  return out;
}

static void test_steady_states(void)
{
  static const double z[3] = {0.05, 0.2, 1}, percent[3] = {0.587, 1.889, 4.590};
  meso_signals *out = friston_plateau(3, z);
  CU_ASSERT_EQUAL_FATAL(out->signal[0].n_times, 201);
  for (size_t i = 0; i < 3; i++) {
    const double f = 1 + z[i] / gamma_s2, v = pow(f, alpha);
    const double q = v * (1 - pow(1 - E0, 1 / f)) / E0;
    const double y = V0 * (7 * E0 * (1 - q) + 2 * (1 - q / v) + (2 * E0 - 0.2) * (1 - v));
    MESO_CHECK_CLOSE(percent[i], 100 * y, 0, 5e-4);
    MESO_CHECK_CLOSE(y, out->signal[0].data[200 * 3 + i], 1e-9, 0);
  }
  meso_signals_destroy(out);
}

static void test_dc_gain(void)
{
  static const double z[2] = {1e-6, -1e-6};
  const double slope = (1 - E0) * log(1 - E0) / E0; /* of extraction over E0, by f, at rest */
  const double gain = V0 / gamma_s2 * (-7 * E0 * (alpha + slope) - 2 * slope
                                       - (2 * E0 - 0.2) * alpha);
  meso_signals *out = friston_plateau(2, z);
  MESO_CHECK_CLOSE(0.128, gain, 0, 5e-4);
  for (size_t i = 0; i < 2; i++)
    MESO_CHECK_CLOSE(gain, out->signal[0].data[200 * 2 + i] / z[i], 2e-5, 0);
  meso_signals_destroy(out);
}

/* f obeys f'' + kappa f' + gamma (f - 1) = z exactly: a step overshoots as an oscillator does. */
static void test_flow_report(void)
{
  static const double z[3] = {0, 0.2, 0.5};
  const double w = sqrt(gamma_s2 - 0.25 * kappa * kappa);
  const double overshoot = exp(-0.5 * kappa * M_PI / w);
  for (size_t i = 0; i < 3; i++) {
    meso_signals *out = friston_plateau(1, &z[i]);
    const meso_attrs *a = &out->signal[0].attrs;
    const double peak = 1 + z[i] / gamma_s2 * (1 + overshoot);
    MESO_CHECK_CLOSE(peak, meso_attrs_number(a, "max_flow", NAN), 1e-5, 0);
    CU_ASSERT_EQUAL(meso_attrs_text(a, "warning") != NULL, peak > 2);
    MESO_CHECK_CLOSE(E0, meso_attrs_number(a, "E0", NAN), 0, 0);
    MESO_CHECK_CLOSE(7 * E0, meso_attrs_number(a, "k1", NAN), 1e-15, 0);
    meso_signals_destroy(out);
  }
  meso_signals *s = container(), *out = container();
  meso_err err = {0};
  meso_signal *x = add(s, 100, 1, 2);
  for (size_t i = 0; i < 100; i++) x->data[i] = -2;
  CU_ASSERT_EQUAL(apply(meso_forward_by_name("friston2003"), x, 1, out, &err), MESO_ENUMERIC);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "drive -2"));
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

static const struct { size_t n; double rate_Hz, TR_s; size_t n_times; } sampling[] = {
  {100, 10, 2, 6}, {100, 10, 3, 4}, {100, 10, 0.1, 101}, {3, 10, 0.1, 4}, {100, 10, 10, 2},
  {100, 10, 10.5, 1}, {7, 10, 0.72, 1}, {72, 100, 0.72, 2}, {60, 10, 0.3, 21}};

static void test_every_model(void)
{
  CU_ASSERT(meso_forward_count() >= 3);
  CU_ASSERT_PTR_NULL(meso_forward_at(meso_forward_count()));
  CU_ASSERT_PTR_NULL(meso_forward_by_name("no such model"));
  for (size_t m = 0; m < meso_forward_count(); m++) {
    const meso_forward_ops *ops = meso_forward_at(m);
    CU_ASSERT_PTR_EQUAL(meso_forward_by_name(ops->name), ops);
    meso_signals *s = container();
    meso_signal *x = add(s, 500, 2, 10);
    meso_signals *out = response(ops, x, 0.7);
    /* rest stays rest */
    MESO_CHECK_WORST(i, out->signal[0].n_times * 2, fabs(out->signal[0].data[i]), 1e-13);
    CU_ASSERT_STRING_EQUAL(out->signal[0].units, ops->unit_out);
    MESO_CHECK_CLOSE(1 / 0.7, out->signal[0].sampling_rate_Hz, 1e-15, 0);
    meso_signals_destroy(out);
    meso_signals_destroy(s);
    for (size_t k = 0; k < sizeof sampling / sizeof sampling[0]; k++) {
      s = container();
      out = response(ops, add(s, sampling[k].n, 1, sampling[k].rate_Hz), sampling[k].TR_s);
      CU_ASSERT_EQUAL(out->signal[0].n_times, sampling[k].n_times);
      meso_signals_destroy(out);
      meso_signals_destroy(s);
    }
  }
}

/* Two regions of random drives, their sum with weights 2 and -0.5, and region 0 again. */
static void test_linearity(void)
{
  const meso_rng_key key = meso_rng_key_make(11, MESO_RNG_TEST);
  for (size_t m = 0; m < meso_forward_count(); m++) {
    const meso_forward_ops *ops = meso_forward_at(m);
    if (ops->laminar) continue; /* its channels know each other: test_laminar.c */
    meso_signals *s = container();
    meso_signal *x = add(s, 600, 4, 10);
    double worst = 0, largest = 0;
    for (uint32_t i = 0; i < 600; i++) {
      uint32_t word[4];
      double *z = x->data + 4 * i;
      meso_rng_block(key, (uint32_t[4]) {i / 20, 0, 0, 0}, word);
      z[0] = 0.1 * meso_rng_uniform(word[0], word[1]);
      z[1] = 0.1 * meso_rng_uniform(word[2], word[3]);
      z[2] = 2 * z[0] - 0.5 * z[1];
      z[3] = z[0];
    }
    meso_signals *out = response(ops, x, 1.3);
    const meso_signal *y = &out->signal[0];
    for (size_t k = 0; k < y->n_times; k++) {
      const double *b = y->data + 4 * k;
      worst = fmax(worst, fabs(2 * b[0] - 0.5 * b[1] - b[2]));
      largest = fmax(largest, fabs(b[2]));
      CU_ASSERT(memcmp(&b[0], &b[3], sizeof *b) == 0); /* regions do not know each other */
    }
    printf("# %s: departs from linearity by %.3g of its peak\n", ops->name, worst / largest);
    CU_ASSERT(largest > 1e-3);
    CU_ASSERT(ops->linear ? worst < 1e-12 * largest : worst > 1e-3 * largest);
    meso_signals_destroy(out);
    meso_signals_destroy(s);
  }
}

static void test_bad_input(void)
{
  static const double bad[3] = {NAN, INFINITY, -INFINITY}, bad_TR[4] = {0, -1, NAN, INFINITY};
  for (size_t m = 0; m < meso_forward_count(); m++) {
    const meso_forward_ops *ops = meso_forward_at(m);
    meso_signals *s = container(), *out = container();
    meso_signal *x = add(s, 50, 2, 10);
    for (size_t i = 0; i < 3; i++) {
      meso_err err = {0};
      x->data[2 * 17 + 1] = bad[i];
      CU_ASSERT_EQUAL(apply(ops, x, 1, out, &err), MESO_EINVAL);
      CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "sample 17, region 1"));
    }
    x->data[2 * 17 + 1] = 0;
    for (size_t i = 0; i < 4; i++) CU_ASSERT_EQUAL(apply(ops, x, bad_TR[i], out, NULL),
                                                   MESO_ERANGE);
    for (size_t i = 0; i < 2; i++) {
      meso_signals *none = container();
      meso_err err = {0};
      CU_ASSERT_EQUAL(apply(ops, add(none, i ? 50 : 0, i ? 0 : 2, 10), 1, out, &err), MESO_EINVAL);
      CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "empty"));
      meso_signals_destroy(none);
    }
    CU_ASSERT_EQUAL(out->n, 0);
    meso_signals_destroy(s);
    meso_signals_destroy(out);
  }
}

static void test_drive(void)
{
  const meso_drive_params p = {.gain = 0.5, .dt_s = 0.25, .normalize = MESO_NORMALIZE_BASELINE,
                               .baseline_start_s = 0.2,
                               .baseline_stop_s = 0.6};
  meso_signals *s = container(), *out = container();
  meso_signal *x = add(s, 24, 2, 10); /* 2.4 s: 9 boxes of 2.5 samples, the rest is left over */
  for (size_t i = 0; i < 24; i++) {
    x->data[2 * i] = 1 + (double) (i * i);
    x->data[2 * i + 1] = -4;
  }
  x->t_start_ms = 500;
  CU_ASSERT_EQUAL_FATAL(meso_drive_make(x, &p, out, NULL), MESO_OK);
  const meso_signal *z = &out->signal[0];
  const double base = (5 + 10 + 17 + 26) / 4.0; /* samples 2 .. 5 */
  CU_ASSERT_EQUAL_FATAL(z->n_times, 9);
  CU_ASSERT_STRING_EQUAL(z->units, "1");
  MESO_CHECK_CLOSE(4, z->sampling_rate_Hz, 1e-15, 0);
  MESO_CHECK_CLOSE(500, z->t_start_ms, 0, 0);
  MESO_CHECK_CLOSE(0.5 * ((1 + 2 + 0.5 * 5) / 2.5 / base - 1), z->data[0], 1e-14, 0);
  MESO_CHECK_CLOSE(0.5 * ((0.5 * 5 + 10 + 17) / 2.5 / base - 1), z->data[2], 1e-14, 0);
  MESO_CHECK_CLOSE(0.5 * ((401 + 442 + 0.5 * 485) / 2.5 / base - 1), z->data[16], 1e-14, 0);
  MESO_CHECK_WORST(k, 9, fabs(z->data[2 * k + 1]), 1e-15);
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&z->attrs, "source_units"), "nA");
  MESO_CHECK_CLOSE(0.5, meso_attrs_number(&z->attrs, "gain", NAN), 0, 0);
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

static void refuse(const meso_signal *x, meso_drive_params p, meso_status want, const char *a,
                   const char *b)
{
  meso_err err = {0};
  meso_signals *out = container();
  CU_ASSERT_EQUAL(meso_drive_make(x, &p, out, &err), want);
  if (strstr(err.msg, a) == NULL || strstr(err.msg, b) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT(strstr(err.msg, a) != NULL && strstr(err.msg, b) != NULL);
  CU_ASSERT_EQUAL(out->n, 0);
  meso_signals_destroy(out);
}

static void test_drive_refusals(void)
{
  const meso_drive_params good = {.gain = 1, .dt_s = 0.1, .baseline_stop_s = 1};
  meso_drive_params p = good;
  meso_signals *s = container();
  meso_signal *x = add(s, 30, 2, 10), *none = NULL;
  for (size_t i = 0; i < 60; i++) x->data[i] = 1;
  p.baseline_stop_s = 4.5;
  refuse(x, p, MESO_ERANGE, "recording of 3 s", "4.5 s");
  p.baseline_start_s = 5;
  p.baseline_stop_s = 7;
  refuse(x, p, MESO_ERANGE, "recording of 3 s", "7 s");
  p.baseline_stop_s = 5;
  refuse(x, p, MESO_ERANGE, "baseline from 5 s", "end later");
  p.baseline_start_s = -1;
  refuse(x, p, MESO_ERANGE, "baseline from -1 s", ">= 0 s");
  p.baseline_start_s = 0.11;
  p.baseline_stop_s = 0.19;
  refuse(x, p, MESO_ERANGE, "no sample", "10 Hz");
  p = good;
  p.dt_s = 0;
  refuse(x, p, MESO_ERANGE, "dt_s 0 s", "> 0 s");
  p.dt_s = 4;
  refuse(x, p, MESO_ERANGE, "recording of 3 s", "4 s");
  for (size_t i = 0; i < 10; i++) x->data[2 * i + 1] = i % 2 ? 1 : -1;
  refuse(x, good, MESO_EINVAL, "region 1", "mean is 0");
  x->data[1] = NAN;
  refuse(x, good, MESO_EINVAL, "region 1", "nan");
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "empty", "nA", 0, 1, 10, 0, &none, NULL), MESO_OK);
  refuse(none, good, MESO_ERANGE, "recording of 0 s", "1 s");
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"plateaus of friston2003 equal the analytic steady states", test_steady_states},
    {"tiny drives see the gain of the linearised model", test_dc_gain},
    {"largest flow is the oscillator's overshoot; above 2 there is a warning", test_flow_report},
    {"every model: rest stays rest, floor(T / TR) + 1 samples", test_every_model},
    {"every model is as linear as it declares; regions are independent", test_linearity},
    {"every model refuses input that is not finite or empty, and a bad TR", test_bad_input},
    {"drive: box averages relative to the baseline", test_drive},
    {"drive: refusals name the needed seconds", test_drive_refusals},
    {NULL, NULL}};
  return meso_test_main("bold", tests);
}
