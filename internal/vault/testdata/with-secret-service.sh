#!/usr/bin/env bash
# Runs a command with a Secret Service of its own: a fresh session bus and a
# fresh gnome-keyring whose login collection is unlocked. No display, no login
# session and no privilege is needed.
#
#   with-secret-service.sh [options] [--] command [args...]
#
#   --state DIR    use DIR for HOME and the XDG directories and leave it there; a
#                  second run with the same DIR sees the same keyring file
#   --locked       lock the login collection once it exists; nobody can unlock it,
#                  because there is no prompter
#   --no-login     a service without any collection, as in a container
#   --activatable  let the bus start a new daemon when the first one is gone, as a
#                  desktop does; the new one comes up locked
#   --no-service   a bus that has no secret service and cannot start one
#   --no-bus       no session bus
#   --password P   password of the login keyring (not empty)
#   --verbose      say on stderr when the service is up
#
# The command finds WSS_MODE (unlocked, locked, nologin, noservice or nobus) and
# WSS_GKD_PID, the daemon, in its environment. The exit status is the command's, or
# 97 if the service did not come up. Debian and Ubuntu have what it needs in the
# packages dbus and gnome-keyring.
set -u

state=""; mode=unlocked; password="test-password"; verbose=0; activatable=0
while [ $# -gt 0 ]; do
  case "$1" in
    --state)       state=$2; shift 2 ;;
    --locked)      mode=locked; shift ;;
    --no-login)    mode=nologin; shift ;;
    --no-service)  mode=noservice; shift ;;
    --no-bus)      mode=nobus; shift ;;
    --activatable) activatable=1; shift ;;
    --password)    password=$2; shift 2 ;;
    --verbose)     verbose=1; shift ;;
    --)            shift; break ;;
    -h|--help)     sed -n '2,24s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*)            echo "with-secret-service: unknown option $1" >&2; exit 2 ;;
    *)             break ;;
  esac
