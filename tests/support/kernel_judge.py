"""Says what the kernel does with packets under a rule set of iptables.

    kernel_judge.py NAME=V4ADDRESS/LENGTH,V6ADDRESS/LENGTH...

It runs as root in a new network namespace, makes a TUN device for each argument, and routes what no device's
network holds through the first one. Then it reads a case from each line of its standard input and answers with a line,
both JSON, until the input ends. `tests/support/kernel.rs` says what the values mean.

A packet is written to its inbound device and recognised by a number in its payload when it comes out of a device or is
delivered to a raw socket. The kernel has forwarded, delivered or dropped a packet when the write returns, since a TUN
device hands it on in the writer's context: what cannot be read then was dropped, and nothing waits.
"""

import fcntl
import itertools
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import tty

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
# The legacy back end locks a file that all namespaces share, and gives up when another one has it: here each judge has
# its own.
LOCK = f"/proc/{os.getpid()}/fd/{os.memfd_create('lock')}"
ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "XTABLES_LOCKFILE": LOCK}
TABLES = {
    "filter": ["INPUT", "FORWARD", "OUTPUT"],
    "nat": ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
    "mangle": ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
    "raw": ["PREROUTING", "OUTPUT"],
    "security": ["INPUT", "FORWARD", "OUTPUT"],
}
# What outlives its rules when others that name it come in the same step: sets, and the lists of two matches.
NAMED_STATE = re.compile(r"--match-set|(-m|--match)\s+(recent|hashlimit)\b|(ADD|DEL)-SET|--add-set|--del-set")
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58}
FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128}
# Packets on their way at once: fewer than a TUN device's queue (500) and than a raw socket's buffer holds.
VOLLEY = 64


def program(name):
    found = shutil.which(name, path=PATH)
    if found is None:
        sys.exit(f"{name} is missing; install it with: tests/install")
    return found


def run(arguments, text):
    """Runs a program with a text on its standard input; its exit status and what it printed to standard error."""
    streams = {"input": text, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    done = subprocess.run(arguments, text=True, env=ENVIRONMENT, check=False, **streams)
    return done.returncode, done.stderr


# --- Rules and sets -----------------------------------------------------------------------------------------------


def empty(tables):
    return "".join(f"*{table}\n{open_policies(table)}COMMIT\n" for table in tables)


def open_policies(table):
    return "".join(f":{chain} ACCEPT [0:0]\n" for chain in TABLES[table])


class Restore:
    """The tables of one back end and one family.

    One process of `iptables-restore` loads one text after another, as it would the tables of one text: to start one
    takes longer than to load, and with nft its end waits for the kernel to clean up (20 ms). That a text is committed
    is seen from the comment after it, which `-v` prints. A process that ends has refused its text; the text is then
    given to a process of its own, whose verdict and message count.
    """

    number = itertools.count(1)

    def __init__(self, back_end, family):
        self.program = program(f"{'iptables' if family == 4 else 'ip6tables'}-{back_end}-restore")
        self.full = set()
        self.pid = None

    def load(self, text, fresh):
        """Replaces all tables with the text's; the message when it does not load."""
        named, plain = self.whole(text)
        if plain and not fresh:
            others = sorted(self.full - set(named))
            self.full.update(named)
            if self.feed(empty(others) + plain):
                self.full = set(named)
                return None
        self.stop()
        self.clear()
        status, message = run([self.program, "-w"], text)
        self.full = {table for table in TABLES if f"*{table}" in text}
        if status == 0:
            return None
        return message or f"{self.program} ended with {status}"

    def clear(self):
        """Empties the tables that have something in them."""
        tables, self.full = sorted(self.full), set()
        if tables and not self.feed(empty(tables)):
            self.stop()
            status, message = run([self.program, "-w"], empty(tables))
            if status != 0:
                sys.exit(f"{self.program} does not empty {tables}: {message}")

    @staticmethod
    def whole(text):
        """The tables of a text, and the text with each policy said, or None if what follows would become a part of it."""
        named, lines, last = [], [], "COMMIT"
        for line in text.split("\n"):
            lines.append(line)
            if line.startswith("*"):
                table = line[1:].strip()
                if table not in TABLES:
                    return named, None
                if table not in named:
                    named.append(table)
                    lines.append(open_policies(table).rstrip())
            if line and not line.startswith("#"):
                last = line.strip()
        return named, "\n".join(lines) + "\n" if last == "COMMIT" else None

    def feed(self, text):
        """Whether the process that stays committed the text."""
        if not text:
            return True
        if self.pid is None:
            self.start()
        mark = f"# judge {os.getpid()} {next(self.number)}\n".encode()
        rest = memoryview(text.encode() + mark)
        tail = b""
        while not tail.endswith(mark):
            readable, writable, _ = select.select([self.output], [self.input] if rest else [], [])
            try:
                if writable:
                    rest = rest[os.write(self.input, rest) :]
                if readable:
                    tail = (tail + os.read(self.output, 65536))[-len(mark) :]
            except OSError:
                # A broken pipe, or a terminal without a process: it has ended.
                self.stop()
                return False
        return True

    def start(self):
        # A terminal, since what goes into a pipe is held back until the process ends.
        self.output, terminal = os.openpty()
        tty.setraw(terminal)
        theirs, self.input = os.pipe()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.set_blocking(self.input, False)
        self.pid = os.posix_spawn(
            self.program,
            [self.program, "-w", "-v"],
            ENVIRONMENT,
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate((theirs, terminal, nowhere))],
        )
        for fd in (theirs, terminal, nowhere):
            os.close(fd)

    def stop(self):
        if self.pid is not None:
            os.close(self.input)
            os.close(self.output)
            os.waitpid(self.pid, 0)
            self.pid = None


