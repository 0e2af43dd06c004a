"""One weighted fit at fixed ticks: its variances, coefficients and predictions (see `regress`)."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from scipy.optimize import nnls

from wattmark.energy.banded import Banded, covered
from wattmark.energy.design import LEAST_STIFF, Design
from wattmark.energy.fitted import Fitted, principal, pseudo_inverse
from wattmark.energy.spacing import Floats
from wattmark.energy.variances import sample

# Most steps to the variances; they end where one would gain less (log-likelihood).
SCORING_STEPS, SETTLED = 8, 1e-2
# How much shapes inside of a phase weigh at first and at least: shares of the phase's power, and
# of the highest.
FIRST_BENT, LEAST_BENT = 0.3, 1e-3
# Times around a tick at which the power counts that its jitter would add, seconds.
JITTERS = (-2e-3, -1e-3, 0.0, 1e-3, 2e-3)
# By how much the power of a state comes later than its stamps, at first and at least, seconds.
FIRST_LATE_S, LEAST_LATE_S = 1e-3, 1e-5
# How well stamps and the work's power agree, as an SD in seconds.
STAMPED_S = 1e-4
# No tick is known better than a poll is stamped.
LEAST_JITTER_S = 5e-5


class Form(TypedDict):
    """Which columns a fit has beside the states'."""

    shapes: int
    late: bool


