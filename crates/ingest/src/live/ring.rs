//! The packet socket with its ring in memory shared with the kernel: all unsafe code of this crate.
//!
//! What is unsafe here, and why it is sound:
//! - System calls get pointers to values that live until the call returns, with their right sizes.
//! - The kernel writes to the shared memory while we run. A block of it is read only while its
//!   status says that it belongs to the user, and not again after it was given back; the status is
//!   an atomic, read with acquire, written with release. Reading is a copy into memory of our own,
//!   of no more than a block; what the copy says is judged by safe code.
//! - The mapping lives as long as the [`Ring`] that made it; no reference to it leaves this file.

#![allow(
    unsafe_code,
    reason = "system calls without a safe wrapper, memory shared with the kernel"
)]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::filter::Instruction;

/// What is asked of the kernel.
pub(super) struct Request<'a> {
    pub(super) interface: i32,
    /// Multiple of the page size.
    pub(super) block_bytes: u32,
    pub(super) blocks: u32,
    /// How long a block that is not full is held back.
    pub(super) retire: Duration,
    pub(super) promiscuous: bool,
    pub(super) filter: &'a [Instruction],
}

/// What the kernel tells of an interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) index: i32,
    pub(super) hardware: u16,
    pub(super) up: bool,
}

/// Counts since they were last asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Statistics {
    pub(super) received: u32,
    pub(super) dropped: u32,
    pub(super) freezes: u32,
}

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// There may be a block.
    Ready,
    /// Time is up, or a signal came.
    Idle,
    /// The interface was taken down.
    Down,
}

/// A packet socket with its ring.
#[derive(Debug)]
pub(super) struct Ring {
    socket: OwnedFd,
    memory: NonNull<u8>,
    block_bytes: usize,
    blocks: usize,
    /// The block that comes next.
    next: usize,
}

// SAFETY: the mapping belongs to this value alone, and needs no thread in particular.
unsafe impl Send for Ring {}

/// A step of setting up that failed.
pub(super) type Refused = (&'static str, io::Error);

impl Ring {
    /// Sets a socket up; it gets frames from the moment that all of it stands.
    pub(super) fn open(request: &Request<'_>) -> Result<Self, Refused> {
        let socket = open_socket(libc::AF_PACKET, libc::SOCK_RAW)
            .map_err(|error| ("open a packet socket", error))?;
        let version = libc::tpacket_versions::TPACKET_V3 as i32;
        // SAFETY: the option takes an `int`.
        unsafe { set(&socket, libc::SOL_PACKET, libc::PACKET_VERSION, &version) }
            .map_err(|error| ("ask for TPACKET_V3", error))?;
        attach(&socket, request.filter).map_err(|error| ("attach the filter", error))?;
        const FRAME: u32 = 2048;
        let layout = libc::tpacket_req3 {
            tp_block_size: request.block_bytes,
            tp_block_nr: request.blocks,
            // Frames of this version have any size; the kernel still checks the arithmetic.
            tp_frame_size: FRAME,
            tp_frame_nr: request.block_bytes / FRAME * request.blocks,
            tp_retire_blk_tov: request.retire.as_millis().clamp(1, 10_000) as u32,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        // SAFETY: the option takes a `tpacket_req3` in version 3, which was just asked for; it is
        // seven numbers of 32 bits, without padding.
        unsafe { set(&socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &layout) }
            .map_err(|error| ("make the ring", error))?;
        let (block_bytes, blocks) = (request.block_bytes as usize, request.blocks as usize);
        let memory = map(&socket, block_bytes * blocks).map_err(|error| ("map the ring", error))?;
        let ring = Self { socket, memory, block_bytes, blocks, next: 0 };
        bind(&ring.socket, request.interface).map_err(|error| ("bind to the interface", error))?;
        if request.promiscuous {
            let membership = libc::packet_mreq {
                mr_ifindex: request.interface,
                mr_type: libc::PACKET_MR_PROMISC as u16,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            // SAFETY: the option takes a `packet_mreq`: numbers without padding.
            unsafe {
                set(&ring.socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &membership)
            }
            .map_err(|error| ("set promiscuous mode", error))?;
        }
        Ok(ring)
    }

    /// A copy of the next block that the kernel has filled; the kernel may then fill it anew.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        // SAFETY: `next < blocks`, so the block lies inside the mapping, which lives as long as
        // `self`; it is aligned to a page.
        let block = unsafe {
            let start = self.memory.as_ptr().add(self.next * self.block_bytes);
            copy_block(start, self.block_bytes)?
        };
        self.next = (self.next + 1) % self.blocks;
        Some(block)
    }

    /// Waits until a block is there.
    pub(super) fn wait(&self, timeout: Duration) -> io::Result<Waited> {
        let mut asked = libc::pollfd {
            fd: self.socket.as_raw_fd(),
            events: libc::POLLIN | libc::POLLERR,
            revents: 0,
        };
        let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one `pollfd`, which lives until the call returns.
        let ready = unsafe { libc::poll(&mut asked, 1, milliseconds) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::Interrupted => Ok(Waited::Idle),
                _ => Err(error),
            };
        }
        if ready == 0 {
            return Ok(Waited::Idle);
        }
        if asked.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) == 0 {
            return Ok(Waited::Ready);
        }
        // SAFETY: the option gives an `int`.
        match unsafe { get::<i32>(&self.socket, libc::SOL_SOCKET, libc::SO_ERROR) }? {
            0 => Ok(Waited::Ready),
            libc::ENETDOWN => Ok(Waited::Down),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// Counts since the last call.
    pub(super) fn statistics(&self) -> io::Result<Statistics> {
        // SAFETY: in version 3 the option gives a `tpacket_stats_v3`: three numbers.
        let counts: libc::tpacket_stats_v3 =
            unsafe { get(&self.socket, libc::SOL_PACKET, libc::PACKET_STATISTICS) }?;
        Ok(Statistics {
            received: counts.tp_packets,
            dropped: counts.tp_drops,
            freezes: counts.tp_freeze_q_cnt,
        })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping made by `open`, with its length; nothing refers to it any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.block_bytes * self.blocks) };
    }
}

