//! Lines of the log on their way to standard error, which must not hold up what they tell of.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait for a reader of the log that is slow; further ones are lost, and counted.
const WAITING: usize = 8192;

/// How long the end of the program waits for its last lines.
const PATIENCE: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// Answered once all lines before it are written.
    Flush(SyncSender<()>),
}

/// What [`flush`] reaches.
static LOG: OnceLock<SyncSender<Message>> = OnceLock::new();

/// Takes lines and never waits.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Lines {
    /// Begins to write lines; `told` is the line that tells how many were lost.
    pub(super) fn to(
        out: impl Write + Send + 'static,
        told: fn(u64) -> String,
    ) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let count = lost.clone();
        let run = move || write_all(out, &receiver, &count, told);
        std::thread::Builder::new().name("log".to_owned()).spawn(run)?;
        Ok(Self { sender, lost })
    }

    /// Lets [`flush`] wait for these lines.
    pub(super) fn of_the_program(&self) {
        let _ = LOG.set(self.sender.clone());
    }
}

fn write_all(
    mut out: impl Write,
    lines: &Receiver<Message>,
    lost: &AtomicU64,
    told: fn(u64) -> String,
) {
    for message in lines {
        // There is nowhere left to tell that the log cannot be written.
        match message {
            Message::Line(line) => {
                let _ = out.write_all(&line);
            }
            Message::Flush(done) => {
                let _ = out.flush();
                let _ = done.send(());
            }
        }
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = out.write_all(told(count).as_bytes());
        }
    }
}

/// Waits for the lines so far, but not for long: to be called where the program ends.
pub fn flush() {
    let Some(log) = LOG.get() else { return };
    let until = Instant::now() + PATIENCE;
    let (done, written) = sync_channel(1);
    let mut message = Message::Flush(done);
    loop {
        match log.try_send(message) {
            Ok(()) => {
                let _ = written.recv_timeout(until.saturating_duration_since(Instant::now()));
                return;
            }
            Err(TrySendError::Full(back)) if Instant::now() < until => {
                message = back;
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(_) => return,
        }
    }
}

/// One line under way; it is handed over when it is dropped.
pub(super) struct Line<'a> {
    lines: &'a Lines,
    bytes: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, bytes: Vec::new() }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let line = Message::Line(std::mem::take(&mut self.bytes));
        if self.lines.sender.try_send(line).is_err() {
            self.lines.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;

    /// Whether it goes on, with what was written since.
    type Written = (Mutex<(bool, Vec<u8>)>, Condvar);

    /// Takes nothing until it is told to.
    #[derive(Clone, Default)]
    struct Stalled(Arc<Written>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.0.0.lock().unwrap();
            while !state.0 {
                state = self.0.1.wait(state).unwrap();
            }
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stalls_holds_nothing_up() {
        let out = Stalled::default();
        let lines = Lines::to(out.clone(), |count| format!("{count} lost\n")).unwrap();
        // The first is being written, the channel is full, the rest is lost.
        let count = WAITING + 101;
        let begun = Instant::now();
        for at in 0..count {
            writeln!(lines.make_writer(), "{at}").unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        out.0.0.lock().unwrap().0 = true;
        out.0.1.notify_all();
        let told = |text: &str| {
            let written = text.lines().filter(|line| !line.contains("lost")).count();
            let lost: usize = text
                .lines()
                .filter_map(|line| line.strip_suffix(" lost")?.parse::<usize>().ok())
                .sum();
            (written, lost)
        };
        for _ in 0..500 {
            let text = String::from_utf8(out.0.0.lock().unwrap().1.clone()).unwrap();
            let (written, lost) = told(&text);
            if written + lost == count {
                assert!(lost >= 100, "{lost}");
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("lines are neither written nor counted");
    }
}
