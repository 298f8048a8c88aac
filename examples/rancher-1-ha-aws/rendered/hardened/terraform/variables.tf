# What can be set from outside; everything has a default. Rendered by rancher-gen.
variable "region" {
  description = "The region that the network lies in; the zones of its subnets are this region's."
  type        = string
  default     = "us-west-2"
}

variable "key_name" {
  description = "The EC2 key pair that administrators log in with; none when it is null."
  type        = string
  default     = null
}

variable "image_mgmt-host" {
  description = "The image (AMI) of the nodes of mgmt-host; looked up when it is null."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the databases."
  type        = bool
  default     = true
}
