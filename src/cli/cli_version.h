/* cli_version.h: what this program was built with. */
#ifndef MESO_CLI_VERSION_H
#define MESO_CLI_VERSION_H

#include <stdbool.h>

/** Prints version, compiler and libraries; as JSON if asked. */
void mesoi_version_print(bool json);
/** A write beyond the file size limit shall fail like a full disk, not kill the program. */
void mesoi_ignore_file_size_signal(void);

#endif
