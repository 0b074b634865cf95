/* test_hrf.c: response functions against vectors of other programs and closed forms. */
#include "forward_run.h"
#include "meso_hrf.h"

/* nilearn's documented vectors for t_r = 2, oversampling = 1, 20 s: ten points from 0 to 20 s, the
 * function one sample (2 s) late, divided by the sum. */
static void check_nilearn(const char *model, const double *want)
{
  const meso_forward_ops *ops = meso_forward_by_name(model);
  meso_double_gamma p = {0};
  double h[10], sum = 0;
  CU_ASSERT_EQUAL_FATAL(meso_params_default(ops->params, &p, NULL), MESO_OK);
  for (int i = 0; i < 10; i++) sum += h[i] = meso_double_gamma_at(&p, 20.0 / 9 * i - 2);
  for (int i = 0; i < 10; i++) MESO_CHECK_CLOSE(want[i], h[i] / sum, 0, 5.1e-4);
}

static void test_vectors(void)
{
  static const double spm[10] = {0, 0, 0.161, 0.443, 0.335, 0.139, 0.022, -0.028, -0.040, -0.033};
  static const double glover[10] = {0, 0, 0.226, 0.741, 0.5, 0.037, -0.181, -0.176, -0.103,
                                    -0.045};
  check_nilearn("hrf", spm);
  check_nilearn("glover", glover);
}

static void test_area(void)
{
  static const char *const area[] = {"normalisation", "area", NULL};
  static const char *const model[3] = {"hrf", "glover", "volterra"};
  for (int m = 0; m < 3; m++) {
    meso_signals *s = forward_container();
    meso_signal *x = forward_drive(s, 1000, 1, 10);
    for (size_t i = 0; i < 1000; i++) x->data[i] = 1;
    meso_signals *out = forward_response(model[m], area, x, 0.9, 2);
    MESO_CHECK_CLOSE(1, out->signal[0].data[out->signal[0].n_times - 1], 1e-12, 0);
    meso_signals_destroy(out);
    meso_signals_destroy(s);
  }
}

/* Short pulses of area 1 show the function itself; its peak is 1 /s. */
static void test_peak(void)
{
  static const char *const peak[] = {"normalisation", "peak", NULL};
  static const char *const model[3] = {"hrf", "glover", "volterra"};
  for (int m = 0; m < 3; m++) {
    meso_signals *s = forward_container();
    meso_signal *x = forward_drive(s, 2000, 1, 100);
    x->data[0] = 100;
    meso_signals *out = forward_response(model[m], peak, x, 0.01, 2);
    double largest = 0;
    for (size_t k = 0; k < out->signal[0].n_times; k++)
      largest = fmax(largest, out->signal[0].data[k]);
    MESO_CHECK_CLOSE(1, largest, 1e-4, 0);
    meso_signals_destroy(out);
    meso_signals_destroy(s);
  }
}

