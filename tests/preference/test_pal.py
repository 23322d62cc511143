import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.logistic import sigmoid
from personae.people.records import Preference
from personae.preference import PAL, comparisons, fit_population
from personae.preference.pal._space import Geometry, Space, gelu, two_layers
from personae.preference.pal._training import Batch, Plan, Trainer, first_guesses

torch = pytest.importorskip("torch")
N_ITEMS = 24
VECTORS = np.random.default_rng(1).normal(size=(N_ITEMS, 6))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def vectors_of(items):
    return np.array([VECTORS[int(text)] for _, text in items])


def planted(n_people=60, n_rows=20, seed=0, n_groups=3, first="p"):
    """Each group likes what points its own way; the ways of all groups cancel."""
    random = np.random.default_rng(seed)
    ways = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0][:n_groups]
    ways = ways - ways.mean(axis=0)
    made = []
    for number in range(n_people):
        liking = VECTORS @ ways[number % n_groups]
        for _ in range(n_rows):
            a, b = random.choice(N_ITEMS, 2, replace=False)
            is_a = random.random() < sigmoid(8 * (liking[a] - liking[b]))
            made.append(Preference(f"{first}{number}", "", str(a), str(b), "a" if is_a else "b"))
    return made


SMALL = {"features": vectors_of, "hidden": 16, "size": 8, "batch_size": 64, "rate": 5e-3, "n_rounds": 4}
PLAIN = SMALL | {"with_population": False, "n_directions": 0}


def right(pal, rows):
    return float(np.mean((pal.probs(rows).probability > 0.5) == [row.choice == "a" for row in rows]))


def some_space(learner, k=3, seed=0):
    random = np.random.default_rng(seed)
    project = tuple(random.normal(size=shape) for shape in ((6, 5), (5,), (5, 4), (4,)))
    if learner == "dist":
        ideal = (random.normal(size=(k, 6)),)
    else:
        ideal = tuple(random.normal(size=shape) for shape in ((k, 6, 5), (k, 5), (k, 5, 4), (k, 4)))
    return Space(learner, project, ideal, 2.0)


def test_the_margin_of_distances_is_the_papers_by_hand():
    """Two points on a line at 0 and 3, the ideal half way between prototypes at 0 and 2: |3 - 1| - |0 - 1| = 1."""
    seen = Geometry(
        np.array([[0.0, 0.0], [0.0, 6.0]]), np.array([0.0, 9.0]), np.array([[[0.0, 0.0], [0.0, 4.0]]])
    )
    space = Space("dist", (), (), 1.0)
    margin, slopes = space.margins(np.zeros((1, 2)), seen, np.array([[0]]), np.array([[1]]))
    assert margin.item() == pytest.approx(1.0, abs=1e-5)
    assert slopes[0, 0] == pytest.approx([1.0, -1.0], abs=1e-5)  # 3 - 4 p, p (1 - p) = 1/4


def test_the_margin_of_angles_is_the_papers_by_hand():
    """Cosines of (1, 1)/2 with (1, 0) and (0, -1): 1/sqrt(2) and -1/sqrt(2)."""
    seen = Geometry(np.array([[1.0, 0.0], [0.0, -1.0]]), np.ones(2), np.eye(2)[None])
    margin, _ = Space("angle", (), (), 3.0).margins(np.zeros((1, 2)), seen, np.array([[0]]), np.array([[1]]))
    assert margin.item() == pytest.approx(3 * np.sqrt(2), abs=1e-4)


@pytest.mark.parametrize("learner", ["dist", "angle"])
def test_inner_products_give_what_points_and_mixtures_give(learner):
    space, weights = some_space(learner), np.array([[0.3, -1.0, 0.7]])
    contexts = np.random.default_rng(5).normal(size=(N_ITEMS, 6))
    a, b = np.array([[0, 3]]), np.array([[1, 2]])
    margin, slopes = space.margins(weights, space.geometry(VECTORS, contexts), a, b)
    shares = np.exp(weights[0]) / np.exp(weights[0]).sum()
    points = two_layers(VECTORS, space.project)
    for row, (one, other) in enumerate(zip(a[0], b[0], strict=True)):
        if learner == "dist":
            ideal = shares @ two_layers(space.ideal[0], space.project)
            expected = np.linalg.norm(points[other] - ideal) - np.linalg.norm(points[one] - ideal)
        else:
            contexts[b] = contexts[a]
            ideal = shares @ np.stack(
                [two_layers(contexts[one], tuple(part[k] for part in space.ideal)) for k in range(3)]
            )
            turn = [
                points[item] @ ideal / np.linalg.norm(points[item]) / np.linalg.norm(ideal)
                for item in (one, other)
            ]
            expected = turn[0] - turn[1]
            if row:
                continue
            margin = space.margins(weights, space.geometry(VECTORS, contexts), a, b)[0]
        assert margin[0, row] == pytest.approx(2.0 * expected, abs=1e-4)
    for j in range(3):
        moved = weights.copy()
        moved[0, j] += 1e-5
        geometry = space.geometry(VECTORS, contexts)
        there, here = (space.margins(at, geometry, a, b)[0] for at in (moved, weights))
        slopes = space.margins(weights, geometry, a, b)[1]
        assert slopes[0, :, j] == pytest.approx((there - here)[0] / 1e-5, abs=1e-3)


