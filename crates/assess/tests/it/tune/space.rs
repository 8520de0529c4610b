//! Spaces from cards with the ranges of users.

use tripline_assess::tune::{Dimension, Space};
use tripline_core::{ParamSpec, ParamValue, Range, Rng};

const SPECS: &[ParamSpec] = &[
    ParamSpec {
        name: "max_depth",
        doc: "",
        default: ParamValue::Int(3),
        range: Range::Int { min: 1, max: 50, log: false },
        search: None,
    },
    ParamSpec {
        name: "learning_rate",
        doc: "",
        default: ParamValue::Float(0.1),
        range: Range::Float { min: 0.0, max: 1.0, log: false },
        search: Some(Range::Float { min: 0.01, max: 0.3, log: true }),
    },
    ParamSpec {
        name: "booster",
        doc: "",
        default: ParamValue::Static("gbdt"),
        range: Range::Choice(&["gbdt", "dart"]),
        search: Some(Range::Choice(&["gbdt", "dart"])),
    },
    ParamSpec {
        name: "dropout",
        doc: "",
        default: ParamValue::Bool(false),
        range: Range::Bool,
        search: Some(Range::Bool),
    },
];

fn of(ranges: &[(&str, &str)], fixed: &[&str]) -> Result<String, String> {
    with_members(&[], ranges, fixed)
}

fn with_members(
    members: &[(&str, Range)],
    ranges: &[(&str, &str)],
    fixed: &[&str],
) -> Result<String, String> {
    let members: Vec<(String, Range)> =
        members.iter().map(|(name, range)| ((*name).to_owned(), *range)).collect();
    let ranges: Vec<(String, String)> =
        ranges.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let fixed: Vec<String> = fixed.iter().map(|name| (*name).to_owned()).collect();
    let space = Space::of(SPECS, &members, &ranges, &fixed).map_err(|error| error.to_string())?;
    let shown = |d: &Dimension| format!("{}={}", d.name, d.domain);
    Ok(space.dimensions().iter().map(shown).collect::<Vec<_>>().join(" "))
}

#[test]
fn ranges_come_from_the_card_or_the_user() {
    assert_eq!(
        of(&[], &[]).unwrap(),
        "booster=gbdt|dart dropout=false|true learning_rate=0.01..0.3:log"
    );
    assert_eq!(
        of(&[("max_depth", "2..8:log"), ("learning_rate", "0.1..0.2")], &["booster", "dropout"])
            .unwrap(),
        "learning_rate=0.1..0.2 max_depth=2..8:log"
    );
    assert_eq!(
        of(&[("max_depth", "3|5|9"), ("booster", "dart")], &["dropout"]).unwrap(),
        "booster=dart learning_rate=0.01..0.3:log max_depth=3|5|9"
    );
    for (ranges, fixed, part) in [
        (&[("depth", "1..2")][..], &[][..], "there is no parameter `depth`, known are: max_depth,"),
        (&[("max_depth", "8..2")], &[], "the low end is above the high one"),
        (&[("max_depth", "0..8")], &[], "`0` is no value of the parameter"),
        (&[("max_depth", "deep")], &[], "a range is `low..high`"),
        (&[("max_depth", "2|2")], &[], "`2` is named twice"),
        (&[("learning_rate", "0..0.5:log")], &[], "a logarithm needs a low end above 0"),
        (&[("learning_rate", "0.1..nan")], &[], "`nan` is no value"),
        (&[("booster", "gbdt..dart")], &[], "name values as `a|b`"),
        (&[("booster", "goss")], &[], "one of gbdt, dart"),
        (&[("max_depth", "1..2")], &["max_depth"], "given a value and a range"),
        (&[("max_depth", "1..2"), ("max_depth", "1..3")], &[], "two ranges"),
        (&[], &["learning_rate", "booster", "dropout"], "no parameter has a range"),
    ] {
        let error = of(ranges, fixed).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn members_of_an_ensemble_are_searched_too() {
    let members = [
        ("pca.n_components", Range::Int { min: 2, max: 30, log: true }),
        ("inner.sgd.alpha", Range::Float { min: 1e-6, max: 1e-2, log: true }),
    ];
    let fixed = ["booster", "dropout", "learning_rate", "inner.sgd.alpha"];
    assert_eq!(with_members(&members, &[], &fixed).unwrap(), "pca.n_components=2..30:log");
    assert_eq!(
        with_members(&members, &[("pca.n_components", "40..50")], &fixed).unwrap(),
        "pca.n_components=40..50"
    );
    let error = with_members(&members, &[("pca.n_components", "a|b")], &fixed).unwrap_err();
    assert!(error.contains("`a` is no value"), "{error}");
}

#[test]
fn values_go_to_points_and_back() {
    let space =
        Space::of(SPECS, &[], &[("max_depth".to_owned(), "3|5|9".to_owned())], &[]).unwrap();
    let mut rng = Rng::new(1);
    for _ in 0..200 {
        let point = space.draw(&mut rng);
        assert!(space.holds(&point));
        assert_eq!(space.nearest(&space.values(&point)), point);
    }
    // What lies outside comes to the nearest end.
    let far = [("learning_rate".to_owned(), ParamValue::Float(0.9))];
    assert_eq!(space.nearest(&far), [0.0, 0.0, 0.3, 0.0]);
}

#[test]
fn every_card_that_says_so_can_be_searched() {
    let mut searched = 0;
    for card in tripline_models::CARDS {
        if card.params.iter().all(|spec| spec.search.is_none()) {
            continue;
        }
        let space = Space::of(card.params, &[], &[], &[]).unwrap();
        let mut rng = Rng::new(5);
        for _ in 0..50 {
            let given: Vec<(String, String)> = space
                .values(&space.draw(&mut rng))
                .into_iter()
                .map(|(name, value)| (name, value.to_string()))
                .collect();
            tripline_core::Params::parse(card.params, &given).unwrap();
        }
        searched += 1;
    }
    assert!(searched > 3);
}
