# Terraform, its provider and the region. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.
# What is yours (a backend for the state, values in terraform.tfvars) goes into files of your own beside these, and is
# left alone.
#   terraform init && terraform plan -out plan && terraform apply plan
terraform {
  # Preconditions and `one` need it.
  required_version = ">= 1.2"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  # Every zone of the subnets is in it.
  region = "us-west-2"

  default_tags {
    tags = {
      Topology = "rancher-1-ha-aws"
    }
  }
}
