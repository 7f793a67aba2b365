// The conditions of policies as their authors wrote them, each part beside the JSON Logic that it became. Coverage and `explain` speak of
// these parts. Where the two trees differ in shape, a part stays whole.
import { excerptOf } from '../format/excerpt.ts'
import { parse } from '../syntax/parse.ts'
import type { Bundle, CompiledPolicy, JsonLogic } from '../compile/bundle.ts'
import type { Clause, DeclarationOf, Expression, FileAst, Phrase } from '../syntax/ast.ts'
import type { SourceFile, Span } from '../diagnostics/diagnostic.ts'

/** A part of a condition. `test`: what the language's `and`, `or` and `not` are put around. */
export interface Branch {
  readonly kind: 'and' | 'or' | 'not' | 'test'
  /** As written, on one line. */
  readonly text: string
  readonly span: Span
  readonly expression: Expression
  readonly logic: JsonLogic
  readonly parts: readonly Branch[]
}

export interface WrittenPhrase {
  readonly verb: string
  readonly text: string
  readonly span: Span
}

export interface PolicyBranches {
  readonly policy: CompiledPolicy
  /** Which tenants this variant of the policy is for; null: it has no variants. */
  readonly guard: JsonLogic | null
  readonly when: Branch | null
  readonly unless: Branch | null
  /** The condition of each exception; `logic` holds its end as well. */
  readonly exceptions: readonly { readonly title: string; readonly until: string; readonly branch: Branch; readonly logic: JsonLogic }[]
  readonly onError: WrittenPhrase | null
  readonly phrases: readonly WrittenPhrase[]
}

type Policy = DeclarationOf<'policy'>
type Exception = DeclarationOf<'exception'>

/** For every policy of the bundle, in its order, from the files that it was compiled of. */
export function branchesOf(bundle: Bundle, files: readonly SourceFile[]): readonly PolicyBranches[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const parsed = new Map(files.map((file) => [file.path, parse(file).file]))
  const at = <D>(span: Span, pick: (file: FileAst) => readonly D[]): D | undefined => {
    const file = parsed.get(span.file)
    return file && pick(file).find((one) => (one as { readonly span: Span }).span.start === span.start)
  }
  const variants = Map.groupBy(bundle.policies, ({ id }) => id)
  return bundle.policies.map((policy) => {
    const declared = at(policy.span, policiesIn)
    const exceptions = bundle.exceptions.filter((one) => one.policy === policy.id).flatMap((one) => at(one.span, exceptionsIn) ?? [])
    return describe(policy, declared, exceptions, variants.get(policy.id)!.length > 1 || policy.overlay !== null, texts)
  })
}

function policiesIn({ declarations }: Pick<FileAst, 'declarations'>): readonly Policy[] {
  return declarations.flatMap((one) => (one.kind === 'policy' ? [one] : one.kind === 'overlay' ? policiesIn(one) : []))
}

function exceptionsIn({ declarations }: Pick<FileAst, 'declarations'>): readonly Exception[] {
  return declarations.flatMap((one) => (one.kind === 'exception' ? [one] : one.kind === 'overlay' ? exceptionsIn(one) : []))
}

type Texts = ReadonlyMap<string, string>

function describe(
  policy: CompiledPolicy,
  declared: Policy | undefined,
  exceptions: readonly Exception[],
  isVariant: boolean,
  texts: Texts,
): PolicyBranches {
  const clauses = declared?.clauses ?? []
  const when = conditionIn(clauses, 'when')
  const unless = conditionIn(clauses, 'unless')
  const logic = split(policy.when, { guard: isVariant, when: when !== null, unless: unless !== null, exceptions: exceptions.length })
  const onError = clauses.flatMap((clause) => (clause.kind === 'on error' ? [clause.phrase] : []))[0]
  return {
    policy,
    guard: logic.guard,
    when: when && logic.when !== null ? branchOf(when, logic.when, texts) : null,
    unless: unless && logic.unless !== null ? branchOf(unless, logic.unless, texts) : null,
    exceptions: exceptions.flatMap((exception, i) => {
      const condition = conditionIn(exception.clauses, 'when')
      const whole = logic.exceptions[i]
      if (!condition || whole === undefined) return []
      const branch = branchOf(condition, withoutEnd(whole), texts)
      return [{ title: exception.title, until: untilOf(exception), branch, logic: whole }]
    }),
    onError: onError ? written(onError, texts) : null,
    phrases: clauses.flatMap((clause) => (clause.kind === 'phrase' ? [written(clause.phrase, texts)] : [])),
  }
}

