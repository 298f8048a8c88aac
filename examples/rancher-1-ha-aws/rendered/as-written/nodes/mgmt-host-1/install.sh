#!/bin/bash
# Installs what was rendered for this node. Rendered by rancher-gen, the same on every node; node.conf says which.
#
#   install.sh                   put the files in place, load the firewall with a way back, start the containers
#   install.sh --confirm         keep the firewall that was loaded: until then what was before comes back by itself
#   install.sh --uninstall       stop everything of ours and take every file of ours away
#
#   --dry-run                    say what would be done, and do nothing
#   --mode managed|static        which of the node's modes is enabled; managed when nothing is said
#   --way-back SECONDS           how long the firewall waits to be confirmed; 120 when nothing is said
#   --no-way-back                keep the firewall at once, for a run that nobody watches
#   --force                      replace files that somebody edited
#   --any-host                   do not ask whether this is the right node
#   --root DIR                   put the files below DIR and start nothing: for images
#
# It can be run again at any time: it changes what is different, and removes what an earlier one left. What somebody
# edited is kept and named. Exits 0 when done, 1 when it cannot be, 2 on wrong use.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
# shellcheck source=/dev/null
. "$HERE/node.conf" || exit 1
SETS=
# shellcheck source=/dev/null
if [ -r "$HERE/iptables/firewall.conf" ]; then . "$HERE/iptables/firewall.conf"; fi

ROOT=
ACTION=install
MODE=${MODES%% *}
WAY_BACK=120
DRY=
FORCE=
ANY_HOST=

say() { echo "$*"; }
die() {
    echo "install.sh: $*" >&2
    exit 1
}
usage() {
    sed -n 's/^#   //p' "$HERE/install.sh" >&2
    exit 2
}

while [ "$#" -gt 0 ]; do
    case $1 in
    --confirm) ACTION=confirm ;;
    --uninstall) ACTION=uninstall ;;
    --dry-run) DRY=yes ;;
    --mode) MODE=${2:-} && shift ;;
    --way-back) WAY_BACK=${2:-} && shift ;;
    --no-way-back) WAY_BACK= ;;
    --force) FORCE=yes ;;
    --any-host) ANY_HOST=yes ;;
    --root) ROOT=${2:-} && shift && [ -d "$ROOT" ] || usage ;;
    *) usage ;;
    esac
    shift || usage
done
case " $MODES " in
*" $MODE "*) ;;
*) die "$NODE has no mode $MODE; it has: $MODES" ;;
esac
case $WAY_BACK in *[!0-9]*) usage ;; esac

ETC=/etc/rancher-gen
UNITS=/etc/systemd/system
STATE=/var/lib/rancher-gen
LIST=$ROOT$STATE/installed
FIREWALL=$ETC/iptables/firewall.sh

live() { [ -z "$ROOT" ]; }

# --- which file goes where: SOURCE<tab>TARGET, a line each ------------------------------------------------------------