@pytest.mark.parametrize(
    ("learner", "loss"), [("dist", "logistic"), ("dist", "hinge"), ("angle", "logistic")]
)
def test_what_is_trained_is_what_is_read_afterwards(learner, loss):
    """The network in torch and the space in numpy have the same margins."""
    plan = Plan(2, learner, loss, 5, 4, 1, 8, 1e-3, 0.0)
    random = np.random.default_rng(0)
    contexts = random.normal(size=(N_ITEMS, 6))
    trainer = Trainer(plan, VECTORS, contexts, random.normal(size=(2, 6)), random.normal(size=(3, 2)), 0)
    person, a, b = (torch.tensor(each) for each in ([0, 1, 2], [3, 4, 5], [6, 7, 8]))
    nothing = torch.zeros(3)
    expected = trainer._margin(Batch(person, a, b, nothing, nothing, nothing)).detach().numpy()
    space, weights = trainer.space()
    contexts[6:9] = contexts[3:6]
    margin, _ = space.margins(
        weights, space.geometry(VECTORS, contexts), a.numpy()[:, None], b.numpy()[:, None]
    )
    if learner == "dist":
        assert margin[:, 0] == pytest.approx(expected, abs=1e-3)
    else:
        trainer.contexts = torch.tensor(contexts, dtype=torch.float32)
        again = trainer._margin(Batch(person, a, b, nothing, nothing, nothing)).detach().numpy()
        assert margin[:, 0] == pytest.approx(again, abs=1e-3)


def test_gelu_is_torchs():
    x = np.linspace(-4, 4, 9)
    assert gelu(x) == pytest.approx(
        torch.nn.functional.gelu(torch.tensor(x), approximate="tanh").numpy(), abs=1e-6
    )


def test_one_prototype_is_one_reward_for_all_whoever_said_what():
    """Equal parametrisation: the same network learns the same from the same rows all said by one person."""
    rows = planted()
    pooled = [Preference("all", "", row.a, row.b, row.choice) for row in rows]
    apart, together = (PAL(n_prototypes=1, **PLAIN).fit(each) for each in (rows, pooled))
    asked = planted(seed=1)
    one = [Preference("p0", "", row.a, row.b, row.choice) for row in asked]
    same = apart.probs(asked).probability
    assert same == pytest.approx(apart.probs(one).probability)
    margins = [each._unscaled(np.tile(each.unknown_, (60, 1)), comparisons(asked), vectors_of(comparisons(asked).items))[0]
               for each in (apart, together)]  # fmt: skip
    assert np.corrcoef(margins[0].probability, margins[1].probability)[0, 1] > 0.97


def test_one_prototype_reaches_bradley_terry():
    """A space free to put each item anywhere loses no more than the Bradley-Terry reward with an effect of each item."""
    random = np.random.default_rng(0)
    reward = random.normal(size=6)
    rows = []
    for _ in range(1500):
        a, b = random.choice(6, 2, replace=False)
        is_a = random.random() < sigmoid(reward[a] - reward[b])
        rows.append(Preference(f"p{random.integers(40)}", "", str(a), str(b), "a" if is_a else "b"))

    def one_hot(items):
        return np.eye(6)[[int(text) for _, text in items]]

    table = comparisons(rows)
    pal = PAL(
        features=one_hot, n_prototypes=1, with_population=False, n_directions=0, n_epochs=60, rate=5e-3
    ).fit(rows)
    everyone = fit_population(table, one_hot(table.items), penalties=(1e-3,)).rewards(
        table.items, one_hot(table.items)
    )
    expected = sigmoid(everyone[table.a] - everyone[table.b])
    assert pal.probs(rows).probability == pytest.approx(expected, abs=0.06)


@pytest.fixture(scope="module")
def grouped():
    return PAL(n_prototypes=3, **PLAIN).fit(planted(n_people=90))


def test_planted_groups_are_found_and_one_prototype_finds_none(grouped):
    from sklearn.metrics import adjusted_rand_score

    found = grouped.groups()
    true = [int(person[1:]) % 3 for person in found]
    assert adjusted_rand_score(true, list(found.values())) > 0.9
    asked = planted(n_people=90, seed=1)
    alone = PAL(n_prototypes=1, **PLAIN).fit(planted(n_people=90))
    assert right(grouped, asked) > 0.8 > 0.65 > right(alone, asked)
    assert set(alone.groups().values()) <= {0}