static void write_text(const char *text)
{
  FILE *f = fopen("test_hrf.txt", "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
}

/* Two regions with triangles of their own: the step response is the triangle's integral. */
static void test_file(void)
{
  static const char *const sets[] = {"file", "test_hrf.txt", "normalisation", "none", "amplitude",
                                     "2", NULL};
  static const char *const area[] = {"file", "test_hrf.txt", NULL};
  write_text("time, a, b\n# seconds\n0, 0, 0\n2, 1, 0.5\n\n6, 0, -0.5\r\n");
  meso_signals *s = forward_container();
  meso_signal *x = forward_drive(s, 100, 2, 10);
  for (size_t i = 0; i < 200; i++) x->data[i] = 1;
  meso_signals *out = forward_response("hrf_file", sets, x, 0.35, 2);
  const double *y = out->signal[0].data;
  for (size_t k = 0; k < out->signal[0].n_times; k++) {
    const double t = 0.35 * (double) k, u = fmin(t, 6) - 2;
    const double a = t < 2 ? t * t / 4 : 1 + u - u * u / 8;
    const double b = t < 2 ? t * t / 8 : 0.5 + 0.5 * u - u * u / 8;
    MESO_CHECK_CLOSE(2 * a, y[2 * k], 1e-6, 1e-6);
    MESO_CHECK_CLOSE(2 * b, y[2 * k + 1], 1e-6, 1e-6);
  }
  meso_signals_destroy(out);
  out = forward_container();
  write_text("0 0\n2 1\n4 0\n");
  CU_ASSERT_EQUAL(forward_apply("hrf_file", area, x, 10, 2, out, NULL), MESO_OK);
  MESO_CHECK_CLOSE(1, out->signal[0].data[2], 1e-12, 0);
  meso_signals_destroy(out);
  meso_signals_destroy(s);
}

static void test_refusals(void)
{
  static const struct { const char *text, *a, *b; meso_status status; } bad[] = {
    {"0 0\n1 x\n", "test_hrf.txt:2", "finite", MESO_EFORMAT},
    {"0 0\n1 nan\n", "test_hrf.txt:2", "finite", MESO_EFORMAT},
    {"0 0\n1 1 1\n", "test_hrf.txt:2", "3 columns", MESO_EFORMAT},
    {"0\n1\n", "test_hrf.txt:1", "1 columns", MESO_EFORMAT},
    {"0 0\n1 1\n1 2\n", "test_hrf.txt:3", "1 s", MESO_EINVAL},
    {"-1 0\n1 1\n", "-1 s", "before 0", MESO_EINVAL},
    {"0 1\n", "two rows", "", MESO_EFORMAT},
    {"", "two rows", "", MESO_EFORMAT},
    {"0 1 1 1\n1 0 0 0\n", "3 regions", "drive has 2", MESO_EINVAL},
    {"0 0 0\n1 1 -1\n2 0 0\n", "region 1", "area -1", MESO_EINVAL}};
  static const char *const sets[] = {"file", "test_hrf.txt", NULL};
  meso_signals *s = forward_container(), *out = forward_container();
  meso_signal *x = forward_drive(s, 100, 2, 10);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    meso_err err = {0};
    write_text(bad[i].text);
    CU_ASSERT_EQUAL(forward_apply("hrf_file", sets, x, 1, 1, out, &err), bad[i].status);
    if (strstr(err.msg, bad[i].a) == NULL || strstr(err.msg, bad[i].b) == NULL)
      printf("# %s\n", err.msg);
    CU_ASSERT(strstr(err.msg, bad[i].a) != NULL && strstr(err.msg, bad[i].b) != NULL);
  }
  meso_err err = {0};
  CU_ASSERT_EQUAL(forward_apply("hrf_file", NULL, x, 1, 1, out, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "file=NAME"));
  CU_ASSERT_EQUAL(forward_apply("volterra", (const char *[]) {"tau_flow_s", "3", NULL}, x, 1, 1,
                                out, &err), MESO_ERANGE);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "tau_flow_s = 3 s"));
  CU_ASSERT_EQUAL(out->n, 0);
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

/* 70000 samples of 100 regions come in two slabs; one region alone comes in one. */
static void test_threads_and_slabs(void)
{
  enum { N = 70000, REGIONS = 100 };
  meso_signals *s = forward_container(), *one = forward_container();
  meso_signal *x = forward_drive(s, N, REGIONS, 100), *y = forward_drive(one, N, 1, 100);
  for (size_t i = 0; i < N * REGIONS; i++) x->data[i] = (double) (i * i % 101);
  for (size_t i = 0; i < N; i++) y->data[i] = x->data[i * REGIONS + 77];
  meso_signals *a = forward_response("hrf", NULL, x, 7.003, 3);
  meso_signals *b = forward_response("hrf", NULL, x, 7.003, 1);
  meso_signals *c = forward_response("hrf", NULL, y, 7.003, 2);
  const double *p = a->signal[0].data, *q = c->signal[0].data;
  const size_t n = a->signal[0].n_times;
  CU_ASSERT(memcmp(p, b->signal[0].data, n * REGIONS * sizeof *p) == 0);
  MESO_CHECK_EACH(k, n, memcmp(&p[k * REGIONS + 77], &q[k], sizeof *p) == 0);
  meso_signals_destroy(a);
  meso_signals_destroy(b);
  meso_signals_destroy(c);
  meso_signals_destroy(one);
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"SPM's and Glover's functions equal nilearn's vectors", test_vectors},
    {"unit area", test_area},
    {"unit peak", test_peak},
    {"functions from a file, one for each region", test_file},
    {"bad files and constants are refused", test_refusals},
    {"threads and slabs give the same bits", test_threads_and_slabs},
    {NULL, NULL}};
  return meso_test_main("hrf", tests);
}
