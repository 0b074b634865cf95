/* fm_tvb_rbm.c: revised output of The Virtual Brain (fmri_balloon.py). Its gamma is 1/1.44 where
 * Friston et al. 2003 have 1/2.44: gamma_per_s2=0.41 gives theirs. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(tvb_rbm, "The Virtual Brain's balloon model (Stephan et al. 2007), revised",
                    "10.1016/j.neuroimage.2007.07.040",
                    "tvb", "stephan2007", "nonlinear", "0.5", 0.269994, 3.424);
