/* cmd_info.c: what a file holds: kind, populations and rates, signals, arrays; a digest of all of
 * it but /provenance, equal for files that hold the same numbers. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"
#include "meso_io.h"

typedef struct options { bool digest; } options;

static const meso_param rows[] = {
  { .key = "digest", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
    .offset = offsetof(options, digest),
    .help = "print only the SHA-256 of all datasets and attributes outside /provenance" },
  { .key = NULL },
};

/* ---- digest -------------------------------------------------------------------------------- */

static void note_attrs(FILE *to, const meso_attrs *a)
{
  for (size_t i = 0; i < a->n; i++) {
    if (a->v[i].text != NULL) fprintf(to, "  %s = \"%s\"\n", a->v[i].key, a->v[i].text);
    else fprintf(to, "  %s = %a\n", a->v[i].key, a->v[i].number);
  }
}

static void note_array(FILE *to, const meso_array *a)
{
  char sha256[65] = "text";
  const size_t n = meso_array_count(a);
  if (a->data != NULL) meso_sha256_bytes(a->data, n * sizeof *a->data, sha256);
  fprintf(to, "%s [%s]", a->path, a->units != NULL ? a->units : "");
  for (size_t d = 0; d < a->n_dims; d++) fprintf(to, " %zu", a->dims[d]);
  fprintf(to, " %s\n", sha256);
  for (size_t i = 0; a->text != NULL && i < n; i++)
    fprintf(to, "  \"%s\"\n", a->text[i] != NULL ? a->text[i] : "");
  note_attrs(to, &a->attrs);
}

/* SHA-256 of a listing that has a checksum for every array. */
static meso_status digest_of(const meso_result *all, const char *kind, char out[65], meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  size_t n = 0;
  FILE *to = open_memstream(&text, &n);
  if (to == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a listing");
  fprintf(to, "%s\n", kind);
  note_attrs(to, &all->attrs);
  for (size_t i = 0; i < all->n; i++) note_array(to, &all->array[i]);
  for (size_t i = 0; i < all->n_groups; i++) {
    fprintf(to, "%s\n", all->group[i].path);
    note_attrs(to, &all->group[i].attrs);
  }
  if (fclose(to) != 0) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a listing");
  meso_sha256_bytes(text, n, out);
cleanup:
  free(text);
  return status;
}

/* ---- contents ------------------------------------------------------------------------------ */

static const char *or_empty(const char *s) { return s != NULL ? s : ""; }

static meso_status add_spikes(const char *path, json_t *root, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  json_t *list = json_array();
  json_int_t total = 0;
  MESO_TRY(meso_spikes_read(path, &spikes, err));
  const double length_s = (spikes->t_stop_ms - spikes->t_start_ms) / 1000;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    const double room = (double) p->size * length_s;
    const double rate = room > 0 ? (double) p->n_spikes / room : 0;
    total += (json_int_t) p->n_spikes;
    (void) json_array_append_new(
      list, json_pack("{s:s, s:I, s:I, s:f}", "name", p->name, "size", (json_int_t) p->size,
                      "n_spikes", (json_int_t) p->n_spikes, "rate_Hz", rate));
  }
  (void) json_object_set_new(root, "t_start_ms", json_real(spikes->t_start_ms));
  (void) json_object_set_new(root, "t_stop_ms", json_real(spikes->t_stop_ms));
  (void) json_object_set_new(root, "n_spikes", json_integer(total));
  (void) json_object_set(root, "populations", list);
cleanup:
  json_decref(list);
  meso_spikes_destroy(spikes);
  return status;
}

static meso_status add_signals(const char *path, json_t *root, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *signals = NULL;
  json_t *list = json_array();
  MESO_TRY(meso_signals_read(path, &signals, err));
  for (size_t i = 0; i < signals->n; i++) {
    const meso_signal *s = &signals->signal[i];
    (void) json_array_append_new(
      list, json_pack("{s:s, s:s, s:I, s:I, s:f, s:f}", "name", s->name, "units",
                      or_empty(s->units), "n_times", (json_int_t) s->n_times, "n_channels",
                      (json_int_t) s->n_channels, "sampling_rate_Hz", s->sampling_rate_Hz,
                      "t_start_ms", s->t_start_ms));
  }
  (void) json_object_set(root, "signals", list);
cleanup:
  json_decref(list);
  meso_signals_destroy(signals);
  return status;
}

