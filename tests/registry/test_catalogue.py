"""What is listed, what is not and why, how little a listing costs, and how names are found."""

import json
import os
import time
from pathlib import Path

import pytest

from cfbench.errors import BadInput
from cfbench.registry import supervising
from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.registry.declarations import Broken, Declaration, Scan

from .conftest import MY_DOT

ONE = """
@hookimpl
def cfbench_models():
    return [Model("{name}", "One", "a model", "one:One")]
"""


def reasons(listed):
    return {broken.source: broken.reason for broken in listed.broken}


def test_the_whole_file_is_listed_with_its_schema(plugin_file):
    path = plugin_file("my_dot.py", MY_DOT, head=False)
    found = catalogue().find("model", "my-dot")
    assert (found.full_name, found.origin, found.path) == ("file:my-dot", "file", str(path))
    assert len(found.sha256) == 64
    assert found.facts == {
        "fields": False,
        "deterministic": True,
        "batches": "pairs",
        "ratings": True,
        "baseline_items": 0,
    }
    assert found.schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "n_factors": {
                "type": "integer",
                "minimum": 1,
                "maximum": 4096,
                "default": 50,
                "description": "length of each vector",
            },
            "init_sd": {
                "type": "number",
                "minimum": 0,
                "default": 0.01,
                "description": "spread of the first values",
            },
        },
        "additionalProperties": False,
    }


def test_built_in_plugins_are_listed_first_and_none_is_broken():
    listed = catalogue()
    assert listed.broken == []
    assert {declaration.origin for declaration in listed.declarations} == {"built in"}
    assert listed.find("model", "dot-product").package == "cfbench"


BAD = {
    "raises.py": ("def f():\n    raise OSError('no luck')\nf()", "raises.py:8 in f: OSError: no luck"),
    "syntax.py": ("def f(:", "syntax.py:7: SyntaxError: invalid syntax"),
    "leaves.py": ("raise SystemExit(3)", "leaves.py:7: SystemExit: 3"),
    "asks.py": ("input()", "asks.py:7: EOFError: EOF when reading a line"),
    "needs.py": ("import no_such_thing", "needs.py:7: ModuleNotFoundError: No module named 'no_such_thing'"),
    "json.py": ("", "'json' is the name of another module; rename the file"),
    "dies.py": ("import os\nos._exit(7)", "it ended Python while it was imported (exit code 7)"),
    "crashes.py": (
        "import os\nos.kill(os.getpid(), 11)",
        "it crashed Python while it was imported (SIGSEGV)",
    ),
    "hangs.py": (
        "import time\ntime.sleep(60)",
        "still not imported after 1.5 s; CFBENCH_SCAN_SECONDS sets another limit",
    ),
    "misspelt.py": (
        "@hookimpl\ndef cfbench_model(): return []",
        "cfbench_model is not a hook, did you mean 'cfbench_models'?",
    ),
    "unmarked.py": (
        "def cfbench_models(): return []",
        "cfbench_models is not marked; write @hookimpl above it",
    ),
    "badname.py": (
        "@hookimpl\ndef cfbench_models(): return [Model('My Dot', 't', 's', 'a:B')]",
        "model 'My Dot': its name is not allowed; 2 to 40 of a-z, 0-9 and -",
    ),
    "newer.py": (
        "@hookimpl\ndef cfbench_models(): return [Model('newer', 't', 's', 'a:B', api=99)]",
        "model 'newer': needs a newer cfbench; pip install -U cfbench",
    ),
    "mutable.py": (
        "@dataclass\nclass P:\n    a: int = 1\n\n"
        "@hookimpl\ndef cfbench_models(): return [Model('mutable', 't', 's', 'a:B', P)]",
        "model 'mutable': P is not frozen; write @dataclass(frozen=True)",
    ),
    "reserved.py": (
        "@dataclass(frozen=True)\nclass P:\n    name: int = 1\n\n"
        "@hookimpl\ndef cfbench_models(): return [Model('reserved', 't', 's', 'a:B', P)]",
        "model 'reserved': a parameter can't be called 'name'; that key holds the plugin's own name",
    ),
    "nodefault.py": (
        "@dataclass(frozen=True)\nclass P:\n    a: int\n\n"
        "@hookimpl\ndef cfbench_models(): return [Model('nodefault', 't', 's', 'a:B', P)]",
        "model 'nodefault': parameter a has no default; give it one that works for most data",
    ),
    "baddefault.py": (
        "@dataclass(frozen=True)\nclass P:\n    a: Annotated[int, Range(1, 3)] = 4\n\n"
        "@hookimpl\ndef cfbench_models(): return [Model('baddefault', 't', 's', 'a:B', P)]",
        "model 'baddefault': default.a = 4 is not allowed; allowed: a whole number 1 to 3",
    ),
    "oddtype.py": (
        "@dataclass(frozen=True)\nclass P:\n    a: dict = None\n\n"
        "@hookimpl\ndef cfbench_models(): return [Model('oddtype', 't', 's', 'a:B', P)]",
        "model 'oddtype': parameter a: dict is no type for a parameter; use int, float, bool, str, "
        "Literal, Enum, lists and tuples of these, or one of them | None",
    ),
    "wronghook.py": (
        "@hookimpl\ndef cfbench_models(): return [Loss('wronghook', 't', 's', 'a:B')]",
        "model 'wronghook': cfbench_models returned a Loss; it takes Model",
    ),
    "nothing.py": (
        "@hookimpl\ndef cfbench_models(): pass",
        "TypeError: 'NoneType' object is not iterable",
    ),
    "twice.py": (
        "@hookimpl\ndef cfbench_models(): return [Model('twice', 't', 's', 'a:B')] * 2",
        "model 'twice' is declared twice",
    ),
    "my-dash.py": ("", "its name is not one that Python can import; use letters, digits and _"),
}


