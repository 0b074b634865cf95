#!/bin/sh
# The run command: stages, second run, what a changed key or a damaged file makes again. TAP.
builddir=${MESO_BUILDDIR:-.}
srcdir=${MESO_SRCDIR:-.}
mesocast=$builddir/mesocast
case $mesocast in /*) ;; *) mesocast=$(pwd)/$mesocast ;; esac
model=$srcdir/data/models/toy.yaml
case $model in /*) ;; *) model=$(pwd)/$model ;; esac
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
n=0
result() { # result STATUS NAME
  n=$((n + 1))
  if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; sed 's/^/# /' log; fi
}
# stages made by a run, in one line; fails as the run fails
made() {
  "$mesocast" run "$model" -o out "$@" >log 2>&1 || return 1
  awk '$2 == "made" { printf "%s ", $1 }' log
}
expect() { # expect NAME STAGES ARGS...
  name=$1 want=$2
  shift 2
  got=$(made "$@") && [ "$got" = "$want" ]
  result $? "$name: made '$got', want '$want'"
}

echo 1..13
expect "first run" "simulate currents kernels lfp bold analysis report "
[ -s out/report.html ] && [ -s out/figures/raster.svg ] && [ -s out/figures/raster.png ]
result $? "report and figures are there"
grep -q '<svg' out/report.html && ! grep -Eq '(src|href)="https?://' out/report.html
result $? "figures are inline and nothing is loaded from a network"
cp out/spikes.h5 first.h5
expect "second run" ""
find out -type f -exec touch {} +
expect "touched files" ""
expect "changed BOLD key" "bold report " --set bold.gain=2
expect "changed back" "bold report "
printf x >>out/lfp.h5
expect "damaged lfp.h5" "lfp "
rm out/kernels.h5
expect "missing kernels.h5" "kernels "
expect "one thread" "" --threads 1
rm -rf out
made --threads 1 >/dev/null &&
  made --threads 1 --spikes first.h5 -o imported >/dev/null &&
  grep -q 'imported' imported/report.html && [ ! -e imported/spikes.h5 ]
result $? "imported spikes"
made --set simulation.duration_ms=1000 -o short >/dev/null &&
  grep -q 'too short for BOLD' short/report.html
result $? "a short recording says why BOLD is empty"
made --set simulation.duration_ms=12000 -o long >/dev/null &&
  grep -q 'whole stimulus blocks' long/report.html &&
  [ -s long/figures/bold.svg ]
result $? "a long recording has a BOLD response"
