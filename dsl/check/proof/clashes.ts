// Effects of two policies that one request may meet and that cannot both be had: two values for one parameter, destinations with nothing in common.
import { headOf, type Claim } from './claims.ts'
import { meeting } from './neighbours.ts'
import { refutes, type Budget } from './refute.ts'
import type { CompiledEffect } from '../../compile/bundle.ts'
import type { Report } from '../report.ts'
import type { Terms } from './formula.ts'

/** `claims`: those that can fire. */
export function findClashes(claims: readonly Claim[], terms: Terms, budget: Budget, report: Report): void {
  const enforced = claims.filter(({ policy }) => policy.mode === 'enforce')
  for (const kind of ['precedence', 'intersection'] as const) {
    const acting = enforced.filter(({ policy }) => policy.effects.some(({ join }) => join.kind === kind))
    // One clash of a policy is enough to look into it.
    const reported = new Set<string>()
    for (const [first, second] of meeting(acting)) {
      if (budget.left-- <= 0) return
      const [a, b] = [first.policy, second.policy]
      if (a.id === b.id || reported.has(b.id) || !a.phases.some((phase) => b.phases.includes(phase))) continue
      const clash = clashOf(first, second, kind)
      if (clash === null || refutes([first.when, second.when], terms, budget)) continue
      reported.add(b.id)
      report.diagnostics.push({
        ...clash,
        severity: 'warning',
        span: headOf(b),
        related: [{ span: headOf(a), message: `\`${a.id}\` stands here` }],
      })
    }
  }
}

interface Clash {
  readonly code: string
  readonly message: string
  readonly help: string
}

function clashOf({ policy: a }: Claim, { policy: b }: Claim, kind: 'precedence' | 'intersection'): Clash | null {
  for (const first of a.effects) {
    for (const second of b.effects) {
      if (first.join.kind !== kind || first.phrase !== second.phrase) continue
      if (kind === 'intersection' && haveNothingInCommon(first, second))
        return {
          code: 'P321',
          message: `\`${a.id}\` and \`${b.id}\` may fire together, and no destination suits both`,
          help: 'Such a request is denied with `route.conflict`. Let the conditions exclude each other, or name a common destination.',
        }
      const subject = kind === 'precedence' && a.severity === b.severity ? disagreement(first, second) : null
      if (subject !== null)
        return {
          code: 'P320',
          message: `\`${a.id}\` and \`${b.id}\` may fire together and set \`${subject}\` to different values`,
          help: `Of two policies of one severity the smaller id wins, which is \`${a.id < b.id ? a.id : b.id}\`. Give one a higher \`severity\`.`,
        }
    }
  }
  return null
}

/** The parameter that both set, to different values; else null. */
function disagreement(first: CompiledEffect, second: CompiledEffect): string | null {
  if (first.join.kind !== 'precedence') return null
  const { by } = first.join
  const [subject, other] = [JSON.stringify(first.operands[by]), JSON.stringify(second.operands[by])]
  if (subject !== other || JSON.stringify(first.operands) === JSON.stringify(second.operands)) return null
  const operand = first.operands[by]
  return typeof operand === 'object' && 'attribute' in operand ? operand.attribute : String(operand)
}

/** Models are destinations themselves. What is in a pool says the configuration, so nothing is claimed about pools. */
function haveNothingInCommon({ operands: a }: CompiledEffect, { operands: b }: CompiledEffect): boolean {
  if (a['kind'] !== 'model' || b['kind'] !== 'model' || !Array.isArray(a['name']) || !Array.isArray(b['name'])) return false
  const names = new Set(a['name'].map(String))
  return !b['name'].some((name) => names.has(String(name)))
}
