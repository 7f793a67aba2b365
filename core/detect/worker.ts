// A worker of the pool: walks long texts beside the event loop and hands back candidates as plain numbers. Checks are functions of plugins
// and stay with the caller.
import { workerData } from 'piscina'
import { Automaton } from './automaton.ts'
import { findStarts } from './scan.ts'
import type { DetectorSpec } from './port.ts'

export interface ScanTask {
  /** Names of detectors, no unions. */
  readonly detectors: readonly string[]
  readonly texts: readonly string[]
}

/** Per text: start, number of ends, then pairs of end and rule; null when the text has more candidates than can be judged. */
export type ScanReply = readonly (Int32Array | null)[]

/** 16 MB; a megabyte of card numbers stays far below. */
const MAX_NUMBERS = 4_000_000

const { specs } = workerData as { specs: readonly DetectorSpec[] }
const automata = new Map<string, Automaton>()

export default function scanTexts({ detectors, texts }: ScanTask): ScanReply {
  const key = detectors.join()
  let automaton = automata.get(key)
  if (!automaton) automata.set(key, (automaton = new Automaton(detectors.map((name) => specs.find((spec) => spec.name === name)!))))
  return texts.map((text) => pack(automaton, text))
}

function pack(automaton: Automaton, text: string): Int32Array | null {
  const starts = findStarts(automaton, text)
  const size = starts.reduce((sum, { ends }) => sum + 2 + ends.length, 0)
  if (size > MAX_NUMBERS) return null
  const packed = new Int32Array(size)
  let at = 0
  for (const { start, ends } of starts) {
    packed[at++] = start
    packed[at++] = ends.length / 2
    packed.set(ends, at)
    at += ends.length
  }
  return packed
}
