//! Listening sockets by the kernel's own interface, `sock_diag(7)`: it walks these alone, where a look at `/proc/net/tcp`
//! walks all connections that the machine could have, for milliseconds.

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, netlink, recv, send, socket};

/// Kind of a question about sockets (`SOCK_DIAG_BY_FAMILY`), as of its answers.
const BY_FAMILY: u16 = 20;
/// Flags of a question for all sockets that fit: `NLM_F_REQUEST | NLM_F_DUMP`.
const ALL: u16 = 0x301;
/// Kind of the last message (`NLMSG_DONE`).
const DONE: u16 = 3;
/// Families: IPv4 and IPv6.
const FAMILIES: [u8; 2] = [2, 10];
const TCP: u8 = 6;
/// Set of states with `TCP_LISTEN` alone.
const LISTENS: u32 = 1 << 10;
/// Lengths of a message's head, of a question (`inet_diag_req_v2`), and of the fixed part of an answer.
const HEAD: usize = 16;
const QUESTION: usize = 56;
/// Places of an answer (`inet_diag_msg`), behind the head: the length of the accept queue, and the inode.
const QUEUED_AT: usize = HEAD + 56;
const INODE_AT: usize = HEAD + 68;

/// Returns for each socket of this network that listens on a port the length of its accept queue and its inode; [`None`]
/// if the kernel does not answer.
pub(super) fn listening_on(port: u16) -> Option<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    for family in FAMILIES {
        ask(family, port, &mut found)?;
    }
    Some(found)
}

fn ask(family: u8, port: u16, found: &mut Vec<(u64, u64)>) -> Option<()> {
    let diagnosis = Some(netlink::SOCK_DIAG);
    let kernel = socket(AddressFamily::NETLINK, SocketType::RAW, diagnosis).ok()?;
    send(&kernel, &question(family, port), SendFlags::empty()).ok()?;
    let mut room = vec![0_u8; 32 << 10];
    loop {
        let (length, _) = recv(&kernel, &mut room[..], RecvFlags::empty()).ok()?;
        let mut rest = &room[..length];
        while let Some(size) = word(rest, 0).map(|it| it as usize) {
            let message = rest.get(..size).filter(|it| it.len() >= HEAD)?;
            match u16::from_ne_bytes([message[4], message[5]]) {
                DONE => return Some(()),
                BY_FAMILY => {
                    let (queued, inode) = (word(message, QUEUED_AT)?, word(message, INODE_AT)?);
                    found.push((u64::from(queued), u64::from(inode)));
                }
                _ => return None,
            }
            rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

fn question(family: u8, port: u16) -> [u8; HEAD + QUESTION] {
    let mut bytes = [0; HEAD + QUESTION];
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
    bytes[6..8].copy_from_slice(&ALL.to_ne_bytes());
    bytes[HEAD..HEAD + 2].copy_from_slice(&[family, TCP]);
    bytes[HEAD + 4..HEAD + 8].copy_from_slice(&LISTENS.to_ne_bytes());
    bytes[HEAD + 8..HEAD + 10].copy_from_slice(&port.to_be_bytes());
    bytes
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}
