//! The least that a function can be, which the bench measures the functions against.
//!
//! It is an example of this package, since cargo-lambda takes every binary of the workspace for a function. The package has
//! no dev-dependencies, whose features it would be built with.
