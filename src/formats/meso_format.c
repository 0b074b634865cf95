/* meso_format.c: looks formats up in the list that the Makefile's rows generate. */
#include "meso_format.h"

#include <string.h>
#include <sys/stat.h>

#define MESO_FORMAT(id) extern const meso_format meso_format_##id;
#include "meso_format_list.inc"
#undef MESO_FORMAT

static const meso_format *const format_table[] = {
#define MESO_FORMAT(id) &meso_format_##id,
#include "meso_format_list.inc"
#undef MESO_FORMAT
  NULL
};

const char *meso_content_name(meso_content content)
{
  static const char *const name[] = {
    [MESO_CONTENT_NETWORK] = "a network", [MESO_CONTENT_SPIKES] = "spikes",
    [MESO_CONTENT_SIGNALS] = "signals", [MESO_CONTENT_KERNELS] = "LFP kernels"};
  return name[content];
}

size_t meso_format_count(void) { return sizeof format_table / sizeof format_table[0] - 1; }

const meso_format *meso_format_at(size_t i)
{
  return i < meso_format_count() ? format_table[i] : NULL;
}

const meso_format *meso_format_by_name(const char *name)
{
  for (size_t i = 0; i < meso_format_count(); i++)
    if (strcmp(format_table[i]->name, name) == 0) return format_table[i];
  return NULL;
}

/** Whether the path ends in one of the format's endings. */
static bool ends_as(const char *path, const meso_format *f)
{
  struct stat st;
  const bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  const size_t n_path = strlen(path);
  for (const char *e = f->ending; *e != '\0'; e += *e == '|') {
    const size_t n = strcspn(e, "|");
    if (folder && n == 1 && *e == '/') return true;
    if (!folder && n_path >= n && memcmp(path + n_path - n, e, n) == 0) return true;
    e += n;
  }
  return false;
}

static bool reads(const meso_format *f)
{
  return f->read_network != NULL || f->read_spikes != NULL || f->read_signals != NULL
    || f->read_kernels != NULL;
}

/** Whether a file that is there is to be read in a format that is told by its name. */
static bool is_named(const char *path, const meso_format *f)
{
  return f->kind == NULL && reads(f) && ends_as(path, f)
    && (f->recognises == NULL || f->recognises(path));
}

meso_status meso_format_of_file(const char *path, const meso_format **ret_format, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64] = "";
  *ret_format = NULL;
  for (size_t i = 0; i < meso_format_count() && *ret_format == NULL; i++)
    if (is_named(path, format_table[i]))
      *ret_format = format_table[i];
  if (*ret_format != NULL) goto cleanup;
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  for (size_t i = 0; i < meso_format_count(); i++)
    if (format_table[i]->kind != NULL && strcmp(kind, format_table[i]->kind) == 0)
      *ret_format = format_table[i];
  if (*ret_format == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: holds neither a network nor spikes nor a recording%s%s", path,
              kind[0] != '\0' ? ", but " : "", kind);
cleanup:
  return status;
}

meso_status mesoi_format_warn_of_end(meso_spikes *spikes, meso_err *err)
{
  return meso_attrs_warn(&spikes->attrs, "the file does not say how long was recorded: taken to "
                         "the last spike", err);
}

bool meso_format_writes(const meso_format *f)
{
  return f->write_network != NULL || f->write_spikes != NULL || f->write_signals != NULL
    || f->write_kernels != NULL;
}

const meso_format *meso_format_also(const char *path, meso_content content)
{
  for (size_t i = 0; i < meso_format_count(); i++) {
    const meso_format *f = format_table[i];
    if (f->content == content && is_named(path, f)) return f;
  }
  return NULL;
}

const meso_format *meso_format_to_write(const char *path, meso_content content)
{
  for (size_t i = 0; i < meso_format_count(); i++) {
    const meso_format *f = format_table[i];
    if (f->content == content && meso_format_writes(f) && ends_as(path, f)) return f;
  }
  return NULL;
}
