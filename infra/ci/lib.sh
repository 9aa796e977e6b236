# Functions for the scripts of this folder, which source it.

random_port() { echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 20000)); }

# start_server builds cedula and starts it on free ports with data in "$1/data", then sets server (its process),
# CONOMY_URL, BLNK_URL and the credentials of the sandbox client. Its log is "$1/log".
start_server() {
  "${GO:-go}" build -o "$1/cedula" ./infra/cedula
  "$1/cedula" serve --data "$1/data" --conomy localhost:0 --blnk localhost:0 --mailbox localhost:0 >"$1/out" 2>"$1/log" &
  server=$!
  BLNK_URL=
  for _ in $(seq 100); do
    BLNK_URL=$(sed -n "s|^Blnk API  *\(http://[^ ]*\).*|\1|p" "$1/out")
    [ -z "$BLNK_URL" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  if [ -z "$BLNK_URL" ]; then
    cat "$1/log" >&2
    return 1
  fi
  # shellcheck disable=SC2034 # for the caller
  CONOMY_URL=$(sed -n "s|^Conomy API  *\(http://[^ ]*\).*|\1|p" "$1/out")
  # shellcheck source=/dev/null
  . "$1/data/sandbox.env"
}

# stop_server ends the server of start_server, if there is one.
stop_server() {
  [ -n "${server-}" ] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}
