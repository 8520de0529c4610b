//! The engineered columns: what each is computed from in which published layout.

use crate::steps::engineer::TIME_COLUMN;
use crate::table::Described;

/// One engineered column.
#[derive(Debug)]
pub(crate) struct Formula {
    pub(crate) name: &'static str,
    /// For each input its names in the layouts, lower case with letters and digits alone.
    pub(crate) inputs: &'static [&'static [&'static str]],
    pub(crate) part: Part,
}

/// How a value is computed from the inputs of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// a / (b + 1)
    Ratio,
    /// a − b
    Difference,
    /// (a + b) / (c + d + 1)
    SumRatio,
    /// (a − b) / (a + b + 1), from −1 to 1
    Balance,
    /// Both values joined by an underscore.
    Pair,
    /// Hour of day, UTC, of nanoseconds since 1970.
    Hour,
    /// 1 on Saturday and Sunday, UTC, of nanoseconds since 1970.
    Weekend,
}

impl Part {
    /// The value of a row; a missing input makes it missing.
    pub(crate) fn number(self, inputs: &[f64]) -> f64 {
        match (self, inputs) {
            (Self::Ratio, &[a, b]) => a / (b + 1.0),
            (Self::Difference, &[a, b]) => a - b,
            (Self::SumRatio, &[a, b, c, d]) => (a + b) / (c + d + 1.0),
            (Self::Balance, &[a, b]) => (a - b) / (a + b + 1.0),
            (Self::Hour, &[time]) => (time / HOUR).floor().rem_euclid(24.0),
            (Self::Weekend, &[time]) if time.is_nan() => time,
            (Self::Weekend, &[time]) => {
                // 1970-01-01 was a Thursday, day 3 of a week that begins on Monday.
                let day = ((time / (24.0 * HOUR)).floor() + 3.0).rem_euclid(7.0);
                f64::from(u8::from(day >= 5.0))
            }
            _ => f64::NAN,
        }
    }
}

/// Nanoseconds.
const HOUR: f64 = 3.6e12;

// UNSW-NB15, NSL-KDD, CICFlowMeter of 2017, of 2018.
const SOURCE_BYTES: &[&str] =
    &["sbytes", "srcbytes", "totallengthoffwdpackets", "totallengthoffwdpacket", "totlenfwdpkts"];
const TARGET_BYTES: &[&str] =
    &["dbytes", "dstbytes", "totallengthofbwdpackets", "totallengthofbwdpacket", "totlenbwdpkts"];
const SOURCE_PACKETS: &[&str] = &["spkts", "totalfwdpackets", "totalfwdpacket", "totfwdpkts"];
const TARGET_PACKETS: &[&str] = &["dpkts", "totalbackwardpackets", "totalbwdpackets", "totbwdpkts"];
const SOURCE_SIZE: &[&str] = &["smean", "smeansz", "fwdpacketlengthmean", "fwdpktlenmean"];
const TARGET_SIZE: &[&str] = &["dmean", "dmeansz", "bwdpacketlengthmean", "bwdpktlenmean"];
const PROTOCOL: &[&str] = &["proto", "protocoltype", "protocol"];
const SERVICE: &[&str] = &["service"];
const STATE: &[&str] = &["state", "flag"];
const TIME: &[&str] = &[TIME_COLUMN];

