/* test_laminar.c: laminar BOLD with draining veins against its tabulated and analytic steady states
 * and against GSL's integrator in the plain states. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>

#include "forward_run.h"

/* Response after 300 s of constant flow in each of K depths, in per cent; y has room for K. */
static meso_signals *plateau(const char *k2d, size_t K, const double *flow, double *y)
{
  const char *const sets[] = {"k2d", k2d, "neurovascular", "direct", "step_s", "0.05", NULL};
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 600, K, 2);
  for (size_t i = 0; i < 600 * K; i++) x->data[i] = flow[i % K] - 1;
  meso_signals *out = forward_response("havlicek2020", sets, x, 300, 1);
  for (size_t k = 0; k < K; k++) y[k] = 100 * out->signal[0].data[K + k];
  meso_signals_destroy(s);
  return out;
}

static void test_table(void)
{
  static const struct { const char *k2d; size_t K, active; double want[6]; } row[] = {
    {"corrected", 4, 0, {4.770, 4.125, 3.479, 2.831}},
    {"authors", 4, 0, {4.814, 4.160, 3.504, 2.848}},
    {"authors", 3, 0, {4.705, 3.832, 2.957}},
    {"authors", 6, 0, {4.923, 4.487, 4.051, 3.614, 3.176, 2.738}},
    {"authors", 4, 3, {1.101, 1.117, 1.146, 2.848}},
    {"authors", 6, 5, {0.793, 0.810, 0.836, 0.875, 0.944, 2.738}}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    double flow[6], y[6];
    for (size_t k = 0; k < 6; k++) flow[k] = k >= row[i].active ? 1.6 : 1;
    meso_signals_destroy(plateau(row[i].k2d, row[i].K, flow, y));
    for (size_t k = 0; k < row[i].K; k++) MESO_CHECK_CLOSE(row[i].want[k], y[k], 0, 6e-4);
  }
}

static void test_constants(void)
{
  static const struct { const char *key; double want; } row[] = {
    {"epsilon_v", 0.2706}, {"epsilon_d", 0.2334}, {"k1v", 7.295}, {"k2v", 0.605}, {"k3v", 0.729},
    {"k1d", 7.921}, {"k2d_used", 0.615}, {"k3d", 0.767}};
  const double flow[2] = {1.2, 1.2};
  double y[2];
  meso_signals *out = plateau("authors", 2, flow, y);
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
    MESO_CHECK_CLOSE(row[i].want, meso_attrs_number(&out->signal[0].attrs, row[i].key, NAN), 0,
                     6e-4);
  meso_signals_destroy(out);
}

/* Ten depths of different flow: what flows in flows out, volume is inflow^alpha, and a vein carries
 * the oxygen-poor blood of all venules below: closed form. */
static void test_conservation(void)
{
  enum { K = 10 };
  double flow[K], y[K], blood = 0, content = 0, F0 = 0;
  for (size_t k = 0; k < K; k++) flow[k] = 1.1 + 0.07 * (double) ((k * 7) % K);
  meso_signals *out = plateau("corrected", K, flow, y);
  const meso_attrs *a = &out->signal[0].attrs;
  double sum_d = 0;
  for (size_t k = 0; k < K; k++) sum_d += 10 + 0.3 * 10 * ((double) k + 0.5);
  for (size_t k = K; k-- > 0; ) {
    const double F0v = 1.25 / K, V0v = 0.0125;
    const double V0d = 0.0125 * K * (10 + 0.3 * 10 * ((double) (K - k) - 0.5)) / sum_d;
    const double m = (flow[k] + 3) / 4, vv = pow(flow[k], 0.3), qv = m * vv / flow[k];
    F0 += F0v;
    blood += flow[k] * F0v;
    content += m * F0v;
    const double in = blood / F0, vd = pow(in, 0.2), qd = content / blood * vd;
    const double ev = meso_attrs_number(a, "epsilon_v", NAN);
    const double ed = meso_attrs_number(a, "epsilon_d", NAN);
    const double extra = meso_attrs_number(a, "k1v", NAN) * V0v * (1 - qv)
                         + meso_attrs_number(a, "k1d", NAN) * V0d * (1 - qd);
    const double intra = meso_attrs_number(a, "k2v", NAN) * V0v * (1 - qv / vv)
                         + meso_attrs_number(a, "k2d_used", NAN) * V0d * (1 - qd / vd)
                         + (1 - ev) * V0v * (1 - vv) + (1 - ed) * V0d * (1 - vd);
    const double want = ((1 - V0v - V0d) * extra + intra) / (1 - V0v - V0d + ev * V0v + ed * V0d);
    MESO_CHECK_CLOSE(100 * want, y[k], 1e-8, 0);
  }
  meso_signals_destroy(out);
}

