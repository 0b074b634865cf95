/* meso_ticks.c: where axes have ticks and what the ticks say. */
#include "meso_canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESO_MAX_TICKS = 16 };

/* Not <sup>, which some releases of pango draw far too large. */
#define MESO_RAISED(text) "<span size='x-small' rise='2600'>" text "</span>"

size_t meso_ticks_linear(double min, double max, size_t wanted, double ticks[16], double *ret_step)
{
  double span = max - min;
  *ret_step = 1.0;
  if (!(span > 0.0) || !isfinite(span)) return 0;
  double raw = span / (double) (wanted > 1 ? wanted : 1), power = pow(10.0, floor(log10(raw)));
  double lead = raw / power;
  double step = power * (lead <= 1.4 ? 1.0 : lead <= 3.0 ? 2.0 : lead <= 7.0 ? 5.0 : 10.0);
  size_t n = 0;
  double first = ceil(min / step - 1e-9);
  for (size_t i = 0; n < MESO_MAX_TICKS; i++) {
    double tick = (first + (double) i) * step;
    if (tick > max + 1e-9 * step) break;
    ticks[n++] = fabs(tick) < 1e-9 * step ? 0.0 : tick;
  }
  *ret_step = step;
  return n;
}

/* Ticks of a log axis that spans too little for two powers of ten. */
static size_t ticks_within_decade(double min, double max, double ticks[16])
{
  static const double lead[3] = { 1.0, 2.0, 5.0 };
  size_t n = 0;
  double step;
  for (double power = floor(log10(min)); power <= log10(max); power++)
    for (size_t k = 0; k < 3 && n < MESO_MAX_TICKS; k++) {
      const double tick = lead[k] * pow(10.0, power);
      if (tick >= min * (1.0 - 1e-9) && tick <= max * (1.0 + 1e-9)) ticks[n++] = tick;
    }
  return n > 1 ? n : meso_ticks_linear(min, max, 3, ticks, &step);
}

size_t meso_ticks_log(double min, double max, double ticks[16])
{
  if (!(min > 0.0) || !(max > min) || !isfinite(max)) return 0;
  double low = ceil(log10(min) - 1e-9), high = floor(log10(max) + 1e-9);
  double stride = fmax(1.0, ceil((high - low + 1.0) / 7.0));
  size_t n = 0;
  for (double power = low; power <= high && n < MESO_MAX_TICKS; power += stride)
    ticks[n++] = pow(10.0, power);
  return n > 1 ? n : ticks_within_decade(min, max, ticks);
}

void meso_tick_label(double tick, double step, bool log_scale, char *text, size_t size)
{
  if (log_scale) {
    int power = (int) floor(log10(tick) + 1e-9);
    const double lead = tick / pow(10.0, power);
    const bool is_power = !(lead > 1.0 + 1e-9);
    if (power >= (is_power ? -2 : -3) && power <= 3) snprintf(text, size, "%.4g", tick);
    else if (!is_power)
      snprintf(text, size, "%.3g\u00d710" MESO_RAISED("%s%d"), lead, power < 0 ? "\u2212" : "",
               abs(power));
    else snprintf(text, size, "10" MESO_RAISED("%s%d"), power < 0 ? "\u2212" : "", abs(power));
    return;
  }
  const char *sign = tick < 0.0 ? "\u2212" : "";
  double value = fabs(tick);
  int decimals = step >= 1.0 ? 0 : (int) ceil(-log10(step) - 1e-9);
  if (value != 0.0 && (step >= 1e6 || decimals > 4)) {
    int power = (int) floor(log10(value) + 1e-9);
    snprintf(text, size, "%s%.3g\u00d710" MESO_RAISED("%s%d"), sign, value / pow(10.0, power),
             power < 0 ? "\u2212" : "", power < 0 ? -power : power);
    return;
  }
  char digits[64];
  snprintf(digits, sizeof digits, "%.*f", decimals > 4 ? 0 : decimals, value);
  size_t n = strlen(digits);
  if (decimals > 0 || n <= 4 || n > 12) {
    snprintf(text, size, "%s%s", sign, digits);
    return;
  }
  char grouped[64];
  size_t to = 0;
  for (size_t i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0) grouped[to++] = ',';
    grouped[to++] = digits[i];
  }
  grouped[to] = '\0';
  snprintf(text, size, "%s%s", sign, grouped);
}
