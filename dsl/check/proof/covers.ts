// Does one policy do at least what another does, whenever both fire? Follows from the joins of the verbs; what is not certain is a no.
import { bySeverity, SEVERITIES } from '../../evaluate/joins.ts'
import type { CompiledDetector, CompiledEffect, CompiledOperand, CompiledPolicy } from '../../compile/bundle.ts'

/** The detectors behind a name: the members of a union, or itself. */
export type MembersOf = (detector: string) => readonly string[]

export function membersIn(detectors: readonly CompiledDetector[]): MembersOf {
  const unions = new Map(detectors.flatMap(({ name, any }) => (any.length > 0 ? [[name, any] as const] : [])))
  const known = new Map<string, readonly string[]>()
  const expand = (name: string): readonly string[] => {
    let members = known.get(name)
    if (members === undefined) known.set(name, (members = (unions.get(name) ?? []).flatMap(expand).concat(name)))
    return members
  }
  return expand
}

/** `strong` fires wherever `weak` does: does it then do everything that `weak` does? */
export function covers(strong: CompiledPolicy, weak: CompiledPolicy, membersOf: MembersOf): boolean {
  if (weak.mode !== strong.mode || weak.mode === 'off' || weak.effects.length === 0) return false
  // Most pairs have nothing in common; what is cheap to see comes first.
  if (
    !weak.effects.every(({ verb, join }) =>
      strong.effects.some((other) => other.verb === verb || (join.kind === 'span' && other.join.kind === 'span')),
    )
  )
    return false
  if (!weak.phases.every((phase) => strong.phases.includes(phase)) || !isSame(strong.onError, weak.onError)) return false
  return weak.effects.every((effect) => strong.effects.some((other) => outdoes(other, strong, effect, weak, membersOf)))
}

function outdoes(strong: CompiledEffect, from: CompiledPolicy, weak: CompiledEffect, of: CompiledPolicy, membersOf: MembersOf): boolean {
  const { join } = weak
  if (strong.verb !== weak.verb && !(join.kind === 'span' && strong.join.kind === 'span')) return false
  const isSpoken = bySeverity(severityOf(from), severityOf(of)) < 0
  if (strong.phrase === weak.phrase && isSame(strong.operands, weak.operands)) return strong.verb !== 'deny' || isAsSevere(from, of)
  switch (join.kind) {
    case 'verdict':
      return isSpoken
    case 'smallest':
      return (
        isSame(strong.operands[join.by], weak.operands[join.by]) && isAtMost(strong.operands[join.operand], weak.operands[join.operand])
      )
    case 'precedence':
      return isSpoken && strong.phrase === weak.phrase && isSame(strong.operands[join.by], weak.operands[join.by])
    case 'strictest':
      return join.order.indexOf(String(strong.operands[join.operand])) >= join.order.indexOf(String(weak.operands[join.operand]))
    case 'intersection':
      return strong.phrase === weak.phrase && isWithin(strong, weak)
    case 'span':
      return strong.join.kind === 'span' && hides(strong, weak, strong.join.strength - join.strength, membersOf)
    default:
      return false
  }
}

const severityOf = ({ severity, id }: CompiledPolicy): { readonly severity: CompiledPolicy['severity']; readonly policy: string } => ({
  severity,
  policy: id,
})

/** The same refusal said with less weight would change which reason is named first. */
function isAsSevere(strong: CompiledPolicy, weak: CompiledPolicy): boolean {
  return SEVERITIES.indexOf(strong.severity) >= SEVERITIES.indexOf(weak.severity)
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function isAtMost(a: unknown, b: unknown): boolean {
  return typeof a === 'number' && typeof b === 'number' && a <= b
}

/** A narrower choice of the same kind: every list within the other's, and all else the same. */
function isWithin({ operands: narrow }: CompiledEffect, { operands: wide }: CompiledEffect): boolean {
  const names = new Set([...Object.keys(narrow), ...Object.keys(wide)])
  return [...names].every((name) => {
    const [few, many] = [narrow[name], wide[name]]
    if (!Array.isArray(few) || !Array.isArray(many)) return isSame(few, many)
    return (few as readonly CompiledOperand[]).every((one) => (many as readonly CompiledOperand[]).some((other) => isSame(one, other)))
  })
}

/** The same or more findings in the same or more places, put away as well or better; the text in their place is one's own affair. */
function hides(strong: CompiledEffect, weak: CompiledEffect, stronger: number, membersOf: MembersOf): boolean {
  if (stronger < 0) return false
  const rest = ({ operands: { detector: _, location: __, ...others } }: CompiledEffect): unknown => others
  if (stronger === 0 && !(strong.phrase === weak.phrase && isSame(rest(strong), rest(weak)))) return false
  const found = new Set(textsOf(strong.operands['detector']).flatMap(membersOf))
  const places = textsOf(strong.operands['location'])
  return (
    textsOf(weak.operands['detector']).every((detector) => found.has(detector)) &&
    textsOf(weak.operands['location']).every((location) => places.some((one) => location === one || location.startsWith(`${one}.`)))
  )
}

function textsOf(operand: CompiledEffect['operands'][string] | undefined): readonly string[] {
  return operand === undefined ? [] : [operand].flat().map(String)
}
