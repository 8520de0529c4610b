//! Limits on memory, open files and further processes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Limits the address space to what the process has with `more` bytes.
pub(super) fn limit_memory(more: u64) -> Result<(), String> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .ok_or("/proc is not readable")?;
    let has = pages.saturating_mul(rustix::param::page_size() as u64);
    set(Resource::As, has.saturating_add(more))
}

/// No file may be opened, no process or thread started, nothing written to disk.
pub(super) fn limit_rest() -> Result<(), String> {
    // Descriptors 0 to 2 are the pipes to the parent.
    set(Resource::Nofile, 3)?;
    set(Resource::Nproc, 0)?;
    set(Resource::Fsize, 0)?;
    set(Resource::Core, 0)
}

fn set(resource: Resource, limit: u64) -> Result<(), String> {
    // The hard limit can only be lowered.
    let limit = getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit));
    setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })
        .map_err(|source| source.to_string())
}
