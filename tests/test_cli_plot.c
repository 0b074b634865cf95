/* The command plot: every figure in every format from a run of the toy model; what a PNG holds. */
#include "cli_run.h"

#include <png.h>

#define TOY "\"$TOY\" --set simulation.duration_ms=8000"
#define FILES \
  "run/spikes.h5 run/lfp.h5 run/currents.h5 run/bold.h5 run/analysis.h5 run/kernels.h5 --model " \
  "\"$TOY\""

static char folder[PATH_MAX];

static void make_run(void)
{
  cli_enter(folder);
  cli_expect(0, "run " TOY " --set lfp.method=neuron --set lfp.approximations=true "
                "--set lfp.proxies=true -o run --quiet");
}

static void remove_run(void) { cli_leave(folder); }

static char *slurp(const char *path, size_t *ret_n)
{
  FILE *from = fopen(path, "rb");
  char *bytes = NULL;
  size_t room = 1 << 26;
  *ret_n = 0;
  if (from == NULL) return NULL;
  bytes = malloc(room);
  if (bytes != NULL) {
    *ret_n = fread(bytes, 1, room - 1, from);
    bytes[*ret_n] = '\0';
  }
  fclose(from);
  return bytes;
}

/* ---- what the files hold ------------------------------------------------------------------- */

/* Each of the three has its magic bytes, its end, and a size that nothing empty has. */
static void check_bytes(const char *path, const char *magic, size_t n_magic, const char *end)
{
  size_t n = 0;
  char *bytes = slurp(path, &n);
  CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
  const size_t n_end = strlen(end);
  if (n <= 3000) printf("# %s: %zu bytes\n", path, n);
  CU_ASSERT(n > 3000);
  CU_ASSERT(n > n_magic && memcmp(bytes, magic, n_magic) == 0);
  size_t trimmed = n;
  while (trimmed > 0 && bytes[trimmed - 1] == '\n') trimmed--;
  CU_ASSERT(trimmed >= n_end && memcmp(bytes + trimmed - n_end, end, n_end) == 0);
  free(bytes);
}

/* Text under a keyword of a PNG, or "". */
static const char *text_chunk(png_structp png, png_infop info, const char *keyword)
{
  png_textp text = NULL;
  int n = 0;
  png_get_text(png, info, &text, &n);
  for (int i = 0; i < n; i++)
    if (strcmp(text[i].key, keyword) == 0) return text[i].text;
  return "";
}

/* Share of pixels that are not of the colour of the first one. */
static double inked(png_structp png, png_infop info)
{
  const size_t rows = png_get_image_height(png, info), n = png_get_rowbytes(png, info) / 3;
  png_bytepp row = png_get_rows(png, info);
  size_t n_inked = 0;
  for (size_t y = 0; y < rows; y++)
    for (size_t x = 0; x < n; x++) n_inked += memcmp(row[y] + 3 * x, row[0], 3) != 0;
  return (double) n_inked / (double) (rows * n);
}

