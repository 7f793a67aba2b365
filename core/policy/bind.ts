// Binds a compiled program to the plugins of a snapshot: which resolver fills which slot, and what can be filled for free.
import { createDetection, prepareDetection } from '../detect/index.ts'
import type { Detection } from '../detect/port.ts'
import { locationsOf } from './locations.ts'
import type { Attribute, Verb } from '../plugin/contract.ts'
import type { Location } from '../model/content.ts'
import type { HookOwner } from '../plugin/run.ts'
import { createProgram, readPaths, type Bundle, type CompiledPolicy, type Phase, type Program } from '../../dsl/index.ts'
import { needsPlanner, type Needs } from './needs.ts'
import { requireSameTemplates } from './templates.ts'
import type { Words } from './words.ts'

/** How one attribute slot is filled. `word` is the last word of the name, for families. */
export interface Resolver {
  readonly slot: number
  readonly attribute: Attribute
  readonly word: string
  readonly owner: HookOwner
}

/** A slot about findings. */
export interface FindingSlot {
  readonly slot: number
  readonly field: 'count' | 'score'
}

export interface BoundPolicies {
  readonly program: Program
  readonly words: Words
  readonly detection: Detection
  /** By slot; absent for slots about findings. */
  readonly resolvers: readonly (Resolver | undefined)[]
  /** Attributes that cost nothing to know, per phase that reads them. */
  readonly freeResolvers: { readonly [phase in Phase]: readonly Resolver[] }
  /** Those of them that are known before there is an answer. */
  readonly foreseeableResolvers: { readonly [phase in Phase]: readonly Resolver[] }
  /** Can this slot be known before there is an answer? */
  readonly isBeforeAnswer: (slot: number) => boolean
  /** Those of these slots that can. */
  readonly beforeAnswer: (slots: readonly number[]) => readonly number[]
  /** The numbers of the phase `stream` that a finding of a detector at a location changes. */
  readonly numbersOf: (location: Location, detector: string) => readonly FindingSlot[]
  /** By index of the response phase's policies: it must see the answer whole, so that a stream is held for it. */
  readonly needsWholeAnswer: readonly boolean[]
  /** By index of the stream phase's policies: the detectors over completions that each reads or protects. */
  readonly streamDetectors: readonly (readonly string[])[]
  /** What has to be resolved when these slots are open. */
  readonly planNeeds: (slots: readonly number[]) => Needs
  /** May a policy put placeholders into requests, whose values come back? */
  readonly issuesTokens: boolean
  /** Names of the verbs in use that rewrite spans. */
  readonly spanVerbs: ReadonlySet<string>
  /** Deadline of one scan. */
  readonly scanDeadlineMs: number
}

/** Binds a bundle. Throws when it reads an attribute that no loaded plugin brings (a bundle of other plugins), or verbs whose phrases have changed. */
export function bindPolicies(
  bundle: Bundle,
  words: Words,
  options: { readonly scanDeadlineMs: number; readonly scanWorkers: number },
): BoundPolicies {
  requireSameTemplates(bundle, words)
  const program = createProgram(bundle, (name) => isStable(words, name))
  const resolvers = program.slots.map((source, slot) => (source.kind === 'attribute' ? resolverFor(words, source.name, slot) : undefined))
  const isFree = (slot: number): boolean => resolvers[slot] !== undefined && resolvers[slot].attribute.cost !== 'io'
  const freeOf = (phase: Phase): readonly Resolver[] => program.phases[phase].slots.filter(isFree).map((slot) => resolvers[slot]!)
  const freeResolvers = { request: freeOf('request'), target: freeOf('target'), response: freeOf('response'), stream: freeOf('stream') }
  const known = slotsBeforeAnswer(program, resolvers)
  const isBeforeAnswer = (slot: number): boolean => known[slot]!
  const detection = createDetection(bundle.detectors, words.checks, { workers: options.scanWorkers, engines: words.engines })
  refuseEnginesOnStream(program, detection)
  return {
    program,
    words,
    detection,
    streamDetectors: program.phases.stream.policies.map((policy) =>
      detectorsInStream(policy).filter((name) => detection.members(name).length > 0),
    ),
    isBeforeAnswer,
    beforeAnswer: keeping(isBeforeAnswer),
    needsWholeAnswer: program.phases.response.policies.map(
      ({ phases, effects }) => !phases.includes('stream') || effects.some(({ verb }) => verb === 'buffer'),
    ),
    resolvers,
    freeResolvers,
    foreseeableResolvers: foreseeable(freeResolvers),
    numbersOf: streamNumbers(program, detection),
    issuesTokens: bundle.policies.some(({ effects }) => effects.some((effect) => isReversible(words, effect))),
    planNeeds: needsPlanner(program, detection),
    spanVerbs: new Set(bundle.policies.flatMap(({ effects }) => effects.filter((one) => spansVerb(words, one)).map(({ verb }) => verb))),
    scanDeadlineMs: options.scanDeadlineMs,
  }
}

