#!/bin/bash
# Installs what was rendered for this node. Rendered by rancher-gen, the same on every node; node.conf says which.
#
#   install.sh                   put the files in place, load the firewall with a way back, start the containers
#   install.sh --confirm         keep the firewall that was loaded: until then what was before comes back by itself, and
#                                where there was none before, the containers wait
#   install.sh --uninstall       stop everything of ours and take every file of ours away
#
#   --dry-run                    say what would be done, and do nothing
#   --mode managed|static        which of the node's modes is enabled; when nothing is said the one that is, or managed
#   --way-back SECONDS           how long the firewall waits to be confirmed; 120 when nothing is said
#   --no-way-back                keep the firewall at once, for a run that nobody watches
#   --force                      replace and remove files that somebody edited too
#   --any-host                   do not ask whether this is the right node
#   --root DIR                   put the files below DIR, enable the units there and start nothing: for images
#
# It can be run again at any time: it changes what is different, and removes what an earlier one left. When somebody
# edited one of the files it names them and changes nothing. Exits 0 when done, 1 when it cannot be, 2 on wrong use.
# NODE, ADDRESSES, MODES, COMPOSE and STARTED come from node.conf.
# shellcheck disable=SC2153
set -u
export LC_ALL=C
umask 022
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
SETS=
# shellcheck source=/dev/null
if [ -r "$HERE/iptables/firewall.conf" ]; then . "$HERE/iptables/firewall.conf"; fi
# shellcheck source=/dev/null
. "$HERE/node.conf" || exit 1

ETC=/etc/rancher-gen
UNITS=/etc/systemd/system
STATE=/var/lib/rancher-gen
RANCHER=/var/lib/rancher/etc
FIREWALL=$ETC/iptables/firewall.sh

say() { echo "$*"; }
die() {
    echo "install.sh: $*" >&2
    exit 1
}
usage() {
    sed -n 's/^#   //p' "$HERE/install.sh" >&2
    exit 2
}

ROOT='' ACTION=install MODE='' WAY_BACK=120 DRY='' FORCE='' ANY_HOST=''
while [ "$#" -gt 0 ]; do
    case $1 in
    --confirm) ACTION=confirm ;;
    --uninstall) ACTION=uninstall ;;
    --dry-run) DRY=yes ;;
    --mode) MODE=${2:-none} && shift ;;
    --way-back) WAY_BACK=${2:-none} && shift ;;
    --no-way-back) WAY_BACK='' ;;
    --force) FORCE=yes ;;
    --any-host) ANY_HOST=yes ;;
    --root)
        ROOT=$(cd "${2:-none}" && pwd) || die "--root needs a folder that is there"
        shift
        ;;
    *) usage ;;
    esac
    shift || usage
done
case $WAY_BACK in *[!0-9]*) usage ;; esac
if [ "$ROOT" = / ]; then ROOT=; fi
LIST=$ROOT$STATE/installed
TAB=$'\t'
UNFINISHED=$ROOT$STATE/unfinished
CUT_OFF=''
if [ -e "$UNFINISHED" ]; then CUT_OFF=yes; fi

live() { [ -z "$ROOT" ]; }
SYSTEMCTL=(systemctl)
if ! live; then SYSTEMCTL+=("--root=$ROOT"); fi

run() { # COMMAND: it has to work
    say "  $*"
    [ -n "$DRY" ] || "$@" || die "this failed: $*"
}

attempt() { # COMMAND: where it fails there was nothing to do
    say "  $*"
    [ -n "$DRY" ] || "$@" || true
}

# --- which file goes where: SOURCE<tab>TARGET, a line each --------------------------------------------------------

goes() { # SOURCE TARGET
    if [ -f "$1" ]; then printf '%s\t%s\n' "$1" "$2"; fi
}

