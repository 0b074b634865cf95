#!/bin/sh
# Entries of data/measured keep the schema of data/measured/README.md, as TAP: one test per file, and
# one for names over all files.
src=${MESO_SRCDIR:-.}
# shellcheck source=tests/tap.sh
. "$src/tests/tap.sh"
cd "$src/data/measured" || exit 99
set -- *.yaml
[ -f "$1" ] || { echo 'Bail out! no file of measured numbers'; exit 99; }
echo "1..$(($# + 1))"
for file; do
  result "$file" "$(awk -v readme=README.md '
    function complain(what) { print FILENAME ": " id ": " what }
    function finish() {
      if (id == "") return
      count++
      if (!(has["quantity"] in quantities)) complain("unknown quantity " has["quantity"])
      else if (has["unit"] != quantities[has["quantity"]]) complain("unit " has["unit"])
      if (has["kind"] !~ /^(measurement|simulation|ordering)$/) complain("kind " has["kind"])
      if (has["certainty"] !~ /^(read|computed|recalled)$/) complain("certainty " has["certainty"])
      ordering = has["kind"] == "ordering"
      if (ordering != ("greater" in has && "lesser" in has)) complain("sides of an ordering")
      if (!ordering && !("value" in has) && !("low" in has && "high" in has)) complain("no number")
      if ("low" in has && "high" in has && has["low"] + 0 > has["high"] + 0) complain("low > high")
      if ("value" in has && "low" in has && has["value"] + 0 < has["low"] + 0) complain("below low")
      if ("value" in has && "high" in has && has["value"] + 0 > has["high"] + 0)
        complain("above high")
      for (k in has) if (!(k in keys)) complain("unknown key " k)
      split("species state preparation citation note", need, " ")
      for (k in need) if (!(need[k] in has)) complain("no " need[k])
    }
    BEGIN { # quantities and keys are those that the tables of the README name
      while ((getline line < readme) > 0) {
        m = split(line, cell, "|")
        if (m < 4) continue
        names = cell[2]
        if (m == 6 && names ~ /`/) { gsub(/[` ]/, "", names); u = cell[3]; gsub(/ /, "", u)
          quantities[names] = u }
        else if (m == 4) { gsub(/[` ]/, "", names); c = split(names, one, ",")
          for (i = 1; i <= c; i++) keys[one[i]] = 1 }
      }
    }
    /^ *#/ || /^entries:$/ || /^$/ { next }
    {
      if ($0 ~ /^  - id: /) { finish(); for (k in has) delete has[k]; id = $3; has["id"] = id; next }
      if ($0 !~ /^    [A-Za-z_]+: /) { complain("strange line " FNR); next }
      key = $1; sub(/:$/, "", key)
      text = $0; sub(/^ *[A-Za-z_]+: */, "", text); gsub(/^"|"$/, "", text)
      if (key in has) complain(key " twice")
      has[key] = text
    }
    END { finish(); if (count == 0) print FILENAME ": no entry" }' "$file")"
done
result 'ids are unique' "$(sed -n 's/^ *- id: *//p' "$@" | sort | uniq -d)"
exit $bad
