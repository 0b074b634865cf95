/* test_recording.c: the recording chain against the gains of its filters, and the density of
 * current sources against sources that are known. */
#include <stdlib.h>
#include <string.h>

#include "meso_csd.h"
#include "meso_recording.h"
#include "meso_test.h"

static meso_signals *container(void)
{
  meso_signals *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  return s;
}

static meso_signal *add(meso_signals *s, size_t n, size_t n_channels)
{
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", n, n_channels, 1000, 0, &x, NULL), 0);
  x->position_um = meso_calloc(3 * n_channels, sizeof(double));
  for (size_t c = 0; c < n_channels; c++) x->position_um[3 * c + 2] = -100.0 * (double) c;
  return x;
}

/* Amplitude and phase of a sine of f_Hz in the second half of channel 0. */
static void fit_sine(const meso_signal *x, double f_Hz, double *amplitude, double *phase)
{
  double re = 0, im = 0, n = 0;
  for (size_t t = x->n_times / 2; t < x->n_times; t++, n++) { /* whole periods */
    re += x->data[t * x->n_channels] * sin(2 * M_PI * f_Hz * (double) t * 1e-3);
    im += x->data[t * x->n_channels] * cos(2 * M_PI * f_Hz * (double) t * 1e-3);
  }
  *amplitude = 2 * hypot(re, im) / n;
  *phase = atan2(im, re);
}

static double gain(double f_Hz, double corner_Hz, bool high, int order)
{
  const double r = tan(M_PI * f_Hz * 1e-3) / tan(M_PI * corner_Hz * 1e-3);
  return 1 / sqrt(1 + pow(high ? 1 / r : r, 2 * order));
}

/* Sines through every order of both filters, causal and zero phase. */
static void test_filters(void)
{
  static const double f_Hz[4] = {2, 10, 20, 90};
  for (int order = 1; order <= 8; order++)
    for (int k = 0; k < 4; k++)
      for (int phase = 0; phase < 2; phase++) {
        meso_signals *in = container(), *out = container();
        meso_signal *x = add(in, 20000, 1);
        for (int t = 0; t < 20000; t++) x->data[t] = 3 * sin(2 * M_PI * f_Hz[k] * t * 1e-3);
        const meso_recording_params p = {.high_pass_Hz = 5, .low_pass_Hz = 40, .order = order,
                                         .phase = phase, .seed = 1};
        CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&p, x, out, NULL), MESO_OK);
        double amplitude, shift, want = gain(f_Hz[k], 5, true, order) *
                                        gain(f_Hz[k], 40, false, order);
        if (phase == MESO_PHASE_ZERO) want *= want;
        fit_sine(&out->signal[0], f_Hz[k], &amplitude, &shift);
        if (phase == MESO_PHASE_CAUSAL) {
          MESO_CHECK_CLOSE(3 * want, amplitude, 1e-6, 1e-7);
        } else { /* the end is part of the second half */
          MESO_CHECK_CLOSE(3 * want, amplitude, 0.01, 2e-3);
          if (want > 0.1) MESO_CHECK_CLOSE(0, shift, 0, 0.01);
        }
        meso_signals_destroy(in);
        meso_signals_destroy(out);
      }
}

/* A constant passes a low-pass from the first sample on, and not a high-pass. */
static void test_constant(void)
{
  for (int phase = 0; phase < 2; phase++) {
    meso_signals *in = container(), *out = container();
    meso_signal *x = add(in, 500, 2);
    for (int i = 0; i < 1000; i++) x->data[i] = 7;
    meso_recording_params p = {.low_pass_Hz = 30, .order = 3, .phase = phase, .seed = 1};
    CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&p, x, out, NULL), MESO_OK);
    MESO_CHECK_WORST(i, 1000, fabs(out->signal[0].data[i] - 7), 1e-10);
    meso_signals_destroy(out);
    out = container();
    p = (meso_recording_params) {.high_pass_Hz = 30, .order = 3, .phase = phase, .seed = 1};
    CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&p, x, out, NULL), MESO_OK);
    MESO_CHECK_WORST(i, 1000, fabs(out->signal[0].data[i]), 1e-10);
    meso_signals_destroy(out);
    meso_signals_destroy(in);
  }
}