/// What the kernel tells of an interface; the name has 1 to 15 bytes, none of them zero.
pub(super) fn facts(name: &str) -> io::Result<Facts> {
    let socket = open_socket(libc::AF_INET, libc::SOCK_DGRAM)?;
    let ask = |request: libc::Ioctl| -> io::Result<libc::ifreq> {
        // SAFETY: a structure of numbers, for which zeros are valid.
        let mut asked: libc::ifreq = unsafe { mem::zeroed() };
        // The last byte of the name stays zero.
        let room = asked.ifr_name.len() - 1;
        for (to, from) in asked.ifr_name[..room].iter_mut().zip(name.bytes()) {
            *to = from as libc::c_char;
        }
        // SAFETY: the three requests below read the name, and write what they tell into the
        // `ifreq`, which lives until the call returns.
        check(unsafe { libc::ioctl(socket.as_raw_fd(), request, &mut asked) })?;
        Ok(asked)
    };
    let index = ask(libc::SIOCGIFINDEX)?;
    let flags = ask(libc::SIOCGIFFLAGS)?;
    let hardware = ask(libc::SIOCGIFHWADDR)?;
    // SAFETY: each request fills the member of the union that is read here.
    unsafe {
        Ok(Facts {
            index: index.ifr_ifru.ifru_ifindex,
            hardware: hardware.ifr_ifru.ifru_hwaddr.sa_family,
            up: i32::from(flags.ifr_ifru.ifru_flags) & libc::IFF_UP != 0,
        })
    }
}

