import numpy as np
import pytest

from personae.audit.cdsae import SequentialAutoencoder, audit_fairness, fair_circle, fit_columns
from personae.errors import BadInput

torch = pytest.importorskip("torch")

SMALL = {"n_latent": 2, "n_hidden": 16, "n_steps": 30, "batch_size": 16}


@pytest.fixture(scope="module")
def people():
    random = np.random.default_rng(0)
    a, domain = random.integers(2, size=600), np.repeat([0, 1, 2], 200)
    kind = np.eye(3)[random.integers(3, size=600)]
    x = np.column_stack([random.normal(size=600) + a, random.normal(size=600), kind])
    return x, a, (x[:, 1] > 0).astype(int), domain


@pytest.fixture(scope="module")
def model(people):
    return SequentialAutoencoder(blocks=(3,), **SMALL).fit(*people)


def test_the_divergence_of_normals_is_the_textbook_one():
    """KL(N(1, e^0.5) || N(0, 1)) = (e^0.5 + 1 - 1 - 0.5) / 2; KL(N(1, 1) || N(3, 4)) = ln 2 + (1 + 4) / 8 - 1 / 2."""
    from personae.audit.cdsae._net import Normal

    one = Normal(torch.tensor([1.0]), torch.tensor([0.5]))
    assert one.divergence().item() == pytest.approx((np.exp(0.5) - 0.5) / 2)
    other = Normal(torch.tensor([3.0]), torch.tensor([np.log(4.0)], dtype=torch.float32))
    unit = Normal(torch.tensor([1.0]), torch.tensor([0.0]))
    assert unit.divergence(other).item() == pytest.approx(np.log(2) + 5 / 8 - 1 / 2)


def test_a_twin_keeps_its_category_where_the_probabilities_are_equal():
    from personae.audit.cdsae._net import Sizes
    from personae.audit.cdsae.twins import keep_noise

    log_p = torch.log_softmax(torch.randn(500, 4), -1)
    seen = torch.eye(4)[torch.randint(4, (500,))]
    assert torch.equal(keep_noise(seen, log_p, log_p, Sizes(0, (4,)), torch.rand(500, 4)), seen)


def test_twins_of_people_drawn_from_one_distribution_have_the_other():
    """Categories drawn with p = (.7, .2, .1), twins under (.2, .2, .6): Gumbel-max twins have the second distribution."""
    from personae.audit.cdsae._net import Sizes
    from personae.audit.cdsae.twins import keep_noise

    torch.manual_seed(0)
    p, q = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.2, 0.2, 0.6])
    seen = torch.eye(3)[torch.multinomial(p.expand(40_000, 3), 1)[:, 0]]
    twins = keep_noise(
        seen, p.log().expand(40_000, 3), q.log().expand(40_000, 3), Sizes(0, (3,)), torch.rand(40_000, 3)
    )
    assert twins.mean(0).numpy() == pytest.approx(q.numpy(), abs=0.01)
    assert bool((twins.sum(-1) == 1).all())
    assert torch.equal(twins[seen[:, 2] == 1], seen[seen[:, 2] == 1])  # what only gained stays


def test_numbers_move_by_what_the_decoder_changes_and_unseen_categories_stay_unseen():
    from personae.audit.cdsae._net import Sizes
    from personae.audit.cdsae.twins import keep_noise, likeliest

    as_is, as_other = torch.tensor([[1.0, -0.1, -2.4]]), torch.tensor([[3.0, -2.4, -0.1]])
    twin = keep_noise(torch.tensor([[5.0, 0.0, 0.0]]), as_is, as_other, Sizes(1, (2,)), torch.rand(1, 3))
    assert twin.tolist() == [[7.0, 0.0, 0.0]]
    assert likeliest(as_other, Sizes(1, (2,))).tolist() == [[3.0, 0.0, 1.0]]


def test_a_walk_over_domains_gives_every_factor_and_prior_its_shape(model, people):
    x = torch.tensor(people[0][:12], dtype=torch.float32).reshape(3, 4, 5)
    factors, priors = model.network_.walk(x, torch.ones(3, 4, 1))
    assert [tuple(each.mean.shape) for each in factors] == [(3, 4, 2)] * 4
    assert [tuple(each.mean.shape) for each in priors] == [(3, 1, 2)] * 2


def test_without_time_every_domain_has_the_standard_prior(people):
    found = SequentialAutoencoder(blocks=(3,), is_sequential=False, **SMALL).fit(*people)
    first, second = found.network_.prior(found.memories_[2])
    assert not first.mean.any()
    assert not second.log_variance.any()


def test_fits_are_alike_under_a_seed_and_leave_their_input_alone(people, model):
    before = people[0].copy()
    again = SequentialAutoencoder(blocks=(3,), **SMALL).fit(*people)
    assert np.array_equal(again.probability(people[0], people[1]), model.probability(people[0], people[1]))
    assert np.array_equal(people[0], before)
    p = model.probability(people[0], people[1])
    assert ((p >= 0) & (p <= 1)).all()


def test_domains_past_the_training_are_rolled_to(model, people):
    x, a, _, domain = people
    near, far = model.twins(x, a, domain + 3), model.twins(x, a, domain + 30)
    assert near.shape == far.shape == x.shape
    assert np.isfinite(far).all()
    assert np.array_equal(near[:, 2:].sum(axis=1), np.ones(len(x)))


