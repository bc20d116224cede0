#!/usr/bin/env bash
# A cluster on this machine: N silos, a private PostgreSQL and nginx in front, all on loopback.
#   bash deploy/local-cluster.sh 3          builds, starts three nodes and watches them; Ctrl-C stops everything
#   bash deploy/local-cluster.sh kill 2     ends node 2 as a power cut would (kill -9)
#   bash deploy/local-cluster.sh revive 2   starts node 2 again
#   bash deploy/local-cluster.sh leave 2    lets node 2 leave in order (SIGTERM)
#   bash deploy/local-cluster.sh status     who is in the cluster
#   bash deploy/local-cluster.sh stop       stops everything, from any terminal; what is stored stays
#   bash deploy/local-cluster.sh clean      forgets what was stored
# PORT (5080) is nginx; the nodes take the ports after it. TRACKING_CLUSTER_FOLDER holds data, logs and configuration. CONFIGURATION (Release), NO_BUILD=1.
set -uo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-5080}
folder=${TRACKING_CLUSTER_FOLDER:-${TMPDIR:-/tmp}/tracking-cluster-$(id -u)-$port}
configuration=${CONFIGURATION:-Release}
program=$PWD/artifacts/orleans/bin/Tracking.Silo/$(tr '[:upper:]' '[:lower:]' <<<"$configuration")/Tracking.Silo.dll
database_port=$((port + 400)) silo_port=$((port + 500))

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
refuse() { echo "$*" >&2; exit 1; }
usage() { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }

postgres_programs() {
  local at
  at=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$at" ] || { at=$(command -v initdb) && at=$(dirname "$at"); }
  [ -n "$at" ] && [ -x "$at/initdb" ] && echo "$at"
}
# PostgreSQL refuses to run as root; where we are root it runs as its own user.
as_postgres() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"); else "$@"; fi; }
ask() { "$(postgres_programs)/psql" -h 127.0.0.1 -p $database_port -U postgres -d tracking -Atqc "$1" 2>/dev/null; }

pid_of() { local pid; pid=$(cat "$folder/node$1.pid" 2>/dev/null) && ps -p "$pid" -o command= 2>/dev/null | grep -q Tracking.Silo.dll && echo "$pid"; }
nodes() { ls "$folder" 2>/dev/null | sed -nE 's/^node([0-9]+)\.pid$/\1/p' | sort -n; }

start_node() {
  local i=$1
  [ -z "$(pid_of "$i")" ] || refuse "node $i is running already"
  mkdir -p "$folder/node$i"
  # A session of its own, so that Ctrl-C reaches the script only and the nodes leave one after the other.
  (cd "$folder/node$i" && exec setsid env "Security__LinkKey=$(cat "$folder/link.key")" dotnet "$program" --Urls="http://127.0.0.1:$((port + i))" \
      --Orleans:NodeName="node$i" --Orleans:SiloPort=$((silo_port + i)) --Data:Folder="$folder/data" --Telemetry:ExpectedNodes="$(cat "$folder/count" 2>/dev/null || echo 1)" \
      "--Storage:Postgres=Host=127.0.0.1;Port=$database_port;Username=postgres;Database=tracking" </dev/null >>"$folder/node$i.log" 2>&1) &
  echo $! >"$folder/node$i.pid"
  disown $!   # its end is told by the watch, not by the shell
}

wait_ready() {
  local i=$1 tries
  for tries in $(seq 1 600); do
    curl -fs -o /dev/null --max-time 2 "http://127.0.0.1:$((port + i))/health/ready" && return
    [ "$tries" -lt 5 ] || [ -n "$(pid_of "$i")" ] || { tail -n 20 "$folder/node$i.log" >&2; return 1; }
    sleep 0.2
  done
  echo "node $i was not ready within two minutes; its log is $folder/node$i.log" >&2
  return 1
}

start_database() {
  local programs; programs=$(postgres_programs)
  if [ ! -d "$folder/postgres/data" ]; then   # made beside and moved, so that what was interrupted is begun again
    rm -rf "$folder/postgres/making"; mkdir -p "$folder/postgres" && chmod 700 "$folder/postgres"
    [ "$(id -u)" != 0 ] || chown postgres "$folder/postgres"
    as_postgres "$programs/initdb" -D "$folder/postgres/making" -A trust -U postgres -E UTF8 --locale=C >"$folder/postgres.log" 2>&1 && mv "$folder/postgres/making" "$folder/postgres/data" || refuse "initdb failed: $(tail -n 3 "$folder/postgres.log")"
  fi
  as_postgres "$programs/pg_ctl" -D "$folder/postgres/data" -l "$folder/postgres/log" -w -t 60 \
    -o "-p $database_port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder/postgres -c max_connections=200" start >/dev/null || refuse "PostgreSQL did not start; its log is $folder/postgres/log"
  [ "$("$programs/psql" -h 127.0.0.1 -p $database_port -U postgres -d postgres -Atqc "select count(*) from pg_database where datname = 'tracking'")" = 1 ] ||
    "$programs/psql" -h 127.0.0.1 -p $database_port -U postgres -d postgres -qc 'create database tracking' || refuse "the database could not be made"
}

start_nginx() {
  local count=$1 i upstream=""
  mkdir -p "$folder/nginx"
  for i in $(seq 1 "$count"); do upstream+="    server 127.0.0.1:$((port + i)) max_fails=0;"$'\n'; done
  awk -v nodes="$upstream" -v port="$port" '/^ *# NODES$/ { printf "%s", nodes; next } { gsub(/@PORT@/, port); print }' deploy/nginx/local-cluster.conf >"$folder/nginx/nginx.conf"
  nginx -p "$folder/nginx/" -c nginx.conf -e error.log || refuse "nginx did not start; see $folder/nginx/error.log"
}

