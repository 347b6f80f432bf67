#!/usr/bin/env bash
# The main job on real data of this machine: an appliance and a node on the loopback; enrol, back up, back up again, verify, restore, compare with
# a foreign tool, show the figures. On a terminal the appliance then stays until Ctrl-C.
# usage: tools/demo.sh [--stay|--end] [DIRECTORY...]      (called by ./build.sh run)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/artifacts/bin
demo=${GATEWAY_DEMO_DIR:-$PWD/artifacts/demo}
stay=$([ -t 1 ] && echo yes || echo no)
case ${1:-} in
  --stay) stay=yes; shift ;;
  --end) stay=no; shift ;;
esac
sources=("$@")
[ ${#sources[@]} -gt 0 ] || sources=(/usr/lib /etc)

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }
for source in "${sources[@]}"; do
  [ -e "$source" ] || { echo "demo: $source is not there; name directories that are." >&2; exit 1; }
done

# The store needs about half of the data, the restored copy all of it, and both some room.
mkdir -p "$demo"
need=$(du -sxk "${sources[@]}" 2>/dev/null | awk '{ sum += $1 } END { print int(sum * 1.7) + 200000 }')
free=$(df -k --output=avail "$demo" | tail -1)
if [ "$free" -lt "$need" ]; then
  echo "demo: ${sources[*]} needs about $((need / 1024)) MiB in $demo, and $((free / 1024)) MiB are free. Name a smaller directory: ./build.sh run -- DIRECTORY" >&2
  exit 1
fi

# What an earlier run of another version left cannot be gone on with.
[ -e "$demo/state/ca.pem" ] || rm -rf "$demo"/{state,store,node,login,restored,store.key}
out=$demo/restored
rm -rf "$out"
export GATEWAY_LOGIN=$demo/login GATEWAY_AGENT_STATE=$demo/node

daemon=
agent=
finish() {
  trap - EXIT INT TERM
  for process in $agent $daemon; do kill -TERM "$process" 2>/dev/null || true; done
  for process in $agent $daemon; do wait "$process" 2>/dev/null || true; done
}
trap finish EXIT
trap 'echo; echo "Stopping."; finish; exit 0' INT TERM

port=${GATEWAY_DEMO_PORT:-8441}
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
gateway=127.0.0.1:$port
web=${GATEWAY_DEMO_WEB_PORT:-8443}
while (exec 3<>"/dev/tcp/127.0.0.1/$web") 2>/dev/null; do web=$((web + 1)); done

say "1  Start the appliance: gatewayd with the profile 'dev' on $gateway"
setsid "$bin/gatewayd" --profile dev --tpm off --name demo --state "$demo/state" --store "$demo/store" --listen "$gateway" --web "127.0.0.1:$web" >"$demo/gatewayd.log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
  grep -q 'serves on' "$demo/gatewayd.log" && break
  kill -0 "$daemon" 2>/dev/null || { cat "$demo/gatewayd.log" >&2; exit 1; }
  sleep 0.1
done
if ! "$bin/gatewayctl" status --gateway "$gateway" >/dev/null 2>&1; then
  rm -rf "$demo/login"
  token=$(cat "$demo/state/first-login-token")
  "$bin/gatewayctl" login "$gateway" --name demo --token "$token" || { echo "demo: the login of an earlier run is lost; remove $demo and run this again." >&2; exit 1; }
fi
"$bin/gatewayctl" status

if ! "$bin/gateway-agent" status --json 2>/dev/null | grep -q '"state":"enrolled".*"reachable":true'; then
  say "2  Enrol this machine as a node"
  "$bin/gatewayctl" node revoke this-machine >/dev/null 2>&1 && "$bin/gatewayctl" node remove this-machine >/dev/null || true
  "$bin/gateway-agent" forget >/dev/null
  "$bin/gateway-agent" enroll --gateway "$gateway" --name this-machine --token "$("$bin/gatewayctl" node token --quiet)"
else
  say "2  This machine is still enrolled as a node since the last run"
fi
setsid "$bin/gateway-agent" run >"$demo/agent.log" 2>&1 &
agent=$!

# Exit code 3 means: done, but some files could not be read. That is told, and no reason to stop.
backup() {
  local code=0
  "$bin/gateway-agent" backup --one-file-system "${sources[@]}" || code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"
}

say "3  Back up ${sources[*]} over mTLS"
backup
say "4  Back up again: only what changed is read, nothing is sent twice"
backup
say "5  Verify every byte of the store, then once more without the key"
"$bin/gatewayctl" store verify --read-data --store "$demo/store" --key-file "$demo/state/store.key"
"$bin/gatewayctl" store verify --read-data --keyless --store "$demo/store"
say "6  Restore from the appliance to $out"
code=0
"$bin/gateway-agent" restore latest --target "$out" || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"

say "7  Compare the restored trees with the originals"
options=-aHAX
[ "$(id -u)" -eq 0 ] || options=-rlptH
for source in "${sources[@]}"; do
  real=$(realpath "$source")
  slash=
  [ -d "$real" ] && slash=/
  difference=$(rsync "$options" -xn --checksum --itemize-changes --delete "$real$slash" "$out$real$slash") || { echo "demo: rsync failed to compare $real." >&2; exit 1; }
  # A living system changes files meanwhile: what a further backup finds changed since is no fault of the restore.
  if [ -n "$difference" ]; then
    restored=$("$bin/gateway-agent" snapshots --json | tr ',' '\n' | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p' | tail -1)
    backup >/dev/null
    changed=$("$bin/gatewayctl" store diff "$restored" latest --store "$demo/store" --key-file "$demo/state/store.key" | sed -n 's/^[-+MUT]  //p')
    while IFS= read -r line; do
      path=$real/${line#* }
      path=${path%/}
      path=${path%/.}
      path=${path%% -> *}
      if ! grep -qxF -- "$path" <<<"$changed"; then
        echo "demo: the restored $path differs from the original, which has not changed since: $line" >&2
        exit 1
      fi
    done <<<"$difference"
    echo "rsync finds differences in $real only where the original has changed since the backup: $(wc -l <<<"$difference") paths."
    continue
  fi
  echo "rsync finds no difference in $real: content, owners, modes, times, links, ACLs and extended attributes are equal."
done
rm -rf "$out"

say "8  Put the node under a policy: it backs up by itself, and a restore is rehearsed"
"$bin/gatewayctl" policy set demo --set 'sources=["/etc"]' --set schedule.every=10s --set retention.last=3 --set drill.every=1d >/dev/null
"$bin/gatewayctl" policy preview demo --node this-machine --runs 3
"$bin/gatewayctl" policy assign demo this-machine
for _ in $(seq 300); do
  "$bin/gatewayctl" job list --node this-machine | grep -Eq 'backup +this-machine +demo +(done|warned)' && break
  sleep 0.2
done
"$bin/gatewayctl" policy set demo --set schedule.every=1h >/dev/null
"$bin/gatewayctl" drill run this-machine --policy demo
"$bin/gatewayctl" job list --most 5
"$bin/gatewayctl" drill list

say "9  What the appliance holds"
"$bin/gatewayctl" node list
"$bin/gatewayctl" node snapshots this-machine
"$bin/gatewayctl" store stats --store "$demo/store" --key-file "$demo/state/store.key"
cat <<END

Look around:
  export PATH=$bin:\$PATH GATEWAY_LOGIN=$demo/login GATEWAY_AGENT_STATE=$demo/node
  gatewayctl status --watch          # the appliance
  gatewayctl user add me --role administrator   # asks for a password; then https://127.0.0.1:$web/
  gatewayctl node backup this-machine /etc   # order a backup and follow it
  gateway-agent snapshots            # the node's side
  less $demo/gatewayd.log $demo/agent.log
END
if [ "$stay" = yes ]; then
  echo
  echo "The appliance serves on $gateway. Ctrl-C stops it."
  wait "$daemon"
fi
