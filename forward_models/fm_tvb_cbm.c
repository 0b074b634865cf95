/* fm_tvb_cbm.c: classical output of The Virtual Brain (fmri_balloon.py). Its gamma is 1/1.44
 * where Friston et al. 2003 have 1/2.44: gamma_per_s2=0.41 gives theirs. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(tvb_cbm, "The Virtual Brain's balloon model (Stephan et al. 2007), classical",
                    "10.1016/j.neuroimage.2007.07.040",
                    "tvb", "tvb_cbm", "nonlinear", "0.5", 0.368166, 3.288);
