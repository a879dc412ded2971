"""The statuses that refusals can have: clients make a lot of them."""

from tusline import errors


def test_refusals_keep_to_the_statuses_that_clients_can_deal_with() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    statuses = {kind.status for kind in kinds if issubclass(kind, errors.TuslineError)}
    assert 429 not in statuses  # Uppy would pause its whole queue
    assert not statuses & set(range(300, 400))
    assert {status for status in statuses if status >= 500} == {500, 503, 507}
