// Which verb of which phase acted on a finding because a condition read it. Verbs that rewrite spans are not told here: they say themselves
// what they took out.
import type { BoundPolicies } from './bind.ts'
import { locationsOf } from './locations.ts'
import type { Reason } from './language.ts'

export interface Act {
  readonly verb: string
  readonly phase: Reason['phase']
}

/** The act on findings of a detector (no union) at a location, or null. */
export type ActOn = (location: string, detector: string) => Act | null

/** Reads what policies that fired have said: the strongest verb wins, then the earlier phase, then the weightier policy. */
export function actsIn(reasons: readonly Reason[], { detection, spanVerbs }: Pick<BoundPolicies, 'detection' | 'spanVerbs'>): ActOn {
  const acts = new Map<string, Act>()
  for (const reason of reasons) {
    const verb = actingVerb(reason, spanVerbs)
    if (verb === null) continue
    for (const name in reason.values) {
      if (!isFound(reason.values[name])) continue
      for (const key of placesOf(name, detection)) {
        const before = acts.get(key)
        if (before === undefined || weightOf(verb) < weightOf(before.verb)) acts.set(key, { verb, phase: reason.phase })
      }
    }
  }
  return (location, detector) => acts.get(keyOf(location, detector)) ?? null
}

const isFound = (value: unknown): boolean => typeof value === 'number' && value > 0
const keyOf = (location: string, detector: string): string => `${location} ${detector}`

/** From the one that ends the exchange to those that leave it as it is; verbs of plugins stand between. */
const HEAVY = ['deny', 'require', 'route']
const LIGHT = ['warn', 'label']

function weightOf(verb: string): number {
  if (HEAVY.includes(verb)) return HEAVY.indexOf(verb)
  return HEAVY.length + 1 + LIGHT.indexOf(verb)
}

/** Null: it was in shadow, or did nothing but protect or allow. */
function actingVerb({ state, effects }: Reason, spanVerbs: ReadonlySet<string>): string | null {
  if (state === 'shadow' || state === 'skipped') return null
  const acting = effects.filter((verb) => verb !== 'allow' && verb !== 'buffer' && !spanVerbs.has(verb))
  return acting.sort((a, b) => weightOf(a) - weightOf(b))[0] ?? null
}

/** `found.standard.detectors.secret.prompt.user.count`: every single detector at every single location behind it. */
function placesOf(name: string, detection: BoundPolicies['detection']): readonly string[] {
  const [, detector, location] = /^found\.([\w.]+?)\.((?:prompt|completion)(?:\.\w+)?)\.(?:count|score)$/.exec(name) ?? []
  if (detector === undefined || location === undefined) return []
  const members = detection.members(detector)
  return [...locationsOf(location)].flatMap((place) => members.map((member) => keyOf(place, member)))
}
