"""Wrong settings of HAProxy, Envoy, Caddy and Apache are named, with the line to change."""

from __future__ import annotations

import asyncio

import pytest
from support.proxies import PROXIES
from support.servers import running
from support.settings import SETTINGS, with_setting

from streamward.doctor import Echo, diagnose
from streamward.doctor.probe import Ask
from streamward.doctor.series import Plan, examine

RELEASES = {one.name: tuple(map(int, one.release().split("."))) for one in PROXIES}


@pytest.fixture(scope="module")
def upstream():
    with running(Echo()) as url:
        yield url


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_wrong_setting_is_named_with_its_line(setting, upstream, tmp_path):
    with with_setting(setting, tmp_path, upstream) as url:
        plan = Plan(ask=Ask(url=url), frames=12, pace=0.1, silence=setting.silence)
        case = asyncio.run(examine(plan))
    found = {one.code: one for one in diagnose(case)}

    if setting.until and RELEASES[setting.proxy] >= setting.until:
        assert setting.code not in found
        return
    assert setting.code in found, (found, case)
    assert found[setting.code].hop == setting.hop, found
    assert setting.change in found[setting.code].change, found[setting.code].change
