//! Models trained by other programs.
