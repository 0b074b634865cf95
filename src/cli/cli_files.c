/* cli_files.c: what several commands do with files. */
#include "cli_files.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_answer.h"
#include "meso_engine.h"
#include "meso_format.h"
#include "meso_lfp.h"
#include "meso_proxy.h"

meso_status mesoi_origin_make(const meso_cli *cli, const meso_model *model, size_t n,
                              const char *const *inputs, mesoi_origin *origin, meso_err *err)
{
  meso_status status = MESO_OK;
  memset(origin, 0, sizeof *origin);
  if (n > MESOI_MAX_INPUTS) MESO_FAIL(err, MESO_EBUG, "%zu inputs of one file", n);
  origin->provenance.command_line = cli->command_line;
  if (model != NULL) {
    origin->model_text = meso_model_canonical(model, MESO_SECTION_ALL);
    if (origin->model_text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
    origin->provenance.model_text = origin->model_text;
    origin->provenance.seed = model->simulation.seed;
  }
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_sha256_file(inputs[i], origin->sha256[i], err));
    origin->sha256_list[i] = origin->sha256[i];
    origin->input[i] = inputs[i];
  }
  origin->provenance.n_inputs = n;
  origin->provenance.input = origin->input;
  origin->provenance.input_sha256 = origin->sha256_list;
cleanup:
  return status;
}

meso_status mesoi_origin_of_network(const meso_cli *cli, const meso_network *w,
                                    mesoi_origin *origin, meso_err *err)
{
  const size_t n = w->n_files < MESOI_MAX_INPUTS ? w->n_files : MESOI_MAX_INPUTS;
  const char *const *files = (const char *const *) w->file, *const own = w->path;
  return n > 0 ? mesoi_origin_make(cli, w->model, n, files, origin, err)
               : mesoi_origin_make(cli, w->model, 1, &own, origin, err);
}

void mesoi_origin_clear(mesoi_origin *origin)
{
  free(origin->model_text);
  origin->model_text = NULL;
}

/** A file whose name says that it holds something else is refused with a word on what does it. */
static meso_status check_content(const char *path, meso_content wanted, meso_err *err)
{
  static const char *const use[] = {
    [MESO_CONTENT_NETWORK] = "simulate runs it",
    [MESO_CONTENT_SPIKES] = "analyses of spikes take it, as analyze statistics",
    [MESO_CONTENT_SIGNALS] = "analyses of signals take it, as analyze spectrum"};
  meso_status status = MESO_OK;
  for (meso_content other = MESO_CONTENT_NETWORK; other <= MESO_CONTENT_SIGNALS; other++) {
    const meso_format *f = other != wanted ? meso_format_also(path, other) : NULL;
    if (f != NULL && f->ending[0] != '/') /* any folder could be a circuit */
      MESO_FAIL(err, MESO_EFORMAT, "%s: holds %s (%s), no %s: %s", path,
                meso_content_name(other), f->name, meso_content_name(wanted), use[other]);
  }
cleanup:
  return status;
}

/** A file that lacks what is wanted is refused with a word on what it is. */
static meso_status say_kind(const char *path, const char *wanted, meso_status status,
                            meso_err *err)
{
  char kind[64] = "";
  if (status != MESO_ENOTFOUND || meso_file_kind(path, kind, sizeof kind, NULL) != MESO_OK
      || kind[0] == '\0' || strcmp(kind, wanted) == 0) return status;
  return meso_err_set(err, status, __FILE__, __LINE__, "%s: is a file of kind %s, which holds no "
                      "%s", path, kind, wanted);
}

void mesoi_warn_of_file(const meso_cli *cli, const char *path, const meso_attrs *attrs)
{
  const char *warning = meso_attrs_text(attrs, "warning");
  if (warning != NULL) mesoi_warn(cli, "%s: %s", path, warning);
}

meso_status mesoi_spikes_read(const meso_cli *cli, const char *path, meso_spikes **ret_spikes,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format *format = meso_format_also(path, MESO_CONTENT_SPIKES);
  const meso_format_input input = {.path = path};
  if (format == NULL) MESO_TRY(check_content(path, MESO_CONTENT_SPIKES, err));
  if (format != NULL) MESO_TRY(format->read_spikes(&input, ret_spikes, err));
  else MESO_TRY(say_kind(path, "spikes", meso_spikes_read(path, ret_spikes, err), err));
  mesoi_warn_of_file(cli, path, &(*ret_spikes)->attrs);
cleanup:
  return status;
}

