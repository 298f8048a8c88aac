# What the topology leaves to whoever applies it. Rendered by rancher-gen from the topology rancher-1-ha-aws: edit that, not this.
# Every variable has a default; set yours in terraform.tfvars or with -var.
variable "key_pair" {
  type        = string
  default     = null
  description = "The name of the EC2 key pair that opens SSH on the nodes. Without one nobody can log in."
}

variable "image_ids" {
  type        = map(string)
  default     = {}
  description = "By the name of a pool, the id of the image (AMI) for its nodes. Without one the newest public image of the pool's operating system is taken. It is for new nodes: those that run keep theirs."

  validation {
    condition     = length(setsubtract(keys(var.image_ids), ["mgmt-host"])) == 0
    error_message = "A key of image_ids is the name of no pool."
  }
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "Whether AWS refuses to delete the databases. To destroy them, apply with false first."
}

variable "final_snapshot" {
  type        = string
  default     = "final"
  nullable    = false
  description = "The ending of the name of the snapshot that is kept of a database when it is destroyed: NAME-ENDING. Take another one where such a snapshot is there already; an empty one keeps none. Apply it before destroying."

  validation {
    condition     = can(regex("^([0-9A-Za-z]+(-[0-9A-Za-z]+)*)?$", var.final_snapshot))
    error_message = "A snapshot's name is letters, digits and single hyphens."
  }
}
