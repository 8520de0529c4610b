#!/usr/bin/env bash
# Capture from a veth pair with generated traffic, beside tcpdump. Needs root, iproute2, tcpdump,
# python3:
#
#     cargo build --release -p tripline-ingest --examples
#     bench/live.sh target/release/examples
#
# Prints: frames/s with drops for small datagrams, ours then tcpdump's; VLAN tags put back; a filter
# in the kernel; an interface that goes down and up; one that goes away. Addresses are those of
# RFC 2544 for benchmarks; nothing leaves the machine.
set -euo pipefail

programs=$(realpath "$1")
seconds=${2:-5}
space=tripline-bench-$$
ip netns add "$space"
trap 'ip netns del "$space"; ip link del tl0 2>/dev/null || true' EXIT
ip link add tl0 type veth peer name tl1 netns "$space"
ip addr add 198.18.0.1/24 dev tl0
ip -n "$space" addr add 198.18.0.2/24 dev tl1
ip link set tl0 up
ip -n "$space" link set tl1 up
sleep 1
send() { ip netns exec "$space" "$programs/send" "$@"; }
tagged() { # 1,000 datagrams with one 802.1Q tag, 1,000 with two
    ip netns exec "$space" python3 - <<'END'
import socket
import struct

packet = bytes.fromhex("4500001c000100004011edaf" "c6120002" "c6120001" "0400000900080000")
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("tl1", 0))
for tags in [(0x8100, 10)], [(0x88A8, 20), (0x8100, 10)]:
    header = b"".join(struct.pack(">HH", *tag) for tag in tags)
    for _ in range(1000):
        link.send(b"\xff" * 6 + b"\2\0\0\0\0\1" + header + b"\x08\0" + packet)
END
}

listen() { # name, filter, where to send
    echo "== $1"
    "$programs/listen" tl0 $((seconds + 2)) "$2" &
    sleep 1
    send "$3" "$seconds" "${4:-18}"
    wait
}
listen "60-byte frames" "udp dst port 9" 198.18.0.1:9
echo "== tcpdump, the same"
timeout --signal INT $((seconds + 2)) tcpdump -i tl0 -B 32768 -w /dev/null "udp dst port 9" &
sleep 1
send 198.18.0.1:9 "$seconds" 18
wait || true
listen "1,442-byte frames" "udp dst port 9" 198.18.0.1:9 1400
listen "a filter that rejects everything" "udp dst port 10" 198.18.0.1:9

for filter in "vlan 10 and udp dst port 9" "vlan 20 and vlan 10 and udp" "vlan" "udp dst port 9"; do
    echo "== tagged, filter '$filter'"
    "$programs/listen" tl0 3 "$filter" &
    sleep 1
    tagged
    wait
done

echo "== down, then up"
"$programs/listen" tl0 6 "udp dst port 9" &
sleep 1
ip link set tl0 down
sleep 1
ip link set tl0 up
sleep 1
send 198.18.0.1:9 1 18
wait
echo "== taken away"
"$programs/listen" tl0 5 &
sleep 1
ip link del tl0
wait || true