def test_each_bad_file_costs_a_line_with_its_reason_and_the_rest_works(plugin_file, monkeypatch):
    monkeypatch.setenv("CFBENCH_SCAN_SECONDS", "1.5")
    for name, (text, _) in BAD.items():
        plugin_file(name, text)
    plugin_file("zz_good.py", ONE.format(name="good-one"))
    listed = catalogue()
    assert reasons(listed) == {name: reason for name, (_, reason) in BAD.items()}
    assert listed.find("model", "good-one").full_name == "file:good-one"
    assert listed.find("model", "dot-product").origin == "built in"
    assert listed.find("model", "twice").full_name == "file:twice"


def test_one_failing_hook_leaves_the_others_of_its_file(plugin_file):
    plugin_file("two.py", ONE.format(name="fine") + "\n@hookimpl\ndef cfbench_losses():\n    return 1 / 0\n")
    listed = catalogue()
    assert reasons(listed) == {"two.py": "two.py:14 in cfbench_losses: ZeroDivisionError: division by zero"}
    assert listed.find("model", "fine")


def test_a_hanging_plugin_takes_its_own_children_with_it(plugin_file, tmp_path, monkeypatch):
    monkeypatch.setenv("CFBENCH_SCAN_SECONDS", "1")
    plugin_file(
        "forks.py",
        f"""
        import subprocess, time
        child = subprocess.Popen(["sleep", "60"])
        open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
        time.sleep(60)
        """,
    )
    catalogue()
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)


def _alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in _status(process)


def _status(process):
    try:
        return Path(f"/proc/{process}/status").read_text()
    except OSError:
        return ""


def test_a_plugin_that_forks_is_listed_once(plugin_file):
    plugin_file("twin.py", "import os\nos.fork()\n" + ONE.format(name="twin"))
    listed = catalogue()
    assert [declaration.name for declaration in listed.declarations].count("twin") == 1
    assert listed.broken == []


def test_what_a_plugin_prints_is_a_notice_and_not_an_error(plugin_file, capfd):
    plugin_file("loud.py", "import os\nprint('hello')\nos.write(2, b'there')\n" + ONE.format(name="loud"))
    listed = catalogue()
    assert listed.broken == []
    (notice,) = [notice for notice in listed.notices if notice.source == "loud.py"]
    assert notice.text.startswith("it prints when it is imported: ")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_may_write_to_is_never_imported(plugin_file, tmp_path, mode):
    path = plugin_file("open.py", f"open({str(tmp_path / 'ran')!r}, 'w')", mode=mode)
    assert reasons(catalogue()) == {"open.py": f"others may write to {path}; chmod go-w {path}"}
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_others_may_write_to_is_not_trusted(plugin_file):
    folder = plugin_file("fine.py", ONE.format(name="fine")).parent
    folder.chmod(0o777)
    assert reasons(catalogue()) == {"fine.py": f"others may write to {folder}; chmod go-w {folder}"}


