"""What `wattmark list tasks` says of each."""

from __future__ import annotations

from command import wattmark


def test_tasks_tell_their_options_and_licences() -> None:
    listed = {line["name"]: line for line in wattmark("list", "tasks", "--json").json["tasks"]}
    squad, hub = listed["squad"], listed["hf"]
    assert squad["available"]
    assert squad["asks_for"] == "squad:data=sample"
    assert (squad["kind"], squad["queries"], squad["with_answers"]) == ("causal", 40, 40)
    assert "own writing" in squad["licence"]
    assert set(squad["options"]) == {"data", "mode", "split", "version"}
    assert hub["available"]
    assert hub["asks_for"].startswith("hf:<org/name")
    assert "queries" not in hub
    shown = wattmark("list", "tasks").out
    assert "      mode=… open: the passage is in the prompt" in shown
    assert "      licence: " in shown
    # Of all lists together each task is one line.
    assert "licence: " not in wattmark("list").out
