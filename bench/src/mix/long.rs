//! A few connections that last from the first packet to the last.

use std::io::Write;

use tripline_ingest::PacketWriter;

/// Payload of a data segment: with two of them for one acknowledgement frames have some 600 bytes.
const PAYLOAD: usize = 850;
/// Nanoseconds between two packets: ten flows have a packet each well within any time-out.
const GAP: i64 = 50_000;

/// Writes `packets` packets of `flows` TCP connections in turns, two data segments then their
/// acknowledgement, without the opening that ten flows more would not show.
pub(super) fn write<W: Write>(
    writer: &mut PacketWriter<W>,
    flows: u16,
    packets: u64,
) -> anyhow::Result<()> {
    anyhow::ensure!(flows > 0, "--long-flows must be at least 1");
    let mut sent = vec![0_u32; usize::from(flows)];
    let mut frame = Vec::new();
    for number in 0..packets {
        let flow = (number % u64::from(flows)) as u16;
        let turn = number / u64::from(flows);
        let sequence = &mut sent[usize::from(flow)];
        frame.clear();
        let is_data = turn % 3 < 2;
        push_headers(&mut frame, flow, *sequence, is_data);
        if is_data {
            // Changing bytes, since entropy counts them.
            let seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            frame.extend((0..PAYLOAD).map(|at| (seed >> (at % 57)) as u8));
            *sequence = sequence.wrapping_add(PAYLOAD as u32);
        }
        writer.write(super::START + number as i64 * GAP, &frame)?;
    }
    Ok(())
}

fn push_headers(frame: &mut Vec<u8>, flow: u16, sequence: u32, is_data: bool) {
    let payload = if is_data { PAYLOAD } else { 0 };
    frame.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
    let length = (40 + payload) as u16;
    frame.extend([0x45, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    let ends: [&[u8]; 2] = [&[10, 0, 0, 1], &[10, 0, 0, 2]];
    let (from, to) = if is_data { (0, 1) } else { (1, 0) };
    frame.extend(ends[from]);
    frame.extend(ends[to]);
    let mut sum: u32 =
        frame[14..34].chunks(2).map(|it| u32::from(it[0]) << 8 | u32::from(it[1])).sum();
    sum = (sum & 0xffff) + (sum >> 16);
    frame[24..26].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    let ports = [40_000 + flow, 443];
    frame.extend(ports[from].to_be_bytes());
    frame.extend(ports[to].to_be_bytes());
    let numbers = if is_data { [sequence, 1] } else { [1, sequence] };
    frame.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    frame.extend([0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
}