static void test_reference_and_noise(void)
{
  enum { N = 4096, C = 4 };
  meso_signals *in = container(), *out = container();
  meso_signal *x = add(in, N, C);
  for (size_t c = 0; c < C; c++) {
    char name[16];
    snprintf(name, sizeof name, "c%zu", c);
    CU_ASSERT_EQUAL(meso_signal_set_label(x, c, name, NULL), MESO_OK);
    for (size_t t = 0; t < N; t++) x->data[t * C + c] = (double) (c * c) + (double) t;
  }
  meso_recording_params p = {.order = 2, .reference = MESO_REFERENCE_AVERAGE, .seed = 3};
  CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&p, x, out, NULL), MESO_OK);
  MESO_CHECK_WORST(t, N, fabs(out->signal[0].data[t * C + 3] - (9 - 3.5)), 1e-9);
  meso_signals_destroy(out);
  out = container();
  p.reference = MESO_REFERENCE_BIPOLAR;
  CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&p, x, out, NULL), MESO_OK);
  const meso_signal *y = &out->signal[0];
  CU_ASSERT_EQUAL(y->n_channels, 3);
  MESO_CHECK_WORST(t, N, fabs(y->data[t * 3 + 2] - 5), 1e-9);
  CU_ASSERT(y->position_um[8] == -250 && strcmp(y->label[2], "c3-c2") == 0);
  meso_signals_destroy(out);
  out = container();
  memset(x->data, 0, N * C * sizeof *x->data);
  p = (meso_recording_params) {.order = 2, .noise_uV = 5, .seed = 3};
  CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&p, x, out, NULL), MESO_OK);
  double square = 0, product = 0, next = 0;
  y = &out->signal[0];
  for (size_t t = 0; t + 1 < N; t++) {
    square += y->data[t * C] * y->data[t * C] / N;
    product += y->data[t * C] * y->data[t * C + 1] / N;
    next += y->data[t * C] * y->data[(t + 1) * C] / N;
  }
  MESO_CHECK_CLOSE(25e-6, square, 0.1, 0);
  MESO_CHECK_CLOSE(0, product, 0, 2e-6);
  MESO_CHECK_CLOSE(0, next, 0, 2e-6);
  CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&y->attrs, "recording_chain"), "noise 5 uV"));
  meso_signals_destroy(in);
  meso_signals_destroy(out);
}

static void test_refusals(void)
{
  static const struct { meso_recording_params p; const char *message; } c[] = {
    {{.high_pass_Hz = 40, .low_pass_Hz = 20, .order = 2}, "below low_pass_Hz"},
    {{.low_pass_Hz = 500, .order = 2}, "half the sampling rate"},
    {{.order = 2, .reference = MESO_REFERENCE_BIPOLAR}, "one channel"}};
  for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
    meso_signals *in = container(), *out = container();
    meso_err err = {0};
    CU_ASSERT_NOT_EQUAL(meso_recording_apply(&c[k].p, add(in, 100, 1), out, &err), MESO_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, c[k].message));
    meso_signals_destroy(in);
    meso_signals_destroy(out);
  }
}

/* ---- current source density ----------------------------------------------------------------- */

enum { N_CONTACTS = 16, H_UM = 90 };

/* Profiles of slabs of 1 um: their potentials at the contacts, at depths 0, -90, ... */
static meso_signals *field_of(const meso_csd_params *p, double (*density)(double z_um))
{
  meso_signals *s = container();
  meso_signal *x = add(s, 2, N_CONTACTS);
  for (size_t c = 0; c < N_CONTACTS; c++) x->position_um[3 * c + 2] = -(double) H_UM * (double) c;
  for (size_t c = 0; c < N_CONTACTS; c++)
    for (int z = -3000; z < 1500; z++)
      x->data[c] += density(z + 0.5) * meso_csd_slab(p, z, z + 1, x->position_um[3 * c + 2]);
  for (size_t c = 0; c < N_CONTACTS; c++) x->data[N_CONTACTS + c] = -2 * x->data[c];
  return s;
}

/* A sink above a source, smooth. */
static double dipole(double z)
{
  const double a = (z + 500) / 120, b = (z + 950) / 150;
  return -4 * exp(-0.5 * a * a) + 3.2 * exp(-0.5 * b * b);
}

/* Constant about each contact. */
static double stairs(double z)
{
  const double k = floor(-z / H_UM + 0.5);
  return k >= 0 && k < N_CONTACTS ? sin(0.7 * k) + 0.2 * k : 0;
}

