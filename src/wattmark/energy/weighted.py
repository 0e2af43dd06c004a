"""One weighted fit at fixed ticks: its variances, coefficients and predictions (see `regress`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls

from wattmark.energy.design import LEAST_STIFF, Block, Design
from wattmark.energy.fitted import Fitted, principal, pseudo_inverse
from wattmark.energy.spacing import Floats, Ints

# Blocks that the variances are learnt from; more are spread over the run and left out.
LEARNING = 8
SCORING_STEPS = 8
# How much shapes inside of a phase weigh at first and at least: shares of the phase's power, and
# of the highest.
FIRST_BENT, LEAST_BENT = 0.3, 1e-3
# Times around a tick at which the power counts that its jitter would add, seconds.
JITTERS = (-2e-3, -1e-3, 0.0, 1e-3, 2e-3)
# How well stamps and the work's power agree, as an SD in seconds.
STAMPED_S = 1e-4
# No tick is known better than a poll is stamped.
LEAST_JITTER_S = 5e-5
# The step for derivatives of readings by time, seconds.
STEP_S = 1e-5


@dataclass(frozen=True)
class Rows:
    """One block at fixed ticks: readings, columns, occurrences and what a jitter costs."""

    block: Block
    y: Floats
    x: Floats
    z: Floats
    kinds: Ints
    """The state of each occurrence, of shape (z.shape[1],)."""
    slopes2: Floats
    """(dy/dτ)² of each reading, W²."""


class Weighted:
    """One weighted fit at fixed ticks: variances, coefficients, predictions."""

    def __init__(
        self,
        model: Design,
        beta: Floats,
        mean_square: float,
        variances: Floats | None,
        *,
        shapes: int = 1,
        learn: bool = True,
    ) -> None:
        self.model = model
        self.shapes = shapes
        self.states = len(model.timeline.states)
        self.phased = [k for k, ticks in enumerate(model.ticks) if ticks.phased]
        self.tilts = shapes * len(model.shaped)
        self.count = self.states + self.tilts + 2 * len(self.phased)
        beta = beta[: self.states + self.tilts]
        beta = np.append(beta, np.zeros(self.states + self.tilts - beta.size))
        # How much a state's shapes weigh, W²: learnt like the scatter, from their own size.
        power_w = np.maximum(beta[: self.states], 0.1 * float(beta[: self.states].max()))
        self.bent = np.tile(np.maximum(FIRST_BENT * power_w[model.shaped], 1e-6) ** 2, shapes)
        self.rows = [self._at(block, beta) for block in model.blocks]
        slope2 = float(np.mean(np.concatenate([rows.slopes2 for rows in self.rows])))
        self.least = np.zeros(self.states + 2)
        self.least[-2] = LEAST_JITTER_S**2
        self.least[-1] = model.least_noise() ** 2
        if variances is None:
            seconds = float(np.median(np.concatenate([np.diff(t.guess_s) for t in model.ticks])))
            power2 = np.maximum(beta[: self.states], 0.0) ** 2
            share = mean_square / 4
            scatter = share * power2 / max(float(power2.max(initial=0.0)), 1e-12) / seconds**2
            jitter = share / max(slope2, 1e-12)
            variances = np.concatenate([scatter, [jitter, share]])
        self.typical_w = float(np.maximum(beta[: self.states], 0.0).max(initial=1e-9))
        self.variances = np.maximum(variances, self.least)
        if learn:
            self._learn()
        self._solve()

    def _at(self, block: Block, beta: Floats) -> Rows:
        model = self.model
        at = model.times(block)
        x = np.zeros((at.size, self.count))
        wide = model.columns(at, self.shapes)
        x[:, : wide.shape[1]] = wide
        slopes2 = np.zeros(at.size)
        for late in JITTERS:
            ahead = model.columns(at + late + STEP_S, self.shapes)
            ahead -= model.columns(at + late - STEP_S, self.shapes)
            slope = ahead @ beta / (2 * STEP_S)
            slopes2 += slope**2 / len(JITTERS)
            if late == 0.0 and block.stretch in self.phased:
                # Ticks that a bracket holds do not move with the others.
                place = block.ticks.guess_s + model.shift[block.stretch]
                place = place + model.drift[block.stretch] * block.ticks.index
                free = (place > block.ticks.low_s) & (place < block.ticks.high_s)
                k = wide.shape[1] + 2 * self.phased.index(block.stretch)
                x[:, k] = np.where(free, slope, 0.0)
                x[:, k + 1] = x[:, k] * block.ticks.index / model.ticks[block.stretch].reach
        z = model.occurrences(at, block.pieces)
        return Rows(block, block.y, x, z, model.pieces.state[block.pieces], slopes2)

    def _covariance(self, rows: Rows) -> Floats:
        z = rows.z * np.sqrt(self.variances[rows.kinds])
        covariance = z @ z.T
        noise = self.variances[-2] * rows.slopes2 + self.variances[-1]
        covariance[np.diag_indices_from(covariance)] += noise
        return np.asarray(covariance)

    def _whitener(self, rows: Rows) -> Floats:
        """V⁻¹ with the block's unknown start projected out, of shape (n, n)."""
        inverse = cho_solve(
            cho_factor(self._covariance(rows), lower=True, check_finite=False),
            np.eye(rows.y.size),
            check_finite=False,
        )
        if self.model.window_s is None:
            one = inverse.sum(axis=1)
            inverse -= np.outer(one, one) / one.sum()
        return np.asarray(inverse)

    def _learn(self) -> None:
        """The variances by Fisher scoring on a sample of the blocks."""
        step = max(1, len(self.rows) // LEARNING)
        sample = self.rows[::step]
        for _ in range(SCORING_STEPS):
            normal, right, _ = self._normal(sample)
            inverse = pseudo_inverse(normal)[0]
            beta = inverse @ right
            self._bend(beta, np.diag(inverse))
            free = sum(rows.y.size for rows in sample)
            inflate = free / max(1, free - self.count - len(sample))
            gradient = np.zeros(self.variances.size)
            information = np.zeros((self.variances.size, self.variances.size))
            for rows in sample:
                self._score(rows, beta, inflate, gradient, information)
            scale = np.maximum(self.variances, 1e-300)
            # In units of the variances themselves, so that one step cannot leave their range.
            g, info = gradient * scale, information * np.outer(scale, scale)
            info[np.diag_indices_from(info)] += 1e-3 * np.trace(info) / info.shape[0]
            change = np.clip(np.linalg.solve(info, g), -0.9, 3.0)
            variances = np.maximum(self.variances * (1 + change), self.least)
            # No phase scatters by more than its own mean.
            most = np.maximum(beta[: self.states], 0.1 * self.typical_w) ** 2
            self.variances = np.minimum(variances, np.append(most, [1.0, np.inf]))

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

    def _score(
        self, rows: Rows, beta: Floats, inflate: float, gradient: Floats, information: Floats
    ) -> None:
        inverse = self._whitener(rows)
        wr = inverse @ (rows.y - rows.x @ beta)
        # inverse @ V_i for each component i; traces of their products are the information.
        parts = []
        for index in range(self.states):
            z = rows.z[:, rows.kinds == index]
            iz = inverse @ z
            parts.append(iz @ z.T)
            gradient[index] += 0.5 * (
                inflate * float(((wr @ z) ** 2).sum()) - float((iz * z).sum())
            )
        for place, weight in ((-2, rows.slopes2), (-1, np.ones(rows.y.size))):
            parts.append(inverse * weight)
            gradient[place] += 0.5 * float((inflate * wr**2 - np.diag(inverse)) @ weight)
        for i, first in enumerate(parts):
            for j, second in enumerate(parts[: i + 1]):
                information[i, j] += 0.5 * float((first * second.T).sum())
                information[j, i] = information[i, j]

    def _normal(self, rows_of: list[Rows]) -> tuple[Floats, Floats, list[Floats]]:
        normal = np.zeros((self.count, self.count))
        right = np.zeros(self.count)
        inverses = []
        for rows in rows_of:
            inverse = self._whitener(rows)
            wx = inverse @ rows.x
            normal += rows.x.T @ wx
            right += wx.T @ rows.y
            inverses.append(inverse)
        shapes = np.arange(self.states, self.states + self.tilts)
        normal[shapes, shapes] += 1 / self.bent
        for place, number in enumerate(self.phased):
            # What the brackets tell of shift and drift.
            k, ticks = self.states + self.tilts + 2 * place, self.model.ticks[number]
            slope, curvature = (0.0, 0.0) if self.model.lagged else self.model.brackets(number)
            normal[k, k] -= curvature
            right[k] += slope
            stiff = (LEAST_STIFF - curvature) * float(np.mean((ticks.index / ticks.reach) ** 2))
            normal[k + 1, k + 1] += stiff
            right[k + 1] -= stiff * self.model.drift[number] * ticks.reach
        return normal, right, inverses

    def _solve(self) -> None:
        self.normal, self.right, self.inverses = self._normal(self.rows)
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
        determinants = squares = 0.0
        for rows, inverse in zip(self.rows, self.inverses, strict=True):
            factor = cho_factor(self._covariance(rows), lower=True, check_finite=False)[0]
            determinants += 2 * float(np.log(np.diag(factor)).sum())
            squares += float(rows.y @ inverse @ rows.y)
        scale, values, _ = principal(self.normal)
        determinants += float(np.log(values).sum()) + 2 * float(np.log(scale).sum())
        determinants += float(np.log(self.bent).sum())
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
            k = self.states + self.tilts + 2 * place
            reach = self.model.ticks[number].reach
            found[number] = float(self.solution[k]), float(self.solution[k + 1]) / reach
        return found

    def told(self) -> Fitted:
        """Joules of each state by prediction, and the covariance of their errors."""
        states, pieces = self.states, self.model.pieces
        lengths = pieces.lengths
        seconds = self.model.timeline.seconds()
        # One row a state: joules = weights·coefficients + predicted departures.
        weights = np.zeros((states, self.count))
        weights[np.arange(states), np.arange(states)] = seconds
        energy = self.solution[:states] * seconds
        covariance = np.zeros((states, states))
        piece_j = self.solution[pieces.state] * lengths
        beta_var = np.maximum(np.diag(self.inverse), 0.0)
        piece_var = (self.variances[pieces.state] + beta_var[pieces.state]) * lengths**2
        owned = np.zeros(lengths.size, dtype=np.bool_)
        for rows, inverse in zip(self.rows, self.inverses, strict=True):
            block = rows.block
            own = np.arange(block.owned.start, block.owned.stop)
            owned[own] = True
            m = np.zeros((states, rows.z.shape[1]))
            m[pieces.state[own], own - block.pieces.start] = lengths[own]
            spread = m * self.variances[rows.kinds]
            gain = spread @ rows.z.T @ inverse
            energy = energy + gain @ (rows.y - rows.x @ self.solution)
            covariance += spread @ m.T - gain @ rows.z @ spread.T
            weights = weights - gain @ rows.x
            inside = own - block.pieces.start
            t = lengths[own]
            spread = t * self.variances[rows.kinds[inside]]
            seen = rows.z[:, inside].T @ inverse
            departure = seen @ (rows.y - rows.x @ self.solution)
            piece_j[own] += spread * departure
            piece_var[own] -= spread**2 * np.einsum("ij,ji->i", seen, rows.z[:, inside])
        # Occurrences that no reading touched depart by their variance, unknown.
        alone = np.flatnonzero(~owned)
        lost = self.variances[pieces.state[alone]] * lengths[alone] ** 2
        covariance[np.diag_indices(states)] += np.bincount(pieces.state[alone], lost, states)
        covariance += weights @ self.inverse @ weights.T
        # Where many shifts fit alike, a step from one of them does not see how far the others are.
        unsure = (self.model.unsure_w * seconds) ** 2
        covariance[np.diag_indices(states)] = np.maximum(np.diag(covariance), unsure)
        covariance[np.diag_indices(states)] += self._edges_j() ** 2
        return Fitted(
            energy_j=np.maximum(energy, 0.0),
            covariance=covariance,
            power_w=self.solution[:states],
            scatter_w=np.sqrt(self.variances[:states]),
            jitter_s=float(np.sqrt(self.variances[-2])),
            noise=float(np.sqrt(self.variances[-1])),
            separable=self.known[:states] & self.model.parted(),
            piece_j=piece_j,
            piece_sd_j=np.sqrt(np.maximum(piece_var, 0.0)),
        )
