#!/bin/sh
# Every program below scripts/ says how it is used, and does nothing else then. As TAP.
src=$(CDPATH='' cd -- "${MESO_SRCDIR:-.}" && pwd) || exit 99
# shellcheck source=tests/tap.sh
. "$src/tests/tap.sh"
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
find "$src/scripts" -type f -perm -u+x | sort > list
echo 1..$(($(wc -l < list) + 1))
while read -r script; do
  problem=
  timeout 20 "$script" --help > out 2> err || problem="exit code $?: $(cat err)"
  grep -q "^usage: .*${script##*/}" out || problem="$problem; no use in: $(cat out)"
  [ "$(wc -l < out)" -lt 30 ] || problem="$problem; more than its use"
  result "${script#"$src/"} --help" "$problem"
done < list
problem=
[ "$(wc -l < list)" -ge 6 ] || problem="only these scripts: $(cat list)"
result 'the scripts are found' "$problem"
exit $bad