static void check_png(const char *path, const char *provenance)
{
  FILE *from = fopen(path, "rb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(from);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  CU_ASSERT_FATAL(png != NULL && info != NULL);
  if (setjmp(png_jmpbuf(png)) == 0) {
    png_init_io(png, from);
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    CU_ASSERT_EQUAL(png_get_color_type(png, info), PNG_COLOR_TYPE_RGB);
    CU_ASSERT(png_get_image_width(png, info) > 500 && png_get_image_height(png, info) > 300);
    const double share = inked(png, info);
    if (share < 0.005) printf("# %s: %.4f of the pixels are inked\n", path, share);
    CU_ASSERT(share > 0.005);
    CU_ASSERT_STRING_EQUAL(text_chunk(png, info, "Provenance"), provenance);
    CU_ASSERT_STRING_EQUAL(text_chunk(png, info, "Software"), "mesocast");
    CU_ASSERT(text_chunk(png, info, "Title")[0] != '\0');
  } else {
    CU_FAIL("libpng cannot read the file");
  }
  png_destroy_read_struct(&png, &info, NULL);
  fclose(from);
}

/* ---- every figure -------------------------------------------------------------------------- */

static void draw(const char *figure, const char *ending, char path[64])
{
  char arguments[1024];
  int code = -1;
  snprintf(path, 64, "%s.%s", figure, ending);
  snprintf(arguments, sizeof arguments, "plot " FILES " --figure %s -o %s", figure, path);
  json_t *object = cli_json(arguments, &code);
  if (code != 0) printf("# %s: %s\n", path, cli_text(object, "error"));
  CU_ASSERT_EQUAL(code, 0);
  CU_ASSERT_STRING_EQUAL(cli_text(object, "figure"), figure);
  CU_ASSERT(json_integer_value(json_object_get(object, "n_marks")) > 0);
  json_decref(object);
}

static void check_figure(const char *figure)
{
  char path[64], provenance[PATH_MAX + 512];
  draw(figure, "svg", path);
  check_bytes(path, "<?xml", 5, "</svg>");
  draw(figure, "pdf", path);
  check_bytes(path, "%PDF-", 5, "%%EOF");
  draw(figure, "png", path);
  check_bytes(path, "\x89PNG\r\n\x1a\n", 8, "IEND\xae\x42\x60\x82");
  snprintf(provenance, sizeof provenance, "mesocast plot run/spikes.h5 run/lfp.h5 run/currents.h5 "
           "run/bold.h5 run/analysis.h5 run/kernels.h5 --model %s --figure %s -o %s --json",
           getenv("TOY"), figure, path);
  check_png(path, provenance);
}

/* Whether the files of a run have what a figure needs; if not, plot says so. */
static bool is_of_a_run(const char *figure)
{
  static const char *const other[] = {"cross_correlogram", "sttc", "correlation_distance",
                                      "spike_field", "spike_spectrum", "spike_coherence",
                                      "synchrony",
                                      "distributions", "trials",
                                      "fano_windows", "bold_states", "bold_layers", "bold_drives",
                                      "connectivity", "granger", "canonical_coherence",
                                      "lines", "field_distance", "spectrogram", "envelope",
                                      "significance", "comparison", "ensemble"};
  char arguments[256];
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    if (strcmp(figure, other[i]) != 0) continue;
    snprintf(arguments, sizeof arguments, "plot " FILES " --figure %s -o other.svg", figure);
    cli_expect(3, arguments);
    CU_ASSERT(cli_said("not the data for figure"));
    return false;
  }
  return true;
}

static void test_every_figure(void)
{
  int code = -1;
  size_t i = 0;
  json_t *figure = NULL, *models = cli_json("models", &code);
  const json_t *list = json_object_get(models, "figures");
  CU_ASSERT(json_array_size(list) >= 11);
  json_array_foreach(list, i, figure) {
    if (is_of_a_run(cli_text(figure, "name"))) check_figure(cli_text(figure, "name"));
  }
  json_decref(models);
}

static void test_default_figure(void)
{
  static const struct { const char *files, *figure; } row[] = {
    { "run/spikes.h5", "raster" }, { "run/bold.h5", "bold" }, { "\"$TOY\"", "network" },
    { "run/spikes.h5 \"$TOY\"", "raster" },
  };
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    char arguments[256];
    int code = -1;
    snprintf(arguments, sizeof arguments, "plot %s -o default.svg", row[i].files);
    json_t *object = cli_json(arguments, &code);
    CU_ASSERT_STRING_EQUAL(cli_text(object, "figure"), row[i].figure);
    json_decref(object);
  }
}

static void test_same_bytes(void)
{
  size_t n = 0, m = 0;
  cli_expect(0, "plot run/lfp.h5 --figure lfp -o same.png");
  char *a = slurp("same.png", &n);
  cli_expect(0, "plot run/lfp.h5 --figure lfp -o same.png");
  char *b = slurp("same.png", &m);
  CU_ASSERT(a != NULL && b != NULL && n == m && memcmp(a, b, n) == 0);
  free(a);
  free(b);
}

static void test_refusals(void)
{
  cli_expect(2, "plot run/spikes.h5 -o figure.gif");
  cli_expect(2, "plot run/spikes.h5 --figure rastr -o figure.png");
  CU_ASSERT(cli_said("did you mean raster"));
  cli_expect(3, "plot run/spikes.h5 --figure bold -o figure.png");
  cli_expect(3, "plot \"$REFERENCE/lfp/population_reference.h5\" -o figure.png");
  cli_expect(2, "plot run/spikes.h5 run/spikes.h5 -o figure.png");
  cli_expect(3, "plot no_such_file.h5 -o figure.png");
  struct stat st;
  CU_ASSERT_NOT_EQUAL(stat("figure.png", &st), 0);
}

int main(void)
{
  static const meso_test tests[] = {
    { "a run of the toy model", make_run },
    { "every figure in every format", test_every_figure },
    { "default figure of a file", test_default_figure },
    { "the same bytes twice", test_same_bytes },
    { "refusals leave no file", test_refusals },
    { "remove the run", remove_run },
    { NULL, NULL },
  };
  return meso_test_main("plot command", tests);
}
