#!/usr/bin/env bash
# Writes what is missing of the stack's secrets into deploy/compose/secrets; never replaces one.
set -euo pipefail
directory="${1:-$(dirname "${BASH_SOURCE[0]}")/secrets}"
mkdir -p "$directory"
# Compose hands the files over with the modes that they have here, and the containers run as other
# users: so the files are readable, and the directory keeps everybody else on this machine out.
chmod 700 "$directory"

for name in webhook-token influxdb-token influxdb-password grafana-password postgresql-password; do
  file="$directory/$name"
  [ -e "$file" ] && continue
  # No newline: InfluxDB and Grafana would take it as part of the password.
  head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_' >"$file"
  chmod 444 "$file"
  echo "wrote $file"
done

file="$directory/database-url"
if [ ! -e "$file" ]; then
  echo "postgresql://vigia:$(cat "$directory/postgresql-password")@postgresql:5432/vigia" >"$file"
  chmod 444 "$file"
  echo "wrote $file"
fi

for role in exporter remediations; do
  file="$directory/aws-$role"
  [ -e "$file" ] && continue
  printf '# AWS credentials of the role of %s, as in ~/.aws/credentials\n[default]\n' "$role" >"$file"
  chmod 644 "$file"
  echo "wrote $file: put the credentials of the role of $role there"
done
