//! Ensembles: several detectors judge as one.
