from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pipeline.model import ConfigError
from unsealed.channel_settings import KINDS, MailChannelSettings, SlackChannelSettings
from unsealed.commented import commented_settings
from unsealed.settings import Settings, find_config, load_settings

MAIL = """
[[channel]]
name = "mail"
kind = "mail"
host = "smtp.example.org"
sender = "d@example.org"
recipients = ["a@example.org"]
"""
SLACK = '[[channel]]\nname = "team"\nkind = "slack"\n'
BOTH = '\n[[subscription]]\nname = "daily"\nchannels = ["mail"]\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "unsealed.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(None)
    assert settings.sources.catalogue
    assert [s.channels for s in settings.subscription] == [("folder",)]


def test_relative_paths_count_from_the_settings_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[sources]\nfile = "my/sources.toml"\n[archive]\nurl = "sqlite:///a.db"\n')
    settings = load_settings(path)
    assert settings.sources.file == tmp_path / "my/sources.toml"
    assert settings.archive.url == f"sqlite:///{tmp_path}/a.db"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gather]\ntimout = 3", "unknown key gather.timout. Did you mean timeout?"),
        ("sorces = 1", "Did you mean sources?"),
        ("[gather]\ntimeout = 0", "gather.timeout"),
        (MAIL.replace("host", "hots"), "channel.1"),
        (SLACK.replace("slack", "slak"), "slak"),
        (MAIL + '[[subscription]]\nname = "d"\nchannels = ["mial"]', "names no known channel: 'mial'"),
        (
            MAIL + '[[subscription]]\nname = "d"\nchannels = ["mail"]\ntimezone = "Mars/Olympus"',
            "IANA time zone",
        ),
        (MAIL + MAIL, "two channels are called 'mail'"),
        (MAIL + 'username = "u"\n' + BOTH, "UNSEALED_MAIL_PASSWORD"),
        (SLACK + BOTH.replace("mail", "team"), "UNSEALED_TEAM_URL"),
        ("not toml at all", "not TOML"),
    ],
)
def test_what_is_wrong_is_named_by_key_with_a_cure(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_secrets_come_from_the_environment_or_a_file_and_are_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hook").write_text("https://hooks.example/T0/B0/s3cret\n")
    text = MAIL + 'username = "u"\n' + SLACK + 'url_file = "hook"\n' + BOTH
    monkeypatch.setenv("UNSEALED_MAIL_PASSWORD", "hunter2")
    settings = load_settings(write(tmp_path, text))
    mail, slack = settings.channel
    assert isinstance(mail, MailChannelSettings)
    assert isinstance(slack, SlackChannelSettings)
    assert mail.password is not None
    assert mail.password.get_secret_value() == "hunter2"
    assert slack.url is not None
    assert slack.url.get_secret_value().endswith("/s3cret")
    assert "hunter2" not in repr(settings)
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("kind", [kind for kind, model in KINDS.items() if model.secrets])
def test_every_secret_of_every_channel_is_masked_and_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    keys = {"mail": 'host = "h"\nsender = "a@b.example"\nrecipients = ["a@b.example"]\nusername = "u"'}
    text = f'[[channel]]\nname = "it"\nkind = "{kind}"\n{keys.get(kind, "")}\n' + BOTH.replace("mail", "it")
    text = text.replace('kind = "slack-bot"', 'kind = "slack-bot"\nchannel = "C0123ABCD"')
    for secret in KINDS[kind].secrets:
        with pytest.raises(ConfigError, match=f"UNSEALED_IT_{secret.key.upper()}"):
            load_settings(write(tmp_path, text))
        monkeypatch.setenv(f"UNSEALED_IT_{secret.key.upper()}", "s3cret")
    settings = load_settings(write(tmp_path, text))
    assert "s3cret" not in repr(settings) + settings.model_dump_json()


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    text = SLACK + 'url_file = "gone"\n' + BOTH.replace("mail", "team")
    with pytest.raises(ConfigError, match="url_file cannot be read"):
        load_settings(write(tmp_path, text))


def test_the_settings_are_found_by_option_environment_and_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("given", "env", "here", "home"):
        (tmp_path / name).mkdir()
    home = tmp_path / "home" / "unsealed"
    home.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("UNSEALED_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path / "here")
    assert find_config(None) is None
    at_home = write(home, "")
    assert find_config(None) == at_home
    write(tmp_path / "here", "")
    assert find_config(None) == Path("unsealed.toml")
    monkeypatch.setenv("UNSEALED_CONFIG", str(write(tmp_path / "env", "")))
    assert find_config(None) == tmp_path / "env" / "unsealed.toml"
    given = write(tmp_path / "given", "")
    assert find_config(given) == given
    with pytest.raises(ConfigError, match="unsealed init"):
        find_config(tmp_path / "nowhere.toml")


def uncommented(text: str) -> str:
    """The settings file with every key switched on."""
    lines = [line.removeprefix("# ") for line in text.splitlines() if not line.startswith("##")]
    return "\n".join(line for line in lines if " = " in line or line.startswith("["))


def test_the_file_that_init_writes_is_valid_as_it_is_and_with_every_key_switched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(write(tmp_path, commented_settings())) == load_settings(write(tmp_path, ""))
    (tmp_path / "smtp-password").write_text("x")
    for name in ("slack-webhook-url", "slack-bot-token", "webhook-secret", "apprise-urls"):
        (tmp_path / name).write_text("https://hooks.example/x")
    text = uncommented(commented_settings())
    settings = load_settings(write(tmp_path, text))
    assert [c.kind for c in settings.channel] == list(KINDS)
    for table in Settings.model_fields:
        assert table in tomllib.loads(text), f"{table} is missing from the commented settings"
