// Conditions that nothing can make true, whole or in one branch of an `or`. A policy that overlays split into variants is dead only where all of them are.
import { headOf, type Claim } from './claims.ts'
import { refutes, type Budget } from './refute.ts'
import type { DeclarationOf, Expression } from '../../syntax/ast.ts'
import type { JsonLogic } from '../../compile/bundle.ts'
import type { Report } from '../report.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import type { Terms } from './formula.ts'

type Policy = DeclarationOf<'policy'>

/** Reports, and returns the claims that can never fire. */
export function findContradictions(
  claims: readonly Claim[],
  policies: ReadonlyMap<string, Policy>,
  terms: Terms,
  budget: Budget,
  report: Report,
): ReadonlySet<Claim> {
  const dead = new Set(claims.filter(({ when }) => refutes([when], terms, budget)))
  const isDead = (logic: JsonLogic): boolean => refutes([terms.formula(logic)], terms, budget)
  for (const [id, variants] of Map.groupBy(claims, ({ policy }) => policy.id)) {
    const written = policies.get(id)
    const condition = written ? conditionOf(written) : null
    if (variants.every((variant) => dead.has(variant))) {
      const span = condition?.span ?? headOf(variants[0]!.policy)
      report.warning(
        'P300',
        span,
        `\`${id}\` can never fire: its conditions exclude each other`,
        'Correct the condition, or remove the policy.',
      )
    } else if (condition && hasChoice(condition)) {
      const alive = variants.filter((variant) => !dead.has(variant))
      const found = alive.map(({ policy }) => deadBranches(condition, policy.when, isDead))
      for (const span of found[0]!.filter((one) => found.every((spans) => spans.includes(one)))) {
        report.warning('P301', span, `this branch of \`or\` is never true in \`${id}\``, 'Correct the branch, or remove it.')
      }
    }
  }
  return dead
}

function conditionOf({ clauses }: Policy): Expression | null {
  for (const clause of clauses) if (clause.kind === 'when') return clause.condition
  return null
}

function hasChoice(condition: Expression): boolean {
  if (condition.kind === 'or') return true
  return condition.kind === 'and' && condition.operands.some(hasChoice)
}

// ── branches ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Put = (part: JsonLogic) => JsonLogic

/** Branches without which the whole condition means the same. The compiled form is found by its shape: it may stand among other parts. */
function deadBranches(condition: Expression, whole: JsonLogic, isDead: (logic: JsonLogic) => boolean): readonly Span[] {
  const place = locate(condition, whole, (part) => part)
  return place ? branchesIn(condition, place.logic, place.put, isDead) : []
}

function locate(condition: Expression, logic: JsonLogic, put: Put): { readonly logic: JsonLogic; readonly put: Put } | null {
  if (isShaped(condition, logic)) return { logic, put }
  const parts = partsOf('and', logic) ?? []
  for (const [i, part] of parts.entries()) {
    const place = locate(condition, part, (other) => put({ and: parts.with(i, other) }))
    if (place) return place
  }
  return null
}

function isShaped(condition: Expression, logic: JsonLogic): boolean {
  if (condition.kind !== 'and' && condition.kind !== 'or') return true
  const parts = partsOf(condition.kind, logic)
  return parts?.length === condition.operands.length && condition.operands.every((operand, i) => isShaped(operand, parts[i]!))
}

function partsOf(kind: 'and' | 'or', logic: JsonLogic): readonly JsonLogic[] | null {
  if (logic === null || typeof logic !== 'object' || Array.isArray(logic)) return null
  const parts = (logic as { readonly [operator: string]: JsonLogic })[kind]
  return Array.isArray(parts) ? (parts as readonly JsonLogic[]) : null
}

function branchesIn(condition: Expression, logic: JsonLogic, put: Put, isDead: (logic: JsonLogic) => boolean): readonly Span[] {
  if (condition.kind !== 'and' && condition.kind !== 'or') return []
  const parts = partsOf(condition.kind, logic)!
  return condition.operands.flatMap((operand, i) => {
    if (condition.kind === 'and') return branchesIn(operand, parts[i]!, (part) => put({ and: parts.with(i, part) }), isDead)
    return isDead(put(parts[i]!)) ? [operand.span] : branchesIn(operand, parts[i]!, put, isDead)
  })
}
