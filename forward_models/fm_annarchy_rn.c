/* fm_annarchy_rn.c: revised nonlinear model of ANNarchy (balloon_RN), Maith et al. 2022. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(annarchy_rn, "balloon model as in ANNarchy (Maith et al. 2022)",
                    "10.3389/fninf.2022.790966",
                    "annarchy", "stephan2007", "nonlinear", "1.43", 0.224235, 3.598);