function conditionIn(clauses: readonly Clause[], kind: 'when' | 'unless'): Expression | null {
  return clauses.flatMap((clause) => (clause.kind === kind ? [clause.condition] : []))[0] ?? null
}

function untilOf({ clauses }: Exception): string {
  const until = clauses.flatMap((clause) => (clause.kind === 'phrase' && clause.phrase.verb.text === 'until' ? [clause.phrase] : []))[0]
  const day = until?.slots[0]?.groups[0]?.[0]
  return day?.kind === 'date' ? day.value : ''
}

function written({ verb, span }: Phrase, texts: Texts): WrittenPhrase {
  return { verb: verb.text, text: excerptOf(texts.get(span.file) ?? '', span), span }
}

// ── the logic of a policy, taken apart ───────────────────────────────────────────────────────────────────────────────

interface Split {
  readonly guard: JsonLogic | null
  readonly when: JsonLogic | null
  readonly unless: JsonLogic | null
  readonly exceptions: readonly JsonLogic[]
}

/** A policy becomes `and [guard, when, !unless, !exception, …]`, nested or flat, with what it does not have left out. */
function split(
  logic: JsonLogic,
  has: { readonly guard: boolean; readonly when: boolean; readonly unless: boolean; readonly exceptions: number },
): Split {
  let parts = has.guard ? armsOf(logic) : [logic]
  const guard = has.guard ? parts[0]! : null
  if (has.guard) parts = parts.slice(1)
  const conditions = Number(has.when) + Number(has.unless)
  const exceptions = takeLast(parts, has.exceptions, conditions)
  const [unless] = has.unless ? takeLast(exceptions.rest, 1, Number(has.when)).taken : []
  const rest = has.unless ? takeLast(exceptions.rest, 1, Number(has.when)).rest : exceptions.rest
  return {
    guard,
    when: rest.length === 0 ? null : rest.length === 1 ? rest[0]! : { and: rest },
    unless: unless === undefined ? null : negated(unless),
    exceptions: exceptions.taken.flatMap((one) => negated(one) ?? []),
  }
}

/** The last arms, which are negations; `others` says whether something must be left before them. */
function takeLast(
  parts: readonly JsonLogic[],
  count: number,
  others: number,
): { readonly taken: readonly JsonLogic[]; readonly rest: readonly JsonLogic[] } {
  if (count === 0) return { taken: [], rest: parts }
  const isNested = parts.length === 1 && (count + others > 1 || negated(parts[0]!) === null)
  const arms = isNested ? armsOf(parts[0]!) : parts
  const taken = arms.slice(-count)
  return taken.every((one) => negated(one) !== null) ? { taken, rest: arms.slice(0, -count) } : { taken: [], rest: parts }
}

function operation(logic: JsonLogic, operator: string): readonly JsonLogic[] | null {
  if (logic === null || typeof logic !== 'object' || Array.isArray(logic)) return null
  const operand = (logic as { readonly [operator: string]: JsonLogic })[operator]
  if (operand === undefined) return null
  return Array.isArray(operand) ? (operand as readonly JsonLogic[]) : [operand]
}

const armsOf = (logic: JsonLogic): readonly JsonLogic[] => operation(logic, 'and') ?? [logic]

const negated = (logic: JsonLogic): JsonLogic | null => operation(logic, '!')?.[0] ?? null

/** An exception is `when and time.unix < until`. */
function withoutEnd(logic: JsonLogic): JsonLogic {
  const arms = armsOf(logic)
  if (arms.length < 2) return logic
  return arms.length === 2 ? arms[0]! : { and: arms.slice(0, -1) }
}

// ── the two trees side by side ───────────────────────────────────────────────────────────────────────────────────────

function branchOf(expression: Expression, logic: JsonLogic, texts: Texts): Branch {
  const { span } = expression
  const text = excerptOf(texts.get(span.file) ?? '', span)
  const common = { text, span, expression, logic }
  if (expression.kind === 'and' || expression.kind === 'or') {
    const arms = operation(logic, expression.kind)
    if (arms?.length === expression.operands.length) {
      const parts = expression.operands.map((operand, i) => branchOf(operand, arms[i]!, texts))
      return { kind: expression.kind, ...common, parts }
    }
  }
  if (expression.kind === 'not') {
    const inner = negated(logic)
    if (inner !== null) return { kind: 'not', ...common, parts: [branchOf(expression.operand, inner, texts)] }
  }
  return { kind: 'test', ...common, parts: [] }
}
