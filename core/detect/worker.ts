// A worker of the pool: walks long texts beside the event loop and hands back candidates as plain numbers. Checks are functions of plugins
// and stay with the caller.
import { workerData } from 'piscina'
import { Automaton } from './automaton.ts'
import { packCandidates } from './packed.ts'
import { findCandidates } from './scan.ts'
import type { DetectorSpec } from './port.ts'

export interface ScanTask {
  /** Names of detectors, no unions. */
  readonly detectors: readonly string[]
  readonly texts: readonly string[]
}

/** Per text: candidates as `packed.ts` has them; null when the text has more than can be judged. */
export type ScanReply = readonly (Int32Array | null)[]

const { specs } = workerData as { specs: readonly DetectorSpec[] }
const automata = new Map<string, Automaton>()

export default function scanTexts({ detectors, texts }: ScanTask): ScanReply {
  const key = detectors.join()
  let automaton = automata.get(key)
  if (!automaton) automata.set(key, (automaton = new Automaton(detectors.map((name) => specs.find((spec) => spec.name === name)!))))
  return texts.map((text) => packCandidates(findCandidates(automaton, text)))
}
