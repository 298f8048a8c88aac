#!/bin/bash
# Loads the firewall of this node. Rendered by rancher-gen, the same on every node; firewall.conf beside it says which.
#
#   firewall.sh start [--way-back SECONDS]   load it; with --way-back, what was before comes back unless confirmed
#   firewall.sh confirm                      keep what was loaded
#   firewall.sh way-back                     bring back what was before
#   firewall.sh stop                         take away everything of ours
#   firewall.sh check                        test the rules without loading them
#   firewall.sh status                       say what is loaded; exits 3 when nothing is
#
# Only the chains RANCHER-GEN*, the jump to them and the sets rgen-* are touched. A connection that is open stays open
# when its port is closed: `conntrack -D` ends it. Exits 0 when done, 1 when it cannot be, 2 on wrong use.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
STATE=${RANCHER_GEN_STATE:-/run/rancher-gen}
CHAIN=RANCHER-GEN
# shellcheck source=/dev/null
. "$HERE/firewall.conf" || exit 1

say() {
    echo "rancher-gen firewall: $*" >&2
    if command -v logger >/dev/null 2>&1; then
        logger -t rancher-gen-firewall -- "$*" 2>/dev/null || true
    fi
}

die() {
    say "$@"
    exit 1
}

# --- both families ------------------------------------------------------------------------------------------------

has_v6() {
    [ -s /proc/net/if_inet6 ]
}

families() {
    echo 4
    if has_v6; then echo 6; fi
}

tool() { # FAMILY [-restore|-save]
    if [ "$1" = 6 ]; then echo "ip6tables${2:-}"; else echo "iptables${2:-}"; fi
}

# The lock of iptables is waited for: by -w where the command has it, by trying again where it has not (before 1.6.2).
restore() { # FAMILY FILE [--test]
    local family=$1 file=$2 try
    shift 2
    local command wait=()
    command=$(tool "$family" -restore)
    if "$command" --help 2>&1 </dev/null | grep -q -- '--wait'; then wait=(-w 10); fi
    for try in 1 2 3 4 5; do
        "$command" ${wait[@]+"${wait[@]}"} --noflush "$@" <"$file" && return 0
        [ "$try" = 5 ] || sleep 0.3
    done
    return 1
}

ipt() { # FAMILY ARGUMENTS
    local command
    command=$(tool "$1")
    shift
    "$command" -w -t mangle "$@"
}

# --- sets ---------------------------------------------------------------------------------------------------------

set_file() { # NAME
    local folder
    for folder in "$HERE" "$HERE/../../../shared/iptables"; do
        if [ -r "$folder/$1.ipset" ]; then
            echo "$folder/$1.ipset"
            return
        fi
    done
    return 1
}

# Reads what `ipset save` writes, fills each set beside the one in use, and swaps the two: no packet sees half a set.
swap_in() {
    awk '
        $1 == "create" { print $0 " -exist"; $2 = $2 ".new"; print $0 " -exist"; print "flush " $2; made[++count] = $2; next }
        $1 == "add" { $2 = $2 ".new"; print $0; next }
        END {
            for (i = 1; i <= count; i++) {
                name = substr(made[i], 1, length(made[i]) - 4)
                print "swap " made[i] " " name
                print "destroy " made[i]
            }
        }' | ipset restore
}

our_sets() {
    if command -v ipset >/dev/null 2>&1; then ipset list -n 2>/dev/null | grep '^rgen-' || true; fi
}

load_sets() {
    local name file
    for name in $SETS; do
        file=$(set_file "$name") || { say "the set $name has no file beside firewall.sh"; return 1; }
        swap_in <"$file" || return 1
    done
}

# Sets that nothing refers to any more; one that is still in use stays.
drop_old_sets() {
    local name
    for name in $(our_sets); do
        case " $SETS " in
        *" $name "*) ;;
        *) ipset destroy "$name" 2>/dev/null || true ;;
        esac
    done
}

# --- chains and the jump ------------------------------------------------------------------------------------------

chains() { # FAMILY
    "$(tool "$1" -save)" -t mangle 2>/dev/null | sed -n "s/^:\($CHAIN[A-Z-]*\) .*/\1/p"
}

jumps() { # FAMILY: the numbers of our jumps in PREROUTING
    ipt "$1" -S PREROUTING 2>/dev/null | grep '^-A' | grep -n -- "-j $CHAIN\$" | cut -d: -f1
}

