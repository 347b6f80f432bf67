#!/usr/bin/env bash
# The main job on real data of this machine: back up, back up again, verify, restore, compare with a foreign tool, and show the figures.
# usage: tools/demo.sh [DIRECTORY...]      (called by ./build.sh run)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
gatewayctl=$PWD/artifacts/bin/gatewayctl
demo=${GATEWAY_DEMO_DIR:-$PWD/artifacts/demo}
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

store=$demo/store
out=$demo/restored
key=$demo/store.key
export GATEWAY_STORE=$store GATEWAY_KEY_FILE=$key
rm -rf "$out"
if [ ! -e "$store/config.json" ]; then
  say "1  Make an encrypted store, opened by a key file"
  "$gatewayctl" store init
else
  say "1  The store of the last run is still there: this one deduplicates against it"
fi

# Exit code 3 means: done, but some files could not be read. That is told, and no reason to stop.
backup() {
  local code=0
  "$gatewayctl" store backup --one-file-system "${sources[@]}" || code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"
}

say "2  Back up ${sources[*]}"
backup
say "3  Back up again: only what changed is read, nothing is stored twice"
backup
say "4  Verify every byte, then once more without the key"
"$gatewayctl" store verify --read-data
"$gatewayctl" store verify --read-data --keyless
say "5  Restore to $out"
code=0
"$gatewayctl" store restore latest --target "$out" || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"

say "6  Compare the restored trees with the originals"
options=-aHAX
[ "$(id -u)" -eq 0 ] || options=-rlptH
for source in "${sources[@]}"; do
  real=$(realpath "$source")
  difference=$(rsync "$options" -xn --checksum --itemize-changes --delete "$real/" "$out$real/" 2>/dev/null || true)
  # A living system changes files meanwhile: what a further backup finds changed since is no fault of the restore.
  if [ -n "$difference" ]; then
    restored=$("$gatewayctl" store snapshots --json | sed -n 's/^ *"id": "\(.*\)",$/\1/p' | tail -1)
    backup >/dev/null
    changed=$("$gatewayctl" store diff "$restored" latest | sed -n 's/^[-+MUT]  //p')
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

say "7  What the store holds"
"$gatewayctl" store stats
"$gatewayctl" store snapshots
cat <<END

Look around:
  export GATEWAY_STORE=$store GATEWAY_KEY_FILE=$key
  $gatewayctl store ls latest ${sources[0]}
  $gatewayctl store --help
END
