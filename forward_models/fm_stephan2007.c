/* fm_stephan2007.c: states of friston2003 with the output equation of Stephan et al. 2007,
 * NeuroImage 38:387. The defaults of theta0, r0 and TE are those of 1.5 T. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(stephan2007, "balloon model with the output equation of Stephan et al. 2007",
                    "10.1016/j.neuroimage.2007.07.040",
                    "friston2003", "stephan2007", "nonlinear", "1", 0.191408, 3.689);
