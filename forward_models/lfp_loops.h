/* lfp_loops.h: inner loops of the neuron-level LFP. The same source (lfp_loops.c) is compiled once
 * per instruction set; sums are fused and in single precision where it says so, so that sets agree
 * to rounding, not to the bit. Channels go in blocks of LFP_LANES. Internal to forward_models. */
#ifndef LFP_LOOPS_H
#define LFP_LOOPS_H

#include <stddef.h>
#include <stdint.h>

/** Channels of a block: one vector of single precision numbers. */
enum { LFP_LANES = 16 };
/** Rows of a response matrix that are computed together; and functions, which are padded to it. */
enum { LFP_PANEL = 8 };

/** A synapse of one source: where it acts and how. */
typedef struct lfp_synapse {
  uint32_t row;      /**< of the signals' table */
  int16_t weight;    /**< in steps */
  uint16_t delay;    /**< in steps, from 0 for the shortest */
} lfp_synapse;

/** A cell's segments, one coordinate after the other. */
typedef struct lfp_segments {
  size_t n;
  const double *start_um[3], *end_um[3]; /**< (n) each */
  const double *diam_um;                 /**< (n) */
} lfp_segments;

typedef struct lfp_loops {
  const char *name;
  /** Potential of a block of contacts per nA of each segment, infinite homogeneous medium:
   *  segments are line sources, 2 atanh(D / (R1 + R2)) / (4 pi sigma D) with R1, R2 the distances
   *  to the ends and the distance to the line at least half a diameter; segment 0 (the soma) is a
   *  point. The mean over the segments is taken off: currents sum to zero, and without it single
   *  precision suffices.
   *  @param[in] contact_um  (3, LFP_LANES)
   *  @param work            (LFP_LANES, n) scratch
   *  @param[out] matrix     (n, LFP_LANES) mV/nA */
  void (*potential)(const lfp_segments *segments, const double *contact_um, double sigma_S_per_m,
                    double *work, float *matrix);
  /** out = response x matrix for several cells of one shape.
   *  @param[in] response  (n_rows / LFP_PANEL, n_segments, LFP_PANEL)
   *  @param[in] matrix    (n_cells) pointers to (n_segments, LFP_LANES)
   *  @param[out] out      (n_cells) pointers to (n_rows, LFP_LANES) */
  void (*respond)(const float *response, size_t n_rows, size_t n_segments, size_t n_cells,
                  const float *const *matrix, float *const *out);
  /** Adds weight times row to the sums of its delay, in the order of the synapses.
   *  @param[in] rows  (row, n_functions, LFP_LANES)
   *  @param sums      (delay, n_functions, LFP_LANES)
   *  @param used      (delay) becomes 1 where anything was added */
  void (*gather)(const lfp_synapse *synapse, size_t n_synapses, const float *rows,
                 size_t n_functions, float *sums, uint8_t *used);
  /** kernel += sums x shift over the delays in use, whose sums and marks are then cleared.
   *  @param[in] shift  (delay, n_functions, n_out), n_out a multiple of LFP_PANEL
   *  @param kernel     (n_out, LFP_LANES) */
  void (*shift)(float *sums, uint8_t *used, size_t n_delays, size_t n_functions,
                const float *shift, size_t n_out, float *kernel);
  /** sum += vector, both (n). */
  void (*add)(size_t n, const float *vector, float *sum);
  /** out += sum over steps and functions of basis x amplitude.
   *  @param[in] amplitude  (n_steps, n_functions, LFP_LANES)
   *  @param[in] basis      (n_functions) values for step 0 of the amplitudes, those of the
   *                        following steps are n_functions before it each
   *  @param out            (LFP_LANES) */
  void (*convolve)(const float *amplitude, size_t n_steps, size_t n_functions, const float *basis,
                   double *out);
} lfp_loops;

/** Choice by instruction set: meso_isa.h. */
const lfp_loops *lfp_loops_choose(const char *opt_name);

#endif
