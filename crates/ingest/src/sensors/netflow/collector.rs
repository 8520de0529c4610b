//! Datagrams of NetFlow 5, 9 and IPFIX to flows, without a socket or a clock of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tripline_core::flow::Flow;
use tripline_core::packet::Address;

use super::clock::Clock;
use super::counters::CollectorCounters;
use super::exporter::Exporter;
use super::options::CollectorOptions;
use super::pair::{self, Fate, Pairs};
use super::record::{Half, Record};
use super::sampling::{Options, Sampling};
use super::sequence::{Sequence, Step};
use super::template::{Form, Template, Told};
use super::waiting::WaitingData;
use super::wire::Wire;
use crate::sensors::aged::Aged;

/// Samplers of one exporter's domain.
const MAX_SAMPLERS: usize = 64;

/// Turns datagrams into flows.
#[derive(Debug)]
pub struct Collector {
    options: CollectorOptions,
    counters: CollectorCounters,
    exporters: Aged<Exporter, State>,
    templates: Aged<(Exporter, u16), Known>,
    waiting: WaitingData,
    pairs: Pairs,
}

/// What is known of an exporter.
#[derive(Debug, Default)]
struct State {
    sequence: Sequence,
    system_init_ns: Option<i64>,
    // By number, in the order told; `None` is that of the whole domain.
    samplers: Vec<(Option<u64>, Option<Sampling>)>,
    // How often all templates were withdrawn, those of data and of options: earlier ones are void.
    rounds: [u32; 2],
}

#[derive(Debug)]
struct Known {
    template: Arc<Template>,
    since_ns: i64,
    round: u32,
}

/// Where records come from.
#[derive(Debug, Clone, Copy)]
struct Origin {
    exporter: Exporter,
    clock: Clock,
    now_ns: i64,
}

impl Collector {
    /// A collector that has seen nothing.
    pub fn new(options: CollectorOptions) -> Self {
        Self {
            pairs: Pairs::new(options.pair_window, options.max_pairs),
            options,
            counters: CollectorCounters::default(),
            exporters: Aged::default(),
            templates: Aged::default(),
            waiting: WaitingData::default(),
        }
    }

    /// Takes a datagram that came at `now_ns`, in nanoseconds since 1970; appends the flows that
    /// are complete.
    ///
    /// [`Flow::first_packet`] is the number of the flow's first record, from 1.
    pub fn packet(
        &mut self,
        exporter: SocketAddr,
        now_ns: i64,
        datagram: &[u8],
        out: &mut Vec<Flow>,
    ) {
        let before = out.len();
        self.counters.datagrams += 1;
        self.counters.bytes += datagram.len() as u64;
        let address = Address::from(exporter.ip().to_canonical());
        let mut wire = Wire(datagram);
        let read = match wire.u16() {
            Some(5) => self.version_5(address, now_ns, wire, out),
            Some(9) => self.version_9(address, now_ns, wire, out),
            Some(10) => self.ipfix(address, now_ns, datagram, out),
            _ => {
                self.counters.other_version += 1;
                Some(())
            }
        };
        if read.is_none() {
            self.counters.malformed += 1;
        }
        self.counters.flows += (out.len() - before) as u64;
        self.advance(now_ns, out);
    }

    /// Tells the time when no datagram comes; appends flows that have waited long enough.
    pub fn advance(&mut self, now_ns: i64, out: &mut Vec<Flow>) {
        let before = out.len();
        self.pairs.advance(now_ns, out);
        self.counters.flows += (out.len() - before) as u64;
        self.counters.without_template +=
            self.waiting.expire(now_ns, nanos(self.options.data_wait));
    }

    /// Appends all flows that wait: the input is at its end.
    pub fn finish(&mut self, out: &mut Vec<Flow>) {
        while self.pairs.pop(out) {
            self.counters.flows += 1;
        }
        self.counters.without_template += self.waiting.expire(i64::MAX, 0);
    }

    /// What was counted so far.
    pub fn counters(&self) -> CollectorCounters {
        self.counters
    }

    fn version_5(
        &mut self,
        address: Address,
        now_ns: i64,
        mut wire: Wire<'_>,
        out: &mut Vec<Flow>,
    ) -> Option<()> {
        let count = wire.u16()?;
        let uptime_ms = wire.u32()?;
        let seconds = wire.u32()?;
        let nanoseconds = wire.u32()?;
        let number = wire.u32()?;
        let domain = u32::from(wire.u16()?);
        // Two bits tell the mode, the others one of how many.
        let sampling = Sampling::one_of(u64::from(wire.u16()? & 0x3fff));
        let clock = Clock {
            sent_ns: i64::from(seconds) * 1_000_000_000 + i64::from(nanoseconds),
            uptime_ms: Some(uptime_ms),
        };
        let exporter = Exporter { address, version: 5, domain };
        self.step(exporter, number, Some(u32::from(count)));
        let origin = Origin { exporter, clock, now_ns };
        for _ in 0..count {
            let record = super::v5::record(wire.take(super::v5::RECORD_BYTES)?, &clock)?;
            self.record(&origin, record, sampling, out);
        }
        Some(())
    }