files() {
    local source name
    for source in "$HERE"/compose*.yaml "$HERE"/health.sh "$HERE"/secrets.env.example "$HERE"/iptables/*; do
        goes "$source" "$ETC/${source#"$HERE"/}"
    done
    for name in $SETS; do
        source=$HERE/iptables/$name.ipset
        if [ -e "$source" ]; then continue; fi
        source=$HERE/../../cluster/iptables/$name.ipset
        [ -e "$source" ] || die "the set $name is neither in this folder nor in ../../cluster/iptables: copy that too, or render with --node $NODE"
        goes "$source" "$ETC/iptables/$name.ipset"
    done
    for source in "$HERE"/systemd/* "$HERE"/systemd/docker.service.d/*; do
        name=${source#"$HERE"/systemd/}
        case $name in
        rancher-gen-firewall.service | docker.service.d/*)
            # Without the rules, the unit would fail and keep the engine from starting.
            if [ ! -e "$HERE/iptables/firewall.sh" ]; then continue; fi
            ;;
        esac
        goes "$source" "$UNITS/$name"
    done
    for name in server.conf agent.conf secrets.conf.example; do goes "$HERE/rancher/$name" "$RANCHER/$name"; done
}

digest() { sha256sum <"$1" | cut -d' ' -f1; }

mode_of() { # TARGET
    case $1 in *.sh) echo 755 ;; *) echo 644 ;; esac
}

# Whether a file on the disk is as we installed it, now or in a run that was cut off.
ours() { # TARGET
    [ -e "$LIST" ] && grep -qxF "$(digest "$ROOT$1")  $1" "$LIST"
}

listed() { # all targets of earlier runs
    if [ -e "$LIST" ]; then sed -n 's/^[0-9a-f]\{64\}  //p' "$LIST" | sort -u; fi
}

# --- the plan -----------------------------------------------------------------------------------------------------

PUT=()     # SOURCE<tab>TARGET of what is new or different
DROP=()    # targets that an earlier run left and this one does not have
KEEP=()    # targets that somebody else made or edited
NEW=()     # the list of what will be installed
FOLDERS=() # folders that will be made

note_folders_of() { # TARGET
    local folder
    folder=$(dirname "$1")
    while [ ! -d "$ROOT$folder" ]; do
        FOLDERS+=("folder  $folder")
        folder=$(dirname "$folder")
    done
}

plan() {
    local all source target
    all=$(files) || exit 1
    [ -n "$all" ] || die "there is nothing here to install"
    while IFS=$TAB read -r source target; do
        NEW+=("$(digest "$source")  $target")
        note_folders_of "$target"
        if [ -e "$ROOT$target" ]; then
            if [ "$(digest "$source")" = "$(digest "$ROOT$target")" ]; then
                if [ "$(stat -c %a "$ROOT$target")" = "$(mode_of "$target")" ]; then continue; fi
            elif ! ours "$target"; then
                KEEP+=("$target")
            fi
        fi
        PUT+=("$source$TAB$target")
    done <<<"$all"
    note_folders_of "$STATE"
    for target in $(listed); do
        if [ ! -e "$ROOT$target" ] || printf '%s\n' "$all" | cut -f2 | grep -qxF "$target"; then continue; fi
        DROP+=("$target")
        ours "$target" || KEEP+=("$target")
    done
    if [ -n "${KEEP[*]-}" ] && [ -z "$FORCE" ]; then
        echo "install.sh: these were edited or were there before, and nothing was changed:" >&2
        printf '  %s\n' "${KEEP[@]}" >&2 # never empty
        die "look at them, then run it again with --force to replace them"
    fi
    if dropped "$FIREWALL" && [ -z "$FORCE" ]; then
        die "this folder has no firewall, and the installed one would go; --force takes it away"
    fi
}

put_below() { # FOLDER: whether something below it is put or dropped
    printf '%s\n' ${PUT[@]+"${PUT[@]#*"$TAB"}"} ${DROP[@]+"${DROP[@]}"} | grep -qF "$1/"
}

dropped() { # TARGET
    printf '%s\n' ${DROP[@]+"${DROP[@]}"} | grep -qxF "$1"
}

changed() { [ -n "${PUT[*]-}" ] || [ -n "${DROP[*]-}" ] || [ -n "$CUT_OFF" ]; }

# A unit that runs a file which was not rendered would only fail later.
units_are_whole() {
    local unit path
    for unit in $(here); do
        for path in $(setting 'Exec[A-Za-z]*' "$unit" | grep -o "$ETC/[^ ]*"); do
            printf '%s\n' "${NEW[@]}" | grep -q "  $path\$" || # never empty
                die "$unit runs $path, which was not rendered: render compose files and units together"
        done
    done
}

right_host() {
    local address
    if [ -n "$ANY_HOST" ]; then return; fi
    for address in $ADDRESSES; do
        if ip -o addr show to "$address" | grep -q .; then return; fi
    done
    die "this host is not $NODE: it has none of its addresses ($ADDRESSES); --any-host does not ask"
}

needed() {
    local program
    for program in sha256sum systemctl; do
        command -v "$program" >/dev/null 2>&1 || die "$program is missing: install it first"
    done
    if ! live; then return; fi
    if [ -n "$COMPOSE" ] && ! $COMPOSE version >/dev/null 2>&1; then
        die "\`$COMPOSE\` does not work here: install the container engine and compose first"
    fi
    if [ -e "$HERE/iptables/firewall.sh" ]; then
        bash "$HERE/iptables/firewall.sh" check || die "the firewall could not be loaded here"
    fi
}

# --- files --------------------------------------------------------------------------------------------------------

put() { # SOURCE TARGET
    mkdir -p "$(dirname "$ROOT$2")" || die "the folder of $2 cannot be made"
    install -m "$(mode_of "$2")" "$1" "$ROOT$2.rancher-gen-new" || die "$2 cannot be written"
    mv -f "$ROOT$2.rancher-gen-new" "$ROOT$2" || die "$2 cannot be written"
}

write_list() { # LINES
    printf '%s\n' "$@" | grep . | sort -u >"$LIST.new"
    mv -f "$LIST.new" "$LIST" || die "$LIST cannot be written"
}

take_away() { # TARGET
    say "  remove $1"
    [ -n "$DRY" ] || rm -f "$ROOT$1" "$ROOT$1.rancher-gen-new" || die "$1 cannot be removed"
}

take_away_folders() { # FOLDERS as the list has them: those that are empty now
    local folder
    printf '%s\n' "$@" | sort -r | while read -r _ folder; do
        if [ -d "$ROOT$folder" ]; then rmdir --ignore-fail-on-non-empty "$ROOT$folder"; fi
    done
}

install_files() {
    local line target old=() folders=()
    say "$NODE: files"
    if [ -z "$DRY" ]; then
        mkdir -p "$ROOT$STATE" || die "$STATE cannot be made"
        if [ -e "$LIST" ]; then
            mapfile -t old <"$LIST"
            mapfile -t folders < <(grep '^folder ' "$LIST")
        fi
        folders+=(${FOLDERS[@]+"${FOLDERS[@]}"})
        # Old and new are both ours until this is done, so that a run that was cut off can be done again.
        : >"$UNFINISHED"
        write_list ${old[@]+"${old[@]}"} ${folders[@]+"${folders[@]}"} "${NEW[@]}" # never empty
    fi
    for line in ${PUT[@]+"${PUT[@]}"}; do
        target=${line#*"$TAB"}
        say "  put $target"
        [ -n "$DRY" ] || put "${line%%"$TAB"*}" "$target"
    done
    for target in ${DROP[@]+"${DROP[@]}"}; do take_away "$target"; done
    if [ -n "$DRY" ]; then return; fi
    take_away_folders ${folders[@]+"${folders[@]}"}
    write_list ${folders[@]+"${folders[@]}"} "${NEW[@]}" # never empty
}

# --- units --------------------------------------------------------------------------------------------------------

units() { # TARGETS on standard input: the names of the units among them
    sed -n "s|^$UNITS/\([^/]*\)\$|\1|p"
}

setting() { # NAME UNIT: what the unit says of it
    sed -n "s/^$1=//p" "$HERE/systemd/$2"
}

here() { # the names of the units of this folder that are installed
    printf '%s\n' "${NEW[@]##*  }" | units # never empty
}

can_be_enabled() { # UNIT
    grep -qsx '\[Install\]' "$ROOT$UNITS/$1" "$HERE/systemd/$1"
}

choose_mode() {
    local mode
    if [ -z "$MODE" ]; then
        MODE=${MODES%% *}
        for mode in $MODES; do
            if "${SYSTEMCTL[@]}" -q is-enabled "rancher-gen-$mode.target" 2>/dev/null; then MODE=$mode; fi
        done
    fi
    case " $MODES " in
    *" $MODE "*) ;;
    *) die "$NODE has no mode $MODE; it has: $MODES" ;;
    esac
}

# Stops a unit and what it started, and disables it.
retire() { # UNIT
    local down
    # The engine would stop with its firewall.
    if live && [ "$1" != rancher-gen-firewall.service ]; then
        attempt systemctl stop "$1"
        # A stopped container is started again when the engine starts.
        down=$(sed -n 's/^ExecStop=\(.*\) stop$/\1 down/p' "$UNITS/$1" 2>/dev/null)
        # shellcheck disable=SC2086
        if [ -n "$down" ]; then attempt $down; fi
    fi
    if can_be_enabled "$1"; then attempt "${SYSTEMCTL[@]}" disable "$1"; fi
}

load_firewall() {
    if [ ! -e "$HERE/iptables/firewall.sh" ]; then return; fi
    if ! put_below "$ETC/iptables" && [ -z "$CUT_OFF" ] && bash "$FIREWALL" status >/dev/null 2>&1; then return; fi
    if [ -n "$WAY_BACK" ]; then
        run bash "$FIREWALL" load --way-back "$WAY_BACK"
    else
        run bash "$FIREWALL" load
    fi
}

enable_units() {
    local unit
    for unit in $(here); do
        if ! can_be_enabled "$unit"; then continue; fi
        case $unit in
        "rancher-gen-$MODE.target") run "${SYSTEMCTL[@]}" enable "$unit" ;;
        *.target) run "${SYSTEMCTL[@]}" disable "$unit" ;;
        *) run "${SYSTEMCTL[@]}" enable "$unit" ;;
        esac
    done
}

start_units() {
    local unit
    for unit in $(here); do
        case $unit in
        "rancher-gen-$MODE.target" | *.timer) run systemctl start --no-block "$unit" ;;
        esac
    done
    # What runs already does not read its file again by itself.
    for unit in $(here); do
        case $unit in rancher-gen-firewall.service | *.target | *.timer) continue ;; esac
        if runs_changed_file "$unit" && systemctl -q is-active "$unit"; then
            run systemctl reload-or-restart --no-block "$unit"
        fi
    done
}

runs_changed_file() { # UNIT
    local line
    for line in ${PUT[@]+"${PUT[@]}"}; do
        if grep -qF -- " -f ${line#*"$TAB"} " "$HERE/systemd/$1"; then return 0; fi
    done
    return 1
}

# Whether the way back leads to no firewall at all: what is started now would stand open then.
waits() {
    live && [ -e "$STATE/firewall/unconfirmed" ] && [ ! -e "$STATE/firewall/before/rules.v4" ]
}

# What the units of the mode ask for and nobody has put there yet.
still_to_do() {
    local unit path
    if [ ! -e "$HERE/systemd/rancher-gen-$MODE.target" ]; then return; fi
    for unit in $(setting Wants "rancher-gen-$MODE.target"); do
        for path in $(setting AssertPathExists "$unit"); do
            if [ ! -e "$ROOT$path" ]; then say "  still to do: put $path there, then: systemctl start $unit"; fi
        done
    done
}

# --- what can be asked for ----------------------------------------------------------------------------------------

install_all() {
    local target
    if live; then right_host; fi
    choose_mode
    plan
    units_are_whole
    needed
    if ! changed && "${SYSTEMCTL[@]}" -q is-enabled "rancher-gen-$MODE.target" 2>/dev/null &&
        { ! live || [ ! -e "$HERE/iptables/firewall.sh" ] || bash "$FIREWALL" status >/dev/null 2>&1; }; then
        say "$NODE: nothing to do"
        still_to_do
        remind
        return
    fi
    for target in ${DROP[@]+"${DROP[@]}"}; do
        case $target in
        "$UNITS"/*/*) ;;
        "$UNITS"/*) retire "${target##*/}" ;;
        "$FIREWALL") if live; then run bash "$FIREWALL" stop; fi ;;
        esac
    done
    install_files
    say "$NODE: units"
    if live; then
        run systemctl daemon-reload
        load_firewall
    fi
    enable_units
    if waits; then
        say "  the containers are started when the firewall is confirmed"
    elif live; then
        start_units
    fi
    [ -n "$DRY" ] || rm -f "$UNFINISHED"
    still_to_do
    remind
}

