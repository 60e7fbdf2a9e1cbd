"""no_grad: when recording stops, for whom, and until when."""

import asyncio
import threading

import numpy as np
import pytest

from autograd import GraphError, Tensor, Value, no_grad


def recorded():
    x = Value(3.0)
    return bool((x * x).parents)


@pytest.mark.parametrize("kind", [Value, lambda x: Tensor(x, requires_grad=True)])
def test_results_under_no_grad_are_constants(kind):
    x = kind(3.0)
    with no_grad():
        y = x * x
    assert y.data == 9.0
    assert y.parents == ()
    assert y.op is None
    assert not y.requires_grad
    with pytest.raises(GraphError, match=r"the root is a constant .*no_grad"):
        y.backward()


@pytest.mark.parametrize("kind", [Value, lambda x: Tensor(x, requires_grad=True)])
def test_no_gradient_flows_through_what_was_computed_under_no_grad(kind):
    x = kind(3.0)
    with no_grad():
        y = x * x
    (x * y).backward()
    assert x.grad == 9.0


def test_recording_goes_on_after_the_block():
    with no_grad():
        assert not recorded()
    assert recorded()


def test_nested_blocks_record_again_only_after_the_outermost():
    with no_grad():
        with no_grad():
            assert not recorded()
        assert not recorded()
    assert recorded()


def test_one_no_grad_can_be_entered_again_while_inside():
    mode = no_grad()
    with mode:
        with mode:
            assert not recorded()
        assert not recorded()
    assert recorded()
    with mode:
        assert not recorded()
    assert recorded()


def test_recording_goes_on_after_an_exception():
    with pytest.raises(KeyError, match="stop"), no_grad():
        raise KeyError("stop")
    assert recorded()


def test_as_a_decorator_it_holds_during_each_call():
    @no_grad()
    def predict(depth):
        """A docstring."""
        assert not recorded()
        return predict(depth - 1) if depth else "done"

    assert recorded()
    assert predict(3) == "done"
    assert recorded()
    assert predict.__doc__ == "A docstring."


def test_as_a_decorator_it_ends_with_an_exception():
    @no_grad()
    def fail():
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        fail()
    assert recorded()


def test_a_decorated_method_gets_self():
    class Model:
        @no_grad()
        def predict(self):
            return self, recorded()

    model = Model()
    assert model.predict() == (model, False)


def test_other_threads_keep_recording():
    inside, finish, seen = threading.Event(), threading.Event(), []

    def quiet():
        with no_grad():
            inside.set()
            finish.wait(5)
            seen.append(recorded())

    thread = threading.Thread(target=quiet)
    thread.start()
    inside.wait(5)
    assert recorded()
    finish.set()
    thread.join()
    assert seen == [False]


def test_one_no_grad_can_be_shared_by_threads():
    mode, barrier, seen = no_grad(), threading.Barrier(4, timeout=5), []

    @mode
    def decorated():
        barrier.wait()
        return recorded()

    def work():
        seen.append(recorded())
        seen.append(decorated())
        with mode:
            barrier.wait()
            seen.append(recorded())
            barrier.wait()
        seen.append(recorded())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [False] * 8 + [True] * 8


def test_async_tasks_do_not_see_each_others_mode():
    async def quiet():
        with no_grad():
            await asyncio.sleep(0)
            seen = recorded()
            await asyncio.sleep(0)
        return seen, recorded()

    async def loud():
        await asyncio.sleep(0)
        return recorded()

    async def main():
        return await asyncio.gather(quiet(), loud(), quiet(), loud())

    assert asyncio.run(main()) == [(False, True), True, (False, True), True]


def test_a_mode_entered_before_a_task_starts_holds_inside_the_task():
    async def task():
        return recorded()

    async def main():
        with no_grad():
            inside = asyncio.create_task(task())
        return await inside, recorded()

    assert asyncio.run(main()) == (False, True)


def test_a_decorated_coroutine_or_generator_computes_under_no_grad_or_is_refused():
    def use_generator():
        @no_grad()
        def generate():
            yield recorded()

        return next(generate())

    def use_coroutine():
        @no_grad()
        async def compute():
            return recorded()

        return asyncio.run(compute())

    for use in (use_generator, use_coroutine):
        try:
            result = use()
        except TypeError as refusal:
            assert "no_grad" in str(refusal)  # noqa: PT017
        else:
            assert result is False
    assert recorded()


def test_a_paused_generator_does_not_stop_its_caller_from_recording():
    def generate():
        with no_grad():
            yield recorded()
            yield recorded()

    generator = generate()
    assert next(generator) is False
    assert recorded()
    assert next(generator) is False
    generator.close()
    assert recorded()


def test_a_leaf_can_be_updated_under_no_grad():
    w = Tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    with no_grad():
        w.data = w.data - 0.5 * w.grad
    assert np.array_equal(w.data, [0.0, 0.0])
    assert w.requires_grad
