//! What every chart keeps: well-formed, escaped, without touching texts, calm about odd input.

use expect_test::expect;
use tripline_assess::plot::{
    self, Bar, BarUnit, Curve, DependencePoint, DependenceX, Figure, Mark, Part, Parts,
    ReliabilityBin, RocAxis, SwarmPoint, SwarmRow, Width,
};

use crate::gallery::figures;
use crate::markup::{attributes, fault, texts};

const HOSTILE: &str = "\"><script>alert('x')</script>&\u{0}\u{202e}";

#[test]
fn charts_are_well_formed() {
    for figure in figures() {
        assert_eq!(fault(&figure.svg), None, "{}", figure.title);
        let document = figure.document();
        assert_eq!(fault(&document), None, "{}", figure.title);
        assert!(document.starts_with("<svg xmlns="), "{}", figure.title);
        assert!(figure.svg.contains(" role=\"img\" aria-label=\""), "{}", figure.title);
        assert!(figure.svg.contains("<title>"), "{}", figure.title);
    }
}

#[test]
fn charts_are_the_same_each_time() {
    assert_eq!(figures(), figures());
}

#[test]
fn texts_do_not_touch() {
    for figure in figures() {
        let texts = texts(&figure.svg);
        for (i, a) in texts.iter().enumerate() {
            for b in &texts[i + 1..] {
                let apart = a.right <= b.left
                    || b.right <= a.left
                    || a.bottom <= b.top
                    || b.bottom <= a.top;
                assert!(apart, "{}: {a:?} touches {b:?}", figure.title);
            }
        }
    }
}