def test_a_link_is_trusted_as_far_as_the_file_it_leads_to(plugin_file, tmp_path):
    real = tmp_path / "real.py"
    real.write_text("")
    real.chmod(0o666)
    folder = plugin_file("_private.py", "raise OSError").parent
    (folder / "link.py").symlink_to(real)
    (folder / "gone.py").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.py")
    assert reasons(catalogue()) == {
        "link.py": f"others may write to {real}; chmod go-w {real}",
        "gone.py": "it can't be read (No such file or directory)",
        "pipe.py": "it is not a file",
    }


# -- the cache --------------------------------------------------------------------------------------------------------


def forbid_children(monkeypatch):
    def refuse(sources):
        assert not sources, f"scanned again: {[source.name for source in sources]}"
        return []

    monkeypatch.setattr(supervising, "scan", refuse)


def forget(monkeypatch):
    monkeypatch.setattr("cfbench.registry.catalogue._memo", {})


def test_a_second_call_starts_no_child(plugin_file, monkeypatch):
    plugin_file("one.py", ONE.format(name="one-one"))
    plugin_file("bad.py", "1 / 0")
    first = catalogue()
    forbid_children(monkeypatch)
    assert catalogue().declarations == first.declarations
    forget(monkeypatch)
    assert catalogue().declarations == first.declarations
    assert catalogue().broken == first.broken


def test_only_a_changed_file_is_scanned_again(plugin_file, monkeypatch):
    plugin_file("one.py", ONE.format(name="first"))
    catalogue()
    scanned = []
    scan = supervising.scan
    monkeypatch.setattr(supervising, "scan", lambda sources: (scanned.extend(sources), scan(sources))[1])
    plugin_file("one.py", ONE.format(name="other"))
    assert catalogue().find("model", "other")
    assert [source.name for source in scanned] == ["one.py"]


def test_a_refresh_scans_everything(plugin_file, monkeypatch):
    path = plugin_file("one.py", "import time\n" + ONE.replace('"{name}"', 'f"one-{time.time_ns()}"'))
    first = [one.name for one in catalogue().declarations if one.path == str(path)]
    assert [one.name for one in catalogue().declarations if one.path == str(path)] == first
    assert [one.name for one in catalogue(refresh=True).declarations if one.path == str(path)] != first


def test_a_broken_source_is_tried_again_later_and_with_another_limit(plugin_file, home, monkeypatch):
    plugin_file("bad.py", "1 / 0")
    catalogue()
    forget(monkeypatch)
    monkeypatch.setenv("CFBENCH_SCAN_SECONDS", "7")
    scanned = []
    scan = supervising.scan
    monkeypatch.setattr(supervising, "scan", lambda sources: (scanned.extend(sources), scan(sources))[1])
    catalogue()
    assert [source.name for source in scanned] == ["bad.py"]
    for path in (home / "declarations").iterdir():
        os.utime(path, (time.time() - 1000,) * 2)
    forget(monkeypatch)
    catalogue()
    assert [source.name for source in scanned] == ["bad.py", "bad.py"]


def test_a_torn_cache_is_made_anew(plugin_file, home, monkeypatch):
    plugin_file("one.py", ONE.format(name="one-one"))
    catalogue()
    for path in (home / "declarations").iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    forget(monkeypatch)
    assert catalogue().find("model", "one-one")


def test_without_a_place_for_the_cache_everything_is_still_listed(home):
    (home / "declarations").write_text("in the way")
    assert catalogue().find("model", "dot-product")


def test_warm_listing_imports_no_plugin_and_nothing_heavy(plugin_file, python):
    plugin_file("my_dot.py", MY_DOT, head=False)
    catalogue()
    listing = python(
        """
        import json, sys
        from cfbench.registry.catalogue import catalogue
        found = catalogue().find("model", "my-dot").full_name
        print(json.dumps([found, sorted({name.partition(".")[0] for name in sys.modules})]))
        """
    )
    found, modules = json.loads(listing.stdout)
    assert found == "file:my-dot"
    assert not {"torch", "polars", "numpy", "pluggy", "my_dot", "cfbench_models", "tomlkit"} & set(modules)


