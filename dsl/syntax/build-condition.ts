// Conditions: the flat tree of the grammar becomes nested expressions. `*` binds before `+ -`, those before `??`; `and` and `or`
// have no order between them, so that mixing them needs parentheses.
import type { CstNode, IToken } from 'chevrotain'
import type { Expression } from './ast.ts'
import { child, children, nameOfPath, nameOfToken, spanOfNode, spanOfToken, token, tokens } from './cst.ts'
import { buildLiteral, valueOfTextNode, type BuildContext } from './build-literal.ts'
import { valueOfNumeral } from './literals.ts'

/** The condition of a node, a hole where there is none. */
export function buildCondition(node: CstNode | undefined, parent: CstNode, ctx: BuildContext): Expression {
  if (node === undefined) return hole(parent, ctx)
  const operands = children(node, 'negation').map((operand) => buildNegation(operand, ctx))
  const connectives = tokens(node, 'Connective')
  const [first] = operands
  if (first === undefined) return hole(node, ctx)
  if (connectives.length === 0) return first
  if (!isCutShort(node, ctx)) reportMixing(connectives, ctx)
  while (operands.length <= connectives.length) operands.push(hole(node, ctx))
  const span = spanOfNode(node, ctx.path)
  return connectives[0]?.image === 'and' ? { kind: 'and', operands, span } : { kind: 'or', operands, span }
}

function reportMixing(connectives: readonly IToken[], ctx: BuildContext): void {
  const [first] = connectives
  const other = connectives.find((connective) => connective.image !== first?.image)
  if (first === undefined || other === undefined) return
  ctx.diagnostics.push({
    code: 'P015',
    severity: 'error',
    message: `\`${first.image}\` and \`${other.image}\` are mixed without parentheses`,
    span: spanOfToken(other, ctx.path),
    help: 'Put parentheses around the part that belongs together, such as `a and (b or c)`.',
    related: [{ span: spanOfToken(first, ctx.path), message: `the first \`${first.image}\` is here` }],
  })
}

function buildNegation(node: CstNode, ctx: BuildContext): Expression {
  const quantifier = child(node, 'quantifier')
  const operand = quantifier === undefined ? buildRelation(child(node, 'relation'), node, ctx) : buildQuantifier(quantifier, ctx)
  return tokens(node, 'word:not').reduceRight<Expression>((inner, not) => {
    return { kind: 'not', operand: inner, span: { file: ctx.path, start: not.startOffset, end: inner.span.end } }
  }, operand)
}

function buildQuantifier(node: CstNode, ctx: BuildContext): Expression {
  const quantity = token(node, 'quantity')?.image
  const variable = token(node, 'Name')
  if (variable === undefined || (quantity !== 'some' && quantity !== 'every' && quantity !== 'no')) return hole(node, ctx)
  return {
    kind: 'quantifier',
    quantity,
    variable: nameOfToken(variable, ctx.path),
    list: buildSum(child(node, 'sum'), node, ctx),
    where: buildCondition(child(node, 'condition'), node, ctx),
    span: spanOfNode(node, ctx.path),
  }
}

function buildRelation(node: CstNode | undefined, parent: CstNode, ctx: BuildContext): Expression {
  if (node === undefined || isCutShort(node, ctx)) return hole(node ?? parent, ctx)
  const left = buildSum(child(node, 'sum'), node, ctx)
  const tail = child(node, 'relationTail')
  return tail === undefined ? left : buildTail(left, tail, spanOfNode(node, ctx.path), ctx)
}

type Span = Expression['span']

function buildTail(left: Expression, tail: CstNode, span: Span, ctx: BuildContext): Expression {
  if (token(tail, 'word:exists') !== undefined) return { kind: 'exists', negated: false, operand: left, span }
  if (token(tail, 'word:is') !== undefined) return { kind: 'exists', negated: true, operand: left, span }
  const right = buildSum(child(tail, 'sum'), tail, ctx)
  const comparison = token(tail, 'Comparison')
  if (comparison !== undefined) return { kind: 'compare', operator: comparison.image as ComparisonSign, left, right, span }
  if (token(tail, 'word:in') !== undefined) return { kind: 'in', negated: token(tail, 'word:not') !== undefined, left, right, span }
  if (token(tail, 'word:has') !== undefined) return { kind: 'has', quantity: quantityOf(tail), left, right, span }
  if (token(tail, 'word:contains') !== undefined) return { kind: 'contains', left, right, scoring: scoringOf(tail, ctx), span }
  if (token(tail, 'word:starts') !== undefined) return { kind: 'match', operator: 'starts with', left, right, span }
  if (token(tail, 'word:ends') !== undefined) return { kind: 'match', operator: 'ends with', left, right, span }
  if (token(tail, 'word:like') !== undefined) return { kind: 'match', operator: 'like', left, right, span }
  return { kind: 'hole', span }
}

