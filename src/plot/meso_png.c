/* meso_png.c: PNG files in memory, through libpng, with text chunks. */
#include "meso_canvas.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void write_bytes(png_structp png, png_bytep data, png_size_t n)
{
  if (!meso_bytes_append(png_get_io_ptr(png), data, n)) png_error(png, "out of memory");
}

static void flush_nothing(png_structp png) { (void) png; }

static void note_error(png_structp png, png_const_charp message)
{
  char *text = png_get_error_ptr(png);
  strncpy(text, message, 127);
  png_longjmp(png, 1);
}

/* All entries as iTXt, whose text is UTF-8 and may be long. */
static void set_texts(png_structp png, png_infop info, const char *title, const char *provenance)
{
  char date[32] = "";
  const char *epoch = getenv("SOURCE_DATE_EPOCH");
  if (epoch != NULL) {
    time_t when = (time_t) strtoll(epoch, NULL, 10);
    struct tm utc;
    if (gmtime_r(&when, &utc) != NULL) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
  }
  const char *key[4] = { "Software", "Title", "Provenance", "Creation Time" };
  const char *value[4] = { "mesocast", title, provenance, date[0] != '\0' ? date : NULL };
  png_text text[4];
  int n = 0;
  memset(text, 0, sizeof text);
  for (int i = 0; i < 4; i++) {
    if (value[i] == NULL) continue;
    text[n].compression = PNG_ITXT_COMPRESSION_NONE;
    text[n].key = (png_charp) (void *) (size_t) key[i];
    text[n].text = (png_charp) (void *) (size_t) value[i];
    text[n].itxt_length = strlen(value[i]);
    n++;
  }
  png_set_text(png, info, text, n);
}

/* Everything that may jump on an error; holds no variable that a jump could spoil. */
static bool write_image(png_structp png, png_infop info, size_t width, size_t height,
                        const unsigned char *rgb, const char *title, const char *provenance)
{
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_IHDR(png, info, (png_uint_32) width, (png_uint_32) height, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_pHYs(png, info, 11811, 11811, PNG_RESOLUTION_METER); /* 300 dpi */
  set_texts(png, info, title, provenance);
  png_write_info(png, info);
  for (size_t row = 0; row < height; row++) png_write_row(png, rgb + 3 * width * row);
  png_write_end(png, info);
  return true;
}

meso_status meso_png_encode(size_t width, size_t height, const unsigned char *rgb,
                            const char *title, const char *provenance, meso_bytes *bytes,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  char message[128] = "";
  png_infop info = NULL;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, note_error, NULL);
  if (png == NULL || (info = png_create_info_struct(png)) == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot start a PNG of %zu x %zu pixels", width, height);
  png_set_write_fn(png, bytes, write_bytes, flush_nothing);
  if (!write_image(png, info, width, height, rgb, title, provenance))
    MESO_FAIL(err, MESO_ENOMEM, "cannot write a PNG of %zu x %zu pixels: %s", width, height,
              message);
cleanup:
  if (png != NULL) png_destroy_write_struct(&png, &info);
  return status;
}
