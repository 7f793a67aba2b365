// Makes a program of a bundle: slots for everything it reads, closures for its conditions.
import { compileLogic, type Closure } from './closures.ts'
import { actsOf, createDecider, type PhasePolicy } from './decide.ts'
import { readPaths } from './paths.ts'
import { FAILED } from './program.ts'
import type { Evaluation, PhaseProgram, Program, SlotSource, SlotValue } from './program.ts'
import type { Bundle, CompiledPolicy } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

const PHASES: readonly Phase[] = ['request', 'target', 'response', 'stream']
const FINDING = /^found\.(.+?)\.((?:prompt|completion)(?:\.\w+)?)\.(count|score)$/

/** Throws when the bundle holds an operator outside the portable core. */
export function createProgram(bundle: Bundle): Program {
  const slots: SlotSource[] = []
  const byPath = new Map<string, number>()
  const slotFor = (path: string): number => {
    let slot = byPath.get(path)
    if (slot === undefined) {
      slot = slots.push(sourceOf(path)) - 1
      byPath.set(path, slot)
    }
    return slot
  }
  for (const policy of bundle.policies) for (const path of pathsOf(policy)) slotFor(path)
  const phase = (name: Phase): PhaseProgram => createPhase(bundle, name, slotFor)
  return {
    bundle,
    hash: bundle.hash,
    slots,
    phases: Object.fromEntries(PHASES.map((name) => [name, phase(name)])) as Program['phases'],
  }
}

function sourceOf(path: string): SlotSource {
  const finding = FINDING.exec(path)
  if (!finding) return { kind: 'attribute', name: path }
  return { kind: 'finding', detector: finding[1]!, location: finding[2]!, field: finding[3] as 'count' | 'score' }
}

function pathsOf({ when, effects, onError }: CompiledPolicy): readonly string[] {
  return [...readPaths(when), ...[...effects, ...(onError ? [onError] : [])].flatMap(attributesOf)]
}

function attributesOf({ operands }: CompiledPolicy['effects'][number]): readonly string[] {
  return Object.values(operands)
    .flat()
    .flatMap((operand) => (typeof operand === 'object' && 'attribute' in operand ? [operand.attribute] : []))
}

interface Entry extends PhasePolicy {
  readonly when: Closure
  readonly conditionSlots: readonly number[]
  readonly effectSlots: readonly number[]
}

function createPhase(bundle: Bundle, phase: Phase, slotFor: (path: string) => number): PhaseProgram {
  const entries = bundle.policies
    .filter(({ phases, mode }) => mode !== 'off' && phases.includes(phase))
    .map((policy): Entry => {
      const reads = readPaths(policy.when).map((name) => ({ name, slot: slotFor(name) }))
      return {
        policy,
        reads,
        acts: actsOf(policy),
        when: compileLogic(policy.when, slotFor),
        conditionSlots: reads.map(({ slot }) => slot),
        effectSlots: policy.effects.flatMap(attributesOf).map(slotFor),
      }
    })
  const slots = [...new Set(entries.flatMap(({ conditionSlots, effectSlots }) => [...conditionSlots, ...effectSlots]))].sort(
    (a, b) => a - b,
  )
  const decide = createDecider(phase, bundle.defaults[phase], entries, slotFor)
  return {
    slots,
    policies: entries.map(({ policy }) => policy),
    evaluate: (values) => evaluate(entries, values),
    decide: ({ fired, open }, values) => decide(fired, open, values),
  }
}

function evaluate(entries: readonly Entry[], values: readonly SlotValue[]): Evaluation {
  const fired: number[] = []
  const open: number[] = []
  let needs: Set<number> | null = null
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!
    const result = entry.when(values, null)
    if (result === false) continue
    // An effect whose attribute failed is as unknown as its condition: a limit without its amount would limit nothing.
    const isKnown = result === true && !entry.effectSlots.some((slot) => values[slot] === FAILED)
    ;(isKnown ? fired : open).push(index)
    for (const slot of result === true ? entry.effectSlots : entry.conditionSlots)
      if (values[slot] === undefined) (needs ??= new Set()).add(slot)
  }
  return { fired, open, needs: needs === null ? NOTHING : [...needs].sort((a, b) => a - b) }
}

const NOTHING: readonly number[] = []
