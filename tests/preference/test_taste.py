import numpy as np
import pytest

from personae.metrics.calibration import expected_calibration_error, log_loss
from personae.metrics.logistic import sigmoid
from personae.people.records import Preference
from personae.preference import LinearTaste, comparisons, fit_population
from personae.preference._core import Chances, chances_of_margins, padded
from personae.preference._placing import Gaussian, learn_gaussian, place
from personae.preference._sureness import LEAST_ROWS, Sureness, fit_sureness, hold_out

N_ITEMS = 40
VECTORS = np.random.default_rng(9).normal(size=(N_ITEMS, 3))
REWARDS = np.random.default_rng(8).normal(size=N_ITEMS)


def vectors_of(items):
    return np.array([VECTORS[int(text)] for _, text in items])


def choices(n_people, n_rows, seed=0, spread=1.0, steep=1.0):
    """People whose tastes are normal around a common reward; `steep` above 1 makes them surer than any taste says."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n_people):
        liking = REWARDS + VECTORS @ random.normal(size=3) * spread
        for _ in range(n_rows):
            a, b = random.choice(N_ITEMS, 2, replace=False)
            is_a = random.random() < sigmoid(steep * (liking[a] - liking[b]))
            made.append(Preference(f"{seed}-{number}", "", str(a), str(b), "a" if is_a else "b"))
    return made


def test_population_of_two_items_is_bradley_terry():
    rows = [Preference("p", "", "0", "1", "a")] * 3 + [Preference("p", "", "0", "1", "b")]
    table = comparisons(rows)
    found = fit_population(table, np.zeros((2, 1)), penalties=(1e-6,))
    reward = found.rewards(table.items, np.zeros((2, 1)))
    assert reward[0] - reward[1] == pytest.approx(np.log(3), abs=1e-3)


def test_a_tie_counts_as_half_a_choice_each_way_and_strength_as_rows():
    def lead(rows):
        table = comparisons(rows)
        reward = fit_population(table, np.zeros((2, 1)), penalties=(1.0,)).rewards(
            table.items, np.zeros((2, 1))
        )
        return reward[0] - reward[1]

    win = Preference("p", "", "0", "1", "a")
    loss, tie = Preference("p", "", "0", "1", "b"), Preference("p", "", "0", "1", "tie")
    assert lead([tie]) == pytest.approx(0.0, abs=1e-5)
    assert lead([win, win, tie, tie]) == pytest.approx(lead([win, win, win, loss]), abs=1e-4)
    assert lead([Preference("p", "", "0", "1", "a", 3.0)]) == pytest.approx(lead([win] * 3), abs=1e-4)


def test_population_rewards_are_found_again_and_a_new_item_has_no_effect():
    table = comparisons(choices(300, 20, spread=0.0))
    vectors = vectors_of(table.items)
    found = fit_population(table, vectors)
    true = np.array([REWARDS[int(text)] for _, text in table.items])
    assert np.corrcoef(found.rewards(table.items, vectors), true)[0, 1] > 0.97
    slope_only = found.rewards([("", "new")], vectors[:1])
    assert slope_only == pytest.approx(found.directions.of(vectors[:1]) @ found.slopes)


def test_placing_one_row_is_newtons_mode():
    """sigmoid(-w) = w for one win of a lead of 1 under a standard normal: w = .401, curvature 1 + w (1 - w)."""
    table = comparisons([Preference("p", "", "x", "y", "a")])
    prior = Gaussian(np.zeros(1), np.eye(1))

    def margins(weights, places):
        return weights, np.ones((*places.shape, 1))

    state = place(table, 1, margins, prior)[0]
    assert state[0] == pytest.approx(sigmoid(-state[0]), abs=1e-6)
    assert state[0] == pytest.approx(0.4011, abs=1e-4)
    assert state[1] == pytest.approx(1 / (1 + state[0] * (1 - state[0])), abs=1e-6)


def test_a_step_that_goes_too_far_is_halved():
    """A log-odds that falls again beyond 1 pulls a full step over its top; the mode is found all the same."""
    table = comparisons([Preference("p", "", "x", "y", "a", 50.0)])

    def margins(weights, places):
        return 4 * weights * np.exp(-(weights**2)), (4 * np.exp(-(weights**2)) * (1 - 2 * weights**2))[
            ..., None
        ]

    found = place(table, 1, margins, Gaussian(np.zeros(1), 9 * np.eye(1)))[0, 0]
    grid = np.linspace(-3, 3, 6001)
    loss = 50 * np.logaddexp(0, -4 * grid * np.exp(-(grid**2))) + grid**2 / 18
    assert found == pytest.approx(grid[loss.argmin()], abs=0.05)


def test_a_person_of_many_choices_is_placed_at_the_mode_itself():
    """Where nothing pulls: the slope of the log posterior is 0, after choices as one-sided as three hundred can be."""
    taste = LinearTaste(features=vectors_of, n_directions=3, n_learned=0, n_rounds=3).fit(choices(60, 12))
    rows = comparisons(choices(1, 300, seed=4, spread=3.0, steep=20.0))
    state = taste.adapt_all(rows).states_[-1]
    base, gaps = taste._gaps(rows, vectors_of(rows.items))
    weights = state[:3]
    pull = gaps.T @ (rows.chosen - sigmoid(base + gaps @ weights)) - np.linalg.solve(taste.spread_, weights)
    covariance = state[3:].reshape(3, 3)
    assert pull == pytest.approx(np.zeros(3), abs=1e-4)
    assert np.sqrt(pull @ covariance @ pull) < 1e-4
    assert np.linalg.norm(weights) > 1


def test_no_more_steps_are_taken_than_are_given():
    table = comparisons([Preference("p", "", "x", "y", "a", 50.0)])

    def margins(weights, places):
        return weights, np.ones((*places.shape, 1))

    far, near = (
        place(table, 1, margins, Gaussian(np.zeros(1), np.eye(1)), most_steps=most)[0, 0] for most in (50, 1)
    )
    assert far == pytest.approx(50 * sigmoid(-far), abs=1e-6)
    assert abs(near - far) > 0.1


def test_the_gaussian_of_weights_is_their_second_moment_with_one_round_person():
    states = np.array([[1.0, 0.5], [-3.0, 0.5]])
    found = learn_gaussian(Gaussian(np.zeros(1), np.array([[4.0]])), states)
    assert found.covariance.item() == pytest.approx((1 + 9 + 0.5 + 0.5 + 4) / 3)
    assert learn_gaussian(Gaussian(np.zeros(1), np.eye(1)), states, with_mean=True).mean.item() == -1.0


def test_rows_stand_side_by_side_by_person():
    table = comparisons(choices(3, 2)).take(np.array([0, 1, 2, 4, 5]))
    places, is_row = padded(table, 4)
    assert is_row.sum(axis=1).tolist() == [2, 1, 2, 0]
    assert places[2].tolist() == [3, 4]


def test_sureness_scales_the_log_odds_by_what_is_known_and_changes_no_side():
    half = Chances(*np.full((3, 4), 0.5))
    assert (Sureness(3.0, 1.0).of(half, np.ones(4)).probability == 0.5).all()
    given = Chances(*np.array([[0.6, 0.3], [0.5, 0.2], [0.7, 0.4]]))
    surer = Sureness(1.0, 2.0).of(given, np.array([0.0, 1.0]))
    assert surer.probability[0] == pytest.approx(0.6)
    assert surer.probability[1] == pytest.approx(27 / (27 + 343))  # (3 / 7) cubed
    fewer = Sureness(-5.0, 0.0).of(given, np.zeros(2))
    assert ((fewer.probability > 0.5) == (given.probability > 0.5)).all()


def test_sureness_is_found_again_and_left_alone_where_little_is_seen():
    random = np.random.default_rng(0)
    chance = random.uniform(0.05, 0.95, 20_000)
    odds = np.log(chance / (1 - chance))
    known = random.random(len(chance))
    chosen = (random.random(len(chance)) < sigmoid((1.5 + known) * odds)).astype(float)
    found = fit_sureness(Chances(chance, chance, chance), known, chosen)
    assert (found.at_first, found.when_known) == pytest.approx((1.5, 1.0), abs=0.15)
    few = slice(0, LEAST_ROWS - 1)
    assert fit_sureness(Chances(*(chance[few],) * 3), known[few], chosen[few]) == Sureness()


def test_people_held_out_take_no_part_in_what_is_learned():
    table = comparisons(choices(30, 10))
    learned, shown, asked = hold_out(table)
    assert not set(learned.person) & (set(shown.person) | set(asked.person))
    assert len(learned) + len(shown) + len(asked) == len(table)
    assert len(set(asked.person)) == 6


@pytest.fixture(scope="module")
def taste():
    return LinearTaste(features=vectors_of, n_directions=3, n_learned=0).fit(choices(400, 16, steep=2.5))


def test_the_direction_in_which_tastes_differ_is_found_again():
    random = np.random.default_rng(0)
    rows = []
    for number in range(200):
        liking = REWARDS + 2 * VECTORS[:, 0] * random.normal()
        for _ in range(16):
            a, b = random.choice(N_ITEMS, 2, replace=False)
            is_a = random.random() < sigmoid(liking[a] - liking[b])
            rows.append(Preference(f"p{number}", "", str(a), str(b), "a" if is_a else "b"))
    taste = LinearTaste(features=vectors_of, n_directions=3, n_learned=0).fit(rows)
    sizes, axes = np.linalg.eigh(taste.directions_.axes @ taste.spread_ @ taste.directions_.axes.T)
    assert np.abs(axes[0, -1]) > 0.95
    assert sizes[-1] > 0.7 * sizes.sum()


def test_chances_hold_what_they_say_for_people_never_seen_at_every_count_of_shots(taste):
    rows = comparisons(choices(300, 30, seed=1, steep=2.5))
    order = np.arange(len(rows)) % 30
    asked = rows.take(order >= 20)
    for count in (0, 5, 20):
        placed = taste.adapt_all(rows.take(order < count)) if count else taste
        chances = placed.probs(asked)
        assert expected_calibration_error(chances.probability, asked.chosen) < 0.035
        before = Chances(chances.probability, chances.low, chances.high)
        assert (before.low <= before.high).all()


def test_more_choices_make_a_person_surer_and_better_known(taste):
    rows = comparisons(choices(300, 40, seed=2, steep=2.5))
    order = np.arange(len(rows)) % 40
    asked, widths, losses = rows.take(order >= 30), [], []
    for count in (0, 10, 30):
        chances = taste.adapt_all(rows.take(order < count)).probs(asked) if count else taste.probs(asked)
        widths.append(float((chances.high - chances.low).mean()))
        losses.append(log_loss(chances.probability, asked.chosen))
    assert widths == sorted(widths, reverse=True)
    assert losses == sorted(losses, reverse=True)


def test_learned_coordinates_hold_what_no_vector_says():
    def constant(items):
        return np.array([[1.0, len(text) % 2] for _, text in items])

    random = np.random.default_rng(0)
    hidden = random.normal(size=N_ITEMS)
    rows = []
    for number in range(200):
        sign = 1 if number % 2 else -1
        for _ in range(20):
            a, b = random.choice(N_ITEMS, 2, replace=False)
            likes = sign * (hidden[a] - hidden[b]) > 0
            rows.append(Preference(f"p{number}", "", str(a), str(b), "a" if likes else "b"))
    scores = {}
    for n in (0, 4):
        taste = LinearTaste(features=constant, n_directions=1, n_learned=n).fit(rows[:-800])
        chance = taste.adapt_all(rows[-800::2]).probs(rows[-799::2]).probability
        scores[n] = np.mean((chance > 0.5) == [row.choice == "a" for row in rows[-799::2]])
    assert scores[4] > 0.8 > 0.65 > scores[0]


def test_a_chance_lies_in_its_interval_however_large_margin_and_spread_are():
    mean, sd = np.meshgrid(np.linspace(-40, 40, 33), np.linspace(0, 12, 13))
    found = chances_of_margins(mean.ravel(), sd.ravel())
    assert ((found.low <= found.probability) & (found.probability <= found.high)).all()