/* ---- dynamics: three depths, vessels that deflate slower than they inflate ---- */

enum { D = 3, N = 6 }; /* a, f_a, v_v, q_v, v_d, q_d of each depth */
static const double V0v[D] = {1.25 / 3, 1.25 / 3, 1.25 / 3};

typedef struct system_params { double z[D], V0d[D]; } system_params;

static double out_of(double t0_s, double tau_in_s, double tau_de_s, double power, double in,
                     double v)
{
  const double e = pow(v, power), tau_s = in > e ? tau_in_s : tau_de_s;
  return (t0_s * e + tau_s * in) / (t0_s + tau_s);
}

static int rhs(double t, const double *x, double *d, void *context)
{
  const system_params *p = context;
  double F = 0, below = 0, carried = 0;
  (void) t;
  for (int k = D - 1; k >= 0; k--) {
    const double *s = x + N * k;
    double *c = d + N * k;
    const double F0 = F + V0v[k], t0d = p->V0d[k] / F0;
    c[0] = p->z[k] - 0.6 * s[0];
    c[1] = 1.5 * s[0] - 0.6 * (s[1] - 1);
    const double fv = out_of(1, 2, 8, 1 / 0.3, s[1], s[2]);
    c[2] = s[1] - fv;
    c[3] = (s[1] + 3) / 4 - fv * s[3] / s[2];
    const double in = (fv * V0v[k] + below) / F0, fd = out_of(t0d, 2, 30, 5, in, s[4]);
    c[4] = (in - fd) / t0d;
    c[5] = ((fv * V0v[k] * s[3] / s[2] + carried) / F0 - fd * s[5] / s[4]) / t0d;
    F = F0;
    below = fd * F0;
    carried = below * s[5] / s[4];
  }
  return GSL_SUCCESS;
}

static double signal_of(const meso_attrs *a, const system_params *p, int k, const double *s)
{
  const double Vv = 0.01 * D * V0v[k], Vd = 0.01 * D * p->V0d[k];
  const double ev = meso_attrs_number(a, "epsilon_v", NAN);
  const double ed = meso_attrs_number(a, "epsilon_d", NAN);
  return ((1 - Vv - Vd) * (meso_attrs_number(a, "k1v", NAN) * Vv * (1 - s[3])
                           + meso_attrs_number(a, "k1d", NAN) * Vd * (1 - s[5]))
          + meso_attrs_number(a, "k2v", NAN) * Vv * (1 - s[3] / s[2])
          + meso_attrs_number(a, "k2d_used", NAN) * Vd * (1 - s[5] / s[4])
          + (1 - ev) * Vv * (1 - s[2]) + (1 - ed) * Vd * (1 - s[4]))
         / (1 - Vv - Vd + ev * Vv + ed * Vd);
}