class Netlink:
    """Netfilter's netlink socket."""

    FLUSH = struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, socket.AF_UNSPEC, 0, 0)

    def __init__(self):
        self.socket = self.open()

    @staticmethod
    def open():
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        opened.bind((0, 0))
        return opened

    def forget_connections(self):
        self.socket.send(self.FLUSH)
        (error,) = struct.unpack_from("=i", self.socket.recv(4096), 16)
        if error:
            sys.exit(f"the kernel does not forget connections: {os.strerror(-error)}")

    def settle(self):
        """Waits until what removed rules of nft held is free: the kernel does so when such a socket is closed."""
        self.open().close()


class Rules:
    """The rules and sets of the namespace: those of the last case and nothing else."""

    def __init__(self):
        self.restores = {(b, f): Restore(b, f) for b in ("nft", "legacy") for f in (4, 6)}
        self.netlink = Netlink()
        self.named_state = self.sets = False

    def load(self, case):
        """The message when something of a case does not load."""
        own = self.restores[case["backend"], case["family"]]
        named_state = bool(case["sets"]) or NAMED_STATE.search(case["rules"]) is not None
        for restore in self.restores.values():
            if restore is not own or named_state or self.named_state:
                restore.clear()
        if self.named_state:
            self.netlink.settle()
        if self.sets or case["sets"]:
            # A set that is in a list of sets is in use until the list is empty.
            status, message = run([program("ipset"), "restore"], "flush\ndestroy\n" + case["sets"])
            if status != 0:
                # The set that is wrong may stand after others.
                run([program("ipset"), "restore"], "flush\ndestroy\n")
                return message
        self.named_state, self.sets = named_state, bool(case["sets"])
        message = own.load(case["rules"], case.get("fresh", False))
        self.netlink.forget_connections()
        return message


# --- Packets ------------------------------------------------------------------------------------------------------


def checksum(data):
    """The Internet checksum (RFC 1071): the complement of the sum of 16 bit words with the carries added."""
    if len(data) % 2:
        data += b"\0"
    # A number modulo 2**16 - 1 is that sum of its digits; the sum of what is not all zero is never zero.
    total = int.from_bytes(data, "big") % 0xFFFF
    return 0xFFFF - (total or 0xFFFF) if any(data) else 0xFFFF


# The headers of the protocols that have one here, and where their checksum is.
ICMP, TCP, UDP = (struct.Struct(layout) for layout in ("!BBHHH", "!HHIIBBHHH", "!HHHH"))
HEADS = {1: ICMP, 6: TCP, 17: UDP, 58: ICMP}
CHECKSUMS = {1: 2, 6: 16, 17: 6, 58: 2}