files() {
    local source name set folder
    cd "$HERE" || return 1
    for source in compose*.yaml health.sh secrets.env.example iptables/rules.v4 iptables/rules.v6 iptables/firewall.conf iptables/firewall.sh; do
        if [ -e "$source" ]; then printf '%s\t%s\n' "$HERE/$source" "$ETC/$source"; fi
    done
    for set in $SETS; do
        for folder in "$HERE/iptables" "$HERE/../../shared/iptables"; do
            if [ -e "$folder/$set.ipset" ]; then
                printf '%s\t%s\n' "$folder/$set.ipset" "$ETC/iptables/$set.ipset"
                continue 2
            fi
        done
        die "the set $set is neither in this folder nor in ../../shared/iptables: copy that too, or render with --node $NODE"
    done
    for source in systemd/* systemd/docker.service.d/*; do
        if [ -f "$source" ]; then printf '%s\t%s\n' "$HERE/$source" "$UNITS/${source#systemd/}"; fi
    done
    for name in server.conf agent.conf secrets.conf.example; do
        if [ -e "rancher/$name" ]; then printf '%s\t%s\n' "$HERE/rancher/$name" "/var/lib/rancher/etc/$name"; fi
    done
}

digest() { sha256sum <"$1" | cut -d' ' -f1; }

# Whether a file on the disk is as we installed it, now or in a run that was cut off.
ours() { # TARGET
    [ -e "$LIST" ] && grep -qxF "$(digest "$ROOT$1")  $1" "$LIST"
}

# --- the plan -----------------------------------------------------------------------------------------------------

PUT=()
DROP=()
KEPT=()
NEW=()

plan() {
    local source target listed all
    all=$(files) || exit 1
    while IFS=$'\t' read -r source target; do
        NEW+=("$(digest "$source")  $target")
        if [ -e "$ROOT$target" ]; then
            if cmp -s "$source" "$ROOT$target" && [ -x "$source" = -x "$ROOT$target" ] 2>/dev/null; then continue; fi
            if cmp -s "$source" "$ROOT$target" && ours "$target"; then continue; fi
            if ! ours "$target" && ! cmp -s "$source" "$ROOT$target"; then KEPT+=("$target"); fi
        fi
        PUT+=("$source"$'\t'"$target")
    done <<<"$all"
    if [ -e "$LIST" ]; then
        while read -r _ listed; do
            if printf '%s\n' "$all" | cut -f2 | grep -qxF "$listed"; then continue; fi
            if [ ! -e "$ROOT$listed" ]; then continue; fi
            case " ${DROP[*]-} " in *" $listed "*) continue ;; esac
            if ours "$listed"; then DROP+=("$listed"); else KEPT+=("$listed"); fi
        done <"$LIST"
    fi
    if [ "${KEPT[*]-}" != "" ] && [ -z "$FORCE" ]; then
        echo "install.sh: these were edited or were there before, and nothing was changed:" >&2
        printf '  %s\n' "${KEPT[@]}" >&2
        die "look at them, then run it again with --force to replace them"
    fi
}

# --- doing it -----------------------------------------------------------------------------------------------------

put() { # SOURCE TARGET
    local mode=0644
    if [ -x "$1" ]; then mode=0755; fi
    mkdir -p "$(dirname "$ROOT$2")" || die "the folder of $2 cannot be made"
    install -m "$mode" "$1" "$ROOT$2.rancher-gen-new" || die "$2 cannot be written"
    mv -f "$ROOT$2.rancher-gen-new" "$ROOT$2" || die "$2 cannot be written"
}

write_list() {
    mkdir -p "$ROOT$STATE" || die "$STATE cannot be made"
    printf '%s\n' "$@" | grep . | sort -u >"$LIST.new" || true
    mv -f "$LIST.new" "$LIST" || die "$LIST cannot be written"
}

run() {
    say "  $*"
    [ -n "$DRY" ] || "$@" || die "this failed: $*"
}

right_host() {
    local address
    if [ -n "$ANY_HOST" ]; then return; fi
    for address in $ADDRESSES; do
        if ip -o addr show to "$address" 2>/dev/null | grep -q .; then return; fi
    done
    die "this host is not $NODE: it has none of its addresses ($ADDRESSES); --any-host does not ask"
}

needed() {
    local program missing=
    if [ -n "$SETS" ]; then PROGRAMS="$PROGRAMS ipset"; fi
    for program in $PROGRAMS; do
        command -v "$program" >/dev/null 2>&1 || [ -x "/usr/local/bin/$program" ] || missing="$missing $program"
    done
    [ -z "$missing" ] || die "these programs are missing:$missing; install them first"
}

install_files() {
    local line listed old=()
    say "$NODE: files"
    if [ "${PUT[*]-}${DROP[*]-}" = "" ]; then say "  as they should be"; fi
    for line in ${PUT[@]+"${PUT[@]}"}; do say "  put ${line#*$'\t'}"; done
    for listed in ${DROP[@]+"${DROP[@]}"}; do say "  remove $listed"; done
    if [ -n "$DRY" ]; then return; fi
    if [ -e "$LIST" ]; then mapfile -t old <"$LIST"; fi
    # Old and new are both ours until this is done, so that a run that was cut off can be done again.
    if [ "${PUT[*]-}${DROP[*]-}" != "" ]; then write_list ${old[@]+"${old[@]}"} "${NEW[@]}"; fi
    for line in ${PUT[@]+"${PUT[@]}"}; do put "${line%%$'\t'*}" "${line#*$'\t'}"; done
    for listed in ${DROP[@]+"${DROP[@]}"}; do
        rm -f "$ROOT$listed"
        rmdir -p --ignore-fail-on-non-empty "$(dirname "$ROOT$listed")" 2>/dev/null || true
    done
    if [ "$(printf '%s\n' "${NEW[@]}" | sort -u)" != "$(cat "$LIST" 2>/dev/null)" ]; then write_list "${NEW[@]}"; fi
}

warn_of_secrets() {
    local name
    if [ -z "$SECRETS" ]; then return; fi
    for name in $SECRETS; do
        if ! grep -qs "^$name=." "$ROOT$ETC/secrets.env"; then
            say "  still to do: put $name into $ETC/secrets.env (see secrets.env.example), mode 0600"
        fi
    done
}

install_all() {
    local other
    if live; then
        right_host
        needed
    fi
    plan
    install_files
    warn_of_secrets
    if ! live; then return; fi
    if [ "${PUT[*]-}${DROP[*]-}" = "" ] && "$FIREWALL" status >/dev/null 2>&1 && systemctl -q is-enabled "rancher-gen-$MODE.target" 2>/dev/null; then
        say "$NODE: nothing to do"
        return
    fi
    say "$NODE: units"
    run systemctl daemon-reload
    if [ -n "$WAY_BACK" ]; then
        run "$FIREWALL" start --way-back "$WAY_BACK"
    else
        run "$FIREWALL" start
        run "$FIREWALL" confirm
    fi
    run systemctl enable rancher-gen-firewall.service
    for other in $MODES; do
        if [ "$other" != "$MODE" ]; then run systemctl disable "rancher-gen-$other.target"; fi
    done
    run systemctl enable "rancher-gen-$MODE.target"
    if [ -n "$HEALTH_TIMER" ]; then run systemctl enable --now "$HEALTH_TIMER"; fi
    run systemctl start --no-block "rancher-gen-$MODE.target"
    if [ -n "$WAY_BACK" ]; then say "$NODE: now, from a new connection: $HERE/install.sh --confirm"; fi
}

uninstall_all() {
    local listed mode
    if live; then
        for mode in $MODES; do run systemctl disable --now "rancher-gen-$mode.target"; done
        if [ -n "$HEALTH_TIMER" ]; then run systemctl disable --now "$HEALTH_TIMER"; fi
        run systemctl disable rancher-gen-firewall.service
        if [ -x "$FIREWALL" ]; then run "$FIREWALL" stop; fi
    fi
    say "$NODE: files"
    if [ ! -e "$LIST" ]; then
        say "  none of ours"
        return
    fi
    while read -r _ listed; do
        if [ ! -e "$ROOT$listed" ]; then continue; fi
        if ! ours "$listed" && [ -z "$FORCE" ]; then
            say "  keep $listed: it was edited"
            continue
        fi
        say "  remove $listed"
        if [ -n "$DRY" ]; then continue; fi
        rm -f "$ROOT$listed"
        rmdir -p --ignore-fail-on-non-empty "$(dirname "$ROOT$listed")" 2>/dev/null || true
    done <"$LIST"
    if [ -n "$DRY" ]; then return; fi
    rm -f "$LIST"
    rmdir "$ROOT$STATE" 2>/dev/null || true
    if live; then run systemctl daemon-reload; fi
}

case $ACTION in
install) install_all ;;
confirm) live && exec "$FIREWALL" confirm ;;
uninstall) uninstall_all ;;
esac
