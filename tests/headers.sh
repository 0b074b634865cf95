#!/bin/sh
# Every installed header compiles alone, as strict C11, and twice in one file, as TAP.
src=${MESO_SRCDIR:-.}
top=$(CDPATH='' cd -- "$src" && pwd) || exit 99
cc=${CC:-cc}
headers=$(cat "$top"/*/Makefile.am "$top"/src/*/Makefile.am | sed -e ':a' -e '/\\$/{N' \
  -e 's/\\\n//' -e 'ta' -e '}' | sed -n 's/^pkginclude_HEADERS *+= *//p')
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

# Installed headers lie in one folder: only that folder is searched.
mkdir "$work/include"
for header in $headers; do cp "$top/$header" "$work/include" || exit 99; done

set -- "$work/include"/*.h
[ -f "$1" ] || { echo 'Bail out! no header found'; exit 99; }
echo "1..$#"
n=0
bad=0
for header; do
  n=$((n + 1))
  name=$(basename "$header")
  printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "$name" "$name" > "$work/t.c"
  if $cc -x c -std=c11 -pedantic-errors -Wall -Wextra -Werror -I"$work/include" -fsyntax-only \
    "$work/t.c" > "$work/log" 2>&1; then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    sed 's/^/# /' "$work/log" | head -n 20
    bad=1
  fi
done
exit $bad
