"""The endpoint of the page's benchmark answers as it says, and what a page showed becomes figures."""

from __future__ import annotations

import time

import pytest
from starlette.testclient import TestClient

from autoglm_ui.conversation import Conversation, Exchange, Reply
from autoglm_ui.store import History, MediaFolder, Record
from bench.page import endpoint, history, servers
from bench.page.endpoint import ANSWER, ANSWER_FROM, LAST, QUESTION, REASONING, number
from bench.page.environments import Environment
from bench.page.timeline import Seen, percentile, read
from engine.protocol import Message, TextPart


def test_every_token_carries_its_number():
    deltas = list(endpoint.chunks())
    numbers = [number(next(iter(delta.values()))) for delta in deltas]
    assert numbers == [*range(1, REASONING + 1), *range(ANSWER_FROM, ANSWER_FROM + ANSWER)]
    assert [*deltas[0]] == ["reasoning_content"] and [*deltas[REASONING]] == ["content"]


def test_no_text_of_a_history_is_taken_for_a_token():
    assert number(history.ANSWER) == 0


def test_a_task_made_of_the_question_is_not_the_question():
    assert endpoint.is_measured({"messages": [{"role": "user", "content": QUESTION}]})
    assert endpoint.is_measured({"messages": [{"content": [{"type": "text", "text": QUESTION}]}]})
    assert not endpoint.is_measured({"messages": [{"content": f"Write a title for this: {QUESTION}"}]})
    assert not endpoint.is_measured({"messages": []})


def test_the_endpoint_tells_once_what_it_was_asked():
    with TestClient(endpoint.create_app()) as client:
        [model] = client.get("/v1/models").json()["data"]
        body = {"model": model["id"], "messages": [{"role": "user", "content": "Hello"}]}
        whole = client.post("/v1/chat/completions", json=body).json()
        streamed = client.post("/v1/chat/completions", json=body | {"stream": True}).text
        listed, first, second = client.post("/record").json()
        assert client.post("/record").json() == []
    assert whole["choices"][0]["message"]["content"] == endpoint.SHORT
    assert f'"content": "{endpoint.SHORT}"' in streamed and streamed.endswith("data: [DONE]\n\n")
    assert listed["path"] == "/v1/models" and first["body_bytes"] > 0 and not first["measured"]
    assert len(second["sent"]) == 1


def test_what_was_shown_becomes_figures():
    sent = [100.0 + 0.008 * place for place in range(REASONING + ANSWER)]
    answered = sent[REASONING]
    updates = ((100.1, 5), (100.2, 15), (answered + 0.3, ANSWER_FROM), (112.0, LAST))
    tasks = ((99.0, 9.0), (100.5, 0.06), (101.0, 0.2), (112.5, 9.0))
    times = read(Seen(99.9, updates, tasks), sent)
    assert times.first_text == pytest.approx(0.1)
    assert times.first_answer == pytest.approx(0.3)
    assert times.wall == pytest.approx(12.1)
    assert times.largest_gap == pytest.approx(answered + 0.3 - 100.2)
    # What took long before the question and after the last token is not the reply's.
    assert times.long_tasks == pytest.approx(0.26)


@pytest.mark.parametrize("updates", [(), ((100.1, 5), (101.0, LAST - 1))])
def test_a_reply_that_was_not_shown_whole_is_no_figure(updates):
    with pytest.raises(ValueError, match=f"of {LAST}"):
        read(Seen(99.9, updates), [100.0] * (REASONING + ANSWER))


def test_a_percentile_is_one_of_the_values():
    gaps = [float(gap) for gap in range(1, 101)]
    assert percentile(gaps, 0.95) == 95.0
    assert percentile([3.0], 0.95) == 3.0


def test_a_long_conversation_is_one_of_the_visitors_own(tmp_path):
    kept = History(tmp_path / history.DATABASE, MediaFolder(tmp_path / "media"))
    hello = Exchange(Message("user", (TextPart("Hello"),)), Reply(status="done", id="r"), "e", time.time())
    kept.save(Record("c", "visitor:me", Conversation((hello,))))
    question = history.fill(tmp_path, 200)
    [newest, _] = kept.entries("visitor:me")
    record = kept.load(newest.id, "visitor:me")
    kept.close()
    assert record and len(record.conversation.exchanges) == 100
    assert record.conversation.exchanges[-1].user.text == question


def test_an_environment_that_is_there_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.page.environments.FOLDER", tmp_path)
    there = Environment("peer", ("peer==1.0",))
    there.folder.mkdir()
    (there.folder / "packages").write_text("peer==1.0", encoding="utf-8")
    there.make()
    assert not (there.folder / "bin").exists()


def test_a_program_that_ends_at_once_says_why():
    with (
        pytest.raises(RuntimeError, match="no such thing"),
        servers.running(["sh", "-c", "echo no such thing; exit 3"], {}, servers.free_port()),
    ):
        pass
