"""The promises of ports.CouncilQueue and ports.CouncilInbox, held over every adapter."""


def messages(number):
    return [{"id": str(n), "text": {"what_happened": f"مرحبا {n}"}} for n in range(number)]


def fill(queue, number):
    for message in messages(number):
        queue.send(message)


def test_messages_come_out_whole_and_in_order(queue):
    fill(queue, 3)
    assert queue.peek(limit=10) == messages(3)
    assert [taken.message for taken in queue.receive(2, 30)] == messages(3)[:2]


def test_the_same_id_is_not_a_second_message_even_after_it_was_deleted(queue):
    fill(queue, 1)
    fill(queue, 1)
    [taken] = queue.receive(10, 30)
    queue.delete(taken.handle)
    fill(queue, 1)
    assert queue.peek(10) == queue.receive(10, 30) == []


def test_a_received_message_is_hidden_until_its_time_is_up(queue, clock):
    fill(queue, 1)
    queue.receive(1, 30)
    assert queue.receive(1, 30) == queue.peek(10) == []
    clock.move(seconds=31)
    assert [taken.message for taken in queue.receive(1, 30)] == messages(1)


def test_a_deleted_message_is_gone_with_its_content(queue, clock):
    fill(queue, 2)
    [first, _] = queue.receive(2, 30)
    queue.delete(first.handle)
    clock.move(seconds=31)
    assert [taken.message["id"] for taken in queue.receive(10, 30)] == ["1"]
    assert "مرحبا 0" not in str(queue.database.connection().execute("SELECT * FROM messages").fetchall())


def test_a_handle_whose_time_ran_out_deletes_nothing_somebody_else_received(queue, clock):
    fill(queue, 1)
    [late] = queue.receive(1, 30)
    clock.move(seconds=31)
    queue.receive(1, 30)
    queue.delete(late.handle)
    clock.move(seconds=31)
    assert len(queue.receive(1, 30)) == 1
