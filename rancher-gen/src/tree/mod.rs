//! The rendered tree: paths, contents and modes in memory, and the way to and from a disk. It never renders.