remind() {
    if live && [ -e "$STATE/firewall/unconfirmed" ]; then
        say "$NODE: now, from a new connection: $HERE/install.sh --confirm"
    fi
}

# What starters started runs on when they are gone, and would stand open without the firewall.
remove_started() {
    local name
    for name in $STARTED; do
        if docker inspect "$name" >/dev/null 2>&1; then run docker rm -fv "$name"; fi
    done
}

uninstall_all() {
    local target kept=() folders=()
    if [ ! -e "$LIST" ]; then say "$NODE: nothing of ours is installed" && return; fi
    mapfile -t folders < <(grep '^folder ' "$LIST")
    say "$NODE: units"
    # Targets first: they stop what they started.
    for target in $(listed | units | grep '\.target$') $(listed | units | grep -v '\.target$'); do retire "$target"; done
    if live; then remove_started; fi
    if live && [ -e "$FIREWALL" ]; then run bash "$FIREWALL" stop; fi
    say "$NODE: files"
    for target in $(listed); do
        if [ ! -e "$ROOT$target" ] || ours "$target" || [ -n "$FORCE" ]; then
            take_away "$target"
        else
            say "  keep $target: it was edited"
            kept+=("$(grep -F "  $target" "$LIST")")
        fi
    done
    if [ -n "$DRY" ]; then return; fi
    rm -f "$UNFINISHED"
    if live; then run systemctl daemon-reload; fi
    if [ -n "${kept[*]-}" ]; then
        write_list "${kept[@]}" ${folders[@]+"${folders[@]}"} # never empty
    else
        rm -f "$LIST"
    fi
    take_away_folders "folder  $STATE" ${folders[@]+"${folders[@]}"}
    if [ -n "${kept[*]-}" ]; then die "some files were edited and are still there; --force removes them"; fi
}

case $ACTION in
install) install_all ;;
confirm)
    if ! live || [ ! -e "$FIREWALL" ]; then die "there is no firewall here to confirm"; fi
    choose_mode
    run bash "$FIREWALL" confirm
    for unit in "$UNITS/rancher-gen-$MODE.target" "$UNITS"/rancher-gen-*.timer; do
        if [ -e "$unit" ]; then run systemctl start --no-block "${unit##*/}"; fi
    done
    ;;
uninstall) uninstall_all ;;
esac
