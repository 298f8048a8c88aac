# Terraform for the topology rancher-1-ha-aws. Rendered by rancher-gen from the topology; edit that, not this.
#   terraform init && terraform plan && terraform apply
terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Topology = "rancher-1-ha-aws"
    }
  }
}
