#!/usr/bin/env bash
# A real S3 service on the loopback for tests and measurements: Ceph's object gateway over one monitor and one disk in memory. Keeps versions, locks and parts as S3 does.
# usage: tools/s3-server.sh start DIRECTORY PORT    prints its address when it answers, after some 15 s
#        tools/s3-server.sh stop DIRECTORY          ends it and removes the directory
# Access key AKTEST, secret SKTEST. LISTEN is the address (127.0.0.1). OSD_BYTES is how much it can hold (2 GiB). CLASS names a storage class that it has beside STANDARD, and a day of its age rules lasts a second then. Needs Debian's ceph-mon, ceph-osd, radosgw and ceph-common.
set -euo pipefail

verb=${1:?start or stop}
dir=$(realpath -m "${2:?the directory to run in}")

end_all() {
  local file alive=no
  for file in "$dir"/run/*.pid; do
    [ -f "$file" ] && kill "$1" "$(cat "$file")" 2>/dev/null && alive=yes
  done
  [ $alive = yes ]
}

if [ "$verb" = stop ]; then
  end_all -TERM || true
  for _ in $(seq 20); do
    end_all -0 || break
    sleep 0.1
  done
  end_all -KILL || true
  rm -rf "$dir"
  exit 0
fi

port=${3:?the port to listen on}
listen=${LISTEN:-127.0.0.1}
monitor=$((port < 2000 ? port + 1000 : port - 1000))
rm -rf "$dir"
mkdir -p "$dir"/mon "$dir"/osd "$dir"/rgw "$dir"/run
cluster=$(cat /proc/sys/kernel/random/uuid)
disk=$(cat /proc/sys/kernel/random/uuid)
conf=$dir/ceph.conf
cat >"$conf" <<CONF
[global]
fsid = $cluster
mon host = v2:127.0.0.1:$monitor/0
mon initial members = a
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 500
osd crush chooseleaf type = 0
run dir = $dir/run
log file = $dir/\$name.log
admin socket = $dir/run/\$name.asok
pid file = $dir/run/\$name.pid
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = $dir/keyring
[mon]
mon data = $dir/mon
mon data avail crit = 1
mon data avail warn = 2
[osd]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = ${OSD_BYTES:-2147483648}
[client.rgw]
rgw frontends = beast endpoint=$listen:$port
rgw data = $dir/rgw
rgw dns name = localhost
${CLASS:+rgw lc debug interval = 1}
CONF

ceph-authtool -C "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
for name in client.admin client.rgw; do
  ceph-authtool "$dir/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
done
ceph-authtool "$dir/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
monmaptool --create --fsid "$cluster" --addv a "[v2:127.0.0.1:$monitor]" "$dir/monmap" >/dev/null 2>&1
ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
ceph-mon -c "$conf" -i a
timeout 30 ceph -c "$conf" osd create "$disk" >/dev/null
ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$disk" >/dev/null 2>&1
ceph-osd -c "$conf" -i 0 >/dev/null 2>&1
timeout 30 ceph -c "$conf" osd crush add-bucket default root >/dev/null 2>&1 || true
timeout 30 ceph -c "$conf" osd crush add osd.0 1.0 root=default host=h >/dev/null 2>&1
for _ in $(seq 60); do
  ceph -c "$conf" osd stat 2>/dev/null | grep -q '1 up' && break
  sleep 0.3
done
admin() {
  timeout 60 radosgw-admin -c "$conf" -n client.rgw "$@" >/dev/null 2>&1
}
if [ -n "${CLASS:-}" ]; then
  # The first question makes the zone.
  admin user list
  admin zonegroup placement add --rgw-zonegroup default --placement-id default-placement --storage-class "$CLASS"
  admin zone placement add --rgw-zone default --placement-id default-placement --storage-class "$CLASS" --data-pool "default.rgw.$CLASS.data"
fi
radosgw -c "$conf" -n client.rgw
answers=no
for _ in $(seq 150); do
  if curl -s -m 1 "http://$listen:$port/" | grep -q ListAllMy; then
    answers=yes
    break
  fi
  sleep 0.2
done
[ $answers = yes ] || { echo "s3-server.sh: it does not answer on port $port; its logs are in $dir" >&2; exit 1; }
admin user create --uid=test --display-name=test --access-key=AKTEST --secret-key=SKTEST
echo "http://$listen:$port"
