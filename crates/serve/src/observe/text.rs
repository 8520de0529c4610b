//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

/// Samples as text.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    /// Begins a family of samples.
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes a family of one counter.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// Writes a family of one gauge.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// Writes a sample.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        self.labels(labels, None);
        let _ = writeln!(self.0, " {value}");
    }

    /// Writes a histogram: upper bounds in seconds with the counts of their own buckets, then the
    /// count beyond.
    pub(crate) fn histogram(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        buckets: impl Iterator<Item = (f64, u64)>,
        seconds: f64,
    ) {
        let mut sum = 0;
        for (bound, count) in buckets {
            sum += count;
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            self.0.push_str(name);
            self.0.push_str("_bucket");
            self.labels(labels, Some(&bound));
            let _ = writeln!(self.0, " {sum}");
        }
        self.sample(&format!("{name}_sum"), labels, seconds);
        self.sample(&format!("{name}_count"), labels, sum);
    }

    fn labels(&mut self, labels: &[(&str, &str)], bound: Option<&str>) {
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let mut open = false;
        for (name, value) in all {
            self.0.push(if open { ',' } else { '{' });
            open = true;
            let _ = write!(self.0, "{name}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        if open {
            self.0.push('}');
        }
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_buckets_add_up() {
        let mut text = Text::default();
        text.sample("a_total", &[("name", "x\"\\\ny")], 3);
        text.histogram("t", &[], [(0.1, 2), (1.0, 1), (f64::INFINITY, 4)].into_iter(), 9.5);
        assert_eq!(
            text.finish(),
            "a_total{name=\"x\\\"\\\\\\ny\"} 3\nt_bucket{le=\"0.1\"} 2\nt_bucket{le=\"1\"} 3\n\
             t_bucket{le=\"+Inf\"} 7\nt_sum 9.5\nt_count 7\n"
        );
    }
}
