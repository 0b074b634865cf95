#!/bin/sh
# Rules of the house that a compiler does not check, as TAP. One test per rule; offenders are named.
src=${MESO_SRCDIR:-.}
# shellcheck source=tests/tap.sh
. "$src/tests/tap.sh"
cd "$src" || exit 99
files=$(find src forward_models tests -name '*.[ch]' | sort)
own=$(find src forward_models -name '*.[ch]' | sort)
echo 1..6
# shellcheck disable=SC2086  # our file names have no blanks
{
  count=$(printf '%s\n' $own | wc -l)
  [ "$count" -gt 10 ] && found= || found="only $count source files found in $src"
  result 'sources are where they should be' "$found"
  calls='(sprintf|vsprintf|strcpy|strcat|atoi|atol|atof|strtok|rand|srand) *|gets'
  result 'no banned calls' "$(grep -nE "(^|[^A-Za-z0-9_])($calls)\(" $own)"
  result 'no unfinished-work marks' "$(grep -nE 'TODO|FIXME' $files)"
  result 'no tabs' "$(grep -n "$(printf '\t')" $files)"
  result 'lines of at most 100 columns' "$(LC_ALL=C.UTF-8 awk '
    length($0) > 100 { print FILENAME ":" FNR ": " length($0) }' $files)"
  result 'files of at most 1000 lines' "$(wc -l $files | awk '$1 > 1000 && $2 != "total"')"
}
exit $bad
