//! Network namespaces of our own, with the programs of either iptables back end, and probes that name who answered.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::tools::{program, run};

/// A network namespace; it goes when this does, and whatever other program runs in it.
#[derive(Debug)]
pub struct Namespace {
    pub name: String,
}

impl Namespace {
    /// A namespace whose name no other test has.
    pub fn new(word: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rgen-{}-{number}-{word}", std::process::id());
        run(program("ip").args(["netns", "add", &name]));
        let namespace = Self { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// A command that runs in it.
    pub fn command(&self, name: &str) -> Command {
        let mut command = program("ip");
        command.args(["netns", "exec", &self.name, name]);
        command
    }

    /// Runs `ip` in it, with words that have no blanks in them.
    #[track_caller]
    pub fn ip(&self, words: &str) -> String {
        run(program("ip").args(["-n", &self.name]).args(words.split_whitespace()))
    }

    /// Does something on a thread of its own that is in it.
    pub fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.thread(work).join().unwrap()
    }

    /// Starts something on a thread that is in it.
    pub fn thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> std::thread::JoinHandle<T> {
        let file = std::fs::File::open(Path::new("/run/netns").join(&self.name)).unwrap();
        std::thread::spawn(move || {
            rustix::thread::move_into_link_name_space(file.as_fd(), None).unwrap();
            work()
        })
    }

    /// Connects an interface of it with an interface of another one.
    pub fn cable(&self, interface: &str, other: &Self, far: &str) {
        self.ip(&format!("link add {interface} type veth peer name {far} netns {}", other.name));
        self.ip(&format!("link set {interface} up"));
        other.ip(&format!("link set {far} up"));
    }

    /// Gives an interface an address; no duplicate is looked for, so that it can be used at once.
    pub fn address(&self, interface: &str, address: &str) {
        let quick = if address.contains(':') { " nodad" } else { "" };
        self.ip(&format!("address add {address} dev {interface}{quick}"));
    }

    /// Sets something below `net.`.
    pub fn set(&self, key: &str, value: &str) {
        run(self.command("sysctl").args(["-q", "-w", &format!("net.{key}={value}")]));
    }

    /// Answers on a TCP port with a name and the address that was seen.
    pub fn serve_tcp(&self, address: &str, name: &'static str) {
        let address: SocketAddr = address.parse().unwrap();
        let listener = self.inside(move || TcpListener::bind(address).unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || converse(stream, name));
            }
        });
    }

    /// Answers on a UDP port with a name and the address that was seen.
    pub fn serve_udp(&self, address: &str, name: &'static str) {
        let address: SocketAddr = address.parse().unwrap();
        let socket = self.inside(move || UdpSocket::bind(address).unwrap());
        std::thread::spawn(move || {
            let mut word = [0; 64];
            while let Ok((_, from)) = socket.recv_from(&mut word) {
                let _ = socket.send_to(told(name, from).as_bytes(), from);
            }
        });
    }

    /// What is answered on a TCP port, if anything is before the time is over.
    pub fn ask_tcp(&self, to: &str, patience: Duration) -> Option<String> {
        let to: SocketAddr = to.parse().unwrap();
        self.inside(move || {
            let mut stream = TcpStream::connect_timeout(&to, patience).ok()?;
            stream.set_read_timeout(Some(patience)).unwrap();
            exchange(&mut stream)
        })
    }

    /// What is answered on a UDP port, if anything is before the time is over. It is asked once.
    pub fn ask_udp(&self, to: &str, patience: Duration) -> Option<String> {
        self.ask_udp_from(0, to, patience)
    }

    /// The same from a port of one's own choice.
    pub fn ask_udp_from(&self, port: u16, to: &str, patience: Duration) -> Option<String> {
        let to: SocketAddr = to.parse().unwrap();
        self.inside(move || {
            let any: IpAddr = if to.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
            let socket = UdpSocket::bind((any, port)).unwrap();
            socket.set_broadcast(true).unwrap();
            socket.set_read_timeout(Some(patience)).unwrap();
            socket.send_to(b"who", to).ok()?;
            let mut answer = [0; 128];
            let length = socket.recv(&mut answer).ok()?;
            Some(String::from_utf8_lossy(&answer[..length]).into_owned())
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A way back may still wait in it.
        if let Ok(output) = Command::new("ip").args(["netns", "pids", &self.name]).output() {
            let pids = String::from_utf8_lossy(&output.stdout).into_owned();
            if !pids.trim().is_empty() {
                let _ = Command::new("kill").args(pids.split_whitespace()).output();
            }
        }
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

fn told(name: &str, from: SocketAddr) -> String {
    // A v4 client of a socket for both families.
    let ip = match from.ip() {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
        ip @ IpAddr::V4(_) => ip,
    };
    format!("{name} saw {ip}\n")
}

/// Answers each byte, until the client is gone.
fn converse(mut stream: TcpStream, name: &str) {
    let answer = told(name, stream.peer_addr().unwrap());
    let mut byte = [0];
    while matches!(stream.read(&mut byte), Ok(1)) {
        let long = if byte == *b"L" { "x".repeat(300_000) + "\n" } else { answer.clone() };
        if stream.write_all(long.as_bytes()).is_err() {
            return;
        }
    }
}

/// Sends a byte and reads a line.
pub fn exchange(stream: &mut TcpStream) -> Option<String> {
    ask_for(stream, *b"?")
}

/// Sends a byte that is answered with a long line or a short one, and reads it.
pub fn ask_for(stream: &mut TcpStream, byte: [u8; 1]) -> Option<String> {
    stream.write_all(&byte).ok()?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while answer.last() != Some(&b'\n') {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
        }
    }
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Asks until there is an answer; none in five seconds fails the test.
#[track_caller]
pub fn answered(ask: impl Fn(Duration) -> Option<String>) -> String {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(answer) = ask(Duration::from_secs(1)) {
            return answer.trim_end().to_owned();
        }
        assert!(Instant::now() < end, "nobody answered");
    }
}

/// Which of its two back ends iptables speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackEnd {
    Nft,
    Legacy,
}

pub const BACK_ENDS: [BackEnd; 2] = [BackEnd::Nft, BackEnd::Legacy];

impl BackEnd {
    /// A folder for the beginning of PATH in which `iptables` and the others are this back end's.
    pub fn folder(self, folder: &Path) -> std::ffi::OsString {
        let multi = program(match self {
            Self::Nft => "xtables-nft-multi",
            Self::Legacy => "xtables-legacy-multi",
        });
        let shims = folder.join("back-end");
        std::fs::create_dir_all(&shims).unwrap();
        for tool in ["iptables", "ip6tables"] {
            for kind in ["", "-restore", "-save"] {
                symlink(multi.get_program(), shims.join(format!("{tool}{kind}"))).unwrap();
            }
        }
        let mut path = shims.into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }
}