static void test_dynamics(void)
{
  static const char *const sets[] = {"tau_v_de_s", "8", "tau_d_de_s", "30", NULL};
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 60, D, 1);
  for (size_t i = 0; i < 60; i++)
    for (size_t k = 0; k < D; k++)
      x->data[D * i + k] = i >= 5 && i < 20 + 5 * k ? 0.08 + 0.03 * (double) k : 0;
  meso_signals *out = forward_response("havlicek2020", sets, x, 1, 1);
  const meso_attrs *a = &out->signal[0].attrs;
  system_params p = {.V0d = {0}};
  double weight = 0, state[D * N] = {0}, t = 0, worst = 0, peak = 0;
  for (int k = 0; k < D; k++) weight += p.V0d[k] = 10 + 0.3 * 100 * (D - k - 0.5) / D;
  for (int k = 0; k < D; k++) {
    p.V0d[k] *= 1.25 / weight;
    for (int i = 1; i < N; i++) state[N * k + i] = 1;
  }
  gsl_odeiv2_system system = {rhs, NULL, D * N, &p};
  gsl_odeiv2_driver *driver =
    gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, 1e-3, 1e-12, 1e-11);
  for (size_t i = 0; i < 60; i++) {
    for (size_t k = 0; k < D; k++) p.z[k] = x->data[D * i + k];
    CU_ASSERT_EQUAL_FATAL(gsl_odeiv2_driver_apply(driver, &t, (double) (i + 1), state), 0);
    for (int k = 0; k < D; k++) {
      const double y = signal_of(a, &p, k, state + N * k);
      worst = fmax(worst, fabs(y - out->signal[0].data[D * (i + 1) + (size_t) k]));
      peak = fmax(peak, fabs(y));
    }
  }
  const double estimate = meso_attrs_number(a, "step_error", NAN);
  printf("# %.3g of the peak of %.3g %%, estimate %.3g\n", worst / peak, 100 * peak, estimate);
  CU_ASSERT(peak > 0.005 && worst < 1e-6 * peak);
  CU_ASSERT(estimate > 0 && estimate < 1e-6);
  gsl_odeiv2_driver_free(driver);
  meso_signals_destroy(out);
  meso_signals_destroy(s);
}

/* A hundred depths have veins that are passed in 20 ms: the step follows. */
static void test_many_depths(void)
{
  static const char *const sets[] = {"step_s", "0.1", NULL};
  meso_signals *s = forward_container(), *out = NULL;
  meso_signal *x = forward_drive(s, 20, 100, 1);
  for (size_t i = 500; i < 2000; i++) x->data[i] = 0.1;
  out = forward_response("havlicek2020", sets, x, 0.7, 1);
  const meso_attrs *a = &out->signal[0].attrs;
  CU_ASSERT(meso_attrs_number(a, "step_used_s", NAN) < 0.01);
  CU_ASSERT(meso_attrs_number(a, "step_error", NAN) < 1e-6);
  const double *y = out->signal[0].data + 100 * (out->signal[0].n_times - 1);
  MESO_CHECK_EACH(k, 99, y[k] > y[k + 1]);
  meso_signals_destroy(out);
  meso_signals_destroy(s);
}

static void test_refusals(void)
{
  meso_signals *s = forward_container(), *out = forward_container();
  meso_signal *x = forward_drive(s, 100, 4, 10);
  meso_err err = {0};
  for (size_t i = 0; i < 100; i++) x->data[4 * i + 2] = -1.2;
  CU_ASSERT_EQUAL(forward_apply("havlicek2020", NULL, x, 1, 1, out, &err), MESO_ENUMERIC);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "depth 3"));
  CU_ASSERT_EQUAL(forward_apply("havlicek2020",
                                (const char *[]) {"neurovascular", "direct", NULL}, x, 1, 1, out,
                                &err), MESO_ENUMERIC);
  CU_ASSERT_EQUAL(out->n, 0);
  for (size_t i = 0; i < 400; i++) x->data[i] = 0.5;
  CU_ASSERT_EQUAL(forward_apply("havlicek2020", NULL, x, 1, 1, out, &err), MESO_OK);
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(&out->signal[0].attrs, "warning"));
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

int main(void)
{
  static const meso_test tests[] = {
    {"steady states equal the tables, corrected and as in the authors' code", test_table},
    {"constants of the signal equal the table", test_constants},
    {"ten depths: blood and deoxyhaemoglobin are conserved", test_conservation},
    {"dynamics equal GSL's rk8pd in the plain states", test_dynamics},
    {"a hundred depths", test_many_depths},
    {"flows that leave the model are refused or warned of", test_refusals},
    {NULL, NULL}};
  return meso_test_main("laminar", tests);
}
