#!/usr/bin/env bash
# with-secret-service.sh - run a command inside a fresh, private, UNLOCKED
# freedesktop Secret Service (gnome-keyring) on a machine without a display.
#
#   with-secret-service.sh [options] [--] command [args...]
#
#   --state DIR   keep HOME/XDG dirs in DIR (created if absent; default: a fresh
#                 temp dir that is removed at the end). Reuse = same keyring file.
#   --locked      start the service, create the login collection, then lock it
#                 (every unlock then needs a prompt, and there is no prompter)
#   --no-login    service running, but no login/default collection at all
#   --activatable let D-Bus start a replacement daemon when the first one dies
#                 (as on a desktop; the replacement comes up with login LOCKED)
#   --no-service  a session bus with NO secret service on it (not activatable)
#   --no-bus      no session bus at all (DBUS_SESSION_BUS_ADDRESS unset)
#   --password P  login keyring password, not empty (default: "test-password")
#   --verbose     say what it does on stderr
#
# Inside, WSS_MODE = unlocked|locked|nologin|noservice|nobus says where you are,
# and WSS_GKD_PID is the daemon (kill -9 / kill -STOP it to test the client).
#
# Needs (Debian/Ubuntu):
#   apt-get install -y --no-install-recommends dbus gnome-keyring
# Works as root or as a user, in an unprivileged container, with no login session.
# Exit status: that of the command; 97 = the service did not come up.
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
    -h|--help)     sed -n '2,27s/^# \{0,1\}//p' "$0"; exit 0 ;;
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

# Go's caches live under HOME by default: pin them before HOME moves, or every
# `go test` below would download and build the world again.
if command -v go >/dev/null; then
  GOPATH="${GOPATH:-$(go env GOPATH)}"; GOMODCACHE="${GOMODCACHE:-$(go env GOMODCACHE)}"
  GOCACHE="${GOCACHE:-$(go env GOCACHE)}"; GOENV="${GOENV:-$(go env GOENV)}"
  export GOPATH GOMODCACHE GOCACHE GOENV
fi

cleanup_dir=""
if [ -z "$state" ]; then
  # short path: the control and bus sockets must fit in 108 bytes (sun_path)
  state=$(mktemp -d -t ss.XXXXXX) || exit 97
  cleanup_dir=$state
fi
mkdir -p "$state"/{home,data,config,cache,state} || exit 97
state=$(cd "$state" && pwd)
# the runtime dir must never outlive the bus: stale sockets confuse the next run
rm -rf "$state/run"; mkdir -m 0700 "$state/run" || exit 97
chmod 0700 "$state" "$state/home"

child=""
finish() {
  trap '' INT TERM HUP
  if [ -n "$child" ] && kill -0 "$child" 2>/dev/null; then
    # the inner shell passes the signal on to the command, stops the daemon, and
    # ends; dbus-run-session then takes the bus down
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
# no outer bus, no outer keyring, no way to draw a prompt
unset DBUS_SESSION_BUS_ADDRESS DBUS_SESSION_BUS_PID GNOME_KEYRING_CONTROL \
      GNOME_KEYRING_PID DISPLAY WAYLAND_DISPLAY XAUTHORITY SSH_AUTH_SOCK
export WSS_MODE=$mode

if [ "$mode" = nobus ]; then
  "$@" <&0 & child=$!
  wait "$child"; rc=$?; child=""
  exit "$rc"
fi

# A private bus configuration: the socket stays in our runtime dir, and the only
# thing D-Bus activation can start is what we put in services/ - so neither the
# desktop's prompter nor a system-wide service can be pulled in by accident.
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
# dbus-daemon's stderr (a harmless "Failed to set fd limit" as root) goes to a log
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
  # --foreground: no double fork, so the pid is known and nothing is orphaned.
  # --unlock: reads ALL of stdin up to EOF as the password (a trailing newline
  #   would be PART of it, so printf, not echo) and creates login.keyring if it
  #   is absent. --components=secrets: no ssh/pkcs11 sockets.
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
    # ask the bus first: a call to the name itself could activate a second daemon
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
    # a fresh headless image has no default alias; libsecret (secret-tool) and any
    # client that asks for "default" needs it. zalando/go-keyring tries login first.
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
# dbus-run-session starts the bus, exports DBUS_SESSION_BUS_ADDRESS, returns the
# status of the command and kills the bus.
dbus-run-session --config-file="$state/run/bus.conf" --dbus-daemon="$state/run/dbus-daemon" -- \
  bash -c "$inner" with-secret-service "$@" <&0 &
child=$!
wait "$child"; rc=$?
child=""
exit "$rc"