/* ---- networks that spikes are of ------------------------------------------------------------ */

/** Whether a line "key = value" of a model is of its network, without what drives it in a run. */
static bool is_of_wiring(const char *line)
{
  static const char *const of_a_run[] = {"simulation.duration_ms ", "thalamus."};
  const meso_model_section *found = NULL;
  size_t n_found = 0;
  for (size_t i = 0; i < sizeof of_a_run / sizeof of_a_run[0]; i++)
    if (strncmp(line, of_a_run[i], strlen(of_a_run[i])) == 0) return false;
  for (const meso_model_section *x = meso_model_sections(); x->path != NULL; x++) {
    const size_t n = strlen(x->path);
    if (n <= n_found || strncmp(line, x->path, n) != 0 || line[n] != '.') continue;
    found = x;
    n_found = n;
  }
  return found != NULL && found->part == MESO_SECTION_NETWORK;
}

/** The line of a text that begins with the first n characters of another, from `from` on and then
 *  from the start, or NULL. */
static const char *find_line(const char *text, const char *from, const char *line, size_t n)
{
  for (const char *at = from; at != NULL && *at != '\0';) {
    if (strncmp(at, line, n) == 0) return at;
    at = strchr(at, '\n');
    at += at != NULL;
  }
  return from == text ? NULL : find_line(text, text, line, n);
}

/** How the network that made spikes differs from one given by lines "key = value". */
typedef struct network_difference {
  char *text;                  /**< the model that made them; NULL: the file does not say. Owned */
  size_t n_different, n_missing;
  const char *there, *here;    /**< the first line that differs, if any does */
} network_difference;

static bool line_has_value(const char *line)
{
  const char *equals = strstr(line, " = ");
  return equals != NULL && equals < line + strcspn(line, "\n");
}

/** n lines, in the order of canonical text; those that are not of the wiring are passed over. Free
 *  d->text. */
static void compare_networks(const char *path, size_t n, const char *const *line,
                             network_difference *d)
{
  *d = (network_difference) {.text = NULL};
  if (meso_h5_read_text(path, "/provenance", "model_text", &d->text, NULL) != MESO_OK) return;
  const char *at = d->text;
  size_t n_own = 0, n_theirs = 0;
  for (size_t i = 0; i < n && d->n_missing < 100; i++) {
    const char *equals = strstr(line[i], " = ");
    if (equals == NULL || !is_of_wiring(line[i])) continue;
    const char *there = find_line(d->text, at, line[i], (size_t) (equals + 3 - line[i]));
    d->n_missing += there == NULL || there < at; /* the order of projections counts */
    n_own++;
    if (there == NULL) continue;
    at = there;
    const size_t n_line = strcspn(line[i], "\n");
    if (strcspn(there, "\n") == n_line && memcmp(there, line[i], n_line) == 0) continue;
    if (d->n_different++ > 0) continue;
    d->there = there;
    d->here = line[i];
  }
  for (const char *c = d->text; c != NULL && *c != '\0'; c += c != NULL) {
    n_theirs += is_of_wiring(c) && line_has_value(c);
    c = strchr(c, '\n');
  }
  d->n_missing += n_theirs > n_own ? n_theirs - n_own : 0;
}

/** What spikes were made with, where it is not what a wiring is of; nothing if the file does not
 *  say. */
static void warn_of_other_network(const meso_cli *cli, const char *path, size_t n,
                                  const char *const *line)
{
  network_difference d;
  compare_networks(path, n, line, &d);
  const int n_there = d.there != NULL ? (int) strcspn(d.there, "\n") : 0;
  const int n_here = d.here != NULL ? (int) strcspn(d.here, "\n") : 0;
  if (d.n_different > 0 && strncmp(d.there, "simulation.seed ", 16) == 0)
    mesoi_warn(cli, "%s: these spikes are of %.*s; they go through the wiring of %.*s, which is "
               "another network: --seed %.*s is theirs", path, n_there, d.there, n_here, d.here,
               n_there - 18, d.there + 18);
  else if (d.n_different > 0)
    mesoi_warn(cli, "%s: these spikes were made with %.*s; they go through a wiring with %.*s (%zu "
               "keys differ)", path, n_there, d.there, n_here, d.here, d.n_different);
  free(d.text);
}

