/* fm_spm_dcm.c: Balloon model of SPM's dynamic causal modelling (spm_fx_fmri.m, spm_gx_fmri.m),
 * Stephan et al. 2007, NeuroImage 38:387. SPM scales its input by 1/16, which is not done here. */
#include "meso_balloon.h"

MESO_BALLOON_PRESET(spm_dcm, "balloon model of SPM's dynamic causal modelling",
                    "10.1016/j.neuroimage.2007.07.040",
                    "spm_dcm", "stephan2007", "nonlinear", "1", 0.370669, 4.969);
