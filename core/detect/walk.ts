// Walks a text and the encoded runs in it: where candidates are, before anything is judged. This part runs in workers too.
import { hasEnds, type Candidate } from './candidate.ts'
import { Candidates, type Sieve } from './candidates.ts'
import { EncodedRuns } from './encoded.ts'
import type { EncodedRun } from './encoded-run.ts'
import { Openings } from './openings.ts'
import type { Automaton } from './automaton.ts'
import { PIECE_UNITS, unitsOf } from './units.ts'

export type { Candidate }

export interface Walked {
  /** Candidates with an end, by ascending start. */
  readonly candidates: readonly Candidate[]
  /** Runs in which something may be found. */
  readonly decoded: readonly DecodedRun[]
}

export interface DecodedRun extends EncodedRun {
  readonly walked: Walked
}

/** The same, read from the first to the last. */
export interface WalkedInOrder {
  readonly candidates: Iterable<Candidate>
  readonly decoded: Iterable<RunInOrder>
}

export interface RunInOrder extends EncodedRun {
  readonly walked: WalkedInOrder
}

/** A run, a run in what it decodes to, and one in that. */
const MAX_DEPTH = 3
/** Between two looks at the work that it makes. */
const PIECE_CHARS = 256
const NO_RUNS: readonly DecodedRun[] = []

/**
 * What one text may hold at once: a worker that runs out of memory within one step of the engine takes the whole process with it. Candidates
 * that somebody takes do not count.
 */
const MAX_CANDIDATES = 500_000
const MAX_DECODED = 50_000

export interface WalkOptions {
  readonly maxNewWork?: number
  /** Runs that the text stands in. */
  readonly depth?: number
  /** Characters at the beginning in which no run is looked for. */
  readonly plainChars?: number | undefined
  /** Gets candidates of the text itself as soon as some are closed, by ascending start; those that are left are in the result. */
  readonly take?: (closed: readonly Candidate[]) => void
  /** Asked of most candidates of the text itself. */
  readonly sieve?: Sieve
}

/** Null as soon as the automaton has grown by more than `maxNewWork`, or there is more than can be judged. */
export function walkText(automaton: Automaton, text: string, options: WalkOptions = {}): Walked | null {
  const { maxNewWork = Infinity, depth = 0, plainChars = 0 } = options
  const candidates = findWithin(automaton, text, options)
  if (!candidates) return null
  if (depth === MAX_DEPTH || text.length < MIN_ENCODED_CHARS || !automaton.decodes) return { candidates, decoded: NO_RUNS }
  const runs = new EncodedRuns({ from: plainChars, before: text.slice(0, plainChars) })
  runs.read(plainChars === 0 ? text : text.slice(plainChars))
  runs.finish()
  const decoded: DecodedRun[] = []
  const openings = new Openings(automaton)
  for (const found of runs.found) {
    const run = openings.led(found)
    const walked = walkText(automaton, run.text, { maxNewWork, depth: depth + 1, plainChars: run.plain })
    if (!walked) return null
    openings.note(run, walked.candidates)
    if (walked.candidates.length === 0 && walked.decoded.length === 0) continue
    if (decoded.push({ ...run, walked }) > MAX_DECODED) return null
  }
  return { candidates, decoded }
}

/** Less than the shortest thing that detectors look for, encoded. */
const MIN_ENCODED_CHARS = 8

/** All candidates of a text that found an end, by ascending start. */
export function findCandidates(automaton: Automaton, text: string): readonly Candidate[] {
  return findWithin(automaton, text, {})!
}

type FindOptions = Pick<WalkOptions, 'maxNewWork' | 'take' | 'sieve'>

/** Walks that have ended: to make one costs as much as to read a message. Several, as a check of a plugin may look for something itself. */
const spareWalks = new WeakMap<Automaton, Candidates[]>()

function findWithin(automaton: Automaton, text: string, options: FindOptions): readonly Candidate[] | null {
  let spares = spareWalks.get(automaton)
  if (!spares) spareWalks.set(automaton, (spares = []))
  const candidates = spares.pop() ?? new Candidates(automaton)
  const found = findBy(candidates, automaton, text, options)
  candidates.reset()
  spares.push(candidates)
  return found
}

/** Candidates that are handed on together. */
const TAKEN = 64

function findBy(
  candidates: Candidates,
  automaton: Automaton,
  text: string,
  { maxNewWork = Infinity, take, sieve }: FindOptions,
): readonly Candidate[] | null {
  if (sieve) candidates.sieve = sieve
  const most = automaton.work + maxNewWork
  for (let begin = 0; begin < text.length; begin += PIECE_UNITS) {
    const piece = text.length <= PIECE_UNITS ? text : text.slice(begin, begin + PIECE_UNITS)
    let units = unitsOf(piece)
    for (let at = 0; at < piece.length; at += PIECE_CHARS) {
      candidates.readPart(piece, units, at, Math.min(piece.length, at + PIECE_CHARS))
      if (automaton.work > most || candidates.found.length > MAX_CANDIDATES) return null
      if (!take || candidates.found.length < TAKEN) continue
      take(inOrder(closedOf(candidates)))
      // Who takes them may have read another text.
      units = unitsOf(piece)
    }
  }
  candidates.finish()
  return inOrder(candidates.found)
}

/** Those before the first that is open; the others are left. */
function closedOf(candidates: Candidates): readonly Candidate[] {
  const { found, firstOpen } = candidates
  const open = found.filter(({ start }) => start >= firstOpen)
  candidates.found = open
  return open.length === 0 ? found : found.filter(({ start }) => start < firstOpen)
}

/** Those with an end, by ascending start. */
function inOrder(found: readonly Candidate[]): readonly Candidate[] {
  const some = found.every(hasEnds) ? found : found.filter(hasEnds)
  return some.every(({ start }, i) => i === 0 || start > some[i - 1]!.start) ? some : some.toSorted((a, b) => a.start - b.start)
}
