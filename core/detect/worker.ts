// A worker of the pool: walks long texts beside the event loop and hands back candidates as plain numbers. Checks are functions of plugins
// and stay with the caller.
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina'
import { Automaton } from './automaton.ts'
import { packWalk, type PackedWalk } from './packed.ts'
import { walkText } from './walk.ts'
import type { DetectorSpec } from './port.ts'

export interface ScanTask {
  /** Names of detectors, no unions. */
  readonly detectors: readonly string[]
  readonly texts: readonly string[]
}

/** Per text; null when it has more than can be judged. */
export type ScanReply = readonly (PackedWalk | null)[]

const { specs } = workerData as { specs: readonly DetectorSpec[] }
const automata = new Map<string, Automaton>()

/** The numbers change threads without a copy. */
export default function scanTexts(task: ScanTask): unknown {
  const reply = walkTexts(task)
  const buffers = reply.flatMap((walk) => walk?.numbers.buffer ?? [])
  return move({ [transferableSymbol]: buffers, [valueSymbol]: reply })
}

function walkTexts({ detectors, texts }: ScanTask): ScanReply {
  const key = detectors.join()
  let automaton = automata.get(key)
  if (!automaton) automata.set(key, (automaton = new Automaton(detectors.map((name) => specs.find((spec) => spec.name === name)!))))
  return texts.map((text) => {
    const walked = walkText(automaton, text)
    return walked && packWalk(walked)
  })
}
