/* fm_friston2000.c: Balloon model with the constants of Friston et al. 2000, NeuroImage 12:466. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(friston2000, "balloon model, constants of Friston et al. 2000",
                    "10.1006/nimg.2000.0630",
                    "friston2000", "classical", "nonlinear", "1", 0.040255, 2.555);