    fn version_9(
        &mut self,
        address: Address,
        now_ns: i64,
        mut wire: Wire<'_>,
        out: &mut Vec<Flow>,
    ) -> Option<()> {
        let _count = wire.u16()?;
        let uptime_ms = wire.u32()?;
        let sent_ns = i64::from(wire.u32()?) * 1_000_000_000;
        let number = wire.u32()?;
        let exporter = Exporter { address, version: 9, domain: wire.u32()? };
        self.step(exporter, number, Some(1));
        let clock = Clock { sent_ns, uptime_ms: Some(uptime_ms) };
        let origin = Origin { exporter, clock, now_ns };
        while wire.0.len() >= 4 {
            let (id, mut set) = next_set(&mut wire)?;
            match id {
                0 => self.learn(&origin, &mut set, Form::V9, out),
                1 => self.learn(&origin, &mut set, Form::V9Options, out),
                256.. => {
                    self.data(&origin, id, set.0, out);
                }
                _ => {}
            }
        }
        Some(())
    }

    fn ipfix(
        &mut self,
        address: Address,
        now_ns: i64,
        datagram: &[u8],
        out: &mut Vec<Flow>,
    ) -> Option<()> {
        let mut wire = Wire(datagram.get(2..)?);
        let length = usize::from(wire.u16()?);
        let sent_ns = i64::from(wire.u32()?) * 1_000_000_000;
        let number = wire.u32()?;
        let exporter = Exporter { address, version: 10, domain: wire.u32()? };
        // What stands behind the message is no part of it.
        let mut wire = Wire(datagram.get(16..length)?);
        let clock = Clock { sent_ns, uptime_ms: None };
        let origin = Origin { exporter, clock, now_ns };
        // Where a template is missing, nobody knows how many records a set has.
        let mut counts = Some(0_u32);
        let mut read = Some(());
        while wire.0.len() >= 4 {
            let Some((id, mut set)) = next_set(&mut wire) else {
                (read, counts) = (None, None);
                break;
            };
            match id {
                2 => self.learn(&origin, &mut set, Form::Ipfix, out),
                3 => self.learn(&origin, &mut set, Form::IpfixOptions, out),
                256.. => {
                    let more = self.data(&origin, id, set.0, out);
                    counts = counts.zip(more).map(|(counts, more)| counts.wrapping_add(more));
                }
                _ => {}
            }
        }
        self.step(exporter, number, counts);
        read
    }

    /// Takes a sequence number.
    fn step(&mut self, exporter: Exporter, number: u32, counts: Option<u32>) {
        let Some(state) = self.state(exporter) else { return };
        let step = state.sequence.step(number, counts);
        let counters = &mut self.counters;
        match (step, exporter.version) {
            (Step::Next, _) => {}
            (Step::Gap(missing), 5) => counters.missing_flows += u64::from(missing),
            (Step::Gap(missing), 9) => counters.missing_datagrams += u64::from(missing),
            (Step::Gap(missing), _) => counters.missing_records += u64::from(missing),
            (Step::Late, _) => counters.late += 1,
            (Step::Restart, _) => counters.restarts += 1,
        }
    }

    fn state(&mut self, exporter: Exporter) -> Option<&mut State> {
        if self.exporters.get(&exporter).is_none() {
            self.exporters.insert(exporter, State::default());
            if self.exporters.len() > self.options.max_exporters.max(1) {
                self.exporters.pop_oldest();
            }
        }
        self.exporters.get_mut(&exporter)
    }

    /// Takes a set of templates, then the data that waited for them.
    fn learn(&mut self, origin: &Origin, set: &mut Wire<'_>, form: Form, out: &mut Vec<Flow>) {
        while set.0.len() >= 4 {
            let rest = set.0;
            let Some(told) = Template::next(set, form, self.options.max_fields) else {
                // Zeros fill the set up.
                if rest.iter().any(|byte| *byte != 0) {
                    self.counters.malformed += 1;
                }
                return;
            };
            match told {
                Told::Template(id, template) => {
                    let key = (origin.exporter, id);
                    self.counters.templates += 1;
                    let round = self.round(origin.exporter, template.options);
                    let known = Known { template, since_ns: origin.now_ns, round };
                    self.templates.insert(key, known);
                    if self.templates.len() > self.options.max_templates.max(1) {
                        self.templates.pop_oldest();
                        self.counters.evicted_templates += 1;
                    }
                    for kept in self.waiting.take(&key) {
                        self.counters.waited_read += 1;
                        let origin = Origin { clock: kept.clock, ..*origin };
                        self.data(&origin, id, &kept.bytes, out);
                    }
                }
                Told::Withdrawn(id) => {
                    let known = self.templates.remove(&(origin.exporter, id));
                    self.counters.withdrawn += u64::from(known.is_some());
                }
                Told::AllWithdrawn { options } => {
                    self.counters.withdrawn += 1;
                    if let Some(state) = self.state(origin.exporter) {
                        let round = &mut state.rounds[usize::from(options)];
                        *round = round.wrapping_add(1);
                    }
                }
            }
        }
    }

