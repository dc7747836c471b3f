"""The Kubernetes objects: valid, and their times fit together."""

from __future__ import annotations

import kubernetes_validate
import pytest
import yaml
from support.gateway import wrong_names, wrong_values

from streamward.deploy import EXAMPLE, KITS, Site, render

FILES = render(KITS["kubernetes"])
OBJECTS = [(name, one) for name, text in FILES.items() for one in yaml.safe_load_all(text) if one]
CORE = [one for _, one in OBJECTS if not one["apiVersion"].startswith("gateway.")]


def the(kind, name="chat"):
    """Return an object; the streams have one of their own of some kinds."""
    (found,) = [o for _, o in OBJECTS if o["kind"] == kind and o["metadata"]["name"] == name]
    return found


@pytest.mark.parametrize("one", CORE, ids=lambda one: one["kind"])
def test_kubernetes_takes_the_object(one):
    kubernetes_validate.validate(one, "1.31", strict=True)


@pytest.mark.parametrize(
    "site",
    [EXAMPLE, Site(host="llm.acme.test", paths=("/a/", "/b"), heartbeat=20)],
    ids=["shipped", "written"],
)
def test_gateway_api_takes_the_objects(site, tmp_path):
    text = render(KITS["kubernetes"], site)["gateway.yaml"]
    objects = list(yaml.safe_load_all(text))

    assert [one["kind"] for one in objects] == ["Gateway", "HTTPRoute", "HTTPRoute"]
    assert wrong_values(tmp_path, objects) == ["", "", ""]
    assert wrong_names(tmp_path, objects) == ""


def test_gateway_api_would_not_take_others(tmp_path):
    text = FILES["gateway.yaml"]
    values = yaml.safe_load_all(text.replace("request: 0s", "request: 0", 1))
    names = yaml.safe_load_all(text.replace("backendRequest:", "backendRequst:", 1))

    assert "timeouts/request must be" in wrong_values(tmp_path, list(values))[1]
    assert "backendRequst" in wrong_names(tmp_path, list(names))


def test_nothing_was_left_out():
    kinds = {one["kind"] for one in CORE}

    assert kinds == {"Deployment", "Service", "Ingress", "ConfigMap"}
    assert {one["kind"] for _, one in OBJECTS} - kinds == {
        "Gateway",
        "HTTPRoute",
        "BackendTrafficPolicy",
    }


def test_a_pod_waits_for_its_longest_stream():
    pod = the("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert f"--timeout-graceful-shutdown={EXAMPLE.longest}" in container["command"]
    assert pod["terminationGracePeriodSeconds"] > pause + EXAMPLE.longest


def test_no_proxy_keeps_a_connection_for_longer_than_the_application():
    (container,) = the("Deployment")["spec"]["template"]["spec"]["containers"]
    (flag,) = [word for word in container["command"] if "keep-alive" in word]
    kept = int(flag.rpartition("=")[2])
    envoy = the("BackendTrafficPolicy", "chat-streams")["spec"]["timeout"]["http"]

    assert int(envoy["connectionIdleTimeout"].removesuffix("s")) < kept
    controller = the("ConfigMap", "ingress-nginx-controller")["data"]
    assert int(controller["upstream-keepalive-timeout"]) < kept


def test_the_streams_have_a_route_of_their_own_without_a_limit():
    (rule,) = the("HTTPRoute", "chat-streams")["spec"]["rules"]

    assert rule["timeouts"] == {"request": "0s", "backendRequest": "0s"}
    assert [match["path"]["value"] for match in rule["matches"]] == list(EXAMPLE.paths)
    assert the("HTTPRoute")["spec"]["parentRefs"] == [{"name": the("Gateway")["metadata"]["name"]}]


def test_everything_points_to_something():
    service, pod = the("Service"), the("Deployment")["spec"]["template"]
    ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
    (ingress_path,) = the("Ingress", "chat-streams")["spec"]["rules"][0]["http"]["paths"]
    (target,) = the("BackendTrafficPolicy", "chat-streams")["spec"]["targetRefs"]

    assert pod["metadata"]["labels"].items() >= service["spec"]["selector"].items()
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert ingress_path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert the(target["kind"], target["name"])
    for name in ("chat", "chat-streams"):
        (backend,) = the("HTTPRoute", name)["spec"]["rules"][0]["backendRefs"]
        assert backend == {
            "name": service["metadata"]["name"],
            "port": service["spec"]["ports"][0]["port"],
        }


def test_annotations_are_text_and_times_bare_numbers():
    """The controller ignores a number that is no string, and a time with a unit."""
    annotations = the("Ingress", "chat-streams")["metadata"]["annotations"]

    assert all(isinstance(value, str) for value in annotations.values())
    times = [value for name, value in annotations.items() if name.endswith("-timeout")]
    assert len(times) == 2 and all(value.isdigit() for value in times)


def test_the_retired_one_says_so():
    assert FILES["ingress-nginx.yaml"].startswith("# RETIRED: ")
