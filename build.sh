#!/usr/bin/env bash
# One entry for every task: installs what is missing, then runs the Cake target of that name. './build.sh help' lists them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

targets='build        build the web page and publish gatewayd, gateway-agent, gatewayctl and gateway-control into artifacts/bin
run          build, then start an appliance and a node on the loopback and back up, verify and restore real data of this
             machine; on a terminal it stays until Ctrl-C: ./build.sh run [-- [--stay|--end] DIRECTORY...];
             with --fleet a control plane with its console, and three appliances: ./build.sh run --fleet [--stay|--end]
test         all tests but the slow system tests, and a time-boxed simulation
test-system  the slow end-to-end tests through the real binary
simulate     the store simulation at length: ./build.sh simulate [-- --seeds N]
bench        measurements: ./build.sh bench [-- SUITE --option value...]; suites are peers (beside restic and borg), stages,
             generations, scale, nodes, vault, catalogue, fleet, grpc and chunk-sizes
image        the disk image of the appliance, update bundle and list of parts, into artifacts/image:
             ./build.sh image --profile gw-1000|gw-2000|dev [--version V] [--signing-cert PEM --signing-key PEM --keyring PEM]; needs root
twin         start a virtual machine made from a hardware profile, in which the image runs:
             ./build.sh twin --profile dev [--dir DIR] [--grpc PORT] [--web PORT] [--usb IMG]; Ctrl-A X ends it
screenshots  every page of the appliance and the console in every look, checked for accessibility, into artifacts/screenshots
corpus       data to back up, made from a seed and aged by days: ./build.sh corpus -- make|age --out DIR...
format       format the code (format-check only looks)
clean        remove everything built'

target=${1:-help}
[ $# -gt 0 ] && shift
[ "${1:-}" = "--" ] && shift
case "$target" in
  help|-h|--help) printf 'usage: ./build.sh TARGET [-- ARGUMENTS]\n\n%s\n' "$targets"; exit 0 ;;
  build|run|test|test-system|simulate|bench|screenshots|image|twin|corpus|format|format-check|clean) ;;
  *) printf "build.sh: no target '%s'. The targets are:\n\n%s\n" "$target" "$targets" >&2; exit 2 ;;
esac

if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
  echo "build.sh: the .NET 10 SDK is missing. Install it (package dotnet-sdk-10.0 of Microsoft's Debian feed, or the tar archive) and put dotnet on the PATH." >&2
  exit 1
fi

# Installs the missing Debian packages of the given groups; asks apt nothing when all are there.
need_packages() {
  local missing=() group package
  while read -r group package; do
    [[ " $* " == *" $group "* ]] || continue
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done < <(grep -v '^#' tools/debian-packages.txt)
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      sudo=(sudo)
    else
      printf 'build.sh: Debian packages are missing. Install them, then run this again:\n\n  sudo apt-get install %s\n' "${missing[*]}" >&2
      exit 1
    fi
  fi
  echo "Installing ${missing[*]}"
  { "${sudo[@]}" apt-get update && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >/tmp/gatewayos-apt.log 2>&1 \
    || { tail -20 /tmp/gatewayos-apt.log >&2; echo "build.sh: apt-get failed; the whole log is in /tmp/gatewayos-apt.log" >&2; exit 1; }
}

# Node.js builds the web page; whatever there is of it already will do.
pages=
command -v npm >/dev/null || pages=pages

case "$target" in
  test) need_packages runtime test browser $pages ;;
  simulate) need_packages runtime test $pages ;;
  test-system) need_packages runtime test system image twin browser $pages ;;
  run) need_packages runtime test $pages ;;
  bench) need_packages runtime test bench $pages ;;
  screenshots) need_packages runtime test browser $pages ;;
  build) need_packages runtime $pages ;;
  image) need_packages runtime image $pages ;;
  twin) need_packages twin; exec image/twin/twin.sh "$@" ;;
esac

dotnet tool restore >/dev/null
if [ "$target" = run ]; then
  # Without the build tool in between, Ctrl-C reaches what is shown.
  dotnet cake build.cake --verbosity=quiet --target=build
  if [ "${1:-}" = --fleet ]; then
    shift
    exec tools/fleet-demo.sh "$@"
  fi
  exec tools/demo.sh "$@"
fi

if [ "$target" = image ]; then
  dotnet cake build.cake --verbosity=quiet --target=build
  exec image/make/image.sh "$@"
fi

if [ "$target" = corpus ]; then
  exec dotnet run --project tools/CorpusMaker -c Release -v quiet -- "$@"
fi

GATEWAY_BUILD_ARGUMENTS="$*" exec dotnet cake build.cake --verbosity=quiet --target="$target"
