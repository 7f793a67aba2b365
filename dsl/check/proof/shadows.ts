// Policies that change nothing, because another one fires wherever they fire and does at least the same; and an `allow` that is always denied.
import { covers, membersIn } from './covers.ts'
import { headOf, type Claim } from './claims.ts'
import { indexClaims } from './neighbours.ts'
import { refutes, type Budget } from './refute.ts'
import type { CompiledDetector } from '../../compile/bundle.ts'
import type { Report } from '../report.ts'
import type { Terms } from './formula.ts'

/** `claims`: those that can fire. */
export function findShadows(
  claims: readonly Claim[],
  detectors: readonly CompiledDetector[],
  terms: Terms,
  budget: Budget,
  report: Report,
): void {
  const membersOf = membersIn(detectors)
  const covered = new Map<Claim, Claim[]>()
  const denied = new Map<Claim, Claim>()
  const neighbours = indexClaims(claims, terms)
  const allowing = new Set(claims.filter(allows))
  for (const strong of claims) {
    const isDenying = denies(strong)
    for (const weak of neighbours.stronger(strong)) {
      if (weak.policy.id === strong.policy.id) continue
      if (budget.left-- <= 0) break
      const isCovered = covers(strong.policy, weak.policy, membersOf)
      const isDenied = isDenying && allowing.has(weak) && !denied.has(weak)
      if ((!isCovered && !isDenied) || !refutes([weak.when, strong.never], terms, budget)) continue
      if (isCovered) covered.set(weak, [...(covered.get(weak) ?? []), strong])
      if (isDenied) denied.set(weak, strong)
    }
  }
  reportCovered(claims, covered, report)
  reportDenied(claims, denied, report)
}

const acts = ({ policy: { mode, effects } }: Claim, verb: string): boolean =>
  mode === 'enforce' && effects.some((effect) => effect.verb === verb)

const allows = (claim: Claim): boolean => acts(claim, 'allow')

/** A refusal `on target` takes away every candidate, so it refuses the request as well. */
const denies = (claim: Claim): boolean =>
  acts(claim, 'deny') && claim.policy.phases.some((phase) => phase === 'request' || phase === 'target')

/** From the last id to the first, so that of several that say the same the first one stays. */
function reportCovered(claims: readonly Claim[], covered: ReadonlyMap<Claim, readonly Claim[]>, report: Report): void {
  const byId = [...Map.groupBy(claims, ({ policy }) => policy.id)].sort(([a], [b]) => (a < b ? 1 : -1))
  const gone = new Set<string>()
  for (const [id, variants] of byId) {
    const others = variants.map((variant) => covered.get(variant)?.find(({ policy }) => !gone.has(policy.id)))
    const other = others[0]
    if (other === undefined || others.includes(undefined)) continue
    gone.add(id)
    report.diagnostics.push({
      code: 'P310',
      severity: 'warning',
      message: `\`${id}\` changes nothing: wherever it fires, \`${other.policy.id}\` fires too and does at least the same`,
      span: headOf(variants[0]!.policy),
      help: 'Remove it, or make one of the two conditions narrower.',
      related: [{ span: headOf(other.policy), message: 'this one does the same' }],
    })
  }
}

function reportDenied(claims: readonly Claim[], denied: ReadonlyMap<Claim, Claim>, report: Report): void {
  for (const [id, variants] of Map.groupBy(claims.filter(allows), ({ policy }) => policy.id)) {
    const other = denied.get(variants[0]!)
    if (other === undefined || !variants.every((variant) => denied.has(variant))) continue
    report.diagnostics.push({
      code: 'P311',
      severity: 'warning',
      message: `\`${id}\` never lets anything through: whatever it allows, \`${other.policy.id}\` denies`,
      span: headOf(variants[0]!.policy),
      help: 'A denial always wins. Make the denial narrower, or write an `exception` to it.',
      related: [{ span: headOf(other.policy), message: 'this one denies it' }],
    })
  }
}
