# Three rules for paths whose answers stream. A cloudflare_ruleset owns its whole phase: applying this
# file removes every other rule of the zone in these phases. If there are any, use ../rules.py instead.

terraform {
  required_providers {
    # Version 5: older ones do not know response_body_buffering.
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.0"
    }
  }
}

# The zone that the host belongs to.
variable "zone_id" {
  type = string
}

locals {
  # Narrow on purpose: these rules switch off what inspects answers, such as parts of the WAF.
  streams = "(http.host eq \"chat.example.com\" and (starts_with(http.request.uri.path, \"/v1/\")))"
}

# Nothing at the edge waits for the body.
resource "cloudflare_ruleset" "config" {
  zone_id = var.zone_id
  name    = "streams: settings"
  kind    = "zone"
  phase   = "http_config_settings"
  rules = [{
    ref         = "streamward_config"
    description = "streamward: pass streams on as they come"
    expression  = local.streams
    action      = "set_config"
    action_parameters = {
      # Without inspection: the default may hold the beginning of an answer.
      response_body_buffering = "none"
      # What rewrites pages has nothing to do here.
      rocket_loader            = false
      email_obfuscation        = false
      automatic_https_rewrites = false
      disable_rum              = true
      disable_zaraz            = true
    }
  }]
}

# One user's answer never goes to another.
resource "cloudflare_ruleset" "cache" {
  zone_id = var.zone_id
  name    = "streams: cache"
  kind    = "zone"
  phase   = "http_request_cache_settings"
  rules = [{
    ref         = "streamward_cache"
    description = "streamward: never cache streams"
    expression  = local.streams
    action      = "set_cache_settings"
    action_parameters = {
      # Also against a rule that caches everything.
      cache = false
    }
  }]
}

# A compressor waits for a block to fill.
resource "cloudflare_ruleset" "compression" {
  zone_id = var.zone_id
  name    = "streams: compression"
  kind    = "zone"
  phase   = "http_response_compression"
  rules = [{
    ref         = "streamward_compression"
    description = "streamward: never compress streams"
    expression  = local.streams
    action      = "compress_response"
    action_parameters = {
      # Also against a rule that compresses everything.
      algorithms = [{ name = "none" }]
    }
  }]
}
