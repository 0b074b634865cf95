/* meso_eeg.h: EEG and MEG of a current dipole signal in a model of the head. */
#ifndef MESO_EEG_H
#define MESO_EEG_H

#include "meso_data.h"
#include "meso_head.h"
#include "meso_points.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_eeg_setup {
  const meso_head_ops *head;
  const void *params;                 /**< of the head */
  double dipole_um[3];                /**< place of the column, in the head's coordinates */
  double axis[3];                     /**< where the column's z points in the head; any length.
                                           All 0: away from the head's centre */
  meso_points electrodes, magnetometers; /**< n = 0: none; borrowed */
} meso_eeg_setup;

/** Appends to out, from a signal (time, 3) in nA um: "eeg", mV, an electrode a channel; "meg", fT,
 *  the components x, y and z of B of each magnetometer. Labels are the names of the sensors, or
 *  their numbers, with .x, .y or .z for fields. The dipole is turned from z to the axis by the
 *  shortest way. Attributes: head, its parameters, place and axis of the dipole.
 *  MESO_EFORMAT for a signal that is no dipole; MESO_EINVAL for an impossible geometry. */
MESO_MUST_CHECK meso_status meso_eeg_from_dipole(const meso_signal *dipole,
                                                 const meso_eeg_setup *setup, meso_signals *out,
                                                 meso_err *err);

/** The 19 electrodes of the 10-20 system on a sphere (x right, y front, z up): steps of 18 degrees
 *  from the vertex and of 36 around; F3, F4, P3 and P4 half-way between their neighbours. Free with
 *  meso_points_clear. */
MESO_MUST_CHECK meso_status meso_montage_10_20(double radius_um, meso_points *ret_points,
                                               meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