# Makes the jump the one first rule. It is never away while this is done.
jump_first() { # FAMILY
    local number
    if [ "$(jumps "$1" | tr '\n' ' ')" = "1 " ]; then return 0; fi
    ipt "$1" -I PREROUTING 1 -j "$CHAIN" || return 1
    for number in $(jumps "$1" | sort -rn); do
        if [ "$number" != 1 ]; then ipt "$1" -D PREROUTING "$number" || return 1; fi
    done
}

remove_family() { # FAMILY
    local number chain
    for number in $(jumps "$1" | sort -rn); do ipt "$1" -D PREROUTING "$number"; done
    for chain in $(chains "$1"); do ipt "$1" -F "$chain"; done
    for chain in $(chains "$1"); do ipt "$1" -X "$chain"; done
}

# --- what was before ----------------------------------------------------------------------------------------------

remember() {
    local family folder=$STATE/before.new name
    rm -rf "$folder"
    mkdir -p "$folder" || return 1
    for family in $(families); do
        if [ -n "$(chains "$family")" ]; then
            {
                echo '*mangle'
                "$(tool "$family" -save)" -t mangle | grep -E "^(:$CHAIN|-A $CHAIN)" | sed 's/^\(:[^ ]* -\).*/\1 [0:0]/'
                echo COMMIT
            } >"$folder/rules.v$family"
            if [ -n "$(jumps "$family")" ]; then : >"$folder/jump.v$family"; fi
        fi
    done
    : >"$folder/sets"
    for name in $(our_sets); do ipset save "$name" >>"$folder/sets" || return 1; done
    rm -rf "$STATE/before"
    mv "$folder" "$STATE/before"
}

bring_back() {
    local family folder=$STATE/before chain failed=0
    if [ ! -d "$folder" ]; then say "there is nothing to go back to"; return 1; fi
    if [ -s "$folder/sets" ]; then swap_in <"$folder/sets" || failed=1; fi
    for family in $(families); do
        if [ ! -e "$folder/rules.v$family" ]; then
            remove_family "$family" || failed=1
            continue
        fi
        restore "$family" "$folder/rules.v$family" || failed=1
        if [ -e "$folder/jump.v$family" ]; then jump_first "$family" || failed=1; fi
        for chain in $(chains "$family"); do
            grep -q "^:$chain " "$folder/rules.v$family" && continue
            ipt "$family" -F "$chain" && ipt "$family" -X "$chain" || failed=1
        done
    done
    SETS=$(sed -n 's/^create \([^ ]*\) .*/\1/p' "$folder/sets" | tr '\n' ' ')
    drop_old_sets
    return "$failed"
}

# --- before anything is changed ------------------------------------------------------------------------------------

preflight() {
    local interface address device family
    for family in $(families); do
        command -v "$(tool "$family" -restore)" >/dev/null 2>&1 || die "$(tool "$family") is missing: install the package iptables"
    done
    if [ -n "$SETS" ]; then
        command -v ipset >/dev/null 2>&1 || die "ipset is missing: install the package ipset"
    fi
    for interface in $INTERFACES; do
        [ -e "/sys/class/net/$interface" ] || ip link show "$interface" >/dev/null 2>&1 ||
            die "there is no interface $interface here: state the right ones under \`interfaces\` in the topology"
    done
    for device in $(ip -4 -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p') $(ip -6 -o route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p'); do
        case " $INTERFACES " in
        *" $device "*) ;;
        *) die "the default route is on $device, which is not among the interfaces of the firewall ($INTERFACES)" ;;
        esac
    done
    for address in $ADDRESSES; do
        device=$(ip -o addr show to "$address" | awk '{ print $2; exit }')
        [ -n "$device" ] || die "this host does not have the address $address of $NODE"
        case " $INTERFACES " in
        *" ${device%%@*} "*) ;;
        *) die "$address is on $device, which is not among the interfaces of the firewall ($INTERFACES)" ;;
        esac
    done
    if command -v systemctl >/dev/null 2>&1; then
        for device in firewalld iptables ip6tables; do
            if systemctl is-active --quiet "$device.service" 2>/dev/null; then
                die "$device.service is active and would flush these rules: systemctl disable --now $device"
            fi
        done
    fi
}

