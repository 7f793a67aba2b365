// Makes a program of a bundle: slots for everything it reads, closures for its conditions.
import { compileLogic } from './closures.ts'
import { createDecider, type PhasePolicy } from './decide.ts'
import { Evaluator, type Evaluated, type SlotKinds } from './evaluator.ts'
import { readPaths } from './paths.ts'
import type { PhaseProgram, Program, SlotSource } from './program.ts'
import type { Bundle, CompiledPolicy } from '../compile/bundle.ts'
import type { Phase } from '../vocabulary/vocabulary.ts'

const PHASES: readonly Phase[] = ['request', 'target', 'response', 'stream']
const FINDING = /^found\.(.+?)\.((?:prompt|completion)(?:\.\w+)?)\.(count|score)$/

/**
 * Throws when the bundle holds an operator outside the portable core. `isStable` names the attributes whose values seldom change from
 * request to request (who calls, for what); by them partial evaluation is kept. It changes how fast the answer is, never which.
 */
export function createProgram(bundle: Bundle, isStable: (attribute: string) => boolean = () => false): Program {
  const names = [...new Set(bundle.policies.flatMap(pathsOf))]
  const byPath = new Map(names.map((path, slot) => [path, slot]))
  const slots = names.map(sourceOf)
  const kinds: SlotKinds = {
    count: slots.length,
    slotOf: (path) => byPath.get(path)!,
    isStable: (slot) => {
      const source = slots[slot]!
      return source.kind === 'attribute' && isStable(source.name)
    },
  }
  return {
    bundle,
    hash: bundle.hash,
    slots,
    phases: Object.fromEntries(PHASES.map((name) => [name, createPhase(bundle, name, kinds)])) as Program['phases'],
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

interface Entry extends PhasePolicy, Evaluated {}

function createPhase(bundle: Bundle, phase: Phase, kinds: SlotKinds): PhaseProgram {
  const entries = bundle.policies
    .filter(({ phases, mode }) => mode !== 'off' && phases.includes(phase))
    .map((policy) => entryOf(policy, kinds.slotOf))
  const slots = [...new Set(entries.flatMap(({ conditionSlots, effectSlots }) => [...conditionSlots, ...effectSlots]))]
  const decide = createDecider(phase, bundle.defaults[phase], entries, kinds.slotOf)
  const evaluator = new Evaluator(entries, kinds)
  return {
    slots: slots.sort((a, b) => a - b),
    policies: entries.map(({ policy }) => policy),
    evaluate: (values, previous) => evaluator.evaluate(values, previous ?? null),
    decide: ({ fired, open }, values) => decide(fired, open, values),
  }
}

function entryOf(policy: CompiledPolicy, slotOf: (path: string) => number): Entry {
  const effectSlots = policy.effects.flatMap(attributesOf).map(slotOf)
  return {
    policy,
    condition: policy.when,
    when: compileLogic(policy.when, slotOf),
    conditionSlots: readPaths(policy.when).map(slotOf),
    effectSlots: effectSlots.length === 0 ? NONE : effectSlots,
  }
}

const NONE: readonly number[] = []
