#!/usr/bin/env bash
# A fleet on the loopback: a control plane with its embedded database and its console, and three appliances with a node each, of which one follows no policy yet. On a terminal it stays until Ctrl-C.
# usage: tools/fleet-demo.sh [--stay|--end]      (called by ./build.sh run --fleet)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/artifacts/bin
demo=${GATEWAY_DEMO_DIR:-$PWD/artifacts/fleet-demo}
stay=$([ -t 1 ] && echo yes || echo no)
case ${1:-} in
  --stay) stay=yes ;;
  --end) stay=no ;;
  '') ;;
  *) echo "fleet-demo: no option '$1'. There are --stay and --end." >&2; exit 2 ;;
esac

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }
rm -rf "$demo"
mkdir -p "$demo"

programs=()
finish() {
  trap - EXIT INT TERM
  for process in "${programs[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
  for process in "${programs[@]}"; do wait "$process" 2>/dev/null || true; done
}
trap finish EXIT
trap 'echo; echo "Stopping."; finish; exit 0' INT TERM

# Starts a program, and waits until its log says what it is to say.
start() {
  local log=$1 word=$2
  shift 2
  setsid "$@" >"$log" 2>&1 &
  programs+=($!)
  for _ in $(seq 300); do
    grep -q "$word" "$log" && return
    kill -0 "${programs[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  exit 1
}

# A port that nobody listens on, and that was not given out before.
next=${GATEWAY_DEMO_PORT:-8451}
free_port() {
  while (exec 3<>"/dev/tcp/127.0.0.1/$next") 2>/dev/null; do next=$((next + 1)); done
  port=$next
  next=$((next + 1))
}

free_port; control=127.0.0.1:$port
free_port; console=127.0.0.1:$port
say "1  Start the control plane: gateway-control on $control, its console on $console"
start "$demo/control.log" 'The console is at' "$bin/gateway-control" --name vendor --state "$demo/control" --listen "$control" --console "$console"
export GATEWAY_CONTROL=$control
GATEWAY_FLEET_TOKEN=$(cat "$demo/control/first-admin-token")
export GATEWAY_FLEET_TOKEN
"$bin/gatewayctl" fleet tenant add acme

say "2  Start three appliances with a node each, and have them join with claim codes"
cat >"$demo/servers.json" <<'END'
{ "name": "servers", "sources": ["/etc"], "schedule": { "every": "4h" }, "retention": { "daily": 7 }, "drill": { "every": "7d" } }
END
for site in berlin bonn bremen; do
  free_port
  start "$demo/$site.log" 'serves on' "$bin/gatewayd" --profile dev --name "gateway-$site" --state "$demo/$site/state" --store "$demo/$site/store" --listen "127.0.0.1:$port" --web off --metrics off
  export GATEWAY_LOGIN=$demo/$site/login
  "$bin/gatewayctl" login "127.0.0.1:$port" --name demo --token "$(cat "$demo/$site/state/first-login-token")" >/dev/null
  "$bin/gateway-agent" enroll --state "$demo/$site/node" --gateway "127.0.0.1:$port" --name "server-$site" --token "$("$bin/gatewayctl" node token --quiet)" >/dev/null
  setsid "$bin/gateway-agent" run --state "$demo/$site/node" >"$demo/$site-agent.log" 2>&1 &
  programs+=($!)
  "$bin/gatewayctl" fleet join "$control" --claim "$("$bin/gatewayctl" fleet claim create --tenant acme --site "$site" --quiet)" >/dev/null
  "$bin/gatewayctl" fleet push "gateway-$site" "$demo/servers.json" >/dev/null
done
"$bin/gatewayctl" fleet appliances

say "3  Protect two of the nodes from afar: a policy, and a first backup"
for site in berlin bonn; do
  "$bin/gatewayctl" fleet assign "gateway-$site" servers "server-$site" >/dev/null
  "$bin/gatewayctl" fleet backup "gateway-$site" "server-$site" >/dev/null || [ $? -eq 3 ]
done
"$bin/gatewayctl" fleet commands

say "4  Which node is not protected, why, and what to do"
for _ in $(seq 600); do
  [ "$("$bin/gatewayctl" fleet nodes --unprotected --json | grep -o '"verdict"' | wc -l)" -eq 1 ] && break
  sleep 0.1
done
"$bin/gatewayctl" fleet nodes
cat <<END

Look around:
  https://$console/                  # the console; the token: $demo/control/first-admin-token
  export PATH=$bin:\$PATH GATEWAY_CONTROL=$control GATEWAY_FLEET_TOKEN=\$(cat $demo/control/first-admin-token)
  gatewayctl fleet assign gateway-bremen servers server-bremen   # the remedy
  gatewayctl fleet nodes --watch
  less $demo/*.log
END
if [ "$stay" = yes ]; then
  echo
  echo "The fleet is at https://$console/. Ctrl-C stops it."
  wait "${programs[0]}"
fi
