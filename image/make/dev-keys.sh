#!/usr/bin/env bash
# Makes an authority and a certificate to sign bundles with, for development alone: dev-keys.sh DIR. A maker of appliances keeps real ones elsewhere, and hands them to image.sh.
set -euo pipefail
mkdir -p "$1"
cd "$1"
umask 077
openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj '/O=GatewayOS/CN=GatewayOS development authority' -keyout ca.key -out ca.crt \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -newkey rsa:3072 -nodes -subj '/O=GatewayOS/CN=GatewayOS development bundles' -keyout dev.key -out dev.csr 2>/dev/null
openssl x509 -req -in dev.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out dev.crt -extfile <(printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n') 2>/dev/null
rm -f dev.csr
