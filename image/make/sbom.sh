#!/usr/bin/env bash
# Writes what an image is made of: sbom.sh ROOT REPOSITORY OUT makes OUT.spdx.json (SPDX 2.3) and OUT.licences.txt, from dpkg's status of the root tree and NuGet's lists of the two programs.
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/sbom.py" "$@"
