//! Support vectors as sums of kernels.

use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;

use super::make::{Maker, int};
use super::numbers::ends;
use crate::graph::attribute;

/// Σ cᵢ k(x, sᵢ) + ρ with a radial or linear kernel; with `one_class` its sign.
pub(super) fn regressor(node: &NodeProto, maker: &mut Maker) -> Result<(), String> {
    let (input, output) = ends(node)?;
    let numbers = |name: &str| attribute(node, name).map_or(&[][..], |found| &found.floats);
    let kernel = attribute(node, "kernel_type").map_or(&b"LINEAR"[..], |found| &found.s);
    let one_class = attribute(node, "one_class").is_some_and(|found| found.i != 0);
    let rho = numbers("rho").first().copied().unwrap_or_default();
    let (coefficients, vectors) = (numbers("coefficients"), numbers("support_vectors"));
    let count = attribute(node, "n_supports").map_or(0, |found| found.i);
    let count = usize::try_from(count).unwrap_or(0);
    let transform = attribute(node, "post_transform").map_or(&b"NONE"[..], |found| &found.s);
    if transform != b"NONE" {
        return Err("`SVMRegressor` is supported without `post_transform`".to_owned());
    }
    let value = maker.add("Cast", &[input], vec![int("to", DataType::Float as i64)]);
    let sum = match kernel {
        b"RBF"
            if count > 0 && count == coefficients.len() && vectors.len().is_multiple_of(count) =>
        {
            let width = vectors.len() / count;
            let gamma = numbers("kernel_params").first().copied().unwrap_or_default();
            // Differences before squares: |x|² + |s|² − 2xs would lose digits.
            let wide = maker.ints(&[3], vec![-1, 1, width as i64]);
            let value = maker.add("Reshape", &[&value, &wide], vec![]);
            let vectors = maker.floats(&[1, count, width], vectors.to_vec());
            let difference = maker.add("Sub", &[&value, &vectors], vec![]);
            let square = maker.add("Mul", &[&difference, &difference], vec![]);
            let weights = maker.floats(&[width, 1], vec![-gamma; width]);
            let exponent = maker.add("MatMul", &[&square, &weights], vec![]);
            let flat = maker.ints(&[2], vec![-1, count as i64]);
            let exponent = maker.add("Reshape", &[&exponent, &flat], vec![]);
            let kernels = maker.add("Exp", &[&exponent], vec![]);
            let coefficients = maker.floats(&[count, 1], coefficients.to_vec());
            maker.add("MatMul", &[&kernels, &coefficients], vec![])
        }
        b"LINEAR" if count == 0 && !coefficients.is_empty() => {
            let weights = maker.floats(&[coefficients.len(), 1], coefficients.to_vec());
            maker.add("MatMul", &[&value, &weights], vec![])
        }
        _ => return Err("`SVMRegressor` is supported with a radial kernel alone".to_owned()),
    };
    let rho = maker.floats(&[1, 1], vec![rho]);
    if one_class {
        let sum = maker.add("Add", &[&sum, &rho], vec![]);
        maker.put("Sign", &[&sum], vec![], output);
    } else {
        maker.put("Add", &[&sum, &rho], vec![], output);
    }
    Ok(())
}
