//! Progress bars on a terminal, silence elsewhere.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tripline_core::Progress;

use crate::terminal::Terminal;

/// One line on standard error, which disappears when the work is done.
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    task: Mutex<String>,
}

impl Bar {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        let bar = terminal.progress.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, task: Mutex::new(String::new()) }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Progress for Bar {
    fn step(&self, task: &str, done: u64, total: u64) {
        let Some(bar) = &self.bar else { return };
        if let Ok(mut current) = self.task.lock()
            && *current != task
        {
            task.clone_into(&mut current);
            bar.set_style(if total > 0 { steps() } else { spinner() });
            bar.set_message(task.to_owned());
            bar.reset_eta();
        }
        if total > 0 {
            bar.set_length(total);
        }
        bar.set_position(done);
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {human_pos}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn steps() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {wide_bar:.dim} {human_pos}/{human_len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
