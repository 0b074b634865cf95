/* meso_analytic.h: the analytic signal in a band: the Fourier coefficients of positive frequencies,
 * twice, times 1 between low and high and cosine flanks of a tenth of the band's width outside.
 * Its size is the envelope, its angle the phase; phase 0 is a peak. */
#ifndef MESO_ANALYTIC_H
#define MESO_ANALYTIC_H

#include <fftw3.h>

#include "meso_error.h"

/** Transforms for signals of one length and rate. */
typedef struct meso_analytic { size_t n; double rate_Hz; fftw_plan forward, back; } meso_analytic;

/** Plans; clear them after a failure too. At most 2^31 - 1 samples. */
MESO_MUST_CHECK meso_status meso_analytic_make(size_t n, double rate_Hz, meso_analytic *analytic,
                                               meso_err *err);
void meso_analytic_clear(meso_analytic *analytic);
/** Analytic signal of n samples that lie @p stride apart, without their mean, into @p z (n complex
 *  numbers from fftw_malloc). Callable from many threads. */
void meso_analytic_signal(const meso_analytic *analytic, const double *x, size_t stride,
                          double low_Hz, double high_Hz, fftw_complex *z);

#endif
