//! Landlock: no file, no TCP, no signal to another process, no abstract socket.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetStatus, Scope,
};

/// Gives up each kind of access; what a kernel does not know is told by itself.
pub(super) fn give_up() -> [(&'static str, Result<(), String>); 3] {
    let files = restrict(|rules| rules.handle_access(AccessFs::from_all(ABI::V5)));
    let network = restrict(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)));
    let scope = restrict(|rules| rules.scope(Scope::from_all(ABI::V6)));
    [
        ("no files (Landlock)", files),
        ("no TCP (Landlock)", network),
        ("no signals (Landlock)", scope),
    ]
}

/// A ruleset without any rule denies all that it handles.
fn restrict(
    handle: impl FnOnce(Ruleset) -> Result<Ruleset, landlock::RulesetError>,
) -> Result<(), String> {
    let rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let status = handle(rules)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.restrict_self())
        .map_err(|source| source.to_string())?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("the kernel does not allow it".to_owned()),
        _ => Ok(()),
    }
}