/// Copies a block if it belongs to the user, then gives it back.
///
/// # Safety
/// `start` points to `block_bytes` readable, writable bytes, at least 48, aligned to 8; while the
/// status in them says "user", nobody else writes to them.
unsafe fn copy_block(start: *mut u8, block_bytes: usize) -> Option<Vec<u8>> {
    // `block_status` and `blk_len` of `struct tpacket_hdr_v1` behind two other numbers.
    const STATUS: usize = 8;
    const LENGTH: usize = 20;
    // SAFETY: aligned, inside the block; the kernel, too, treats it as an atomic.
    let status = unsafe { AtomicU32::from_ptr(start.add(STATUS).cast()) };
    if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
        return None;
    }
    // SAFETY: aligned, inside the block, which is ours until its status is written.
    let length = unsafe { start.add(LENGTH).cast::<u32>().read() } as usize;
    let length = length.min(block_bytes);
    let mut copy: Vec<u8> = Vec::with_capacity(length);
    // SAFETY: `length` bytes from inside the block into memory of that capacity, made a moment ago,
    // so they do not overlap; after that they are initialised.
    unsafe {
        ptr::copy_nonoverlapping(start, copy.as_mut_ptr(), length);
        copy.set_len(length);
    }
    status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
    Some(copy)
}

fn open_socket(family: i32, kind: i32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers. Protocol 0: a packet socket gets nothing before it is bound.
    let socket = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) };
    check(socket)?;
    // SAFETY: a descriptor that was made a moment ago, so nobody else closes it.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

fn attach(socket: &OwnedFd, filter: &[Instruction]) -> io::Result<()> {
    let mut filter: Vec<libc::sock_filter> = filter
        .iter()
        .map(|&Instruction { code, jt, jf, k }| libc::sock_filter { code, jt, jf, k })
        .collect();
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        // The kernel copies the instructions before the call returns.
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the option takes a `sock_fprog`, whose pointer leads to `len` instructions that live
    // until the call returns.
    unsafe { set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program) }
}

fn map(socket: &OwnedFd, length: usize) -> io::Result<NonNull<u8>> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses where; nothing that exists is mapped over.
    let memory = unsafe {
        libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, socket.as_raw_fd(), 0)
    };
    if memory == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(memory.cast::<u8>()).ok_or_else(|| io::Error::other("mapped at zero"))
}

fn bind(socket: &OwnedFd, interface: i32) -> io::Result<()> {
    // SAFETY: a structure of numbers, for which zeros are valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = interface;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: an address with its size, which lives until the call returns.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })
}

/// Sets an option.
///
/// # Safety
/// `T` is the type that the kernel reads for this option, and pointers in it are valid for what the
/// kernel does with them before the call returns, or longer where it keeps them.
unsafe fn set<T>(socket: &OwnedFd, level: i32, option: i32, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: a value with its size, which lives until the call returns.
    check(unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(value).cast(), length)
    })
}

/// Asks for an option.
///
/// # Safety
/// `T` is the type that the kernel writes for this option, and any bytes are a valid `T`, zeros
/// included: numbers, or a structure of numbers.
unsafe fn get<T: Copy>(socket: &OwnedFd, level: i32, option: i32) -> io::Result<T> {
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the caller says that any bytes are a valid `T`; the kernel writes at most `length` of
    // them, and `value` lives until the call returns.
    unsafe {
        let mut value: T = mem::zeroed();
        check(libc::getsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw mut value).cast(),
            &mut length,
        ))?;
        Ok(value)
    }
}

fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory aligned as the ring is, in the form that the kernel writes.
    fn block(status: u32, length: u32) -> Vec<u64> {
        let words = [1, 48, status, 0, 48, length];
        let mut block: Vec<u64> =
            words.chunks(2).map(|w| u64::from(w[0]) | u64::from(w[1]) << 32).collect();
        block.resize(16, 7);
        block
    }

    // Runs under Miri, unlike system calls.
    #[test]
    fn a_block_is_copied_once() {
        let mut memory = block(1, 64);
        let start: *mut u8 = memory.as_mut_ptr().cast();
        // SAFETY: 128 bytes that belong to this test.
        let (first, second) = unsafe { (copy_block(start, 128), copy_block(start, 128)) };
        assert_eq!(first.map(|copy| copy.len()), Some(64));
        assert_eq!(second, None);
        let mut memory = block(1, u32::MAX);
        // SAFETY: as above.
        let copy = unsafe { copy_block(memory.as_mut_ptr().cast(), 128) };
        assert_eq!(copy.map(|copy| copy.len()), Some(128));
    }
}
