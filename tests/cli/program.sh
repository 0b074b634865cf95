# program.sh: what the tests of the command line share; read by them, not run. Expects $src; sets
# $build, $meso (the program) and an empty folder $work, in which the test goes on.
# shellcheck source=tests/tap.sh
. "$src/tests/tap.sh"
build=$(CDPATH='' cd -- "${MESO_BUILDDIR:-.}" && pwd) || exit 99
meso=$build/mesocast
[ -x "$meso" ] || { echo "Bail out! no program $meso"; exit 99; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

# code NAME WANTED WORD ARGUMENTS...: the exit code, and the word in one line on stderr
code() {
  name=$1
  wanted=$2
  word=$3
  shift 3
  problem=
  "$meso" "$@" > out 2> err
  got=$?
  [ "$got" -eq "$wanted" ] || problem="exit code $got, not $wanted: $(cat err)"
  [ "$wanted" -eq 0 ] || [ "$(wc -l < err)" -eq 1 ] || problem="$problem; not one line on stderr"
  [ "$wanted" -eq 0 ] || grep -qF -- "$word" err || problem="$problem; no \"$word\": $(cat err)"
  result "$name" "$problem"
}
