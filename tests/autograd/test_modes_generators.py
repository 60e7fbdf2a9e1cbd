"""no_grad in generators and async generators: on where it was switched on, and nowhere else."""

import asyncio
import contextlib
import gc
import threading

import pytest

from autograd import Value, no_grad
from autograd.modes import leave_all


def recorded():
    return bool((Value(3.0) * 2).parents)


def quiet(times=2):
    with no_grad():
        for _ in range(times):
            yield recorded()
    yield recorded()


def test_a_generator_paused_inside_no_grad_does_not_stop_its_consumer():
    seen = []
    for inside in quiet():
        seen.append((inside, recorded()))
    assert seen == [(False, True), (False, True), (True, True)]


def test_the_consumers_no_grad_holds_in_the_generator_while_it_runs():
    def loud():
        while True:
            yield recorded()

    generator = loud()
    assert next(generator)
    with no_grad():
        assert not next(generator)
    assert next(generator)


def test_generators_closed_in_the_order_they_were_opened_leave_nothing():
    first, second = quiet(), quiet()
    assert [next(first), next(second)] == [False, False]
    first.close()
    assert recorded()
    assert next(second) is False
    second.close()
    assert recorded()


def test_generators_that_share_one_mode_each_keep_their_own():
    mode = no_grad()

    def generate():
        with mode:
            yield recorded()
            yield recorded()
        yield recorded()

    first, second = generate(), generate()
    assert [next(first), next(second)] == [False, False]
    first.close()
    assert next(second) is False
    assert next(second) is True
    assert recorded()


def test_a_generator_that_is_thrown_into_or_forgotten_leaves_nothing():
    generator = quiet()
    next(generator)
    with pytest.raises(KeyError, match="stop"):
        generator.throw(KeyError("stop"))
    assert recorded()
    generator = quiet()
    next(generator)
    del generator
    gc.collect()
    with no_grad():
        assert not recorded()
    assert recorded()


def test_no_grad_reaches_what_a_generator_calls_and_delegates_to():
    def inner():
        yield recorded()

    def outer():
        with no_grad():
            yield from inner()
            yield recorded()

    for inside in outer():
        assert not inside
        assert recorded()


def test_a_decorated_generator_is_quiet_and_its_consumer_is_not():
    @no_grad()
    def generate():
        received = yield recorded()
        return received, recorded()

    generator = generate()
    assert next(generator) is False
    assert recorded()
    with pytest.raises(StopIteration) as end:
        generator.send("word")
    assert end.value.value == ("word", False)


def test_a_generator_expression_inside_a_block_is_lazy():
    with no_grad():
        lazy = (recorded() for _ in range(1))
    assert next(lazy) is True


def test_nested_generators_keep_apart():
    def outer():
        inner = quiet()
        yield next(inner), recorded()
        with no_grad():
            yield next(inner), recorded()
        yield next(inner), recorded()

    assert list(outer()) == [(False, True), (False, False), (True, True)]


@contextlib.contextmanager
def evaluating():
    with no_grad():
        yield


def test_a_context_manager_made_of_a_generator_holds_in_its_block():
    with evaluating():
        assert not recorded()
        with evaluating():
            assert not recorded()
        assert not recorded()
    assert recorded()
    with pytest.raises(KeyError, match="stop"), evaluating():
        raise KeyError("stop")
    assert recorded()

    @evaluating()
    def decorated():
        return recorded()

    assert not decorated()
    assert recorded()


def test_an_exit_stack_holds_a_mode_until_it_closes():
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_grad())
        assert not recorded()
    assert recorded()


def test_async_generators_and_their_consumers_keep_apart():
    async def agen():
        with no_grad():
            yield recorded()
            await asyncio.sleep(0)
            yield recorded()
        yield recorded()

    async def consume():
        seen = []
        async for inside in agen():
            seen.append((inside, recorded()))
            await asyncio.sleep(0)
        return seen

    async def main():
        return await asyncio.gather(consume(), consume())

    expected = [(False, True), (False, True), (True, True)]
    assert asyncio.run(main()) == [expected, expected]
    assert recorded()


def test_an_async_generator_that_is_closed_early_leaves_nothing():
    async def agen():
        with no_grad():
            while True:
                yield recorded()

    async def main():
        generator = agen()
        first = await anext(generator)
        await generator.aclose()
        return first, recorded()

    assert asyncio.run(main()) == (False, True)


def test_a_decorated_async_generator_is_sent_to_thrown_into_and_closed_as_itself():
    log = []

    @no_grad()
    async def agen():
        try:
            log.append((yield "first"))
            try:
                yield "second"
            except KeyError:
                yield "caught"
        finally:
            log.append("closed")

    async def main():
        running = agen()
        told = [await anext(running), await running.asend("sent")]
        told.append(await running.athrow(KeyError()))
        await running.aclose()
        log.append("after")
        return told, [x async for x in agen()]

    expected = ["first", "second", "caught"], ["first", "second"]
    assert asyncio.run(main()) == expected
    assert log == ["sent", "closed", "after", None, "closed"]


def test_an_async_context_manager_and_a_decorated_async_generator():
    @contextlib.asynccontextmanager
    async def evaluating():
        with no_grad():
            yield

    @no_grad()
    async def agen():
        yield recorded()

    async def main():
        async with evaluating():
            inside = recorded()
        return inside, recorded(), [x async for x in agen()], recorded()

    assert asyncio.run(main()) == (False, True, [False], True)


def test_a_mode_in_a_coroutine_holds_across_await_and_ends_with_it():
    async def inner():
        return recorded()

    async def outer():
        with no_grad():
            return await inner()

    async def main():
        return await outer(), recorded()

    assert asyncio.run(main()) == (False, True)


def test_a_generator_moved_to_another_thread_does_not_stop_that_thread():
    generator, seen = quiet(), []
    next(generator)

    def work():
        next(generator, None)
        seen.append(recorded())
        generator.close()
        seen.append(recorded())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True, True]
    assert recorded()
    leave_all()  # this thread does not hear that the generator has ended in another
