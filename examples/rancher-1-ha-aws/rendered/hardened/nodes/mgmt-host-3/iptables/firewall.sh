#!/bin/bash
# Loads the firewall of this node. Rendered by rancher-gen, the same on every node; firewall.conf beside it says which.
#
#   firewall.sh load [--way-back SECONDS]   load the rules; with --way-back, what was before comes back unless confirmed
#   firewall.sh confirm                     keep what was loaded
#   firewall.sh way-back                    bring back what was before, at once
#   firewall.sh start                       what the unit does: load the rules, but none that are still to be confirmed
#   firewall.sh stop                        take away everything of ours
#   firewall.sh check                       say whether the rules could be loaded here, and load nothing
#   firewall.sh status                      say what is loaded; exits 3 when not all of it is
#
# Only the chains RANCHER-GEN*, the jump to them and the sets rgen-* are touched. A connection that is open stays open
# when its port is closed: `conntrack -D` ends it. Exits 0 when done, 1 when it cannot be, 2 on wrong use.
#
# It runs where CentOS 7 is: iptables 1.4.21, ipset 6, bash 4.2.
set -u
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
STATE=${RANCHER_GEN_STATE:-/var/lib/rancher-gen/firewall}
BOOT=$(cat /proc/sys/kernel/random/boot_id)
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

usage() {
    sed -n 's/^#   //p' "$HERE/firewall.sh" >&2
    exit 2
}

# --- iptables and ip6tables ---------------------------------------------------------------------------------------

families() {
    echo 4
    # Where the kernel has no IPv6 this file does not exist. (Its size is 0 even where it has lines.)
    if [ -e /proc/net/if_inet6 ]; then echo 6; fi
}

tool() { # FAMILY [-restore|-save]
    if [ "$1" = 6 ]; then echo "ip6tables${2:-}"; else echo "iptables${2:-}"; fi
}

ipt() { # FAMILY ARGUMENTS
    local command
    command=$(tool "$1")
    shift
    "$command" -w -t mangle "$@"
}

# Two that change a table at once: nf_tables takes one after the other, iptables-restore since 1.6.2 can wait, and an
# older one fails and is run again.
restore() { # FAMILY FILE [--test]
    local command file=$2 tries=3 try
    command=$(tool "$1" -restore)
    shift 2
    if "$command" --help 2>&1 </dev/null | grep -q -- --wait; then command="$command --wait=10" tries=1; fi
    if "${command%% *}" --version 2>/dev/null </dev/null | grep -q nf_tables; then tries=1; fi
    for try in $(seq "$tries"); do
        if [ "$try" != 1 ]; then sleep 1; fi
        if $command --noflush "$@" <"$file"; then return 0; fi
    done
    return 1
}

# --- chains and the jump into them --------------------------------------------------------------------------------

saved() { # FAMILY: our chains and their rules, as iptables-restore takes them
    "$(tool "$1" -save)" -t mangle | grep -E "^(:|-A )${CHAIN}[ -]" | sed 's/ \[[0-9:]*\]$/ [0:0]/'
}

chains() { # FAMILY
    saved "$1" | sed -n 's/^:\([^ ]*\) .*/\1/p'
}

jumps() { # FAMILY: which rules of PREROUTING are our jumps
    ipt "$1" -S PREROUTING | grep '^-A' | grep -n -- "-j $CHAIN\$" | cut -d: -f1
}

# Makes the jump the one first rule; at no moment is there none.
jump_first() { # FAMILY
    local number
    if [ "$(jumps "$1" | tr '\n' ' ')" = "1 " ]; then return 0; fi
    ipt "$1" -I PREROUTING 1 -j "$CHAIN" || return 1
    for number in $(jumps "$1" | sort -rn); do
        if [ "$number" != 1 ]; then ipt "$1" -D PREROUTING "$number" || return 1; fi
    done
}

# Puts the chains of a file in place of the loaded ones, in one step.
replace() { # FAMILY FILE
    local chain
    restore "$1" "$2" && jump_first "$1" || return 1
    for chain in $(chains "$1"); do
        if grep -q "^:$chain " "$2"; then continue; fi
        ipt "$1" -F "$chain" && ipt "$1" -X "$chain" || return 1
    done
}

remove() { # FAMILY
    local word
    for word in $(jumps "$1" | sort -rn); do ipt "$1" -D PREROUTING "$word" || return 1; done
    for word in $(chains "$1"); do ipt "$1" -F "$word" || return 1; done
    for word in $(chains "$1"); do ipt "$1" -X "$word" || return 1; done
}

# --- sets ---------------------------------------------------------------------------------------------------------

set_file() { # NAME
    local folder
    for folder in "$HERE" "$HERE/../../../cluster/iptables"; do
        if [ -r "$folder/$1.ipset" ]; then
            echo "$folder/$1.ipset"
            return 0
        fi
    done
    say "the set $1 has no file beside firewall.sh"
    return 1
}

