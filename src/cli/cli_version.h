/* cli_version.h: what this program was built with. */
#ifndef MESO_CLI_VERSION_H
#define MESO_CLI_VERSION_H

#include "meso_cli.h"

/** Prints versions of the program, the compiler and the libraries, or answers "version" and
 *  "parts". */
void mesoi_version_print(const meso_cli *cli);

#endif
