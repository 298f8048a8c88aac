#!/bin/bash
# Asks the containers of mgmt-host-3 that say how one learns that they are well; the engine here cannot. Rendered by rancher-gen.
# rancher-gen-health.timer runs it; run it by hand at any time, it changes nothing. It exits 1 and names who is unwell.
# A container that does not run is not asked: it may be the other mode's.
# shellcheck disable=SC2016 # the containers' shells expand the commands
set -u
unwell=0
ask() { # CONTAINER SECONDS COMMAND
    if [ "$(docker inspect -f '{{.State.Running}}' "$1" 2>/dev/null)" != true ]; then
        return
    fi
    if ! timeout -k 1 "$2" docker exec "$1" bash -c "$3" >/dev/null 2>&1; then
        echo "unwell: $1" >&2
        unwell=1
    fi
}
if ! docker ps -q >/dev/null; then
    echo "the engine does not answer" >&2
    exit 1
fi
ask rancher-ha-cattle 1 'exec 3<>/dev/tcp/127.0.0.1/8080 && printf '\''GET %s HTTP/1.0\r\n\r\n'\'' /ping >&3 && read -r -t 1 _ status _ <&3 && [[ $status == 2?? ]]'
exit "$unwell"
