#!/bin/sh
# Makes ./configure from configure.ac in a fresh clone.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
cp "$(automake --print-libdir)/tap-driver.sh" build-aux/tap-driver.sh
autoreconf --install --force
