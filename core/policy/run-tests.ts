// Runs the `test` blocks of policy files on the machinery that judges real exchanges: judge, content scan, spans, stream governor.
// What a test does not give is null if it is optional, else the example that the attribute declares. Modes count as `enforce`.
import { bindPolicies, type BoundPolicies } from './bind.ts'
import {
  compareTest,
  type Bundle,
  type CompiledTest,
  type Decision,
  type Failure,
  type Phase,
  type Program,
  type Walked,
} from '../../dsl/index.ts'
import { ContentScan } from './content-scan.ts'
import { Judge } from './judge.ts'
import { rewriteText, scanFor, spanCallsOf } from './spans.ts'
import { StreamGovernor } from './stream-governor.ts'
import { withAllFindings } from './complete.ts'
import type { AnswerView, TargetView } from '../plugin/contract.ts'
import type { Location, Part } from '../model/content.ts'
import type { Words } from './words.ts'

export interface TestResult {
  readonly test: CompiledTest
  readonly failures: readonly Failure[]
  /** Policies that fired in it. */
  readonly fired: readonly string[]
}

const SCAN = { scanDeadlineMs: 5000, scanWorkers: 1 }
/** All attributes are filled from the test, so no resolver ever looks at a view. */
const NO_VIEW = {} as AnswerView & TargetView
const NO_LEDGER = { addTime() {}, skipped() {} }

/** Told at the end of each phase that a test reaches, with all that is known by then. */
export type Observe = (program: Program, phase: Phase, values: readonly unknown[]) => void

export async function runPolicyTests(
  bundle: Bundle,
  tests: readonly CompiledTest[],
  words: Words,
  observe: Observe | null = null,
): Promise<readonly TestResult[]> {
  const bound = bindPolicies(
    { ...bundle, policies: bundle.policies.map((policy) => ({ ...policy, mode: 'enforce' as const })) },
    words,
    SCAN,
  )
  try {
    const results: TestResult[] = []
    for (const test of tests) {
      const walked = await walkThrough(test, bound, observe)
      const fired = new Set(walked.decisions.flatMap(({ reasons }) => reasons.map(({ policy }) => policy)))
      results.push({ test, failures: compareTest(test, walked, bundle.policies), fired: [...fired] })
    }
    return results
  } finally {
    await bound.detection.close()
  }
}

/** As in the pipeline: the first refusal ends it, and what was refused reaches nobody. */
async function walkThrough(test: CompiledTest, bound: BoundPolicies, observe: Observe | null): Promise<Walked> {
  const judge = new Judge(bound, NO_LEDGER, presetValues(test, bound))
  const prompt = scanOf(
    bound,
    test.messages.map(({ location, text }, i) => partOf(location as Location, text, i)),
  )
  const decisions: Decision[] = [await judge.decideRequest(NO_VIEW, prompt)]
  const walk: Omit<Walk, 'decisions'> = { bound, judge, prompt, observe }
  await tell(walk, 'request', judge)
  if (isAllowed(decisions) && givesTarget(test)) {
    decisions.push(await judge.decideTarget(NO_VIEW, prompt))
    await tell(walk, 'target', judge)
  }
  if (!isAllowed(decisions)) return { decisions, text: null }
  if (test.answer !== null) return walkAnswer(test.answer, { ...walk, decisions })
  if (test.chunks !== null) return walkChunks(test.chunks, { ...walk, decisions })
  return { decisions, text: await rewritten(bound, prompt, decisions) }
}

interface Walk {
  readonly bound: BoundPolicies
  readonly judge: Judge
  readonly prompt: ContentScan
  readonly decisions: readonly Decision[]
  readonly observe: Observe | null
}

async function tell(
  { bound, prompt, observe }: Omit<Walk, 'decisions'>,
  phase: Phase,
  { values }: Judge,
  completion?: ContentScan,
): Promise<void> {
  if (observe) observe(bound.program, phase, await withAllFindings(bound, values, prompt, completion))
}

async function walkAnswer(answer: string, walk: Walk): Promise<Walked> {
  const { bound, judge, prompt, decisions } = walk
  const completion = scanOf(bound, [partOf('completion.text', answer, 0)])
  const decision = await judge.decideResponse(NO_VIEW, prompt, completion)
  await tell(walk, 'response', judge, completion)
  return {
    decisions: [...decisions, decision],
    text: decision.verdict === 'allow' ? await rewritten(bound, completion, [decision]) : null,
  }
}

/** A stream that a policy must see whole is judged like an answer. */
async function walkChunks(chunks: readonly string[], walk: Walk): Promise<Walked> {
  const judge = walk.judge.fork()
  forgetAnswer(walk.bound, judge)
  const foreseen = await judge.foresee('stream', NO_VIEW, walk.prompt)
  const governor = new StreamGovernor(walk.bound, judge, foreseen, () => {})
  const held = (await mustHold(walk)) ? await walkAnswer(chunks.join(''), walk) : null
  if (held?.text === null) return held
  const pieces = held ? [held.text] : chunks
  const text = pieces.map((chunk) => governor.push('0/text', chunk)).join('') + governor.end('0/text')
  await tell(walk, 'stream', judge)
  return { decisions: [...(held ?? walk).decisions, governor.decision], text }
}

/** The pipeline's question of the same name, on what it knows before an answer: nothing of `response.*`. */
async function mustHold({ bound, judge, prompt }: Walk): Promise<boolean> {
  const before = judge.fork()
  forgetAnswer(bound, before)
  const { fired, open } = await before.foresee('response', NO_VIEW, prompt)
  return [...fired, ...open].some((index) => bound.needsWholeAnswer[index])
}

/** A test gives what is known at the end of an answer from the start. */
function forgetAnswer({ program, isBeforeAnswer }: BoundPolicies, judge: Judge): void {
  program.slots.forEach((_, slot) => {
    if (!isBeforeAnswer(slot)) judge.values[slot] = undefined
  })
}

const isAllowed = (decisions: readonly Decision[]): boolean => decisions.at(-1)!.verdict === 'allow'

const givesTarget = ({ given }: CompiledTest): boolean => [...given.keys()].some((name) => name.startsWith('target.'))

function presetValues(test: CompiledTest, { program, resolvers }: BoundPolicies): readonly unknown[] {
  return program.slots.map((source, slot) => {
    if (source.kind === 'finding') return undefined
    if (test.given.has(source.name)) return test.given.get(source.name)
    const attribute = resolvers[slot]!.attribute
    return attribute.optional ? null : (attribute.example ?? null)
  })
}

function partOf(location: Location, text: string, index: number): Part {
  return { location, text, path: [index], rewritable: true, encoding: 'text' }
}

function scanOf({ detection, scanDeadlineMs }: BoundPolicies, parts: readonly Part[]): ContentScan {
  return new ContentScan(detection, parts, scanDeadlineMs)
}

/** The last text as the span effects of the decisions leave it. */
async function rewritten(
  { words, detection }: BoundPolicies,
  content: ContentScan,
  decisions: readonly Decision[],
): Promise<string | null> {
  const index = content.parts.length - 1
  const part = content.parts[index]
  if (!part) return null
  const calls = spanCallsOf(
    decisions.flatMap(({ effects }) => effects),
    words,
    detection,
  )
  await scanFor(calls, content)
  return rewriteText(part.text, content.findingsIn(index), part, calls)?.text ?? part.text
}
