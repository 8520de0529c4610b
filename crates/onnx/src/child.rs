//! The process that runs a model, seen from its parent.

use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tripline_core::State;

use crate::error::{Limit, OnnxError};
use crate::frames;
use crate::launch;
use crate::settings::Limits;

/// Keeps the runtime from kernels that only some processors have. Exponentials and logarithms come
/// from the system's library, whose last bits may still differ between processors.
#[cfg(target_arch = "x86_64")]
const SAME_EVERYWHERE: &[(&str, &str)] = &[
    (
        "TRACT_CPU_ISA",
        "-avx,-avx2,-fma,-f16c,-avx512f,-avx512vnni,-avx512fp16,-avxvnni,-amx-int8,-amx-bf16",
    ),
    ("TRACT_X86_KIND", "other"),
];
#[cfg(not(target_arch = "x86_64"))]
const SAME_EVERYWHERE: &[(&str, &str)] = &[];

/// Keeps mimalloc, if the program has it, from reserving 1 GiB before the limit on memory is set,
/// which would come on top of the limit.
const RESERVE: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "16MiB");

/// A running child; it is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    limits: Limits,
    /// The first of what it wrote to its standard error.
    said: Vec<u8>,
}

/// Most of what a child writes to its standard error that is kept, in bytes.
const MOST_SAID: usize = 4096;

/// How long a child that has closed its output may take to end.
const LEAVING: Duration = Duration::from_secs(1);

impl Child {
    /// Starts one, without the environment, in a process group of its own: an interrupt from the
    /// terminal is for the parent, which then ends the child.
    pub(crate) fn start(limits: Limits) -> Result<Self, OnnxError> {
        let program =
            launch::program().map_err(|source| OnnxError::Start { reason: source.to_string() })?;
        let mut command = Command::new(program);
        command.arg(launch::WORKER);
        Self::spawn(command, limits)
    }

    fn spawn(mut command: Command, limits: Limits) -> Result<Self, OnnxError> {
        use std::os::unix::process::CommandExt as _;
        let start = |source: std::io::Error| OnnxError::Start { reason: source.to_string() };
        command
            .env_clear()
            .envs(SAME_EVERYWHERE.iter().copied())
            .env(RESERVE.0, RESERVE.1)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let process = launch::start(command).map_err(start)?;
        let child = Self { process, limits, said: Vec::new() };
        child.unblock().map_err(start)?;
        Ok(child)
    }

    fn unblock(&self) -> std::io::Result<()> {
        let process = &self.process;
        if let Some(pipe) = &process.stdin {
            fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        }
        if let Some(pipe) = &process.stdout {
            fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        }
        if let Some(pipe) = &process.stderr {
            fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        }
        Ok(())
    }

    /// One request with its answer. After an error other than [`OnnxError::Refused`] the child has
    /// ended.
    pub(crate) fn ask(&mut self, request: &State) -> Result<State, OnnxError> {
        self.limit_processor();
        let deadline = Instant::now() + Duration::from_secs(self.limits.seconds);
        let answer = match self.exchange(&frames::encode(request), deadline) {
            Ok(bytes) => State::from_bytes(&bytes)
                .map_err(|source| OnnxError::Answer { reason: source.to_string() }),
            Err(Broken::Ended) => Err(self.ended()),
            Err(Broken::Late) => Err(OnnxError::Limit { limit: Limit::Time }),
            Err(Broken::TooLong) => {
                Err(OnnxError::Answer { reason: "the answer is too long".to_owned() })
            }
        };
        let refused = answer.as_ref().ok().and_then(|answer| answer.text("refused").ok());
        let refused = refused.map(|reason| printable(reason, 2000));
        let answer = match &refused {
            // What the runtime says if its memory does not suffice.
            Some(reason) if reason.contains("failed to allocate") => {
                Err(OnnxError::Limit { limit: Limit::Memory })
            }
            _ => answer,
        };
        match answer {
            Ok(answer) => refused.map_or(Ok(answer), |reason| Err(OnnxError::Refused { reason })),
            Err(error) => {
                self.end();
                Err(error)
            }
        }
    }

