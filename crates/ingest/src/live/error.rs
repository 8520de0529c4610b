//! Why an interface could not be listened to, with the way out.

use crate::filter::FilterError;

/// Why an interface could not be listened to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// No such interface.
    #[error("there is no interface `{interface}`; there are: {known}")]
    NoInterface {
        /// As asked for.
        interface: String,
        /// Names, with commas between.
        known: String,
    },
    /// It is not up.
    #[error(
        "interface {interface} is down; bring it up by `ip link set dev {interface} up`, or choose \
         another"
    )]
    Down {
        /// Its name.
        interface: String,
    },
    /// The kernel wants a privilege.
    #[error(
        "capturing on {interface} needs CAP_NET_RAW; run as root, or grant it once by `sudo setcap \
         cap_net_raw+ep $(command -v tripline)`"
    )]
    Privilege {
        /// Its name.
        interface: String,
    },
    /// Frames of a kind that is not decoded.
    #[error(
        "interface {interface} has hardware type {hardware}, whose frames are not decoded; listen \
         on Ethernet, loopback or an IP tunnel"
    )]
    Hardware {
        /// Its name.
        interface: String,
        /// `ARPHRD_` number of `linux/if_arp.h`.
        hardware: u16,
    },
    /// The filter does not fit.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A step of setting up failed.
    #[error("capturing on {interface}: cannot {step}: {source}; {way_out}")]
    Setup {
        /// Its name.
        interface: String,
        /// What was tried.
        step: &'static str,
        /// What the kernel said.
        source: std::io::Error,
        /// What to do.
        way_out: &'static str,
    },
    /// The interface was taken away while it was listened to.
    #[error("interface {interface} went away; start again when it is back")]
    Gone {
        /// Its name.
        interface: String,
    },
    /// Listening failed.
    #[error("capturing on {interface} failed: {source}; start again")]
    Failed {
        /// Its name.
        interface: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// libpcap could not listen.
    #[cfg(feature = "libpcap")]
    #[error(
        "capturing on {interface} through libpcap: {message}; check its name, the privilege, the filter"
    )]
    Libpcap {
        /// Its name.
        interface: String,
        /// What libpcap said.
        message: String,
    },
    /// Another system than Linux.
    #[error(
        "capturing on an interface works on Linux alone; here, pipe a capture in: `tcpdump -U -w - \
         -i {interface} | tripline watch -`"
    )]
    System {
        /// As asked for.
        interface: String,
    },
}
