//! seccomp: the system calls that computing needs, and no other.

use std::collections::BTreeMap;

use libc::c_long;
use rustix::process::getpid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Memory, locks, the clock, and the way to the end of the process.
const FREE: &[c_long] = &[
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_getcpu,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// `PR_SET_VMA`: gives a name to a part of the process's own memory.
const SET_VMA: u64 = 0x5356_4d41;

/// From here on any other call ends the process.
pub(super) fn give_up() -> Result<(), String> {
    let program = program().map_err(|source| source.to_string())?;
    seccompiler::apply_filter(&program).map_err(|source| source.to_string())
}

fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for &call in FREE {
        rules.insert(call, Vec::new());
    }
    let argument = |index: u8, operator: SeccompCmpOp, value: u64| {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
            .and_then(|condition| SeccompRule::new(vec![condition]))
    };
    // Pipes to the parent alone.
    rules.insert(libc::SYS_read, vec![argument(0, SeccompCmpOp::Eq, 0)?]);
    let out = vec![argument(0, SeccompCmpOp::Eq, 1)?, argument(0, SeccompCmpOp::Eq, 2)?];
    rules.insert(libc::SYS_write, out);
    // Memory that can never be executed, and shows no file that a parent left open.
    let exec = libc::PROT_EXEC as u64;
    let plain = || {
        let operator = SeccompCmpOp::MaskedEq(exec);
        SeccompCondition::new(2, SeccompCmpArgLen::Dword, operator, 0)
    };
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![plain()?])?]);
    let no_file =
        SeccompCondition::new(4, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(u32::MAX))?;
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![plain()?, no_file])?]);
    // An allocator names the memory that it takes.
    rules.insert(libc::SYS_prctl, vec![argument(0, SeccompCmpOp::Eq, SET_VMA)?]);
    // `abort` signals its own process.
    let own = getpid().as_raw_nonzero().get() as u64;
    rules.insert(libc::SYS_tgkill, vec![argument(0, SeccompCmpOp::Eq, own)?]);
    let target = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter =
        SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, target)?;
    BpfProgram::try_from(filter)
}
