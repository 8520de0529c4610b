//! What a process gives up before it reads a model.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod resources;

use tripline_core::{State, StateError};

/// What holds in the process that runs a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protection {
    /// What the kernel enforces.
    pub enforced: Vec<String>,
    /// What it does not, each with the reason.
    pub missing: Vec<String>,
}

impl Protection {
    fn note(&mut self, what: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.enforced.push(what.to_owned()),
            Err(reason) => self.missing.push(format!("{what}: {reason}")),
        }
    }

    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        state.put_texts("enforced", self.enforced.clone());
        state.put_texts("missing", self.missing.clone());
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        // The child is asked before it has seen the model; still, no more is taken than fits a line.
        let texts = |name: &str| -> Result<Vec<String>, StateError> {
            let texts = state.texts(name)?.iter().take(16);
            Ok(texts.map(|text| text.chars().take(200).collect()).collect())
        };
        Ok(Self { enforced: texts("enforced")?, missing: texts("missing")? })
    }
}

/// Gives up files, network, further processes and all system calls that computing does not need,
/// for the rest of this process; `memory` is what it may take beyond what it has, in bytes.
///
/// To be called while the process has one thread: the kernel restricts the calling one. `ready` is
/// called when files are gone already and system calls are not yet.
#[cfg(target_os = "linux")]
pub fn enter(memory: u64, ready: impl FnOnce()) -> Protection {
    let mut protection = Protection::default();
    protection.note("memory limit", resources::limit_memory(memory));
    for (what, result) in files::give_up() {
        protection.note(what, result);
    }
    protection.note("no new files or processes (rlimit)", resources::limit_rest());
    ready();
    protection.note("system calls (seccomp)", calls::give_up());
    protection
}

/// Gives up nothing: this system has no such means here.
#[cfg(not(target_os = "linux"))]
pub fn enter(_memory: u64, ready: impl FnOnce()) -> Protection {
    ready();
    Protection {
        enforced: Vec::new(),
        missing: vec!["everything but time: only Linux confines the process".to_owned()],
    }
}