/// All engineered columns; the first eight are those of the original study of UNSW-NB15.
pub(crate) const FORMULAS: &[Formula] = &[
    Formula { name: "bytes_ratio", inputs: &[SOURCE_BYTES, TARGET_BYTES], part: Part::Ratio },
    Formula { name: "pkts_ratio", inputs: &[SOURCE_PACKETS, TARGET_PACKETS], part: Part::Ratio },
    Formula { name: "bytes_per_pkt", inputs: &[SOURCE_BYTES, SOURCE_PACKETS], part: Part::Ratio },
    Formula { name: "load_difference", inputs: &[&["sload"], &["dload"]], part: Part::Difference },
    Formula { name: "proto_service", inputs: &[PROTOCOL, SERVICE], part: Part::Pair },
    Formula { name: "state_proto", inputs: &[STATE, PROTOCOL], part: Part::Pair },
    Formula { name: "hour", inputs: &[TIME], part: Part::Hour },
    Formula { name: "is_weekend", inputs: &[TIME], part: Part::Weekend },
    // How a flow's two directions differ.
    Formula { name: "bytes_balance", inputs: &[SOURCE_BYTES, TARGET_BYTES], part: Part::Balance },
    Formula {
        name: "reply_bytes_per_pkt",
        inputs: &[TARGET_BYTES, TARGET_PACKETS],
        part: Part::Ratio,
    },
    Formula {
        name: "mean_size_difference",
        inputs: &[SOURCE_SIZE, TARGET_SIZE],
        part: Part::Difference,
    },
    Formula {
        name: "pkt_rate_difference",
        inputs: &[&["fwdpacketss", "fwdpktss"], &["bwdpacketss", "bwdpktss"]],
        part: Part::Difference,
    },
    Formula {
        name: "interval_ratio",
        inputs: &[&["sinpkt", "sintpkt", "fwdiatmean"], &["dinpkt", "dintpkt", "bwdiatmean"]],
        part: Part::Ratio,
    },
    Formula { name: "jitter_ratio", inputs: &[&["sjit"], &["djit"]], part: Part::Ratio },
    // How steady it is.
    Formula {
        name: "loss_share",
        inputs: &[&["sloss"], &["dloss"], SOURCE_PACKETS, TARGET_PACKETS],
        part: Part::SumRatio,
    },
    Formula {
        name: "size_variation",
        inputs: &[&["packetlengthstd", "pktlenstd"], &["packetlengthmean", "pktlenmean"]],
        part: Part::Ratio,
    },
    Formula {
        name: "interval_variation",
        inputs: &[&["flowiatstd"], &["flowiatmean"]],
        part: Part::Ratio,
    },
    // How it stands among recent flows.
    Formula {
        name: "same_service_share",
        inputs: &[&["ctsrvdst", "srvcount"], &["ctdstltm", "count"]],
        part: Part::Ratio,
    },
    Formula {
        name: "port_spread",
        inputs: &[&["ctdstltm"], &["ctsrcdportltm"]],
        part: Part::Ratio,
    },
    Formula {
        name: "error_change",
        inputs: &[&["serrorrate"], &["dsthostserrorrate"]],
        part: Part::Difference,
    },
];

/// Where a formula's inputs stand, if all are there with the kind that it takes.
pub(crate) fn find(formula: &Formula, fields: &[Described]) -> Option<Vec<usize>> {
    let wants_category = formula.part == Part::Pair;
    formula
        .inputs
        .iter()
        .map(|names| {
            // The first spelling that is there wins.
            names.iter().find_map(|name| {
                fields.iter().position(|field| {
                    field.is_numeric() != wants_category && plain(&field.name) == *name
                })
            })
        })
        .collect()
}

/// Lower-case letters and digits alone: `Tot Fwd Pkts` and `tot_fwd_pkts` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_gives_hour_with_weekend() {
        // date -u -d @1424242193: Wed Feb 18 06:49:53 2015, a flow of UNSW-NB15.
        let time = 1_424_242_193.0e9;
        assert_eq!(Part::Hour.number(&[time]), 6.0);
        assert_eq!(Part::Weekend.number(&[time]), 0.0);
        // Three days later is a Saturday.
        assert_eq!(Part::Weekend.number(&[time + 3.0 * 24.0 * HOUR]), 1.0);
        assert!(Part::Weekend.number(&[f64::NAN]).is_nan());
    }

    #[test]
    fn names_of_formulas_are_distinct() {
        let mut names: Vec<&str> = FORMULAS.iter().map(|formula| formula.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FORMULAS.len());
    }
}
