"""Who may import whom, what is exported, and what importing costs."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import lucid_widgets

PACKAGE = Path(lucid_widgets.__file__).parent
EVERYONE = {"errors", "frame", "shapes"}

# An import may only point downwards: see lucid_widgets/README.md.
MAY_IMPORT = {
    "widgets": {"recipes", "attribution", "optvis", "modelzoo", "stream", "misc"},
    "recipes": {"attribution", "optvis", "modelzoo", "misc"},
    "attribution": {"optvis", "modelzoo", "misc"},
    "optvis": {"modelzoo", "misc"},
    "modelzoo": {"misc"},
    "stream": {"misc.io"},
    "misc": set(),
}
# What users type as `models` is a front door: its check, called and not imported with
# it, uses the engine.
FRONT_DOOR = ("modelzoo/vision_models.py", "recipes.checking")
TENSORFLOW = {"tensorflow", "keras"}

EXPORTED = {
    "lucid_widgets": [
        "ActivationGrid",
        "AtlasExplorer",
        "AttributionExplorer",
        "Caricature",
        "ChannelGrid",
        "CompareModels",
        "DeepDream",
        "Explorer",
        "FeatureVis",
        "Mixer",
        "ModelBrowser",
        "NeuronGroups",
        "SemanticDictionary",
        "__version__",
        "link",
    ],
    "lucid_widgets.misc.io": [
        "CaptureSaveContext",
        "batch_save",
        "io_scope",
        "load",
        "read",
        "sanitize",
        "save",
        "scope_url",
        "show",
    ],
}


def sources(*parts):
    return sorted(PACKAGE.joinpath(*parts).rglob("*.py"))


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def imports(path, *, inside_functions=True):
    """Yield the line and the full name of every module that a file imports."""

    def visit(node):
        for child in ast.iter_child_nodes(node):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and not inside_functions:
                continue
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield child.lineno, alias.name
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: relative import"
                for alias in child.names:
                    full = f"{child.module}.{alias.name}"
                    yield child.lineno, full if is_module(full) else child.module
            elif is_import_call(child):
                yield child.lineno, child.args[0].value
            yield from visit(child)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")))


def is_import_call(node):
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
    )


def ours(imported):
    """Return what of ours is imported, such as "misc.io.saving"; "" for the root."""
    root, _, rest = imported.partition(".")
    return rest if root == "lucid_widgets" else None


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_point_downwards(part):
    allowed = MAY_IMPORT[part] | EVERYONE | {part}
    wrong = []
    for path in [*sources(part), *PACKAGE.glob(f"{part}.py")]:
        for line, imported in imports(path):
            name = ours(imported)
            front_door = (path.relative_to(PACKAGE).as_posix(), name) == FRONT_DOOR
            if name is None or front_door:
                continue
            if not any(name == one or name.startswith(f"{one}.") for one in allowed):
                wrong.append(f"{path.relative_to(PACKAGE)}:{line} imports {imported}")
    assert wrong == []


def test_the_front_door_looks_upwards_only_when_called():
    path, name = FRONT_DOOR
    eager = {ours(i) for _, i in imports(PACKAGE / path, inside_functions=False)}
    assert name not in eager


def test_errors_frame_and_shapes_import_nothing_of_ours():
    for name in EVERYONE:
        found = [i for _, i in imports(PACKAGE / f"{name}.py") if ours(i) is not None]
        assert found == [], name


def test_the_rules_see_every_part_of_the_package():
    parts = {module.name for module in pkgutil.iter_modules([str(PACKAGE)])}
    assert parts <= set(MAY_IMPORT) | EVERYONE | {"cli", "cli_models", "cli_options"}


def test_stream_never_imports_tensorflow():
    for path in sources("stream"):
        for line, imported in imports(path):
            assert imported.split(".")[0] not in TENSORFLOW, f"{path}:{line}"


def test_tensorflow_is_imported_late():
    """Whatever a widget imports to be shown must not wait for TensorFlow."""
    for path in [*sources("misc"), *sources("widgets"), *PACKAGE.glob("*.py")]:
        for line, imported in imports(path, inside_functions=False):
            assert imported.split(".")[0] not in TENSORFLOW, f"{path}:{line}"


def test_the_command_line_imports_the_rest_late():
    eager = {
        imported
        for name in ("cli.py", "cli_models.py", "cli_options.py")
        for _, imported in imports(PACKAGE / name, inside_functions=False)
        if ours(imported) is not None
    }
    assert eager <= {
        "lucid_widgets",
        "lucid_widgets.cli_models",
        "lucid_widgets.cli_options",
        "lucid_widgets.errors",
        "lucid_widgets.frame",  # for its type alone
        "lucid_widgets.optvis.settings",
    }


@pytest.mark.parametrize("name", EXPORTED)
def test_exactly_these_names_are_exported(name):
    module = importlib.import_module(name)
    assert list(module.__all__) == EXPORTED[name]
    for exported in module.__all__:
        assert getattr(module, exported) is not None


def test_what_packages_export_is_there():
    for path in sources():
        if path.name != "__init__.py" or "__all__" not in path.read_text("utf-8"):
            continue
        module = importlib.import_module(module_name(path))
        assert len(set(module.__all__)) == len(module.__all__), module.__name__
        missing = [name for name in module.__all__ if not hasattr(module, name)]
        assert missing == [], module.__name__


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_the_package_imports_nothing_heavy():
    heavy = ("tensorflow", "keras", "numpy", "ipywidgets", "PIL", "anywidget")
    code = f"import sys, lucid_widgets; print([m for m in {heavy} if m in sys.modules])"
    assert run(code).strip() == "[]"


@pytest.mark.parametrize(
    "name", ["stream", "misc.io", "misc.sprites", "optvis.settings"]
)
def test_these_can_be_used_without_tensorflow(name):
    code = (
        "import sys; sys.modules.update(tensorflow=None, keras=None); "
        f"import lucid_widgets.{name}; print('imported')"
    )
    assert run(code).strip() == "imported"


def test_help_on_the_command_line_needs_no_tensorflow():
    code = (
        "import sys\nfrom lucid_widgets.cli import main\n"
        "try:\n    main(['render', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    assert run(code).strip().endswith("[]")
