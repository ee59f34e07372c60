"""What the document's formats mean: things that are there, and some that are not."""

import base64
import json
import os
import uuid
from datetime import datetime

import schemathesis
from hypothesis import strategies as st

THINGS = json.loads(os.environ["SPOKE_THINGS"])
SPARE = THINGS["spare"]

PREFIXES = {
    "workspace": "ws",
    "connection": "con",
    "key": "key",
    "channel": "ch",
    "endpoint": "ep",
    "block": "blk",
    "message": "msg",
    "seat": "seat",
    "action": "act",
    "signal": "sig",
    "run": "run",
    "qualifying-list": "ql",
    "automation": "aut",
    "activation": "atv",
    "workflow": "wf",
    "workflow-run": "run",
}
# What paths call them, where that is not their name.
CALLED = {"ql": "qualifying-list", "aut": "automation", "wf": "workflow", "wf_run": "workflow-run"}


def there_or_not(what, others):
    known = THINGS.get(what, [])
    # What is there comes up more often: an address that leads nowhere tells little.
    return st.one_of(*([st.sampled_from(known)] * 3 if known else []), others)


for name, prefix in PREFIXES.items():
    invented = st.binary(min_size=12, max_size=12).map(lambda raw, prefix=prefix: f"{prefix}_{raw.hex()}")
    schemathesis.openapi.format(f"{name}-id", there_or_not(name, invented))

for name in ("record", "list"):
    invented = st.integers(min_value=0, max_value=10**18 - 1).map(str)
    schemathesis.openapi.format(f"{name}-id", there_or_not(name, invented))

for name in ("audience", "attribute"):
    schemathesis.openapi.format(f"{name}-id", there_or_not(name, st.from_regex(r"\A[A-Za-z0-9._~-]{1,20}\Z")))

places = st.integers(min_value=0, max_value=2**53)
schemathesis.openapi.format(
    "cursor", places.map(lambda place: base64.urlsafe_b64encode(f"r:{place}".encode()).decode().rstrip("="))
)
workspaces = st.binary(min_size=12, max_size=12).map(lambda raw: f"w:ws_{raw.hex()}")
schemathesis.openapi.format(
    "workspace-cursor", workspaces.map(lambda place: base64.urlsafe_b64encode(place.encode()).decode().rstrip("="))
)
CURSORS = {"seat": "s", "hubspot": "h", "action": "a", "score": "n", "row": "z", "signal": "g", "flow": "f"}
for name, tag in CURSORS.items():
    schemathesis.openapi.format(
        f"{name}-cursor",
        places.map(lambda place, tag=tag: base64.urlsafe_b64encode(f"{tag}:{place}".encode()).decode().rstrip("=")),
    )
people = st.from_regex(r"\A[a-z0-9]{1,20}\Z").map(lambda name: f"e:{name}@example.com")
schemathesis.openapi.format(
    "address-cursor", people.map(lambda place: base64.urlsafe_b64encode(place.encode()).decode().rstrip("="))
)
# When a task is due, and its id.
tasks = st.tuples(st.integers(min_value=0, max_value=2**45), st.integers(min_value=1, max_value=2**53))
schemathesis.openapi.format(
    "task-cursor",
    tasks.map(lambda at: base64.urlsafe_b64encode(f"t:{at[0]}.{at[1]}".encode()).decode().rstrip("=")),
)
schemathesis.openapi.format("registered-domain", st.from_regex(r"\A[a-z][a-z0-9]{4,20}\.com\Z").map(lambda name: f"x{name}"))
schemathesis.openapi.format("sequence-number", st.integers(min_value=0, max_value=200).map(str))
# Moments to come: the API takes no end that has passed.
schemathesis.openapi.format(
    "date-time", st.datetimes(min_value=datetime(2100, 1, 1)).map(lambda at: at.isoformat(timespec="seconds") + "Z")
)
# What HubSpot made; whatever else is a token, HubSpot refuses.
schemathesis.openapi.format("hubspot-token", st.just(THINGS["token"]))
schemathesis.openapi.format("hubspot-webhook-secret", st.from_regex(r"[a-z0-9-]{20,40}", fullmatch=True))
# Addresses that nobody listens at.
schemathesis.openapi.format(
    "uri", st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).map(lambda word: f"http://127.0.0.1:9/{word}")
)


