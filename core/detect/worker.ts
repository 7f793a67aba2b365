// A worker of the pool: walks long texts beside the event loop and hands back candidates as plain numbers. Checks are functions of plugins
// and stay with the caller.
import type { MessagePort } from 'node:worker_threads'
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina'
import { Automaton } from './automaton.ts'
import { BEGUN, JUDGED } from './batch-feed.ts'
import { HEAD, packWalk, type PackedWalk } from './packed.ts'
import { walkText, type Candidate } from './walk.ts'
import type { DetectorSpec } from './port.ts'

export interface ScanTask {
  /** Names of detectors, no unions. */
  readonly detectors: readonly string[]
  readonly texts: readonly string[]
  /** Takes candidates of a text that has many, before it is read to its end. */
  readonly batches: MessagePort
  /** At `JUDGED`, how many of these have been judged: the worker is never far ahead. At `BEGUN`, whether it reads. */
  readonly progress: Int32Array
}

/** Candidates of one text, behind those that were sent before. */
export interface Batch {
  /** Index of the text. */
  readonly text: number
  readonly walk: PackedWalk
}

/** Per text what was not in a batch, null when it has more than can be judged; and how many batches there were in all. */
export interface ScanReply {
  readonly walks: readonly (PackedWalk | null)[]
  readonly batches: number
}

/** Numbers in a batch, at least: those of some 8,000 candidates, which take ten times as much in the worker's memory. */
const BATCH_NUMBERS = 160_000
/** Batches that may wait to be judged. */
const MAX_WAITING = 8
/** Whoever does not answer any more ends the worker; until then it looks now and then. */
const WAIT_MS = 1000

const { specs } = workerData as { specs: readonly DetectorSpec[] }
const automata = new Map<string, Automaton>()

/** The numbers change threads without a copy. */
export default function scanTexts(task: ScanTask): unknown {
  const reply = walkTexts(task)
  task.batches.close()
  const buffers = reply.walks.flatMap((walk) => walk?.numbers.buffer ?? [])
  return move({ [transferableSymbol]: buffers, [valueSymbol]: reply })
}

function walkTexts({ detectors, texts, batches, progress }: ScanTask): ScanReply {
  const key = detectors.join()
  let automaton = automata.get(key)
  if (!automaton) automata.set(key, (automaton = new Automaton(detectors.map((name) => specs.find((spec) => spec.name === name)!))))
  Atomics.store(progress, BEGUN, 1)
  let sent = 0
  const walks = texts.map((text, i) => {
    let waiting: Candidate[] = []
    let numbers = 0
    const take = (closed: readonly Candidate[]): void => {
      for (const candidate of closed) {
        waiting.push(candidate)
        numbers += candidate.ends.length + HEAD
      }
      if (numbers < BATCH_NUMBERS) return
      const walk = packWalk({ candidates: waiting, decoded: [] })
      if (!walk) throw new RangeError('more ends of candidates than can be judged')
      waiting = []
      numbers = 0
      batches.postMessage({ text: i, walk } satisfies Batch, [walk.numbers.buffer])
      waitFor(progress, ++sent - MAX_WAITING)
    }
    const walked = walkText(automaton, text, { take })
    return walked && packWalk({ ...walked, candidates: [...waiting, ...walked.candidates] })
  })
  return { walks, batches: sent }
}

function waitFor(progress: Int32Array, least: number): void {
  for (let done = Atomics.load(progress, JUDGED); done < least; done = Atomics.load(progress, JUDGED))
    Atomics.wait(progress, JUDGED, done, WAIT_MS)
}
