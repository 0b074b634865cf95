/* cli_version.c: what this program was built with. */
#include "cli_version.h"

#include <cairo.h>
#include <fftw3.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <jansson.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <yaml.h>

#include "meso_config.h"

void mesoi_version_print(bool json)
{
  const struct { const char *name, *version; } part[] = {
    { "mesocast", PACKAGE_VERSION }, { "compiler", __VERSION__ },   { "HDF5", H5_VERS_INFO },
    { "FFTW", fftw_version },        { "GSL", gsl_version },
    { "libpng", png_get_libpng_ver(NULL) },
    { "libyaml", yaml_get_version_string() }, { "jansson", JANSSON_VERSION },
    { "cairo", cairo_version_string() },
  };
  const size_t n = sizeof part / sizeof part[0];
  if (json) printf("{");
  else printf("mesocast %s\n", PACKAGE_VERSION);
  for (size_t i = json ? 0 : 1; i < n; i++) {
    if (json) printf("%s\"%s\": \"%s\"", i > 0 ? ", " : "", part[i].name, part[i].version);
    else printf("  %-10s %s\n", part[i].name, part[i].version);
  }
  if (json) printf("}\n");
}

void mesoi_ignore_file_size_signal(void)
{
  (void) signal(SIGXFSZ, SIG_IGN);
}
