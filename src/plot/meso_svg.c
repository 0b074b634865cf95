/* meso_svg.c: SVG text made fit for sharing a page. */
#include "meso_canvas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct id_table {
  size_t n, capacity;
  struct { const char *name; size_t n; } *id;
} id_table;

/* Number of an id, from 1, in the order of first appearance; 0 when out of memory. */
static size_t id_number(id_table *table, const char *name, size_t n)
{
  for (size_t i = 0; i < table->n; i++)
    if (table->id[i].n == n && memcmp(table->id[i].name, name, n) == 0) return i + 1;
  if (table->n == table->capacity) {
    size_t capacity = 2 * table->capacity + 64;
    void *grown = meso_realloc(table->id, capacity, sizeof *table->id);
    if (grown == NULL) return 0;
    table->id = grown;
    table->capacity = capacity;
  }
  table->id[table->n].name = name;
  table->id[table->n].n = n;
  return ++table->n;
}

/* Length of the lead-in of an id at p (` id="`, `href="#`, `url(#`), 0 if there is none. */
static size_t lead_in(const char *p)
{
  if (strncmp(p, " id=\"", 5) == 0) return 5;
  if (strncmp(p, "href=\"#", 7) == 0) return 7;
  if (strncmp(p, "url(#", 5) == 0) return 5;
  return 0;
}

meso_status meso_svg_renumber(const meso_bytes *in, const char *prefix, meso_bytes *out,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  id_table table = { 0, 0, NULL };
  const char *p = in->data == NULL ? NULL : strstr((const char *) in->data, "<svg");
  if (p == NULL) MESO_FAIL(err, MESO_EBUG, "the drawing is not SVG");
  const char *kept = p;
  bool fine = true;
  while (fine && *p != '\0') {
    size_t lead = *p == ' ' || *p == 'h' || *p == 'u' ? lead_in(p) : 0;
    if (lead == 0) {
      p++;
      continue;
    }
    const char *name = p + lead;
    size_t n = strcspn(name, "\")");
    size_t number = id_number(&table, name, n);
    char label[96];
    int length = snprintf(label, sizeof label, "%s%zu", prefix, number);
    fine = number > 0 && meso_bytes_append(out, kept, (size_t) (name - kept))
           && meso_bytes_append(out, label, (size_t) length);
    p = kept = name + n;
  }
  if (!fine || !meso_bytes_append(out, kept, (size_t) (p - kept)))
    MESO_FAIL(err, MESO_ENOMEM, "cannot hold a drawing of %zu bytes", in->n);
cleanup:
  free(table.id);
  return status;
}
