// CST to AST. Never throws: what recovery left without a name or a value is left out, and a broken condition becomes a hole.
import type { CstNode } from 'chevrotain'
import type { Declaration, FileAst, Name, Phase, TypeName } from './ast.ts'
import { buildClauses, buildDetectorClauses, buildPhrase, buildTestClauses, isPhase } from './build-clauses.ts'
import { buildItems, buildLiteral, valueOfTextNode, type BuildContext } from './build-literal.ts'
import { child, children, nameOfPath, nameOfToken, spanOfNode, spanOfToken, startOf, token, tokens } from './cst.ts'
import { docBefore } from './doc-comments.ts'
import { valueOfText } from './literals.ts'

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never
/** A declaration before its span and its doc comment are added. */
type Bare = DistributiveOmit<Declaration, 'span' | 'doc'>
type Builder = (node: CstNode, ctx: BuildContext) => Bare | null

/** The tree of the file; not whole if a declaration is so broken that it is left out. */
export function buildFile(file: CstNode, ctx: BuildContext): { readonly file: FileAst; readonly isWhole: boolean } {
  const built = children(file, 'declaration').map((node) => buildDeclaration(node, ctx))
  const declarations = built.filter((declaration) => declaration !== null)
  return { file: { path: ctx.path, declarations }, isWhole: declarations.length === built.length }
}

const BUILDERS: Record<string, Builder> = {
  module: buildModule,
  import: buildImport,
  list: buildList,
  const: buildConst,
  param: buildParam,
  attribute: buildAttribute,
  default: buildDefault,
  detector: buildDetector,
  policy: buildPolicy,
  exception: buildException,
  overlay: buildOverlay,
  test: buildTest,
}

function buildDeclaration(node: CstNode, ctx: BuildContext): Declaration | null {
  for (const kind in node.children) {
    const inner = child(node, kind)
    if (inner !== undefined && BUILDERS[kind] !== undefined) return finish(BUILDERS[kind](inner, ctx), inner, ctx)
  }
  return null
}

function finish(bare: Bare | null, node: CstNode, ctx: BuildContext): Declaration | null {
  return bare === null ? null : ({ ...bare, span: spanOfNode(node, ctx.path), doc: docBefore(startOf(node), ctx) } as Declaration)
}

function pathOf(node: CstNode, ctx: BuildContext): Name | null {
  return nameOfPath(child(node, 'path'), ctx.path)
}

function wordOf(node: CstNode, ctx: BuildContext): Name | null {
  const word = token(node, 'Name')
  return word === undefined ? null : nameOfToken(word, ctx.path)
}

function buildModule(node: CstNode, ctx: BuildContext): Bare | null {
  const name = pathOf(node, ctx)
  const version = token(node, 'Text')
  return name === null ? null : { kind: 'module', name, version: version === undefined ? null : valueOfText(version.image) }
}

function buildImport(node: CstNode, ctx: BuildContext): Bare | null {
  const module = pathOf(node, ctx)
  return module === null ? null : { kind: 'import', module, alias: wordOf(node, ctx) }
}

function buildList(node: CstNode, ctx: BuildContext): Bare | null {
  const name = wordOf(node, ctx)
  const items = child(node, 'listLiteral')
  const from = token(node, 'Text')
  if (name === null) return null
  return {
    kind: 'list',
    name,
    values: items === undefined ? null : buildItems(items, ctx),
    from: from === undefined ? null : valueOfText(from.image),
  }
}

function buildConst(node: CstNode, ctx: BuildContext): Bare | null {
  const name = wordOf(node, ctx)
  const value = buildLiteral(child(node, 'literal'), ctx)
  return name === null || value === null ? null : { kind: 'const', name, value }
}