class Sent:
    """Packets as bytes, and back."""

    # Not what an IP header begins with, so that the packet within an ICMP error is none of ours.
    MAGIC = b"\xf7JDG"

    @classmethod
    def build(cls, family, packet, number):
        protocol = PROTOCOLS.get(packet["proto"], packet["proto"])
        net = socket.AF_INET if family == 4 else socket.AF_INET6
        addresses = socket.inet_pton(net, packet["src"]) + socket.inet_pton(net, packet["dst"])
        payload = cls.MAGIC + number.to_bytes(4, "big")
        heads = (20 if family == 4 else 40) + (HEADS[protocol].size if protocol in HEADS else 0)
        length = packet.get("length", heads + len(payload))
        if length < heads + len(payload):
            sys.exit(f"a packet of {length} bytes has no room for its number: {packet}")
        payload = payload.ljust(length - heads, b"\0")
        inner = cls.inner(protocol, packet, payload, number, addresses)
        ttl = packet.get("ttl", 64)
        if family == 6:
            return struct.pack("!IHBB", 6 << 28, len(inner), protocol, ttl) + addresses + inner
        head = struct.pack("!BBHHHBBH", 0x45, 0, length, number & 0xFFFF, 0, ttl, protocol, 0) + addresses
        return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + inner

    @classmethod
    def inner(cls, protocol, packet, payload, number, addresses):
        ports = packet.get("sport", 0), packet.get("dport", 0)
        if protocol == 6:
            flags = sum(FLAGS[flag] for flag in packet.get("flags", ["SYN"]))
            head = (*ports, 1000, 1001 if flags & FLAGS["ACK"] else 0, 5 << 4, flags, 65535, 0, 0)
        elif protocol == 17:
            head = (*ports, 8 + len(payload), 0)
        elif protocol in (1, 58):
            # The identifier is the number: each message is a connection of its own.
            head = (packet.get("type", 8 if protocol == 1 else 128), packet.get("code", 0), 0, number & 0xFFFF, 1)
        else:
            return payload
        data = HEADS[protocol].pack(*head) + payload
        pseudo = b"" if protocol == 1 else addresses + struct.pack("!II", len(data), protocol)
        total = checksum(pseudo + data)
        if protocol == 17 and total == 0:
            # RFC 768: none would be zero.
            total = 0xFFFF
        place = CHECKSUMS[protocol]
        return data[:place] + total.to_bytes(2, "big") + data[place + 2 :]

    @classmethod
    def read(cls, protocol, inner):
        """The number and the ports of a packet that is ours."""
        ports = None, None
        start = 0
        if protocol in HEADS:
            start = HEADS[protocol].size
            if len(inner) < start:
                return None
            if protocol in (6, 17):
                ports = struct.unpack_from("!HH", inner)
        if protocol == 6:
            start = (inner[12] >> 4) * 4
        if inner[start : start + 4] != cls.MAGIC or len(inner) < start + 8:
            return None
        return int.from_bytes(inner[start + 4 : start + 8], "big"), ports


# --- The node -----------------------------------------------------------------------------------------------------

SYSCTLS = {
    "ipv4/ip_forward": 1,
    "ipv4/icmp_echo_ignore_all": 1,
    "ipv6/icmp/echo_ignore_all": 1,
    **{
        f"ipv4/conf/{which}/{key}": value
        for which in ("all", "default")
        for key, value in {
            "rp_filter": 0,
            "accept_local": 1,
            "route_localnet": 1,
            "log_martians": 0,
            "send_redirects": 0,
            "accept_redirects": 0,
        }.items()
    },
    **{
        f"ipv6/conf/{which}/{key}": value
        for which in ("all", "default")
        for key, value in {
            "disable_ipv6": 0,
            "forwarding": 1,
            "accept_ra": 0,
            "accept_redirects": 0,
            "router_solicitations": 0,
        }.items()
    },
    # No link-local address: it would be another one each time.
    "ipv6/conf/default/addr_gen_mode": 1,
}


