/* meso_style.c: palettes and colour maps. */
#include "meso_style.h"

#include <math.h>

const meso_rgb meso_black = { 0.10, 0.10, 0.12 };
const meso_rgb meso_grey = { 0.42, 0.44, 0.47 };
const meso_rgb meso_light_grey = { 0.86, 0.87, 0.88 };
const meso_rgb meso_white = { 1.0, 1.0, 1.0 };

enum { MESO_MAX_STOPS = 5 };

static meso_rgb from_hex(unsigned hex)
{
  return (meso_rgb) { (hex >> 16 & 255u) / 255.0, (hex >> 8 & 255u) / 255.0, (hex & 255u) / 255.0 };
}

meso_rgb meso_palette(size_t i)
{
  static const unsigned okabe_ito[7] = {
    0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x333333
  };
  return from_hex(okabe_ito[i % 7]);
}

meso_rgb meso_palette_layer(size_t i, bool inhibitory)
{
  static const unsigned pair[5][2] = {
    { 0x0072b2, 0x56b4e9 }, { 0x00795a, 0x3cc29b }, { 0xc45500, 0xe69f00 },
    { 0x8c3b6b, 0xd58cb3 }, { 0x555555, 0x999999 }
  };
  return from_hex(pair[i % 5][inhibitory ? 1 : 0]);
}

static double to_linear(double c)
{
  return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double from_linear(double c)
{
  double v = c <= 0.0031308 ? 12.92 * c : 1.055 * pow(c, 1.0 / 2.4) - 0.055;
  return fmin(fmax(v, 0.0), 1.0);
}

/* OKLab (Ottosson 2020): straight lines in it look evenly spaced. */
static void to_oklab(meso_rgb c, double lab[3])
{
  double r = to_linear(c.r), g = to_linear(c.g), b = to_linear(c.b);
  double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  lab[0] = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
  lab[1] = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s;
  lab[2] = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s;
}

static meso_rgb from_oklab(const double lab[3])
{
  double l = lab[0] + 0.3963377774 * lab[1] + 0.2158037573 * lab[2];
  double m = lab[0] - 0.1055613458 * lab[1] - 0.0638541728 * lab[2];
  double s = lab[0] - 0.0894841775 * lab[1] - 1.2914855480 * lab[2];
  l = l * l * l;
  m = m * m * m;
  s = s * s * s;
  return (meso_rgb) { from_linear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
                      from_linear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
                      from_linear(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s) };
}

meso_rgb meso_map_color(meso_map map, double fraction)
{
  static const struct { unsigned stop[MESO_MAX_STOPS]; size_t n; } maps[] = {
    [MESO_MAP_SEQUENTIAL] = { { 0x1b1044, 0x31508c, 0x1f8f8c, 0x73c860, 0xfde725 }, 5 },
    [MESO_MAP_PALE] = { { 0xffffff, 0x84b8dd, 0x0a4f86 }, 3 },
    [MESO_MAP_WARM] = { { 0xffffff, 0xf2b07f, 0xa84300 }, 3 },
    [MESO_MAP_DIVERGING] = { { 0x123f7c, 0x5d9bd3, 0xffffff, 0xe57a5f, 0x8c1220 }, 5 }
  };
  if (isnan(fraction)) return meso_light_grey;
  double at = fmin(fmax(fraction, 0.0), 1.0) * (double) (maps[map].n - 1);
  size_t i = (size_t) at;
  if (i > maps[map].n - 2) i = maps[map].n - 2;
  double a[3], b[3], mix[3], w = at - (double) i;
  to_oklab(from_hex(maps[map].stop[i]), a);
  to_oklab(from_hex(maps[map].stop[i + 1]), b);
  for (int k = 0; k < 3; k++) mix[k] = a[k] + w * (b[k] - a[k]);
  return from_oklab(mix);
}

meso_rgb meso_palette_ordered(size_t i, size_t n)
{
  /* The map's last eighth is too pale for a line on white. */
  return meso_map_color(MESO_MAP_SEQUENTIAL, n > 1 ? 0.87 * (double) i / (double) (n - 1) : 0.3);
}

meso_rgb meso_readable_on(meso_rgb background)
{
  double luminance = 0.2126 * to_linear(background.r) + 0.7152 * to_linear(background.g)
                     + 0.0722 * to_linear(background.b);
  return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.06 ? meso_white : meso_black;
}

meso_rgb meso_paler(meso_rgb color, double amount)
{
  double keep = 1.0 - amount;
  return (meso_rgb) { amount + keep * color.r, amount + keep * color.g, amount + keep * color.b };
}
