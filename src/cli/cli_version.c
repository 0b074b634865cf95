/* cli_version.c: what this program was built with. */
#include "cli_version.h"

#include <cairo.h>
#include <jansson.h>
#include <png.h>
#include <stdio.h>
#include <yaml.h>

#include "cli_answer.h"
#include "meso_config.h"
#include "meso_version.h"

static void print_part(const meso_cli *cli, const char *name, const char *version)
{
  if (!cli->json) printf("  %-10s %s\n", name, version);
  mesoi_answer_append(cli, "parts", json_pack("{s:s, s:s}", "name", name, "version", version));
}

void mesoi_version_print(const meso_cli *cli)
{
  const struct { const char *name, *version; } part[] = {
    { "libpng", png_get_libpng_ver(NULL) },
    { "libyaml", yaml_get_version_string() }, { "jansson", JANSSON_VERSION },
    { "cairo", cairo_version_string() },
  };
  const size_t n = sizeof part / sizeof part[0];
  if (!cli->json) printf("mesocast %s\n", PACKAGE_VERSION);
  mesoi_answer_text(cli, "version", PACKAGE_VERSION);
  for (size_t i = 0; meso_part_name(i) != NULL; i++)
    print_part(cli, meso_part_name(i), meso_part_version(i));
  for (size_t i = 0; i < n; i++) print_part(cli, part[i].name, part[i].version);
}
