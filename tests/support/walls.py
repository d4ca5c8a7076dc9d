"""The walls of the house, read from source text: each function names what breaks its wall in one file.

They take the file's place in the package ("stays/service.py") and its text, so that a wall can be tried on a
made-up file that breaks it (tests/test_walls.py) as well as on the real ones (tests/test_house.py).
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

PACKAGE = "rental_mgmt"
FLOORS = (
    {"core"},
    {"audit"},
    {"places"},
    {"accounts"},
    # Telling people knows no unit; a filing's return or a suspension is told to those concerned.
    {"notices"},
    {"units"},
    {"alerts", "stays", "devices", "documents", "bookings", "complaints"},
    {"rules", "workorders", "scores", "exports", "reporting", "imports", "succession"},
    {"overview", "demo"},
    {""},  # the files of the package itself: create_app, cli, scheduler, models
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
HTTP = {"flask", "werkzeug", "flask_smorest", "flask_swagger_ui", "webargs", "apispec"}
NETWORK = {"requests", "urllib3", "smtplib", "http.client", "urllib.request"}
KNOW_HTTP = re.compile(
    r"__init__\.py|core/(http|api|forms|web\w*)\.py|accounts/auth\.py|cli\.py|\w+/(\w+_)?(api|web|hooks)(_\w+)?\.py"
)
SPEAK_TO_THE_NETWORK = re.compile(r"core/outbound\w*\.py")
KEEPERS = {"core", "accounts", "audit"}
SHORT_FILE, SHORT_FUNCTION = 250, 30
# What a reading function may lean on instead of naming roles: it shows only what its actor's scope holds.
SCOPES = {"visible", "within"}
NOT_SERVICES = {"models.py", "schemas.py", "api.py", "web.py", "hooks.py", "scope.py", "masking.py"}


def room_of(place: str) -> str:
    """The room a file stands in; "" for the files of the package itself."""
    room, *inside = place.split("/")
    return room if inside else ""


# --- imports ------------------------------------------------------------------------------------------------


def imported_modules(place: str, source: str) -> Iterator[str]:
    """Every module a file names, in full: at the top, inside functions, for types only, or by a string."""
    folder = [PACKAGE, *place.split("/")[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            start = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{start}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _name(node.func) in ("import_module", "__import__") and node.args:
            yield from _named_by_string(folder, node.args[0])


def _named_by_string(folder: list[str], word: ast.expr) -> Iterator[str]:
    if isinstance(word, ast.Constant) and isinstance(word.value, str):
        dots = len(word.value) - len(word.value.lstrip("."))
        base = folder[: len(folder) - dots + 1] if dots else []
        yield ".".join([*base, word.value.lstrip(".")])


def upward_imports(place: str, source: str) -> list[str]:
    """Imports that do not go downstairs: of a higher room, of a sibling, of a rule's neighbour's service."""
    return [module for module in imported_modules(place, source) if not _goes_downstairs(place, module)]


def _goes_downstairs(place: str, module: str) -> bool:
    top, *inside = module.split(".")
    mine = room_of(place)
    if top in ("tests", "wsgi", "migrations"):
        return False
    if top == "config":
        return mine in ("core", "")
    if top != PACKAGE:
        return True
    target = inside[0] if inside and inside[0] in FLOOR else ""
    if place.startswith("rules/catalog/") and target not in ("rules", "core"):
        return inside[1:2] == ["models"]
    return target == mine or FLOOR[target] < FLOOR[mine]


def unknown_rooms(place: str) -> list[str]:
    """A room that stands on no floor."""
    return [] if room_of(place) in FLOOR else [room_of(place)]


def http_imports(place: str, source: str) -> list[str]:
    """HTTP in a file that is not a door."""
    return [] if KNOW_HTTP.fullmatch(place) else _imports_of(HTTP, place, source)


def network_imports(place: str, source: str) -> list[str]:
    """A way to the network that does not pass the guarded client."""
    return [] if SPEAK_TO_THE_NETWORK.fullmatch(place) else _imports_of(NETWORK, place, source)


def _imports_of(banned: set[str], place: str, source: str) -> list[str]:
    found = imported_modules(place, source)
    return [module for module in found if any(f"{module}.".startswith(f"{word}.") for word in banned)]


# --- transactions -------------------------------------------------------------------------------------------


def commits(place: str, source: str) -> list[str]:
    """Ends of a transaction outside core: commit(), engine.begin() (commits at its end), COMMIT as text."""
    if room_of(place) == "core":
        return []
    nodes = list(ast.walk(ast.parse(source)))
    calls = [
        f"line {n.lineno}: .{n.attr}"
        for n in nodes
        if isinstance(n, ast.Attribute) and n.attr in ("commit", "begin")
    ]
    words = [n for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return calls + [
        f"line {n.lineno}: {n.value}"
        for n in words
        if re.match(r"\s*(commit|end transaction)\b\s*;?\s*$", n.value, re.I)
    ]


def keepers(place: str, source: str) -> list[str]:
    """Writing down what survives a refusal is for accounts and audit."""
    if room_of(place) in KEEPERS:
        return []
    names = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name | ast.Attribute | ast.alias))
    return [f"{place}: keep_even_if_refused" for n in names if _name(n) == "keep_even_if_refused"]


# --- operations ---------------------------------------------------------------------------------------------


def operations_for_anyone(place: str, source: str) -> list[str]:
    """Operations that do not say who may: public, actor first, no @allow, and no read through scope."""
    if room_of(place) in ("core", "audit", "") or place.split("/")[-1] in NOT_SERVICES:
        return []
    functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    return [f.name for f in functions if _is_operation(f) and not _says_who_may(f) and not _reads_in_scope(f)]


def _is_operation(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return not function.name.startswith("_") and bool(arguments) and arguments[0].arg == "actor"


def _says_who_may(function: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Call) and _name(d.func) == "allow" and d.args for d in function.decorator_list)


def _reads_in_scope(function: ast.FunctionDef) -> bool:
    if not function.name.startswith(("get_", "list_")):
        return False
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)]
    return any(_name(c.func) in SCOPES or _hands_actor_to_a_reader(c) for c in calls)


def _hands_actor_to_a_reader(call: ast.Call) -> bool:
    passes_actor = bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id == "actor"
    return passes_actor and (_name(call.func) or "").startswith(("get_", "list_"))


# --- size ---------------------------------------------------------------------------------------------------


def code_lines(source: str) -> set[int]:
    """The numbers of the lines that hold code: no blanks, comments, docstrings or decorators."""
    quiet = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {n for t in tokens if t.type not in quiet for n in range(t.start[0], t.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            lines -= _lines_of_docstring(node)
            for decorator in getattr(node, "decorator_list", ()):
                lines -= set(range(decorator.lineno, decorator.end_lineno + 1))
    return lines


def _lines_of_docstring(node: ast.AST) -> set[int]:
    first = node.body[0] if node.body else None
    is_text = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return set(range(first.lineno, first.end_lineno + 1)) if is_text else set()


def long_functions(source: str) -> dict[str, int]:
    """Functions above the limit with their code lines, by name ("Class.method")."""
    lines = code_lines(source)
    sizes = {
        name: sum(n in lines for n in range(f.lineno, f.end_lineno + 1))
        for name, f in _functions(ast.parse(source))
    }
    return {name: size for name, size in sizes.items() if size > SHORT_FUNCTION}


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
        name = f"{prefix}{child.name}." if isinstance(child, ast.ClassDef | ast.FunctionDef) else prefix
        yield from _functions(child, name)


# --- pages --------------------------------------------------------------------------------------------------

INLINE = (
    (re.compile(r"<style\b", re.I), "a style element"),
    (re.compile(r"<[^>]*\sstyle\s*=", re.I | re.S), "a style attribute"),
    (re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.I), "a script without src"),
    (re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I | re.S), "an event attribute"),
    (re.compile(r"javascript:", re.I), "a javascript: address"),
    (re.compile(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//(?!www\.w3\.org)", re.I), "something from elsewhere"),
    (re.compile(r"\|\s*safe\b"), "unescaped text"),
)


def inline_code(template: str) -> list[str]:
    """What the content security policy would refuse, and text that escapes escaping."""
    shown = re.sub(r"\{#.*?#\}|<!--.*?-->", "", template, flags=re.S)
    # What Jinja computes holds no tags of its own, but may hold ">".
    plain = re.sub(r"\{%.*?%\}|\{\{(?!.*?\|\s*safe\b).*?\}\}", "x", shown, flags=re.S)
    return [what for pattern, what in INLINE if pattern.search(plain)]


def _name(node: ast.AST) -> str | None:
    """The last word of a name: `access.allow` and `allow` are both "allow"."""
    return getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None)
