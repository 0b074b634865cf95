/* meso_style.h: colours of the figures: the Okabe-Ito palette for things with names (safe for
 * colour-blind readers), and colour maps interpolated in OKLab. */
#ifndef MESO_STYLE_H
#define MESO_STYLE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_rgb { double r, g, b; } meso_rgb;

typedef enum meso_map {
  MESO_MAP_SEQUENTIAL, /**< dark blue to yellow */
  MESO_MAP_PALE,       /**< white to dark blue, for cells that carry text */
  MESO_MAP_WARM,       /**< white to dark vermilion, its counterpart */
  MESO_MAP_DIVERGING   /**< blue, white in the middle, red */
} meso_map;

/** Named greys and accents. */
extern const meso_rgb meso_black, meso_grey, meso_light_grey, meso_white;

/** Colour number i of the Okabe-Ito palette, repeating after 7. */
meso_rgb meso_palette(size_t i);
/** Colour of layer number i; inhibitory populations have the lighter one of the pair. */
meso_rgb meso_palette_layer(size_t i, bool inhibitory);
/** Colour i of n ordered things (depths, distances), dark to light. */
meso_rgb meso_palette_ordered(size_t i, size_t n);
/** Black or white, whichever is easier to read on @p background (WCAG 2.1 contrast ratio). */
meso_rgb meso_readable_on(meso_rgb background);
/** The colour mixed with white; amount 0: itself, 1: white. */
meso_rgb meso_paler(meso_rgb color, double amount);
/** Colour at @p fraction (clipped to 0 .. 1) of a map; light grey for NaN. */
meso_rgb meso_map_color(meso_map map, double fraction);

#ifdef __cplusplus
}
#endif
#endif
