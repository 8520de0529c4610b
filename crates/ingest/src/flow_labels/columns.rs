//! Which column of a label file tells what.

/// What is told of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Protocol,
    Start,
    /// In nanoseconds since 1970, however small.
    StartNanos,
    End,
    EndNanos,
    /// Length in seconds.
    Duration,
    /// Length in microseconds.
    DurationMicros,
    Label,
    Category,
}

/// Names without case, spaces, dots, underscores: ours, those of CIC-IDS2017 and CICFlowMeter,
/// those of UNSW-NB15 and its ground truth, those of Zeek.
const NAMES: &[(&str, Role)] = &[
    ("source", Role::Source),
    ("sourceip", Role::Source),
    ("srcip", Role::Source),
    ("src", Role::Source),
    ("saddr", Role::Source),
    ("idorigh", Role::Source),
    ("sourceport", Role::SourcePort),
    ("srcport", Role::SourcePort),
    ("sport", Role::SourcePort),
    ("idorigp", Role::SourcePort),
    ("destination", Role::Destination),
    ("destinationip", Role::Destination),
    ("dstip", Role::Destination),
    ("dst", Role::Destination),
    ("daddr", Role::Destination),
    ("idresph", Role::Destination),
    ("destinationport", Role::DestinationPort),
    ("dstport", Role::DestinationPort),
    ("dport", Role::DestinationPort),
    ("dsport", Role::DestinationPort),
    ("idrespp", Role::DestinationPort),
    ("protocol", Role::Protocol),
    ("proto", Role::Protocol),
    ("startns", Role::StartNanos),
    ("starttime", Role::Start),
    ("stime", Role::Start),
    ("timestamp", Role::Start),
    ("start", Role::Start),
    ("ts", Role::Start),
    ("time", Role::Start),
    ("endns", Role::EndNanos),
    ("lasttime", Role::End),
    ("ltime", Role::End),
    ("endtime", Role::End),
    ("end", Role::End),
    ("duration", Role::Duration),
    ("dur", Role::Duration),
    ("flowduration", Role::DurationMicros),
    ("label", Role::Label),
    ("category", Role::Category),
    ("attackcategory", Role::Category),
    ("attackcat", Role::Category),
    ("attack", Role::Category),
    ("class", Role::Category),
];

/// The column of each role, by its place.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    places: Vec<(Role, usize)>,
}

impl Columns {
    /// By the header. Errors with what is missing.
    pub(super) fn new<'a>(header: impl Iterator<Item = &'a [u8]>) -> Result<Self, &'static str> {
        let mut places: Vec<(Role, usize)> = Vec::new();
        for (place, name) in header.enumerate() {
            let name: String = String::from_utf8_lossy(name)
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|letter| letter.to_ascii_lowercase())
                .collect();
            if let Some(&(_, role)) = NAMES.iter().find(|(known, _)| *known == name)
                && !places.iter().any(|(known, _)| *known == role)
            {
                places.push((role, place));
            }
        }
        let columns = Self { places };
        let has = |role| columns.place(role).is_some();
        if !has(Role::Source) && !has(Role::Destination) {
            return Err("`source` or `destination`");
        }
        if !has(Role::Label) && !has(Role::Category) {
            return Err("`label` or `category`");
        }
        Ok(columns)
    }

    /// Where a role stands.
    pub(super) fn place(&self, role: Role) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == role).map(|&(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(header: &str) -> Result<usize, &'static str> {
        Columns::new(header.split(',').map(str::as_bytes)).map(|columns| columns.places.len())
    }

    #[test]
    fn published_headers_are_known() {
        assert_eq!(roles(crate::synthetic::packets::TRUTH_HEADER), Ok(9));
        let cic = "Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, \
                   Timestamp, Flow Duration, Total Fwd Packets, Label";
        assert_eq!(roles(cic), Ok(8));
        let unsw = "Start time,Last time,Attack category,Attack subcategory,Protocol,Source IP,\
                    Source Port,Destination IP,Destination Port,Attack Name,Attack Reference,.";
        assert_eq!(roles(unsw), Ok(8));
        assert!(roles("a,b,label").is_err());
        assert!(roles("source,destination").is_err());
    }
}
