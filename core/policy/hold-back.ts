// How much of a streamed answer the policies on `stream` hold back: at most, and where no candidate is open. The first comes from the analysis
// of the detectors, the second is measured over ordinary prose.
import { boundOf, createDetection } from '../detect/index.ts'
import { detectorsInStream } from './bind.ts'
import type { Bundle, CompiledDetector } from '../../dsl/index.ts'
import type { Words } from './words.ts'

export interface HoldBack {
  /** Characters as detectors read them: invisible ones do not count. Null: a pattern has no longest match. */
  readonly bound: number | null
  /** The most characters that were held at once while ordinary prose flowed by. */
  readonly idle: number
  /** Single detectors behind the policies on `stream`. */
  readonly detectors: number
}

/** Null when no policy on `stream` looks at answers: chunks pass as they are. */
export async function holdBackOf(bundle: Bundle, { checks }: Words): Promise<HoldBack | null> {
  const byName = new Map(bundle.detectors.map((one) => [one.name, one]))
  const names = bundle.policies.filter(({ phases, mode }) => phases.includes('stream') && mode !== 'off').flatMap(detectorsInStream)
  const members = new Set(names.flatMap((name) => membersOf(name, byName)))
  if (members.size === 0) return null
  const specs = [...members]
  return {
    bound: boundOf(specs),
    idle: await heldWhileIdle(specs, checks),
    detectors: specs.length,
  }
}

function membersOf(name: string, byName: ReadonlyMap<string, CompiledDetector>): readonly CompiledDetector[] {
  const detector = byName.get(name)
  if (!detector) return []
  return detector.any.length === 0 ? [detector] : detector.any.flatMap((member) => membersOf(member, byName))
}

async function heldWhileIdle(specs: readonly CompiledDetector[], checks: Words['checks']): Promise<number> {
  const detection = createDetection(specs, checks, { workers: 1 })
  try {
    const stream = detection.openStream(specs.map(({ name }) => name))
    let most = 0
    for (const character of PROSE) {
      stream.push(character)
      most = Math.max(most, stream.held)
    }
    return most
  } finally {
    await detection.close()
  }
}

/** Written for this measurement: sentences as assistants write them, with figures, names, a list and a line of code. */
const PROSE = `Thank you for the question. There are three things to look at before the new system goes live next spring, and none of them takes long.

1. Please check whether the responsibilities are clear: who decides, who is told, and who answers when something unexpected happens at 3:30 in the morning.
2. The budget of about $1,250 covers roughly 80% of the cost in 2026; the remaining part depends on how many people use it, say 40 to 60 a day.
3. A re-evaluation after six months (not later) is worthwhile, because the first version 2.4.1 was, frankly, a state-of-the-art experiment.

For example, Maria and Dr. O'Neill wrote: "We don't need another tool, we need an hour of quiet." That is a fair point. In the code, the call
\`configure(options)\` sets the timeout; **internationalization** comes later. Les deux équipes se réunissent à Genève, und die Unterlagen für das
Gespräch am 14. März liegen bereit. If you would like, I can draft the announcement, shorten it to 120 words, and list the open questions.
`