type ComparisonSign = Extract<Expression, { kind: 'compare' }>['operator']
type ArithmeticSign = Extract<Expression, { kind: 'arithmetic' }>['operator']

function quantityOf(tail: CstNode): 'one' | 'any' | 'all' {
  if (token(tail, 'word:any') !== undefined) return 'any'
  return token(tail, 'word:all') === undefined ? 'one' : 'all'
}

function scoringOf(tail: CstNode, ctx: BuildContext): Extract<Expression, { kind: 'contains' }>['scoring'] {
  const number = token(tail, 'Number')
  return number === undefined ? null : { kind: 'number', value: valueOfNumeral(number.image), span: spanOfToken(number, ctx.path) }
}

const PRECEDENCE: Record<string, number> = { '??': 1, '+': 2, '-': 2, '*': 3 }

/** Operands and operators in a row, by precedence climbing; all operators bind to the left. */
function buildSum(node: CstNode | undefined, parent: CstNode, ctx: BuildContext): Expression {
  if (node === undefined) return hole(parent, ctx)
  const atoms = children(node, 'atom')
  const operators = tokens(node, 'Operator')
  const first = atoms[0] === undefined ? hole(node, ctx) : buildAtom(atoms[0], ctx)
  if (operators.length === 0) return first
  const rest = operators.map((operator, at) => ({ sign: operator.image, right: operandAt(atoms[at + 1], node, ctx) }))
  let at = 0
  const climb = (start: Expression, least: number): Expression => {
    let left = start
    while (at < rest.length) {
      const { sign, right } = rest[at] as (typeof rest)[number]
      const strength = PRECEDENCE[sign] ?? 0
      if (strength < least) break
      at++
      left = combine(sign, left, climb(right, strength + 1), ctx)
    }
    return left
  }
  return climb(first, 0)
}

function operandAt(atom: CstNode | undefined, parent: CstNode, ctx: BuildContext): Expression {
  return atom === undefined ? hole(parent, ctx) : buildAtom(atom, ctx)
}

function combine(sign: string, left: Expression, right: Expression, ctx: BuildContext): Expression {
  const span = { file: ctx.path, start: left.span.start, end: Math.max(left.span.end, right.span.end) }
  if (sign === '??') return { kind: 'default', left, right, span }
  return { kind: 'arithmetic', operator: sign as ArithmeticSign, left, right, span }
}

function buildAtom(node: CstNode, ctx: BuildContext): Expression {
  const span = spanOfNode(node, ctx.path)
  const name = nameOfPath(child(node, 'path'), ctx.path)
  if (name !== null) return { kind: 'path', name, span: name.span }
  const literal = child(node, 'literal')
  if (literal !== undefined) return buildLiteral(literal, ctx) ?? hole(node, ctx)
  if (node.children['condition'] !== undefined) return buildCondition(child(node, 'condition'), node, ctx)
  const count = child(node, 'count')
  if (count !== undefined) return buildCount(count, ctx)
  if (token(node, 'word:lower') !== undefined) return { kind: 'lower', operand: buildSum(child(node, 'sum'), node, ctx), span }
  if (token(node, 'word:jsonlogic') !== undefined) return { kind: 'jsonlogic', source: valueOfTextNode(child(node, 'text')) ?? '', span }
  return hole(node, ctx)
}

function buildCount(node: CstNode, ctx: BuildContext): Expression {
  const variable = token(node, 'Name')
  if (variable === undefined) return hole(node, ctx)
  const where = token(node, 'word:where') === undefined ? null : buildCondition(child(node, 'condition'), node, ctx)
  return {
    kind: 'count',
    variable: nameOfToken(variable, ctx.path),
    list: buildSum(child(node, 'sum'), node, ctx),
    where,
    span: spanOfNode(node, ctx.path),
  }
}

function isCutShort(node: CstNode, ctx: BuildContext): boolean {
  return ctx.cutShort.has(spanOfNode(node, ctx.path).end) || node.children['Hole'] !== undefined
}

function hole(node: CstNode, ctx: BuildContext): Expression {
  return { kind: 'hole', span: spanOfNode(node, ctx.path) }
}
