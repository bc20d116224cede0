#!/usr/bin/env bash
# A physical backup of a running PostgreSQL: complete in itself, checked, and with the list of erasures beside it.
#   bash deploy/postgres/backup.sh TARGET-FOLDER        connection by the usual PGHOST, PGPORT, PGUSER, PGPASSWORD; PGDATABASE (tracking) for the erasures
#   bash deploy/postgres/backup.sh TARGET-FOLDER erasures   only the list of erasures; run it often, it is small
# Needs a role with REPLICATION. Writes TARGET/base and TARGET/erasures.csv; ends non-zero when anything is not as it should be.
set -euo pipefail
{
target=${1:?usage: backup.sh TARGET-FOLDER [erasures]}
only=${2:-}
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
PATH=${programs:+$programs:}$PATH
export PGDATABASE=${PGDATABASE:-tracking}
umask 077
mkdir -p "$target"

if [ "$only" != erasures ]; then
  [ ! -e "$target/base" ] || { echo "$target/base is there already; every backup gets a folder of its own" >&2; exit 1; }
  # The log written meanwhile comes along, so the backup needs no archive to be whole.
  pg_basebackup --pgdata="$target/base" --format=plain --wal-method=stream --checkpoint=fast --manifest-checksums=SHA256
  pg_verifybackup "$target/base" >/dev/null
  echo "backup: $target/base ($(du -sm "$target/base" | cut -f1) MB, verified)"
fi
# Who was erased must stay erased when an older backup is restored: this list is newer than the backup.
psql -X -q -v ON_ERROR_STOP=1 -c "\\copy (SELECT stream, erased_at FROM erasures ORDER BY erased_at) TO '$target/erasures.csv.new' CSV"
mv "$target/erasures.csv.new" "$target/erasures.csv"
echo "erasures: $target/erasures.csv ($(wc -l <"$target/erasures.csv") lines)"
exit
}