# --- what can be asked for ------------------------------------------------------------------------------------------

load() {
    local family
    load_sets || return 1
    for family in $(families); do
        restore "$family" "$HERE/rules.v$family" || return 1
        jump_first "$family" || return 1
    done
    drop_old_sets
}

start() {
    local seconds=
    if [ "${1:-}" = --way-back ]; then
        seconds=${2:-}
        case $seconds in '' | *[!0-9]*) usage ;; esac
    elif [ -n "${1:-}" ]; then
        usage
    fi
    preflight
    mkdir -p "$STATE" || exit 1
    # What was not confirmed is no state to come back to.
    if [ ! -e "$STATE/unconfirmed" ]; then remember || die "what is loaded now could not be remembered"; fi
    if ! load; then
        say "the rules could not be loaded; bringing back what was before"
        bring_back
        exit 1
    fi
    # Without --way-back an armed one stays armed: the unit may start while somebody has yet to confirm.
    if [ -n "$seconds" ]; then arm "$seconds"; fi
}

arm() { # SECONDS
    local token=$$-$RANDOM
    echo "$token" >"$STATE/unconfirmed"
    if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null 2>&1; then
        systemctl stop rancher-gen-way-back.timer 2>/dev/null
        systemctl reset-failed rancher-gen-way-back.service 2>/dev/null
        systemd-run --quiet --unit=rancher-gen-way-back --on-active="$1" "$HERE/firewall.sh" way-back "$token" || detach "$1" "$token"
    else
        detach "$1" "$token"
    fi
    say "loaded; what was before comes back in $1 s unless you confirm: $HERE/firewall.sh confirm"
}

detach() { # SECONDS TOKEN
    RANCHER_GEN_STATE=$STATE setsid bash -c 'sleep "$1"; exec "$2" way-back "$3"' - "$1" "$HERE/firewall.sh" "$2" </dev/null >/dev/null 2>&1 &
}

way_back() { # [TOKEN]
    if [ -n "${1:-}" ] && [ "$(cat "$STATE/unconfirmed" 2>/dev/null)" != "$1" ]; then exit 0; fi
    bring_back || die "what was before could not be brought back whole"
    rm -f "$STATE/unconfirmed"
    say "nobody confirmed the new rules: what was before is back"
    # A unit that ran this is to show as failed.
    if [ -n "${1:-}" ]; then exit 1; fi
}

confirm() {
    if [ ! -e "$STATE/unconfirmed" ]; then say "there is nothing to confirm"; return 0; fi
    rm -f "$STATE/unconfirmed"
    if [ -d /run/systemd/system ]; then systemctl stop rancher-gen-way-back.timer 2>/dev/null; fi
    say "confirmed"
}

stop() {
    local family
    rm -f "$STATE/unconfirmed"
    for family in $(families); do remove_family "$family" || die "the chains of IPv$family could not be removed"; done
    SETS=
    drop_old_sets
}

check() {
    local name file family failed=0
    for name in $SETS; do
        file=$(set_file "$name") || { say "the set $name has no file beside firewall.sh"; failed=1; continue; }
        # A rule is refused when its set does not exist.
        if ! ipset list -n "$name" >/dev/null 2>&1; then swap_in <"$file" || failed=1; fi
    done
    for family in $(families); do restore "$family" "$HERE/rules.v$family" --test || failed=1; done
    SETS=
    drop_old_sets
    return "$failed"
}

status() {
    local family numbers loaded=0
    for family in $(families); do
        numbers=$(jumps "$family" | tr '\n' ' ')
        case $numbers in
        '') echo "IPv$family: not loaded" && loaded=3 ;;
        '1 ') echo "IPv$family: loaded" ;;
        *) echo "IPv$family: loaded, but not before everybody else's rules (at $numbers)" && loaded=3 ;;
        esac
    done
    if [ -e "$STATE/unconfirmed" ]; then echo "not confirmed yet"; fi
    return "$loaded"
}

usage() {
    sed -n 's/^#   //p' "$HERE/firewall.sh" >&2
    exit 2
}

case ${1:-} in
start) start "${2:-}" "${3:-}" ;;
confirm) confirm ;;
way-back) way_back "${2:-}" ;;
stop) stop ;;
check) check ;;
status) status ;;
*) usage ;;
esac