static double error_of(int method, double (*density)(double), meso_csd_params p)
{
  meso_signals *lfp = field_of(&p, density), *out = container();
  meso_err err = {0};
  double worst = 0, largest = 0;
  p.method = method;
  const meso_status st = meso_csd_apply(&p, &lfp->signal[0], out, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  const meso_signal *x = &out->signal[0];
  for (size_t c = 0; c < x->n_channels; c++) {
    const double want = density(x->position_um[3 * c + 2]);
    worst = fmax(worst, fabs(x->data[c] - want));
    largest = fmax(largest, fabs(want));
    MESO_CHECK_CLOSE(-2 * x->data[c], x->data[x->n_channels + c], 1e-9, 1e-12); /* linear */
  }
  CU_ASSERT_STRING_EQUAL(x->units, "uA/mm^3");
  meso_signals_destroy(lfp);
  meso_signals_destroy(out);
  return worst / largest;
}

static void test_density(void)
{
  const meso_csd_params narrow = {.sigma_S_per_m = 0.3, .radius_um = 300, .lambda = -1};
  const meso_csd_params wide = {.sigma_S_per_m = 0.3, .radius_um = 20000, .lambda = -1};
  const double step = error_of(MESO_CSD_STEP, stairs, narrow);
  const double spline = error_of(MESO_CSD_SPLINE, dipole, narrow);
  const double kernel = error_of(MESO_CSD_KERNEL, dipole, narrow);
  const double delta = error_of(MESO_CSD_DELTA, dipole, narrow);
  const double second = error_of(MESO_CSD_SECOND_DERIVATIVE, dipole, wide);
  const double second_narrow = error_of(MESO_CSD_SECOND_DERIVATIVE, dipole, narrow);
  printf("# step %.3g, spline %.3g, kernel %.3g, delta %.3g, second derivative %.3g (narrow "
         "%.3g)\n",
         step, spline, kernel, delta, second, second_narrow);
  CU_ASSERT(step < 1e-9);    /* exact for its own sources */
  CU_ASSERT(spline < 0.004 && kernel < 0.004);
  CU_ASSERT(delta < 0.25 && second < 0.12);
  CU_ASSERT(second_narrow > second); /* it takes sources to reach across */
}

/* The potential of a slab against that of its discs. */
static void test_slab(void)
{
  const meso_csd_params p = {.sigma_S_per_m = 0.3, .radius_um = 250};
  const double R = 250;
  double sum = 0;
  for (int k = 0; k < 100000; k++) {
    const double u = 37 - (-80 + 210 * (k + 0.5) / 100000);
    sum += 210.0 / 100000 * (hypot(u, R) - fabs(u)) / (2 * 0.3) * 1e-6;
  }
  MESO_CHECK_CLOSE(sum, meso_csd_slab(&p, -80, 130, 37), 1e-8, 0);
  /* on the axis in the middle of a slab as thick as it is wide, 1 uA/mm^3 and 0.3 S/m */
  CU_ASSERT(meso_csd_slab(&p, -250, 250, 0) > 0.08 && meso_csd_slab(&p, -250, 250, 0) < 0.2);
}

/* Noise: cross-validation smooths, and does better than no regularisation. */
static void test_cross_validation(void)
{
  const meso_csd_params p = {.method = MESO_CSD_KERNEL, .sigma_S_per_m = 0.3, .radius_um = 300,
                             .lambda = -1};
  meso_csd_params rough = p;
  double error[2] = {0};
  meso_signals *lfp = field_of(&p, dipole);
  meso_signal *x = &lfp->signal[0];
  rough.lambda = 1e-12;
  rough.width_um = 50;
  for (size_t c = 0; c < N_CONTACTS; c++) x->data[c] += 0.004 * (c % 2 ? 1 : -1) * (1 + c % 3);
  for (size_t c = 0; c < N_CONTACTS; c++) x->data[N_CONTACTS + c] = x->data[c];
  for (int k = 0; k < 2; k++) {
    meso_signals *out = container();
    CU_ASSERT_EQUAL_FATAL(meso_csd_apply(k == 0 ? &p : &rough, x, out, NULL), MESO_OK);
    for (size_t c = 0; c < N_CONTACTS; c++)
      error[k] = fmax(error[k], fabs(out->signal[0].data[c] - dipole(x->position_um[3 * c + 2])));
    if (k == 0)
      CU_ASSERT(meso_attrs_number(&out->signal[0].attrs, "cross_validation_rms_mV", 0) > 0);
    meso_signals_destroy(out);
  }
  printf("# error with noise: cross-validated %.3g, rough %.3g of 4\n", error[0], error[1]);
  CU_ASSERT(error[0] < 0.5 * error[1]);
  meso_signals_destroy(lfp);
}

int main(void)
{
  static const meso_test tests[] = {
    {"filters have the gain of their formula, and no lag with zero phase", test_filters},
    {"constants pass or not, from the first sample on", test_constant},
    {"references and noise", test_reference_and_noise},
    {"chains that make no sense are refused", test_refusals},
    {"potential of a slab", test_slab},
    {"source density of known sources", test_density},
    {"cross-validation smooths noise", test_cross_validation},
    {NULL, NULL}};
  return meso_test_main("recording", tests);
}