/** Lines of a model's network; they point into *ret_text. The caller frees both. */
static meso_status network_lines(const meso_model *model, char **ret_text, const char ***ret_line,
                                 size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  const char **line = NULL;
  size_t n = 0, n_breaks = 0;
  char *text = meso_model_canonical(model, MESO_SECTION_NETWORK);
  if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
  for (const char *c = text; *c != '\0'; c++) n_breaks += *c == '\n';
  MESO_ALLOC(err, line, n_breaks + 1);
  for (const char *c = text; c != NULL && *c != '\0';) {
    line[n++] = c;
    c = strchr(c, '\n');
    c += c != NULL;
  }
  *ret_text = text;
  *ret_line = line;
  *ret_n = n;
  text = NULL;
cleanup:
  free(text);
  return status;
}

meso_status mesoi_spikes_read_for(const meso_cli *cli, const char *path, const meso_model *model,
                                  meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  const char **line = NULL;
  size_t n = 0;
  MESO_TRY(mesoi_spikes_read(cli, path, ret_spikes, err));
  MESO_TRY(network_lines(model, &text, &line, &n, err));
  warn_of_other_network(cli, path, n, line);
cleanup:
  free(line);
  free(text);
  return status;
}

meso_status mesoi_spikes_read_for_kernels(const meso_cli *cli, const char *path,
                                          const meso_result *kernels, meso_spikes **ret_spikes,
                                          meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *of = meso_result_find(kernels, "/kernels/model");
  MESO_TRY(mesoi_spikes_read(cli, path, ret_spikes, err));
  if (of != NULL && of->text != NULL)
    warn_of_other_network(cli, path, meso_array_count(of), (const char *const *) of->text);
cleanup:
  return status;
}

meso_status mesoi_connectivity_add(const char *spikes, const meso_model *model, bool in_the_mean,
                                   meso_signals *lfp, meso_err *err)
{
  meso_status status = MESO_OK;
  network_difference d = {.text = NULL};
  char *own = NULL, sentence[1024];
  const char **line = NULL;
  size_t n = 0;
  MESO_TRY(network_lines(model, &own, &line, &n, err));
  compare_networks(spikes, n, line, &d);
  const bool given = model->simulation.network_file[0] != '\0';
  const char *const what = in_the_mean ? MESO_CONNECTIVITY_MEAN
                           : given ? MESO_CONNECTIVITY_GIVEN : MESO_CONNECTIVITY_REDRAWN;
  if (d.text == NULL)
    (void) snprintf(sentence, sizeof sentence, "%s; the spikes do not say which network made them",
                    what);
  else if (d.n_different > 0)
    (void) snprintf(sentence, sizeof sentence, "%s; the spikes were made with %.*s, the model has "
                    "%.*s", what, (int) strcspn(d.there, "\n"), d.there,
                    (int) strcspn(d.here, "\n"), d.here);
  else if (d.n_missing > 0)
    (void) snprintf(sentence, sizeof sentence, "%s; the spikes are of a model with other "
                    "keys, or in another order, than this one", what);
  else
    (void) snprintf(sentence, sizeof sentence, "%s", in_the_mean ? what : MESO_CONNECTIVITY_TRUE);
  MESO_TRY(meso_attrs_set_text(&meso_signals_find(lfp, "lfp")->attrs, "connectivity", sentence,
                               err));
cleanup:
  free(d.text);
  free(line);
  free(own);
  return status;
}

void mesoi_answer_external(const meso_cli *cli, const meso_model *model, const char *path)
{
  double share = NAN;
  if (meso_h5_read_number(path, "/signals/lfp/data", "excitatory_external_share", &share, NULL)
      != MESO_OK || !(share > 0)) return;
  mesoi_answer_number(cli, "excitatory_external_share", share);
  if (model->lfp.external == MESO_EXTERNAL_OFF)
    mesoi_say(cli, "%.0f %% of the excitatory charge is external input, which is not in this LFP "
              "(lfp.external)\n", 100 * share);
}

/* ---- signals and recordings ----------------------------------------------------------------- */

/** The format of a recording of signals, by its name or by what is in it; NULL: ours, or none. */
static const meso_format *signals_format(const char *path)
{
  const meso_format *f = meso_format_also(path, MESO_CONTENT_SIGNALS);
  if (f != NULL) return f;
  const bool known = meso_format_of_file(path, &f, NULL) == MESO_OK;
  return known && f->content == MESO_CONTENT_SIGNALS ? f : NULL;
}

