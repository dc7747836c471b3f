// Holds objects against the schemas of Gateway API; prints what is wrong with each.
import { Gateway } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { readFileSync } from "node:fs";

const KINDS = { Gateway, HTTPRoute };

function wrong(object) {
  try {
    new KINDS[object.kind](object).validate();
    return "";
  } catch (error) {
    return error.message;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(wrong)));