class Weighted:
    """One weighted fit at fixed ticks: variances, coefficients, predictions.

    It begins with the coefficients, variances and weights of shapes of the fit `before`, or with
    guesses from the coefficients `beta` of a plain one. Where the ticks are not `moving`, their
    phase is taken as it is.
    """

    def __init__(
        self,
        model: Design,
        beta: Floats,
        mean_square: float,
        before: Weighted | None = None,
        *,
        shapes: int = 1,
        learn: bool = True,
        moving: bool = True,
        late: bool = False,
    ) -> None:
        self.variances: Floats
        self.model = model
        self.shapes = shapes
        self.states = len(model.timeline.states)
        self.phased = [k for k, ticks in enumerate(model.ticks) if ticks.phased and moving]
        self.tilts = shapes * model.shaped.size
        self.form: Form = {"shapes": shapes, "late": late}
        self.edged = model.shaped if late else model.shaped[:0]
        self.front = self.states + self.tilts + self.edged.size
        self.count = self.front + 2 * len(self.phased)
        beta = beta[: self.states + self.tilts]
        beta = np.append(beta, np.zeros(self.states + self.tilts - beta.size))
        self.bent = self._first_bent(beta)
        self.late = (FIRST_LATE_S * self._steps_w(beta)) ** 2
        if before is not None and not learn:
            self.bent, self.late = before.bent, before.late
        self._at(beta)
        self.brackets = {number: model.brackets(number) for number in self.phased}
        self.least = np.zeros(self.states + 2)
        self.least[-2] = LEAST_JITTER_S**2
        self.least[-1] = model.least_noise() ** 2
        found = self._guessed(beta, mean_square) if before is None else before.variances
        self.typical_w = float(np.maximum(beta[: self.states], 0.0).max(initial=1e-9))
        self.variances = np.maximum(found, self.least)
        if learn:
            self._learn()
        self._solve()

    def _first_bent(self, beta: Floats) -> Floats:
        """How much a state's shapes weigh, W²: learnt like the scatter, from their own size."""
        power_w = np.maximum(beta[: self.states], 0.1 * float(beta[: self.states].max()))
        shaped = power_w[self.model.shaped]
        return np.tile(np.maximum(FIRST_BENT * shaped, 1e-6) ** 2, self.shapes)

    def _steps_w(self, beta: Floats) -> Floats:
        """How much power changes on average where each state that has shapes begins, W."""
        timeline = self.model.timeline
        power = beta[: self.states][timeline.state]
        steps = np.abs(np.diff(power, prepend=power[:1]))
        counts = np.bincount(timeline.state, minlength=self.states)
        mean = np.bincount(timeline.state, steps, self.states) / np.maximum(counts, 1)
        return np.asarray(np.maximum(mean, 1e-3 * power.max(initial=0.0))[self.edged] + 1e-6)

    def _guessed(self, beta: Floats, mean_square: float) -> Floats:
        steps = [np.diff(each.guess_s) for each in self.model.used]
        seconds = float(np.median(np.concatenate(steps)))
        power2 = np.maximum(beta[: self.states], 0.0) ** 2
        share = mean_square / 4
        scatter = share * power2 / max(float(power2.max(initial=0.0)), 1e-12) / seconds**2
        jitter = share / max(float(np.mean(self._slopes2)), 1e-12)
        return np.concatenate([scatter, [jitter, share]])

    def _at(self, beta: Floats) -> None:
        """Columns, occurrences and what a jitter costs, at the present phase."""
        model = self.model
        at = model.times()
        wide = model.columns(at, self.shapes)
        self.x = np.zeros((wide.shape[0], self.count))
        self.x[:, : wide.shape[1]] = wide
        if self.edged.size:
            self.x[:, wide.shape[1] : self.front] = model.begun(at)
        slopes = [model.slopes(at + late, beta, self.shapes) for late in JITTERS]
        self._slopes2: Floats = np.mean(np.square(slopes), axis=0)
        slope = slopes[JITTERS.index(0.0)]
        first = 0
        for ticks, (number, _, _) in zip(model.used, model.parts, strict=True):
            own = slice(first, first + ticks.value.size)
            first = own.stop
            if number not in self.phased:
                continue
            # Ticks that a bracket holds do not move with the others.
            place = ticks.guess_s + model.shift[number] + model.drift[number] * ticks.index
            free = (place > ticks.low_s) & (place < ticks.high_s)
            levels = np.zeros((at.size, 2))
            levels[own, 0] = np.where(free, slope[own], 0.0)
            levels[own, 1] = levels[own, 0] * ticks.index / model.ticks[number].reach
            k = self.front + 2 * self.phased.index(number)
            self.x[:, k : k + 2] += model.spread(levels)
        self.z = covered(*model.readings(at), model.pieces.edges)
        self.kinds = model.pieces.state
        white = np.ones(at.size)
        self._noises = [self._noise(self._slopes2), self._noise(white)]

    def _noise(self, levels: Floats) -> tuple[Floats, Floats]:
        """What noise of each update, (updates,), brings to readings, and to neighbours' both."""
        model = self.model
        if model.window_s is not None:
            return levels, np.zeros(levels.size)
        beside = np.where(model.chained, -levels[model.fall], 0.0)
        return levels[model.rise] + levels[model.fall], beside

    def _learn(self) -> None:
        """The variances, on a sample of the readings."""
        some = sample(self.model.y, self.x, self.z, self.kinds, self._noises)
        for _ in range(SCORING_STEPS):
            inverses = some.inverses(self.variances)
            normal, right = self._told_beside(*some.normal(inverses))
            inverse = pseudo_inverse(normal)[0]
            beta = inverse @ right
            self._bend(beta, np.diag(inverse))
            change, gain = some.step(inverses, self.variances, beta)
            variances = np.maximum(self.variances * (1 + change), self.least)
            # No phase scatters by more than its own mean.
            most = np.maximum(beta[: self.states], 0.1 * self.typical_w) ** 2
            self.variances = np.minimum(variances, np.append(most, [1.0, np.inf]))
            if gain < SETTLED:
                break

    def _bend(self, beta: Floats, variance: Floats) -> None:
        """How much shapes weigh: their squares by state over how many the readings determine.

        [MacKay 1992, 'Bayesian interpolation', the evidence's fixed point]
        """
        shapes = slice(self.states, self.states + self.tilts)
        squares = (beta[shapes] ** 2).reshape(self.shapes, -1).sum(axis=0)
        left = np.clip(variance[shapes] / self.bent, 0.0, 1.0).reshape(self.shapes, -1).sum(axis=0)
        least = max(LEAST_BENT * self.typical_w, 1e-6) ** 2
        found = squares / np.maximum(self.shapes - left, 0.1)
        self.bent = np.tile(np.maximum(found, least), self.shapes)
        edges = slice(self.states + self.tilts, self.front)
        left = np.clip(variance[edges] / self.late, 0.0, 1.0)
        least_j2 = (LEAST_LATE_S * self._steps_w(beta)) ** 2
        self.late = np.maximum(beta[edges] ** 2 / np.maximum(1 - left, 0.1), least_j2)

    def _told_beside(self, normal: Floats, right: Floats) -> tuple[Floats, Floats]:
        """Normal equations with what is known beside the readings: of shapes and of phases."""
        normal, right = normal.copy(), right.copy()
        shapes = np.arange(self.states, self.front)
        normal[shapes, shapes] += 1 / np.append(self.bent, self.late)
        for place, number in enumerate(self.phased):
            # What the brackets tell of shift and drift.
            k, ticks = self.front + 2 * place, self.model.ticks[number]
            slope, curvature = (0.0, 0.0) if self.model.lagged else self.brackets[number]
            normal[k, k] -= curvature
            right[k] += slope
            stiff = (LEAST_STIFF - curvature) * float(np.mean((ticks.index / ticks.reach) ** 2))
            normal[k + 1, k + 1] += stiff
            right[k + 1] -= stiff * self.model.drift[number] * ticks.reach
        return normal, right

    def _solve(self) -> None:
        scatter = self.variances[self.kinds]
        noise = sum(v * each[0] for v, each in zip(self.variances[-2:], self._noises, strict=True))
        beside = sum(v * each[1] for v, each in zip(self.variances[-2:], self._noises, strict=True))
        self.covariance = Banded(self.z, scatter, np.asarray(noise), np.asarray(beside))
        self.weighed = self.covariance.solve(np.column_stack([self.x, self.model.y]))
        normal, right = self.x.T @ self.weighed[:, :-1], self.x.T @ self.weighed[:, -1]
        self.normal, self.right = self._told_beside(normal, right)
        self.inverse, self.known = pseudo_inverse(self.normal)
        self.solution = self.inverse @ self.right
        if (self.solution[: self.states] < 0).any():
            self.solution = self._non_negative()
        self.beta = self.solution[: self.states + self.tilts]

    def evidence(self) -> float:
        """Log of the likelihood of the readings, coefficients integrated out, but for a constant.

        Compares fits of the same readings with more or fewer shapes: those that explain nothing
        shrink to nothing, and cost nothing.
        """
        determinants = self.covariance.log_determinant()
        squares = float(self.model.y @ self.weighed[:, -1])
        scale, values, _ = principal(self.normal)
        determinants += float(np.log(values).sum()) + 2 * float(np.log(scale).sum())
        determinants += float(np.log(self.bent).sum() + np.log(self.late).sum())
        return -0.5 * (determinants + squares - float(self.solution @ self.right))

    def _non_negative(self) -> Floats:
        """The solution with no state below 0 W: tilts and phases may have either sign."""
        scale, values, vectors = principal(self.normal)
        root = np.sqrt(values)[:, None] * vectors.T
        wanted = (vectors.T @ (self.right / scale)) / np.sqrt(values)
        free = np.arange(self.count) >= self.states
        # x = x⁺ − x⁻ for the columns that may be negative.
        found = nnls(np.hstack([root, -root[:, free]]), wanted)[0]
        result = found[: self.count].copy()
        result[free] -= found[self.count :]
        return np.asarray(result / scale)

    def _edges_j(self) -> Floats:
        """Joules of each state that its spans' stamps leave open: its power comes later or earlier
        than they say, and in all of them alike."""
        state = self.model.timeline.state
        power = self.solution[: self.states]
        steps = np.abs(np.diff(power[state], prepend=power[state[:1]]))
        return np.asarray(STAMPED_S * np.bincount(state, steps, self.states))

    def moves(self) -> dict[int, tuple[float, float]]:
        """What the phase columns ask for: shift and drift of each stretch."""
        found = {}
        for place, number in enumerate(self.phased):
            k = self.front + 2 * place
            reach = self.model.ticks[number].reach
            found[number] = float(self.solution[k]), float(self.solution[k + 1]) / reach
        return found

    def told(self) -> Fitted:
        """Joules of each state by prediction, and the covariance of their errors."""
        states, pieces = self.states, self.model.pieces
        lengths = pieces.lengths
        seconds = self.model.timeline.seconds()
        scatter = self.variances[self.kinds]
        left = self.weighed[:, -1] - self.weighed[:, :-1] @ self.solution
        departures = scatter * (self.z.T @ left)
        piece_j = (self.solution[self.kinds] + departures) * lengths
        late_j = np.zeros(states)
        late_j[self.edged] = self.solution[states + self.tilts : self.front]
        first = np.append(True, np.diff(self.kinds) != 0)
        piece_j += np.where(first, late_j[self.kinds], 0.0)
        energy = np.bincount(self.kinds, piece_j, states)
        # How readings vary with each state's departures, (n, m).
        shared = np.zeros((lengths.size, states))
        shared[np.arange(lengths.size), self.kinds] = scatter * lengths
        with_readings = self.z @ shared
        weighed = self.covariance.solve(with_readings)
        alone = np.bincount(self.kinds, scatter * lengths**2, states).astype(np.float64)
        covariance: Floats = np.diag(alone) - with_readings.T @ weighed
        # One row a state: joules = weights·coefficients + predicted departures.
        weights = np.zeros((states, self.count))
        weights[np.arange(states), np.arange(states)] = seconds
        begun = np.bincount(self.kinds[first], minlength=states)
        place = states + self.tilts + np.arange(self.edged.size)
        weights[self.edged, place] = begun[self.edged]
        weights -= weighed.T @ self.x
        covariance += weights @ self.inverse @ weights.T
        # Where many shifts fit alike, a step from one of them does not see how far the others are.
        unsure = (self.model.unsure_w * seconds) ** 2
        covariance[np.diag_indices(states)] = np.maximum(np.diag(covariance), unsure)
        covariance[np.diag_indices(states)] += self._edges_j() ** 2
        beta_var = np.maximum(np.diag(self.inverse), 0.0)[self.kinds]
        piece_var = scatter + beta_var - scatter**2 * self.covariance.told()
        return Fitted(
            energy_j=np.maximum(energy, 0.0),
            covariance=covariance,
            power_w=self.solution[:states],
            scatter_w=np.sqrt(self.variances[:states]),
            jitter_s=float(np.sqrt(self.variances[-2])),
            noise=float(np.sqrt(self.variances[-1])),
            separable=self.known[:states] & self.model.parted(self.solution[:states]),
            piece_j=piece_j,
            piece_sd_j=np.sqrt(np.maximum(piece_var, 0.0)) * lengths,
            evidence=self.evidence(),
        )
