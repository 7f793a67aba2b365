// Which name means what in which file: declarations of all modules, imports, and the vocabulary.
import { attributeNames, collectAttributes, type Attributes } from './attributes.ts'
import { didYouMean } from '../diagnostics/suggest.ts'
import type { Declaration, DeclarationOf, FileAst, Literal, Name } from '../syntax/ast.ts'
import type { AttributeDeclaration, Vocabulary } from '../vocabulary/vocabulary.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

/** All files of one module. Files without a module declaration form the module `` (empty name). */
export interface Module {
  readonly name: string
  readonly version: string | null
  readonly files: readonly FileAst[]
  readonly detectors: ReadonlyMap<string, DeclarationOf<'detector'>>
  readonly values: ReadonlyMap<string, DeclarationOf<'list' | 'param' | 'const'>>
  readonly policies: ReadonlyMap<string, DeclarationOf<'policy'>>
  /** Alias or last word -> module name. */
  readonly imports: ReadonlyMap<string, string>
}

export interface Names {
  readonly modules: ReadonlyMap<string, Module>
  readonly vocabulary: Vocabulary
  /** All policies by id; ids are the same everywhere. */
  readonly policies: ReadonlyMap<string, DeclarationOf<'policy'>>
  readonly detectors: ReadonlyMap<string, DeclarationOf<'detector'>>
  /** What plugins bring and modules declare, by name. */
  readonly attributes: Attributes
  /** Values that an overlay gives params, by full name. */
  readonly overrides?: ReadonlyMap<string, Literal>
}

type Kind = 'detectors' | 'values' | 'policies'

export function collectNames(files: readonly FileAst[], vocabulary: Vocabulary, report: Report): Names {
  const grouped = Map.groupBy(files, (file) => moduleOf(file)?.name.text ?? '')
  const modules = new Map([...grouped.entries()].map(([name, members]) => [name, readModule(name, members, report)]))
  const policies = new Map<string, DeclarationOf<'policy'>>()
  const detectors = new Map<string, DeclarationOf<'detector'>>()
  for (const module of modules.values()) {
    for (const [id, policy] of module.policies) {
      const first = policies.get(id)
      if (first) reportDoubled(policy.name, first.name.span, `the policy \`${id}\` is declared in two modules`, report)
      else policies.set(id, policy)
    }
    for (const [name, detector] of module.detectors) detectors.set(fullName(module, name), detector)
    for (const { module: imported } of declarationsOf(module.files, 'import')) {
      if (!modules.has(imported.text)) reportMissing(imported, [...modules.keys()], report)
    }
  }
  return { modules, vocabulary, policies, detectors, attributes: collectAttributes(declarationsOf(files, 'attribute'), vocabulary, report) }
}

function reportDoubled({ span }: Name, first: Span, message: string, report: Report): void {
  report.doubled('P101', span, first, message, 'Remove one of the declarations, or rename it.')
}

function reportMissing({ text, span }: Name, known: readonly string[], report: Report): void {
  report.error('P102', span, `there is no module \`${text}\``, didYouMean(text, known) ?? 'Check the name, or add the path of its files.')
}

export function fullName(module: Pick<Module, 'name'>, name: string): string {
  return module.name === '' ? name : `${module.name}.${name}`
}

function moduleOf(file: FileAst): DeclarationOf<'module'> | undefined {
  return file.declarations.find((declaration): declaration is DeclarationOf<'module'> => declaration.kind === 'module')
}

export function declarationsOf<K extends Declaration['kind']>(
  files: readonly FileAst[],
  ...kinds: readonly K[]
): readonly DeclarationOf<K>[] {
  return files.flatMap(({ declarations }) =>
    declarations.filter((declaration): declaration is DeclarationOf<K> => (kinds as readonly string[]).includes(declaration.kind)),
  )
}