meso_status mesoi_signals_read(const meso_cli *cli, const char *path, meso_signals **ret_signals,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_format *format = signals_format(path);
  const meso_format_input input = {.path = path};
  if (format == NULL) {
    MESO_TRY(check_content(path, MESO_CONTENT_SIGNALS, err));
    MESO_TRY(say_kind(path, "signals", meso_signals_read(path, ret_signals, err), err));
    goto cleanup;
  }
  MESO_TRY(format->read_signals(&input, ret_signals, err));
  mesoi_warn_of_file(cli, path, &(*ret_signals)->attrs);
cleanup:
  return status;
}

meso_status mesoi_proxies_add(const meso_cli *cli, const meso_model *model,
                              const meso_spikes *spikes, meso_signals *lfp, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_proxies_add(model, spikes, lfp, err));
  for (size_t i = 0; i < lfp->n; i++) {
    const meso_signal *s = &lfp->signal[i];
    const char *empty = meso_attrs_text(&s->attrs, "empty");
    if (empty != NULL && strncmp(s->name, MESO_PROXY_HEAD, sizeof MESO_PROXY_HEAD - 1) == 0)
      mesoi_warn(cli, "%s is empty: %s", s->name, empty);
  }
cleanup:
  return status;
}

meso_status mesoi_signals_read_all(const meso_cli *cli, size_t n, const char *const *paths,
                                   meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *more = NULL;
  meso_err why = { .status = MESO_OK };
  MESO_TRY(mesoi_signals_read(cli, paths[0], ret_signals, err));
  for (size_t i = 1; i < n; i++) {
    MESO_TRY(mesoi_signals_read(cli, paths[i], &more, err));
    status = meso_signals_move(more, *ret_signals, &why);
    if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", paths[i], why.msg);
    meso_signals_destroy(more);
    more = NULL;
  }
cleanup:
  meso_signals_destroy(more);
  return status;
}

bool mesoi_is_recording(const char *path)
{
  const meso_format *f = signals_format(path);
  return meso_format_also(path, MESO_CONTENT_SPIKES) != NULL ||
         (f != NULL && strcmp(f->name, "signals") != 0);
}

/** Whether there is something that cannot be read, rather than nothing. */
static bool is_damage(const meso_err *err)
{
  return err->status != MESO_OK && err->status != MESO_ENOTFOUND;
}

meso_status mesoi_recording_read(const meso_cli *cli, const char *path, meso_spikes **ret_spikes,
                                 meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err no_spikes = { .status = MESO_OK }, no_signals = { .status = MESO_OK };
  const bool of_spikes = meso_format_also(path, MESO_CONTENT_SPIKES) != NULL;
  const bool of_signals = signals_format(path) != NULL;
  const bool has_spikes = of_spikes && mesoi_spikes_read(cli, path, ret_spikes, &no_spikes)
                                         == MESO_OK;
  const bool has_signals = of_signals && mesoi_signals_read(cli, path, ret_signals, &no_signals)
                                           == MESO_OK;
  const meso_err *why = is_damage(&no_spikes) || !of_signals ? &no_spikes : &no_signals;
  if (!has_spikes && !has_signals) MESO_FAIL(err, why->status, "%s", why->msg);
  const meso_err *other = has_spikes ? &no_signals : &no_spikes;
  if (is_damage(other)) mesoi_warn(cli, "%s", other->msg);
cleanup:
  return status;
}

meso_status mesoi_currents_make(const meso_cli *cli, const meso_model *model,
                                const meso_spikes *spikes, meso_signals **ret_currents,
                                meso_err *err)
{
  static const double bin_ms = 1.0;
  return meso_currents_from_spikes(model, spikes, bin_ms, cli->n_threads, cli->progress,
                                   ret_currents, err);
}

/* ---- folders of data ----------------------------------------------------------------------- */

typedef enum place_base {
  BESIDE_MODEL, ENVIRONMENT, INSTALLED, BESIDE_PROGRAM, N_BASES
} place_base;
typedef struct place { place_base base; const char *below; } place;

static const place morphology_places[] = {
  { BESIDE_MODEL, "" }, { BESIDE_MODEL, "/morphologies" }, { ENVIRONMENT, "" },
  { ENVIRONMENT, "/morphologies" }, { ENVIRONMENT, "/../morphologies" },
  { BESIDE_MODEL, "/../../morphologies" }, { INSTALLED, "/morphologies" },
  { BESIDE_PROGRAM, "/morphologies" }, { BESIDE_PROGRAM, "/../morphologies" },
  { BESIDE_PROGRAM, "/../../morphologies" }, /* libtool: build/.libs */
};
static const place measured_places[] = {
  { BESIDE_MODEL, "/measured" }, { ENVIRONMENT, "/measured" }, { BESIDE_MODEL, "/../measured" },
  { INSTALLED, "/measured" }, { BESIDE_PROGRAM, "/data/measured" },
  { BESIDE_PROGRAM, "/../data/measured" }, { BESIDE_PROGRAM, "/../../data/measured" },
};

