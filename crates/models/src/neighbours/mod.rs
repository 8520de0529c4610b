//! Distances to neighbours: rows far from the rows learnt are suspicious.
