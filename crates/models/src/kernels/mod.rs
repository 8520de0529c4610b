//! Kernels: rows outside the region that holds the rows learnt are suspicious.
