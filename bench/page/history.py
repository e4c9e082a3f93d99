"""Conversations that were long before the question came."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from autoglm_ui.conversation import Conversation, Exchange, Reply
from autoglm_ui.store import History, MediaFolder, Record
from autoglm_ui.store.schema import Database
from engine.protocol import Message, TextPart

DATABASE = "conversations.db"

#: An answer of a usual length. No word of it ends in a number: those are the endpoint's.
ANSWER = """The screen shows the settings of the phone, and the row for wireless networks is **open**.

- the first row leads to the networks that are in reach
- the second row says how much was sent and received
- the third row turns everything off at once

Tap the second row, wait until the list is there, and read what stands beside the name.

```python
do(action="Tap", element=[row, column])
```
"""


def fill(folder: Path, messages: int) -> str:
    """Save a conversation of `messages` messages for the first visitor that the data in `folder` knows.

    Returns what its last question says.
    """
    database = Database(folder / DATABASE)
    [[owner]] = database.read("SELECT owner FROM conversations ORDER BY created LIMIT 1")
    database.close()
    exchanges = messages // 2
    history = History(folder / DATABASE, MediaFolder(folder / "media"))
    try:
        said = tuple(_exchange(place + 1, exchanges) for place in range(exchanges))
        history.save(Record(uuid.uuid4().hex, owner, Conversation(said)))
    finally:
        history.close()
    return said[-1].user.text


def _exchange(place: int, exchanges: int) -> Exchange:
    reply = Reply(status="done", answer=ANSWER, finish="stop", id=uuid.uuid4().hex, backend="bench")
    question = Message("user", (TextPart(f"Question {place} of {exchanges}: what is on the screen?"),))
    return Exchange(question, reply, uuid.uuid4().hex, time.time() - exchanges + place)
