//! The traffic-flow graph.