our_sets() {
    if command -v ipset >/dev/null 2>&1; then ipset list -n | grep '^rgen-'; fi
}

has_set() { # NAME
    ipset list -n "$1" >/dev/null 2>&1
}

# Fills a set beside the one in use and exchanges the two: no packet sees half a set.
load_set() { # NAME FILE
    if has_set "$1.new"; then ipset destroy "$1.new" || return 1; fi
    sed "s/^\([a-z]*\) $1 /\1 $1.new /" "$2" | ipset restore || return 1
    if has_set "$1"; then
        ipset swap "$1.new" "$1" && ipset destroy "$1.new"
    else
        ipset rename "$1.new" "$1"
    fi
}

# No rule of ours refers to a set that is not named here. One that somebody else's rule refers to stays.
drop_sets_but() { # NAMES
    local name
    for name in $(our_sets); do
        case " $* " in
        *" $name "*) ;;
        *) ipset destroy "$name" || say "the set $name is still in use by a rule that is not ours" ;;
        esac
    done
}

# --- what was before ----------------------------------------------------------------------------------------------

remember() {
    local family name folder=$STATE/before.new
    rm -rf "$folder"
    mkdir -p "$folder/sets" || return 1
    for family in $(families); do
        if [ -n "$(chains "$family")" ]; then
            { echo '*mangle' && saved "$family" && echo COMMIT; } >"$folder/rules.v$family" || return 1
        fi
    done
    for name in $(our_sets); do ipset save "$name" >"$folder/sets/$name" || return 1; done
    rm -rf "$STATE/before" && mv "$folder" "$STATE/before"
}

bring_back() {
    local family file names='' failed=0
    if [ ! -d "$STATE/before" ]; then say "there is nothing to go back to" && return 1; fi
    for file in "$STATE"/before/sets/*; do
        if [ ! -e "$file" ]; then continue; fi
        names="$names ${file##*/}"
        load_set "${file##*/}" "$file" || failed=1
    done
    for family in $(families); do
        file=$STATE/before/rules.v$family
        if [ -e "$file" ]; then replace "$family" "$file" || failed=1; else remove "$family" || failed=1; fi
    done
    drop_sets_but "$names"
    return "$failed"
}

# --- before anything is changed -----------------------------------------------------------------------------------

named() { # INTERFACE: whether the firewall stands on it
    case " $INTERFACES " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

preflight() {
    local word device
    for word in $(families); do
        for device in '' -restore -save; do
            command -v "$(tool "$word" "$device")" >/dev/null 2>&1 ||
                die "$(tool "$word" "$device") is missing: install the package iptables"
        done
    done
    if [ -n "$SETS" ] && ! command -v ipset >/dev/null 2>&1; then die "ipset is missing: install the package ipset"; fi
    for word in $INTERFACES; do
        # Other names of an interface (`altname`) are found too, and rules do not know them: only its own name counts.
        ip -o link show dev "$word" 2>/dev/null | grep -q "^[0-9]*: ${word}[:@]" ||
            die "there is no interface $word here: state the right ones under \`interfaces\` in the topology"
    done
    for device in $({ ip -4 -o route show default && ip -6 -o route show default; } 2>/dev/null |
        awk '{ for (i = 1; i < NF; i++) if ($i == "dev") print $(i + 1) }' | sort -u); do
        named "$device" ||
            die "the default route is on $device, which is not among the interfaces of the firewall ($INTERFACES)"
    done
    for word in $ADDRESSES; do
        device=$(ip -o addr show to "$word" | awk '{ print $2; exit }')
        if [ -z "$device" ]; then die "this host does not have the address $word of $NODE"; fi
        named "$device" || die "$word is on $device, which is not among the interfaces of the firewall ($INTERFACES)"
    done
    if command -v systemctl >/dev/null 2>&1; then
        # nftables.service flushes every rule there is; netfilter-persistent may load a whole set of its own.
        for word in firewalld iptables ip6tables nftables netfilter-persistent; do
            if systemctl -q is-active "$word.service" 2>/dev/null; then
                die "$word.service is active and would flush these rules: systemctl stop $word && systemctl disable $word"
            fi
        done
    fi
}

lock() {
    mkdir -p "$STATE" || exit 1
    exec 9>"$STATE/lock" || exit 1
    flock 9 || die "$STATE/lock cannot be locked"
}

# --- what can be asked for ----------------------------------------------------------------------------------------

load_files() {
    local family name file
    for name in $SETS; do
        file=$(set_file "$name") && load_set "$name" "$file" || return 1
    done
    for family in $(families); do replace "$family" "$HERE/rules.v$family" || return 1; done
    drop_sets_but "$SETS"
}

load_or_go_back() {
    # What was not confirmed is no state to come back to.
    if [ ! -e "$STATE/unconfirmed" ]; then remember || die "what is loaded now could not be remembered"; fi
    if ! load_files; then
        say "the rules could not be loaded; bringing back what was before"
        bring_back
        exit 1
    fi
}

load() { # [--way-back SECONDS]
    case ${1:-} in
    --way-back) case ${2:-} in '' | *[!0-9]*) usage ;; esac ;;
    '') ;;
    *) usage ;;
    esac
    preflight
    lock
    load_or_go_back
    disarm
    if [ -n "${1:-}" ]; then arm "$2"; else rm -f "$STATE/unconfirmed"; fi
}

