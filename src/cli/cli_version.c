/* cli_version.c: what this program was built with. */
#include "cli_version.h"

#include <cairo.h>
#include <fftw3.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <jansson.h>
#include <png.h>
#include <stdio.h>
#include <yaml.h>

#include "cli_answer.h"
#include "meso_config.h"

void mesoi_version_print(const meso_cli *cli)
{
  const struct { const char *name, *version; } part[] = {
    { "compiler", __VERSION__ },     { "HDF5", H5_VERS_INFO },
    { "FFTW", fftw_version },        { "GSL", gsl_version },
    { "libpng", png_get_libpng_ver(NULL) },
    { "libyaml", yaml_get_version_string() }, { "jansson", JANSSON_VERSION },
    { "cairo", cairo_version_string() },
  };
  const size_t n = sizeof part / sizeof part[0];
  if (!cli->json) printf("mesocast %s\n", PACKAGE_VERSION);
  mesoi_answer_text(cli, "version", PACKAGE_VERSION);
  for (size_t i = 0; i < n; i++) {
    if (!cli->json) printf("  %-10s %s\n", part[i].name, part[i].version);
    mesoi_answer_append(cli, "parts", json_pack("{s:s, s:s}", "name", part[i].name, "version",
                                                part[i].version));
  }
}
