"""Mistakes that one could make in the product, each small, and which tests must notice it."""

from dataclasses import dataclass

SCHEDULES = "tests/faults/test_schedules.py"
SQLITE, AWS = ("-k", "sqlite and not clock"), ("-k", "aws and late and (answer or after)")  # an applied call


@dataclass(frozen=True)
class Mutant:
    """`old` stands once in functions/heard/`file` and becomes `new`; a test of `killers` has to fail then."""

    name: str
    file: str
    old: str
    new: str
    killers: tuple[str, ...] = (SCHEDULES, *SQLITE)


MUTANTS = [
    Mutant(
        "marked as passed on before it is sent",
        "deliver.py",
        "        outcome = self._send(case, entry, unknown_before)\n",
        "        self._settle(case_id, entry, None)\n        outcome = self._send(case, entry, unknown_before)\n",
    ),
    Mutant(
        "no condition on the put",
        "adapters/dynamodb.py",
        'ConditionExpression="attribute_not_exists(id)"',
        'ConditionExpression="attribute_not_exists(nothing)"',
        (SCHEDULES, *AWS),
    ),
    Mutant(
        "the second write of a case wins",
        "adapters/sqlite.py",
        'ON CONFLICT (id) DO NOTHING",\n            (case.id, case.ref',
        'ON CONFLICT (id) DO UPDATE SET record = excluded.record",\n            (case.id, case.ref',
    ),
    Mutant(
        "no lease",
        "deliver.py",
        "return self.store.replace(case.with_entry(taken)), taken, entry.unknown_since",
        "return case, taken, entry.unknown_since",
        (SCHEDULES, *AWS),
    ),
    Mutant(
        "a newer state is written whatever was read",
        "adapters/sqlite.py",
        "record = ? WHERE id = ? AND revision = ?",
        "record = ? WHERE id = ? AND revision >= 0 * ?",
        (SCHEDULES, "-k", "sqlite and second"),
    ),
    Mutant(
        "the case's id comes from the server's clock",
        "receipt.py",
        'hashlib.sha256(f"case\\0{key}".encode',
        "hashlib.sha256(str(__import__('time').time_ns()).encode",
    ),
    Mutant(
        "the code comes from chance",
        "receipt.py",
        'secret = int.from_bytes(_hmac(pepper, "code", key))',
        'secret = int.from_bytes(__import__("os").urandom(32))',
    ),
    Mutant(
        "time to live from the moment of accepting",
        "case.py",
        '        if not has_all or self.standing != "closed" or self.waits_for_next_stage:\n            return None\n',
        '        if not has_all or self.standing != "closed" or self.waits_for_next_stage:\n'
        "            return '2026-01-01T00:00:00.000Z'\n",
    ),
    Mutant(
        "what is said since is a new thing each time it arrives",
        "say.py",
        "        if any(known.id == said_id for known in case.said):\n            return _repeated(holder, said_id)\n",
        "        said_id = __import__('os').urandom(16).hex()\n",
    ),
    Mutant(
        "what is said since is not passed on",
        "case.py",
        "outbox=(*self.outbox, entry))",
        "outbox=self.outbox)",
    ),
    Mutant(
        "the last update that arrives is the latest",
        "case.py",
        "tuple(sorted((*self.updates, update), key=lambda known: known.version))",
        "(*self.updates, update)",
    ),
    Mutant(
        "an update said twice is a mistake",
        "update.py",
        "        if known == new:\n            return case\n",
        "",
        (SCHEDULES, "-k", "sqlite and soon and answer"),
    ),
    Mutant("an unsafe channel is good enough", "letters.py", ' and contact.get("contact_is_safe") == "yes"', "",
           ("tests/unit/test_triage_and_letters.py", "tests/unit/test_life_of_a_case.py")),
    Mutant("a letter that may have gone out goes out again", "deliver.py", "elif unknown_before:", "elif False:"),
    Mutant(
        "what was sent stands in the log",
        "web.py",
        "    response = _answer(step, request, services)\n",
        "    response = _answer(step, request, services)\n    log.logger.info(request.body.decode())\n",
    ),
    Mutant(
        "a time-out counts as not sent",
        "adapters/sqs.py",
        "except (EndpointConnectionError, ConnectTimeoutError):",
        "except Exception:",
        (SCHEDULES, "-k", "aws and answer"),
    ),
    Mutant(
        "boto3 tries again by itself",
        "adapters/sqs.py",
        '"total_max_attempts": 1',
        '"total_max_attempts": 3',
        ("tests/contracts/test_queue.py",),
    ),
    Mutant(
        "a repeat is flagged by the clock",
        "deliver.py",
        "build(case, entry, unknown_before is not None,",
        "build(case, entry, bool(unknown_before) and self.clock() > datetime.fromisoformat(unknown_before)"
        " + timedelta(minutes=5),",
        (SCHEDULES, "-k", "aws and late-clock-behind and after"),
    ),
    Mutant(
        "other answers under a used key are taken for a repeat",
        "receive.py",
        "if (kept.digest, kept.form) != (case.digest, case.form):",
        "if False:",
    ),
    Mutant(
        "the digest is of something else",
        "message.py",
        '"answers_sha256": case.digest',
        '"answers_sha256": "0" * 64',
    ),
    Mutant(
        "an event that waits behind another keeps the case due",
        "case.py",
        "return min((entry.due for entry in [*nexts, *parked] if entry), default=None)",
        "return min((entry.due for entry in self.outbox), default=None)",
        ("tests/unit/test_ses.py",),
    ),
    Mutant(
        "one that cannot be read stops the sweep",
        "adapters/sqlite.py",
        'log.note("store", "unreadable", problem=type(unreadable).__name__)\n                continue',
        "raise",
        ("tests/contracts/test_store.py",),
    ),
]  # fmt: skip
