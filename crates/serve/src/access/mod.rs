//! Who is let in: keys, sessions, local callers.

mod address;
mod admit;
mod cookie;
mod credentials;
mod first_token;
mod forwarded;
mod gate;
mod key;
mod keys;
mod local;
mod log_ins;
mod password;
mod rate;
mod sessions;

pub use address::Network;
pub use cookie::{COOKIE, Place, SECURE_COOKIE, cookie_of};
pub use first_token::{draw_first_token, renew_first_token};
pub use gate::Gate;
pub use key::{IssuedKey, Secret};
pub use keys::KeyRequest;
pub use password::hash_password;
pub(crate) use password::{MIN_CHARS, hash_in_turn};
pub use rate::Bucket;
pub use sessions::LoggedIn;

pub(crate) use admit::{Admitted, Arrival};
pub(crate) use forwarded::client;
pub(crate) use local::{no_proxy, right_host, right_origin};
