/* test_signal_table.c: signals as text, read back. */
#include <stdlib.h>
#include <string.h>

#include "forward_run.h"
#include "meso_io.h"
#include "meso_signal_table.h"
#include "meso_text_table.h"

enum { N = 5, C = 3 };

/* Values that need all their digits, and extremes. */
static meso_signals *make_signals(void)
{
  static const double special[] = {0.1, -1.0 / 3, 5e-324, 1.7976931348623157e308, 0};
  meso_signals *s = forward_container();
  meso_signal *y = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", N, C, 1 / 0.7, 300, &y, NULL), MESO_OK);
  for (size_t i = 0; i < N * C; i++) y->data[i] = special[i % N] * (i % 2 == 0 ? 1 : -0.7);
  CU_ASSERT_EQUAL(meso_signal_set_label(y, 0, "V1, \"left\"", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_signal_set_label(y, 2, "a\tb\nc", NULL), MESO_OK);
  return s;
}

static void test_values(void)
{
  static const char *const path[] = {"test_signal_table.csv", "test_signal_table.tsv"};
  static const char *const head[] = {"time_s,\"V1, \"\"left\"\"\",channel 2,a b c\n",
                                     "time_s\tV1, \"left\"\tchannel 2\ta b c\n"};
  meso_signals *s = make_signals();
  const meso_signal *y = &s->signal[0];
  for (int i = 0; i < 2; i++) {
    meso_text_table t = {0};
    char *text = NULL;
    CU_ASSERT(meso_signal_table_is_name(path[i]));
    CU_ASSERT_EQUAL_FATAL(meso_signal_table_write(path[i], y, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_file_read(path[i], 1 << 20, &text, NULL, NULL), MESO_OK);
    CU_ASSERT(strncmp(text, head[i], strlen(head[i])) == 0);
    free(text);
    CU_ASSERT_EQUAL_FATAL(meso_text_table_read(path[i], &t, NULL), MESO_OK);
    CU_ASSERT_FATAL(t.n_rows == N && t.n_columns == C + 1);
    for (size_t k = 0; k < N; k++) {
      MESO_CHECK_CLOSE(0.3 + 0.7 * (double) k, t.data[k * (C + 1)], 1e-15, 0);
      MESO_CHECK_EACH(c, C, memcmp(&t.data[k * (C + 1) + 1 + c], &y->data[k * C + c], 8) == 0);
    }
    meso_text_table_clear(&t);
  }
  meso_signals_destroy(s);
}

static void test_refusals(void)
{
  meso_signals *s = make_signals();
  CU_ASSERT(!meso_signal_table_is_name("x.txt") && !meso_signal_table_is_name(".csv"));
  CU_ASSERT_EQUAL(meso_signal_table_write("x.txt", &s->signal[0], NULL), MESO_EUSAGE);
  CU_ASSERT_EQUAL(meso_signal_table_write("/no/such/x.csv", &s->signal[0], NULL), MESO_ENOTFOUND);
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"tables read back to the same bits", test_values},
    {"names and places that are refused", test_refusals},
    {NULL, NULL}};
  return meso_test_main("signal_table", tests);
}