stop_all() {
  local i pid
  rm -f "$folder/running"
  if [ -f "$folder/nginx/nginx.pid" ]; then kill -QUIT "$(cat "$folder/nginx/nginx.pid")" 2>/dev/null; fi
  for i in $(nodes); do pid=$(pid_of "$i") && { say "node $i leaves"; kill -TERM "$pid"; for _ in $(seq 1 350); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done; kill -9 "$pid" 2>/dev/null; }; rm -f "$folder/node$i.pid"; done
  [ ! -f "$folder/postgres/data/postmaster.pid" ] || as_postgres "$(postgres_programs)/pg_ctl" -D "$folder/postgres/data" -m fast -w stop >/dev/null
  say "stopped; what was stored stays in $folder (bash deploy/local-cluster.sh clean)"
}

members() { ask "select name || ' ' || case status when 1 then 'created' when 2 then 'joining' when 3 then 'active' when 4 then 'leaving' when 5 then 'leaving' else 'dead' end
  from (select distinct on (name) name, status, started_at from orleans_node order by name, started_at desc) newest order by name"; }

watch() {
  local before="" now i
  local -A alive=()
  for i in $(nodes); do alive[$i]=1; done
  while [ -f "$folder/running" ]; do
    for i in $(nodes); do
      if [ -n "$(pid_of "$i")" ]; then
        [ "${alive[$i]:-0}" = 1 ] || say "node $i: the process runs"
        alive[$i]=1
      else
        [ "${alive[$i]:-0}" = 0 ] || say "node $i: the process is gone (bash deploy/local-cluster.sh revive $i)"
        alive[$i]=0
      fi
    done
    now=$(members | paste -sd, - | sed 's/,/, /g')
    [ -z "$now" ] || [ "$now" = "$before" ] || say "the cluster: $now"
    before=${now:-$before}
    sleep 0.5
  done
}

start() {
  local count=$1 i began
  [ "$count" -ge 1 ] && [ "$count" -le 9 ] || refuse "1 to 9 nodes"
  local missing=()
  command -v dotnet >/dev/null || missing+=("the .NET 10 SDK")
  [ -n "$(postgres_programs)" ] || missing+=("PostgreSQL 15 or newer (apt-get install postgresql)")
  command -v nginx >/dev/null || missing+=("nginx (apt-get install nginx)")
  for i in curl openssl setsid; do command -v $i >/dev/null || missing+=("$i"); done
  [ ${#missing[@]} = 0 ] || { printf 'missing: %s\n' "${missing[@]}" >&2; exit 1; }
  [ ! -f "$folder/running" ] || refuse "a cluster runs already in $folder (bash deploy/local-cluster.sh stop)"

  if [ "${NO_BUILD:-0}" != 1 ]; then
    say "building for Orleans"
    dotnet build silo -c "$configuration" -p:ActorRuntime=orleans -v q --nologo -clp:NoSummary ||
      refuse "The Orleans build failed. If packages could not be restored, the package source lacks a part of Microsoft Orleans; the embedded build needs none of it: dotnet run --project silo"
  fi
  [ -f "$program" ] || refuse "There is no Orleans build in artifacts/orleans; run without NO_BUILD."

  mkdir -p "$folder" && chmod 711 "$folder"
  [ -f "$folder/link.key" ] || (umask 077 && openssl rand -base64 32 >"$folder/link.key")
  rm -f "$folder"/node*.pid
  touch "$folder/running"; echo "$count" >"$folder/count"
  trap 'trap "" INT TERM; echo; stop_all; exit 0' INT TERM
  trap '[ ! -f "$folder/running" ] || stop_all' EXIT
  say "PostgreSQL on port $database_port"
  start_database
  began=$(date +%s)
  for i in $(seq 1 "$count"); do start_node "$i"; done
  for i in $(seq 1 "$count"); do wait_ready "$i" || exit 1; say "node $i serves on http://127.0.0.1:$((port + i))"; done
  start_nginx "$count"
  say "the cluster of $count serves on http://127.0.0.1:$port (started in $(($(date +%s) - began)) s; logs: $folder/node*.log)"
  watch
}

{   # read whole before it runs, so that editing this file does not disturb a running cluster
case ${1:-} in
  [1-9]) start "$1" ;;
  start) start "${2:-3}" ;;
  stop) [ -d "$folder" ] || refuse "no cluster here"; stop_all ;;
  status) members || true; for i in $(nodes); do echo "node $i: $(pid=$(pid_of "$i") && echo "process $pid, http://127.0.0.1:$((port + i))" || echo "no process")"; done ;;
  kill|leave)
    [ -n "${2:-}" ] || usage
    pid=$(pid_of "$2") || refuse "node $2 does not run"
    [ "$1" = kill ] && kill -9 "$pid" || kill -TERM "$pid" ;;
  revive) [ -n "${2:-}" ] || usage; [ -f "$folder/running" ] || refuse "no cluster runs"; start_node "$2"; wait_ready "$2" && say "node $2 is ready" ;;
  clean) [ ! -f "$folder/running" ] || refuse "stop the cluster first"; rm -rf "$folder"; say "forgotten" ;;
  *) usage ;;
esac
exit
}