start() {
    preflight
    lock
    if [ ! -e "$STATE/unconfirmed" ] || grep -q "^$BOOT " "$STATE/unconfirmed"; then
        load_or_go_back
        return
    fi
    # They were taken back, or the host went down before anybody confirmed them.
    say "nobody confirmed the rules in $HERE: what was before them is loaded; to try them again: $HERE/firewall.sh load"
    bring_back || exit 1
    [ -n "$(chains 4)" ] || die "before them there was no firewall"
}

arm() { # SECONDS
    local token="$BOOT $$-$RANDOM" command
    command=(/bin/bash "$HERE/firewall.sh" way-back "$1" "$token")
    echo "$token" >"$STATE/unconfirmed"
    if ! { [ -d /run/systemd/system ] && systemd-run --unit=rancher-gen-way-back "${command[@]}" >/dev/null 2>&1 9>&-; }; then
        setsid "${command[@]}" </dev/null >/dev/null 2>&1 9>&- &
    fi
    say "loaded; what was before comes back in $1 s unless you confirm: $HERE/firewall.sh confirm"
}

disarm() {
    if [ -d /run/systemd/system ]; then
        systemctl stop rancher-gen-way-back.service 2>/dev/null
        systemctl reset-failed rancher-gen-way-back.service 2>/dev/null
    fi
    return 0
}

way_back() { # [SECONDS TOKEN]
    if [ -n "${1:-}" ]; then
        sleep "$1"
        if [ ! -e "$STATE/unconfirmed" ]; then exit 0; fi
        lock
        if [ "$(cat "$STATE/unconfirmed" 2>/dev/null)" != "$2" ]; then exit 0; fi
    else
        lock
    fi
    echo 'taken back' >"$STATE/unconfirmed"
    bring_back || die "what was before could not be brought back whole"
    say "what was before is back, and stays after a reboot; to try the rules again: $HERE/firewall.sh load"
    # So that the unit in which it waited shows as failed.
    if [ -n "${1:-}" ]; then die "nobody confirmed the new rules"; fi
}

confirm() {
    lock
    if [ ! -e "$STATE/unconfirmed" ]; then say "there is nothing to confirm" && return 0; fi
    grep -q "^$BOOT " "$STATE/unconfirmed" || die "too late: what was before is back"
    rm -f "$STATE/unconfirmed"
    disarm
    say "confirmed"
}

stop() {
    local family
    lock
    disarm
    for family in $(families); do remove "$family" || die "the chains of IPv$family could not be removed"; done
    drop_sets_but
    rm -rf "$STATE"
}

check() {
    local name family created='' failed=0
    preflight
    # A rule is refused when its set does not exist.
    for name in $SETS; do
        set_file "$name" >/dev/null || failed=1
        if ! has_set "$name"; then ipset create "$name" hash:net && created="$created $name"; fi
    done
    for family in $(families); do restore "$family" "$HERE/rules.v$family" --test || failed=1; done
    for name in $created; do ipset destroy "$name"; done
    return "$failed"
}

status() {
    local family numbers loaded=0
    for family in $(families); do
        numbers=$(jumps "$family" | tr '\n' ' ')
        case $numbers in
        '') echo "IPv$family: not loaded" && loaded=3 ;;
        '1 ') echo "IPv$family: loaded" ;;
        *) echo "IPv$family: loaded, but not once and before everybody else's rules (at $numbers)" && loaded=3 ;;
        esac
    done
    if [ -e "$STATE/unconfirmed" ]; then
        if grep -q "^$BOOT " "$STATE/unconfirmed"; then
            echo "not confirmed yet: $HERE/firewall.sh confirm"
        else
            echo "these are not the rules in $HERE, which nobody confirmed" && loaded=3
        fi
    fi
    return "$loaded"
}

case ${1:-} in
load) load "${2:-}" "${3:-}" ;;
start) start ;;
confirm) confirm ;;
way-back) way_back "${2:-}" "${3:-}" ;;
stop) stop ;;
check) check ;;
status) status ;;
*) usage ;;
esac