#[test]
fn texts_stay_inside() {
    for figure in figures() {
        let size: Vec<f64> = attributes(&figure.svg, "viewBox")[0]
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect();
        for text in texts(&figure.svg) {
            let inside =
                text.left >= -1.0 && text.right <= size[2] + 1.0 && text.bottom <= size[3] + 1.0;
            assert!(inside, "{}: {text:?} leaves {size:?}", figure.title);
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let curve = [Curve { name: HOSTILE, points: &[(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)] }];
    let mark = [Mark { name: HOSTILE, x: 0.5, y: 0.5 }];
    let parts = Parts {
        base: 0.0,
        output: 1.0,
        unit: HOSTILE.to_owned(),
        parts: vec![Part { name: HOSTILE.to_owned(), value: 1.0 }],
    };
    let bar =
        Bar { name: HOSTILE.to_owned(), value: 1.0, interval: None, note: HOSTILE.to_owned() };
    let point = SwarmPoint { value: 1.0, level: Some(0.5) };
    let row = SwarmRow { name: HOSTILE.to_owned(), points: vec![point] };
    let at = DependencePoint { x: 0.0, effect: 1.0, level: None };
    let names = DependenceX::Category(vec![HOSTILE.to_owned()]);
    let figures = [
        plot::roc(&curve, &mark, RocAxis::Linear),
        plot::precision_recall(&curve, &mark, None),
        plot::confusion(
            "Confusion",
            &[HOSTILE.to_owned(), HOSTILE.to_owned()],
            &[1, 2, 3, 4],
            "at the threshold",
        ),
        plot::score_distribution(&[1.0, 2.0], &[true, false], Some(1.5), HOSTILE, None),
        plot::bars(HOSTILE, &[bar], BarUnit::Number, HOSTILE, 10),
        plot::waterfall(&parts, 5, Width::Wide),
        plot::force(&parts, Width::Narrow),
        plot::beeswarm(&[row], HOSTILE, 5),
        plot::dependence(HOSTILE, &names, &[at], Some(HOSTILE), HOSTILE),
    ];
    for figure in figures {
        assert_eq!(fault(&figure.svg), None, "{}", figure.title);
        assert!(!figure.svg.contains("<script"), "{}", figure.title);
        assert!(!figure.svg.contains(['\u{0}', '\u{202e}']), "{}", figure.title);
    }
}

#[test]
fn odd_numbers_draw_something() {
    let odd = [0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 1e-320];
    let mut inputs: Vec<Vec<f64>> = vec![vec![], vec![0.0], vec![3.5; 9], odd.to_vec()];
    inputs.extend(odd.iter().map(|&value| vec![value]));
    for values in inputs {
        for figure in drawn(&values) {
            assert_eq!(fault(&figure.svg), None, "{}: {values:?}", figure.title);
            assert!(!figure.svg.contains("NaN"), "{}: {values:?}", figure.title);
            assert!(!figure.svg.contains("inf"), "{}: {values:?}", figure.title);
        }
    }
}

/// Every chart of these numbers.
fn drawn(values: &[f64]) -> Vec<Figure> {
    let points: Vec<(f64, f64)> = values.iter().map(|&v| (v, v)).collect();
    let curve = [Curve { name: "m", points: &points }];
    let marks: Vec<Mark<'_>> = values.iter().map(|&v| Mark { name: "t", x: v, y: v }).collect();
    let bins: Vec<ReliabilityBin> = values
        .iter()
        .enumerate()
        .map(|(i, &v)| ReliabilityBin { predicted: v, observed: v, rows: i })
        .collect();
    let bars: Vec<Bar> = values
        .iter()
        .map(|&value| Bar {
            name: "b".to_owned(),
            value,
            interval: Some((value, value)),
            note: String::new(),
        })
        .collect();
    let parts = Parts {
        base: values.first().copied().unwrap_or(0.0),
        output: values.last().copied().unwrap_or(0.0),
        unit: "u".to_owned(),
        parts: values.iter().map(|&value| Part { name: "p".to_owned(), value }).collect(),
    };
    let cloud: Vec<SwarmPoint> =
        values.iter().map(|&v| SwarmPoint { value: v, level: Some(v) }).collect();
    let swarm = [SwarmRow { name: "s".to_owned(), points: cloud }];
    let effects: Vec<DependencePoint> =
        values.iter().map(|&v| DependencePoint { x: v, effect: v, level: Some(v) }).collect();
    let names: Vec<String> = values.iter().map(|v| v.to_string().replace("inf", "in f")).collect();
    let names: Vec<String> = names.iter().map(|name| name.replace("NaN", "none")).collect();
    let none: &[SwarmRow] = &[];
    vec![
        plot::roc(&curve, &marks, RocAxis::Linear),
        plot::roc(&curve, &marks, RocAxis::Log { benign: values.len() }),
        plot::roc(&[], &[], RocAxis::Log { benign: 0 }),
        plot::precision_recall(&curve, &marks, values.first().copied()),
        plot::calibration(&bins),
        plot::confusion("Confusion", &names, &[], "at the threshold"),
        plot::score_distribution(
            values,
            &vec![true; values.len()],
            values.first().copied(),
            "s",
            None,
        ),
        plot::score_distribution(values, &vec![false; values.len()], None, "s", Some((0.0, 1.0))),
        plot::bars("b", &bars, BarUnit::Number, "a", 3),
        plot::bars("b", &bars, BarUnit::Share, "a", 30),
        plot::waterfall(&parts, 2, Width::Wide),
        plot::waterfall(&parts, 20, Width::Narrow),
        plot::force(&parts, Width::Wide),
        plot::beeswarm(&swarm, "u", 5),
        plot::beeswarm(none, "u", 5),
        plot::dependence("c", &DependenceX::Numeric, &effects, Some("o"), "u"),
        plot::dependence("c", &DependenceX::Category(names), &effects, None, "u"),
    ]
}

#[test]
fn many_points_are_thinned_and_told() {
    let points: Vec<(f64, f64)> =
        (0..=100_000).map(|i| f64::from(i) / 1e5).map(|x| (x, x.sqrt())).collect();
    let figure = plot::roc(&[Curve { name: "m", points: &points }], &[], RocAxis::Linear);
    assert!(figure.svg.len() < 6_000, "{}", figure.svg.len());
    assert!(figure.caption.contains("of 100,001 points drawn"), "{}", figure.caption);
    let cloud: Vec<SwarmPoint> =
        (0..5000).map(|i| SwarmPoint { value: f64::from(i), level: None }).collect();
    let figure = plot::beeswarm(&[SwarmRow { name: "c".to_owned(), points: cloud }], "u", 5);
    assert!(figure.svg.matches("<circle").count() <= 701);
    assert!(figure.caption.contains("700 rows of each column drawn"), "{}", figure.caption);
}

#[test]
fn a_waterfall_adds_up() {
    let part = |name: &str, value| Part { name: name.to_owned(), value };
    let parts = Parts {
        base: -1.0,
        output: 0.5,
        unit: "log-odds".to_owned(),
        parts: vec![part("a = 1", 2.0), part("b = x", -0.75), part("c", 0.25), part("d", 0.0)],
    };
    let figure = plot::waterfall(&parts, 2, Width::Narrow);
    expect![[r#"
        <svg class="plot" viewBox="0 0 400 146" width="400" height="146" role="img" aria-label="What made this score: a = 1 +2, b = x −0.75, 2 others +0.25">
        <title>What made this score</title>
        <line class="grid" x1="107.4" y1="30" x2="107.4" y2="106"/>
        <text class="tick" x="107.4" y="121" text-anchor="middle">−1.5</text>
        <line class="grid" x1="167.2" y1="30" x2="167.2" y2="106"/>
        <text class="tick" x="167.2" y="121" text-anchor="middle">−1</text>
        <line class="grid" x1="227" y1="30" x2="227" y2="106"/>
        <text class="tick" x="227" y="121" text-anchor="middle">−0.5</text>
        <line class="grid" x1="286.8" y1="30" x2="286.8" y2="106"/>
        <text class="tick" x="286.8" y="121" text-anchor="middle">0</text>
        <line class="grid" x1="346.6" y1="30" x2="346.6" y2="106"/>
        <text class="tick" x="346.6" y="121" text-anchor="middle">0.5</text>
        <line class="axis" x1="66" y1="106" x2="388" y2="106"/>
        <text class="name" x="227" y="137" text-anchor="middle">score (log-odds)</text>
        <line class="guide" x1="167.2" y1="30" x2="167.2" y2="106"/>
        <line class="threshold" x1="346.6" y1="26" x2="346.6" y2="50"/>
        <text class="tick" x="167.2" y="20" text-anchor="middle">base −1</text>
        <text class="strong" x="346.6" y="20" text-anchor="middle">score 0.5</text>
        <text x="58" y="47" text-anchor="end">a = 1</text>
        <polygon class="pos" points="107.4,34 340.6,34 346.6,42 340.6,50 107.4,50">
        <title>a = 1: +2 log-odds</title>
        </polygon>
        <text class="value pos-text" x="351.6" y="46">+2</text>
        <text x="58" y="71" text-anchor="end">b = x</text>
        <polygon class="neg" points="197.1,58 113.4,58 107.4,66 113.4,74 197.1,74">
        <title>b = x: −0.75 log-odds</title>
        </polygon>
        <text class="value neg-text" x="102.4" y="70" text-anchor="end">−0.75</text>
        <line class="link" x1="107.4" y1="54" x2="107.4" y2="58"/>
        <text x="58" y="95" text-anchor="end">2 others</text>
        <polygon class="pos" points="167.2,82 191.1,82 197.1,90 191.1,98 167.2,98">
        <title>2 others: +0.25 log-odds</title>
        </polygon>
        <text class="value pos-text" x="202.1" y="94">+0.25</text>
        <line class="link" x1="197.1" y1="78" x2="197.1" y2="82"/>
        </svg>
        Read upwards: from −1, the score without any column, to 0.5.
    "#]].assert_eq(&lines(&figure));
}

#[test]
fn a_confusion_shows_counts_with_shares() {
    let classes = ["benign".to_owned(), "attack".to_owned()];
    let figure = plot::confusion("Confusion", &classes, &[990, 10, 5, 995], "at the threshold");
    expect![[r#"
        <svg class="plot" viewBox="0 0 400 168" width="400" height="168" role="img" aria-label="Confusion: 2 classes">
        <title>Confusion</title>
        <text class="name" x="57.2" y="14">predicted →</text>
        <text class="name" x="4" y="38">true ↓</text>
        <text x="49.2" y="79" text-anchor="end">benign</text>
        <text class="tick" x="140.9" y="38" text-anchor="middle">benign</text>
        <rect class="cell-back" x="57.2" y="46" width="165.4" height="56"/>
        <rect class="cell right" x="57.2" y="46" width="165.4" height="56" fill-opacity="0.99">
        <title>benign taken for benign: 990 (99.0 %)</title>
        </rect>
        <text class="on" x="139.9" y="72" text-anchor="middle">990</text>
        <text class="tick on" x="139.9" y="87" text-anchor="middle">99.0 %</text>
        <rect class="cell-back" x="224.6" y="46" width="165.4" height="56"/>
        <rect class="cell wrong" x="224.6" y="46" width="165.4" height="56" fill-opacity="0.13">
        <title>benign taken for attack: 10 (1.0 %)</title>
        </rect>
        <text x="307.3" y="72" text-anchor="middle">10</text>
        <text class="tick" x="307.3" y="87" text-anchor="middle">1.0 %</text>
        <text x="49.2" y="137" text-anchor="end">attack</text>
        <text class="tick" x="308.3" y="38" text-anchor="middle">attack</text>
        <rect class="cell-back" x="57.2" y="104" width="165.4" height="56"/>
        <rect class="cell wrong" x="57.2" y="104" width="165.4" height="56" fill-opacity="0.12">
        <title>attack taken for benign: 5 (0.5 %)</title>
        </rect>
        <text x="139.9" y="130" text-anchor="middle">5</text>
        <text class="tick" x="139.9" y="145" text-anchor="middle">0.5 %</text>
        <rect class="cell-back" x="224.6" y="104" width="165.4" height="56"/>
        <rect class="cell right" x="224.6" y="104" width="165.4" height="56" fill-opacity="1.00">
        <title>attack taken for attack: 995 (99.5 %)</title>
        </rect>
        <text class="on" x="307.3" y="130" text-anchor="middle">995</text>
        <text class="tick on" x="307.3" y="145" text-anchor="middle">99.5 %</text>
        </svg>
        2,000 rows at the threshold; shade is the share of the true class.
    "#]].assert_eq(&lines(&figure));
}

/// One element a line, for reading.
fn lines(figure: &Figure) -> String {
    format!("{}\n{}\n", figure.svg.replace("><", ">\n<"), figure.caption)
}