def test_a_new_person_is_placed_by_a_few_choices_and_nothing_else_moves(grouped):
    before = grouped.fingerprint()
    shots, asked = planted(n_people=30, n_rows=8, seed=2, first="q"), planted(n_people=30, seed=3, first="q")
    unknown = right(grouped, asked)
    grouped.adapt_all(shots)
    assert right(grouped, asked) > unknown + 0.15
    assert grouped.fingerprint() == before
    grouped.space_.project[0][0, 0] += 1e-9
    assert grouped.fingerprint() != before
    grouped.space_.project[0][0, 0] -= 1e-9
    for number in range(30):
        grouped.forget(f"q{number}")
    assert "q1" not in grouped.groups()


def test_shrinking_to_others_never_loses_to_nothing_shown_and_free_weights_go_further(grouped):
    free = PAL(n_prototypes=3, is_free=True, **PLAIN)
    free.__dict__.update({name: value for name, value in vars(grouped).items() if name.endswith("_")})
    shot = planted(n_people=60, n_rows=1, seed=4, first="q")
    lean = {}
    for name, pal in (("shrunken", grouped), ("free", free)):
        states = pal._place(comparisons(shot), vectors_of(comparisons(shot).items), 60)[:, :3]
        lean[name] = float(np.abs(states - pal.prior_.mean).mean())
    assert lean["free"] > 2 * lean["shrunken"]


def test_someone_unknown_is_the_population_and_what_no_mixture_says_is_kept_of_a_person():
    rows = planted(n_people=60)
    pal = PAL(n_prototypes=2, n_directions=4, **SMALL).fit(rows)
    table = comparisons(planted(n_people=1, seed=6, first="new"))
    reward = pal.population_.rewards(table.items, vectors_of(table.items))
    lead = reward[table.a] - reward[table.b]
    assert ((pal.probs(table).probability > 0.5) == (lead > 0))[np.abs(lead) > 1e-9].all()
    assert pal.states_.shape == (60, 6 + 36)
    assert {reason.name.split()[0] for reason in pal.explain("p1")} <= {"prototype", "direction"}


def test_rater_ids_drawn_by_lot_say_nothing_of_anybody():
    rows = planted(n_people=60)
    lost = np.random.default_rng(0).permutation([row.person for row in rows]).tolist()
    mixed = [Preference(person, "", row.a, row.b, row.choice) for person, row in zip(lost, rows, strict=True)]
    asked = planted(n_people=60, seed=1)
    assert right(PAL(n_prototypes=3, **PLAIN).fit(mixed), asked) < 0.6


def test_prototypes_of_contexts_turn_with_the_context():
    """Everyone wants the higher of two in the one context, the lower in the other: no fixed ideal point can say that."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(1200):
        a, b = random.choice(N_ITEMS, 2, replace=False)
        up = bool(number % 2)
        likes_a = (VECTORS[a, 0] > VECTORS[b, 0]) == up
        rows.append(
            Preference(f"p{number % 30}", "up" if up else "down", str(a), str(b), "a" if likes_a else "b")
        )

    def contexts(items):
        return np.array([[float(context == "up"), float(context == "down")] for context, _ in items])

    given = PLAIN | {"learner": "angle", "n_prototypes": 2, "n_epochs": 30}
    turned, fixed = PAL(contexts=contexts, **given).fit(rows[:900]), PAL(**given).fit(rows[:900])
    assert right(turned, rows[900:]) > 0.85 > 0.65 > right(fixed, rows[900:])
    with pytest.raises(BadInput, match="contexts are not finite"):
        turned.set_params(contexts=lambda items: np.full((len(items), 2), np.nan)).probs(rows[900:])


def test_prototypes_begin_where_clusters_of_people_point():
    table = comparisons(planted())
    vectors = vectors_of(table.items)
    prototypes, weights = first_guesses(table, vectors, 3, 0, 60)
    assert len(np.unique(weights.argmax(axis=1))) == 3
    group = np.array([int(person[1:]) % 3 for person in table.people])
    found = weights.argmax(axis=1)
    assert (
        np.mean([np.bincount(found[group == g], minlength=3).max() / (group == g).sum() for g in range(3)])
        > 0.8
    )
    gaps = np.linalg.norm(prototypes[:, None] - prototypes[None], axis=-1)
    assert gaps[np.triu_indices(3, 1)].min() > 0.5


@pytest.mark.parametrize("wrong", [{"n_prototypes": 0}, {"learner": "near"}, {"loss": "square"}])
def test_settings_that_cannot_be_are_refused_in_fit(wrong):
    with pytest.raises(BadInput, match="at least one prototype"):
        PAL(**PLAIN).set_params(**wrong).fit(planted(n_people=4))