/** Folder part of a path, without the slash: "." if it has none. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
  const char *slash = strrchr(path, '/');
  const size_t n = slash == NULL ? 0 : (size_t) (slash - path);
  (void) snprintf(folder, PATH_MAX, "%.*s", (int) n, path);
  if (slash == NULL) (void) snprintf(folder, PATH_MAX, ".");
}

/** Existing folders among the places; those whose base is unknown are left out. */
static meso_status find_places(const char *model_path, size_t n, const place *places,
                               mesoi_dirs *dirs, meso_err *err)
{
  meso_status status = MESO_OK;
  char model[PATH_MAX], program[PATH_MAX], path[2 * PATH_MAX];
  const char *bases[N_BASES] = { [ENVIRONMENT] = getenv("MESOCAST_DATADIR"),
                                 [INSTALLED] = PKGDATADIR };
  const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  dirs->n = 0;
  if (length > 0) {
    path[length] = '\0';
    folder_of(path, program);
    bases[BESIDE_PROGRAM] = program;
  }
  if (model_path != NULL) {
    folder_of(model_path, model);
    bases[BESIDE_MODEL] = model;
  }
  for (size_t i = 0; i < n; i++) {
    const char *base = bases[places[i].base];
    if (base == NULL) continue;
    (void) snprintf(path, sizeof path, "%s%s", base, places[i].below);
    if (access(path[0] != '\0' ? path : "/", X_OK) != 0) continue;
    MESO_STRDUP(err, dirs->v[dirs->n], path);
    dirs->n++;
  }
cleanup:
  return status;
}

meso_status mesoi_dirs_find(const char *model_path, mesoi_dirs *dirs, meso_err *err)
{
  return find_places(model_path, sizeof morphology_places / sizeof morphology_places[0],
                     morphology_places, dirs, err);
}

void mesoi_dirs_clear(mesoi_dirs *dirs)
{
  for (size_t i = 0; i < dirs->n; i++) free(dirs->v[i]);
  dirs->n = 0;
}

meso_status mesoi_measured_find(const char *model_path, glob_t *found, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = { .n = 0 };
  MESO_TRY(find_places(model_path, sizeof measured_places / sizeof measured_places[0],
                       measured_places, &dirs, err));
  for (size_t i = 0; i < dirs.n; i++) {
    char pattern[2 * PATH_MAX + 16];
    (void) snprintf(pattern, sizeof pattern, "%s/*.yaml", dirs.v[i]);
    const int code = glob(pattern, 0, NULL, found);
    if (code == 0) goto cleanup;
    globfree(found);
    memset(found, 0, sizeof *found);
    if (code == GLOB_NOSPACE) MESO_FAIL(err, MESO_ENOMEM, "cannot list %s", pattern);
  }
  MESO_FAIL(err, MESO_ENOTFOUND, "no published numbers beside the model, in %s/measured or beside "
            "the program; set MESOCAST_DATADIR or give --measured FILE", PKGDATADIR);
cleanup:
  mesoi_dirs_clear(&dirs);
  return status;
}

bool mesoi_is_model_name(const char *path)
{
  const char *dot = strrchr(path, '.');
  return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

meso_status mesoi_kernels_make(const meso_cli *cli, const mesoi_dirs *dirs,
                               const meso_model *model, meso_result **ret_kernels, meso_err *err)
{
  const double dt_ms = model->simulation.dt_ms, kernel_dt_ms = model->lfp.kernel_dt_ms;
  if (model->lfp.method == MESO_LFP_NEURON && fabs(kernel_dt_ms - dt_ms) > 1e-9 * dt_ms)
    mesoi_warn(cli, "lfp.kernel_dt_ms = %g ms is not used by lfp.method = neuron, whose steps are "
               "simulation.dt_ms = %g ms", kernel_dt_ms, dt_ms);
  return meso_kernels_build(model, dirs->n, (const char *const *) dirs->v, cli->n_threads,
                            cli->progress, ret_kernels, err);
}