static void add_arrays(const meso_result *all, json_t *root)
{
  json_t *list = json_array();
  for (size_t i = 0; i < all->n; i++) {
    const meso_array *a = &all->array[i];
    json_t *shape = json_array();
    for (size_t d = 0; d < a->n_dims; d++)
      (void) json_array_append_new(shape, json_integer((json_int_t) a->dims[d]));
    (void) json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "path", a->path, "units",
                                                 or_empty(a->units), "shape", shape));
  }
  (void) json_object_set_new(root, "arrays", list);
}

static meso_status describe(const char *path, const char *kind, const meso_result *all,
                            const char *digest, json_t *root, meso_err *err)
{
  meso_status status = MESO_OK;
  (void) json_object_set_new(root, "file", json_string(path));
  (void) json_object_set_new(root, "kind", json_string(kind));
  (void) json_object_set_new(root, "digest", json_string(digest));
  bool has_signals = false;
  for (size_t i = 0; i < all->n; i++)
    has_signals = has_signals || strncmp(all->array[i].path, "/signals/", 9) == 0;
  if (strcmp(kind, "spikes") == 0) MESO_TRY(add_spikes(path, root, err));
  else if (has_signals) MESO_TRY(add_signals(path, root, err));
  else add_arrays(all, root);
cleanup:
  return status;
}

/* ---- output -------------------------------------------------------------------------------- */

static const char *text_of(const json_t *item, const char *key)
{
  return or_empty(json_string_value(json_object_get(item, key)));
}

static double number_of(const json_t *item, const char *key)
{
  return json_number_value(json_object_get(item, key));
}

static void print_text(const json_t *root)
{
  size_t i = 0, d = 0;
  json_t *item = NULL, *size = NULL;
  const char *kind = text_of(root, "kind");
  printf("%s: %s\n", text_of(root, "file"), kind[0] != '\0' ? kind : "unknown kind");
  if (json_object_get(root, "n_spikes") != NULL)
    printf("  %.0f spikes from %g to %g ms\n", number_of(root, "n_spikes"),
           number_of(root, "t_start_ms"), number_of(root, "t_stop_ms"));
  json_array_foreach(json_object_get(root, "populations"), i, item)
    printf("  %-12s %8.0f neurons %12.0f spikes %9.4g spikes/s\n", text_of(item, "name"),
           number_of(item, "size"), number_of(item, "n_spikes"), number_of(item, "rate_Hz"));
  json_array_foreach(json_object_get(root, "signals"), i, item)
    printf("  %-20s %.0f times x %.0f channels, %s, %g Hz from %g ms\n", text_of(item, "name"),
           number_of(item, "n_times"), number_of(item, "n_channels"), text_of(item, "units"),
           number_of(item, "sampling_rate_Hz"), number_of(item, "t_start_ms"));
  json_array_foreach(json_object_get(root, "arrays"), i, item) {
    printf("  %-40s (", text_of(item, "path"));
    json_array_foreach(json_object_get(item, "shape"), d, size)
      printf("%s%.0f", d > 0 ? ", " : "", json_number_value(size));
    printf(") %s\n", text_of(item, "units"));
  }
  printf("  digest %s\n", text_of(root, "digest"));
}

static meso_status show(const meso_cli *cli, const char *path, bool digest_only, meso_err *err)
{
  meso_status status = MESO_OK;
  char kind[64], digest[65];
  meso_result *all = NULL;
  json_t *root = json_object();
  MESO_TRY(meso_file_kind(path, kind, sizeof kind, err));
  MESO_TRY(meso_result_read(path, &all, err));
  MESO_TRY(digest_of(all, kind, digest, err));
  if (digest_only) {
    printf("%s\n", digest);
    goto cleanup;
  }
  MESO_TRY(describe(path, kind, all, digest, root, err));
  if (!cli->json) print_text(root);
  else if (json_dumpf(root, stdout, JSON_INDENT(2)) != 0)
    MESO_FAIL(err, MESO_EIO, "cannot write to standard output");
  else printf("\n");
cleanup:
  json_decref(root);
  meso_result_destroy(all);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .digest = false };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  MESO_TRY(mesoi_options_parse(cli, "info", 1, &set, 1, 1, &args, err));
  MESO_TRY(show(cli, args.v[0], o.digest, err));
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_info = {
  .name = "info", .usage = "info FILE [--digest]", .summary = "show what a file holds",
  .params = rows, .run = run,
};