/** The same, with pauses for the event loop where detectors have to be prepared. */
export async function bindAside(...[bundle, words, options]: Parameters<typeof bindPolicies>): Promise<BoundPolicies> {
  await prepareDetection(bundle.detectors)
  return bindPolicies(bundle, words, options)
}

/** `policy check` says so of plain names; a union may hide an engine, and a bundle may come from elsewhere. */
function refuseEnginesOnStream({ phases }: Program, detection: Detection): void {
  for (const policy of phases.stream.policies) {
    const [engine] = detection.engineMembers(detectorsInStream(policy))
    if (engine === undefined) continue
    throw new Error(
      `policy ${policy.id} is \`on stream\` and needs ${engine}, which reads whole texts only. Write \`on response\` alone: streams are then held and judged whole.`,
    )
  }
}

/** Callers, features and models are few, and each comes back again and again: partial evaluation is kept for them. */
function isStable(words: Words, name: string): boolean {
  if (name === 'request.model' || name.startsWith('feature.')) return true
  return (words.attribute(name)?.attribute.lifetime ?? 'exchange') !== 'exchange'
}

function foreseeable(free: BoundPolicies['freeResolvers']): BoundPolicies['freeResolvers'] {
  const before = (phase: Phase): readonly Resolver[] => free[phase].filter(({ attribute }) => attribute.phase !== 'response')
  return { request: before('request'), target: before('target'), response: before('response'), stream: before('stream') }
}

function slotsBeforeAnswer({ slots }: Program, resolvers: BoundPolicies['resolvers']): readonly boolean[] {
  return slots.map((source, slot) =>
    source.kind === 'finding' ? source.location.startsWith('prompt') : resolvers[slot]!.attribute.phase !== 'response',
  )
}

/** The same list for the same list, as the planner of needs wants it. */
function keeping(isWanted: (slot: number) => boolean): BoundPolicies['beforeAnswer'] {
  const known = new WeakMap<readonly number[], readonly number[]>()
  return (slots) => {
    let kept = known.get(slots)
    if (kept === undefined) known.set(slots, (kept = slots.filter(isWanted)))
    return kept
  }
}

/** Worked out once: a stream asks for every finding. */
function streamNumbers({ slots, phases }: Program, detection: Detection): BoundPolicies['numbersOf'] {
  const numbers = new Map<string, FindingSlot[]>()
  for (const slot of phases.stream.slots) {
    const source = slots[slot]!
    if (source.kind !== 'finding') continue
    for (const location of locationsOf(source.location)) {
      for (const member of detection.members(source.detector)) {
        const key = `${location} ${member}`
        numbers.set(key, [...(numbers.get(key) ?? []), { slot, field: source.field }])
      }
    }
  }
  return (location, detector) => numbers.get(`${location} ${detector}`) ?? NONE
}

const NONE: readonly FindingSlot[] = []

/** The detectors over completions that a policy reads or protects. */
export function detectorsInStream({ when, effects }: CompiledPolicy): readonly string[] {
  const read = readPaths(when).flatMap((path) => /^found\.([\w.]+?)\.completion(?:\.\w+)?\.(?:count|score)$/.exec(path)?.[1] ?? [])
  const protectedOnes = effects.flatMap(({ operands }) => operands.detector ?? []).filter((name) => typeof name === 'string')
  return [...new Set([...read, ...protectedOnes])]
}

function isReversible(words: Words, effect: CompiledPolicy['effects'][number]): boolean {
  return spansVerb(words, effect)?.reversible === true
}

function spansVerb(words: Words, effect: CompiledPolicy['effects'][number]): Extract<Verb, { acts: 'spans' }> | null {
  const verb = words.verbOf({ ...effect, policy: '', severity: 'low', operands: {} })?.verb
  return verb?.acts === 'spans' ? verb : null
}

function resolverFor(words: Words, name: string, slot: number): Resolver {
  const owned = words.attribute(name)
  if (!owned) throw new Error(`no loaded plugin brings the attribute ${name}, which the policies read`)
  return { slot, attribute: owned.attribute, word: name.slice(name.lastIndexOf('.') + 1), owner: owned.owner }
}