def possible(value):
    """What a JSON Schema cannot say: no range ends before it begins, no field of the host is mapped twice, a constant has no default, and
    no endpoint is the deployment itself, whose addresses the tool knows from answers."""
    if isinstance(value, list):
        names = [entry.get("field") for entry in value if isinstance(entry, dict) and "property" in entry]
        return len(names) == len({json.dumps(name) for name in names}) and all(map(possible, value))
    if isinstance(value, dict):
        low, high = value.get("from"), value.get("to")
        if "constant" in value and "default" in value:
            return False
        if isinstance(value.get("url"), str) and value["url"].startswith(THINGS["own"]):
            return False
        ordered = type(low) is not type(high) or low is None or isinstance(low, (dict, list)) or low <= high
        return ordered and all(map(possible, value.values()))
    return True


# What a condition over signals may be about; the filter is the same one elsewhere, where it is about other things.
OF_SIGNALS = {None, "account", "visitor", "company", "contact"}


def mended(value, of_signals):
    """The same, made possible: not every phase of the tool asks `filter_body`."""
    if isinstance(value, list):
        entries = [mended(entry, of_signals) for entry in value]
        # No field of the host is mapped twice.
        if all(isinstance(entry, dict) and "field" in entry for entry in entries):
            entries = list({json.dumps(entry.get("field")): entry for entry in entries}.values())
        # Nor has an attribute an option twice.
        if all(isinstance(entry, dict) and "label" in entry for entry in entries):
            entries = list({json.dumps(entry.get("value")): entry for entry in entries}.values())
        return entries
    if not isinstance(value, dict):
        return value
    value = {name: mended(entry, of_signals) for name, entry in value.items()}
    if not possible({name: value[name] for name in ("from", "to") if name in value}):
        value["from"], value["to"] = value["to"], value["from"]
    if "constant" in value:
        value.pop("default", None)
    if of_signals and "operator" in value and value.get("of") not in OF_SIGNALS:
        value["of"] = "account"
    return value


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """One line: the document says what each is. Several are several times the same to what reads them."""
    return value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"


@schemathesis.hook
def filter_body(context, body):
    return possible(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    # As the document asks: a key of its own for each request. Kept is what is no key at all.
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 255 and all("!" <= letter <= "~" for letter in key):
        case.headers["Idempotency-Key"] = (str(uuid.uuid4()) + key)[: max(len(key), 36)]
    # HTTP takes the spaces around a header's value away, and what is left is a key.
    elif isinstance(key, str) and key.strip() != key:
        case.headers["Idempotency-Key"] = "too long" * 40
    if case.meta is not None and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        case.body = mended(case.body, "/qualifying-lists" in case.operation.path)
    # One that came before is answered as it was then, whatever it says now.
    if case.operation.path.endswith(("/actions", "/signals", "/events")) and isinstance(case.body, dict):
        own = case.body.get("id")
        if isinstance(own, str) and own and own == own.strip() and len(own) <= 64:
            case.body["id"] = uuid.uuid4().hex
    # The tool draws the shortest and longest texts of a pattern by itself, which are nobody's tokens.
    if isinstance(case.body, dict) and isinstance(case.body.get("token"), str):
        if case.meta is not None and case.meta.generation.mode.is_positive:
            case.body["token"] = THINGS["token"]
    # Records that are there are needed by all other cases too: somebody who is not there is erased.
    if case.operation.path.endswith("/prospects/erase") and isinstance(case.body, dict):
        if case.body.get("id") in THINGS["record"]:
            case.body["id"] = "999999999999"
    # One of each is there to be removed; the others are needed by all other cases.
    if case.method == "DELETE":
        removed = case.operation.path.rsplit("/", 1)[1].strip("{}")
        what = CALLED.get(removed, removed)
        if what in SPARE and (case.path_parameters or {}).get(removed) in THINGS[what]:
            case.path_parameters[removed] = SPARE[what]