# -- packages ---------------------------------------------------------------------------------------------------------


def test_a_third_party_wheel_is_listed_with_its_version(acme):
    listed = catalogue()
    found = listed.find("model", "acme-bias")
    assert (found.full_name, found.origin) == ("acme_recommenders:acme-bias", "package")
    assert (found.package, found.version) == ("Acme-Recommenders", "2.3.4")
    assert listed.find("model", "old-bias") == listed.find("model", "acme_recommenders:old-bias") == found


def test_a_built_in_keeps_its_bare_name(acme):
    listed = catalogue()
    assert listed.find("model", "dot-product").full_name == "cfbench_models:dot-product"
    assert listed.find("model", "acme_recommenders:dot-product").title == "Acme dot"
    assert [notice.text for notice in listed.notices if notice.source == "acme_recommenders:dot-product"] == [
        "name taken by cfbench_models:dot-product, use acme_recommenders:dot-product"
    ]


def test_a_change_in_a_package_is_noticed(acme, monkeypatch):
    catalogue()
    scanned = []
    monkeypatch.setattr(supervising, "scan", lambda sources: (scanned.extend(sources), [Scan()] * len(sources))[1])
    os.utime(acme / "acme_recommenders" / "bias.py", (1, 1))
    catalogue()
    assert [source.name for source in scanned] == ["acme_recommenders"]


# -- names ------------------------------------------------------------------------------------------------------------


def declared(full_name, **facts):
    origin = "file" if full_name.startswith("file:") else "package"
    name = full_name.partition(":")[2]
    return Declaration(kind="model", name=name, full_name=full_name, title="", summary="", origin=origin, **facts)


def refusal(listed, name):
    with pytest.raises(BadInput) as caught:
        listed.find("model", name)
    return str(caught.value)


def test_an_ambiguous_name_lists_the_candidates():
    listed = Catalogue([Scan([declared("a:dot"), declared("file:dot")])])
    assert refusal(listed, "dot") == "several plugins have a model 'dot'; write a:dot or file:dot"
    assert listed.find("model", "file:dot").full_name == "file:dot"
    assert [notice.text for notice in listed.notices] == ["name taken by a:dot, use file:dot"]


def test_an_unknown_name_is_answered_with_the_nearest_and_the_list():
    listed = Catalogue([Scan([declared("a:dot-product"), declared("a:mlp")])])
    known = "choose dot-product or mlp"
    assert refusal(listed, "dot-prodct") == f"there is no model 'dot-prodct', did you mean 'dot-product'?; {known}"
    assert refusal(listed, "a:ml") == ("there is no model 'a:ml', did you mean 'a:mlp'?; choose a:dot-product or a:mlp")
    assert refusal(Catalogue([]), "mlp") == "there is no model 'mlp'; no model is installed"


def test_a_current_name_goes_before_an_earlier_one():
    listed = Catalogue([Scan([declared("a:new", renamed_from=("old",)), declared("b:old")])])
    assert listed.find("model", "old").full_name == "b:old"
    assert listed.find("model", "a:old").full_name == "a:new"


def test_a_broken_source_that_may_hold_the_name_is_said(tmp_path):
    path = tmp_path / "my_dot.py"
    path.write_text('Model("other-dot"')
    broken = [Broken("my_dot.py", "file", "it is torn", str(path)), Broken("acme", "package", "no luck")]
    listed = Catalogue([Scan([declared("a:mlp")], broken)])
    file, package = "plugin file my_dot.py is broken: it is torn", "plugin package acme is broken: no luck"
    assert refusal(listed, "file:my-dot") == f"there is no model 'file:my-dot'; {file}; choose a:mlp"
    assert refusal(listed, "other-dot") == f"there is no model 'other-dot'; {file}; {package}; choose mlp"
    assert refusal(listed, "acme:x") == f"there is no model 'acme:x'; {package}; choose a:mlp"
    assert refusal(listed, "b:x") == "there is no model 'b:x'; choose a:mlp"


def test_two_files_can_not_declare_one_name(plugin_file):
    plugin_file("a.py", ONE.format(name="same"))
    path = plugin_file("b.py", ONE.format(name="same"))
    assert catalogue().broken == [
        Broken("b.py", "file", "model 'same': a.py has one of that name too; rename one of them", str(path))
    ]
