"""The rules of the tree that import-linter cannot say, read from the syntax of every module."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "clinic_core"
PAGES = ROOT / "pages"

FILE_LINES = 300
PAGE_LINES = 180
FUNCTION_LINES = 60
NESTING = 3

FEATURE_DOORS = {"schemas", "service", "queries"}
PAGE_IMPORTS = (
    "clinic_core.access",
    "clinic_core.errors",
    "clinic_core.kit",
    "clinic_core.ui",
    "clinic_core.vocabulary",
)
SESSION_MAKERS = {"Session", "create_engine", "sessionmaker", "scoped_session", "engine_from_config", "psycopg.connect"}
CLINICAL_COLUMNS = ("notes_json", "diagnosis_json")
CLINICAL_PLACES = {"models", "clinical_docs", "seed", "interchange"}
CATCH_ALL_PLACES = (CORE / "ui" / "page.py", CORE / "web")
UNGUARDED = "its address answers any signed-in user of any tenant: use a route under /docs/"
FORBIDDEN_IN_THE_UI = {
    "unsafe_allow_html": "text from people would become markup",
    "download_button": UNGUARDED,
    "st.pdf": UNGUARDED,
    "time.sleep": "it holds the script and blocks a worker thread",
}
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith, ast.TryStar)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


CORE_MODULES = modules(CORE)
PAGE_MODULES = modules(PAGES)
SHELL_MODULES = [path for path in (ROOT / "Home.py", ROOT / "app.py") if path.exists()]
PRODUCT = [*CORE_MODULES, *PAGE_MODULES, *SHELL_MODULES]
WRITTEN = [*PRODUCT, *modules(ROOT / "migrations"), *modules(ROOT / "tests"), *modules(ROOT / "benchmarks")]
UI_MODULES = [*modules(CORE / "ui"), *PAGE_MODULES, *SHELL_MODULES]


def imports(tree: ast.Module) -> Iterator[tuple[str, str | None, int]]:
    """Every import as (module, name or None, line)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name, node.lineno) for alias in node.names)


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every call as (dotted name, line)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def words(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name, attribute and keyword of a module with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node.value.lineno


def depth(node: ast.AST, level: int = 0) -> int:
    """How deep blocks stand inside each other; an `elif` does not go deeper than its `if`."""
    deepest = level
    for field, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        is_elif = (
            field == "orelse" and isinstance(node, ast.If) and len(children) == 1 and isinstance(children[0], ast.If)
        )
        for child in children:
            if isinstance(child, ast.AST) and not isinstance(
                child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            ):
                step = 1 if isinstance(child, BLOCKS) and not is_elif else 0
                deepest = max(deepest, depth(child, level + step))
    return deepest


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def is_part_of(module: str, roots: tuple[str, ...]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def test_every_module_says_what_belongs_in_it() -> None:
    spoken = [*PRODUCT, *modules(ROOT / "migrations")]
    silent = [named(path) for path in spoken if not (ast.get_docstring(tree_of(path)) or "").strip()]
    assert silent == []


def test_files_stay_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in WRITTEN}
    limits = {path: PAGE_LINES if path in PAGE_MODULES else FILE_LINES for path in WRITTEN}
    too_long = [f"{named(path)}: {lines}" for path, lines in lengths.items() if lines > limits[path]]
    assert too_long == []


def test_functions_stay_short() -> None:
    too_long = [
        f"{named(path)}:{function.lineno} {function.name}: {lines}"
        for path in WRITTEN
        if path.parent.name != "versions"  # a migration is one text in two functions
        for function in functions(tree_of(path))
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert too_long == []


def test_functions_stay_flat() -> None:
    too_deep = [
        f"{named(path)}:{function.lineno} {function.name}: {levels}"
        for path in PRODUCT
        for function in functions(tree_of(path))
        if (levels := depth(function)) > NESTING
    ]
    assert too_deep == []


def test_private_names_stay_in_their_module() -> None:
    borrowed = [
        f"{named(path)}:{line} {module}.{name}"
        for path in PRODUCT
        for module, name, line in imports(tree_of(path))
        if module.startswith("clinic_core") and name and name.startswith("_")
    ]
    assert borrowed == []


def test_only_the_door_makes_sessions_and_engines() -> None:
    door = CORE / "access" / "session.py"
    outside = [path for path in PRODUCT if path != door and CORE / "db" not in path.parents]
    made = [
        f"{named(path)}:{line} {name}"
        for path in outside
        for name, line in calls(tree_of(path))
        if name in SESSION_MAKERS or name.split(".")[-1] in SESSION_MAKERS
    ]
    assert made == []


@pytest.mark.parametrize("path", PAGE_MODULES, ids=named)
def test_a_page_imports_building_blocks_and_the_doors_of_features_only(path: Path) -> None:
    def allowed(module: str, name: str | None) -> bool:
        parts = module.split(".")
        if parts[0] in {*sys.stdlib_module_names, "streamlit"} or is_part_of(module, PAGE_IMPORTS):
            return True
        door = parts[2] if len(parts) > 2 else name
        return parts[0] == "clinic_core" and len(parts) <= 3 and door in FEATURE_DOORS

    odd = [
        f"line {line}: {module} {name or ''}"
        for module, name, line in imports(tree_of(path))
        if not allowed(module, name)
    ]
    assert odd == []


@pytest.mark.parametrize("path", PAGE_MODULES, ids=named)
def test_a_page_opens_with_the_guard(path: Path) -> None:
    """Before it stand imports, constants and definitions, which draw and read nothing."""

    def is_harmless(node: ast.stmt) -> bool:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
            return True
        is_constant = isinstance(node, (ast.Assign, ast.AnnAssign))
        return is_constant and not any(isinstance(part, ast.Call) for part in ast.walk(node))

    first = next((node for node in tree_of(path).body[1:] if not is_harmless(node)), None)
    opened = first.value if isinstance(first, (ast.Assign, ast.AnnAssign, ast.Expr)) else None
    assert isinstance(opened, ast.Call)
    assert ast.unparse(opened.func) == "open_page"


def test_pages_live_in_sections_without_packages() -> None:
    """A file directly in `pages/` would run without Home.py; `__init__.py` would hide sections from import-linter."""
    misplaced = [named(path) for path in PAGE_MODULES if path.parent.parent != PAGES or path.name == "__init__.py"]
    assert misplaced == []


@pytest.mark.parametrize("path", UI_MODULES, ids=named)
def test_the_ui_uses_nothing_that_leaks_or_blocks(path: Path) -> None:
    tree = tree_of(path)
    used = {*words(tree), *calls(tree)}
    reasons = [
        f"line {line}: {word}: {FORBIDDEN_IN_THE_UI[word]}" for word, line in used if word in FORBIDDEN_IN_THE_UI
    ]
    assert reasons == []


def test_billing_knows_no_float() -> None:
    tables = [CORE / "models" / f"{name}.py" for name in ("catalogue", "invoice", "receipt")]
    trees = {path: tree_of(path) for path in [*modules(CORE / "billing"), CORE / "kit" / "money.py", *tables]}
    names = [f"{named(path)}:{line}" for path, tree in trees.items() for word, line in words(tree) if word == "float"]
    literals = [
        f"{named(path)}:{node.lineno} {node.value}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert names + literals == []


def test_only_the_page_runner_and_the_edge_catch_everything() -> None:
    def catches_all(handler: ast.ExceptHandler) -> bool:
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = {ast.unparse(one) if one else "" for one in caught}
        reraises = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
        return bool(names & {"", "Exception"}) or ("BaseException" in names and not reraises)

    caught = [
        f"{named(path)}:{node.lineno}"
        for path in PRODUCT
        if not any(place in (path, *path.parents) for place in CATCH_ALL_PLACES)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler) and catches_all(node)
    ]
    assert caught == []


def test_clinical_text_is_touched_by_its_own_feature_only() -> None:
    outside = [
        path for path in PRODUCT if path.relative_to(ROOT).parts[1:2] not in [(place,) for place in CLINICAL_PLACES]
    ]
    mentions = [
        f"{named(path)}: {column}"
        for path in outside
        for column in CLINICAL_COLUMNS
        if column in path.read_text(encoding="utf-8")
    ]
    assert mentions == []
