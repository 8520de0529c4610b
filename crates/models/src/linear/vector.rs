//! Sums over two slices in a fixed order.

/// Accumulators, so that the processor need not wait for one sum before it starts the next.
const LANES: usize = 8;

/// Σ a·b; slices of one length.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

/// y += factor · x; slices of one length.
pub(super) fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    for (to, from) in y.iter_mut().zip(x) {
        *to += factor * from;
    }
}