def test_the_fairness_loss_takes_away_what_turns_on_the_attribute():
    random = np.random.default_rng(1)
    a, domain = random.integers(2, size=1000), np.repeat([0, 1], 500)
    x = np.column_stack([random.normal(size=1000) + 2 * a, random.normal(size=1000)])
    y = (x.sum(axis=1) + random.normal(size=1000) > 1).astype(int)
    twins = x + (1 - 2 * a)[:, None] * [2.0, 0.0]
    effects = [
        audit_fairness(
            SequentialAutoencoder(fairness=weight, n_latent=2, n_hidden=16, n_steps=100).fit(x, a, y, domain).probability,
            x, a, y, twins,
        ).total_effect
        for weight in (0.0, 3.0)
    ]  # fmt: skip
    assert effects[1] < 0.7 * effects[0]


def test_probabilities_are_as_high_as_the_outcome_is_frequent():
    """Trained for two steps the classifier knows nothing yet: the curve alone puts the mean at the share of y, here a fifth."""
    random = np.random.default_rng(2)
    x, a, domain = random.normal(size=(1000, 2)), random.integers(2, size=1000), np.repeat([0, 1], 500)
    y = (x[:, 0] > 0.84).astype(int)
    found = SequentialAutoencoder(n_latent=2, n_hidden=16, n_steps=2).fit(x, a, y, domain)
    assert found.probability(x, a).mean() == pytest.approx(y.mean(), abs=0.005)


def test_an_audit_by_hand():
    """Four people, p = .9 .4 .6 .1 and twins' p = .7 .6 .4 .1 for a = 1 1 0 0: effect ((.9 + .4 + .4 + .1) - (.7 + .6 + .6 + .1)) / 4."""
    x = np.array([[0.9], [0.4], [0.6], [0.1]])
    found = audit_fairness(
        lambda x, a: x[:, 0], x, [1, 1, 0, 0], [1, 0, 1, 1], np.array([[0.7], [0.6], [0.4], [0.1]])
    )
    assert found.total_effect == pytest.approx(0.05)
    assert found.counterfactual_gap == pytest.approx(0.15)
    assert (found.flipped, found.accuracy, found.parity_gap) == (0.5, 0.75, 0.0)
    assert np.isnan(found.odds_gap)  # nobody with a = 0 and y = 0
    assert found.n_people == 4


def test_gaps_are_those_of_fairlearn():
    metrics = pytest.importorskip("fairlearn.metrics")
    random = np.random.default_rng(0)
    x, a, y = random.random((300, 1)), random.integers(2, size=300), random.integers(2, size=300)
    found = audit_fairness(lambda x, a: x[:, 0], x, a, y, x)
    decided = x[:, 0] >= 0.5
    assert found.parity_gap == pytest.approx(
        metrics.demographic_parity_difference(y, decided, sensitive_features=a)
    )
    assert found.odds_gap == pytest.approx(
        metrics.equalized_odds_difference(y, decided, sensitive_features=a)
    )


def test_true_twins_of_the_circle_share_everything_but_a():
    made = fair_circle(5, 200, random_state=3)
    assert (made.twins - made.x)[:, 0] == pytest.approx(np.where(made.a == 1, -0.5, 0.5))
    assert np.array_equal(made.labels(made.x), made.y)
    assert 0 < (made.twin_y != made.y).mean() < 0.3
    assert np.corrcoef(made.a, made.y)[0, 1] > 0.2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, a, y, d: (x, a, np.zeros_like(y), d), "y must be 0 for some"),
        (lambda x, a, y, d: (x, np.ones_like(a), y, d), "a must be 0 for some"),
        (lambda x, a, y, d: (x, a, y, d * 2), "Domains must be numbered"),
        (lambda x, a, y, d: (np.where(x > 2, np.nan, x), a, y, d), "finite numbers"),
        (lambda x, a, y, d: (x[:-1], a, y, d), "one of each a person"),
    ],
)
def test_people_that_cannot_be_learned_from_are_refused(people, change, words):
    with pytest.raises(BadInput, match=words):
        SequentialAutoencoder(blocks=(3,), **SMALL).fit(*change(*people))


def test_what_was_not_learned_cannot_predict(people):
    with pytest.raises(BadInput, match="fit"):
        SequentialAutoencoder().probability(people[0], people[1])


def test_one_class_in_a_cohort_is_learned_from(people):
    x, a, y, domain = people
    found = SequentialAutoencoder(blocks=(3,), **SMALL).fit(x, a, np.where(domain == 0, 0, y), domain)
    assert np.isfinite(found.probability(x, a)).all()


def test_unseen_categories_missing_numbers_and_bad_ones():
    rows = [{"age": "20", "work": "state"}, {"age": "40", "work": "own"}]
    columns = fit_columns(rows, ["age"], ["work"], least=1)
    assert columns([{"age": "", "work": "?"}]).tolist() == [[0.0, 0.0, 0.0]]
    with pytest.raises(BadInput, match="Row 1: age is not a number"):
        columns([{"age": "young", "work": "own"}])
    with pytest.raises(BadInput, match="no category with 5"):
        fit_columns(rows, ["age"], ["work"], least=5)
    with pytest.raises(BadInput, match="Row 1: age is not a number"):
        fit_columns([{"age": "inf", "work": "own"}], ["age"], [])


@pytest.mark.parametrize("predict", [lambda x, a: np.full(len(x), 2.0), lambda x, a: np.zeros((len(x), 2))])
def test_what_is_no_probability_is_refused(people, predict):
    with pytest.raises(BadInput, match="one probability"):
        audit_fairness(predict, people[0], people[1], people[2], people[0])
