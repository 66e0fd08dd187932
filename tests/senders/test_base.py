import pytest

from senders.base import SenderConfigError, load_sender


def test_a_sender_is_found_by_its_file(tmp_path):
    assert load_sender("file", {"outbox": tmp_path}).name == "file"


def test_a_new_file_is_a_sender(tmp_path, monkeypatch):
    import senders

    (tmp_path / "pigeon.py").write_text("def create(config):\n    return config['loft']\n")
    monkeypatch.setattr(senders, "__path__", [*senders.__path__, str(tmp_path)])
    assert load_sender("pigeon", {"loft": "x"}) == "x"
    with pytest.raises(SenderConfigError, match="available: file, pigeon, smtp"):
        load_sender("raven", {})


@pytest.mark.parametrize("name", ["nope", "", "File", "../file", "os.path", "senders.file"])
def test_an_unknown_sender_is_refused_with_the_available_names(name):
    with pytest.raises(SenderConfigError, match="available: file, smtp"):
        load_sender(name, {})


def test_a_module_without_create_is_refused():
    with pytest.raises(SenderConfigError, match=r"senders/journal\.py is not a sender"):
        load_sender("journal", {})


def test_a_missing_setting_is_named():
    with pytest.raises(SenderConfigError, match="sender file: setting 'outbox' is missing"):
        load_sender("file", {})
