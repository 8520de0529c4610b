//! Densities: rows where few benign rows lie are suspicious.
