// Clauses: of policies and exceptions, of detectors, of tests; and the phrases in them.
// A clause that recovery cut so short that nothing can be said of it is left out: its error has been reported.
import type { CstNode, IToken } from 'chevrotain'
import { didYouMean } from '../diagnostics/suggest.ts'
import type { Clause, DetectorClause, Expectation, Operand, Phase, Phrase, Slot, TestClause } from './ast.ts'
import { buildCondition } from './build-condition.ts'
import { buildLiteral, buildText, type BuildContext, type TextLiteral, valueOfTextNode } from './build-literal.ts'
import { child, children, isBroken, nameOfPath, nameOfToken, spanOfNode, spanOfToken, startOf, token, tokens } from './cst.ts'
import { valueOfNumeral } from './literals.ts'

const PHASES: readonly string[] = ['request', 'target', 'response', 'stream'] satisfies Phase[]

export function buildClauses(node: CstNode | undefined, ctx: BuildContext): Clause[] {
  return children(node, 'clause')
    .map((clause) => buildClause(clause, ctx))
    .filter((clause) => clause !== null)
}

function buildClause(node: CstNode, ctx: BuildContext): Clause | null {
  const span = spanOfNode(node, ctx.path)
  if (token(node, 'word:when') !== undefined) return { kind: 'when', condition: buildCondition(child(node, 'condition'), node, ctx), span }
  if (token(node, 'word:unless') !== undefined)
    return { kind: 'unless', condition: buildCondition(child(node, 'condition'), node, ctx), span }
  const on = child(node, 'on')
  if (on !== undefined) return buildOn(on, ctx)
  const phrase = buildPhrase(child(node, 'phrase'), ctx)
  return phrase === null ? null : { kind: 'phrase', phrase, span }
}

function buildOn(node: CstNode, ctx: BuildContext): Clause | null {
  const span = spanOfNode(node, ctx.path)
  if (token(node, 'word:error') !== undefined) {
    const phrase = buildPhrase(child(node, 'phrase'), ctx)
    return phrase === null ? null : { kind: 'on error', phrase, span }
  }
  const phases = tokens(node, 'Name').filter((word) => isPhase(word, ctx))
  return phases.length === 0
    ? null
    : { kind: 'on', phases: phases.map((word) => ({ phase: word.image as Phase, span: spanOfToken(word, ctx.path) })), span }
}

/** Says so where the word is no phase. */
export function isPhase(word: IToken, ctx: BuildContext): boolean {
  if (PHASES.includes(word.image)) return true
  ctx.diagnostics.push({
    code: 'P016',
    severity: 'error',
    message: `\`${word.image}\` is not a phase`,
    span: spanOfToken(word, ctx.path),
    help: didYouMean(word.image, PHASES) ?? 'The phases are `request`, `target`, `response` and `stream`.',
  })
  return false
}

// --- phrases

/** A `phrase` or `bareablePhrase`; null where the verb or its operands are missing. */
export function buildPhrase(node: CstNode | undefined, ctx: BuildContext): Phrase | null {
  const verb = token(node, 'word:allow') ?? token(node, 'Name')
  if (node === undefined || verb === undefined || isBroken(node)) return null
  if (node.children['Hole'] !== undefined || ctx.cutShort.has(spanOfNode(node, ctx.path).end)) return null
  const first = child(node, 'slot')
  const slots = first === undefined ? [] : [buildSlot(first, null, spanOfNode(first, ctx.path), ctx)]
  for (const group of children(node, 'group')) slots.push(buildGroup(group, ctx))
  return { verb: nameOfToken(verb, ctx.path), slots, span: spanOfNode(node, ctx.path) }
}

function buildGroup(node: CstNode, ctx: BuildContext): Slot {
  const preposition = token(node, 'Preposition')
  return buildSlot(child(node, 'slot'), preposition ?? null, spanOfNode(node, ctx.path), ctx)
}

function buildSlot(node: CstNode | undefined, preposition: IToken | null, span: Slot['span'], ctx: BuildContext): Slot {
  const name = preposition === null ? null : nameOfToken(preposition, ctx.path)
  return { preposition: name, groups: node === undefined ? [] : buildGroups(node, ctx), span }
}

/** Every `operand` begins a group (the first, or behind a comma); a bare `literal` goes on with the one before it. */
function buildGroups(slot: CstNode, ctx: BuildContext): Operand[][] {
  const groups: Operand[][] = []
  for (const part of inOrder([...children(slot, 'operand'), ...children(slot, 'literal')])) {
    const operand = part.name === 'operand' ? buildOperand(part, ctx) : buildLiteral(part, ctx)
    if (operand === null) continue
    if (part.name === 'operand') groups.push([operand])
    else groups.at(-1)?.push(operand)
  }
  return groups
}

function inOrder(nodes: CstNode[]): CstNode[] {
  return nodes.length < 2 ? nodes : nodes.sort((left, right) => startOf(left) - startOf(right))
}

function buildOperand(node: CstNode, ctx: BuildContext): Operand | null {
  const name = nameOfPath(child(node, 'path'), ctx.path)
  return name === null ? buildLiteral(child(node, 'literal'), ctx) : { kind: 'path', name, span: name.span }
}

// --- detectors

export function buildDetectorClauses(node: CstNode, ctx: BuildContext): DetectorClause[] {
  return children(node, 'detectorClause')
    .map((clause) => buildDetectorClause(clause, ctx))
    .filter((clause) => clause !== null)
}