    /// Reads a data set; gives the number of its records, `None` if its template is not known.
    fn data(&mut self, origin: &Origin, id: u16, bytes: &[u8], out: &mut Vec<Flow>) -> Option<u32> {
        let key = (origin.exporter, id);
        let lifetime = nanos(self.options.template_lifetime);
        let template = match self.templates.get(&key) {
            Some(known)
                if origin.now_ns.saturating_sub(known.since_ns) <= lifetime
                    && known.round == self.round(origin.exporter, known.template.options) =>
            {
                known.template.clone()
            }
            known => {
                if known.is_some() {
                    self.templates.remove(&key);
                    self.counters.expired_templates += 1;
                }
                self.counters.waited += 1;
                let max = self.options.max_waiting_bytes;
                self.counters.without_template +=
                    self.waiting.keep(key, origin.clock, bytes, origin.now_ns, max);
                return None;
            }
        };
        let mut rest = Wire(bytes);
        let mut records = 0;
        if template.options {
            while let Some(options) = Options::next(&template, &mut rest) {
                records += 1;
                self.counters.options += 1;
                self.learn_options(origin.exporter, &options);
            }
            return Some(records);
        }
        let system_init = self.exporters.get(&origin.exporter).and_then(|s| s.system_init_ns);
        while let Some(record) = Record::next(&template, &mut rest, &origin.clock, system_init) {
            records += 1;
            let sampling = match record.sampling {
                Some(interval) => Sampling::one_of(interval),
                None => self.sampling(origin.exporter, record.sampler),
            };
            self.record(origin, record, sampling, out);
        }
        Some(records)
    }

    fn learn_options(&mut self, exporter: Exporter, options: &Options) {
        let Some(state) = self.state(exporter) else { return };
        if options.system_init_ns.is_some() {
            state.system_init_ns = options.system_init_ns;
        }
        if let Some(sampling) = options.sampling {
            state.samplers.retain(|(sampler, _)| *sampler != options.sampler);
            if state.samplers.len() >= MAX_SAMPLERS {
                state.samplers.remove(0);
            }
            state.samplers.push((options.sampler, sampling));
        }
    }

    fn round(&self, exporter: Exporter, options: bool) -> u32 {
        self.exporters.get(&exporter).map_or(0, |state| state.rounds[usize::from(options)])
    }

    #[inline]
    fn sampling(&self, exporter: Exporter, sampler: Option<u64>) -> Option<Sampling> {
        let samplers = &self.exporters.get(&exporter)?.samplers;
        samplers.iter().find(|(known, _)| *known == sampler).and_then(|(_, sampling)| *sampling)
    }

    fn record(
        &mut self,
        origin: &Origin,
        mut record: Record,
        sampling: Option<Sampling>,
        out: &mut Vec<Flow>,
    ) {
        self.counters.records += 1;
        if record.ip_version == 0 {
            self.counters.without_addresses += 1;
            return;
        }
        if let Some(sampling) = sampling {
            self.counters.sampled += 1;
            if self.options.scale_samples {
                scale(&mut record.forward, sampling);
                record.reverse.iter_mut().for_each(|reverse| scale(reverse, sampling));
            }
        }
        let number = self.counters.records;
        if record.reverse.is_some() {
            self.counters.biflows += 1;
            out.push(pair::flow(origin.exporter, &record, None, number));
            return;
        }
        if self.options.pair_window.is_zero() {
            out.push(pair::flow(origin.exporter, &record, None, number));
            return;
        }
        match self.pairs.take(origin.exporter, record, number, origin.now_ns, out) {
            Fate::Waits => {}
            Fate::Paired => self.counters.paired += 1,
            Fate::Evicts => self.counters.evicted_pairs += 1,
        }
    }
}

/// The next set of a message: its number, and what it holds.
fn next_set<'a>(wire: &mut Wire<'a>) -> Option<(u16, Wire<'a>)> {
    let id = wire.u16()?;
    let bytes = usize::from(wire.u16()?).checked_sub(4)?;
    Some((id, Wire(wire.take(bytes)?)))
}

fn scale(half: &mut Half, sampling: Sampling) {
    half.packets = sampling.scale(half.packets);
    half.octets = sampling.scale(half.octets);
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
