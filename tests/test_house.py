"""What the repository promises of itself: pins, commands, walls, sizes, words."""

from __future__ import annotations

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = CONFIGURATION["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Where the name to import is not the name to install.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "markdown_it": "markdown-it-py",
    "hibari": "hibari-tts",
    "pynvml": "nvidia-ml-py",
}
NANO_BYTES = 32 * 10**6
FILE_BYTES = 20 * 10**6  # a file that is larger does not belong into the history


def requirement_name(requirement: str) -> str:
    """`langchain-openai` of "langchain-openai[x]>=1.7,<2 ; marker"."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return match[0].lower().replace("_", "-")


def requirement_names(*extras: str) -> set[str]:
    """What the base install and `extras` ask for, the project itself left out."""
    requirements = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return {requirement_name(requirement) for requirement in requirements} - {PROJECT["name"]}


def read_pins(path: Path) -> dict[str, set[str]]:
    """Name to versions (one for each Python, where they differ) of a file of exact pins."""
    pins: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)( ; .+)?", line)
        assert match, f"{path.name}: {line!r} is not an exact pin"
        versions = pins.setdefault(match[1].lower(), set())
        assert not versions or match[3], f"{path.name}: {match[1]} stands there twice"
        versions.add(match[2])
    return pins


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


# ----------------------------------------------------------------------------------------- pins


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.txt"])
def test_torch_is_exact_and_alone(name: str) -> None:
    pins = read_pins(ROOT / name)
    assert pins["torch"] == {"2.13.0"}
    assert not {"torchvision", "torchaudio"} & pins.keys()


def test_constraints_hold_every_requirement() -> None:
    assert requirement_names("engine", "train", "dev") <= read_pins(ROOT / "constraints.txt").keys()


def test_a_space_gets_what_the_base_and_the_engine_need() -> None:
    constraints = read_pins(ROOT / "constraints.txt")
    expected = {name: constraints[name] for name in requirement_names("engine")}
    assert read_pins(ROOT / "requirements.txt") == expected


def test_a_space_starts_this_program() -> None:
    front = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    told = dict(line.split(": ", 1) for line in front.splitlines())
    assert told["sdk"] == "gradio"
    assert {told["sdk_version"]} == read_pins(ROOT / "requirements.txt")["gradio"]
    assert (ROOT / told["app_file"]).is_file()
    assert told["license"].lower() == PROJECT["license"].lower()


def test_the_base_install_has_no_torch() -> None:
    assert "torch" not in requirement_names("dev")


# ---------------------------------------------------------------------------------------- walls


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("autoglm_ui", "engine", include_external_packages=True)


def test_every_import_is_a_declared_requirement(graph: grimp.ImportGraph) -> None:
    rooms = {
        (): ("autoglm_ui", "engine.loading", "engine.protocol", "engine.media", "engine.thinking"),
        ("engine", "train"): ("engine.train",),
        ("engine",): ("engine",),
    }
    ours = {"autoglm_ui", "engine"}
    for module in sorted(graph.modules):
        if graph.is_module_squashed(module):
            continue
        extras = next(
            extras
            for extras, names in rooms.items()
            if any(module == name or module.startswith(f"{name}.") for name in names)
        )
        imported = {name.split(".")[0] for name in graph.find_modules_directly_imported_by(module)}
        libraries = imported - ours - sys.stdlib_module_names
        wanted = {DISTRIBUTIONS.get(name, name).lower().replace("_", "-") for name in libraries}
        missing = wanted - requirement_names(*extras)
        assert not missing, f"{module} imports {missing}, which pyproject.toml does not ask for"


@pytest.mark.parametrize("module", ["engine/protocol.py"])
def test_the_vocabulary_imports_the_standard_library_only(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("page-without-torch", "autoglm_ui/settings.py", "import torch"),
        ("page-without-torch", "engine/protocol.py", "import transformers"),
        ("page-knows-the-vocabulary", "autoglm_ui/settings.py", "import engine.model"),
        ("engine-without-page", "engine/protocol.py", "import gradio"),
        ("engine-without-page", "engine/thinking.py", "import autoglm_ui.settings"),
        ("light-engine", "engine/thinking.py", "import torch"),
        ("engine-layers", "engine/protocol.py", "import engine.thinking"),
        ("page-layers", "autoglm_ui/settings.py", "import autoglm_ui.view"),
        ("no-circles", "autoglm_ui/settings.py", "import autoglm_ui.view.page"),
    ],
)
def test_an_import_through_a_wall_is_seen(contract: str, module: str, line: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("autoglm_ui", "engine"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    linted = subprocess.run(
        [sys.executable, "-c", script, "--no-cache", "--contract", contract],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts: 0 kept, 1 broken." in linted.stdout, linted.stdout + linted.stderr


def test_importing_the_page_leaves_torch_out_and_writes_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, app, autoglm_ui.settings; sys.exit('torch' in sys.modules or 'gradio' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    assert not list(tmp_path.iterdir())


def test_an_installed_wheel_finds_its_assets(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    installed = tmp_path / "site-packages"
    shutil.unpack_archive(next(tmp_path.glob("*.whl")), installed, "zip")
    script = "from autoglm_ui.view import theme; assert theme.CSS.is_file(); print(theme.CSS)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(found.strip()).is_relative_to(installed)


def test_network_is_refused_but_for_loopback() -> None:
    with pytest.raises(ConnectionRefusedError, match="this machine only"):
        socket.create_connection(("203.0.113.1", 80), timeout=1)
    with pytest.raises(ConnectionRefusedError, match="this machine only"):
        socket.getaddrinfo("example.org", 80)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


# ------------------------------------------------------------------------------------- commands


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {name for line in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for name in line.split()}


@pytest.mark.parametrize("target", ["run", "test", "check", "bench"])
def test_a_promised_command_is_there(target: str) -> None:
    assert target in make_targets()


def test_every_command_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"^(?:[A-Z_]+=\S+ )*make ([a-z-]+)", readme, re.MULTILINE))
    assert {"run", "test"} <= asked <= make_targets()


def test_every_option_is_in_the_readme() -> None:
    usage = subprocess.run(
        [sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", usage)) - {"--help"}
    assert len(options) > 5
    opposites = {option for option in options if option.startswith("--no-") and f"--{option[5:]}" in options}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert options - opposites <= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", readme))


def test_ci_runs_what_the_readme_says() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# ------------------------------------------------------------------------------- sizes and words


def test_the_bundled_model_is_small() -> None:
    nano = ROOT / "assets" / "nano"
    assert sum(path.stat().st_size for path in nano.rglob("*") if path.is_file()) < NANO_BYTES


def test_no_tracked_file_is_large() -> None:
    large = [path for path in tracked_files() if path.stat().st_size > FILE_BYTES]
    assert not [path for path in large if path.suffix != ".safetensors"]


# Spelled in pieces, so that this file does not find itself.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"/(?:home|Users)/[a-z]",
            "/ro" + r"ot/",
            "/wo" + r"rk/(?:main|shared)",
            r"\.\./" + "shared",
            "py" + r"pi\.org",
            "files\\.python" + "hosted",
            "download\\.py" + "torch",
            "registry\\.npm" + "js",
            "deb\\.deb" + "ian",
            "Co-Authored" + "-By",
        ]
    )
)


def test_tracked_files_speak_of_the_project_only() -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in FORBIDDEN.finditer(text)]
    assert not found