class Node:
    """The interfaces of the namespace, and who receives locally."""

    def __init__(self, interfaces):
        for key, value in SYSCTLS.items():
            with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
                file.write(str(value))
        self.devices = {name: self.tun(name) for name, _ in interfaces}
        lines = []
        for name, addresses in interfaces:
            lines.append(f"link set {name} mtu 65535 up")
            for address in addresses:
                lines.append(f"address add {address} dev {name}" + (" nodad" if ":" in address else ""))
        lines += [f"route add {everything} dev {interfaces[0][0]}" for everything in ("0.0.0.0/0", "::/0")]
        status, message = run([program("ip"), "-batch", "-"], "\n".join(lines) + "\n")
        if status != 0:
            sys.exit(message)
        self.poll = select.poll()
        self.arrivals = {}
        for name, device in self.devices.items():
            self.watch(device, lambda device=device, name=name: self.forwarded(device, name))
        self.raw = set()
        # What the node sends to itself, header and all.
        nets = {4: socket.AF_INET, 6: socket.AF_INET6}
        self.itself = {f: socket.socket(net, socket.SOCK_RAW, socket.IPPROTO_RAW) for f, net in nets.items()}
        self.number = itertools.count(1)

    def watch(self, fd, receive):
        self.poll.register(fd, select.POLLIN)
        self.arrivals[fd] = receive

    @staticmethod
    def tun(name):
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        tunsetiff, iff_tun, iff_no_pi = 0x400454CA, 1, 0x1000
        fcntl.ioctl(device, tunsetiff, struct.pack("16sH22x", name.encode(), iff_tun | iff_no_pi))
        return device

    def listen(self, family, protocol):
        """Sees what is delivered to the node; what the protocol itself makes of it does not matter."""
        if (family, protocol) in self.raw:
            return
        self.raw.add((family, protocol))
        raw = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_RAW, protocol)
        raw.setblocking(False)
        so_rcvbufforce = 33
        raw.setsockopt(socket.SOL_SOCKET, so_rcvbufforce, 64 << 20)
        if family == 6:
            raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self.watch(raw.fileno(), lambda: self.delivered_v6(raw, protocol))
        else:
            self.watch(raw.fileno(), lambda: self.arrival(raw.recv(65536), "local"))

    def forwarded(self, device, name):
        return self.arrival(os.read(device, 65536), name)

    @staticmethod
    def arrival(data, to):
        """The number and the verdict of a packet with its IP header."""
        if data[0] >> 4 == 4:
            net, protocol, src, dst, start = socket.AF_INET, data[9], data[12:16], data[16:20], (data[0] & 15) * 4
        else:
            net, protocol, src, dst, start = socket.AF_INET6, data[6], data[8:24], data[24:40], 40
        return Node.verdict(protocol, data[start:], to, socket.inet_ntop(net, src), socket.inet_ntop(net, dst))

    @staticmethod
    def delivered_v6(raw, protocol):
        # Without its IPv6 header, whose destination comes beside it.
        inner, beside, _, source = raw.recvmsg(65536, 64)
        return Node.verdict(protocol, inner, "local", source[0], socket.inet_ntop(socket.AF_INET6, beside[0][2][:16]))

    @staticmethod
    def verdict(protocol, inner, to, src, dst):
        known = Sent.read(protocol, inner)
        if known is None:
            return None
        number, (sport, dport) = known
        return number, {"to": to, "src": src, "dst": dst, "sport": sport, "dport": dport}

    def send(self, family, packets):
        """What becomes of each packet."""
        verdicts = {}
        numbers = []
        for index, packet in enumerate(packets):
            number = next(self.number) & 0xFFFFFFFF
            numbers.append(number)
            self.listen(family, PROTOCOLS.get(packet["proto"], packet["proto"]))
            data = Sent.build(family, packet, number)
            if packet["iif"] == "lo":
                self.itself[family].sendto(data, (packet["dst"], 0))
            else:
                os.write(self.devices[packet["iif"]], data)
            if index % VOLLEY == VOLLEY - 1:
                self.receive(verdicts)
        self.receive(verdicts)
        return [verdicts.get(number) for number in numbers]

    def receive(self, verdicts):
        while ready := self.poll.poll(0):
            for fd, _ in ready:
                receive = self.arrivals[fd]
                try:
                    while True:
                        known = receive()
                        if known is not None:
                            verdicts.setdefault(*known)
                except BlockingIOError:
                    pass


def main():
    interfaces = [(name, rest.split(",")) for name, _, rest in (a.partition("=") for a in sys.argv[1:])]
    node, rules = Node(interfaces), Rules()
    for line in sys.stdin:
        case = json.loads(line)
        message = rules.load(case)
        verdicts = [] if message else node.send(case["family"], case["packets"])
        print(json.dumps({"loaded": message is None, "error": message, "verdicts": verdicts}), flush=True)


main()
