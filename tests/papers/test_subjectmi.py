import numpy as np
import pytest
import zstandard

from personae.papers.harness import Context, run
from personae.papers.subjectmi import plays, voice
from personae.papers.subjectmi.experiment import EXPERIMENT
from personae.papers.subjectmi.scoring import known_subjects, score_rows

dealt = voice.deal


@pytest.fixture
def folder(tmp_path):
    """20 invented people with 12 sessions of 6 recordings, and 3 speakers with 9 speeches each."""
    random = np.random.default_rng(0)
    lines = ["subject#,age,sex,test_time,motor_UPDRS,total_UPDRS,a,b,c"]
    for person in range(20):
        for session in range(12):
            for _ in range(6):
                measures = ",".join(f"{each:.4f}" for each in random.normal(person, 1, 3))
                lines.append(
                    f"{person},{50 + person},{person % 2},{7 * session + 0.5},9,{10 + person},{measures}"
                )
    speeches = [
        f'{{"i": {9 * who + n}, "speaker": "s{who}", "text": "{"abc"[who] * 40} {n}"}}'
        for who in range(3)
        for n in range(9)
    ]
    (tmp_path / "subjectmi").mkdir()
    for name, some in (
        ("parkinsons_telemonitoring.csv.zst", lines),
        ("shakespeare_lines.jsonl.zst", speeches),
    ):
        (tmp_path / "subjectmi" / name).write_bytes(zstandard.compress("\n".join(some).encode()))
    return tmp_path


def test_the_attackers_recordings_are_of_other_sessions(folder):
    voices = voice.load(Context(folder=folder))
    assert voices.trained.shape == (20, *voice.SIZES[:1], 3)
    assert voices.held.shape == (20, *voice.SIZES[1:], 3)
    for person in range(20):
        trained = {row.tobytes() for row in voices.trained[person]}
        assert not trained & {row.tobytes() for row in voices.held[person]}
    assert voices.traits[3].tolist() == [53, 1]


def test_every_member_is_in_two_silos_and_no_record_in_both():
    x = np.arange(30 * 8, dtype=np.float32).reshape(30, 8, 1)
    members = np.arange(16)
    silos, targets = voice.deal(x, x[..., 0], members, np.random.default_rng(0))
    assert silos.shape == (4, 8, 4, 1)
    assert sorted(silos.ravel().tolist()) == sorted(x[:16].ravel().tolist())
    np.testing.assert_array_equal(silos[..., 0], targets)
    for member in members:
        assert sum((silos[silo] // 8 == member).any() for silo in range(4)) == 2


def test_every_person_is_missing_from_a_reference(folder):
    voices = voice.load(Context(folder=folder))
    schedule = voice.Schedule(n_rounds=1, n_epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voice, "N_MEMBERS", 8)
        found = voice.run(voices, 4, np.random.default_rng(0), schedule=schedule, is_reference=True)
    assert found.is_member.sum(axis=1).tolist() == [8] * 4
    assert not found.is_member.all(axis=0).any()
    assert found.losses.shape == (4, 2, 20)


def test_no_shadow_federation_learns_from_the_half_it_is_measured_on(folder, monkeypatch):
    monkeypatch.setattr(voice, "N_MEMBERS", 8)
    voices = voice.load(Context(folder=folder))
    kept = voice.halves(voices, np.random.default_rng(0))
    assert (kept[0] ^ kept[1]).all()
    seen = []
    monkeypatch.setattr(voice, "deal", lambda x, y, *rest: seen.append(x) or dealt(x, y, *rest))
    schedule = voice.Schedule(n_rounds=1, n_epochs=1)
    found = voice.run(
        voices, 2, np.random.default_rng(0), schedule=schedule, is_reference=True, left_out=kept[0]
    )
    for person in range(20):
        shown = {row.tobytes() for row in seen[0][person]}
        assert shown == {row.tobytes() for row in voices.held[person][kept[1][person]]}
        assert not shown & {row.tobytes() for row in voices.held[person][kept[0][person]]}
    late = voice.late_losses(found, voices, np.ones_like(kept[0]))
    missed = (
        voice.errors(found.rounds[0], voices.held, voices.held_target)
        + voice.errors(found.rounds[1], voices.held, voices.held_target)
    ) / 2
    np.testing.assert_allclose(late, np.log(np.abs(missed).mean(axis=2)), atol=1e-4)


def test_known_subjects_are_not_scored():
    """Scores that are right for the known alone must earn nothing."""
    random = np.random.default_rng(0)
    is_member = random.random((30, 40)) < 0.5
    known = known_subjects(is_member, random)
    assert known.sum(axis=1).tolist() == [10] * 30
    assert (known & is_member).sum(axis=1).tolist() == [5] * 30
    scores = np.where(known, 10.0 * is_member, random.random((30, 40)))
    found = {
        row.metric: row.value for row in score_rows(Context(quick=True), "s", "m", scores, is_member, known)
    }
    assert abs(found["AUC"] - 0.5) < 0.06
    assert found["F1"] < 0.1  # the cut lies far above every unknown score
    perfect = {
        r.metric: r.value
        for r in score_rows(Context(quick=True), "s", "m", is_member * 1.0, is_member, known)
    }
    assert set(perfect.values()) == {1.0}


def test_a_speakers_windows_do_not_cross_speeches(folder, monkeypatch):
    monkeypatch.setattr(plays, "LEAST", 10)
    texts = plays.load(Context(folder=folder))
    assert len(texts.trained) == len(texts.held) == 3
    assert [len(some) for some in texts.held] == [3 * 42] * 3
    first = texts.held[0][0]
    assert first[:-1].tolist() == [0] * plays.WINDOW
    assert len(np.unique(texts.held[0][:40, -1])) == 1


def test_members_of_a_play_federation_lose_less(folder, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(plays, "LEAST", 10)
    texts = plays.load(Context(folder=folder))
    found = list(plays.train(texts, np.array([0, 1]), n_rounds=3, seed=0))
    assert len(found) == 4
    assert found[-1].shape == (2, 3)
    for losses in found[-1]:
        assert losses[:2].max() < losses[2]
    again = list(plays.train(texts, np.array([0, 1]), n_rounds=3, seed=0))
    np.testing.assert_array_equal(found[-1], again[-1])


@pytest.mark.data
def test_a_quick_run_finds_people_and_not_shuffled_ones():
    """The naive attack's AUC of the card is .815 +- .083, single party."""
    result = run(EXPERIMENT, Context(quick=True))
    found = {(row.setting, row.metric, row.method): row.value for row in result.rows}
    assert found["Parkinson's voice", "AUC", "attack 1"] == pytest.approx(0.815, abs=0.1)
    assert found["Parkinson's voice", "AUC", "attack 1, calibrated"] > 0.75
    assert found["Parkinson's voice", "AUC", "attack 1, calibrated, shuffled membership"] < 0.62
