//! Boundary tests of the model file.

mod damage;
mod signature;