done
[ $# -gt 0 ] || { echo "with-secret-service: no command" >&2; exit 2; }
[ -n "$password" ] || { echo "with-secret-service: --password must not be empty" >&2; exit 2; }

if [ "$mode" != nobus ]; then
  for tool in dbus-run-session dbus-daemon dbus-send gnome-keyring-daemon; do
    command -v "$tool" >/dev/null || {
      echo "with-secret-service: $tool not found (apt-get install -y --no-install-recommends dbus gnome-keyring)" >&2
      exit 97; }
  done
fi

# HOME is about to move, and Go's caches would move with it.
if command -v go >/dev/null; then
  GOPATH="${GOPATH:-$(go env GOPATH)}"; GOMODCACHE="${GOMODCACHE:-$(go env GOMODCACHE)}"
  GOCACHE="${GOCACHE:-$(go env GOCACHE)}"; export GOPATH GOMODCACHE GOCACHE
fi

cleanup_dir=""
if [ -z "$state" ]; then
  # keep it short: a socket's path may have no more than 108 bytes
  state=$(mktemp -d -t ss.XXXXXX) || exit 97
  cleanup_dir=$state
fi
mkdir -p "$state"/{home,data,config,cache,state} || exit 97
state=$(cd "$state" && pwd)
# sockets of an earlier run would mislead the new daemon
rm -rf "$state/run"; mkdir -m 0700 "$state/run" || exit 97
chmod 0700 "$state" "$state/home"

child=""
finish() {
  trap '' INT TERM HUP
  if [ -n "$child" ] && kill -0 "$child" 2>/dev/null; then
    # the inner shell ends the command and the daemon; the bus goes with it
    [ -f "$state/run/inner.pid" ] && kill -TERM "$(cat "$state/run/inner.pid")" 2>/dev/null
    for _ in $(seq 1 100); do kill -0 "$child" 2>/dev/null || break; sleep 0.05; done
    kill -KILL "$child" 2>/dev/null
    wait "$child" 2>/dev/null
  fi
  if [ -n "$cleanup_dir" ]; then
    for _ in $(seq 1 20); do rm -rf "$cleanup_dir" 2>/dev/null && break; sleep 0.05; done
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

export HOME="$state/home" XDG_DATA_HOME="$state/data" XDG_CONFIG_HOME="$state/config" \
       XDG_CACHE_HOME="$state/cache" XDG_STATE_HOME="$state/state" XDG_RUNTIME_DIR="$state/run"
# nothing of the session outside may be reached, nor any screen
unset DBUS_SESSION_BUS_ADDRESS DBUS_SESSION_BUS_PID GNOME_KEYRING_CONTROL \
      GNOME_KEYRING_PID DISPLAY WAYLAND_DISPLAY XAUTHORITY SSH_AUTH_SOCK
export WSS_MODE=$mode

if [ "$mode" = nobus ]; then
  "$@" <&0 & child=$!
  wait "$child"; rc=$?; child=""
  exit "$rc"
fi

# A bus of our own that can start nothing but what is in services/: no prompter,
# and no service installed on this machine.
mkdir -p "$state/run/services"
cat > "$state/run/bus.conf" <<CONF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path=$state/run/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>$state/run/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="service_start_timeout">120000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_incomplete_connections">10000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
CONF
# what dbus-daemon has to say (as root it complains about limits) goes to a log
printf '#!/bin/sh\nexec dbus-daemon "$@" 2>>"%s"\n' "$state/run/bus.log" > "$state/run/dbus-daemon"
chmod +x "$state/run/dbus-daemon"

if [ "$activatable" = 1 ]; then
  printf '[D-BUS Service]\nName=org.freedesktop.secrets\nExec=%s --start --foreground --components=secrets\n' \
    "$(command -v gnome-keyring-daemon)" > "$state/run/services/org.freedesktop.secrets.service"
fi

export WSS_PASSWORD=$password WSS_VERBOSE=$verbose
inner='
set -u
echo $$ > "$XDG_RUNTIME_DIR/inner.pid"
gkd=""; cmd=""
stop() { trap "" TERM INT; [ -n "$cmd" ] && kill -TERM $cmd 2>/dev/null && wait $cmd 2>/dev/null
         [ -n "$gkd" ] && kill -TERM $gkd 2>/dev/null; exit 143; }
trap stop TERM INT
call() { dbus-send --session --print-reply=literal --reply-timeout=5000 "$@" 2>/dev/null; }
prop() { call --dest=org.freedesktop.secrets "$1" org.freedesktop.DBus.Properties.Get "string:$2" "string:$3"; }
fail() { echo "with-secret-service: $*" >&2
         for f in gkd.log bus.log; do [ -s "$XDG_RUNTIME_DIR/$f" ] && sed "s/^/  $f: /" "$XDG_RUNTIME_DIR/$f" >&2; done
         [ -n "$gkd" ] && kill -TERM $gkd 2>/dev/null; exit 97; }
login=/org/freedesktop/secrets/collection/login
if [ "$WSS_MODE" != noservice ]; then
  # In the foreground, for the sake of its pid. --unlock takes all of stdin as the
  # password, a final newline included, and creates the login keyring.
  if [ "$WSS_MODE" = nologin ]; then
    gnome-keyring-daemon --start --foreground --components=secrets \
      --control-directory="$XDG_RUNTIME_DIR/keyring" >"$XDG_RUNTIME_DIR/gkd.log" 2>&1 </dev/null &
  else
    gnome-keyring-daemon --foreground --unlock --components=secrets \
      --control-directory="$XDG_RUNTIME_DIR/keyring" >"$XDG_RUNTIME_DIR/gkd.log" 2>&1 \
      < <(printf %s "$WSS_PASSWORD") &
  fi
  gkd=$!; disown $gkd
  export WSS_GKD_PID=$gkd
  ok=0
  for _ in $(seq 1 400); do
    kill -0 $gkd 2>/dev/null || fail "gnome-keyring-daemon exited"
    # the bus is asked, not the service: a call to that could start another
    case "$(call --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets)" in
      *true*) [ "$WSS_MODE" = nologin ] && { ok=1; break; } ;;
      *) sleep 0.025; continue ;;
    esac
    case "$(prop $login org.freedesktop.Secret.Collection Locked)" in
      *"boolean false"*) ok=1; break ;;
      *"boolean true"*)  fail "login collection exists but is locked: wrong --password for this --state?" ;;
    esac
    sleep 0.025
  done
  [ $ok = 1 ] || fail "no unlocked login collection after 10 s"
  if [ "$WSS_MODE" != nologin ]; then
    # clients of libsecret look for the default collection, which nobody has set yet
    call --dest=org.freedesktop.secrets /org/freedesktop/secrets \
      org.freedesktop.Secret.Service.SetAlias string:default objpath:$login >/dev/null || fail "SetAlias default failed"
  fi
  if [ "$WSS_MODE" = locked ]; then
    call --dest=org.freedesktop.secrets /org/freedesktop/secrets \
      org.freedesktop.Secret.Service.Lock array:objpath:$login >/dev/null || fail "Lock failed"
  fi
  [ "$WSS_VERBOSE" = 1 ] && echo "with-secret-service: ready ($WSS_MODE), gnome-keyring-daemon pid $gkd, state $HOME/.." >&2
fi
unset WSS_PASSWORD WSS_VERBOSE
"$@" <&0 & cmd=$!
wait $cmd; rc=$?
cmd=""
if [ -n "$gkd" ]; then
  kill -CONT $gkd 2>/dev/null; kill -TERM $gkd 2>/dev/null
  for _ in $(seq 1 40); do kill -0 $gkd 2>/dev/null || break; sleep 0.025; done
  kill -KILL $gkd 2>/dev/null
fi
exit $rc
'
# The bus lives as long as the command.
dbus-run-session --config-file="$state/run/bus.conf" --dbus-daemon="$state/run/dbus-daemon" -- \
  bash -c "$inner" with-secret-service "$@" <&0 &
child=$!
wait "$child"; rc=$?
child=""
exit "$rc"
