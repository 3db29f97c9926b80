# What the checks use beside Node, from Debian's packages. Sourced by .ci/run; `unrun` takes what could not be had.

# The engine, what a base image is made with, promtool and amtool.
packages=(docker.io iptables debootstrap prometheus prometheus-alertmanager)

install_tools() {
  local missing=() name
  for name in "${packages[@]}"; do
    dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    unrun "checks that need ${missing[*]}: installing takes root and apt-get"
    return
  fi
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$work/apt.log" 2>&1; then
    unrun "checks that need ${missing[*]}: apt-get failed: $(grep -m1 '^E:' "$work/apt.log")"
  fi
}
