//! The child: reads requests from its standard input until it ends.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use tripline_core::{State, StateError};

use crate::frames;
use crate::graph::Graph;
use crate::plan::{Plan, warm_up};
use crate::sandbox;
use crate::slots::Wanted;

/// What the child knows.
#[derive(Default)]
struct Worker {
    entered: bool,
    graph: Option<Graph>,
    plan: Option<Plan>,
}

/// Runs the child; to be called first thing in `main` if the first argument is
/// [`crate::WORKER`], before any thread is started.
pub fn worker() -> ExitCode {
    end_with_parent();
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    match serve(&mut input, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A parent that is killed cannot end the child, and a model that computes without end does not see
/// that nobody listens. Parents start children from a thread that lasts, for the kernel asks when
/// that thread ends.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // A kernel that refuses leaves the limit on processor time, and the end of the input.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}

fn serve(input: &mut dyn Read, output: &mut dyn Write) -> std::io::Result<()> {
    let mut worker = Worker::default();
    while let Some(request) = frames::read(input, frames::MAX_REQUEST)? {
        // A panic of the runtime is an answer; what it was about to change is built anew.
        let answer = catch_unwind(AssertUnwindSafe(|| worker.answer(&request)));
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(reason)) => refusal(&reason),
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no reason given");
                refusal(&format!("the runtime failed: {text}"))
            }
        };
        frames::write(output, &answer)?;
    }
    Ok(())
}

impl Worker {
    fn answer(&mut self, request: &State) -> Result<State, String> {
        let state = |source: StateError| source.to_string();
        if request.has("memory") {
            if self.entered {
                return Err("asked twice to give up access".to_owned());
            }
            self.entered = true;
            let memory = u64::try_from(request.i64("memory").map_err(state)?).unwrap_or(0);
            return Ok(sandbox::enter(memory, warm_up).save());
        }
        if !self.entered {
            return Err("asked before access was given up".to_owned());
        }
        if request.has("model") {
            let graph = Graph::read(request.bytes("model").map_err(state)?)?;
            let description = graph.description().save();
            self.graph = Some(graph);
            return Ok(description);
        }
        if request.has("output") {
            let wanted = Wanted::load(request).map_err(state)?;
            let graph = self.graph.take().ok_or("no model was given")?;
            let plan = Plan::build(graph, &wanted)?;
            let mut answer = State::new();
            answer.put_i64("width", plan.width() as i64);
            answer.put_i64("batch", plan.batch() as i64);
            self.plan = Some(plan);
            return Ok(answer);
        }
        let plan = self.plan.as_ref().ok_or("the model is not prepared")?;
        let mut answer = State::new();
        answer.put_f64s("values", plan.run(request.f64s("rows").map_err(state)?)?);
        Ok(answer)
    }
}

fn refusal(reason: &str) -> State {
    let mut state = State::new();
    state.put_text("refused", &reason.chars().take(2000).collect::<String>());
    state
}
