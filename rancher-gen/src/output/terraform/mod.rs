//! Terraform: the network, groups, nodes, database and load balancer of a topology on AWS.

use super::{Context, Output, RenderError, Rendering};

/// The `terraform` output.
#[derive(Debug)]
pub struct Terraform;

impl Output for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn cluster(&self, _: &Context<'_>, _: &mut Rendering) -> Result<(), RenderError> {
        Ok(())
    }
}