function buildDetectorClause(node: CstNode, ctx: BuildContext): DetectorClause | null {
  const span = spanOfNode(node, ctx.path)
  if (token(node, 'word:pattern') !== undefined) return buildPattern(token(node, 'Regex'), span, ctx)
  const list = token(node, 'word:list') === undefined ? null : nameOfPath(child(node, 'path'), ctx.path)
  if (list !== null) return { kind: 'list', list, span }
  const near = child(node, 'near')
  if (near !== undefined) return buildNear(near, span, ctx)
  const names = children(child(node, 'names'), 'path')
    .map((path) => nameOfPath(path, ctx.path))
    .filter((name) => name !== null)
  if (names.length > 0) return nameClause(node, names, span)
  const texts = buildTexts(child(node, 'texts'), ctx)
  if (texts.length > 0) return { kind: token(node, 'word:examples') === undefined ? 'never' : 'examples', texts, span }
  const number = token(node, 'Number')
  return number === undefined ? null : numberClause(node, valueOfNumeral(number.image), span)
}

function buildPattern(regex: IToken | undefined, span: DetectorClause['span'], ctx: BuildContext): DetectorClause | null {
  if (regex === undefined) return null
  const source = regex.image.slice(1, regex.image.length > 1 && regex.image.endsWith('/') ? -1 : undefined)
  return { kind: 'pattern', pattern: { kind: 'regex', value: source, span: spanOfToken(regex, ctx.path) }, span }
}

function nameClause(
  node: CstNode,
  names: Extract<DetectorClause, { kind: 'any' }>['detectors'],
  span: DetectorClause['span'],
): DetectorClause | null {
  if (token(node, 'word:any') !== undefined) return { kind: 'any', detectors: names, span }
  if (token(node, 'word:check') !== undefined) return { kind: 'check', checks: names, span }
  return token(node, 'word:normalize') === undefined ? null : { kind: 'normalize', words: names, span }
}

function numberClause(node: CstNode, value: number, span: DetectorClause['span']): DetectorClause | null {
  if (token(node, 'word:score') !== undefined) return { kind: 'score', score: value, span }
  if (token(node, 'word:entropy') !== undefined) return { kind: 'entropy', minimum: value, span }
  return token(node, 'word:group') === undefined ? null : { kind: 'group', index: value, span }
}

function buildNear(node: CstNode, span: DetectorClause['span'], ctx: BuildContext): DetectorClause | null {
  const distance = token(node, 'distance')
  const bonus = token(node, 'bonus')
  if (distance === undefined || bonus === undefined) return null
  return {
    kind: 'near',
    words: buildTexts(child(node, 'texts'), ctx),
    withinChars: valueOfNumeral(distance.image),
    adds: valueOfNumeral(bonus.image),
    span,
  }
}

function buildTexts(node: CstNode | undefined, ctx: BuildContext): TextLiteral[] {
  return children(node, 'text')
    .map((text) => buildText(text, ctx))
    .filter((text) => text !== null)
}

// --- tests

export function buildTestClauses(node: CstNode, ctx: BuildContext): TestClause[] {
  return children(node, 'testClause')
    .map((clause) => buildTestClause(clause, ctx))
    .filter((clause) => clause !== null)
}

function buildTestClause(node: CstNode, ctx: BuildContext): TestClause | null {
  const span = spanOfNode(node, ctx.path)
  if (token(node, 'word:given') !== undefined) return { kind: 'given', assignments: buildAssignments(node, ctx), span }
  if (token(node, 'word:chunks') !== undefined)
    return { kind: 'chunks', texts: buildTexts(child(node, 'texts'), ctx).map(({ value }) => value), span }
  const expectation = child(node, 'expectation')
  if (expectation !== undefined) return buildExpect(expectation, span, ctx)
  const text = valueOfTextNode(child(node, 'text'))
  if (text === null) return null
  if (token(node, 'word:answer') !== undefined) return { kind: 'answer', text, span }
  const role = token(node, 'Name')
  return role === undefined ? null : { kind: 'message', role: nameOfToken(role, ctx.path), text, span }
}

function buildAssignments(node: CstNode, ctx: BuildContext): Extract<TestClause, { kind: 'given' }>['assignments'] {
  return children(node, 'assignment').flatMap((assignment) => {
    const attribute = nameOfPath(child(assignment, 'path'), ctx.path)
    const value = buildLiteral(child(assignment, 'literal'), ctx)
    return attribute === null || value === null ? [] : [{ attribute, value }]
  })
}

function buildExpect(node: CstNode, span: TestClause['span'], ctx: BuildContext): TestClause | null {
  const expectation = buildExpectation(node, ctx)
  return expectation === null ? null : { kind: 'expect', expectation, span }
}

function buildExpectation(node: CstNode, ctx: BuildContext): Expectation | null {
  if (token(node, 'word:policy') === undefined) {
    const phrase = buildPhrase(child(node, 'bareablePhrase'), ctx)
    return phrase === null ? null : { kind: 'effect', phrase }
  }
  const policy = nameOfPath(child(node, 'path'), ctx.path)
  const fires = token(node, 'word:fires') !== undefined
  if (policy === null || (!fires && token(node, 'word:silent') === undefined)) return null
  return { kind: 'policy', policy, outcome: fires ? 'fires' : 'silent' }
}
