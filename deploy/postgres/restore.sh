#!/usr/bin/env bash
# Restores a backup of backup.sh into a NEW data folder, starts PostgreSQL on it and repeats the erasures. Never touches the old server.
#   bash deploy/postgres/restore.sh BACKUP-FOLDER NEW-DATA-FOLDER PORT [--archive FOLDER] [--until '2026-11-27 14:05:00+00'] [--erasures FILE]
# --archive: archived log segments, to go on after the backup to their end, or to --until. --erasures: the newest list, if newer than the backup's own.
# PGDATABASE (tracking), PGUSER (postgres). Afterwards start ONE node and see it ready before the others.
set -euo pipefail
{
backup=${1:?usage: restore.sh BACKUP-FOLDER NEW-DATA-FOLDER PORT [--archive FOLDER] [--until TIME] [--erasures FILE]}
data=${2:?name the new data folder}
port=${3:?name the port of the restored server}
shift 3
archive="" until="" erasures="$backup/erasures.csv"
while [ $# -gt 0 ]; do
  case $1 in
    --archive) archive=$(cd "${2:?}" && pwd); shift 2 ;;
    --until) until=${2:?}; shift 2 ;;
    --erasures) erasures=${2:?}; shift 2 ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
  esac
done
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
PATH=${programs:+$programs:}$PATH
export PGDATABASE=${PGDATABASE:-tracking} PGUSER=${PGUSER:-postgres}
# PostgreSQL refuses to run as root; where we are root it runs as its own user.
as_postgres() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"); else "$@"; fi; }

[ -d "$backup/base" ] || { echo "$backup/base is no backup of backup.sh" >&2; exit 1; }
[ ! -e "$data" ] || [ -z "$(ls -A "$data")" ] || { echo "$data is not empty; a restore goes into a new folder" >&2; exit 1; }
pg_verifybackup "$backup/base" >/dev/null
mkdir -p "$data"
cp -a "$backup/base/." "$data/"
chmod 700 "$data"
[ "$(id -u)" != 0 ] || chown -R postgres "$data"

# A recovery with this file ends on a new timeline. By that the nodes know that positions of readers mean nothing any more, and resume an hour back.
touch "$data/recovery.signal"
[ "$(id -u)" != 0 ] || chown postgres "$data/recovery.signal"
restore_command=false
[ -z "$archive" ] || restore_command="cp \"$archive/%f\" \"%p\""
cat >>"$data/postgresql.auto.conf" <<END
restore_command = '$restore_command'
recovery_target_timeline = 'latest'
recovery_target_action = 'promote'
archive_mode = 'off'
port = $port
END
[ -z "$until" ] || echo "recovery_target_time = '$until'" >>"$data/postgresql.auto.conf"
as_postgres pg_ctl -D "$data" -l "$data/restore.log" -w -t 3600 start >/dev/null || { tail -n 20 "$data/restore.log" >&2; exit 1; }
for _ in $(seq 36000); do
  [ "$(psql -X -h 127.0.0.1 -p "$port" -d postgres -Atqc 'select pg_is_in_recovery()')" != f ] || break
  sleep 0.1
done

# Keys that a newer erasure destroyed came back with the backup; destroy them again.
if [ -f "$erasures" ]; then
  psql -X -q -h 127.0.0.1 -p "$port" -v ON_ERROR_STOP=1 <<END
CREATE TEMP TABLE again (stream text COLLATE "C", erased_at timestamptz);
\\copy again FROM '$erasures' CSV
DELETE FROM stream_keys k USING again a WHERE k.stream = a.stream;
INSERT INTO erasures (stream, erased_at) SELECT stream, erased_at FROM again ON CONFLICT DO NOTHING;
END
  echo "erasures repeated: $(wc -l <"$erasures")"
fi
echo "restored: $data on port $port, timeline $(psql -X -h 127.0.0.1 -p "$port" -d postgres -Atqc 'select timeline_id from pg_control_checkpoint()'). Now start one node."
exit
}