    /// Gives the child processor time for one more request. Its soft limit is one that it cannot
    /// raise: the call is not among those that it may make.
    #[cfg(target_os = "linux")]
    fn limit_processor(&self) {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
        let used = || -> Option<u64> {
            let text = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).ok()?;
            // Fields after the name, which may hold anything: user time is the 12th of them.
            let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
            let user: u64 = fields.next()?.parse().ok()?;
            let system: u64 = fields.next()?.parse().ok()?;
            Some((user + system) / rustix::param::clock_ticks_per_second().max(1))
        };
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        if let (Some(used), Some(pid)) = (used(), pid) {
            let limit = used.saturating_add(1).saturating_add(self.limits.processor_seconds);
            // A system that refuses still has the limit on time.
            let maximum = getrlimit(Resource::Cpu).maximum;
            let current = Some(maximum.map_or(limit, |maximum| maximum.min(limit)));
            let _ = prlimit(Some(pid), Resource::Cpu, Rlimit { current, maximum });
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn limit_processor(&self) {}

    fn exchange(&mut self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, Broken> {
        let mut sent = 0;
        let mut head = [0; frames::HEAD];
        let mut filled = 0;
        let mut body: Vec<u8> = Vec::new();
        let mut expected = None;
        let mut chunk = vec![0; 1 << 16];
        loop {
            self.listen(&mut chunk);
            let (Some(input), Some(output)) = (&mut self.process.stdin, &mut self.process.stdout)
            else {
                return Err(Broken::Ended);
            };
            while sent < request.len() {
                match input.write(&request[sent..]) {
                    Ok(count) => sent += count,
                    Err(source) if source.kind() == ErrorKind::WouldBlock => break,
                    Err(source) if source.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return Err(Broken::Ended),
                }
            }
            loop {
                let wanted = expected.map_or(frames::HEAD - filled, |all: usize| all - body.len());
                let part = wanted.min(chunk.len());
                match output.read(&mut chunk[..part]) {
                    Ok(0) => return Err(Broken::Ended),
                    Ok(count) if expected.is_some() => body.extend_from_slice(&chunk[..count]),
                    Ok(count) => {
                        head[filled..filled + count].copy_from_slice(&chunk[..count]);
                        filled += count;
                        if filled == frames::HEAD {
                            let length = frames::length(head, frames::MAX_ANSWER);
                            expected = Some(length.ok_or(Broken::TooLong)?);
                        }
                    }
                    Err(source) if source.kind() == ErrorKind::WouldBlock => break,
                    Err(source) if source.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return Err(Broken::Ended),
                }
                if expected == Some(body.len()) {
                    return Ok(body);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Broken::Late);
            }
            let timeout = Timespec::try_from(left).map_err(|_| Broken::Late)?;
            let mut waits = vec![PollFd::new(&*output, PollFlags::IN)];
            if let Some(errors) = self.process.stderr.as_ref() {
                waits.push(PollFd::new(errors, PollFlags::IN));
            }
            if sent < request.len() {
                waits.push(PollFd::new(&*input, PollFlags::OUT));
            }
            // An interrupted wait is repeated by the loop.
            let _ = poll(&mut waits, Some(&timeout));
        }
    }

    /// Takes what the child has written to its standard error, which would stop at a full pipe; a
    /// part at a time, so that a child that never ceases does not keep its parent here.
    fn listen(&mut self, chunk: &mut [u8]) {
        const PARTS: usize = 16;
        for _ in 0..PARTS {
            let Some(pipe) = &mut self.process.stderr else { return };
            match pipe.read(chunk) {
                // Closed: a wait for it would return at once.
                Ok(0) => self.process.stderr = None,
                Ok(count) => {
                    let room = MOST_SAID.saturating_sub(self.said.len());
                    self.said.extend_from_slice(&chunk[..count.min(room)]);
                }
                Err(source) if source.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Why a child ended by itself.
    fn ended(&mut self) -> OnnxError {
        let deadline = Instant::now() + LEAVING;
        let status = loop {
            match self.process.try_wait() {
                Ok(Some(status)) => break Ok(status),
                Ok(None) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Ok(None) => {
                    self.end();
                    let reason = "it closed its output and went on".to_owned();
                    return OnnxError::Died { reason };
                }
                Err(source) => break Err(source),
            }
        };
        self.listen(&mut [0; MOST_SAID]);
        let said = printable(&String::from_utf8_lossy(&self.said), 300);
        match status {
            Ok(status) => reason(status, &said),
            Err(source) => OnnxError::Died { reason: source.to_string() },
        }
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Why there is no answer.
enum Broken {
    Ended,
    Late,
    TooLong,
}

/// The limit that a signal tells of.
fn reason(status: ExitStatus, said: &str) -> OnnxError {
    use rustix::process::Signal;
    use std::os::unix::process::ExitStatusExt as _;
    let signal = status.signal();
    let is = |of: Signal| signal == Some(of.as_raw());
    if is(Signal::XCPU) {
        return OnnxError::Limit { limit: Limit::Processor };
    }
    if is(Signal::ABORT) && said.contains("memory allocation of") {
        return OnnxError::Limit { limit: Limit::Memory };
    }
    let how = if is(Signal::SYS) {
        "it asked the kernel for what it may not have".to_owned()
    } else if let Some(signal) = signal {
        format!("signal {signal}")
    } else {
        format!("exit code {}", status.code().unwrap_or(-1))
    };
    let reason = if said.is_empty() { how } else { format!("{how}: {said}") };
    OnnxError::Died { reason }
}

/// At most `most` characters without control characters: what a hostile child says is shown.
fn printable(text: &str, most: usize) -> String {
    let text = text.trim();
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a child that runs this shell command answers, given a request of 1 MB.
    fn answer(script: &str) -> Result<State, OnnxError> {
        let limits = Limits { memory_mib: 64, processor_seconds: 5, seconds: 1 };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let mut request = State::new();
        request.put_bytes("model", vec![0; 1_000_000]);
        Child::spawn(command, limits)?.ask(&request)
    }

    #[test]
    fn a_hostile_answer_is_an_error() {
        // Lengths of 2^64 − 1 and 0, a cut message, an end, another end, silence, noise without end.
        let long = answer(r"printf '\377\377\377\377\377\377\377\377'; cat > /dev/null");
        assert!(matches!(long, Err(OnnxError::Answer { .. })), "{long:?}");
        let empty = answer(r"printf '\0\0\0\0\0\0\0\0'; cat > /dev/null");
        assert!(matches!(empty, Err(OnnxError::Answer { .. })), "{empty:?}");
        let cut = answer(r"printf '\20\0\0\0\0\0\0\0abc'");
        assert!(matches!(cut, Err(OnnxError::Died { .. })), "{cut:?}");
        let coded = answer("echo gone >&2; exit 3").unwrap_err().to_string();
        assert!(coded.ends_with("exit code 3: gone"), "{coded}");
        let killed = answer("kill -9 $$").unwrap_err().to_string();
        assert!(killed.contains("signal 9"), "{killed}");
        let silent = answer("sleep 30");
        assert!(matches!(silent, Err(OnnxError::Limit { limit: Limit::Time })), "{silent:?}");
        let noise = answer("cat /dev/zero >&2");
        assert!(matches!(noise, Err(OnnxError::Limit { limit: Limit::Time })), "{noise:?}");
        let closed = answer("exec >&-; sleep 30").unwrap_err().to_string();
        assert!(closed.ends_with("it closed its output and went on"), "{closed}");
    }

    #[test]
    fn what_a_child_says_does_not_stop_it() {
        // More than a pipe holds, then an answer: a frame of an empty state.
        let mut frame = frames::encode(&State::new());
        let printed: String = frame.drain(..).map(|byte| format!("\\{byte:03o}")).collect();
        let script = format!("head -c 300000 /dev/zero >&2; printf '{printed}'; cat > /dev/null");
        answer(&script).unwrap();
    }

    #[test]
    fn what_a_child_says_is_shown_without_control_characters() {
        assert_eq!(printable(" a\x1b[31m\nb ", 5), "a [31");
    }
}