function readModule(name: string, files: readonly FileAst[], report: Report): Module {
  const named = <D>(declarations: readonly D[], nameOf: (declaration: D) => Name): Map<string, D> => {
    const known = new Map<string, D>()
    for (const declaration of declarations) {
      const own = nameOf(declaration)
      const first = known.get(own.text)
      if (first !== undefined) reportDoubled(own, nameOf(first).span, `\`${own.text}\` is declared twice in the module`, report)
      else known.set(own.text, declaration)
    }
    return known
  }
  named(declarationsOf(files, 'attribute'), nameOf)
  // The files of a module may import the same one, each for itself.
  for (const file of files) named(declarationsOf([file], 'import'), aliasOf)
  for (const file of files) {
    const [first, ...more] = declarationsOf([file], 'module')
    for (const { name: other } of more) reportDoubled(other, first!.name.span, 'a file belongs to one module', report)
  }
  return {
    name,
    version: files.map((file) => moduleOf(file)?.version ?? null).find((version) => version !== null) ?? null,
    files,
    detectors: named(declarationsOf(files, 'detector'), nameOf),
    values: named(declarationsOf(files, 'list', 'param', 'const'), nameOf),
    policies: named(declarationsOf(files, 'policy'), nameOf),
    imports: new Map(declarationsOf(files, 'import').map((one) => [aliasOf(one).text, one.module.text])),
  }
}

const nameOf = ({ name }: { readonly name: Name }): Name => name

/** Without `as`, a module goes by its last word. */
function aliasOf({ alias, module: { text, span } }: DeclarationOf<'import'>): Name {
  return alias ?? { text: text.slice(text.lastIndexOf('.') + 1), span }
}

/** Resolves a name of a kind as seen from a module: own short name, imported `alias.name`, or full name. */
export function find<K extends Kind>(
  names: Names,
  module: Module,
  kind: K,
  text: string,
): { readonly module: Module; readonly declaration: Module[K] extends ReadonlyMap<string, infer D> ? D : never } | null {
  const own = module[kind].get(text)
  if (own) return { module, declaration: own as never }
  for (let dot = text.indexOf('.'); dot !== -1; dot = text.indexOf('.', dot + 1)) {
    const head = text.slice(0, dot)
    const other = names.modules.get(module.imports.get(head) ?? head)
    const declaration = other?.[kind].get(text.slice(dot + 1))
    if (other && declaration) return { module: other, declaration: declaration as never }
  }
  return null
}

/** Full name of a detector as seen from a module, or null. */
export function findDetector(names: Names, module: Module, text: string): string | null {
  const found = find(names, module, 'detectors', text)
  if (found) return fullName(found.module, found.declaration.name.text)
  return names.vocabulary.engines.some(({ name }) => name === text) ? text : null
}

/** The literal behind a param, const or list, or null. */
export function findValue(names: Names, module: Module, text: string): Literal | null {
  const found = find(names, module, 'values', text)
  if (!found) return null
  const { declaration } = found
  if (declaration.kind !== 'list') return names.overrides?.get(fullName(found.module, declaration.name.text)) ?? declaration.value
  return { kind: 'list', items: declaration.values ?? [], span: declaration.span }
}

export function findAttribute({ attributes }: Pick<Names, 'attributes'>, text: string): AttributeDeclaration | null {
  return attributes.get(text) ?? null
}

/** Single locations and the unions above them: `prompt`, `completion`. */
export function locationsIn({ vocabulary: { locations } }: Pick<Names, 'vocabulary'>): ReadonlyMap<string, 'request' | 'response'> {
  let all = known.get(locations)
  if (!all)
    known.set(locations, (all = new Map(locations.flatMap(({ name, phase }) => [name, name.split('.', 1)[0]!].map((one) => [one, phase])))))
  return all
}

const known = new WeakMap<Vocabulary['locations'], ReadonlyMap<string, 'request' | 'response'>>()

/** The detector that somebody meant by a name that is none: `std.email` for `email`, or one that is spelt nearly so. */
export function meantDetector(text: string, names: Names, module: Module): string | undefined {
  const known = knownDetectors(names, module)
  const word = text.slice(text.lastIndexOf('.') + 1)
  const imported = known.find((name) => name.endsWith(`.${word}`))
  return imported === undefined ? (didYouMean(text, known) ?? undefined) : `Did you mean \`${imported}\`?`
}

/** Detectors as a module can name them. */
function knownDetectors(names: Names, module: Module): readonly string[] {
  const imported = [...module.imports.entries()].flatMap(([alias, name]) =>
    [...(names.modules.get(name)?.detectors.keys() ?? [])].map((detector) => `${alias}.${detector}`),
  )
  return [...module.detectors.keys(), ...imported, ...names.vocabulary.engines.map(({ name }) => name)]
}

/** Everything that a name in a condition could have meant, for did-you-mean. */
export function knownNames(names: Names, module: Module): readonly string[] {
  return [...attributeNames(names.attributes), ...locationsIn(names).keys(), ...module.values.keys(), ...knownDetectors(names, module)]
}
