# tap.sh: what the shell tests share; read by them, not run.
n=0
bad=0

# result NAME PROBLEM: prints a line of TAP; passes when the problem is empty
result() {
  n=$((n + 1))
  if [ -z "$2" ]; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1"
    printf '%s\n' "$2" | head -n 50 | sed 's/^/# /'
    bad=1
  fi
}
