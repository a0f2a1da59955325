"""Dispatch: priority, then the longest wait; skills; who is left out for a while."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fernamt.exchange.dispatch import Free, Offer, Waiting, dispatch, look_again_at, may_take

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def waiting(call: str, since: float, priority: int = 0, **more: object) -> Waiting:
    return Waiting(call=call, since=at(since), priority=priority, **more)  # type: ignore[arg-type]


def free(agent: str, since: float = 0, **skills: int) -> Free:
    return Free(agent=agent, since=at(since), skills=skills)


def in_turn(*queue: Waiting) -> list[Waiting]:
    return sorted(queue, key=lambda waiting: waiting.turn)


def test_the_longest_waiting_call_goes_to_the_agent_who_was_free_longest() -> None:
    queue = in_turn(waiting("late", 10), waiting("early", 5))

    offers = dispatch(queue, [free("mia", 3), free("tom", 1)], at(20))

    assert offers == [Offer(call="early", agent="tom"), Offer(call="late", agent="mia")]


def test_priority_goes_before_the_wait() -> None:
    queue = in_turn(waiting("early", 5), waiting("urgent", 10, priority=1))

    assert dispatch(queue, [free("mia")], at(20)) == [Offer(call="urgent", agent="mia")]


def test_a_call_waits_for_its_skill_and_lets_later_ones_pass() -> None:
    queue = in_turn(waiting("turkish", 5, skills={"turkish": 3}), waiting("plain", 10))

    assert dispatch(queue, [free("mia", turkish=2)], at(20)) == [Offer(call="plain", agent="mia")]


def test_the_skill_no_longer_counts_once_the_call_is_widened() -> None:
    queue = [waiting("turkish", 5, skills={"turkish": 3}, widen_at=at(35))]

    assert dispatch(queue, [free("mia")], at(34)) == []
    assert dispatch(queue, [free("mia")], at(35)) == [Offer(call="turkish", agent="mia")]


def test_an_agent_who_did_not_take_a_call_is_not_offered_it_again_at_once() -> None:
    queue = [waiting("call", 5, left_out={"mia": at(60)})]

    assert dispatch(queue, [free("mia")], at(59)) == []
    assert dispatch(queue, [free("mia")], at(60)) == [Offer(call="call", agent="mia")]


def test_the_queue_is_looked_at_again_when_time_alone_makes_an_offer_possible() -> None:
    queue = [
        waiting("a", 5, skills={"turkish": 1}, widen_at=at(90)),
        waiting("b", 5, left_out={"mia": at(60), "tom": at(10)}),
    ]

    assert look_again_at(queue, at(20)) == at(60)
    assert look_again_at(queue, at(60)) == at(90)
    assert look_again_at(queue, at(90)) is None


seconds = st.integers(0, 50)
skills = st.dictionaries(st.sampled_from(["kfz", "turkish"]), st.integers(1, 3))
agents = st.lists(
    st.builds(Free, agent=st.sampled_from("abcdef"), since=st.builds(at, seconds), skills=skills),
    unique_by=lambda agent: agent.agent,
)
calls = st.lists(
    st.builds(
        Waiting,
        call=st.sampled_from([str(number) for number in range(9)]),
        since=st.builds(at, seconds),
        priority=st.integers(0, 2),
        skills=skills,
        widen_at=st.none() | st.builds(at, seconds),
        left_out=st.dictionaries(st.sampled_from("abcdef"), st.builds(at, seconds)),
    ),
    unique_by=lambda waiting: waiting.call,
)


@given(calls, agents, seconds)
def test_no_call_and_no_agent_is_offered_twice_and_nobody_gets_what_they_may_not_take(
    queue: list[Waiting], agents: list[Free], now: int
) -> None:
    offers = dispatch(in_turn(*queue), agents, at(now))

    assert len({offer.call for offer in offers}) == len(offers)
    assert len({offer.agent for offer in offers}) == len(offers)
    by_call = {waiting.call: waiting for waiting in queue}
    by_agent = {agent.agent: agent for agent in agents}
    assert all(may_take(by_call[o.call], by_agent[o.agent], at(now)) for o in offers)


@given(calls, agents, seconds)
def test_no_caller_is_passed_over_for_a_later_one_whose_agent_could_have_taken_them(
    queue: list[Waiting], agents: list[Free], now: int
) -> None:
    queue = in_turn(*queue)
    offers = {offer.call: offer.agent for offer in dispatch(queue, agents, at(now))}
    by_agent = {agent.agent: agent for agent in agents}

    for place, earlier in enumerate(queue):
        if earlier.call in offers:
            continue
        for later in queue[place + 1 :]:
            if later.call in offers:
                assert not may_take(earlier, by_agent[offers[later.call]], at(now))


@given(calls, agents, seconds)
def test_no_agent_stays_free_who_may_take_a_call_that_still_waits(
    queue: list[Waiting], agents: list[Free], now: int
) -> None:
    offers = dispatch(in_turn(*queue), agents, at(now))
    taken, served = {offer.agent for offer in offers}, {offer.call for offer in offers}

    for agent in agents:
        for call in queue:
            if agent.agent not in taken and call.call not in served:
                assert not may_take(call, agent, at(now))