function buildParam(node: CstNode, ctx: BuildContext): Bare | null {
  const name = wordOf(node, ctx)
  const type = buildType(child(node, 'typeName'), ctx)
  const value = buildLiteral(child(node, 'literal'), ctx)
  if (name === null || type === null || value === null) return null
  const bound = (word: 'min' | 'max') => {
    const found = children(node, 'bound').find((part) => token(part, `word:${word}`) !== undefined)
    return buildLiteral(child(found, 'literal'), ctx)
  }
  return { kind: 'param', name, type, value, min: bound('min'), max: bound('max') }
}

function buildAttribute(node: CstNode, ctx: BuildContext): Bare | null {
  const name = pathOf(node, ctx)
  const type = buildType(child(node, 'typeName'), ctx)
  return name === null || type === null ? null : { kind: 'attribute', name, type }
}

function buildType(node: CstNode | undefined, ctx: BuildContext): TypeName | null {
  const name = token(node, 'Name')
  if (node === undefined || name === undefined) return null
  const text = 'list of '.repeat(tokens(node, 'word:of').length) + name.image
  return { text, optional: token(node, 'Question') !== undefined, span: spanOfNode(node, ctx.path) }
}

function buildDefault(node: CstNode, ctx: BuildContext): Bare | null {
  const phase = token(node, 'phase')
  const verdict = token(node, 'verdict')
  if (phase === undefined || verdict === undefined || !isPhase(phase, ctx)) return null
  if (verdict.image === 'allow' || verdict.image === 'deny') return { kind: 'default', phase: phase.image as Phase, verdict: verdict.image }
  ctx.diagnostics.push({
    code: 'P017',
    severity: 'error',
    message: `a default is \`allow\` or \`deny\`, not \`${verdict.image}\``,
    span: spanOfToken(verdict, ctx.path),
    help: `Write \`default ${phase.image} deny\` or \`default ${phase.image} allow\`.`,
  })
  return null
}

function buildDetector(node: CstNode, ctx: BuildContext): Bare | null {
  const name = wordOf(node, ctx)
  return name === null ? null : { kind: 'detector', name, clauses: buildDetectorClauses(node, ctx) }
}

function buildPolicy(node: CstNode, ctx: BuildContext): Bare | null {
  const name = pathOf(node, ctx)
  if (name === null) return null
  return { kind: 'policy', name, title: valueOfTextNode(child(node, 'text')), clauses: buildClauses(child(node, 'clauses'), ctx) }
}

function buildException(node: CstNode, ctx: BuildContext): Bare | null {
  const policy = pathOf(node, ctx)
  const title = valueOfTextNode(child(node, 'text'))
  return policy === null || title === null ? null : { kind: 'exception', title, policy, clauses: buildClauses(child(node, 'clauses'), ctx) }
}

function buildOverlay(node: CstNode, ctx: BuildContext): Bare | null {
  const name = wordOf(node, ctx)
  const noun = token(node, 'noun')
  if (name === null || noun === undefined) return null
  const items = children(node, 'overlayItem')
  return {
    kind: 'overlay',
    name,
    scope: { noun: nameOfToken(noun, ctx.path), values: buildItems(node, ctx) },
    params: items.flatMap((item) => buildOverlayParam(child(item, 'overlayParam'), ctx)),
    phrases: items.map((item) => buildPhrase(child(item, 'phrase'), ctx)).filter((phrase) => phrase !== null),
    declarations: items.map((item) => buildDeclaration(item, ctx)).filter((declaration) => declaration !== null),
  }
}

function buildOverlayParam(node: CstNode | undefined, ctx: BuildContext): Extract<Bare, { kind: 'overlay' }>['params'] {
  const name = node === undefined ? null : pathOf(node, ctx)
  const value = buildLiteral(child(node, 'literal'), ctx)
  return node === undefined || name === null || value === null ? [] : [{ name, value, span: spanOfNode(node, ctx.path) }]
}

function buildTest(node: CstNode, ctx: BuildContext): Bare | null {
  const title = valueOfTextNode(child(node, 'text'))
  return title === null ? null : { kind: 'test', title, clauses: buildTestClauses(node, ctx) }
}
